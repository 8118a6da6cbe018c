"""The dated facts as the engine reads them: one database snapshot, kept as Parquet by month.

Only months whose lines changed since the last run are read from the database again (late entries, undone
imports, corrections); the rest comes from the files. Files are a cache: they may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.conf import settings as installation
from django.db import connection

from kezhi.core.progress import Progress
from kezhi.insight.bonds import Bonds, read_bonds
from kezhi.insight.contenting import (
    MEASURE,
    RECOMMENDS,
    Contentment,
    read_contentment,
    read_recommendations,
)
from kezhi.insight.contests import read_segments
from kezhi.insight.copying import copied
from kezhi.insight.influence_rules import InfluencePolicy, influence_policy
from kezhi.insight.paying import Invoices, read_invoices, with_late_payment
from kezhi.insight.prospects import read_prospects
from kezhi.insight.serving import with_serving
from kezhi.value.measure import Facts

logger = logging.getLogger(__name__)

UNKNOWN = np.iinfo(np.int64).min
CENT = 100
TEN_THOUSANDTH = 10_000

LINES = pa.schema(
    [
        ("customer", pa.int64()),
        ("day", pa.date32()),
        ("cents", pa.int64()),
        ("cost_cents", pa.int64()),
        ("product", pa.int64()),
        ("quantity", pa.int64()),
    ]
)

# Every column that the engine's result rests on, and the row's id: two equal lines don't cancel out. By day
# first: to name the month of each line costs as much as to mix it.
FINGERPRINTS = """
    SELECT to_char(ordered_on, 'YYYY-MM') AS month, sum(lines)::bigint, bit_xor(mixed) FROM (
        SELECT ordered_on, count(*) AS lines, bit_xor(hash_record_extended(
            (id, customer_id, ordered_on, amount, cost, product_id, quantity), 0)) AS mixed
        FROM ledger_orderline WHERE ordered_on <= %s GROUP BY ordered_on) days
    GROUP BY 1 ORDER BY 1
"""
COST_FINGERPRINT = """
    SELECT count(*), coalesce(bit_xor(hash_record_extended(
        (id, customer_id, incurred_on, amount, activity), 0)), 0)
    FROM ledger_costentry WHERE incurred_on <= %s
"""
CHANGED_LINES = """
    SELECT customer_id, ordered_on - DATE '1970-01-01', (amount * 100)::bigint,
           coalesce((cost * 100)::bigint, {unknown}), coalesce(product_id, {unknown}),
           coalesce((quantity * 10000)::bigint, {unknown})
    FROM ledger_orderline
    WHERE date_trunc('month', ordered_on::timestamp) IN ({months}) AND ordered_on BETWEEN {since} AND {until}
    ORDER BY ordered_on, id
"""
COST_LINES = """
    SELECT customer_id, incurred_on - DATE '1970-01-01', (amount * 100)::bigint, activity
    FROM ledger_costentry WHERE incurred_on <= %s ORDER BY id
"""
PRODUCTS = """
    SELECT p.id, p.unit_cost::float8, c.margin_rate::float8
    FROM catalog_product p LEFT JOIN catalog_category c ON c.id = p.category_id
