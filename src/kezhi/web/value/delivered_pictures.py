"""The pictures of delivered value, in parts of the hundred: the page draws them as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezhi.insight.delivering import Part, side_of
from kezhi.value.delivered import MapPoint, Worth
from kezhi.web import numbers

_DIMENSIONS: dict[str, str | Promise] = {
    "tier": gettext_lazy("By tier"),
    "industry": gettext_lazy("By industry"),
    "region": gettext_lazy("By region"),
}
MARGIN = 0.18
# The same parts by what they mean to the customer: for the purse and the clock, for the task, for the mind.
NATURES: dict[str, tuple[str | Promise, tuple[str, ...]]] = {
    "economic": (gettext_lazy("Economic value"), ("money", "time")),
    "functional": (gettext_lazy("Functional value"), ("product", "service", "physical")),
    "psychological": (gettext_lazy("Psychological value"), ("personnel", "image", "mental")),
}


def dimension(name: str) -> str | Promise:
    """What a way of dividing customers is called."""
    return _DIMENSIONS[name]


def strength(part: Part) -> float:
    """Points in our favour."""
    return part.ours if side_of(part.attribute) == "benefit" else 100 - part.ours


def parts(found: Sequence[Part], labels: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Benefits and costs, each part a bar of ours above one of the competitors' mean."""
    sides = []
    for side, title in (
        ("benefit", _("What customers get: more is better")),
        ("cost", _("What it costs them: less is better")),
    ):
        rows = [
            {
                "label": labels[part.attribute],
                "ours": round(part.ours, 2),
                "others": None if part.others is None else round(part.others, 2),
                "shown": numbers.number(part.ours, 0, plain=True),
                "lead": part.lead,
                "weight": part.weight,
            }
            for part in found
            if side_of(part.attribute) == side
        ]
        if rows:
            sides.append({"side": side, "title": title, "rows": rows})
    return sides


def natures(found: Sequence[Part], labels: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The parts read as economic, functional and psychological value: points in our favour, by their weights.

    A cost counts for what it leaves of the hundred.
    """
    rows = []
    for label, attributes in NATURES.values():
        own = [part for part in found if part.attribute in attributes and part.weight > 0]
        if not own:
            continue
        both = [part for part in own if part.lead is not None]
        ours = _weighed([(strength(part), part.weight) for part in own])
        rows.append(
            {
                "label": label,
                "of": [labels[part.attribute] for part in own],
                "ours": round(ours, 2),
                "shown": numbers.number(ours, 0, plain=True),
                "lead": _weighed([(part.lead or 0.0, part.weight) for part in both])
                if both
                else None,
            }
        )
    return rows


def _weighed(pairs: Sequence[tuple[float, float]]) -> float:
    return sum(points * weight for points, weight in pairs) / sum(weight for _p, weight in pairs)


def value_map(points: Sequence[MapPoint]) -> dict[str, Any] | None:
    """Price to the right, benefits upwards, both against the others' mean; on the line they balance."""
    if not points:
        return None
    ends = [end for point in points for end in (point.relative_price, point.relative_benefits)]
    low, high = min(1.0, *ends), max(1.0, *ends)
    spread = max(high - low, 0.1)
    low, high = low - MARGIN * spread, high + MARGIN * spread

    def place(ratio: float) -> float:
        return round((ratio - low) / (high - low) * 100, 2)

    drawn: list[dict[str, Any]] = []
    for point in sorted(points, key=lambda each: -each.relative_benefits):
        x, y = place(point.relative_price), round(100 - place(point.relative_benefits), 2)
        near = any(abs(x - one["x"]) < 22 and abs(y - one["y"]) < 9 for one in drawn)
        drawn.append(
            {
                "x": x,
                "y": y,
                "label": point.about or _("We"),
                "is_ours": not point.about,
                "anchor": "end" if x > 60 else "start",
                "dx": -11 if x > 60 else 11,
                "dy": 20 if near else 5,
                "point": point,
            }
        )
    return {
        "points": drawn,
        "one": place(1.0),
        "one_y": round(100 - place(1.0), 2),
        "rows": [
            [
                each["label"],
                numbers.number(each["point"].respondents),
                numbers.money(each["point"].price, exact=True),
                numbers.percent(each["point"].relative_price),
                numbers.percent(each["point"].relative_benefits),
                numbers.number(each["point"].ratio, 2),
            ]
            for each in drawn
        ],
    }


def worth_of(one: Worth) -> float:
    """What ranks the parts: money where it is known, else the index."""
    return one.money if one.money is not None else one.index


def worth(found: Sequence[Worth], labels: Mapping[str, Any], *, has_stakes: bool) -> list[Any]:
    """A hatched bar for each part, the most worth first, with its interval as a line."""
    rows = sorted(found, key=lambda one: -worth_of(one))
    in_money = has_stakes and all(one.money is not None for one in rows)
    ends = [
        abs(end or 0.0)
        for one in rows
        for end in ((one.low, one.high, one.money) if in_money else (one.index,))
    ]
    widest = max(ends, default=0.0) or 1.0
    drawn = []
    for one in rows:
        amount = (one.money or 0.0) if in_money else one.index
        line = None
        if in_money and one.low is not None and one.high is not None:
            start, stop = max(one.low, 0.0), max(one.high, 0.0)
            line = {
                "x": round(start / widest * 100, 2),
                "width": round((stop - start) / widest * 100, 2),
            }
        template = (
            _("%(part)s, a point more")
            if side_of(one.attribute) == "benefit"
            else _("%(part)s, a point less")
        )
        drawn.append(
            {
                "label": template % {"part": labels[one.attribute]},
                "width": round(max(amount, 0.0) / widest * 100, 2),
                "shown": numbers.money(amount) if in_money else numbers.number(amount, 2),
                "line": line,
                "between": _between(one) if in_money else "",
                "chance": None if one.p_change is None else one.p_change * 100,
                "index": one.index,
            }
        )
    return drawn


def _between(one: Worth) -> str:
    if one.low is None or one.high is None:
        return numbers.none()
    return " ~ ".join(numbers.money(end, plain=True) for end in (one.low, one.high))
