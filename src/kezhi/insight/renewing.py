"""Contracts and their renewals: who renews by contract year, what the rest is worth, what hangs on what is due.

One model for contracts of one length of a period, from all contracts of the company; what somebody sees of it
are the contracts of the customers they may see.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from django.db.models import Count, Exists, OuterRef

from kezhi.core.actor import Actor, Scope
from kezhi.customers.models import Exemption, FollowUp
from kezhi.insight.models import ValueSettings
from kezhi.ledger.models import Contract
from kezhi.value.measure import Settings
from kezhi.value.potential.contract_choice import (
    Chosen,
    choose,
    observed_interval,
    retention_interval,
)
from kezhi.value.potential.contract_fit import Renewals
from kezhi.value.potential.contract_worth import at_risk_within, worth_of
from kezhi.value.potential.fitting import CannotFit

State = Contract.State
SOON, YEAR = 91, 365
"""Days ahead for which the value at risk is told."""
LEVEL = 0.8
MOST_YEARS = 12
AHEAD = 3
"""Renewals beyond those seen that the picture foretells."""
NEEDED = 2
"""Renewals that contracts must have come to, for a model to be estimated."""
Row = tuple[int, int, int, str, int]


@dataclass(frozen=True, slots=True)
class Step:
    """The n-th renewal: how many came to it and renewed, and what the model expects; None where either is
    unknown."""

    renewal: int
    came: int
    renewed: int
    rate: float | None
    low: float | None
    high: float | None
    expected: float | None
    expected_low: float | None
    expected_high: float | None


@dataclass(frozen=True, slots=True)
class Length:
    """Contracts of one length of a period.

    `lacking` says why there is no model: "none_lost" or "too_early" (nobody came to a second renewal).
    """

    months: int
    contracts: int
    lost: int
    chosen: Chosen | None
    lacking: str


@dataclass(frozen=True, slots=True)
class Due:
    """A running contract. What is foretold is None without a model and for customers exempt from judgement."""

    contract_id: int
    customer_id: int
    months: int
    amount: float
    days: int
    renewals: int
    is_exempt: bool = False
    p_renew: float | None = None
    derl: float | None = None
    residual: float | None = None
    if_renewed: float | None = None
    soon: float | None = None
    year: float | None = None

    @property
    def is_overdue(self) -> bool:
        return self.days < 0


@dataclass(frozen=True, slots=True)
class Sums:
    """Over running contracts: what falls due is a fact, the rest is foretold where a model holds."""

    contracts: int
    a_year: float
    overdue: int
    due_soon: int
    due_soon_amount: float
    due_year: int
    due_year_amount: float
    residual: float
    soon: float
    year: float
    foretold: int


@dataclass(frozen=True, slots=True)
class Renewing:
    """`has_rate`: the value rules discount, without which a life without end has no finite value."""

    lengths: tuple[Length, ...]
    due: tuple[Due, ...]
    sums: Sums
    margin: float
    annual_rate: float
    seen: dict[int, Renewals] = field(default_factory=dict)

    @property
    def has_rate(self) -> bool:
        return self.annual_rate > 0

    def of(self, months: int) -> Length | None:
        """The length of that many months; the most common one for any other."""
        for each in self.lengths:
            if each.months == months:
                return each
        return self.lengths[0] if self.lengths else None


def renewing(actor: Actor, *, on: date) -> Renewing:
    """Everything that the page of renewals is made of, in four queries however many contracts there are."""
    rules = rules_in_force()
    every = _counted(Contract.objects.all())
    sees_all = actor.scope("read", "contract") is Scope.ALL
    seen = every if sees_all else _counted(Contract.objects.visible_to(actor))
    lengths = _lengths(every, seen)
    due = _foretold(_running(actor, on), lengths, rules)
    return Renewing(
        lengths=lengths,
        due=due,
        sums=_sums(due),
        margin=rules.margin_rate,
        annual_rate=rules.annual_rate,
        seen={each.months: renewals_of(seen, each.months) for each in lengths},
    )


def rules_in_force() -> Settings:
    """The value rules, or what they are before anybody has set any; nothing is written."""
    current = ValueSettings.objects.current()
    return Settings() if current is None else Settings.from_json(current.rules)


def of_customer(actor: Actor, customer_id: int, *, on: date) -> Renewing:
    """The same of one customer's contracts, by the company's model."""
    rules = rules_in_force()
    every = _counted(Contract.objects.all())
    lengths = _lengths(every, every)
    due = _foretold(_running(actor, on, customer_id), lengths, rules)
    return Renewing(lengths, due, _sums(due), rules.margin_rate, rules.annual_rate)


def steps(found: Renewing, length: Length) -> tuple[Step, ...]:
    """By renewal: what the reader sees, and what the company's model says, some renewals further."""
    data = found.seen[length.months]
    reached, ended = data.reached, data.ended
    seen = int(np.max(np.flatnonzero(reached > 0), initial=-1)) + 1
    shown = min(seen + (AHEAD if length.chosen else 0), MOST_YEARS)
    came = np.zeros(shown)
    renewed = np.zeros(shown)
    upto = min(shown, len(reached))
    came[:upto] = reached[:upto]
    renewed[:upto] = (reached - ended)[:upto]
    low, high = observed_interval(renewed, came, LEVEL)
    expected = _expected(length.chosen, shown)
    return tuple(
        Step(
            at + 1,
            round(came[at]),
            round(renewed[at]),
            *((renewed[at] / came[at], low[at], high[at]) if came[at] > 0 else (None, None, None)),
            *(expected[at]),
        )
        for at in range(shown)
    )


