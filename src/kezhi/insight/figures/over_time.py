"""Why the customers are worth more or less than on an earlier day, and who made the difference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kezhi.core.actor import Actor
from kezhi.customers.models import Customer
from kezhi.customers.models.standing import Stage
from kezhi.insight.contests import apart
from kezhi.insight.copying import copied_rows
from kezhi.insight.figures.basis import Basis
from kezhi.insight.figures.keeping import kept
from kezhi.insight.models import Snapshot, ValueRun
from kezhi.value.concentration import concentration
from kezhi.value.measure import Settings
from kezhi.value.over_time import bridge as bridges
from kezhi.value.over_time.former_model import Outlook, Valued, value_by_former
from kezhi.value.reading import EPOCH

MODEL = "model"  # the step of what the model and the rules did
MOST = 20
MONEY = ("potential_value", "continuation_value", "growth_value")
NUMBERS = (
    "repeats",
    "recency",
    "age",
    "mean_spend",
    "expected_spend",
    "margin_rate",
    "return_rate",
)
COLUMNS = {
    "customer_id": pa.int64(),
    "stage": pa.string(),
    "segment": pa.string(),
    "first_on": pa.date32(),
    "last_on": pa.date32(),
    "realised_is_estimate": pa.string(),
    **dict.fromkeys((*MONEY, *NUMBERS), pa.float64()),
}


@dataclass(frozen=True, slots=True)
class Changer:
    """A customer behind a step: `change` is what the step counts of them."""

    customer_id: int
    before: float
    after: float
    change: float


@dataclass(frozen=True, slots=True)
class BridgeStep:
    """`part` is one of the engine's parts, or `model`. `most` changed by the most, the largest first."""

    part: str
    customers: int
    change: float
    most: tuple[Changer, ...]


@dataclass(frozen=True, slots=True)
class Spread:
    """How the customer asset is spread over those who have bought; None where it is nothing."""

    customers: int
    top_tenth: float | None
    gini: float | None


@dataclass(frozen=True, slots=True)
class AssetBridge:
    """before + Σ change of the steps = after, to the cent.

    `has_model_apart`: what the model and the rules did could be told from what the customers did.
    """

    starts_on: date
    ends_on: date
    before: float
    after: float
    steps: tuple[BridgeStep, ...]
    spread_before: Spread
    spread_after: Spread
    has_model_apart: bool

    @property
    def change(self) -> float:
        return round(self.after - self.before, 2)

    def step(self, part: str) -> BridgeStep:
        return next(step for step in self.steps if step.part == part)


@dataclass(frozen=True, slots=True)
class NamedChanger:
    """A customer behind a step, by name."""

    customer_id: int
    name: str
    owner_name: str
    before: float
    after: float
    change: float


def asset_bridge(actor: Actor, basis: Basis) -> AssetBridge | None:
    """From the compared run of the basis to its run; None without one to compare with."""
    return _bridge(actor, basis) if basis.compared else None


def changers(actor: Actor, step: BridgeStep) -> list[NamedChanger]:
    """Who is behind a step, of those the actor may see today."""
    rows = Customer.objects.visible_to(actor).filter(
        pk__in=[each.customer_id for each in step.most]
    )
    known = {
        pk: (name, owner or "") for pk, name, owner in rows.values_list("pk", "name", "owner__name")
    }
    return [
        NamedChanger(
            each.customer_id, *known[each.customer_id], each.before, each.after, each.change
        )
        for each in step.most
        if each.customer_id in known
    ]


@kept
def _bridge(actor: Actor, basis: Basis) -> AssetBridge:
    if basis.compared is None:
        raise ValueError("there is no run to compare with")
    before, after = _Rows.of(actor, basis.compared), _Rows.of(actor, basis.run)
    former = _by_former(after, before, basis.run, basis.compared)
    found = bridges.value_bridge(
        bridges.Snapshot(before.customers, before.value, before.active),
        replace(
            bridges.Snapshot(after.customers, after.value, after.active), by_former_model=former
        ),
    )
    had, has = before.values_of(found.customers), after.values_of(found.customers)
    steps = [
        _step(step.part, step.change, found.part == place, found.customers, found.change, had, has)
        for place, step in enumerate(found.steps)
    ]
    moved = found.model_changes != 0
    steps.append(
        _step(MODEL, found.model_change, moved, found.customers, found.model_changes, had, has)
    )
    return AssetBridge(
        starts_on=basis.compared.as_of,
        ends_on=basis.run.as_of,
        before=found.start,
        after=found.end,
        steps=tuple(steps),
        spread_before=_spread(before.value),
        spread_after=_spread(after.value),
        has_model_apart=former is not None,
    )


