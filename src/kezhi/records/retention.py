"""How long rows stay: each app says which of its tables have a clock, and what has to go or end with a row.

Nothing is taken away here: `kezhi.rights` does that every night, by the company's rules and legal holds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q

from kezhi.records.fields import Label

# Rows to leave although they are old: asked with the day until which rows are due.
Sparing = Callable[[datetime], Q]
# Which rows belong to customers that are held, where no column says so.
Holding = Callable[[Sequence[int]], Q]
# Called with the ids of rows that are about to go; what it returns is done once they are gone.
Parting = Callable[[Sequence[int]], Callable[[], None] | None]


@dataclass(frozen=True)
class Clock:
    """From which day the time of a row counts, and which rows have one. `usual_days` 0: for ever, until a
    rule says otherwise. `customer` names the column that says whose the row is."""

    table: str
    label: Label
    purpose: Label
    column: str
    usual_days: int = 0
    only: Q = field(default_factory=Q)
    customer: str = ""
    held: Holding | None = None
    least_days: int = 0  # what a rule can't go below


@dataclass(frozen=True)
class Loose:
    """A number that points to a record without a foreign key: of `target`, or of the kind in `kind_column`.

    When the record goes, the number is emptied, or with `goes` the row goes along.
    """

    table: str
    column: str
    target: str = ""
    kind_column: str = ""
    goes: bool = False


CLOCKS: dict[str, Clock] = {}
SPARED: dict[str, list[Sparing]] = {}
PARTING: dict[str, list[Parting]] = {}
LOOSE: list[Loose] = []


def declare(*clocks: Clock) -> None:
    """An app says which of its tables have a clock; `declare` once, in `ready`."""
    CLOCKS.update({clock.table: clock for clock in clocks})


def spare(table: str, sparing: Sparing) -> None:
    """Something of yours speaks for rows of a table that may be another app's."""
    SPARED.setdefault(table, []).append(sparing)


def on_parting(table: str, parting: Parting) -> None:
    """Whatever takes rows of the table away by a clock, alone or with what they hang on."""
    PARTING.setdefault(table, []).append(parting)


def loosely(*ends: Loose) -> None:
    LOOSE.extend(end for end in ends if end not in LOOSE)
