"""The pictures of the retention what-if, in parts of the hundred: the page draws them as they are."""

from __future__ import annotations

from typing import Any

from kezhi.insight.economics import Retention
from kezhi.web import numbers

ROOM = 14.0  # above the highest column, for its figure
FOOT = 12.0  # below the lowest, for the points


def columns(found: Retention, chosen: int, cost: float) -> dict[str, Any]:
    """A column for each number of points, with its interval as a thin line and its foot at nothing."""
    nets = [(one, *one.net(cost)) for one in found.kept]
    ends = [
        end for _one, change, low, high in nets for end in (change, low, high) if end is not None
    ]
    top, bottom = max([0.0, *ends]), min([0.0, *ends])
    scale = (100 - ROOM - FOOT) / ((top - bottom) or 1.0)

    def height(amount: float) -> float:
        return round(ROOM + (top - amount) * scale, 2)

    zero, width = height(0.0), 100 / len(nets)
    drawn = []
    for place, (one, change, low, high) in enumerate(nets):
        y = height(change)
        shown = {
            "x": round((place + 0.18) * width, 2),
            "width": round(0.64 * width, 2),
            "middle": round((place + 0.5) * width, 2),
            "y": min(y, zero),
            "height": round(abs(zero - y), 2),
            "label": f"−{one.points}",
            "is_chosen": one.points == chosen,
            "amount": numbers.money(change, plain=True),
            "amount_y": round(min(y, zero, height(high) if high is not None else y) - 3, 2),
            "line": None,
        }
        if low is not None and high is not None:
            shown["line"] = {"y": height(high), "height": round(height(low) - height(high), 2)}
        drawn.append(shown)
    return {"columns": drawn, "zero": zero}


def ruler(found: Retention, literature: tuple[float, float]) -> dict[str, float] | None:
    """Five points by the own model beside what the literature found; None where the own isn't known."""
    own = found.by(5)
    if own is None or own.relative is None or own.relative <= 0:
        return None
    whole = max(1.0, own.relative)
    return {
        "own": round(own.relative / whole * 100, 2),
        "from": round(literature[0] / whole * 100, 2),
        "width": round((literature[1] - literature[0]) / whole * 100, 2),
    }
