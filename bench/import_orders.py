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
import itertools
import json
import os
import random
import resource
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psutil

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


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def cpu_seconds(server: int) -> dict[str, float]:
    """Processor time so far; on a busy machine it tells more than the clock."""
    own = psutil.Process().cpu_times()
    theirs = [child.cpu_times() for child in psutil.Process(server).children()]
    return {
        "process": own.user + own.system,
        "postgres": sum(times.user + times.system for times in theirs),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kezhi-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        path = folder / "orders.csv"
        write_orders(path, arguments.rows)
        print(json.dumps(measure(folder, path, arguments.rows), indent=2, ensure_ascii=False))


def measure(folder: Path, path: Path, rows: int) -> dict[str, object]:
    from kezhi.cli.launch.postgres import EmbeddedPostgres

    server = EmbeddedPostgres(folder)
    addresses = server.start()
    try:
        os.environ.update(
            DATABASE_URL=addresses.owner,
            KEZHI_DATA=str(folder / "data"),
            KEZHI_SECRET_KEY="bench",
            DJANGO_SETTINGS_MODULE="kezhi.settings",
        )
        return _measure(path, rows, server.pid or 0)
    finally:
        server.stop()


def _measure(path: Path, rows: int, server: int) -> dict[str, object]:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
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
    seconds, stages, batch = import_once(path)
    cpu = {name: round(spent - cpu[name], 1) for name, spent in cpu_seconds(server).items()}
    server_mb = max(p.memory_info().rss for p in psutil.Process(server).children()) / 2**20
    again, _, second = import_once(path)
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


def import_once(path: Path) -> tuple[float, dict[str, float], object]:
    from kezhi.core.actor import SYSTEM
    from kezhi.dataio.importing import import_rows
    from kezhi.dataio.uploading import upload

    on, at = date(2026, 11, 21), datetime(2026, 11, 21, tzinfo=UTC)
    marks: list[tuple[float, str]] = []

    def progress(done: int, total: int, message: str = "") -> None:
        if not marks or marks[-1][1] != str(message):
            marks.append((time.monotonic(), str(message)))

    began = time.monotonic()
    with path.open("rb") as file:
        batch = upload(
            "order", path.name, iter(lambda: file.read(1 << 20), b""), actor=SYSTEM, on=on
        )
    import_rows(batch, actor=SYSTEM, on=on, at=at, progress=progress)
    ended = time.monotonic()
    marks.append((ended, "end"))
    stages = {"upload": round(marks[0][0] - began, 1)}
    for (start, message), (end, _) in itertools.pairwise(marks):
        stages[message] = round(end - start, 1)
    return ended - began, stages, batch


if __name__ == "__main__":
    main()
