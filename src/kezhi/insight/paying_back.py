"""When customers of a source have paid for being won: costs of winning beside what they have brought since.

What customers brought by source and month of winning is worked out in the value run and kept with it; the costs
are read when the page is, so that an entry shows at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
from django.db.models import Min
from numpy.typing import NDArray

from kezhi.insight.copying import copied_rows
from kezhi.insight.facts import Ledger
from kezhi.insight.figures.basis import Basis, basis_between
from kezhi.insight.figures.keeping import store, stored
from kezhi.insight.models import Snapshot, ValueRun
from kezhi.ledger.models import AcquisitionCost
from kezhi.value.economics.acquired import PaidBack, WonMonth, paid_back, won_by_month
from kezhi.value.measure import Settings
from kezhi.value.reading import EPOCH
from kezhi.value.realised import Lines

KEY = "won-by-source"
MOST_SOURCES = 40
MOST_COHORTS = 60
"""Months of winning that are kept of a source: older customers say little of what winning costs today."""
ROWS = {
    "customer": pa.int64(),
    "first_on": pa.date32(),
    "source": pa.dictionary(pa.int32(), pa.string()),
    "realised": pa.float64(),
    "expected": pa.float64(),
}


@dataclass(frozen=True, slots=True)
class Worth:
    """Customers of a source won in a month: what they brought so far and should still bring."""

    source: str
    month: str
    realised: float
    expected: float


@dataclass(frozen=True, slots=True)
class Won:
    """Everybody won by source and month, as the run found them; `others` came from further sources."""

    months: tuple[WonMonth, ...]
    worth: tuple[Worth, ...]
    others: int


@dataclass(frozen=True, slots=True)
class Campaign:
    """What was spent on a campaign within the time looked at."""

    name: str
    cost: float


@dataclass(frozen=True, slots=True)
class SourcePayback:
    """A source: its costs, the customers won from it in the same time, and how they pay back.

    `lifetime`: what a customer of it has brought and should still bring; `ratio` of that to the cost of one
    (None without cost). `since` … `until` is the time that costs and customers have in common.
    """

    source: str
    since: date
    until: date
    cost: float
    campaigns: tuple[Campaign, ...]
    customers: int
    cost_each: float | None
    lifetime: float | None
    ratio: float | None
    paid: PaidBack


def keep_won(run: ValueRun, ledger: Ledger) -> None:
    """In the transaction that publishes the run."""
    store(basis_between(run, None), KEY, won_by_source(run, ledger))


def won_by_source(run: ValueRun, ledger: Ledger) -> Won:
    """From the run's snapshots and the facts it read."""
    rows = Snapshot.objects.filter(run=run, occasions__gt=0).order_by("customer_id")
    read = rows.values_list(
        "customer_id", "first_on", "customer__source", "realised_value", "potential_value"
    )
    table = copied_rows(read, ROWS, has_texts=True)
    if not table.num_rows:
        return Won((), (), 0)
    rules = Settings.from_json(run.value_settings.rules)
    customers = table["customer"].to_numpy()
    first = table["first_on"].cast(pa.int32()).to_numpy()
    names, of = _sources(table)
    today = (run.as_of - EPOCH).days
    money = together(margins_of(ledger, customers, rules.margin_rate), costs_of(ledger, customers))
    months = won_by_month(names, of, first, money, as_of=today)
    kept = _latest(months)
    worth = _worth(names, of, first, table, {(each.source, each.month) for each in kept})
    return Won(kept, worth, int((of < 0).sum()))


def _sources(table: pa.Table) -> tuple[list[str], NDArray[np.int64]]:
    """The sources with most customers, and each customer's place among them; −1: none or another."""
    whole = table["source"].unify_dictionaries().combine_chunks()
    column = whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole
    words = [word or "" for word in column.dictionary.to_pylist()]
    codes = column.indices.to_numpy(zero_copy_only=False)
    counts = np.bincount(codes, minlength=len(words))
    chosen = [k for k in np.argsort(-counts, kind="stable").tolist() if words[k]][:MOST_SOURCES]
    place = np.full(len(words), -1, np.int64)
    place[chosen] = np.arange(len(chosen))
    return [words[k] for k in chosen], place[codes]