"""


@dataclass(frozen=True)
class Month:
    """The order lines of a calendar month and what they hash to."""

    first_on: date
    lines: int
    fingerprint: str

    @property
    def last_on(self) -> date:
        following = (self.first_on + timedelta(days=31)).replace(day=1)
        return following - timedelta(days=1)

    @property
    def file_name(self) -> str:
        return f"lines-{self.first_on:%Y-%m}-{self.fingerprint}.parquet"


@dataclass(frozen=True)
class Ledger:
    """All facts until a day, and the version of the data: equal versions mean equal facts."""

    facts: Facts
    bonds: Bonds
    influence: InfluencePolicy
    invoices: Invoices
    opinions: dict[str, Contentment]
    months: tuple[Month, ...]
    rest_version: str
    months_read: int

    @property
    def lines(self) -> int:
        return int(self.facts.lines.num_rows)

    def version(self, until: date) -> str:
        """The version of the facts dated until that day."""
        known = [each.file_name for each in self.months if each.first_on <= until]
        return _hash([*known, self.rest_version, until.isoformat()])


def read_ledger(folder: Path, until: date, progress: Progress, *, segment_by: str = "") -> Ledger:
    """Facts dated until that day, as the current transaction sees them, and what tells segments apart.

    Call it in a repeatable-read transaction, so that all parts belong to one moment.
    """
    months, raw, months_read = _lines(folder, until, progress)
    products = _products()
    costs, cost_version = _costs(until)
    lines, customers = _with_costs(raw, products), _customers()
    costs, served = with_serving(costs, lines, customers, until)
    invoices = read_invoices(customers, until)
    costs = with_late_payment(costs, invoices, until)
    opinions = {MEASURE: read_contentment(until), RECOMMENDS: read_recommendations(until)}
    segments, segment_version = read_segments(segment_by)
    prospects, prospect_version = read_prospects(until)
    facts = Facts(lines, costs, customers, segments=segments, prospects=prospects)
    bonds = read_bonds()
    policy = influence_policy()
    parts = [_table_version(products), cost_version, served, bonds.version, repr(policy)]
    # What isn't there leaves the version as it was before anybody could enter it.
    rest = _hash(
        [
            *parts,
            *filter(
                None, (segment_version, invoices.version, *(o.version for o in opinions.values()))
            ),
            prospect_version,
        ]
    )
    return Ledger(facts, bonds, policy, invoices, opinions, tuple(months), rest, months_read)


def read_bought(folder: Path, until: date, progress: Progress) -> pa.Table:
    """Who bought which product when: `customer`, `day`, `product` and `contribution`, null where no cost of
    goods is known. Lines without a product and returns are left out."""
    _months_of, raw, _months_read = _lines(folder, until, progress)
    raw = raw.filter(pc.and_(pc.is_valid(raw["product"]), pc.greater(raw["cents"], 0)))
    priced = _with_costs(raw, _products())
    by_rate = pc.multiply(priced["amount"], priced["margin_rate"])
    margin = pc.coalesce(pc.subtract(priced["amount"], priced["cost"]), by_rate)
    return pa.table(
        {
            "customer": raw["customer"],
            "day": raw["day"],
            "product": raw["product"],
            "amount": priced["amount"],
            "contribution": margin,
        }
    )


def facts_folder() -> Path:
    """Where the facts lie as files between runs."""
    return Path(installation.DATA) / "facts"


def _lines(folder: Path, until: date, progress: Progress) -> tuple[list[Month], pa.Table, int]:
    """The order lines until that day, by month, and how many months came from the database."""
    months = _months(until)
    tables = {month: _cached(folder / month.file_name, month) for month in months}
    missing = [month for month in months if tables[month] is None]
    done, total = sum(m.lines for m in months if m not in missing), sum(m.lines for m in months)
    progress(done, total)
    for _year, changed in groupby(missing, key=lambda month: month.first_on.year):
        for month, table in _read_months(list(changed), until):
            _keep(table, folder / month.file_name)
            tables[month] = table
            done += month.lines
        progress(done, total)
    _forget(folder, months)
    raw = pa.concat_tables(tables[month] for month in months) if months else LINES.empty_table()
    return months, raw, len(missing)


def _months(until: date) -> list[Month]:
    with connection.cursor() as cursor:
        cursor.execute(FINGERPRINTS, [until])
        return [
            Month(date.fromisoformat(f"{month}-01"), lines, f"{lines:x}-{mixed & (2**64 - 1):016x}")
            for month, lines, mixed in cursor.fetchall()
        ]


def _cached(path: Path, month: Month) -> pa.Table | None:
    """The file of the month, if it is whole; a damaged or foreign file counts as missing."""
    try:
        table = pq.read_table(path, memory_map=False)
    except (OSError, pa.ArrowInvalid):
        return None
    return table if table.schema.equals(LINES) and table.num_rows == month.lines else None


def _keep(table: pa.Table, path: Path) -> None:
    """Write the file of a month; where that isn't possible the next run reads the database again."""
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, draft, compression="zstd")
        draft.replace(path)
    except OSError as error:
        logger.warning("The facts of a month were not kept: %s", error)


def _forget(folder: Path, months: Iterable[Month]) -> None:
    """Remove files of months that look different by now."""
    current = {month.file_name for month in months}
    for path in folder.glob("lines-*"):
        if path.name not in current:
            with suppress(OSError):
                path.unlink()


