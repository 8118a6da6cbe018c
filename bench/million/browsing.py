"""A client that signs in and asks for pages over HTTP, and what the processes spent on it."""

from __future__ import annotations

import http.client
import re
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import psutil

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Browser:
    """One person's session on one connection that stays open."""

    def __init__(self, port: int) -> None:
        self.port, self.cookies = port, dict[str, str]()
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def sign_in(self, login: str, password: str) -> Browser:
        self.post("/sign-in/", {"login": login, "password": password}, form_at="/sign-in/")
        assert "sessionid" in self.cookies or "__Host-sessionid" in self.cookies, self.cookies
        return self

    def also(self) -> Browser:
        """The same session on a connection of its own."""
        other = Browser(self.port)
        other.cookies = dict(self.cookies)
        return other

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        return self._ask("GET", path, None, headers)

    def post(self, path: str, fields: dict[str, str], form_at: str = "") -> tuple[int, bytes]:
        token = self.token(form_at or path)
        body = urlencode({**fields, "csrfmiddlewaretoken": token})
        return self._ask("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded"})

    def token(self, path: str) -> str:
        _status, page = self.get(path)
        found = TOKEN.search(page.decode())
        assert found is not None, f"no form at {path}"
        return found[1]

    def _ask(
        self, method: str, path: str, body: str | None, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        cookie = "; ".join(f"{name}={entry}" for name, entry in self.cookies.items())
        origin = f"http://127.0.0.1:{self.port}"
        headers = {"Cookie": cookie, "Origin": origin, "Referer": origin, **headers}
        self.connection.request(method, path, body, headers)
        try:
            response = self.connection.getresponse()
        except http.client.RemoteDisconnected:  # the server ends connections that were idle
            self.connection.close()
            self.connection.request(method, path, body, headers)
            response = self.connection.getresponse()
        page = response.read()
        for name, entry in response.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = entry.partition("=")
                self.cookies[key] = rest.split(";")[0]
        return response.status, page


@dataclass
class Spent:
    """Processor seconds of the web processes and of PostgreSQL."""

    web: int
    postgres: int
    began: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.began = self.now()

    def now(self) -> dict[str, float]:
        return {"web": _cpu(self.web), "postgres": _cpu(self.postgres)}

    def per_call(self, calls: int) -> dict[str, float]:
        return {
            name: round((spent - self.began[name]) / calls * 1000, 2)
            for name, spent in self.now().items()
        }


def _cpu(root: int) -> float:
    process = psutil.Process(root)
    total = 0.0
    for each in (process, *process.children(recursive=True)):
        try:
            times = each.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


Ask = Callable[[Browser, int], None]


def measured(
    browsers: list[Browser], ask: Ask, calls: int, web: int, postgres: int
) -> dict[str, Any]:
    """p50, p95 and calls per second of `calls` calls, shared by as many clients as there are browsers."""
    for browser in browsers:
        ask(browser, -1)  # the first call of a connection isn't what a working day is made of
    times: list[float] = []
    numbers: Iterator[int] = iter(range(calls))
    lock = threading.Lock()
    faults: list[BaseException] = []

    def work(browser: Browser) -> None:
        try:
            while True:
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                began = time.perf_counter()
                ask(browser, number)
                times.append(time.perf_counter() - began)
        except BaseException as fault:
            faults.append(fault)

    spent = Spent(web, postgres)
    began = time.perf_counter()
    threads = [threading.Thread(target=work, args=[browser]) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    wall = time.perf_counter() - began
    cuts = statistics.quantiles(times, n=20)
    return {
        "p50_ms": round(statistics.median(times) * 1000, 1),
        "p95_ms": round(cuts[18] * 1000, 1),
        "per_s": round(calls / wall, 1),
        "cpu_ms": spent.per_call(calls),
    }
