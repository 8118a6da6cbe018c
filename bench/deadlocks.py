"""Two people block each other a thousand times: the database ends one of them, and both deeds happen once.

Half of the rounds are deadlocks (two customers changed in opposite order), half serialisation failures (one
customer changed by both in transactions that must not see each other). Each deed adds one to what it touches,
so that one which is lost or done twice shows in the sums; the log has one entry for each. That the database
really gave somebody up in every round is read from its own log and from the tries.

    ./kezhi bench deadlocks [--rounds 1000]
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

DEADLOCK, SERIALISATION = "read committed", "repeatable read"
PATIENCE = 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=1_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kezhi-deadlocks-") as name:
        report = endure(Path(name), arguments.rounds)
    print(json.dumps(report, indent=1))
    if not report["holds"]:
        raise SystemExit(1)


def endure(folder: Path, rounds: int) -> dict[str, Any]:
    from kezhi.cli.launch.postgres import EmbeddedPostgres

    folder.chmod(0o755)
    server = EmbeddedPostgres(folder, settings={"deadlock_timeout": "20ms"})
    addresses = server.start()
    try:
        os.environ.update(
            DATABASE_URL=addresses.owner,
            KEZHI_DATA=str(folder / "data"),
            KEZHI_SECRET_KEY="only-for-the-bench",
            DJANGO_SETTINGS_MODULE="kezhi.settings",
        )
        customers = _prepare()
        began = time.monotonic()
        fights = {
            kind: Fight(kind, customers[place * 2 : place * 2 + 2], rounds // 2)
            for place, kind in enumerate((DEADLOCK, SERIALISATION))
        }
        told = {kind: fight.fought() for kind, fight in fights.items()}
        seconds = round(time.monotonic() - began)
    finally:
        server.stop()
    log = server.log.read_text()
    seen = [log.count("deadlock detected"), log.count("could not serialize access")]
    return {
        "seconds": seconds,
        **told,
        "deadlocks": seen[0],
        "serialisation_failures": seen[1],
        "holds": all(each["holds"] for each in told.values()) and min(seen) >= rounds // 2,
    }


def _prepare() -> list[Any]:
    import django

    django.setup()
    from django.core.management import call_command
    from million.filling import staff

    from kezhi.core.actor import SYSTEM
    from kezhi.customers.creating import create_customer

    logging.getLogger("kezhi.core.repeating").setLevel(logging.WARNING)
    call_command("migrate", verbosity=0)
    people = staff()
    return [
        create_customer({"name": f"客户 {n}"}, actor=SYSTEM, on=people["today"]) for n in range(4)
    ]


class Fight:
    """Two threads that meet in the middle of their deeds, round after round, at one level of isolation."""

    def __init__(self, isolation: str, customers: list[Any], rounds: int) -> None:
        self.isolation, self.customers, self.rounds = isolation, customers, rounds
        self.begin, self.middle = threading.Barrier(2), threading.Barrier(2)
        self.before = [customer.version for customer in customers]
        self.tries, self.faults = [0, 0], list[str]()
        self.deed = self._deed()

    def _deed(self) -> Callable[..., None]:
        from django.db.models import F

        from kezhi.audit.recording import audited
        from kezhi.customers.models import Customer

        @audited(f"bench.{self.isolation.replace(' ', '_')}")
        def change_both(first: Any, second: Any, place: int, met: list[int], *, actor: Any) -> None:
            self.tries[place] += 1
            rows = Customer.objects
            if self.isolation == SERIALISATION:
                first, second = sorted((first, second), key=lambda each: each.pk)
                rows.get(pk=first.pk)  # from here on it sees nothing of the other's
                self._meet(met)
                rows.filter(pk=first.pk).update(version=F("version") + 1)
            else:
                rows.filter(pk=first.pk).update(version=F("version") + 1)
                self._meet(met)
            rows.filter(pk=second.pk).update(version=F("version") + 1)

        return change_both

    def _meet(self, met: list[int]) -> None:
        """At the first try: a repeated one finds nobody waiting."""
        if not met:
            met.append(1)
            self.middle.wait(PATIENCE)

    def fought(self) -> dict[str, Any]:
        threads = [threading.Thread(target=self._work, args=[place]) for place in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        from kezhi.audit.models import Change, Entry
        from kezhi.customers.models import Customer

        deed = f"bench.{self.isolation.replace(' ', '_')}"
        found = [Customer.objects.get(pk=each.pk).version for each in self.customers]
        effects = [now - was for now, was in zip(found, self.before, strict=True)]
        entries = Entry.objects.filter(deed=deed)
        changes = Change.objects.filter(
            table_name="customers_customer", row_id__in=[each.pk for each in self.customers]
        )
        changes = changes.filter(operation="update").count()
        wanted = 2 * self.rounds
        return {
            "rounds": self.rounds,
            "deeds": wanted,
            "effects_on_each": effects,
            "entries": entries.count(),
            "changes_kept": changes,
            "given_up_and_repeated": sum(self.tries) - wanted,
            "told_to_people": self.faults[:20],
            "holds": effects == [wanted, wanted]
            and entries.count() == wanted
            and changes == 2 * wanted
            and sum(self.tries) >= wanted + self.rounds
            and not self.faults,
        }

    def _work(self, place: int) -> None:
        from django.db import connection

        from kezhi.core.actor import SYSTEM

        try:
            with connection.cursor() as cursor:
                cursor.execute(f"SET default_transaction_isolation = '{self.isolation}'")
            one, two = self.customers if place == 0 else reversed(self.customers)
            for _round in range(self.rounds):
                self.begin.wait(PATIENCE)
                self.deed(one, two, place, [], actor=SYSTEM)
        except Exception as fault:
            self.faults.append(repr(fault))
            self.begin.abort()
            self.middle.abort()
        finally:
            connection.close()


if __name__ == "__main__":
    main()
