"""How fast programs are answered over HTTP, with token, permissions and limits; and that keys are done once.

On the company of `bench/pages.py`: a list of 100 customers as its owner and as a salesperson, one record, 1,000
customers and 200 orders of five lines in one call each; then many POSTs, each sent three times at once with one
idempotency key to two web processes. Beside each figure: the processor milliseconds of web and database.

    ./kezhi bench api [--customers 20000] [--keep FOLDER] [--calls 200] [--keys 100]
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from million.browsing import Spent
from million.standing_up import Site, site

HELD_TO = {
    "list_of_100": {"web_cpu_ms": 15},
    "1000_creates": {"s": 1.0},
    "once_only": "as many objects as keys; three equal answers each",
}


class Program:
    """A connection with a token."""

    def __init__(self, port: int, token: str) -> None:
        self.port, self.token = port, token
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def also(self) -> Program:
        return Program(self.port, self.token)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
        sent = {"Authorization": f"Bearer {self.token}", **headers}
        data = None
        if body is not None:
            data, sent["Content-Type"] = json.dumps(body).encode(), "application/json"
        self.connection.request(method, f"/api/v1{path}", data, sent)
        answer = self.connection.getresponse()
        return answer.status, answer.read()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--keys", type=int, default=100, help="each is sent three times at once")
    parser.add_argument("--keep", type=Path, help="a folder to keep the filled database in")
    arguments = parser.parse_args()
    os.environ |= {"KEZHI_API_BURST": "1000000", "KEZHI_API_RATE": "1000000"}
    with (
        tempfile.TemporaryDirectory(prefix="kezhi-bench-") as name,
        site(arguments.keep or Path(name), arguments.customers) as running,
    ):
        tokens = {who: token_of(who) for who in ("boss", "seller000")}
        report = measure(running, tokens, arguments.calls)
        report["once_only"] = once_only(running, tokens["boss"], arguments.keys)
        report["load_average"] = os.getloadavg()[0]
    print(json.dumps(report, indent=1, ensure_ascii=False))
    once = report["once_only"]
    raise SystemExit(once["objects"] != once["keys"] or once["unequal_answers"] > 0)


def token_of(login: str) -> str:
    """An integration with everything that can be given, made as an owner does it."""
    from django.utils import timezone

    from kezhi.accounts import integrating
    from kezhi.accounts.models import User
    from kezhi.core.actor import SYSTEM

    today, owner = timezone.localdate(), User.objects.get(login=login)
    integration = integrating.create_integration(
        {
            "name": f"Bench {login}",
            "purpose": "Measurement",
            "grants": {kind: list(actions) for kind, actions in integrating.givable().items()},
            "rows_a_day": 100_000_000,
        },
        actor=SYSTEM,
        on=today,
        owner=owner,
    )
    issued = integrating.issue_token(integration, actor=SYSTEM, at=timezone.now(), on=today)
    return issued.secret


def measure(running: Site, tokens: dict[str, str], calls: int) -> dict[str, Any]:
    report: dict[str, Any] = {"held_to": HELD_TO}
    for who, token in tokens.items():
        program = Program(running.port, token)
        first = json.loads(program.ask("GET", "/customers?limit=1")[1])["items"][0]["id"]
        for name, path in (
            ("list_of_100", "/customers?limit=100"),
            ("list_of_100_by_value", "/customers?limit=100&sort=-potential_value"),
            ("list_of_100_all_fields", "/customers?limit=100&fields=*"),
            ("one", f"/customers/{first}"),
            ("standing", f"/customers/{first}/standing"),
        ):
            report[f"{name}, {who}"] = timed(program, path, calls, running)
    boss = Program(running.port, tokens["boss"])
    stamp = int(time.time())
    customers = [
        {"op": "create", "fields": {"code": f"B{stamp}-{n}", "name": f"新客户 {stamp} {n}"}}
        for n in range(1000)
    ]
    boss.ask("POST", "/customers/bulk", {"items": warm(customers)})
    report["1000_creates"] = bulk(boss, "/customers/bulk", customers, running)
    orders = [
        {
            "op": "put",
            "number": f"B{stamp}-{n}",
            "fields": {
                "customer": {"key": f"B{stamp}-{n}"},
                "ordered_on": "2026-11-02",
                "lines": [{"amount": 100 + line} for line in range(5)],
            },
        }
        for n in range(200)
    ]
    report["200_orders"] = bulk(boss, "/orders/bulk", orders, running)
    return report


def warm(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A few others first: the first call of a process isn't what a working day is made of."""
    return [
        {"op": "create", "fields": {**each["fields"], "code": f"W{each['fields']['code']}"}}
        for each in items[:20]
    ]


def timed(program: Program, path: str, calls: int, running: Site) -> dict[str, Any]:
    for _warm in range(10):
        status, _body = program.ask("GET", path)
        assert status == 200, (path, status)
    times, spent = [], Spent(running.web, running.postgres)
    for _call in range(calls):
        began = time.perf_counter()
        program.ask("GET", path)
        times.append(time.perf_counter() - began)
    times.sort()
    return {
        "p50_ms": round(times[len(times) // 2] * 1000, 1),
        "p95_ms": round(times[int(len(times) * 0.95)] * 1000, 1),
        "cpu_ms": spent.per_call(calls),
    }


def bulk(program: Program, path: str, items: list[Any], running: Site) -> dict[str, Any]:
    spent, began = Spent(running.web, running.postgres), time.perf_counter()
    status, body = program.ask("POST", path, {"items": items})
    seconds = time.perf_counter() - began
    assert status == 200, body[:300]
    refused = [each for each in json.loads(body)["results"] if each["status"] not in (200, 201)]
    assert not refused, (len(refused), refused[0])
    return {"items": len(items), "s": round(seconds, 2), "cpu_ms": spent.per_call(1)}


def once_only(running: Site, token: str, keys: int) -> dict[str, Any]:
    """Each key three times in parallel: one object, three equal answers."""
    from kezhi.customers.models import Customer

    stamp, unequal = int(time.time()), 0
    three = [Program(running.port, token) for _ in range(3)]
    began = time.perf_counter()
    for number in range(keys):
        answers: list[tuple[int, bytes]] = []

        def send(program: Program, number: int = number, into: Any = answers) -> None:
            fields = {"name": f"一次 {stamp} {number}", "city": f"once-{stamp}"}
            key = {"Idempotency-Key": f"{stamp}-{number}"}
            into.append(program.ask("POST", "/customers", fields, **key))

        threads = [threading.Thread(target=send, args=[program]) for program in three]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        unequal += len(set(answers)) > 1 or answers[0][0] != 201
    return {
        "keys": keys,
        "objects": Customer.objects.filter(city=f"once-{stamp}").count(),
        "unequal_answers": unequal,
        "s": round(time.perf_counter() - began, 1),
    }


if __name__ == "__main__":
    main()
