"""The summary of transactions from Parquet: Kezhi, polars and DuckDB, each written by hand.

    uv run --project bench python bench/rfm_summary.py [--small | --large] [--unordered]

All three read the file, merge a customer's lines of one day into an occasion, leave the first one
out of the mean spend, and give the same columns; the results are compared. The lines are in the order
of days, as logs are, unless --unordered. 10 million transactions, with --large 50 million, and beside
them the mere decoding of the three columns. Fails where Kezhi isn't five times as fast as both, or
takes more than five times the decoding, by the clock (--unordered: where it isn't the fastest).
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kezhi.value.summary import summarise

UNTIL = date(2025, 12, 31)
ROUNDS, ROUNDS_OF_LARGE = 5, 2
LEAST_RATIO, MOST_DECODINGS = 5.0, 5.0


def write_transactions(path: Path, rows: int, ordered: bool) -> None:
    """Orders of `rows` ÷ 10 customers over three years, with some returns."""
    rng = np.random.default_rng(20_260_101)
    customers = rows // 10
    weight = rng.gamma(0.8, 1.0, customers)
    customer = rng.choice(customers, rows, p=weight / weight.sum()) + 100_001
    last = (UNTIL - date(1970, 1, 1)).days
    day = rng.integers(last - 1095, last + 1, rows).astype(np.int32)
    if ordered:
        day.sort()
    amount = np.round(rng.lognormal(3.5, 0.8, rows), 2)
    amount[rng.random(rows) < 0.03] *= -1
    table = pa.table(
        {
            "customer": customer,
            "day": pa.array(day, pa.date32()),
            "amount": amount,
            "channel": pa.array(rng.integers(0, 5, rows).astype(np.int8)),
        }
    )
    pq.write_table(table, path, row_group_size=1_000_000)


def by_kezhi(path: Path) -> pa.Table:
    return summarise(
        path, customer="customer", date="day", amount="amount", unit="week", until=UNTIL
    ).table()


def by_polars(path: Path) -> pa.Table:
    import polars as pl

    lines = pl.scan_parquet(path).filter(pl.col("day") <= UNTIL)
    purchases = lines.filter(pl.col("amount") >= 0)
    occasions = purchases.group_by("customer", "day").agg(pl.col("amount").sum().alias("spent"))
    first = pl.col("day").min()
    repeat = (pl.col("day") > first) & (pl.col("spent") > 0)
    buyers = occasions.group_by("customer").agg(
        first.alias("first_on"),
        pl.col("day").max().alias("last_on"),
        pl.len().alias("occasions"),
        pl.col("spent").filter(repeat).mean().alias("mean_spend"),
    )
    totals = lines.group_by("customer").agg(pl.col("amount").sum().alias("total"))
    week = 7.0
    days = pl.col("last_on") - pl.col("first_on")
    return (
        totals.join(buyers, on="customer", how="left")
        .with_columns(
            (pl.col("occasions") - 1).alias("repeats"),
            (days.dt.total_days() / week).alias("recency"),
            ((pl.lit(UNTIL) - pl.col("first_on")).dt.total_days() / week).alias("age"),
        )
        .sort("customer")
        .collect()
        .to_arrow()
    )


def by_duckdb(path: Path) -> pa.Table:
    import duckdb

    return (
        duckdb.connect()
        .sql(
            """
            WITH lines AS (SELECT customer, day, amount FROM read_parquet($path) WHERE day <= $until),
            occasion AS (
                SELECT customer, day, sum(amount) AS spent FROM lines WHERE amount >= 0
                GROUP BY customer, day
            ),
            entry AS (SELECT customer, min(day) AS first_on FROM occasion GROUP BY customer),
            buyer AS (
                SELECT customer, any_value(first_on) AS first_on, max(day) AS last_on,
                       count(*) AS occasions,
                       avg(spent) FILTER (day > first_on AND spent > 0) AS mean_spend
                FROM occasion JOIN entry USING (customer) GROUP BY customer
            ),
            total AS (SELECT customer, sum(amount) AS total FROM lines GROUP BY customer)
            SELECT customer, first_on, last_on, occasions, occasions - 1 AS repeats,
                   (last_on - first_on) / 7.0 AS recency, ($until::date - first_on) / 7.0 AS age,
                   mean_spend, total
            FROM total LEFT JOIN buyer USING (customer) ORDER BY customer
            """,
            params={"path": str(path), "until": UNTIL},
        )
        .to_arrow_table()
    )


def check_same(ours: pa.Table, theirs: pa.Table, name: str) -> None:
    """The same customers and figures: counts exactly, money to a millionth."""
    for column in ("customer", "occasions", "recency", "age", "mean_spend", "total"):
        one, other = (
            table.column(column).to_pandas().to_numpy(dtype=np.float64, na_value=np.nan)
            for table in (ours, theirs)
        )
        known = ~np.isnan(other) & (table_bought(theirs) if column == "occasions" else True)
        if not np.allclose(one[known], other[known], rtol=1e-6, atol=1e-6):
            raise SystemExit(f"FAILED: {name} has another {column}")


def table_bought(table: pa.Table) -> np.ndarray:
    return table.column("first_on").is_valid().to_numpy()


def seconds(work: Callable[[], pa.Table]) -> tuple[float, float, pa.Table]:
    """Wall and CPU seconds of one run, and the table."""
    before, started = time.process_time(), time.perf_counter()
    found = work()
    return time.perf_counter() - started, time.process_time() - before, found


def decode(path: Path) -> pa.Table:
    """The three columns as they are: nothing can be faster."""
    return pq.read_table(path, columns=["customer", "day", "amount"])


def main(rows: int, rounds: int, ordered: bool, judged: bool) -> int:
    peers = {"kezhi": by_kezhi, "polars": by_polars, "duckdb": by_duckdb}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "transactions.parquet"
        write_transactions(path, rows, ordered)
        figures = {}
        tables = {}
        for (
            name,
            work,
        ) in peers.items():  # the file is in memory, kernels are compiled, pools are up
            tables[name] = work(path)
        for name in ("polars", "duckdb"):
            check_same(tables["kezhi"], tables[name], name)
        tables.clear()
        for _ in range(rounds):  # by turns, so that whatever else the machine does hits all alike
            for name, work in {**peers, "decoding": decode}.items():
                wall, cpu, _ = seconds(lambda work=work: work(path))
                best = figures.get(name, (wall, cpu))
                figures[name] = min(best[0], wall), min(best[1], cpu)
    order = "in the order of days" if ordered else "in no order"
    print(f"Summary of {rows:,} transactions of {rows // 10:,} customers from Parquet, {order}")
    print(f"{'':10}{'wall s':>9}{'CPU s':>9}{'÷ kezhi (wall)':>17}{'÷ kezhi (CPU)':>16}")
    ours = figures["kezhi"]
    for name, (wall, cpu) in figures.items():
        print(f"{name:10}{wall:9.3f}{cpu:9.3f}{wall / ours[0]:17.2f}{cpu / ours[1]:16.2f}")
    if not judged:
        return 0
    least = LEAST_RATIO if ordered else 1.0
    failed = False
    for name in ("polars", "duckdb"):
        if figures[name][0] < least * ours[0]:
            print(f"FAILED: {name} isn't {least:.0f} times as slow")
            failed = True
    if ordered and ours[0] > MOST_DECODINGS * figures["decoding"][0]:
        print(f"FAILED: more than {MOST_DECODINGS:.0f} times the decoding")
        failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    in_order = "--unordered" not in sys.argv[1:]
    if "--small" in sys.argv[1:]:
        sys.exit(main(500_000, ROUNDS, in_order, judged=False))
    if "--large" in sys.argv[1:]:
        sys.exit(main(50_000_000, ROUNDS_OF_LARGE, in_order, judged=True))
    sys.exit(main(10_000_000, ROUNDS, in_order, judged=True))
