"""A month of letters to the service, while everything that carries them is killed again and again.

Customers write by mail, known ones and unknown ones, new matters and answers to ours; the letters lie in the
mailbox with moments spread over the last thirty days. Agents answer through the pages. A web service, a worker,
PostgreSQL and the mail server run as children of this program, which starts what falls; SIGKILL hits one
of them at random. Each letter is known to be in the mailbox, and each answer to be taken, before it counts.

At the end, everything is compared: each letter stands once on one ticket, of its own sender; each answer was
delivered once, or is marked as uncertain where the mail server died with it in its hands; nobody was confirmed
too often; and each clock is where business hours counted minute by minute put it.

    ./kezhi bench service_month [--messages 2500] [--customers 300] [--agents 6] [--kills 40] [--seed N]
"""

from __future__ import annotations

import argparse
import email
import email.policy
import json
import os
import random
import re
import signal
import sys
import tempfile
import threading
import time
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import holidays
import psutil
import psycopg
from faults import KEZHI, Installation, Service, _ask, _until, stand_up
from mail_office import PASSWORD as BOX_PASSWORD
from million.browsing import Browser
from million.filling import PASSWORD
from million.standing_up import _free_port

ADDRESS = "service@bench.example"
MONTH = timedelta(days=30)
KINDS = ("web", "worker", "database", "mail")
PATIENCE = 900
# Between two letters, in seconds: meanwhile agents answer, and customers answer them.
PAUSE = 0.5
# A worker that was killed leaves what it had to the next one; minutes would only make the bench longer.
LEASE_SECONDS = 20
JOBS = f"""
from datetime import timedelta
from kezhi.messaging import delivering, fetching
delivering.LEASE = fetching.LEASE = timedelta(seconds={LEASE_SECONDS})
fetching.LONGEST_WAIT = timedelta(seconds=5)
delivering.WAITS = [timedelta(seconds=2)]
"""


