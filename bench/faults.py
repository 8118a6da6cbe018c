"""Web, worker and database are killed again and again while people write: nothing acknowledged is lost.

Two web services, two workers and PostgreSQL run as children of this program, which starts what falls, as
systemd does. Clients write products over HTTP; each acknowledged write is on the disk (fsync) before it counts.
Jobs are queued that write a product each. Then SIGKILL hits a random process: a web process or its parent, a
worker, the postmaster or one of its backends; a `cut` ends all connections of the pages and jobs instead. A
reader asks for a page all the while: it may be told to come back, but never of a fault. At the end the database
is compared with what was acknowledged:
none is missing, none is there twice or half (each has one entry in the log and one kept change), each job had
its effect once, and the log's chain is sound.

    ./kezhi bench faults [--kills 100] [--clients 8] [--jobs 500] [--seed N] [--what web,worker,database,cut]
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg
from million.browsing import Browser
from million.filling import PASSWORD
from million.standing_up import _free_port

KEZHI = [sys.executable, "-m", "kezhi.cli", "--lang", "en"]
LONGEST = {"web": 5.0, "worker": 60.0, "database": 10.0, "cut": 5.0}
PATIENCE = 90.0
SETTINGS = """
from kezhi.settings import *
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
PROCRASTINATE_IMPORT_PATHS = ["jobs_of_the_bench"]
"""
JOBS = """
from datetime import date
from procrastinate.contrib.django import app
from kezhi.catalog.models import Product
from kezhi.core.actor import SYSTEM
from kezhi.records import registry

@app.task(name="bench.write", retry=5)
def write(code):
    if not Product.objects.filter(code=code).exists():
        registry["product"].create({"code": code, "name": code}, actor=SYSTEM, on=date(2026, 11, 22))
