"""Clients that never finish what they say: ordinary pages stay quick beside them, and nobody is locked out.

Two hundred connections send a header line every few seconds and never the last one; fifty announce a form of
ten thousand bytes, with a session's cookie, and send one byte a second. Before, beside and after them one
person opens lists, as fast as they are answered. Held to: p95 beside them at most twice as long, no page
refused. Asked directly, without a web server in front.

    ./kezhi bench slow_clients [--headers 200] [--bodies 50] [--pages 300]
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from million.browsing import Browser
from million.filling import PASSWORD
from million.standing_up import site

PATH = "/customers/"
ANNOUNCED = 10_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--headers", type=int, default=200)
    parser.add_argument("--bodies", type=int, default=50)
    parser.add_argument("--pages", type=int, default=300)
    parser.add_argument("--keep", type=Path, help="a folder to keep the filled database in")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="kezhi-bench-") as name,
        site(arguments.keep or Path(name), 2_000) as running,
    ):
        person = Browser(running.port).sign_in("boss", PASSWORD)
        opened(person, 20)
        report: dict[str, Any] = {"alone": opened(person, arguments.pages)}
        for what, headers, bodies in (
            ("beside_slow_headers", arguments.headers, 0),
            ("beside_slow_bodies", 0, arguments.bodies),
            ("beside_both", arguments.headers, arguments.bodies),
        ):
            with crowd(running.port, person, headers, bodies) as slow:
                report[what] = opened(person, arguments.pages) | {"ended_by_server": slow.ended}
        report["afterwards"] = opened(person, arguments.pages)
        report["load_average"] = os.getloadavg()[0]
    worst = max(report[name]["p95_ms"] for name in report if name.startswith("beside"))
    refused = sum(told["refused"] for told in report.values() if isinstance(told, dict))
    report["times_as_long"] = round(worst / report["alone"]["p95_ms"], 2)
    report["holds"] = report["times_as_long"] <= 2 and not refused
    print(json.dumps(report, indent=1))
    if not report["holds"]:
        raise SystemExit(1)


def opened(person: Browser, pages: int) -> dict[str, Any]:
    """p50 and p95 of so many pages on connections of their own, as different people have them."""
    taken, refused = list[float](), 0
    for _page in range(pages):
        browser = person.also()
        browser.connection.timeout = 20
        began = time.perf_counter()
        try:
            status, _said = browser.get(PATH)
        except OSError:
            status = 0
        finally:
            browser.connection.close()
        taken.append((time.perf_counter() - began) * 1000)
        refused += status != 200
        if refused >= 5:
            break  # nobody is answered: the rest would only wait
    return {
        "p50_ms": round(statistics.median(taken), 1),
        "p95_ms": round(statistics.quantiles(taken, n=20)[18], 1),
        "pages": len(taken),
        "refused": refused,
    }


class Crowd:
    """Connections that send a little from time to time, until they are told to go."""

    def __init__(self, port: int, cookies: dict[str, str]) -> None:
        self.port, self.ended, self.gone = port, 0, threading.Event()
        self.cookie = "; ".join(f"{name}={entry}" for name, entry in cookies.items())
        self.dribbles: list[tuple[socket.socket, bytes, float]] = []

    def add(self, head: str, more: bytes, every: float) -> None:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        connection.sendall(head.encode())
        self.dribbles.append((connection, more, every))

    def add_header(self) -> None:
        self.add("GET /customers/ HTTP/1.1\r\nHost: 127.0.0.1\r\n", b"X-More: and more\r\n", 5)

    def add_body(self) -> None:
        head = (
            "POST /sign-in/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Cookie: {self.cookie}\r\nOrigin: http://127.0.0.1:{self.port}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {ANNOUNCED}\r\n\r\n"
        )
        self.add(head, b"a", 1)

    def dribble(self) -> None:
        due = {place: every for place, (_c, _more, every) in enumerate(self.dribbles)}
        began = time.monotonic()
        while not self.gone.wait(0.2):
            for place in [p for p, at in due.items() if at <= time.monotonic() - began]:
                connection, more, every = self.dribbles[place]
                try:
                    connection.sendall(more)
                    due[place] += every
                except OSError:
                    self.ended += 1
                    del due[place]


@contextmanager
def crowd(port: int, person: Browser, headers: int, bodies: int) -> Iterator[Crowd]:
    slow = Crowd(port, person.cookies)
    for _number in range(headers):
        slow.add_header()
    for _number in range(bodies):
        slow.add_body()
    sending = threading.Thread(target=slow.dribble)
    sending.start()
    time.sleep(2)  # until all of them are being waited for
    try:
        yield slow
    finally:
        slow.gone.set()
        sending.join()
        for connection, _more, _every in slow.dribbles:
            with suppress(OSError):
                connection.close()


if __name__ == "__main__":
    main()
