"""How customers pay: days late, what is overdue, and what late payment costs at the rate of capital.

Orders tell when they were due and when they were paid (`ledger.Order`). As long as no order carries a paid
date nobody records payments, and nothing is measured: else all that fell due would count as overdue.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection
from django.db.models import F, Q
from django.utils.translation import gettext as _

from kezhi.accounts.models import person
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.insight.copying import copied, copy_into
from kezhi.insight.models import CapitalRate, PaymentBehaviour, ValueRun
from kezhi.insight.serving import InvalidCost, lacking, must_rule, rate_on
from kezhi.ledger.models import Order
from kezhi.value.costs import payment
from kezhi.value.durations import DAYS_PER_YEAR
from kezhi.value.reading import EPOCH
from kezhi.value.realised import YEAR_DAYS

Array = np.ndarray[Any, Any]

LATE_PAYMENT = "late_payment"
"""What the cost is called among the kinds of cost to serve."""
MEASURE = "payment_behaviour"
"""What the index tree calls the share of the money due that was paid on time."""
OPEN = np.iinfo(np.int32).max
LATEST = 20

# A year of due dates at a time: a large company's orders needn't lie in memory twice.
DUE = """
    SELECT customer_id, due_on - DATE '1970-01-01', coalesce(paid_on - DATE '1970-01-01', {open}),
           (amount * 100)::bigint
    FROM ledger_order
    WHERE due_on >= DATE '{first}' AND due_on <= DATE '{last}' AND ordered_on <= DATE '{until}' AND amount > 0
"""
ENDS = """
    SELECT min(due_on), max(due_on) FROM ledger_order WHERE due_on IS NOT NULL AND due_on <= %s