class Month:
    """What was written and answered, as those know it who did."""

    def __init__(self, site: Installation, folder: Path, ports: tuple[int, int], seed: int) -> None:
        self.site, self.folder, self.ports = site, folder, ports
        self.rng = random.Random(seed)
        self.written: dict[str, str] = {}  # by mark, the sender
        self.answered: dict[str, int] = {}  # by mark, the ticket
        self.over, self.no_more = threading.Event(), threading.Event()
        self.lock = threading.Lock()
        self.faults: list[str] = []
        self.agents = 6
        self.read: dict[Path, Any] = {}  # letters of ours, each read once

    # ---- customers ----

    def write_all(self, messages: int, customers: int) -> None:
        people = [f"p{n:03d}@c{n:03d}.example" for n in range(customers)]
        began = datetime.now(UTC) - MONTH
        for number in range(messages):
            sender = self.rng.choice(people)
            moment = began + MONTH * ((number + 1) / messages) - timedelta(seconds=5)
            mark = f"M-{number:05d}"
            raw = self._letter(mark, sender)
            while not self._put(raw, moment):
                time.sleep(0.2)
            with self.lock:
                self.written[mark] = sender
            time.sleep(self.rng.uniform(0, 2 * PAUSE))
        self.no_more.set()

    def _letter(self, mark: str, sender: str) -> bytes:
        ours = self._ours_to(sender) if self.rng.random() < 0.5 else None
        subject = str(ours["Subject"]) if ours is not None else f"Matter {mark}"
        head = [
            f"From: {sender}",
            f"To: {ADDRESS}",
            f"Subject: {subject}",
            f"Message-ID: <{mark}@c>",
        ]
        if ours is not None:
            said = f"In-Reply-To: {ours['Message-ID']}", f"References: {ours['Message-ID']}"
            head += said
        head += ["MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8"]
        return ("\r\n".join(head) + f"\r\n\r\n{mark} 请看一下。\r\n").encode()

    def _ours_to(self, address: str) -> Any:
        for path in (self.folder / "taken").glob("*.eml"):
            if path not in self.read:
                self.read[path] = _letter_in(path)
        letters = [each for _path, each in sorted(self.read.items()) if str(each["To"]) == address]
        return self.rng.choice(letters) if letters else None

    def _put(self, raw: bytes, moment: datetime) -> bool:
        """Again until the server says that it has it: the same letter twice in the box is one for us."""
        from imapclient import IMAPClient

        try:
            with IMAPClient("127.0.0.1", self.ports[0], ssl=False, timeout=10) as box:
                box.login("box", BOX_PASSWORD)
                box.append("INBOX", raw, msg_time=moment)
        except Exception:
            return False
        return True

    # ---- agents ----

    def answer_all(self, number: int, cookies: dict[str, str], token: str) -> None:
        rng, count = random.Random(number), 0
        while not self.over.wait(0.1):
            for ticket in self._unanswered(number):
                count += 1
                mark = f"A-{number}-{count:05d}"
                if self._answer(ticket, mark, cookies, token):
                    with self.lock:
                        self.answered[mark] = ticket
                if self.over.wait(rng.uniform(0, 0.1)):
                    return

    def _unanswered(self, agent: int) -> list[int]:
        """Tickets that wait for an answer; each agent takes those of their own remainder."""
        query = (
            "SELECT id FROM service_ticket WHERE state IN ('new', 'open') AND id %% %s = %s"
            " AND (answered_at IS NULL OR answered_at < customer_wrote_at) ORDER BY id LIMIT 20"
        )
        with suppress(psycopg.Error), self._database() as database:
            return [pk for (pk,) in database.execute(query, [self.agents, agent]).fetchall()]
        return []

    def _answer(self, ticket: int, mark: str, cookies: dict[str, str], token: str) -> bool:
        """Until it is known to be there: whoever got no answer looks before they write again."""
        body = urlencode({"text": f"{mark} 已处理", "mode": "reply", "csrfmiddlewaretoken": token})
        while not self.over.is_set():
            port = self.site.ports[0]
            status = _ask(port, "POST", f"/tickets/{ticket}/words/", body, cookies)
            if status == 302:
                return True
            if status is not None and status not in (503, 507):
                self.faults.append(f"{status} for {mark}")
                return False
            time.sleep(0.3)
            found = self._is_there(mark)
            while found is None and not self.over.wait(0.2):
                found = self._is_there(mark)
            if found:
                return True
        return False

    def _is_there(self, mark: str) -> bool | None:
        query = "SELECT count(*) FROM service_ticketentry WHERE sort = 'sent' AND text LIKE %s"
        try:
            with self._database() as database:
                row = database.execute(query, [f"{mark} %"]).fetchone()
        except psycopg.Error:
            return None
        return bool(row and row[0])

    # ---- the post ----

    def hurry(self) -> None:
        """The mailbox is looked into all the while, as a worker's clock does every minute."""
        import django.db

        from kezhi.core import queue
        from kezhi.messaging.fetching import queue_fetches

        while not self.over.wait(1):
            with suppress(Exception):
                queue_fetches(datetime.now(UTC))
                queue.defer("jobs.deliver_mail", queueing_lock="jobs.deliver_mail", timestamp=0)
            django.db.close_old_connections()

    def _database(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.site.superuser, connect_timeout=2, autocommit=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--messages", type=int, default=2500)
    parser.add_argument("--customers", type=int, default=300)
    parser.add_argument("--agents", type=int, default=6)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix="kezhi-month-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        report = live(folder, arguments)
    print(json.dumps({"seed": arguments.seed, **report}, indent=1, ensure_ascii=False))
    if not report["holds"]:
        raise SystemExit(1)


def live(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    ports = (_free_port(), _free_port())
    (folder / "post").mkdir()
    (folder / "post").chmod(0o755)
    site = _installation(folder, ports, arguments.customers)
    minder = threading.Thread(target=site.mind, daemon=True)
    minder.start()
    month = Month(site, folder / "post", ports, arguments.seed)
    month.agents = arguments.agents
    began = time.monotonic()
    try:
        _until(site.is_whole, "the pages don't answer at the beginning")
        first = Browser(site.ports[0]).sign_in("boss", PASSWORD)
        token = first.token("/products/new/")
        threads = [
            threading.Thread(
                target=month.write_all, args=(arguments.messages, arguments.customers)
            ),
            threading.Thread(target=month.hurry),
            *(
                threading.Thread(target=month.answer_all, args=(n, first.cookies, token))
                for n in range(arguments.agents)
            ),
        ]
        for thread in threads:
            thread.daemon = True
            thread.start()
        kills = _kill_at_random(month, arguments.kills, arguments.messages * PAUSE)
        _wait(lambda: month.no_more.is_set() and _is_quiet(month), "the month doesn't end")
        month.over.set()
        for thread in threads:
            thread.join(30)
        return {
            "seconds": round(time.monotonic() - began),
            "kills": kills,
            **compare(month, arguments),
            "errors_logged": _errors(folder),
        }
    finally:
        month.over.set()
        site.stopped.set()
        minder.join(60)
        for service in site.services:
            _end_tree(service)
        site.server.stop()


def _errors(folder: Path) -> list[str]:
    """What the pages and the worker complained of, each once, but for the database that was away."""
    lines = "".join((folder / f"{each}.log").read_text() for each in ("web", "worker")).split("\n")
    told = (line.strip()[:200] for line in lines if re.search(r"\b\w+(Error|Exception)\b: ", line))
    return list(dict.fromkeys(line for line in told if "OperationalError" not in line))[:10]


def _installation(folder: Path, ports: tuple[int, int], customers: int) -> Installation:
    hosts = {"KEZHI_PRIVATE_HOSTS": "127.0.0.1", "KEZHI_ORIGIN": "http://127.0.0.1"}
    server, addresses = stand_up(folder, JOBS, **hosts)
    _fill(ports, customers)
    os.environ["DATABASE_URL"] = addresses.application
    web = _free_port()
    office = [sys.executable, str(Path(__file__).parent / "mail_office.py"), str(folder / "post")]
    running = [
        Service("web", [*KEZHI, "web", "--port", str(web), "--workers", "2"], folder / "web.log"),
        Service("worker", [*KEZHI, "worker", "--given-up-after", "2"], folder / "worker.log"),
        Service("mail", [*office, *map(str, ports)], folder / "mail.log"),
    ]
    return Installation(server, running, [web], addresses.owner, addresses.superuser)


def _fill(ports: tuple[int, int], customers: int) -> None:
    from django.db import connection

    from kezhi.core.actor import SYSTEM
    from kezhi.customers.creating import create_contact, create_customer
    from kezhi.messaging.models import MailAccount
    from kezhi.service.intake.desks import open_desk

    on = date.today()
    # Two of three customers are known; the others write as strangers.
    for number in (n for n in range(customers) if n % 3):
        customer = create_customer({"name": f"C{number:03d} 商贸"}, actor=SYSTEM, on=on)
        about = {"customer": customer, "name": "P", "email": f"p{number:03d}@c{number:03d}.example"}
        create_contact(about, actor=SYSTEM, on=on)
    account = MailAccount(
        name="Service",
        address=ADDRESS,
        purpose="shared",
        imap_host="127.0.0.1",
        imap_port=ports[0],
        imap_security="plain",
        imap_user="box",
        smtp_host="127.0.0.1",
        smtp_port=ports[1],
        smtp_security="plain",
        hourly_limit=100_000,
        domain_hourly_limit=100_000,
    )
    account.imap_password = BOX_PASSWORD
    account.save()
    open_desk(account, {}, actor=SYSTEM, at=datetime.now(UTC) - MONTH - timedelta(days=1))
    connection.close()
    getattr(connection, "close_pool", lambda: None)()


def _kill_at_random(month: Month, kills: int, seconds: float) -> dict[str, int]:
    """Over the whole time that the letters take, but for its end."""
    between = max(0.9 * seconds / max(kills, 1), 2.5)
    done = dict.fromkeys(KINDS, 0)
    rng, site = random.Random(month.rng.random()), month.site
    for number in range(kills):
        time.sleep(between * rng.uniform(0.4, 1.6))
        kind = KINDS[number % len(KINDS)] if kills < len(KINDS) * 2 else rng.choice(KINDS)
        if kind == "database":
            with site.database_lock:
                pid = site.server.pid
                backends = [child.pid for child in psutil.Process(pid).children()]
                os.kill(rng.choice([pid, rng.choice(backends)]), signal.SIGKILL)
        else:
            service = next(each for each in site.services if each.kind == kind)
            if kind == "mail":
                _end_tree(service)
            else:
                with suppress(ProcessLookupError):
                    os.kill(rng.choice(service.pids()), signal.SIGKILL)
        done[kind] += 1
        print(f"{number + 1}/{kills} {kind}", file=sys.stderr, flush=True)
    _wait(site.is_whole, "the pages don't come back")
    return done


def _end_tree(service: Service) -> None:
    """With its children: a dovecot that stayed would hold the port."""
    for pid in service.pids()[::-1]:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def _is_quiet(month: Month) -> bool:
    """Every letter has its ticket, every ticket its answer, every answer its end."""
    queries = (
        "SELECT count(*) FROM service_ticketentry WHERE sort = 'received'",
        "SELECT count(*) FROM service_ticket WHERE state IN ('new', 'open')"
        " AND (answered_at IS NULL OR answered_at < customer_wrote_at)",
        "SELECT count(*) FROM messaging_outgoing WHERE state IN ('waiting', 'sending')"
        " AND (expires_at IS NULL OR expires_at > now())",
    )
    with suppress(psycopg.Error), month._database() as database:
        found = [database.execute(query).fetchone()[0] for query in queries]  # type: ignore[index]
        return found[0] >= len(month.written) and found[1] == found[2] == 0
    return False


def _wait(condition: Any, otherwise: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(otherwise)
        time.sleep(0.3)


def taken(folder: Path) -> list[Any]:
    """What the mail server has delivered."""
    return [_letter_in(path) for path in sorted((folder / "taken").glob("*.eml"))]


def _letter_in(path: Path) -> Any:
    return email.message_from_bytes(path.read_bytes(), policy=email.policy.default)


def compare(month: Month, arguments: argparse.Namespace) -> dict[str, Any]:
    with month._database() as database:
        said = database.execute(
            "SELECT e.text, t.id, lower(i.from_address), lower(t.requester_email), t.parent_id"
            " FROM service_ticketentry e JOIN service_ticket t ON t.id = e.ticket_id"
            " LEFT JOIN messaging_incoming i ON i.id = e.incoming_id WHERE e.sort = 'received'"
        ).fetchall()
        sent = database.execute(
            "SELECT e.text, o.message_id, o.state FROM service_ticketentry e"
            " LEFT JOIN messaging_outgoing o ON o.id = e.outgoing_id WHERE e.sort = 'sent'"
        ).fetchall()
        orphans = database.execute(
            "SELECT count(*) FROM messaging_incoming WHERE about_kind <> 'ticket'"
        ).fetchone()
        confirmed = database.execute(
            "SELECT address, count(*) FROM service_confirmation GROUP BY address"
        ).fetchall()
    came = [(re.search(r"M-\d{5}", row[0]), row) for row in said]
    marks = [found.group(0) for found, _row in came if found]
    delivered = [str(each["Message-ID"]) for each in taken(month.folder)]
    answers = [(row[0].split(" ")[0], row[1], row[2]) for row in sent]
    named = [mark for mark, _id, _state in answers]
    clocks = clocks_off(month)
    report = {
        "letters": len(month.written),
        "letters_lost": len(set(month.written) - set(marks)),
        "letters_doubled": len(marks) - len(set(marks)),
        "letters_without_a_ticket": (orphans or (0,))[0],
        "letters_on_tickets_of_others": sum(row[2] != row[3] for _found, row in came),
        "tickets": len({row[1] for row in said}),
        "answers": len(month.answered),
        "answers_lost": len(set(month.answered) - set(named)),
        "answers_doubled": len(named) - len(set(named)),
        "answers_not_delivered": sum(
            state == "sent" and message not in delivered for _m, message, state in answers
        ),
        "answers_uncertain": sum(state == "uncertain" for _m, _id, state in answers),
        "answers_failed": sum(state not in ("sent", "uncertain") for _m, _id, state in answers),
        "delivered_twice": len(delivered) - len(set(delivered)),
        "most_confirmations_of_one": max((count for _a, count in confirmed), default=0),
        **clocks,
        "faults": month.faults[:10],
    }
    wrong = (
        *("letters_lost", "letters_doubled", "letters_without_a_ticket", "clocks_off"),
        *("letters_on_tickets_of_others", "answers_lost", "answers_doubled", "delivered_twice"),
        *("answers_not_delivered", "answers_failed", "faults"),
    )
    is_sound = not any(report[name] for name in wrong) and report["most_confirmations_of_one"] <= 3
    return {**report, "holds": bool(is_sound and report["letters"] == arguments.messages)}


# ---- the clocks, counted anew ----


def clocks_off(month: Month) -> dict[str, Any]:
    """Every answer's clock against the entries and against business hours counted minute by minute."""
    with month._database() as database:
        rows = database.execute(
            "SELECT ticket_id, kind, started_at, due_at, ended_at, is_breached, promised_minutes"
            " FROM service_clock WHERE kind IN ('first_answer', 'next_answer') ORDER BY id"
        ).fetchall()
        entries = database.execute(
            "SELECT ticket_id, sort, at FROM service_ticketentry"
            " WHERE sort IN ('received', 'sent') ORDER BY ticket_id, id"
        ).fetchall()
    wanted = _spans(entries)
    found: dict[int, list[tuple[datetime, datetime | None]]] = {}
    off = []
    for ticket, kind, started, due, ended, is_breached, minutes in rows:
        found.setdefault(ticket, []).append((started, ended))
        right = due_by_minutes(started, minutes)
        # A clock that was ended in time has no moment left at which it would ring.
        if due is None and (ended is None or ended > right):
            off.append(f"ticket {ticket} {kind}: no due moment, counted {right}")
        if due is not None and abs((due - right).total_seconds()) > 1:
            off.append(f"ticket {ticket} {kind}: due {due}, counted {right}")
        if ended is not None and is_breached != (ended > right):
            off.append(f"ticket {ticket} {kind}: breached {is_breached}, counted {ended > right}")
    off += [f"ticket {pk}: {found.get(pk)} for {spans}" for pk, spans in wanted.items()
            if sorted(found.get(pk, []), key=str) != sorted(spans, key=str)]  # fmt: skip
    return {"clocks": len(rows), "clocks_off": off[:10]}


def _spans(entries: list[Any]) -> dict[int, list[tuple[datetime, datetime | None]]]:
    """From the words alone: a clock begins with the customer's and ends with ours."""
    spans: dict[int, list[tuple[datetime, datetime | None]]] = {}
    waiting: dict[int, datetime] = {}
    for ticket, sort, at in entries:
        if sort == "received":
            waiting.setdefault(ticket, at)
        elif ticket in waiting:
            spans.setdefault(ticket, []).append((waiting.pop(ticket), at))
    for ticket, at in waiting.items():
        spans.setdefault(ticket, []).append((at, None))
    return spans


def due_by_minutes(start: datetime, minutes: int) -> datetime:
    """Monday to Friday from nine to six in Shanghai, with China's holidays and make-up days."""
    zone = ZoneInfo("Asia/Shanghai")
    at = start.astimezone(zone)
    rest = timedelta(minutes=minutes)
    for _day in range(1000):
        year = holidays.country_holidays("CN", years=at.year)
        is_worked = at.date() in year.weekend_workdays
        is_open = is_worked or (at.weekday() < 5 and at.date() not in year)
        opens, closes = (at.replace(hour=h, minute=0, second=0, microsecond=0) for h in (9, 18))
        if is_open and at < closes:
            begun = max(at, opens)
            if closes - begun >= rest:
                return (begun + rest).astimezone(UTC)
            rest -= closes - begun
        at = (at + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    raise ValueError("never")


if __name__ == "__main__":
    main()
