"""The picture of the retention model: boxes, arrows and coefficients in a drawing of 360 × 400."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kezhi.insight.driving import Figures
from kezhi.value.paths import Coefficient
from kezhi.web import numbers

WIDTH, HEIGHT = 148, 60  # the longest label in either language
PLACES = {
    "perceived_value": (2, 14),
    "satisfaction": (210, 118),
    "switching_cost": (2, 226),
    "intention": (150, 326),
}
# From where to where each arrow goes, and where along it its coefficient stands.
ARROWS = {
    ("perceived_value", "satisfaction"): ((150, 44), (268, 114), 0.5),
    ("satisfaction", "intention"): ((284, 178), (244, 322), 0.5),
    ("perceived_value", "intention"): ((108, 74), (206, 322), 0.42),
    ("switching_cost", "intention"): ((86, 286), (148, 344), 0.5),
}


def paths(found: Figures, labels: Mapping[str, Any]) -> dict[str, Any]:
    """Boxes with name, mean and share explained; arrows as wide as their effect."""
    named = {one.construct for one in found.reliability}
    boxes = [
        {
            "x": x,
            "y": y,
            "width": WIDTH,
            "height": HEIGHT,
            "middle": x + WIDTH / 2,
            "label": labels[name],
            "mean": numbers.number(found.means.get(name), 0, plain=True),
            "explained": numbers.percent(found.r_squared[name], plain=True)
            if name in found.r_squared
            else "",
            "is_outcome": name == "intention",
        }
        for name, (x, y) in PLACES.items()
        if name in named
    ]
    return {"boxes": boxes, "arrows": [_arrow(one) for one in found.paths]}


def _arrow(one: Coefficient) -> dict[str, Any]:
    start, end, along = ARROWS[one.cause, one.effect]
    sure = one.low is not None and one.high is not None and (one.low > 0 or one.high < 0)
    tone = "unsure" if not sure else "minus" if one.coefficient < 0 else ""
    return {
        "x1": start[0],
        "y1": start[1],
        "x2": end[0],
        "y2": end[1],
        "width": round(1.5 + 5 * min(abs(one.coefficient), 1.0), 2) if sure else 1.5,
        "tone": tone,
        "head": _head(start, end),
        "x": round(start[0] + along * (end[0] - start[0]), 1),
        "y": round(start[1] + along * (end[1] - start[1]), 1),
        "shown": numbers.number(one.coefficient, 2, plain=True),
    }


def _head(start: tuple[int, int], end: tuple[int, int]) -> str:
    """The triangle at the end of an arrow."""
    across, down = end[0] - start[0], end[1] - start[1]
    length = (across**2 + down**2) ** 0.5
    ux, uy = across / length, down / length
    points = [
        (end[0] + 3 * ux, end[1] + 3 * uy),
        (end[0] - 10 * ux - 6 * uy, end[1] - 10 * uy + 6 * ux),
        (end[0] - 10 * ux + 6 * uy, end[1] - 10 * uy - 6 * ux),
    ]
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def effects(found: Sequence[Coefficient], labels: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Total effects as bars with their interval, the strongest first."""
    ends = [abs(end or 0.0) for one in found for end in (one.low, one.high, one.coefficient)]
    widest = max(ends, default=0.0) or 1.0

    def place(end: float) -> float:
        return round(min(max(end, 0.0), widest) / widest * 100, 2)

    return [
        {
            "label": labels[one.cause],
            "width": place(abs(one.coefficient)),
            "shown": numbers.number(one.coefficient, 2),
            "sure": one.low is not None and one.high is not None and (one.low > 0 or one.high < 0),
            "line": {"x": place(one.low), "width": round(place(one.high) - place(one.low), 2)}
            if one.low is not None and one.high is not None
            else None,
            "between": f"{one.low:.2f} ~ {one.high:.2f}"
            if one.low is not None and one.high is not None
            else "",
        }
        for one in found
    ]
