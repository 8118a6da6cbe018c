"""Which run a page reads, and which earlier one it compares with."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from kezhi.core.actor import Actor
from kezhi.insight.models import ValueRun

YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number now and at the run compared with; None where nothing was measured."""

    now: float | None
    before: float | None = None

    @property
    def difference(self) -> float | None:
        if self.now is None or self.before is None:
            return None
        return self.now - self.before

    @property
    def change(self) -> float | None:
        """Relative to what it was; None without a number to compare with."""
        difference = self.difference
        if difference is None or not self.before:
            return None
        return difference / abs(self.before)


@dataclass(frozen=True, slots=True)
class Basis:
    """The run that a page reads; `compared` lies about the wanted number of months before it."""

    run: ValueRun
    compared: ValueRun | None
    year_ago: ValueRun | None

    @property
    def as_of(self) -> date:
        return self.run.as_of

    @property
    def compared_on(self) -> date | None:
        return self.compared.as_of if self.compared else None


def basis(compare_months: int = 12) -> Basis | None:
    """The latest published run and its comparison; None before the first run."""
    runs = list(
        ValueRun.objects.readable()
        .defer("diagnostics", "summary", "parameters", "tree")
        .select_related("value_settings")
    )
    if not runs:
        return None
    latest, earlier = runs[0], runs[1:]
    return Basis(
        run=latest,
        compared=_nearest(earlier, latest.as_of, compare_months),
        year_ago=_nearest(earlier, latest.as_of, 12),
    )


def basis_between(run: ValueRun, compared: ValueRun | None) -> Basis:
    """Two kept runs of the reader's own choice."""
    return Basis(run=run, compared=compared, year_ago=None)


def basis_for(actor: Actor, compare_months: int = 12) -> Basis | None:
    """The same for who may know what customers are worth; nothing has been measured for anybody else."""
    return basis(compare_months) if actor.sees("customer", "value") else None


def _nearest(runs: Sequence[ValueRun], as_of: date, months: int) -> ValueRun | None:
    """The run nearest to the day so many months before, unless that is half the way off."""
    wanted = months_before(as_of, months)
    near = min(runs, key=lambda run: abs(run.as_of - wanted), default=None)
    if near is None or abs(near.as_of - wanted) > (as_of - wanted) / 2:
        return None
    return near


def months_before(day: date, months: int) -> date:
    """The same day of an earlier month, or that month's last day.

    >>> months_before(date(2026, 3, 31), 1)
    datetime.date(2026, 2, 28)
    """
    position = day.year * 12 + day.month - 1 - months
    year, month = divmod(position, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def number(amount: Decimal | float | int | None) -> float | None:
    """An amount as charts take it."""
    return None if amount is None else float(amount)


def share(part: float | None, whole: float | None) -> float | None:
    """`part` of `whole`; None where there is no whole."""
    return part / whole if part is not None and whole else None
