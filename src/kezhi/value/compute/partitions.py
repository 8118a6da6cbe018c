"""What happens to the order lines of some customers, wherever their partition lies, and the gathering.

A partition holds all lines of its customers in their order, so the kernels of the local engine give
the same digits there: `figures` opens it as the local engine opens all, and tells in one table what
`measure` will ask. `Gathered` puts those tables together and answers in place of the lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kezhi.value.cohorts import Activity
from kezhi.value.compute.local import NEVER, Occasions
from kezhi.value.facts import Facts, Plan, Segments, read_facts
from kezhi.value.realised import Realised, own_margin
from kezhi.value.wallet.growth import Prospects, prospects_of

if TYPE_CHECKING:
    import pyarrow as pa

Vector = NDArray[np.float64]

OF_OCCASIONS: Mapping[str, Any] = {
    "first_day": np.int32,
    "last_day": np.int32,
    "count": np.int32,
    "paid_repeats": np.int32,
    "paid": np.int64,
    "total": np.int64,
    "returned": np.int64,
    "lines": np.int32,
}
OF_REALISED: Mapping[str, Any] = {
    "revenue": np.float64,
    "cost_of_goods": np.float64,
    "cost_to_serve": np.float64,
    "revenue_12m": np.float64,
    "contribution_12m": np.float64,
    "value": np.float64,
    "is_estimate": np.bool_,
}


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be found of each partition: the plan, the days until which occasions are asked, and
    the first day of all lines."""

    plan: Plan
    days: tuple[int, ...]
    since: int


def columns(days: int) -> dict[str, Any]:
    """The columns of `figures` by name, with their types, where occasions are asked until so many days.

    A row per customer; rows without a customer hold `counts` of all customers together, named by
    `counted`.
    """
    kinds: dict[str, Any] = {"customer": np.int64}
    for k in range(days):
        kinds |= {f"{name}_{k}": kind for name, kind in OF_OCCASIONS.items()}
    return {**kinds, **OF_REALISED, "trend": np.float64, "spent_before": np.float64}


def schema(days: int) -> pa.Schema:
    """The columns of `figures` as Arrow types."""
    import pyarrow as pa

    own = [(name, pa.from_numpy_dtype(kind)) for name, kind in columns(days).items()]
    return pa.schema([*own, ("counted", pa.string()), ("counts", pa.list_(pa.int64()))])


def figures(lines: pa.Table, costs: pa.Table, work: Work) -> pa.Table:
    """What the order lines and costs to serve of some customers come to: see `columns`."""
    import pyarrow as pa

    plan = work.plan
    arrays = read_facts(Facts(lines, costs), as_of=plan.as_of)
    found: dict[str, Any] = {"customer": arrays.customers}
    counts: dict[str, NDArray[np.int64]] = {}
    for k, day in enumerate(work.days):
        occasions = arrays.occasions(day)
        if k == 0:
            now = occasions
        found |= {f"{name}_{k}": getattr(occasions, name) for name in OF_OCCASIONS}
        span = max(0, day - work.since + 1)
        by_day, by_gap = np.zeros(span, np.int64), np.zeros(span, np.int64)
        own = len(occasions.repeats_by_day)
        by_day[span - own :] = occasions.repeats_by_day
        by_gap[:own] = occasions.repeats_by_gap
        counts[f"by_day_{k}"], counts[f"by_gap_{k}"] = by_day, by_gap
    past = arrays.realised(plan)
    found |= {name: getattr(past, name) for name in OF_REALISED}
    found["trend"] = arrays.trend_of_spend(now, plan)
    found["spent_before"] = arrays.spent_before(plan)
    activity = arrays.activity(now, plan)
    counts["activity"] = np.concatenate(
        ([activity.low, len(activity.sizes)], activity.sizes, activity.active.ravel())
    )
    counts["lines"] = np.array([arrays.line_count, arrays.later])
    wanted = schema(len(work.days))
    rows = len(arrays.customers)
    found["counted"], found["counts"] = (
        pa.nulls(rows, pa.string()),
        pa.nulls(rows, wanted.types[-1]),
    )
    customers = pa.table([pa.array(found[name]) for name in wanted.names], schema=wanted)
    told = {
        name: pa.nulls(len(counts), kind)
        for name, kind in zip(wanted.names, wanted.types, strict=True)
    }
    told["counted"] = pa.array(list(counts), pa.string())
    told["counts"] = pa.array(list(counts.values()), wanted.types[-1])
    return pa.concat_tables([customers, pa.table(told, schema=wanted)])


