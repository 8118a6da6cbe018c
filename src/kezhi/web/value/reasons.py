"""Why a customer needs attention, in words with the numbers that say so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from django.utils.translation import gettext as _

from kezhi.insight.figures.risk import Behind
from kezhi.satisfaction.analysing.contentment import Fall
from kezhi.web import numbers


class Facts(Protocol):
    """What the reasons are told from; a number that nobody has measured is None."""

    @property
    def days_since(self) -> int | None: ...
    @property
    def overdue_ratio(self) -> float | None: ...
    @property
    def p_alive(self) -> float | None: ...
    @property
    def p_alive_before(self) -> float | None: ...
    @property
    def fall(self) -> Fall | None: ...
    @property
    def trouble(self) -> str: ...
    @property
    def behind(self) -> Behind | None: ...


def sentences(reasons: Sequence[str], facts: Facts) -> Iterator[str]:
    """One sentence for each reason that the numbers can tell; without any, how likely they still buy."""
    for reason in reasons or ("falling",):
        told = _TOLD[reason](facts) if reason in _TOLD else ""
        if told:
            yield told


def _overdue(facts: Facts) -> str:
    if facts.days_since is None or not facts.overdue_ratio:
        return ""
    usual = numbers.days(max(1, facts.days_since / facts.overdue_ratio), plain=True)
    return _("Usually orders every %(usual)s; the last order was %(since)s ago.") % {
        "usual": usual,
        "since": numbers.days(facts.days_since, plain=True),
    }


def _falling(facts: Facts) -> str:
    if facts.p_alive is None:
        return ""
    now = numbers.probability(facts.p_alive, plain=True)
    if facts.p_alive_before is None or facts.p_alive_before <= facts.p_alive:
        return _("The probability that they are still a customer is %(now)s.") % {"now": now}
    before = numbers.probability(facts.p_alive_before, plain=True)
    return _(
        "The probability that they are still a customer fell from %(before)s to %(now)s in 30 days."
    ) % {"before": before, "now": now}


def _declining(facts: Facts) -> str:
    return _("They buy clearly less than before.")


def _discontent(facts: Facts) -> str:
    if facts.fall is None:
        return ""
    return _("Their satisfaction fell from %(before)s to %(now)s of 100, answered on %(day)s.") % {
        "before": numbers.number(facts.fall.before, 0, plain=True),
        "now": numbers.number(facts.fall.now, 0, plain=True),
        "day": numbers.day(facts.fall.on, "full", plain=True),
    }


def _behind(facts: Facts) -> str:
    goal = facts.behind
    if goal is None:
        return ""
    told = {"day": numbers.day(goal.due_on, "full", plain=True)}
    if goal.health is None:
        return _("The goal of their success plan was to be reached by %(day)s.") % told
    told["health"] = numbers.number(goal.health, 0, plain=True)
    if goal.is_off_track:
        return _("Their success plan is far behind: %(health)s of 100, due %(day)s.") % told
    return _("Their success plan falls behind: %(health)s of 100, due %(day)s.") % told


_TOLD = {
    "overdue": _overdue,
    "falling": _falling,
    "declining": _declining,
    "discontent": _discontent,
    "trouble": lambda facts: facts.trouble,
    "behind": _behind,
}
