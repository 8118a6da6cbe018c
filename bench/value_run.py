"""A whole value run in the product: from the facts in the database to the published snapshot.

A company whose customers buy as MBG/NBD and Gamma-Gamma say, ten orders each over three years, on an
embedded PostgreSQL with the product's own settings. The run is the one that people start: it reads the
ledger, chooses and fits the models, writes a snapshot per customer, and publishes. Then the same a week
later with another week of orders, which reads the changed months only.

    ./kezhi bench value_run [--customers 1000000] [--folder KEPT] [--profile]

Promised for 1 million customers and 10 million orders: at most 60 seconds until the snapshot is published,
and 4 GB resident in the process that carries it out (PostgreSQL's own memory is shown apart).
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from million.importing import connect, cpu_seconds, peak_megabytes

SECONDS, MEGABYTES = 60.0, 4096.0
ORDERS_EACH, PRODUCTS = 10, 400
FIRST, TODAY = date(2023, 11, 20), date(2026, 11, 22)
BEFORE = TODAY - timedelta(days=7)

CUSTOMERS = """
    INSERT INTO customers_customer (id, code, name, name_key, form, credit_code, tax_id, phone, email, wechat,
        website, industry, region, city, address, source, remark, version, created_at, updated_at)
    SELECT g, 'C-' || lpad(g::text, 7, '0'), '客户' || g, 'ke hu ' || g, 'company', '', '', '', '', '',
        '', '茶业', '', '合肥', '', '', '', 1, now(), now()
    FROM generate_series(1::bigint, %s) g
"""
STANDINGS = """
    INSERT INTO customers_standing (customer_id, {columns})
    SELECT c.id, {columns_of_s} FROM customers_customer c JOIN customers_standing s ON s.customer_id = 1
    WHERE c.id > 1
"""
AFTER = "what the pages need is prepared"
BOUGHT = """
    CREATE UNLOGGED TABLE bench_bought
        (number bigint, customer_id bigint, ordered_on date, amount numeric)
"""
ORDERS = """
    INSERT INTO ledger_order (id, number, customer_id, ordered_on, channel, currency, amount, lines_count,
        remark, owner_id, team_id, department_id, version, created_at)
    SELECT b.number, 'SO' || lpad(b.number::text, 9, '0'), b.customer_id, b.ordered_on, '经销', 'CNY', b.amount,
        1, '', c.owner_id, c.team_id, c.department_id, 1, now()
    FROM bench_bought b JOIN customers_customer c ON c.id = b.customer_id ORDER BY b.number
"""
LINES = """
    INSERT INTO ledger_orderline (order_id, line_key, customer_id, product_id, ordered_on, quantity, amount)
    SELECT b.number, '1', b.customer_id, p.id, b.ordered_on, 1, b.amount
    FROM bench_bought b JOIN bench_products p ON p.place = b.number * 7 % {products} ORDER BY b.number
"""
PLACES = """
    CREATE UNLOGGED TABLE bench_products AS
    SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM catalog_product
