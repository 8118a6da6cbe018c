"""What a report says in one sentence: its title wherever it is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from kezhi.workbench.reporting.groups import Bucket
from kezhi.workbench.reporting.measures import Measure
from kezhi.workbench.reporting.report import Answer


@dataclass(frozen=True)
class Finding:
    """A translated sentence and the figures that stand in it, ready to be shown."""

    sentence: str = ""
    figures: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.sentence % self.figures if self.sentence else ""


WORTH_SAYING = 0.01  # a smaller share says nothing beside the amount
Shown = Callable[[Measure, Any], str]
Percent = Callable[[Any], str]


def finding(answer: Answer, shown: Shown, percent: Percent) -> Finding:
    """Nothing where there are no figures: the plain name of the report stands there then."""
    measure = answer.measure if answer.measures else None
    if measure is None or answer.problems or not answer.figures.rows:
        return Finding()
    label = measure.label(answer.kind)
    total = answer.figures.total
    if not answer.dimensions:
        return _single(answer, label, shown(measure, total[0]), percent)
    at = next((at for at, each in enumerate(answer.dimensions) if not each.is_time), 0)
    first = _largest(answer, at)
    if first is None:
        return Finding()
    entry = answer.figures.at(*_key(answer, at, first))
    figures = {"group": first.label, "measure": label, "amount": shown(measure, entry)}
    if measure.is_additive and total[0] and measure.function != "share" and entry > 0:
        share = entry / total[0]
        figures["share"] = percent(share)
        if answer.dimensions[at].is_time:
            return Finding(_("%(measure)s was highest in %(group)s: %(amount)s"), figures)
        if share >= WORTH_SAYING:
            return Finding(
                _("%(group)s is first with %(amount)s, %(share)s of all (%(measure)s)"), figures
            )
    if answer.dimensions[at].is_time:
        return Finding(_("%(measure)s was highest in %(group)s: %(amount)s"), figures)
    return Finding(_("%(group)s is first with %(amount)s (%(measure)s)"), figures)


def _single(answer: Answer, label: str, amount: str, percent: Percent) -> Finding:
    change = answer.change_of(None)
    figures = {"measure": label, "amount": amount}
    if change is None:
        return Finding(_("%(measure)s: %(amount)s"), figures)
    figures["change"] = percent(abs(change))
    if change >= 0:
        return Finding(_("%(measure)s: %(amount)s, %(change)s more than before"), figures)
    return Finding(_("%(measure)s: %(amount)s, %(change)s less than before"), figures)


def _key(answer: Answer, at: int, bucket: Bucket) -> list[Any]:
    return [bucket.group if place == at else None for place in range(len(answer.dimensions))]


def _largest(answer: Answer, at: int) -> Bucket | None:
    known = [
        (answer.figures.at(*_key(answer, at, each)), each)
        for each in answer.buckets[at]
        if not each.is_others and not each.group.is_unseen and each.group.entry is not None
    ]
    known = [(entry, each) for entry, each in known if entry is not None]
    return max(known, key=lambda pair: pair[0])[1] if known else None
