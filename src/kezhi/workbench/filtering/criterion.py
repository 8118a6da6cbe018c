"""A condition after the check."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _

from kezhi.records import Condition, Field, Kind
from kezhi.workbench.filtering.comparing import OPERATORS, SIGNS
from kezhi.workbench.filtering.meaning import Asking, meaning
from kezhi.workbench.operands import Unusable


@dataclass(frozen=True)
class Criterion:
    """A condition's meaning for the database and in words, or the problem with it.

    `reads` are the fields that the predicate names: their expressions must be aliased before.
    """

    source: str
    label: str
    sign: str = ""
    shown: str = ""
    predicate: Q | None = None
    problem: str = ""
    condition: Condition | None = None
    reads: tuple[Field, ...] = ()

    @property
    def is_valid(self) -> bool:
        return not self.problem


def check(kind: Kind, source: str, asking: Asking) -> Criterion:
    """The criterion of one condition as it stands in an address; never raises."""
    try:
        condition = Condition.parse(source)
    except ValueError:
        return Criterion(source, shortened(source), problem=_("This filter isn’t complete."))
    field = kind.field(condition.field) if condition.field in kind else None
    if field is None or not field.is_filterable:
        problem = _("This list can’t be filtered by “%(field)s”.")
        name = str(field.label) if field is not None else shortened(condition.field)
        return Criterion(source, name, problem=problem % {"field": name})
    if condition.op not in OPERATORS[field.kind]:
        problem = _("“%(field)s” doesn’t know this kind of comparison.") % {"field": field.label}
        return Criterion(source, str(field.label), problem=problem, condition=condition)
    sign = str(SIGNS.get(condition.op, ""))
    try:
        predicate, shown = meaning(kind, field, condition, asking)
    except Unusable as reason:
        return Criterion(
            source,
            str(field.label),
            sign,
            shortened(condition.operand),
            problem=f"{field.label}{_(': ')}{reason}",
            condition=condition,
        )
    return Criterion(
        source, str(field.label), sign, shown, predicate, condition=condition, reads=(field,)
    )


def shortened(text: str) -> str:
    line = "".join(c if c.isprintable() else "·" for c in text)
    return line if len(line) <= 40 else f"{line[:39]}…"