def _expected(chosen: Chosen | None, shown: int) -> list[tuple[float | None, ...]]:
    if chosen is None or not shown:
        return [(None, None, None)] * shown
    times = np.arange(1, shown + 1)
    low, high = retention_interval(chosen, times, LEVEL)
    rate = chosen.model.retention(times)
    return list(zip(rate.tolist(), low.tolist(), high.tolist(), strict=True))


def planned_with(actor: Actor, customer_ids: Sequence[int]) -> set[int]:
    """Those of the customers with whom something is planned."""
    rows = FollowUp.objects.visible_to(actor).open().filter(customer_id__in=customer_ids)
    return set(rows.values_list("customer_id", flat=True))


def _counted(rows: Any) -> list[Row]:
    """Contracts alike in length, renewals before and so far, and state."""
    alike = ("period_months", "renewed_before", "renewals", "state")
    found = rows.order_by().values_list(*alike).annotate(contracts=Count("pk"))
    return list(found.order_by(*alike))


def renewals_of(rows: Sequence[Row], months: int) -> Renewals:
    """What contracts of that length say: who ended at which renewal, and how far the others came.

    A contract that another renewed has come through its renewal; one that ended as agreed, or still runs, was
    only seen so far.
    """
    own = [row for row in rows if row[0] == months]
    if not own:
        return Renewals.of_spells([0], [0], [False], [0])
    _months, since, times, states, counts = zip(*own, strict=True)
    came = [
        renewals + (state == State.RENEWED) for renewals, state in zip(times, states, strict=True)
    ]
    return Renewals.of_spells(since, came, [state == State.LOST for state in states], counts)


def _lengths(every: Sequence[Row], seen: Sequence[Row]) -> tuple[Length, ...]:
    """Of the contracts that the reader sees, the most common length first; the models are of all."""
    sizes: dict[int, int] = {}
    for months, _since, _times, _state, contracts in seen:
        sizes[months] = sizes.get(months, 0) + contracts
    ranked = sorted(sizes, key=lambda months: (-sizes[months], months))
    return tuple(_length(every, months, sizes[months]) for months in ranked)


def _length(every: Sequence[Row], months: int, contracts: int) -> Length:
    data = renewals_of(every, months)
    lost, came = int(data.ended.sum()), int((data.reached > 0).sum())
    lacking = "too_early" if came < NEEDED else "none_lost" if not lost else ""
    chosen = None
    if not lacking:
        try:
            chosen = choose(data)
        except CannotFit:
            lacking = "too_early"
    return Length(months, contracts, lost, chosen, lacking)


def _running(actor: Actor, on: date, customer_id: int | None = None) -> list[Due]:
    rows = Contract.objects.visible_to(actor).running()
    if customer_id is not None:
        rows = rows.filter(customer_id=customer_id)
    exempt = Exemption.objects.filter(customer=OuterRef("customer_id"), ended_on__isnull=True)
    found = rows.annotate(is_exempt=Exists(exempt)).values_list(
        "pk", "customer_id", "period_months", "amount", "ends_on", "renewals", "is_exempt"
    )
    return [
        Due(pk, customer, months, float(amount), (ends_on - on).days, renewals, is_exempt)
        for pk, customer, months, amount, ends_on, renewals, is_exempt in found.order_by(
            "ends_on", "pk"
        )
    ]


def _foretold(due: Sequence[Due], lengths: Sequence[Length], rules: Settings) -> tuple[Due, ...]:
    if rules.annual_rate <= 0:
        return tuple(due)
    found: dict[int, Due] = {}
    for length in lengths:
        mine = [each for each in due if each.months == length.months and not each.is_exempt]
        if length.chosen is not None and mine:
            found |= _with_model(mine, length.chosen, rules)
    return tuple(found.get(each.contract_id, each) for each in due)


def _with_model(mine: Sequence[Due], chosen: Chosen, rules: Settings) -> dict[int, Due]:
    model, rate = chosen.model, rules.annual_rate
    times = np.array([float(each.renewals) for each in mine])
    months = np.array([float(each.months) for each in mine])
    days = np.array([float(each.days) for each in mine])
    brings = np.array([each.amount * rules.margin_rate for each in mine])
    worth = worth_of(model, times, brings, months, days, rate)
    soon, year = (
        at_risk_within(model, worth, times, months, days, within, rate) for within in (SOON, YEAR)
    )
    columns = (worth.p_renew, worth.derl, worth.residual, worth.if_renewed, soon, year)
    return {
        each.contract_id: Due(
            each.contract_id,
            each.customer_id,
            each.months,
            each.amount,
            each.days,
            each.renewals,
            each.is_exempt,
            *(float(column[at]) for column in columns),
        )
        for at, each in enumerate(mine)
    }


def _sums(due: Sequence[Due]) -> Sums:
    soon = [each for each in due if each.days <= SOON]
    year = [each for each in due if each.days <= YEAR]
    told = [each for each in due if each.residual is not None]
    return Sums(
        contracts=len(due),
        a_year=sum(each.amount * 12 / each.months for each in due),
        overdue=sum(each.is_overdue for each in due),
        due_soon=len(soon),
        due_soon_amount=sum(each.amount for each in soon),
        due_year=len(year),
        due_year_amount=sum(each.amount for each in year),
        residual=sum(each.residual or 0.0 for each in told),
        soon=sum(each.soon or 0.0 for each in told),
        year=sum(each.year or 0.0 for each in told),
        foretold=len(told),
    )
