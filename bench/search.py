"""How fast anyone is found among a million customers: in the function, in the palette, in a list.

1 M customers, 400 k contacts, 500 k orders, 500 k interactions, 200 k follow-ups on an embedded PostgreSQL with
the product's own settings, two web workers. `seller` sees about 3,400 customers, `boss` all. Per class of query
40 different texts taken from the data; p50 and p95 in milliseconds, warm. Held to: p50 ≤ 20, p95 ≤ 100.
Odoo 18.0 on such data: two hanzi 1,940 ms, e-mail 1,101 ms, phone 32 ms, no pinyin.

    ./kezhi bench search [--customers 1000000] [--keep FOLDER] [--texts 40]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
from million.browsing import Browser
from million.filling import PASSWORD, write_documents
from million.standing_up import Site, site

HELD_TO = {"p50_ms": 20, "p95_ms": 100}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--texts", type=int, default=40)
    parser.add_argument("--keep", type=Path, help="a folder to keep the filled database in")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="kezhi-bench-") as name,
        site(arguments.keep or Path(name), arguments.customers) as running,
    ):
        report: dict[str, Any] = {"held_to": HELD_TO, "fill_s": write_documents()}
        sort_in()
        texts = samples(arguments.texts)
        report["function_ms"] = {who: in_process(who, texts) for who in ("seller000", "boss")}
        report["http_ms"] = {who: over_http(who, running, texts) for who in ("seller000", "boss")}
        report["sizes"] = sizes()
        report["plan"] = plans(texts)
        report["load_average"] = os.getloadavg()[0]
    print(json.dumps(report, indent=1, ensure_ascii=False))


def sort_in() -> None:
    """As a job of the worker does every minute; here none runs."""
    from kezhi.workbench.searching.filling import sort_in

    sort_in()


def samples(count: int) -> dict[str, list[str]]:
    """Texts by class, each from a record that is there."""
    from kezhi.customers.models import Contact, Customer
    from kezhi.ledger.models import Order
    from kezhi.workbench.searching.spelling import syllable

    chance = random.Random(7)
    last = Customer.objects.order_by("-pk").values_list("pk", flat=True)[0]
    some = list(Customer.objects.filter(pk__in=chance.sample(range(1, last), count * 2)))[:count]
    people = list(
        Contact.objects.filter(pk__in=chance.sample(range(1, Contact.objects.count()), count * 2))
    )[:count]
    orders = list(
        Order.objects.filter(pk__in=chance.sample(range(1, Order.objects.count()), count * 2))
    )[:count]

    def spoken(name: str, most: int = 9) -> str:
        return "".join(syllable(c) for c in name[:most])

    def initials(name: str, most: int = 9) -> str:
        return "".join(syllable(c)[0] for c in name[:most])

    return {
        "2 hanzi, rare (华谊)": [c.name[2:4] for c in some],
        "2 hanzi, a city (上海)": [c.name[:2] for c in some],
        "1 hanzi (张)": [p.name[:1] for p in people],
        "3 hanzi, a person": [p.name for p in people],
        "6 hanzi, a company": [c.name[:6] for c in some],
        "whole name": [c.name for c in some],
        "pinyin of a person": [spoken(p.name) for p in people],
        "pinyin of a company": [spoken(c.name, 6) for c in some],
        "pinyin of a surname": [spoken(p.name, 1) for p in people],
        "beginning of pinyin": [spoken(p.name)[: chance.choice((4, 5, 6))] for p in people],
        "2 letters": [spoken(p.name)[:2] for p in people],
        "initials of a person": [initials(p.name) for p in people],
        "initials of a company": [initials(c.name, 6) for c in some],
        "4 digits of a phone": [c.phone[(at := chance.randrange(7)) : at + 4] for c in some],
        "last 4 of a phone": [c.phone[-4:] for c in some],
        "whole phone": [c.phone for c in some],
        "e-mail": [c.email for c in some],
        "tax number": [c.tax_id or "913400000000000" for c in some],
        "customer code": [c.code for c in some],
        "order number": [o.number for o in orders],
        "two words": [f"{c.name[:2]} {spoken(c.name[4:6])}" for c in some],
        "no hit": [f"{chance.choice('qxzv')}q{chance.randrange(10**6)}w" for _ in range(count)],
        "nearly (wrong characters)": ["".join(chance.sample("安徽茶业蓝桥极光", 3)) for _ in some],
    }


def spread(seconds: Sequence[float]) -> dict[str, float]:
    ordered = sorted(each * 1000 for each in seconds)
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    return {"p50": round(statistics.median(ordered), 1), "p95": round(p95, 1)}


def timed(
    ask: Callable[[str], Any], texts: Sequence[str], processes: Sequence[int] = ()
) -> dict[str, float]:
    """Wall time, and the processor's milliseconds per call, which other work on the machine doesn't change."""
    seconds = []
    for text in texts:
        ask(text)  # warm: the pages of the index are in memory, as they are in a working company
    spent = -processor_seconds(processes)
    for text in texts:
        began = time.perf_counter()
        ask(text)
        seconds.append(time.perf_counter() - began)
    spent += processor_seconds(processes)
    cpu = {"cpu": round(spent / len(texts) * 1000, 1)} if processes else {}
    return {**spread(seconds), **cpu}


def processor_seconds(processes: Sequence[int]) -> float:
    return sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in processes)


def in_process(login: str, texts: dict[str, list[str]]) -> dict[str, Any]:
    from django.db import connection

    from kezhi.accounts.models import User
    from kezhi.workbench.searching import find
    from kezhi.workbench.searching.likeness import similar

    person = User.objects.get(login=login)

    def ask(text: str) -> None:
        if not find(text, by=person).total:
            similar(text, by=person)

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = cursor.fetchone()[0]
    return {name: timed(ask, some, (os.getpid(), backend)) for name, some in texts.items()}


def over_http(login: str, running: Site, texts: dict[str, list[str]]) -> dict[str, Any]:
    browser = Browser(running.port).sign_in(login, PASSWORD)
    ways = {"palette": "/search/palette/?q=%s", "list": "/customers/?view=all&q=%s"}
    processes = [
        each.pid
        for root in (running.web, running.postgres)
        for each in (psutil.Process(root), *psutil.Process(root).children(recursive=True))
    ]

    def asking(way: str) -> Callable[[str], None]:
        def ask(text: str) -> None:
            status, _page = browser.get(way % quote(text), **{"HX-Request": "true"})
            assert status == 200, status

        return ask

    return {
        f"{where}: {name}": timed(asking(way), some, processes)
        for where, way in ways.items()
        for name, some in texts.items()
    }


def sizes() -> dict[str, str]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT relname, pg_size_pretty(pg_relation_size(oid)) FROM pg_class
               WHERE relname LIKE 'workbench_search%%' AND relkind IN ('r', 'i')
               ORDER BY pg_relation_size(oid) DESC"""
        )
        return dict(cursor.fetchall())


def plans(texts: dict[str, list[str]]) -> dict[str, list[str]]:
    """How the database goes about a search by two hanzi and by letters, for both people."""
    from django.db import connection

    from kezhi.accounts.models import User
    from kezhi.workbench.searching import find
    from kezhi.workbench.searching.finding import reading

    shown = {}
    for login in ("seller000", "boss"):
        person = User.objects.get(login=login)
        for name in ("2 hanzi, a city (上海)", "2 letters", "pinyin of a person"):
            asked = Asked()
            with connection.execute_wrapper(asked):
                find(texts[name][0], by=person)
            lines = []
            with reading() as cursor:
                for sql, params in asked.statements:
                    cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF) {sql}", params)
                    lines += [row[0][:160] for row in cursor.fetchall()]
            shown[f"{login}: {name}"] = lines
    return shown


class Asked:
    """Notes the searches that go to the database."""

    def __init__(self) -> None:
        self.statements: list[tuple[str, Any]] = []

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("WITH m AS"):
            self.statements.append((sql, params))
        return execute(sql, params, many, context)


if __name__ == "__main__":
    main()