def margins_of(ledger: Ledger, customers: NDArray[np.int64], margin_rate: float) -> Lines:
    """Margins of the order lines by the place of the customer among `customers`, which rise."""
    lines = ledger.facts.lines
    amount = _floats(lines, "amount")
    goods, rate = _floats(lines, "cost"), _floats(lines, "margin_rate")
    rate = np.where(np.isnan(rate), margin_rate, rate)
    return _placed(lines, np.where(np.isnan(goods), amount * rate, amount - goods), customers)


def costs_of(
    ledger: Ledger, customers: NDArray[np.int64], which: Callable[[pa.Table], Any] | None = None
) -> Lines:
    """Costs to serve likewise, as a minus; all of them, or `which` of the rows."""
    costs = ledger.facts.costs
    if costs is None or not costs.num_rows:
        return Lines(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0))
    chosen = costs if which is None else costs.filter(which(costs))
    return _placed(chosen, -_floats(chosen, "amount"), customers)


def together(*parts: Lines) -> Lines:
    """One after another."""
    return Lines(
        np.concatenate([part.codes for part in parts]),
        np.concatenate([part.days for part in parts]),
        np.concatenate([part.amounts for part in parts]),
    )


def _placed(table: pa.Table, money: NDArray[np.float64], customers: NDArray[np.int64]) -> Lines:
    ids = table["customer"].to_numpy()
    place = np.minimum(np.searchsorted(customers, ids), len(customers) - 1)
    known = customers[place] == ids
    days = table["day"].cast(pa.int32()).to_numpy()
    return Lines(place[known].astype(np.int32), days[known], money[known])


def _floats(table: pa.Table, name: str) -> NDArray[np.float64]:
    if name not in table.column_names:
        return np.full(table.num_rows, np.nan)
    return np.asarray(table[name].to_numpy(), dtype=np.float64)


def _latest(months: Sequence[WonMonth]) -> tuple[WonMonth, ...]:
    by_source: dict[str, list[WonMonth]] = {}
    for each in months:
        by_source.setdefault(each.source, []).append(each)
    return tuple(
        WonMonth(m.source, m.month, m.customers, m.watched, tuple(round(s, 2) for s in m.sums))
        for own in by_source.values()
        for m in sorted(own, key=lambda one: one.month)[-MOST_COHORTS:]
    )


