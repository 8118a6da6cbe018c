"""The bridge between two days as rows of bars, the asset by month, and what they say in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from markupsafe import Markup, escape

from kezhi.insight import figures
from kezhi.web import numbers
from kezhi.web.findings import told

LABELS = {
    "new": pgettext_lazy("value bridge", "New"),
    "returned": pgettext_lazy("value bridge", "Returned"),
    "grown": pgettext_lazy("value bridge", "Grown"),
    "shrunk": pgettext_lazy("value bridge", "Shrunk"),
    "unchanged": pgettext_lazy("value bridge", "Unchanged"),
    "lost": pgettext_lazy("value bridge", "Lost"),
    "dormant": pgettext_lazy("value bridge", "Lost before"),
    figures.MODEL: pgettext_lazy("value bridge", "Model and rules"),
}
MEANINGS = {
    "new": gettext_lazy("First order after the earlier day"),
    "returned": gettext_lazy("In stage Lost on the earlier day, no longer on the later one"),
    "grown": gettext_lazy("Customers on both days, expected to bring more"),
    "shrunk": gettext_lazy("Customers on both days, expected to bring less"),
    "lost": gettext_lazy("In stage Lost on the later day, not on the earlier one"),
    "dormant": gettext_lazy("In stage Lost on both days; what was left of their value"),
    figures.MODEL: gettext_lazy(
        "The same customers by the earlier model and rules and by the later ones"
    ),
}
REASONS = {
    "new": gettext_lazy("new customers"),
    "returned": gettext_lazy("customers who returned"),
    "grown": gettext_lazy("customers who grew"),
    "shrunk": gettext_lazy("customers who shrank"),
    "lost": gettext_lazy("lost customers"),
    "dormant": gettext_lazy("customers lost before"),
    figures.MODEL: gettext_lazy("the model and the rules"),
}
ORDER = ("new", "returned", "grown", "shrunk", "lost", "dormant", figures.MODEL)
ALWAYS = {"new", "grown", "shrunk", "lost"}
TONES = {"shrunk": "warn", "lost": "risk", "dormant": "plain", figures.MODEL: "plain"}


def waterfall(bridge: figures.AssetBridge, address: Callable[[str], str]) -> list[dict[str, Any]]:
    """Rows from the asset before to the asset after; `x` and `width` in per cent of the widest."""
    level, reached = bridge.before, [0.0, bridge.before, bridge.after]
    rows: list[dict[str, Any]] = []
    for part in ORDER:
        step = bridge.step(part)
        if part == figures.MODEL and not bridge.has_model_apart:
            continue
        if part not in ALWAYS and not step.change:
            continue
        rows.append(
            {
                "part": part,
                "label": LABELS[part],
                "meaning": MEANINGS[part],
                "customers": step.customers,
                "change": step.change,
                "tone": TONES.get(part, "up"),
                "from": level,
                "to": level + step.change,
                "href": address(part) if step.most else "",
            }
        )
        level += step.change
        reached.append(level)
    low = min(reached)
    width = (max(reached) - low) or 1.0
    for row in rows:
        row |= _placed(row["from"], row["to"], low, width)
    return [
        _whole(bridge.starts_on, bridge.before, low, width),
        *rows,
        _whole(bridge.ends_on, bridge.after, low, width),
    ]


def _whole(day: date, amount: float, low: float, width: float) -> dict[str, Any]:
    label = _("Asset on %(day)s") % {"day": numbers.day(day, "full", plain=True)}
    row = {"label": label, "amount": amount, "tone": "whole", "meaning": "", "href": ""}
    return {**row, **_placed(0.0, amount, low, width)}


def _placed(one: float, other: float, low: float, width: float) -> dict[str, float]:
    """A change too small to see still has a hair's width."""
    size = max(abs(other - one) / width * 100, 0.3) if one != other else 0.0
    return {
        "x": round(min((min(one, other) - low) / width * 100, 99.7), 2),
        "width": round(size, 2),
    }


def finding(bridge: figures.AssetBridge) -> Markup | str:
    """How much the asset changed, and what made the most of it; empty where nothing changed."""
    if not bridge.change:
        return ""
    grew = bridge.change > 0
    most = max(bridge.steps, key=lambda step: step.change if grew else -step.change)
    against = max(bridge.steps, key=lambda step: -step.change if grew else step.change)
    amount = told("%(amount)s", "" if grew else "risk", amount=numbers.money(abs(bridge.change)))
    sentence = told(
        _sentence(grew, bool(bridge.before)),
        since=numbers.day(bridge.starts_on, "full"),
        amount=amount,
        share=numbers.percent(abs(bridge.change / bridge.before), 1) if bridge.before else "",
    )
    second = told(
        _("%(reason)s: %(amount)s"),
        reason=REASONS[most.part],
        amount=numbers.delta(most.change, "money"),
    )
    parts = [second]
    if against.change and (against.change > 0) != grew:
        parts.append(
            told(
                _("%(reason)s: %(amount)s"),
                reason=REASONS[against.part],
                amount=numbers.delta(against.change, "money"),
            )
        )
    reasons = Markup(escape(_(", "))).join(parts)  # noqa: S704  escaped
    whole = Markup(escape(_("%(sentence)s (%(reasons)s)")))  # noqa: S704  escaped
    return whole % {"sentence": sentence, "reasons": reasons}


def _sentence(grew: bool, has_share: bool) -> str:
    if not has_share:
        return _("Since %(since)s the customer asset has changed by %(amount)s")
    if grew:
        return _("Since %(since)s the customer asset has grown by %(amount)s, %(share)s")
    return _("Since %(since)s the customer asset has shrunk by %(amount)s, %(share)s")


def by_month(points: Sequence[figures.TrendPoint]) -> list[figures.TrendPoint]:
    """The last measured day of every month."""
    last = {(point.as_of.year, point.as_of.month): point for point in points}
    return list(last.values())


def equity(points: Sequence[figures.TrendPoint]) -> dict[str, Any]:
    """For the chart of lines: what is expected is dashed."""
    return {
        "x": [numbers.day(point.as_of, "full", plain=True) for point in points],
        "series": [
            {
                "name": _("Customer asset"),
                "data": [point.customer_asset for point in points],
                "kind": "predicted",
            }
        ],
        "y_format": "number",
    }


def equity_finding(points: Sequence[figures.TrendPoint]) -> Markup | str:
    """The best month, and how far from it the last one is."""
    known = [(p.customer_asset, p.as_of) for p in points if p.customer_asset]
    if len(known) < 2:
        return ""
    best, on = max(known)
    last = known[-1][0]
    if last == best:
        return told(
            _("The customer asset is at its highest of %(count)s months: %(amount)s"),
            count=numbers.number(len(known)),
            amount=numbers.money(last),
        )
    return told(
        _("The customer asset was highest on %(day)s: %(best)s; it is %(last)s now"),
        day=numbers.day(on, "full"),
        best=numbers.money(best),
        last=numbers.money(last),
    )


def spread_finding(bridge: figures.AssetBridge) -> Markup | str:
    """Whether more or less hangs on the best tenth than before."""
    before, after = bridge.spread_before.top_tenth, bridge.spread_after.top_tenth
    if after is None:
        return ""
    if before is None:
        return told(
            _("The best tenth of the customers holds %(after)s of the asset"),
            after=numbers.percent(after, 1),
        )
    return told(
        _("The best tenth of the customers holds %(after)s of the asset, %(before)s before"),
        after=numbers.percent(after, 1),
        before=numbers.percent(before, 1),
    )
