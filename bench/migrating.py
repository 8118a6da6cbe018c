"""The migrations of this release on a grown company, while sixteen people go on reading and writing.

A company of the previous release (the dump of the upgrade test) is grown by SQL; then it is brought up to date.
Meanwhile each client reads and changes customers, orders, contacts and entries of the log by their numbers,
and a watcher looks every few milliseconds who holds a table so that nobody else may read it (ACCESS EXCLUSIVE).
Held to: no table that grows is held longer than two seconds, and no statement fails. How long writes waited for
the making of indexes is told beside it.

    ./kezhi bench migrating [--lines 1000000] [--clients 16] [--release 2026-11-21]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import psycopg
from previous_release import RELEASES, bring_back

MOST_HELD_S = 2.0
# Table → how many rows for each order line, and what must differ from row to row.
GROWN: dict[str, tuple[float, dict[str, str]]] = {
    "customers_customer": (0.1, {"code": "'M-' || g"}),
    "customers_contact": (0.1, {}),
    "customers_interaction": (0.2, {}),
    "ledger_order": (0.5, {"number": "'M-' || g"}),
    "ledger_orderline": (1.0, {"line_key": "md5('M' || g)"}),
    "audit_entry": (0.3, {"key": "gen_random_uuid()", "deed_key": "gen_random_uuid()::text"}),
    "audit_change": (1.0, {}),
}
CHANGES = {
    "customers_customer": "UPDATE {} SET version = version + 1 WHERE id = %s",
    "customers_contact": "UPDATE {} SET version = version + 1 WHERE id = %s",
    "ledger_order": "UPDATE {} SET version = version + 1 WHERE id = %s",
}
HELD = (
    "SELECT c.relname FROM pg_locks l JOIN pg_class c ON c.oid = l.relation"
    " WHERE l.mode = 'AccessExclusiveLock' AND l.granted AND c.relkind = 'r'"
    " AND c.relnamespace = 'public'::regnamespace"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--release", default=max(path.stem for path in RELEASES.glob("*.dump")))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kezhi-migrating-") as name:
        report = brought_up_to_date(Path(name), arguments)
    print(json.dumps(report, indent=1))
    if not report["holds"]:
        raise SystemExit(1)


def brought_up_to_date(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    from kezhi.cli.launch.postgres import EmbeddedPostgres

    folder.chmod(0o755)
    with EmbeddedPostgres(folder / "data") as addresses:
        bring_back(addresses.owner, arguments.release)
        rows = grown(addresses.superuser, arguments.lines)
        over, told = threading.Event(), Told()
        threads = [
            threading.Thread(target=work, args=(number, addresses.owner, rows, told, over))
            for number in range(arguments.clients)
        ]
        threads.append(threading.Thread(target=watch, args=(addresses.superuser, told, over)))
        for thread in threads:
            thread.start()
        time.sleep(3)
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "django", "migrate", "--verbosity=0",
             "--no-input"],
            env=os.environ
            | {
                "DATABASE_URL": addresses.owner,
                "KEZHI_DATA": str(folder),
                "KEZHI_SECRET_KEY": "only-for-the-bench",
                "DJANGO_SETTINGS_MODULE": "kezhi.settings",
            },
        )  # fmt: skip
        seconds = round(time.monotonic() - began, 1)
        over.set()
        for thread in threads:
            thread.join(60)
    held = {table: round(longest, 2) for table, longest in told.held.items() if table in GROWN}
    return {
        "rows": rows,
        "migrations_s": seconds,
        "went_through": done.returncode == 0,
        "held_for_nobody_else_s": dict(sorted(held.items(), key=lambda each: -each[1])),
        "statements": told.statements,
        "longest_read_s": round(told.longest["read"], 2),
        "longest_write_s": round(told.longest["write"], 2),
        "faults": told.faults[:10],
        "load_average": os.getloadavg()[0],
        "holds": done.returncode == 0
        and max(held.values(), default=0) <= MOST_HELD_S
        and not told.faults,
    }


class Told:
    def __init__(self) -> None:
        self.held: dict[str, float] = defaultdict(float)
        self.longest: dict[str, float] = defaultdict(float)
        self.statements, self.faults = 0, list[str]()


def grown(superuser: str, lines: int) -> dict[str, int]:
    """Each table by copies of its own rows; keys that must differ are made from the number of the copy."""
    rows = {}
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")  # no copy of a copy in the log
        for table, (share, made) in GROWN.items():
            columns = [
                name
                for (name,) in connection.execute(
                    "SELECT column_name FROM information_schema.columns WHERE table_name = %s"
                    " AND column_name <> 'id' AND is_generated = 'NEVER' ORDER BY ordinal_position",
                    [table],
                )
            ]
            taken = ", ".join(made.get(name, f't."{name}"') for name in columns)
            named = ", ".join(f'"{name}"' for name in columns)
            known = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
            assert known
            if not known[0]:
                continue
            connection.execute(
                f"WITH few AS (SELECT *, row_number() OVER (ORDER BY id) AS place FROM {table})"
                f" INSERT INTO {table} ({named}) SELECT {taken} FROM generate_series(1, %s) g"
                f" JOIN few t ON t.place = 1 + g %% %s",
                [int(lines * share), known[0]],
            )
            rows[table] = int(lines * share)
        connection.execute("VACUUM ANALYZE")
    return rows


def work(
    number: int, address: str, rows: dict[str, int], told: Told, over: threading.Event
) -> None:
    dice = random.Random(number)
    # As the program asks: no plan is kept from before a column came.
    with psycopg.connect(address, autocommit=True, prepare_threshold=None) as connection:
        while not over.wait(0.02):
            table = dice.choice(list(rows))
            is_write = table in CHANGES and dice.random() < 0.5
            statement = CHANGES[table] if is_write else "SELECT * FROM {} WHERE id = %s"
            began = time.monotonic()
            try:
                connection.execute(statement.format(table), [dice.randint(1, rows[table])])
            except psycopg.Error as fault:
                told.faults.append(f"{table}: {str(fault)[:200]}")
                if connection.broken:
                    return
            took = time.monotonic() - began
            what = "write" if is_write else "read"
            told.longest[what] = max(told.longest[what], took)
            told.statements += 1


def watch(superuser: str, told: Told, over: threading.Event) -> None:
    """How long each table was held without a break, as seen from outside."""
    since: dict[str, float] = {}
    with psycopg.connect(superuser, autocommit=True) as connection:
        while not over.wait(0.005):
            held = {table for (table,) in connection.execute(HELD)}
            now = time.monotonic()
            for table in held:
                told.held[table] = max(told.held[table], now - since.setdefault(table, now))
            since = {table: at for table, at in since.items() if table in held}


if __name__ == "__main__":
    main()
