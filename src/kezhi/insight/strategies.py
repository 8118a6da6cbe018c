"""What is done with the customers of each cell of the value matrix, in sentences of the company's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from kezhi.accounts.models import person
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.insight.models import MatrixStrategies
from kezhi.value.matrix import QUADRANTS

LONGEST = 300


@dataclass(frozen=True, slots=True)
class CellStrategy:
    """`text` for everybody in a cell; `high` and `low` besides, by the third measure of the matrix."""

    cell: str
    text: str = ""
    high: str = ""
    low: str = ""

    def for_level(self, is_high: bool | None) -> str:
        """All that holds for a customer; None: the third measure isn't known of it."""
        besides = "" if is_high is None else self.high if is_high else self.low
        return " ".join(part for part in (self.text, besides) if part)


class InvalidStrategies(Refused):
    """A text is too long; `errors` says which: (cell, field) → sentence."""

    def __init__(self, errors: dict[tuple[str, str], str]) -> None:
        super().__init__(next(iter(errors.values())))
        self.errors = errors


def strategies_in_force() -> dict[str, CellStrategy]:
    """By cell, in one query; empty texts while none are published."""
    current = MatrixStrategies.objects.current()
    return strategies_of(current.strategies if current else {})


def strategies_of(kept: Mapping[str, Any]) -> dict[str, CellStrategy]:
    """What a published version says, by cell in the order of the matrix."""
    return {cell: CellStrategy(**kept.get(cell, {"cell": cell})) for cell in QUADRANTS}


@audited("matrix_strategies.published")
def publish_matrix_strategies(
    strategies: Mapping[str, CellStrategy], *, actor: Actor, on: date, reason: str
) -> MatrixStrategies:
    """A new version of the texts of all cells, in force at once.

    Raises `InvalidStrategies`, and `Refused` when nothing is different.
    """
    if not actor.may("edit", "value_settings"):
        raise NotAllowed(_("Only an owner changes what is done in a cell."))
    wanted = {
        cell: CellStrategy(
            **{
                name: text if name == "cell" else text.strip()
                for name, text in asdict(strategies.get(cell, CellStrategy(cell))).items()
            }
        )
        for cell in QUADRANTS
    }
    errors = dict(_check(wanted))
    if not reason.strip():
        errors["", "reason"] = _("Say why: colleagues will ask what changed.")
    if errors:
        raise InvalidStrategies(errors)
    before = strategies_in_force()
    if before == wanted:
        raise Refused(_("Nothing is different from the strategies in force."))
    note(changed=[cell for cell in QUADRANTS if before[cell] != wanted[cell]])
    return MatrixStrategies.objects.create(
        strategies={cell: asdict(strategy) for cell, strategy in wanted.items()},
        reason=reason.strip()[:300],
        published_by=person(actor),
    )


def _check(strategies: Mapping[str, CellStrategy]) -> Iterator[tuple[tuple[str, str], str]]:
    for cell, strategy in strategies.items():
        for name in ("text", "high", "low"):
            if len(getattr(strategy, name)) > LONGEST:
                yield (cell, name), _("Use at most %(most)s characters.") % {"most": LONGEST}
