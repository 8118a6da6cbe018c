"""How fast a million order lines come in, and how much memory the importing process takes.

A file of orders as an ERP exports it (Chinese headings, dates as 2025/1/3, customers and products by code and
name) goes through the import as the command and the browser run it: read, understood, checked against what is
there, written with orders, lines, customers, products and the rows that undoing needs, all in one transaction,
on an embedded PostgreSQL with the product's own settings. Then the same file again, which must change nothing.

The limit named beside it: plain `COPY` of the same file into a bare table of text columns, no keys, nothing
checked. Promised: >= 50,000 rows/s, <= 600 MB for the process (PostgreSQL's own memory is shown apart).

    ./kezhi bench import_orders [--rows 1000000]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import psutil
from million.importing import cpu_seconds, database, import_once, peak_megabytes

ROWS_PER_SECOND, MEGABYTES = 50_000, 600
HEADINGS = "订单号,客户编号,客户名称,订单日期,产品编号,产品名称,数量,单价,金额,渠道"


def write_orders(path: Path, rows: int) -> None:
    rng = random.Random(20261121)
    first, customers, products = date(2023, 11, 1), max(1, rows // 20), 3_000
    prices = [rng.randrange(500, 90_000) / 100 for _ in range(products)]
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADINGS + "\n")
        order, left = 0, 0
        for _ in range(rows):
            if not left:
                order, left = order + 1, rng.randint(1, 6)
                who = int(customers * rng.random() ** 2)
                day = first + timedelta(days=rng.randrange(1_100))
                head = (
                    f"SO{order:08d},C{who:06d},客户有限公司{who},{day.year}/{day.month}/{day.day}"
                )
            left -= 1
            what, quantity = rng.randrange(products), rng.randint(1, 40)
            amount = quantity * prices[what] * (-1 if rng.random() < 0.03 else 1)
            file.write(
                f"{head},P{what:05d},产品{what},{quantity},{prices[what]:.2f},{amount:.2f},经销\n"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kezhi-bench-") as name:
        path = Path(name) / "orders.csv"
        write_orders(path, arguments.rows)
        with database(Path(name)) as server:
            report = measure(path, arguments.rows, server)
        print(json.dumps(report, indent=2, ensure_ascii=False))


def measure(path: Path, rows: int, server: int) -> dict[str, object]:
    from django.db import connection

    columns = ", ".join(f"c{i} text" for i in range(HEADINGS.count(",") + 1))
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE bare ({columns})")
        began = time.monotonic()
        with (
            cursor.copy("COPY bare FROM STDIN (FORMAT csv, HEADER)") as copy,
            path.open("rb") as file,
        ):
            while block := file.read(1 << 20):
                copy.write(block)
        bare = time.monotonic() - began
        cursor.execute("DROP TABLE bare")
    cpu = cpu_seconds(server)
    seconds, stages, batch = import_once("order", path)
    cpu = {name: round(spent - cpu[name], 1) for name, spent in cpu_seconds(server).items()}
    server_mb = max(p.memory_info().rss for p in psutil.Process(server).children()) / 2**20
    again, _, second = import_once("order", path)
    assert (batch.created, batch.bad) == (rows, 0), batch.causes
    assert (second.created, second.updated, second.unchanged) == (0, 0, rows)
    peak = peak_megabytes()
    return {
        "rows": rows,
        "file_mb": round(path.stat().st_size / 2**20, 1),
        "import_s": round(seconds, 1),
        "rows_per_s": round(rows / seconds),
        "stages_s": stages,
        "cpu_s": cpu,
        "load_average": os.getloadavg()[0],
        "bare_copy_s": round(bare, 2),
        "times_bare_copy": round(seconds / bare, 1),
        "same_file_again_s": round(again, 1),
        "created": {"lines": batch.created, **batch.details},
        "peak_process_mb": round(peak),
        "largest_postgres_process_mb": round(server_mb),
        "promised": {"rows_per_s": ROWS_PER_SECOND, "peak_process_mb": MEGABYTES},
        "holds": rows / seconds >= ROWS_PER_SECOND and peak <= MEGABYTES,
    }


if __name__ == "__main__":
    main()
