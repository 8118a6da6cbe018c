"""Somebody deletes all contacts: the company goes back to the second before it.

The settings and commands are those of `docs/guides/operations.md`: a base backup and the archived log. While a
writer goes on, the base backup is made; later all contacts are deleted; a little later the machine is lost
(SIGKILL, and its folder counts no more). Then the archive alone answers twice: up to the second before the
deletion (each write acknowledged by then is there, none that began later is, all contacts are), and up to its
end (how many seconds were lost; at most five minutes).

    ./kezhi bench point_in_time [--contacts 20000] [--before 20] [--after 20] [--archive-timeout 10]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import psycopg

MOST_LOST_S = 300
COPY = "test ! -f {0}/%f && cp %p {0}/%f.new && sync {0}/%f.new && mv {0}/%f.new {0}/%f"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--contacts", type=int, default=20_000)
    parser.add_argument("--before", type=int, default=20, help="seconds of writes before it")
    parser.add_argument("--after", type=int, default=20, help="seconds of writes after it")
    parser.add_argument("--archive-timeout", type=int, default=10, help="seconds")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kezhi-moment-") as name:
        report = drill(Path(name), arguments)
    print(json.dumps(report, indent=1))
    if not report["holds"]:
        raise SystemExit(1)


def drill(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    from kezhi.cli.launch.postgres import EmbeddedPostgres

    folder.chmod(0o755)
    archive = folder / "archive"
    archive.mkdir()
    archive.chmod(0o777)  # the server's own user writes there
    server = EmbeddedPostgres(
        folder / "lost",
        settings={
            "wal_level": "replica",
            "archive_mode": "on",
            "archive_timeout": f"{arguments.archive_timeout}s",
            "archive_command": COPY.format(archive),
        },
    )
    addresses = server.start()
    writer = Writer()
    try:
        prepare(folder, addresses.owner, arguments.contacts)
        writer.start()
        base(addresses.superuser, folder / "base")
        time.sleep(arguments.before)
        moment = wrong_deletion(addresses.owner)
        time.sleep(arguments.after)
        postmaster = psutil.Process(server.pid)
        for process in (postmaster, *postmaster.children(recursive=True)):
            process.kill()
        lost_at = datetime.now(UTC)
    finally:
        writer.over.set()
        writer.join()
        server.stop()
    wrote = writer.acknowledged
    before = restored(folder, "before", archive, f"{moment:%Y-%m-%d %H:%M:%S.%f+00}")
    newest = restored(folder, "newest", archive, "")
    told = {
        "contacts": arguments.contacts,
        "writes_acknowledged": len(wrote),
        "moment_took_s": before["took_s"],
        "contacts_back": before["contacts"],
        "acknowledged_by_then_and_missing": sum(
            done <= moment and code not in before["codes"] for code, _began, done in wrote
        ),
        "begun_later_and_there": sum(
            began > moment and code in before["codes"] for code, began, _done in wrote
        ),
        "log_rows_without_their_entry": before["halves"],
        "newest_took_s": newest["took_s"],
        "archive_timeout_s": arguments.archive_timeout,
        "seconds_lost": round(
            max(
                ((lost_at - done).total_seconds() for code, _b, done in wrote if code not in newest["codes"]),
                default=0.0,
            ),
            1,
        ),
        "contacts_at_the_end": newest["contacts"],
    }  # fmt: skip
    told["holds"] = (
        told["contacts_back"] == arguments.contacts
        and not told["acknowledged_by_then_and_missing"]
        and not told["begun_later_and_there"]
        and not told["log_rows_without_their_entry"]
        and told["contacts_at_the_end"] == 0
        and told["seconds_lost"] <= MOST_LOST_S
        and len(wrote) > 0
    )
    return told


def prepare(folder: Path, address: str, contacts: int) -> None:
    os.environ.update(
        DATABASE_URL=address,
        KEZHI_DATA=str(folder / "data"),
        KEZHI_SECRET_KEY="only-for-the-bench",
        DJANGO_SETTINGS_MODULE="kezhi.settings",
    )
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from million.filling import staff

    from kezhi.core.actor import SYSTEM
    from kezhi.customers.creating import create_customer

    call_command("migrate", verbosity=0)
    today = staff()["today"]
    customer = create_customer({"name": "安徽茶业"}, actor=SYSTEM, on=today)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO customers_contact (customer_id, name, name_key, title, decision_role, phone, email,"
            " wechat, is_primary, remark, version, created_at, updated_at)"
            " SELECT %s, '联系人 ' || g, 'lian xi ren ' || g, '', '', '', '', '', false, '', 1, now(), now()"
            " FROM generate_series(1, %s) g",
            [customer.pk, contacts],
        )
    connection.close()


class Writer(threading.Thread):
    """One deed after the other; an acknowledged one is kept with the moments of its begin and end."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.over = threading.Event()
        self.acknowledged: list[tuple[str, datetime, datetime]] = []

    def run(self) -> None:
        from datetime import date

        from django.db import DatabaseError, connection

        from kezhi.core.actor import SYSTEM
        from kezhi.records import registry

        number = 0
        while not self.over.wait(0.02):
            number += 1
            code, began = f"W-{number:06d}", datetime.now(UTC)
            try:
                registry["product"].create(
                    {"code": code, "name": code}, actor=SYSTEM, on=date(2026, 11, 22)
                )
            except DatabaseError:
                break
            self.acknowledged.append((code, began, datetime.now(UTC)))
        connection.close()


def base(superuser: str, folder: Path) -> None:
    from kezhi.cli.launch.binaries import find_binaries

    subprocess.run(
        [find_binaries()["pg_basebackup"], f"--dbname={superuser}", f"--pgdata={folder}",
         "--checkpoint=fast", "--wal-method=none", "--no-sync"],
        check=True,
    )  # fmt: skip


def wrong_deletion(owner: str) -> datetime:
    """All contacts are deleted; the moment just before, by the server's clock."""
    with psycopg.connect(owner) as connection:
        row = connection.execute("SELECT clock_timestamp()").fetchone()
        assert row
        connection.execute("DELETE FROM customers_contact")
    return row[0].astimezone(UTC)


def restored(folder: Path, name: str, archive: Path, until: str) -> dict[str, Any]:
    """A new server from the base backup and the archive; with `until`, up to that moment."""
    from kezhi.cli.launch.postgres import EmbeddedPostgres

    began = time.monotonic()
    place = folder / name
    place.mkdir()
    shutil.copytree(folder / "base", place / "postgres")
    (place / "postgres" / "recovery.signal").touch()
    shutil.copy2(folder / "lost" / "database.json", place)
    owner = (folder / "lost" / "postgres").stat()
    for path in (place / "postgres", *(place / "postgres").rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid)
    settings = {"restore_command": f"cp {archive}/%f %p", "hot_standby": "off"}
    if until:
        settings |= {"recovery_target_time": until, "recovery_target_action": "promote"}
    with EmbeddedPostgres(place, settings=settings) as addresses:
        took = round(time.monotonic() - began, 1)
        with psycopg.connect(addresses.owner) as connection:
            codes = {code for (code,) in connection.execute("SELECT code FROM catalog_product")}
            [contacts] = connection.execute("SELECT count(*) FROM customers_contact").fetchone()
            [halves] = connection.execute(
                "SELECT count(*) FROM catalog_product p WHERE NOT EXISTS (SELECT 1 FROM audit_entry e"
                " WHERE e.deed = 'product.created' AND e.subject_id = p.id)"
            ).fetchone()
    return {"took_s": took, "codes": codes, "contacts": contacts, "halves": halves}


if __name__ == "__main__":
    main()
