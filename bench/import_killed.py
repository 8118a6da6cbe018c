"""An import is killed again and again, and still happens exactly once.

A file of customers, some of them there already, some rows faulty, is imported by a worker and taken back: so
long does it take, and so it should end. Then the same file is imported while its worker is ended with SIGKILL
at random points of that time; the next worker takes the job over, and when it has been given up (after three
workers) a person presses *Import* again. At the end every row is there once, the content is the same as without
any kill, the file of error rows holds just the faulty ones, and undoing leaves every table as it was.

    ./kezhi bench import_killed [--rows 200000] [--kills 10] [--seed N] [--database URL --data FOLDER]
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from import_customers import HEADINGS, Row, customer
from million.importing import NOW, connect, database, import_once, taken_in

WORKER = [sys.executable, "-m", "kezhi.cli", "worker", "--given-up-after", "1"]
PATIENCE = 1_800
# What work leaves behind besides records: the log, the jobs, the imports themselves.
APART = (
    "audit_", "core_jobrun", "dataio_", "django_", "procrastinate_", "workbench_searchgap",
    # What schedules write whose hour falls into the run: studies, analyses, settings at their defaults.
    "insight_", "workbench_keptanalysis",
)  # fmt: skip
CONTENT = (
    "SELECT count(*), count(DISTINCT code), sum(hashtextextended(concat_ws('|', code, name, name_key,"
    " credit_code, phone, email, city, version), 0)) FROM customers_customer WHERE code LIKE 'B%'"
)
KEYS = (
    "SELECT count(*), sum(hashtextextended(c.code || k.key || k.source, 0))"
    " FROM customers_matchkey k JOIN customers_customer c ON c.id = k.customer_id"
)


@dataclass
class Files:
    """What is there before, and what the import brings; the numbers of its faulty rows."""

    before: Path
    coming: Path
    faulty: list[int] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--database", default="", help="a migrated database to work in")
    parser.add_argument("--data", type=Path, help="its data folder")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix="kezhi-bench-") as name:
        rng = random.Random(arguments.seed)
        files = write_files(Path(name), arguments.rows, rng)
        with given(arguments.database, arguments.data or Path(name)):
            report = endure(files, arguments.rows, arguments.kills, rng)
    print(json.dumps({"seed": arguments.seed, **report}, indent=1, ensure_ascii=False))
    if not report["holds"]:
        raise SystemExit(1)


@contextmanager
def given(address: str, folder: Path) -> Iterator[None]:
    if not address:
        with database(folder):
            yield
        return
    connect(address, folder)
    yield


def write_files(folder: Path, rows: int, rng: random.Random) -> Files:
    """One customer in a hundred is there before, in another city; one row in four hundred is faulty."""
    files = Files(folder / "before.csv", folder / "coming.csv")
    good = [customer(rng, number) for number in range(rows)]
    for row in good:
        row[1] += row[
            0
        ]  # no two alike: what is compared is the import, not the search for duplicates
    _write(files.before, [[*row[:5], "先前"] for row in good[::100]])
    coming: list[Row] = []
    for number, row in enumerate(good):
        coming.append(row)
        if number % 400 == 399:
            files.faulty.append(len(coming) + 2)  # below the headings, counted from one
            coming.append([f"X{number}", f"错误客户{number}", "", "12345", "", ""])
    _write(files.coming, coming)
    return files


def _write(path: Path, rows: list[Row]) -> None:
    lines = (",".join(row) for row in [HEADINGS, *rows])
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def endure(files: Files, rows: int, kills: int, rng: random.Random) -> dict[str, Any]:
    import_once("customer", files.before)
    settle()
    before = tables()
    whole, seconds, _killed = imported_by_workers(files, 0, 0.0, rng)
    expected = content()
    undo(whole)
    undone_whole = differing(before)

    began = time.monotonic()
    batch, _last, killed = imported_by_workers(files, kills, seconds, rng)
    while (
        len(killed) < kills
    ):  # done before its worker was to be killed: the machine was busier then
        undo(batch)
        seconds *= 0.7
        batch, _last, killed = imported_by_workers(files, kills, seconds, rng)
    wall = time.monotonic() - began
    found = content()
    faulty = error_rows(batch)
    undo(batch)
    undone = differing(before)
    report = {
        "rows": rows,
        "kills": len(killed),
        "killed_at": killed,
        "uninterrupted_s": round(seconds, 1),
        "with_kills_s": round(wall, 1),
        "customers": found[0][0],
        "different_codes": found[0][1],
        "created": batch.created,
        "updated": batch.updated,
        "bad": batch.bad,
        "same_as_uninterrupted": found == expected,
        "times_in_the_audit": deeds("import.done", batch.pk),
        "error_file_right": faulty == files.faulty,
        "left_after_undo": undone,
        "left_after_undo_of_uninterrupted": undone_whole,
    }
    report["holds"] = (
        len(killed) == kills
        and found == expected
        and found[0][0] == found[0][1] == rows
        and (batch.created + batch.updated, batch.bad) == (rows, len(files.faulty))
        and report["times_in_the_audit"] == 1
        and report["error_file_right"]
        and not undone
        and not undone_whole
    )
    return report


# ---- importing and killing ----


def imported_by_workers(
    files: Files, kills: int, seconds: float, rng: random.Random
) -> tuple[Any, float, list[str]]:
    """The batch, how long its last worker took, and at which seconds and stages workers were killed."""
    from kezhi.core.actor import SYSTEM
    from kezhi.dataio.importing import queue_import

    batch = taken_in("customer", files.coming)
    run = queue_import(batch, actor=SYSTEM)
    killed: list[str] = []
    while True:
        worker = subprocess.Popen(WORKER)
        try:
            began = taken_up(run, started_before=run.started_at)
            if len(killed) == kills:
                seconds = seconds_until_done(run)
                settle(worker)
                batch.refresh_from_db()
                return batch, seconds, killed
            moment = rng.uniform(0, 0.9) * seconds
            time.sleep(max(0.0, moment - (time.monotonic() - began)))
            refreshed(run)
        finally:
            worker.kill()
            worker.wait()
        if run.state == "done":
            settle()
            batch.refresh_from_db()
            return batch, 0.0, killed
        killed.append(f"{moment:.2f} s: {run.message}")
        if len(killed) % 3 == 0:
            run = given_up_and_begun_again(batch, run)


def taken_up(run: Any, started_before: Any) -> float:
    """Wait until a worker has begun with the job."""
    until(
        lambda: refreshed(run).started_at not in (None, started_before) or run.state == "done",
        "a worker",
    )
    return time.monotonic()


def seconds_until_done(run: Any) -> float:
    until(lambda: refreshed(run).state == "done", "the import's end")
    return float((run.finished_at - run.started_at).total_seconds())


def given_up_and_begun_again(batch: Any, run: Any) -> Any:
    """Three workers died of the job: it isn't tried for ever. What a person then does: *Import* again."""
    from kezhi.core.actor import SYSTEM
    from kezhi.dataio.importing import queue_import
    from kezhi.jobs.schedules import close_abandoned

    worker = subprocess.Popen(WORKER)
    try:
        until(lambda: refreshed(run).state == "failed", "that the job is given up")
        close_abandoned(0)
        batch.refresh_from_db()
        assert batch.state == "failed", batch.state
    finally:
        worker.kill()
        worker.wait()
    return queue_import(batch, actor=SYSTEM)