def _read_months(months: list[Month], until: date) -> Iterator[tuple[Month, pa.Table]]:
    """The lines of some months in one scan, month by month."""
    query = CHANGED_LINES.format(
        unknown=UNKNOWN,
        months=", ".join(f"DATE '{month.first_on.isoformat()}'" for month in months),
        since=f"DATE '{months[0].first_on.isoformat()}'",
        until=f"DATE '{min(until, months[-1].last_on).isoformat()}'",
    )
    rows = copied(query, ("i8", "i4", "i8", "i8", "i8", "i8"))
    whole = pa.table(
        [
            pa.array(rows["f0"]),
            pa.array(rows["f1"]).cast(pa.date32()),
            pa.array(rows["f2"]),
            *(pa.array(rows[name], mask=rows[name] == UNKNOWN) for name in ("f3", "f4", "f5")),
        ],
        schema=LINES,
    )
    first = 0
    for month in months:
        yield month, whole.slice(first, month.lines)
        first += month.lines


def _products() -> pa.Table:
    with connection.cursor() as cursor:
        cursor.execute(PRODUCTS)
        rows = cursor.fetchall()
    identities, costs, margins = zip(*rows, strict=True) if rows else ((), (), ())
    return pa.table(
        {
            "product": pa.array(identities, pa.int64()),
            "unit_cost": pa.array(costs, pa.float64()),
            "margin_rate": pa.array(margins, pa.float64()),
        }
    )


def _with_costs(lines: pa.Table, products: pa.Table) -> pa.Table:
    """The engine's lines: cost of goods from the line, else from the product's unit cost.

    A line without either gets its category's margin rate where there is one; the engine takes the company's
    rate for the rest and marks the customer's realised value as an estimate.
    """
    place = pc.index_in(lines["product"], value_set=products["product"].combine_chunks())
    unit_cost = pc.take(products["unit_cost"].combine_chunks(), place)
    margin_rate = pc.take(products["margin_rate"].combine_chunks(), place)
    amount = pc.divide(pc.cast(lines["cents"], pa.float64()), float(CENT))
    stated = pc.divide(pc.cast(lines["cost_cents"], pa.float64()), float(CENT))
    quantity = pc.divide(pc.cast(lines["quantity"], pa.float64()), float(TEN_THOUSANDTH))
    # A return may come with a positive quantity: the cost has the sign of the amount.
    by_unit = pc.multiply(pc.multiply(pc.abs(quantity), unit_cost), pc.sign(amount))
    return pa.table(
        {
            "customer": lines["customer"],
            "day": lines["day"],
            "amount": amount,
            "cost": pc.coalesce(stated, by_unit),
            "margin_rate": margin_rate,
        }
    )


def _costs(until: date) -> tuple[pa.Table, str]:
    with connection.cursor() as cursor:
        cursor.execute(COST_FINGERPRINT, [until])
        version = ":".join(str(part) for part in cursor.fetchone())
        cursor.execute(COST_LINES, [until])
        rows = cursor.fetchall()
    customers, days, cents, kinds = zip(*rows, strict=True) if rows else ((), (), (), ())
    table = pa.table(
        {
            "customer": pa.array(customers, pa.int64()),
            "day": pa.array(days, pa.int32()).cast(pa.date32()),
            "amount": pc.divide(pa.array(cents, pa.float64()), float(CENT)),
            "kind": pa.array(kinds, pa.string()),
        }
    )
    return table, version


# Suppliers, competitors and the like aren't worth nothing: they are no customers. One that buys is.
CUSTOMERS = """
    SELECT c.id FROM customers_customer c
    WHERE c.roles @> '{customer}'
       OR EXISTS (SELECT 1 FROM ledger_orderline l WHERE l.customer_id = c.id)
       OR EXISTS (SELECT 1 FROM ledger_costentry e WHERE e.customer_id = c.id)
    ORDER BY c.id
"""


def _customers() -> pa.Array:
    return pa.array(copied(CUSTOMERS, ("i8",))["f0"])


def _table_version(table: pa.Table) -> str:
    ordered = table.sort_by("product")
    return _hash([repr(ordered.to_pydict())])


def _hash(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