"""
CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'kezhi_app'"
QUEUE = (
    "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW('default', 'bench.write', 0, NULL, NULL,"
    " jsonb_build_object('code', %s::text), NULL)]::procrastinate_job_to_defer_v1[])"
)


@dataclass
class Service:
    """A child that is started again as soon as it has ended."""

    kind: str
    command: list[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def mind(self) -> None:
        if self.process is not None and self.process.poll() is None:
            return
        self.end()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def end(self) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def pids(self) -> list[int]:
        assert self.process
        with suppress(psutil.Error):
            here = psutil.Process(self.process.pid)
            return [here.pid, *(child.pid for child in here.children(recursive=True))]
        return [self.process.pid]


@dataclass
class Installation:
    server: Any
    services: list[Service]
    ports: list[int]
    owner: str
    superuser: str
    stopped: threading.Event = field(default_factory=threading.Event)
    database_lock: threading.Lock = field(default_factory=threading.Lock)

    def mind(self) -> None:
        while not self.stopped.wait(0.05):
            with self.database_lock:
                if not self.server.is_running:
                    self.server.start()
            for service in self.services:
                service.mind()

    def answers(self) -> bool:
        """As a web server in front sees it, which asks the other one."""
        return any(_ready(port) for port in self.ports)

    def is_whole(self) -> bool:
        return all(_ready(port) for port in self.ports)

    def accepts(self) -> bool:
        with suppress(psycopg.OperationalError):
            psycopg.connect(self.owner, connect_timeout=1).close()
            return True
        return False


@dataclass
class Tally:
    """What clients were told: acknowledged codes lie in `file`; `unsure` had no answer."""

    file: Path
    acknowledged: int = 0
    unsure: int = 0
    read: int = 0
    unread: int = 0
    refused: dict[int, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def acknowledge(self, code: str) -> None:
        with self.lock, self.file.open("a") as file:
            file.write(code + "\n")
            file.flush()
            os.fsync(file.fileno())
            self.acknowledged += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=100, help="of each kind")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--jobs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--what", default="web,worker,database,cut")
    parser.add_argument("--services", type=int, default=2, help="of web and of worker")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix="kezhi-faults-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with installation(folder, arguments.services) as site:
            report = endure(site, folder, arguments)
            # One service alone has nobody to answer while it starts.
            report["holds"] = holds(report, is_timed=arguments.services > 1)
    print(json.dumps({"seed": arguments.seed, **report}, indent=1, ensure_ascii=False))
    if not report["holds"]:
        raise SystemExit(1)


@contextmanager
def installation(folder: Path, services: int) -> Iterator[Installation]:
    server, addresses = stand_up(folder, JOBS, KEZHI_SLOW_PAGE_MS="0")
    os.environ["DATABASE_URL"] = addresses.application
    ports = [_free_port() for _ in range(services)]
    running = [
        Service("web", [*KEZHI, "web", "--port", str(port), "--workers", "2"], folder / "web.log")
        for port in ports
    ] + [
        Service("worker", [*KEZHI, "worker", "--given-up-after", "2"], folder / "worker.log")
        for _ in range(services)
    ]
    site = Installation(server, running, ports, addresses.owner, addresses.superuser)
    minder = threading.Thread(target=site.mind, daemon=True)
    minder.start()
    try:
        _until(site.is_whole, "the pages don't answer at the beginning")
        yield site
    finally:
        site.stopped.set()
        minder.join(60)
        for service in running:
            service.end()
        server.stop()


def stand_up(folder: Path, jobs: str, **environment: str) -> tuple[Any, Any]:
    """A database with its staff, and settings and jobs of the bench's own; Django, here and in processes that
    are started from here, works with them as the owner. The server and its addresses."""
    from kezhi.cli.launch.postgres import EmbeddedPostgres

    (folder / "settings_of_the_bench.py").write_text(SETTINGS)
    (folder / "jobs_of_the_bench.py").write_text(jobs)
    server = EmbeddedPostgres(folder / "data")
    addresses = server.start()
    os.environ.update(
        DATABASE_URL=addresses.owner,
        KEZHI_DATA=str(folder / "data"),
        KEZHI_SECRET_KEY="only-for-the-bench",
        DJANGO_SETTINGS_MODULE="settings_of_the_bench",
        PYTHONPATH=os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]),
        **environment,
    )
    sys.path.insert(0, str(folder))
    _prepare()
    return server, addresses


def _prepare() -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from million.filling import staff

    from kezhi.core.database import grant_application_role

    call_command("migrate", verbosity=0)
    grant_application_role("kezhi_app")
    staff()
    connection.close()
    getattr(connection, "close_pool", lambda: None)()


def endure(site: Installation, folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    rng = random.Random(arguments.seed)
    tally, over = Tally(folder / "acknowledged"), threading.Event()
    first = Browser(site.ports[0]).sign_in("boss", PASSWORD)
    token = first.token("/products/new/")
    clients = [
        threading.Thread(target=write, args=(number, site, first.cookies, token, tally, over))
        for number in range(arguments.clients)
    ]
    for client in clients:
        client.start()
    reader = threading.Thread(target=read, args=(site, first.cookies, tally, over))
    reader.start()
    jobs = threading.Thread(target=queue_jobs, args=(site, arguments.jobs, over))
    jobs.start()
    began = time.monotonic()
    kinds = [kind for kind in arguments.what.split(",") for _ in range(arguments.kills)]
    rng.shuffle(kinds)
    back: dict[str, list[float]] = {kind: [] for kind in arguments.what.split(",")}
    for number, kind in enumerate(kinds):
        time.sleep(rng.uniform(0.2, 1.2))
        back[kind].append(kill(kind, site, rng))
        print(
            f"{number + 1}/{len(kinds)} {kind} {back[kind][-1]:.2f} s", file=sys.stderr, flush=True
        )
    time.sleep(1)
    over.set()
    for client in (*clients, reader, jobs):
        client.join(PATIENCE)
    drained = time.monotonic()
    _until(lambda: _waiting(site) == 0, "jobs don't end")
    report = compare(site, tally, arguments.jobs)
    return {
        "kills": {kind: len(times) for kind, times in back.items()},
        "seconds": round(time.monotonic() - began),
        "back_after_s": {
            kind: {"median": round(statistics.median(times), 2), "worst": round(max(times), 2)}
            for kind, times in back.items()
            if times
        },
        "jobs_done_after_s": round(time.monotonic() - drained, 1),
        **report,
    }


def kill(kind: str, site: Installation, rng: random.Random) -> float:
    """SIGKILL to one process of that kind; seconds until pages answer again."""
    if kind == "cut":
        with suppress(psycopg.Error), psycopg.connect(site.superuser) as connection:
            connection.execute(CUT)
    elif kind == "database":
        with site.database_lock:
            pid = site.server.pid
            backends = [child.pid for child in psutil.Process(pid).children()]
            os.kill(rng.choice([pid, rng.choice(backends)]), signal.SIGKILL)
        time.sleep(0.02)
        _until(site.accepts, "the database doesn't come back")
    else:
        service = rng.choice([each for each in site.services if each.kind == kind])
        with suppress(ProcessLookupError):
            os.kill(rng.choice(service.pids()), signal.SIGKILL)
        time.sleep(0.02)
    began = time.monotonic()
    _until(site.answers, "the pages don't come back")
    took = time.monotonic() - began
    _until(site.is_whole, "a service doesn't come back")
    return took


def write(
    number: int,
    site: Installation,
    cookies: dict[str, str],
    token: str,
    tally: Tally,
    over: threading.Event,
) -> None:
    """One client: the same write again until it is known to be there, as a person would."""
    from urllib.parse import urlencode

    count = 0
    while not over.is_set():
        count += 1
        code = f"W{number:02d}-{count:06d}"
        body = urlencode(
            {"code": code, "name": code, "is_active": "on", "csrfmiddlewaretoken": token}
        )
        for attempt in range(200):
            port = site.ports[(number + attempt) % len(site.ports)]
            status = _ask(port, "POST", "/products/new/", body, cookies)
            # Once without an answer, it may be there already: then its code is told to be taken.
            if status == 302 or (status in (409, 422) and attempt):
                tally.acknowledge(code)
                break
            with tally.lock:
                if status is None:
                    tally.unsure += 1
                else:
                    tally.refused[status] = tally.refused.get(status, 0) + 1
                    if status not in (503, 507):
                        tally.faults.append(f"{status} for {code}")
            if over.wait(0.1):
                return


def read(site: Installation, cookies: dict[str, str], tally: Tally, over: threading.Event) -> None:
    """A page asked for all the while, of the services in turn."""
    count = 0
    while not over.wait(0.05):
        count += 1
        status = _ask(site.ports[count % len(site.ports)], "GET", "/products/", None, cookies)
        with tally.lock:
            if status == 200:
                tally.read += 1
            elif status == 503:
                tally.unread += 1
            elif status is not None:
                tally.faults.append(f"{status} for a page that was read")


def _ask(
    port: int, method: str, path: str, body: str | None, cookies: dict[str, str]
) -> int | None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    origin = f"http://127.0.0.1:{port}"
    headers = {
        "Cookie": "; ".join(f"{name}={entry}" for name, entry in cookies.items()),
        "Origin": origin,
        "Referer": origin,
        "Content-Type": "application/x-www-form-urlencoded",
    }
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        response.read()
        return response.status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def queue_jobs(site: Installation, count: int, over: threading.Event) -> None:
    """Jobs come in one by one, each acknowledged by its commit."""
    for number in range(count):
        while True:
            try:
                with psycopg.connect(site.owner, autocommit=True, connect_timeout=5) as connection:
                    known = connection.execute(
                        "SELECT count(*) FROM procrastinate_jobs WHERE args->>'code' = %s",
                        [f"J-{number:06d}"],
                    ).fetchone()
                    if known == (0,):
                        connection.execute(QUEUE, [f"J-{number:06d}"])
                break
            except psycopg.Error:
                time.sleep(0.1)
        over.wait(0.02)


def _waiting(site: Installation) -> int:
    with suppress(psycopg.Error), psycopg.connect(site.owner) as connection:
        row = connection.execute(
            "SELECT count(*) FROM procrastinate_jobs"
            " WHERE task_name = 'bench.write' AND status IN ('todo', 'doing')"
        ).fetchone()
        return int(row[0]) if row else 1
    return 1


def compare(site: Installation, tally: Tally, jobs: int) -> dict[str, Any]:
    acknowledged = tally.file.read_text().split()
    with psycopg.connect(site.owner) as connection:
        rows = dict(
            connection.execute(
                "SELECT p.code, (SELECT count(*) FROM audit_entry e WHERE e.deed = 'product.created'"
                " AND e.subject_id = p.id) || '/' || (SELECT count(*) FROM audit_change c"
                " WHERE c.table_name = 'catalog_product' AND c.row_id = p.id) FROM catalog_product p"
            ).fetchall()
        )
        entries = connection.execute(
            "SELECT count(*) FROM audit_entry WHERE deed = 'product.created'"
        ).fetchone()
    from kezhi.audit import sealing

    sealing.seal()
    verdict = sealing.verify()
    return {
        "acknowledged": len(acknowledged),
        "without_an_answer": tally.unsure,
        "pages_read": tally.read,
        "pages_told_to_come_back": tally.unread,
        "refused": tally.refused,
        "faults": tally.faults[:20],
        "lost": len(set(acknowledged) - rows.keys()),
        "twice_or_half": sum(1 for found in rows.values() if found != "1/1")
        + abs((entries or (0,))[0] - len(rows)),
        "jobs": jobs,
        "jobs_without_effect": sum(1 for n in range(jobs) if f"J-{n:06d}" not in rows),
        "log_is_sound": verdict.is_sound,
        "log_rows": verdict.rows,
    }


def holds(report: dict[str, Any], *, is_timed: bool) -> bool:
    late = [
        kind
        for kind, times in report["back_after_s"].items()
        if times["worst"] > LONGEST.get(kind, 60)
    ]
    return not (
        (late and is_timed)
        or report["lost"]
        or report["twice_or_half"]
        or report["jobs_without_effect"]
        or report["faults"]
        or not report["log_is_sound"]
        or not report["acknowledged"]
    )


def _ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _until(condition: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(otherwise)
        time.sleep(0.02)


if __name__ == "__main__":
    main()