"""


def bought(customers: int) -> Any:
    """Orders as a table of the database: about `ORDERS_EACH` of each customer, in the order of days."""
    import pyarrow as pa

    from kezhi.value.datasets.simulated import simulate
    from kezhi.value.potential.gamma_gamma import GammaGamma
    from kezhi.value.potential.mbg_nbd import MBGNBD

    made = simulate(
        MBGNBD(1.2, 5.0, 0.5, 6.0),
        GammaGamma(6.25, 3.74, 1500.0),
        customers=customers,
        first=FIRST,
        joining_days=900,
        until=TODAY,
        rng=np.random.default_rng(20_260_101),
    )
    rows = len(made.day)
    chosen = np.ones(rows, dtype=bool)
    surplus = rows - ORDERS_EACH * customers
    if surplus > 0:
        chosen[np.random.default_rng(1).choice(rows, surplus, replace=False)] = False
    return pa.table(
        {
            "number": np.arange(1, chosen.sum() + 1),
            "customer_id": made.customer[chosen] + 1,
            "ordered_on": pa.array(made.day[chosen]).cast(pa.date32()),
            "amount": made.amount[chosen],
        }
    )


def fill(customers: int) -> None:
    """The company in the migrated database that Django is connected to."""
    from django.db import connection

    from kezhi.accounts.models import Company
    from kezhi.catalog.models import Category, Product
    from kezhi.customers.models import Standing
    from kezhi.insight.copying import copy_into

    Company.objects.create(name="百万客户", currency="CNY", time_zone="Asia/Shanghai")
    category = Category.objects.create(name="茶", margin_rate="0.35")
    Product.objects.bulk_create(
        Product(
            code=f"P{n:04d}",
            name=f"茶 {n}",
            name_key=f"cha {n}",
            category=category,
            unit_cost=str(200 + n) if n % 2 else None,
        )
        for n in range(PRODUCTS)
    )
    with connection.cursor() as cursor:
        # Rows as an import writes them, but nobody is told of each.
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SET synchronous_commit = off")
        cursor.execute("SET maintenance_work_mem = '512MB'")
        cursor.execute(CUSTOMERS, [customers])
        Standing.objects.create(customer_id=1)
        names = [each.column for each in Standing._meta.concrete_fields if not each.primary_key]
        columns, of_s = ", ".join(names), ", ".join(f"s.{name}" for name in names)
        cursor.execute(STANDINGS.format(columns=columns, columns_of_s=of_s))
        for statement in (BOUGHT, PLACES):
            cursor.execute(statement)
        copy_into("bench_bought", bought(customers))
        cursor.execute(ORDERS)
        cursor.execute(LINES.format(products=PRODUCTS))
        cursor.execute("DROP TABLE bench_bought, bench_products")
        cursor.execute("VACUUM ANALYZE")


def run_once(on: date, server: int, *, profiled: bool = False) -> dict[str, Any]:
    """A run until that day: seconds by stage, until it is published, CPU seconds, megabytes."""
    from kezhi.core.actor import SYSTEM
    from kezhi.insight import measuring

    marks: list[tuple[str, float, dict[str, float]]] = []
    told: set[str] = set()

    def progress(done: int, total: int, message: str = "") -> None:
        mark(str(message))

    def mark(name: str) -> None:
        if name not in told:
            told.add(name)
            marks.append((name, time.monotonic(), cpu_seconds(server)))

    def publish(*given: Any, **named: Any) -> None:
        published(*given, **named)
        mark(AFTER)

    published, measuring.publish_value_run = measuring.publish_value_run, publish
    before = cpu_seconds(server)
    began = time.monotonic()
    run = measuring.begin_value_run(actor=SYSTEM, on=on, as_of=on, backfill_months=0)
    work = measuring.run_value
    if profiled:
        import cProfile

        profile = cProfile.Profile()
        work = lambda *given: profile.runcall(measuring.run_value, *given)  # noqa: E731
    run = work(run.pk, progress)
    ended = time.monotonic()
    after = cpu_seconds(server)
    if profiled:
        import pstats

        pstats.Stats(profile, stream=sys.stderr).sort_stats("cumtime").print_stats(70)
        pstats.Stats(profile, stream=sys.stderr).sort_stats("tottime").print_stats(40)
    marks.append(("", ended, after))
    stages = {}
    for (name, start, spent), (_, end, then) in itertools.pairwise(marks):
        stages[name] = {"seconds": round(end - start, 1)} | {
            who: round(then[who] - spent[who], 1) for who in then
        }
    return {
        "as_of": on.isoformat(),
        "customers": run.customers,
        "lines": run.lines,
        "model": run.chosen_model,
        "seconds until the snapshot is written": run.seconds,
        "seconds until published": round(
            next(when for name, when, _ in marks if name == AFTER) - began, 1
        ),
        "seconds with the pages prepared": round(ended - began, 1),
        "stages, and CPU seconds of each": stages,
        "cpu seconds": {name: round(after[name] - before[name], 1) for name in after},
        "megabytes": round(peak_megabytes()),
    }


def child(step: str, arguments: argparse.Namespace, address: str, data: Path, server: int) -> str:
    """A step in a process of its own, so that its memory is its own."""
    command = [sys.executable, __file__, "--step", step, "--customers", str(arguments.customers)]
    command += ["--server", str(server), *(["--profile"] if arguments.profile else [])]
    environment = os.environ | {"DATABASE_URL": address, "KEZHI_DATA": str(data)}
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


def measure(folder: Path, arguments: argparse.Namespace) -> int:
    from kezhi.cli.launch.postgres import EmbeddedPostgres

    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    server = EmbeddedPostgres(folder)
    addresses = server.start()
    try:
        mark, data = folder / f"bought-{arguments.customers}", folder / "data"
        child("migrate", arguments, addresses.owner, data, server.pid or 0)
        if not mark.exists():
            child("fill", arguments, addresses.superuser, data, server.pid or 0)
            mark.touch()
        told = []
        for step in (BEFORE.isoformat(), TODAY.isoformat()):
            out = child(step, arguments, addresses.owner, data, server.pid or 0)
            told.append(json.loads(out.splitlines()[-1]))
            print(json.dumps(told[-1], ensure_ascii=False, indent=1), flush=True)
        backends = psutil.Process(server.pid).children() if server.pid else []
        shared = sum(each.memory_info().rss for each in backends) / 1_048_576
        print(f"PostgreSQL beside it: {shared:.0f} MB in {len(backends)} processes")
    finally:
        server.stop()
    full = arguments.customers >= 1_000_000
    slow = [one for one in told if one["seconds until published"] > SECONDS]
    large = [one for one in told if one["megabytes"] > MEGABYTES]
    for one in slow:
        print(f"{'FAILED: ' if full else ''}more than {SECONDS:.0f} s as of {one['as_of']}")
    for one in large:
        print(f"{'FAILED: ' if full else ''}more than {MEGABYTES:.0f} MB as of {one['as_of']}")
    return 1 if full and (slow or large) else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="a folder that keeps the filled database")
    parser.add_argument("--profile", action="store_true", help="where the time goes, to stderr")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    parser.add_argument("--server", type=int, default=0, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        connect(os.environ["DATABASE_URL"], Path(os.environ["KEZHI_DATA"]))
        if arguments.step == "migrate":
            from django.core.management import call_command

            call_command("migrate", verbosity=0)
        elif arguments.step == "fill":
            fill(arguments.customers)
        else:
            day = date.fromisoformat(arguments.step)
            told = run_once(day, arguments.server, profiled=arguments.profile)
            print(json.dumps(told, ensure_ascii=False))
        return 0
    if arguments.folder:
        return measure(arguments.folder, arguments)
    with tempfile.TemporaryDirectory(prefix="kezhi-bench-") as name:
        return measure(Path(name), arguments)


if __name__ == "__main__":
    sys.exit(main())