def refreshed(run: Any) -> Any:
    run.refresh_from_db()
    return run


def settle(worker: subprocess.Popen[bytes] | None = None) -> None:
    """Until every other job is done, such as making the new customers findable."""
    own = worker or subprocess.Popen(WORKER)
    try:
        until(lambda: not waiting_jobs(), "the jobs that follow")
    finally:
        if worker is None:
            own.kill()
            own.wait()


def waiting_jobs() -> int:
    return int(
        ask(
            "SELECT (SELECT count(*) FROM core_jobrun WHERE state IN ('queued', 'running'))"
            " + (SELECT count(*) FROM workbench_searchgap)"
        )[0][0]
    )


def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"waited too long for {what}")
        time.sleep(0.02)


# ---- looking ----


def undo(batch: Any) -> None:
    from kezhi.core.actor import SYSTEM
    from kezhi.dataio.importing import undo_import

    undo_import(batch, actor=SYSTEM, at=NOW)
    settle()


def ask(question: str, params: list[Any] | None = None) -> list[tuple[Any, ...]]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(question, params)
        return list(cursor.fetchall())


def content() -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """All that the file brought, whatever ids and times it got."""
    return ask(CONTENT)[0], ask(KEYS)[0]


def tables() -> dict[str, tuple[int, int]]:
    """Rows and a hash of the content of every table of records, but for when a row was last written."""
    names = [
        row[0]
        for row in ask("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        if not row[0].startswith(APART)
    ]
    return {
        name: ask(
            "SELECT count(*), coalesce(sum(hashtextextended((to_jsonb(t) - 'updated_at')::text, 0)), 0)"
            f' FROM "{name}" t'
        )[0]
        for name in names
    }


def differing(before: dict[str, tuple[int, int]]) -> dict[str, str]:
    """Tables that aren't as they were, with their rows then and now."""
    return {
        name: f"{before[name][0]} → {now[0]} rows"
        for name, now in tables().items()
        if now != before[name]
    }


def error_rows(batch: Any) -> list[int]:
    """The row numbers in the file of error rows."""
    from kezhi.dataio.correcting import bad_rows

    return [int(row[0]) for row in list(bad_rows(batch))[1:]]


def deeds(name: str, batch: int) -> int:
    from kezhi.audit.models import Entry

    return Entry.objects.filter(deed=name, subject_id=batch).count()


if __name__ == "__main__":
    main()