def _worth(
    names: Sequence[str],
    of: NDArray[np.int64],
    first: NDArray[np.integer],
    table: pa.Table,
    kept: set[tuple[str, str]],
) -> tuple[Worth, ...]:
    month = first.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    low, width = int(month.min()), int(month.max() - month.min()) + 1
    known = of >= 0
    group = (of * width + month - low)[known]
    sums = [
        np.bincount(group, np.nan_to_num(_floats(table, name))[known], len(names) * width)
        for name in ("realised", "expected")
    ]
    found = []
    for own in np.unique(group).tolist():
        source, when = names[own // width], str(np.datetime64(low + own % width, "M"))
        if (source, when) in kept:
            realised, expected = (round(float(each[own]), 2) for each in sums)
            found.append(Worth(source, when, realised, expected))
    return tuple(found)


def won(basis: Basis) -> Won | None:
    """What the run kept; None for a run from before it did."""
    found: Won | None = stored(basis, KEY, Won)
    return found


def paybacks(basis: Basis, months: int | None, level: float = 0.8) -> tuple[SourcePayback, ...]:
    """Every source with costs or customers within so many months (None: as far as costs reach back).

    The dearest first. Sums of the whole company: who may see costs of winning, may see them.
    """
    known = won(basis)
    spent = _spent(basis, months)
    if known is None or not spent:
        return ()
    begin = min(own.since for own in spent.values())
    sources = sorted({*spent, *(each.source for each in known.months)})
    found = [
        _of_source(name, spent.get(name), known, begin, basis.as_of, level) for name in sources
    ]
    return tuple(
        sorted(
            (one for one in found if one.cost or one.customers),
            key=lambda one: (-one.cost, -one.customers, one.source),
        )
    )


@dataclass(frozen=True, slots=True)
class _Spent:
    since: date
    campaigns: tuple[Campaign, ...]

    @property
    def cost(self) -> float:
        return sum(each.cost for each in self.campaigns)


MOST_ENTRIES = 20_000


def _spent(basis: Basis, months: int | None) -> dict[str, _Spent]:
    """Costs by source within the time; of an entry that reaches beyond it, the days within."""
    rows = AcquisitionCost.objects.filter(begins_on__lte=basis.as_of).order_by("-begins_on", "id")
    first = date.min if months is None else _months_ago(basis.as_of, months)
    rows = rows.filter(ends_on__gte=first)
    campaigns: dict[str, dict[str, float]] = {}
    since: dict[str, date] = {}
    for source, campaign, begins, ends, amount in rows.values_list(
        "source", "campaign", "begins_on", "ends_on", "amount"
    )[:MOST_ENTRIES]:
        start, end = max(begins, first), min(ends, basis.as_of)
        part = ((end - start).days + 1) / ((ends - begins).days + 1)
        own = campaigns.setdefault(source, {})
        own[campaign] = own.get(campaign, 0.0) + float(amount) * part
        since[source] = min(since.get(source, start), start)
    return {
        source: _Spent(
            since[source] if months is None else first,
            tuple(
                Campaign(name, round(cost, 2))
                for name, cost in sorted(own.items(), key=lambda pair: (-pair[1], pair[0]))
            ),
        )
        for source, own in campaigns.items()
    }


def cost_of_one(basis: Basis) -> float | None:
    """What winning a customer cost in the last 12 months, whatever the source; None without costs."""
    first = _months_ago(basis.as_of, 12)
    begun = AcquisitionCost.objects.filter(begins_on__lte=basis.as_of, ends_on__gte=first)
    earliest = begun.aggregate(earliest=Min("begins_on"))["earliest"]
    if earliest is None:
        return None
    cost = sum(own.cost for own in _spent(basis, 12).values())
    since = max(first, earliest.replace(day=1))
    came = Snapshot.objects.filter(run=basis.run, occasions__gt=0, first_on__gte=since).count()
    return cost / came if came else None


def _months_ago(day: date, months: int) -> date:
    """The first of the month so many months back: customers are counted by the month they were won in."""
    index = day.year * 12 + day.month - months
    return date(index // 12, index % 12 + 1, 1)


def _of_source(
    name: str, spent: _Spent | None, known: Won, begin: date, as_of: date, level: float
) -> SourcePayback:
    # Customers are kept by the month they were won in: the whole month in which the spending began.
    since = (spent.since if spent else begin).replace(day=1)
    first = f"{since:%Y-%m}"
    own = [each for each in known.months if each.source == name and each.month >= first]
    worth = [each for each in known.worth if each.source == name and each.month >= first]
    customers = sum(each.customers for each in own)
    cost = round(spent.cost, 2) if spent else 0.0
    each = cost / customers if customers and cost else None
    lifetime = None
    if customers:
        lifetime = sum(one.realised + one.expected for one in worth) / customers
    return SourcePayback(
        source=name,
        since=since,
        until=as_of,
        cost=cost,
        campaigns=spent.campaigns if spent else (),
        customers=customers,
        cost_each=each,
        lifetime=lifetime,
        ratio=lifetime / each if lifetime is not None and each else None,
        paid=paid_back(own, each or 0.0, level=level),
    )
