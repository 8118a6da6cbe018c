"""How far a run's growth potential is to be trusted: its frontier, and how often gaps really closed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from kezhi.insight.contests import ATTRIBUTES, segment_label
from kezhi.web import numbers

LACKING = {
    "few": lambda: _("Too few customers were there for a whole year: a frontier takes 20."),
    "attributes": lambda: _(
        "Neither industry nor region tells the customers apart: fill them in, so that peers can be found."
    ),
    "history": lambda: _(
        "The history is too short: how often gaps close takes two whole years of orders."
    ),
}
MOST_EFFECTS = 30


class GrowthDiagnosis:
    """Reads what the run recorded (`kezhi.value.wallet.growth.Growth.as_json`)."""

    def __init__(self, told: Mapping[str, Any], quantile: float) -> None:
        self.told = told
        self.frontier: Mapping[str, Any] = told.get("frontier") or {}
        self.winning: Mapping[str, Any] = told.get("winning") or {}
        self.quantile = quantile

    @property
    def finding(self) -> str:
        if not self.told.get("customers"):
            return _("Growth potential isn’t measured")
        return _("%(won)s of %(customers)s gaps of a year ago have closed since") % {
            "won": numbers.number(self.winning.get("won", 0), plain=True),
            "customers": numbers.number(self.winning.get("customers", 0), plain=True),
        }

    @property
    def lacking(self) -> str:
        reason = LACKING.get(self.told.get("lacking", ""))
        return reason() if reason else ""

    @property
    def quality(self) -> str:
        """Of last year's frontier on this year's spend."""
        gain, below = self.told.get("gain_later"), self.told.get("below_later")
        if gain is None or below is None:
            return ""
        return _(
            "Last year’s frontier, looked at a year later: %(below)s of the customers spent less than it said "
            "(%(wanted)s would be exact), and its misses are %(gain)s smaller than those of one figure for all."
        ) % {
            "below": numbers.percent(below, plain=True),
            "wanted": numbers.percent(self.quantile, plain=True),
            "gain": numbers.percent(gain, 1, plain=True),
        }

    @property
    def steps(self) -> list[list[Any]]:
        """Share of the wallet spent, customers, closed, probability with its interval."""
        rows = []
        for step in self.winning.get("steps", ()):
            until = numbers.percent(step["until"], plain=True)
            label = _("up to %(share)s") % {"share": until} if step["until"] else _("nothing")
            ends = {
                "low": numbers.percent(step["low"], 1, plain=True),
                "high": numbers.percent(step["high"], 1, plain=True),
            }
            rows.append(
                [
                    label,
                    numbers.number(step["customers"]),
                    numbers.number(step["won"]),
                    numbers.percent(step["probability"], 1),
                    _("%(low)s–%(high)s") % ends,
                ]
            )
        return rows

    @property
    def effects(self) -> list[list[Any]]:
        """What moves the frontier, the strongest first."""
        own = sorted(self.frontier.get("effects", ()), key=lambda e: -abs(e["factor"] - 1))
        return [
            [
                str(ATTRIBUTES.get(each["attribute"], each["attribute"])),
                str(segment_label(each["attribute"], each["level"])),
                _("%(factor)s ×") % {"factor": numbers.number(each["factor"], 2, plain=True)},
                numbers.number(each["customers"]),
            ]
            for each in own[:MOST_EFFECTS]
        ]