def over_batches(batches: Iterator[pa.RecordBatch], *, work: Work) -> Iterator[pa.RecordBatch]:
    """`figures` of a partition that comes in batches; this runs in a worker's own Python."""
    import pyarrow as pa
    import pyarrow.compute as pc

    whole = list(batches)
    if not whole:
        return
    table = pa.Table.from_batches(whole).combine_chunks()
    is_cost = table.column("is_cost")
    lines = table.filter(pc.invert(is_cost)).select(
        ["customer", "day", "amount", "cost", "margin_rate"]
    )
    costs = table.filter(is_cost).select(["customer", "day", "amount"])
    yield from figures(lines, costs, work).to_batches(max_chunksize=100_000)


@dataclass(frozen=True, slots=True)
class Gathered:
    """What all partitions came to; it answers as `facts.OpenFacts` does."""

    plan: Plan
    customers: NDArray[np.int64]
    measures: dict[str, Vector]
    segments: Segments | None
    later: int
    line_count: int
    found: Mapping[int, Occasions]
    past: Realised
    trend: Vector
    before: Vector
    active: Activity
    prospects: Prospects | None = None

    def occasions(self, until: int) -> Occasions:
        """Purchase occasions until one of the days that were asked."""
        return self.found[until]

    def realised(self, plan: Plan) -> Realised:
        """What customers have brought so far."""
        self._demand(plan)
        return self.past

    def trend_of_spend(self, found: Occasions, plan: Plan) -> Vector:
        """How spending lately compares with before."""
        self._demand(plan)
        return self.trend

    def spent_before(self, plan: Plan) -> Vector:
        """Revenue of the 12 months before the last 12."""
        self._demand(plan)
        return self.before

    def activity(self, found: Occasions, plan: Plan) -> Activity:
        """Who bought when, by month of the first purchase."""
        self._demand(plan)
        return self.active

    def _demand(self, plan: Plan) -> None:
        if plan != self.plan:
            raise ValueError("these facts were opened for another plan")


def gathered(told: pa.Table, work: Work, known: NDArray[np.int64], *, otherwise: Facts) -> Gathered:
    """All partitions together. `known` are customers that may have no line and no cost; `otherwise`
    are the facts with the measures and segments of customers."""
    import pyarrow.compute as pc

    from kezhi.value.facts import measures_of, segments_of

    is_count = pc.is_null(told.column("customer"))
    counts = _counts(told.filter(is_count).select(["counted", "counts"]))
    told = told.filter(pc.invert(is_count))
    ids = _numbers(told, "customer", np.int64)
    customers = np.union1d(ids, known)
    place = np.searchsorted(customers, ids)

    def column(name: str, kind: Any, otherwise: Any = 0) -> NDArray[Any]:
        whole = np.full(len(customers), otherwise, dtype=kind)
        whole[place] = _numbers(told, name, kind)
        return whole

    found = {}
    for k, day in enumerate(work.days):
        own = {
            name: column(f"{name}_{k}", kind, NEVER if name in ("first_day", "last_day") else 0)
            for name, kind in OF_OCCASIONS.items()
        }
        span = max(0, day - work.since + 1)
        histograms = [
            sum(counts.get(f"{name}_{k}", []), np.zeros(span, np.int64))
            for name in ("by_day", "by_gap")
        ]
        found[day] = Occasions(
            **own, since=work.since, repeats_by_day=histograms[0], repeats_by_gap=histograms[1]
        )
    sums = {name: column(name, kind) for name, kind in OF_REALISED.items()}
    margin = own_margin(sums["revenue"], sums["cost_of_goods"], work.plan.margin_rate)
    lines = sum(counts.get("lines", []), np.zeros(2, np.int64))
    return Gathered(
        plan=work.plan,
        customers=customers,
        measures=measures_of(otherwise, customers),
        segments=segments_of(otherwise, customers),
        later=int(lines[1]),
        line_count=int(lines[0]),
        found=found,
        past=Realised(**sums, margin_rate=margin),
        trend=column("trend", np.float64, np.nan),
        before=column("spent_before", np.float64),
        prospects=prospects_of(otherwise.prospects, customers),
        active=Activity.together([_activity(own) for own in counts.get("activity", [])]),
    )


def _numbers(table: pa.Table, name: str, kind: Any) -> NDArray[Any]:
    return np.asarray(table.column(name).to_numpy(), dtype=kind)


def _counts(told: pa.Table) -> dict[str, list[NDArray[np.int64]]]:
    found: dict[str, list[NDArray[np.int64]]] = {}
    for name, counts in zip(told.column("counted"), told.column("counts"), strict=True):
        own = np.asarray(counts.values.to_numpy(zero_copy_only=False), dtype=np.int64)
        found.setdefault(name.as_py(), []).append(own)
    return found


def _activity(counts: NDArray[np.int64]) -> Activity:
    low, width = int(counts[0]), int(counts[1])
    sizes, active = counts[2 : 2 + width], counts[2 + width :]
    return Activity(low, active.reshape(width, width), sizes)