"""


@audited("capital_rate.published")
def publish_capital_rate(
    rate: Decimal | None, *, actor: Actor, on: date, since_on: date | None, reason: str
) -> CapitalRate:
    """What capital costs a year from `since_on` on, as a fraction; 0 ends it. Published again for the same
    day, it is replaced."""
    must_rule(actor)
    errors = {}
    if rate is None or not rate.is_finite() or not 0 <= rate <= 1:
        errors["rate"] = _("Enter a rate between 0 and 100 percent a year.")
    errors |= lacking(since_on, reason)
    if errors or rate is None or since_on is None:
        raise InvalidCost(errors)
    rate = round(rate, 4)
    note(rate=str(rate), since_on=since_on.isoformat())
    return CapitalRate.objects.create(
        rate=rate, since_on=since_on, reason=reason.strip()[:300], published_by=person(actor)
    )


def capital_rates() -> list[CapitalRate]:
    """The versions by day, a replaced one left out."""
    held = {each.since_on: each for each in CapitalRate.objects.order_by("since_on", "pk")}
    return list(held.values())


def capital_rate_on(day: date) -> CapitalRate | None:
    """The version that holds on a day; None before the first."""
    return rate_on(capital_rates(), day)


@dataclass(frozen=True, slots=True)
class Invoices:
    """What fell due until a day: place of the customer in `customers`, day due, day paid (NaN: open), amount.

    `rates` are the days from which a rate of capital holds, and the rate.
    """

    customers: Array
    codes: Array
    due: Array
    paid: Array
    amounts: Array
    rates: tuple[tuple[int, float], ...]

    def __bool__(self) -> bool:
        return bool(len(self.codes))

    @property
    def version(self) -> str:
        """What the measures rest on as a text; empty where nothing is measured."""
        if not self:
            return ""
        mixed = np.zeros(len(self.codes), np.uint64)
        for column in (self.customers[self.codes], self.due, np.nan_to_num(self.paid, nan=OPEN)):
            mixed = _stirred(mixed ^ column.astype(np.int64).view(np.uint64))
        mixed = _stirred(mixed ^ self.amounts.view(np.uint64))
        return f"{len(self.codes)}:{int(mixed.sum(dtype=np.uint64)):016x}:{self.rates}"


def _stirred(mixed: Array) -> Array:
    """The bits of 64-bit numbers mixed (the finaliser of SplitMix64), so that their sum tells sets apart."""
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))


def read_invoices(customers: pa.Array, until: date) -> Invoices:
    """The orders of these customers with a due date until that day, as the current transaction sees them."""
    known = np.asarray(customers.to_numpy(zero_copy_only=False), dtype=np.int64)
    columns: list[list[Array]] = [[], [], [], []]
    for rows in _due(until) if Order.objects.filter(paid_on__isnull=False).exists() else ():
        place = np.searchsorted(known, rows["f0"])
        ours = place < len(known)
        ours[ours] = known[place[ours]] == rows["f0"][ours]
        paid = np.where(rows["f2"] == OPEN, np.nan, rows["f2"])
        read: list[Array] = [place.astype(np.int32), rows["f1"], paid, rows["f3"] / 100.0]
        for column, values in zip(columns, read, strict=True):
            column.append(values[ours])
    codes, due, paid, amounts = (
        np.concatenate(column) if column else np.zeros(0, kind)
        for column, kind in zip(columns, (np.int32, np.int32, np.float64, np.float64), strict=True)
    )
    rates = tuple(((each.since_on - EPOCH).days, float(each.rate)) for each in capital_rates())
    return Invoices(known, codes, due, paid, amounts, rates)


def _due(until: date) -> Iterator[dict[str, Array]]:
    with connection.cursor() as cursor:
        cursor.execute(ENDS, [until])
        earliest, latest = cursor.fetchone()
    if earliest is None:
        return
    for year in range(earliest.year, latest.year + 1):
        last = min(date(year, 12, 31), until)
        query = DUE.format(open=OPEN, first=date(year, 1, 1), last=last, until=until)
        yield copied(query, ("i8", "i4", "i4", "i8"))


def with_late_payment(costs: pa.Table, invoices: Invoices, until: date) -> pa.Table:
    """The costs to serve with what late payment cost, dated by month, until that day."""
    if not invoices or not invoices.rates:
        return costs
    found = payment.late_payment_costs(
        invoices.codes,
        invoices.due,
        invoices.paid,
        invoices.amounts,
        rates=invoices.rates,
        as_of=(until - EPOCH).days,
    )
    if not len(found.codes):
        return costs
    late = pa.table(
        {
            "customer": pa.array(invoices.customers[found.codes], pa.int64()),
            "day": pa.array(found.days, pa.int32()).cast(pa.date32()),
            "amount": pa.array(found.amounts, pa.float64()),
            "kind": pa.repeat(pa.scalar(LATE_PAYMENT), len(found.codes)),
        }
    )
    return pa.concat_tables([costs.select(late.column_names), late])


def with_behaviour(measures: pa.Table | None, invoices: Invoices, day: date) -> pa.Table | None:
    """Measures of the index tree with the share of the money due until that day that was paid on time."""
    if not invoices:
        return measures
    share = _behaviour(invoices, day).share_on_time
    if not np.isfinite(share).any():
        return measures
    own = pa.array(share, mask=np.isnan(share))
    if measures is None:
        return pa.table({"customer": pa.array(invoices.customers), MEASURE: own})
    place = np.searchsorted(invoices.customers, measures["customer"].to_numpy())
    return measures.append_column(MEASURE, own.take(pa.array(place)))


def _behaviour(invoices: Invoices, day: date) -> payment.PaymentBehaviour:
    return payment.payment_behaviour(
        invoices.codes,
        invoices.due,
        invoices.paid,
        invoices.amounts,
        capital_rate=0.0,
        as_of=(day - EPOCH).days,
        customers=len(invoices.customers),
    )


def keep_behaviour(run: ValueRun, invoices: Invoices, costs: pa.Table | None) -> int:
    """Write how everybody paid until the run; returns how many. Replaces what the run before said."""
    PaymentBehaviour.objects.all().delete()
    if not invoices:
        return 0
    found = _behaviour(invoices, run.as_of)
    asked = np.flatnonzero(found.invoices)
    last = (run.as_of - EPOCH).days
    ever, year = np.zeros(len(invoices.customers)), np.zeros(len(invoices.customers))
    if costs is not None:
        own = costs.filter(pc.equal(costs["kind"], LATE_PAYMENT))
        place = np.searchsorted(invoices.customers, own["customer"].to_numpy())
        days, amounts = own["day"].cast(pa.int32()).to_numpy(), own["amount"].to_numpy()
        lately = days > last - YEAR_DAYS
        ever += np.bincount(place, amounts, len(ever))
        year += np.bincount(place[lately], amounts[lately], len(year))
    copy_into(
        "insight_paymentbehaviour",
        pa.table(
            {
                "customer_id": invoices.customers[asked],
                "orders": found.invoices[asked],
                "late_orders": found.late[asked],
                "mean_days_late": np.round(found.mean_days_late[asked], 2),
                "share_on_time": np.round(found.share_on_time[asked], 6),
                "overdue": np.round(found.overdue[asked], 2),
                "overdue_orders": found.open[asked],
                "cost": np.round(ever[asked], 2),
                "cost_12m": np.round(year[asked], 2),
            }
        ),
    )
    return len(asked)


@dataclass(frozen=True, slots=True)
class LateOrder:
    """An order that was paid late or, on the day asked, is open after its due date; what that cost."""

    order: Order
    days: int
    is_open: bool
    cost: float


def late_orders(
    actor: Actor, customer_id: int, as_of: date, limit: int = LATEST
) -> list[LateOrder]:
    """The latest of a customer, as a run of that day counts them."""
    is_late = Q(paid_on__isnull=True) | Q(paid_on__gt=F("due_on"))
    rows = Order.objects.visible_to(actor).filter(
        is_late, customer_id=customer_id, due_on__lt=as_of, amount__gt=0, ordered_on__lte=as_of
    )
    found = list(rows.order_by("-ordered_on", "-pk")[:limit])
    rates = tuple(((each.since_on - EPOCH).days, float(each.rate)) for each in capital_rates())
    closed = [each.paid_on is not None and each.paid_on <= as_of for each in found]
    dated = payment.late_payment_costs(
        np.arange(len(found)),
        [(each.due_on - EPOCH).days for each in found],
        [(each.paid_on - EPOCH).days if each.paid_on else np.nan for each in found],
        [float(each.amount) for each in found],
        rates=rates,
        as_of=(as_of - EPOCH).days,
    )
    costs = np.bincount(dated.codes, dated.amounts, len(found))
    return [
        LateOrder(
            order=each,
            days=((each.paid_on if is_closed else as_of) - each.due_on).days,
            is_open=not is_closed,
            cost=float(cost),
        )
        for each, is_closed, cost in zip(found, closed, costs, strict=True)
    ]


def cost_of_a_day(amount: Decimal, rate: Decimal) -> float:
    """What an amount costs that is a day late."""
    return float(amount) * float(rate) / DAYS_PER_YEAR
