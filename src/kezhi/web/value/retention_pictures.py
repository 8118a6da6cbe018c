"""The pictures of the retention what-if, in parts of the hundred: the page draws them as they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kezhi.insight.economics import Retention
from kezhi.insight.tenure import LEAST, Tenure
from kezhi.value.economics.tenure import TenureYear
from kezhi.web import numbers
from kezhi.web.findings import told

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


# The six parts of profit by tenure, from the axis outwards, with the paint of each.
PARTS: dict[str, tuple[str | Promise, str]] = {
    "base": (gettext_lazy("Base profit"), "v-fact"),
    "growth": (gettext_lazy("Growth and related sales"), "tn-growth"),
    "lower_cost": (gettext_lazy("Lower cost to serve"), "tn-lower"),
    "smaller_discounts": (gettext_lazy("Smaller discounts"), "tn-discounts"),
    "referrals": (gettext_lazy("Profit from referrals"), "v-influence"),
    "saved_acquisition": (gettext_lazy("Saved cost of winning"), "v-compare"),
}


def tenure(found: Tenure | None, cost: float | None) -> dict[str, Any]:
    """A column for each year of tenure in its parts: gains above the line, losses below."""
    years = found.years if found else ()
    absent = [] if found is None else list(_absent(found, cost))
    parts = [name for name in PARTS if any(getattr(one, name) for one in years)]
    return {
        "is_kept": found is not None,
        "least": LEAST,
        "finding": _tenure_finding(years),
        "columns": _tenure_columns(years, parts),
        "keys": [{"label": PARTS[name][0], "paint": PARTS[name][1]} for name in parts],
        "heads": [
            _("Year"),
            _("Customers"),
            *(label for label, _paint in PARTS.values()),
            _("Together"),
            _("Without the saved cost"),
        ],
        "rows": [_tenure_row(one) for one in years],
        "absent": absent,
    }


def _absent(found: Tenure, cost: float | None) -> Any:
    """The parts that nothing is recorded of."""
    if not found.has_serving:
        yield PARTS["lower_cost"][0]
    if not found.has_discounts:
        yield PARTS["smaller_discounts"][0]
    if not found.has_referrals:
        yield PARTS["referrals"][0]
    if cost is None:
        yield PARTS["saved_acquisition"][0]


def _tenure_finding(years: Sequence[TenureYear]) -> Any:
    """The last year against the first one of the same customers."""
    if len(years) < 2:
        return ""
    last = years[-1]
    amounts = {
        "now": numbers.money(last.against_new),
        "more": numbers.money(abs(last.against_new - last.base)),
        "year": numbers.number(last.year),
    }
    if last.against_new >= last.base:
        return told(
            _("Who stays brings %(now)s in year %(year)s: %(more)s more than in the first"),
            **amounts,
        )
    return told(
        _("Who stays brings %(now)s in year %(year)s: %(more)s less than in the first"), **amounts
    )


def _tenure_columns(years: Sequence[TenureYear], parts: Sequence[str]) -> dict[str, Any]:
    heights = [[getattr(one, name) for name in parts] for one in years]
    top = max([0.0, *(sum(max(part, 0.0) for part in own) for own in heights)])
    bottom = min([0.0, *(sum(min(part, 0.0) for part in own) for own in heights)])
    scale = (100 - ROOM - FOOT) / ((top - bottom) or 1.0)
    width = 100 / max(len(years), 1)

    def height(amount: float) -> float:
        return round(ROOM + (top - amount) * scale, 2)

    drawn = []
    for place, (one, own) in enumerate(zip(years, heights, strict=True)):
        above = below = 0.0
        pieces = []
        for name, part in zip(parts, own, strict=True):
            if not part:
                continue
            begin = above if part >= 0 else below
            above, below = above + max(part, 0.0), below + min(part, 0.0)
            high, low = height(max(begin, begin + part)), height(min(begin, begin + part))
            pieces.append({"y": high, "height": round(low - high, 2), "paint": PARTS[name][1]})
        drawn.append(
            {
                "x": round((place + 0.18) * width, 2),
                "width": round(0.64 * width, 2),
                "middle": round((place + 0.5) * width, 2),
                "pieces": pieces,
                "label": ngettext("Year %(num)d", "Year %(num)d", one.year) % {"num": one.year},
                "amount": numbers.money(one.against_new, plain=True),
                "amount_y": round(height(above) - 3, 2),
            }
        )
    return {"years": drawn, "zero": height(0.0)}


def _tenure_row(one: TenureYear) -> list[Any]:
    parts = [numbers.money(getattr(one, name)) for name in PARTS]
    ends = [numbers.money(one.against_new), numbers.money(one.profit)]
    return [numbers.number(one.year), numbers.number(one.customers), *parts, *ends]