def _step(
    part: str, change: float, among: Any, customers: Any, changes: Any, had: Any, has: Any
) -> BridgeStep:
    """The customers of `among`; those who changed by nothing are counted, not named."""
    places = np.flatnonzero(among)
    order = np.lexsort((customers[places], -np.abs(changes[places])))
    largest = [place for place in places[order[:MOST]] if changes[place]]
    return BridgeStep(
        part=part,
        customers=len(places),
        change=change,
        most=tuple(
            Changer(
                int(customers[place]),
                round(float(had[place]), 2),
                round(float(has[place]), 2),
                float(changes[place]),
            )
            for place in largest
        ),
    )


def _spread(value: Any) -> Spread:
    found = concentration(value)
    return Spread(found.customers, dict(found.top).get(0.10), found.gini)


@dataclass(frozen=True, slots=True)
class _Rows:
    """Those who had bought by the day of a run, in order of customer."""

    customers: Any
    value: Any
    active: Any
    table: pa.Table

    @classmethod
    def of(cls, actor: Actor, run: ValueRun) -> _Rows:
        rows = Snapshot.objects.visible_to(actor).filter(run=run, occasions__gt=0)
        table = copied_rows(
            rows.order_by("customer_id").values_list(*COLUMNS), COLUMNS, has_texts=True
        )
        return cls(
            customers=table["customer_id"].to_numpy(),
            value=np.nan_to_num(table["potential_value"].to_numpy()),
            active=pc.not_equal(table["stage"], Stage.LOST.value).to_numpy(zero_copy_only=False),
            table=table,
        )

    def values_of(self, customers: Any) -> Any:
        """In that order; 0 for those who aren't here."""
        found = np.zeros(len(customers))
        found[np.searchsorted(customers, self.customers)] = self.value
        return found

    def segments(self) -> Any:
        """What customers were in the contests of models, "" for those in none."""
        return self.table["segment"].to_numpy(zero_copy_only=False).astype(object)

    def days(self, name: str) -> Any:
        """Since 1970-01-01."""
        return self.table[name].cast(pa.int32()).to_numpy().astype(np.float64)

    def numbers(self, name: str) -> Any:
        return self.table[name].to_numpy().astype(np.float64)


def _by_former(rows: _Rows, before: _Rows, run: ValueRun, compared: ValueRun) -> Any:
    """The value of the same customers by the model and rules of the compared run; None if unknown."""
    rules = Settings.from_json(run.value_settings.rules)
    former_rules = Settings.from_json(compared.value_settings.rules)
    margin = rows.numbers("margin_rate")
    is_estimate = pc.equal(rows.table["realised_is_estimate"], "t").to_numpy(zero_copy_only=False)
    continuation = np.nan_to_num(rows.numbers("continuation_value"))
    found = Valued(
        value=continuation,
        x=rows.numbers("repeats"),
        t_x=rows.numbers("recency"),
        T=rows.numbers("age"),
        mean_spend=rows.numbers("mean_spend"),
        expected_spend=rows.numbers("expected_spend"),
        margin=margin,
        return_rate=np.nan_to_num(rows.numbers("return_rate")),
        by_rule=is_estimate & np.isclose(margin, rules.margin_rate, atol=1e-6),
        first_day=rows.days("first_on"),
        last_day=rows.days("last_on"),
    )
    revalued = np.zeros(len(continuation))
    today = (run.as_of - EPOCH).days
    same = rules.segment_by == former_rules.segment_by
    try:
        for now, then, among in _pairs(rows, before, same, run, compared):
            own = Outlook.of_run(rules, run.parameters, now, today)
            former = Outlook.of_run(former_rules, compared.parameters, then, today)
            revalued[among] = value_by_former(found.of(among), own, former)
    except ValueError:
        return None
    value = rows.value
    if not _measured_growth(compared) and _measured_growth(run):
        # That growth is measured at all is the run's doing, not the customers'.
        value = value - np.nan_to_num(rows.numbers("growth_value"))
    return value + (revalued - continuation)


def _measured_growth(run: ValueRun) -> bool:
    return bool((run.summary.get("growth") or {}).get("customers"))


def _pairs(
    rows: _Rows, before: _Rows, same: bool, run: ValueRun, compared: ValueRun
) -> Iterator[tuple[str, str, Any]]:
    """Customers by what foretold them at the run and at the compared one; "": the model of all.

    Whoever is new since is taken for what they are now, as long as the rules hold the same apart.
    """
    everybody = np.ones(len(rows.customers), dtype=np.bool_)
    if not apart(run) and not apart(compared):
        yield "", "", everybody
        return
    now = rows.segments()
    then = now.copy() if same else np.full(len(now), "", dtype=object)
    place = np.searchsorted(before.customers, rows.customers)
    known = place < len(before.customers)
    known[known] = before.customers[place[known]] == rows.customers[known]
    then[known] = before.segments()[place[known]]
    now = np.where(np.isin(now, apart(run)), now, "")
    then = np.where(np.isin(then, apart(compared)), then, "")
    for one in np.unique(now):
        for other in np.unique(then[now == one]):
            yield str(one), str(other), (now == one) & (then == other)
