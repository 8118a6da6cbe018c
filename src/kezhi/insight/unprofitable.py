"""Customers that cost more than they bring, with the reason; and the whale curve of all."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db.models import Count, Q, Sum

from kezhi.core.actor import Actor
from kezhi.customers.models import FollowUp, Standing
from kezhi.insight.copying import copied_rows, copy_into
from kezhi.insight.facts import Ledger
from kezhi.insight.figures.basis import Basis, number
from kezhi.insight.figures.keeping import kept
from kezhi.insight.models import PaymentBehaviour, Unprofitable
from kezhi.value.costs.causes import SIMILAR, Loss, loss_of
from kezhi.value.costs.whales import whales
from kezhi.value.reading import EPOCH
from kezhi.value.realised import YEAR_DAYS

Array = np.ndarray[Any, Any]

MOST = 20_000
"""The worst of a very large company are kept, each with its reason; no list is read that far."""
GOODS = "goods"
POINTS = 100


@dataclass(frozen=True, slots=True)
class Year:
    """Per customer with a line or a cost in the 12 months: what it brought, what it cost by component."""

    customers: Array
    revenue: Array
    costs: dict[str, Array]

    @property
    def contribution(self) -> Array:
        return np.asarray(self.revenue - sum(self.costs.values()))


def year_of(ledger: Ledger, as_of: date, margin_rate: float) -> Year:
    """The last 12 months of the ledger, as the value run counts them."""
    lines, costs = (_lately(table, as_of) for table in (ledger.facts.lines, ledger.facts.costs))
    who, cost_of = (_column(table, "customer", np.int64) for table in (lines, costs))
    customers = np.unique(np.concatenate([who, cost_of]))
    size = len(customers)
    amount = _column(lines, "amount", np.float64)
    rate = _column(lines, "margin_rate", np.float64)
    own = _column(lines, "cost", np.float64)
    rate = np.where(np.isnan(rate), margin_rate, rate)
    goods = np.where(np.isnan(own), amount * (1 - rate), own)
    place = np.searchsorted(customers, who)
    components = {GOODS: np.bincount(place, goods, size)}
    spent, at = _column(costs, "amount", np.float64), np.searchsorted(customers, cost_of)
    kinds = costs["kind"].combine_chunks().dictionary_encode()
    index = kinds.indices.to_numpy(zero_copy_only=False)
    for code, kind in enumerate(kinds.dictionary.to_pylist()):
        mine = index == code
        components[kind] = np.bincount(at[mine], spent[mine], size)
    return Year(customers, np.bincount(place, amount, size), components)


def _lately(table: pa.Table | None, as_of: date) -> pa.Table:
    """Both ends as the engine takes them."""
    if table is None:
        return pa.table({name: pa.array([], kind) for name, kind in EMPTY.items()})
    day = table["day"].cast(pa.int32())
    last = (as_of - EPOCH).days
    return table.filter(pc.and_(pc.greater(day, last - YEAR_DAYS), pc.less_equal(day, last)))


EMPTY = {"customer": pa.int64(), "amount": pa.float64(), "kind": pa.string()}


def _column(table: pa.Table, name: str, kind: Any) -> Array:
    if name not in table.column_names:
        return np.full(table.num_rows, np.nan)
    return np.asarray(table[name].to_numpy(), dtype=kind)


def find_unprofitable(ledger: Ledger, as_of: date, margin_rate: float) -> pa.Table | None:
    """Who cost more than it brought in the 12 months until the day, and why; None where nobody did."""
    year = year_of(ledger, as_of, margin_rate)
    brought = year.contribution
    losing = np.flatnonzero(np.round(brought, 2) < 0)
    losing = losing[np.argsort(brought[losing], kind="stable")][:MOST]
    if not len(losing):
        return None
    ranks = np.argsort(year.revenue, kind="stable")
    ranks = ranks[year.revenue[ranks] > 0]
    ordered = year.revenue[ranks]
    found = [_loss(int(place), year, ranks, ordered) for place in losing]
    return pa.table(
        {
            "customer_id": pa.array(year.customers[losing], pa.int64()),
            "revenue": pa.array(np.round(year.revenue[losing], 2)),
            "contribution": pa.array(np.round(brought[losing], 2)),
            "costs": pa.array([_costs(year, int(place)) for place in losing], pa.string()),
            "causes": pa.array([_causes(loss) for loss in found], pa.string()),
            "similar": pa.array([loss.similar for loss in found], pa.int32()),
        }
    )


def keep_unprofitable(found: pa.Table | None) -> None:
    """Replaces what the run before said."""
    Unprofitable.objects.all().delete()
    if found is not None:
        copy_into("insight_unprofitable", found)


def _loss(place: int, year: Year, ranks: Array, ordered: Array) -> Loss:
    """Against the customers of about that revenue: the nearest lie beside it in the order of revenue."""
    at = int(np.searchsorted(ordered, year.revenue[place]))
    near = ranks[max(0, at - SIMILAR - 1) : at + SIMILAR + 2]
    mine = np.concatenate([[place], near[near != place]])
    costs = {name: cost[mine] for name, cost in year.costs.items()}
    return loss_of(0, year.revenue[mine], costs)


def _costs(year: Year, place: int) -> str:
    spent = {name: round(float(cost[place]), 2) for name, cost in year.costs.items()}
    return json.dumps({name: amount for name, amount in spent.items() if amount})


def _causes(loss: Loss) -> str:
    return json.dumps(
        [
            {
                "component": cause.component,
                "amount": round(cause.amount, 2),
                "share": round(cause.share, 4),
                "similar_share": round(cause.similar_share, 4),
                "excess": round(cause.excess, 2),
            }
            for cause in loss.causes
        ]
    )


@dataclass(frozen=True, slots=True)
class WhaleCurve:
    """Customers in falling order of what they brought, added up. `peak` above 1 is what unprofitable ones
    take back; `at_peak` the share of customers before it. `points` are (share of customers, share of total)."""

    customers: int
    profitable: int
    unprofitable: int
    created: float
    destroyed: float
    total: float
    peak: float | None
    at_peak: float | None
    points: tuple[tuple[float, float], ...]


@kept
def whale_curve(actor: Actor, basis: Basis, of: str = "year") -> WhaleCurve:
    """Of the contribution of 12 months ("year") or the realised value of all time ("all"), of who bought."""
    column = "realised_value" if of == "all" else "contribution_12m"
    rows = Standing.objects.visible_to(actor).filter(occasions__gt=0)
    known = rows.filter(**{f"{column}__isnull": False}).values_list(column)
    amounts = copied_rows(known, {"amount": pa.float64()})["amount"].to_numpy()
    found = whales(amounts)
    ranked = np.cumsum(np.sort(amounts)[::-1])
    points: tuple[tuple[float, float], ...] = ()
    if found.total > 0:
        places = np.unique(np.linspace(0, len(ranked) - 1, POINTS).round().astype(int))
        places = np.unique(np.append(places, max(found.profitable - 1, 0)))
        points = tuple(
            ((int(place) + 1) / len(ranked), float(ranked[place]) / found.total) for place in places
        )
    return WhaleCurve(
        customers=found.customers,
        profitable=found.profitable,
        unprofitable=found.unprofitable,
        created=found.created,
        destroyed=found.destroyed,
        total=found.total,
        peak=found.peak,
        at_peak=found.profitable / found.customers if found.customers else None,
        points=points,
    )


@dataclass(frozen=True, slots=True)
class CostRow:
    """A customer of the list and the follow-up that is planned with it."""

    row: Unprofitable
    planned: FollowUp | None


def unprofitable_customers(
    actor: Actor, *, after: int | None = None, limit: int = 50
) -> list[CostRow]:
    """The worst first, after the customer `after`."""
    rows = Unprofitable.objects.visible_to(actor)
    if after is not None:
        last = Unprofitable.objects.visible_to(actor).filter(pk=after).first()
        if last is not None:
            same = Q(contribution=last.contribution, customer_id__gt=after)
            rows = rows.filter(Q(contribution__gt=last.contribution) | same)
    about = rows.select_related("customer__owner", "customer__standing")
    found = list(about.order_by("contribution", "customer_id")[:limit])
    planned = FollowUp.objects.visible_to(actor).next_of(each.pk for each in found)
    return [CostRow(each, planned.get(each.pk)) for each in found]


@dataclass(frozen=True, slots=True)
class CostTotals:
    """What goods and serving cost the customers that the actor may see, over all time.

    `late_payment` is contained in `serving`; `overdue` is open by the last run, of `payers` customers whose
    orders tell how they pay.
    """

    revenue: float
    goods: float
    serving: float
    late_payment: float = 0.0
    overdue: float = 0.0
    payers: int = 0


@kept
def cost_totals(actor: Actor, basis: Basis) -> CostTotals:
    """From the snapshots of the run."""
    found = basis.run.snapshots.visible_to(actor).aggregate(  # type: ignore[attr-defined]
        revenue=Sum("total"), goods=Sum("cost_of_goods"), serving=Sum("cost_to_serve")
    )
    paid = PaymentBehaviour.objects.visible_to(actor).aggregate(
        late_payment=Sum("cost"), overdue=Sum("overdue"), payers=Count("pk")
    )
    return CostTotals(
        revenue=number(found["revenue"]) or 0.0,
        goods=number(found["goods"]) or 0.0,
        serving=number(found["serving"]) or 0.0,
        late_payment=number(paid["late_payment"]) or 0.0,
        overdue=number(paid["overdue"]) or 0.0,
        payers=paid["payers"],
    )
