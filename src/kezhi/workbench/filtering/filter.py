"""One filter for every list of records: page, export, saved view, segment, and whatever asks later.

Conditions are text from an address or a saved view and are never trusted: field, operator and operand are
looked up in the declaration as the actor may know it, and what isn't allowed there is a problem with a
sentence, never a query.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from kezhi.records import Condition, Field, Kind
from kezhi.workbench import operands
from kezhi.workbench.filtering.criterion import Criterion, check
from kezhi.workbench.filtering.finding import WIDE, found
from kezhi.workbench.filtering.meaning import Asking, aliased
from kezhi.workbench.filtering.tree import MOST_LEAVES, TooMuch, leaves, parse
from kezhi.workbench.operands import Unusable
from kezhi.workbench.sorting import Order

MOST_CONDITIONS = 20


@dataclass(frozen=True)
class Filter:
    """A checked filter with its order; `apply` it to what the actor may see."""

    kind: Kind
    asking: Asking
    criteria: tuple[Criterion, ...] = ()
    text: str = ""
    order: Order | None = None
    problems: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        kind: Kind,
        asking: Asking,
        *,
        conditions: Iterable[str | Condition] = (),
        text: str = "",
        sort: str = "",
    ) -> Filter:
        kind = kind.seen_by(asking.actor)
        if not asking.within:
            asking = replace(asking, spent=[0])
        sources = [str(condition) for condition in conditions]
        _must_be_reasonable(sources)
        criteria = tuple(check(kind, source, asking) for source in sources[:MOST_CONDITIONS])
        problems = [criterion.problem for criterion in criteria if criterion.problem]
        if len(sources) > MOST_CONDITIONS:
            problems.append(
                _("At most %(count)d filters work together.") % {"count": MOST_CONDITIONS}
            )
        try:
            text = operands.text(text) if text.strip() else ""
        except Unusable as reason:
            text = ""
            problems.append(f"{_('Search')}{_(': ')}{reason}")
        order = None
        try:
            order = Order.of(kind, sort or kind.default_sort)
        except Unusable as reason:
            problems.append(str(reason))
        return cls(kind, asking, criteria, text, order, tuple(problems))

    def apply(self, queryset: QuerySet[Any], *, leaving_out: int | None = None) -> QuerySet[Any]:
        """The rows that meet every condition; none at all while there is a problem."""
        if self.problems:
            return queryset.none()
        for place, criterion in enumerate(self.criteria):
            if place != leaving_out and criterion.predicate is not None:
                queryset = aliased(queryset, *criterion.reads).filter(criterion.predicate)
        if self.text:
            is_alone = not self.criteria
            text = found(self.kind, self.text, self.asking, is_alone=is_alone)
            queryset = queryset.filter(text)
        return queryset

    @property
    def is_wide(self) -> bool:
        """Whether a great many rows hold the text, as far as it was applied."""
        return bool(self.asking.memo.get(WIDE))

    @property
    def predicate(self) -> Q:
        """All of it in one, for who asks within another filter; its `reads` must be aliased."""
        whole = Q()
        for criterion in self.criteria:
            if criterion.predicate is not None:
                whole &= criterion.predicate
        return whole & found(self.kind, self.text, self.asking) if self.text else whole

    @property
    def reads(self) -> tuple[Field, ...]:
        return tuple(field for criterion in self.criteria for field in criterion.reads)

    @property
    def is_empty(self) -> bool:
        return not self.criteria and not self.text


def _must_be_reasonable(sources: list[str]) -> None:
    """`TooMuch` for more conditions than the database should be asked at once."""
    total = 0
    for source in sources:
        try:
            total += leaves(parse(source))
        except Unusable:
            total += 1
    if total > MOST_LEAVES:
        raise TooMuch(f"{total} conditions")
