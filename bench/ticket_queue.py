"""How fast the queue, the board and a ticket's page are beside 100,000 open and 2,000,000 settled tickets.

The rows are made by the database itself (customers, standings, tickets, words), on an embedded PostgreSQL
with the product's own settings; the open tickets lie behind the settled, as in a company that has worked for
years. One ticket more is made by the product's own deeds, with clocks, holdings and forty answers. Each page is
asked for through the whole stack as an agent, as a manager and as two salespeople, one with most of the
customers and one with few; p50 and p95 in milliseconds of the clock and of the processor (without the
database's), with how many questions it asks. Held to: the queue 30 ms at the median, a ticket's page 40 ms.
Statements that take longer than --slow milliseconds are told with their plans.

    ./kezhi bench ticket_queue [--open 100000] [--settled 2000000] [--rounds 40] [--slow 8] [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from million.standing_up import migrated

QUEUE_MS, PAGE_MS = 30, 40
CUSTOMERS_PER_OPEN = 5  # open tickets to each customer
AGENTS, SELLERS = 6, 8
PASSWORD, WORKED_ON = "bench-of-tickets", "冷藏车温度过高"
PAGES = (
    ("queue", "/tickets/?view=open", QUEUE_MS),
    ("mine", "/tickets/?view=mine", QUEUE_MS),
    ("nobody's", "/tickets/?view=unassigned", QUEUE_MS),
    ("due", "/tickets/?view=due", QUEUE_MS),
    ("all", "/tickets/?view=all", QUEUE_MS),
    ("open, by when due", "/tickets/?view=open&sort=due_at", QUEUE_MS),
    ("open, due last", "/tickets/?view=open&sort=-due_at", QUEUE_MS),
    ("open, oldest", "/tickets/?view=open&sort=opened_at", QUEUE_MS),
    ("of a type", "/tickets/?view=open&w=type.eq.internal&w=state.in.new,open", QUEUE_MS),
    ("of a state", "/tickets/?view=waiting", QUEUE_MS),
    ("missed", "/tickets/?view=open&w=state.in.new,open,waiting&w=is_breached.eq.yes", QUEUE_MS),
    ("board", "/tickets/board/", 2 * QUEUE_MS),
    ("board, mine", "/tickets/board/?whose=mine", 2 * QUEUE_MS),
)
FILL = (
    """
    INSERT INTO customers_customer (id, code, name, name_key, owner_id, team_id, department_id, roles,
        custom, created_at, updated_at, version, {customer_columns})
    SELECT g, 'B-' || g, '客户' || g, 'ke hu ' || g, u.id, u.team_id, u.department_id,
        ARRAY['customer'], '{{}}', now(), now(), 1, {customer_blanks}
    FROM generate_series(1000, 999 + %(customers)s) g
    JOIN accounts_user u ON u.login = CASE WHEN g %% 500 = 0 THEN 'few' WHEN g %% 10 < 5 THEN 'sales'
        ELSE 'seller' || g %% %(sellers)s END
    """,
    """
    INSERT INTO customers_standing (customer_id, owner_id, team_id, department_id, tier, previous_tier,
        loyalty, stage, occasions, realised_is_estimate, quadrant, value_at_risk)
    SELECT id, owner_id, team_id, department_id, 'B', '', '', '', 3, false, '',
        CASE WHEN id %% 3 = 0 THEN 0 ELSE round((random() * 900000)::numeric, 2) END
    FROM customers_customer WHERE id >= 1000
    """,
    """
    INSERT INTO service_ticket (number, type, state, priority, channel, subject, language, customer_id,
        requester_name, requester_email, requester_phone, assignee_id, handling_department_id, cause, solution,
        opened_at, solved_at, closed_at, reopened_count, is_breached, at_stake, skills, owner_id, team_id,
        department_id, custom, version, created_at, updated_at, due_at)
    SELECT 'B-' || g, CASE WHEN g %% 997 = 0 THEN 'internal'
            ELSE (ARRAY['inquiry','fault','need','complaint'])[1 + g %% 4] END,
        CASE WHEN is_open THEN (ARRAY['new','open','open','waiting'])[1 + g / 7 %% 4]
            WHEN g %% 500 = 0 THEN 'solved' ELSE 'closed' END,
        1 + g %% 4, 'email', '到货少 ' || g || ' 箱', 'zh-hans', c.id, '', '', '',
        a.id, %(head)s, '', '', opened_at,
        CASE WHEN NOT is_open THEN opened_at + interval '30 hours' END,
        CASE WHEN NOT is_open AND g %% 500 <> 0 THEN opened_at + interval '90 hours' END,
        0, g %% 97 = 0, CASE WHEN is_open THEN s.value_at_risk ELSE 0 END, '{{}}', c.owner_id, c.team_id,
        c.department_id, '{{}}', 1, now(), now(),
        CASE WHEN is_open AND g %% 11 > 0 THEN now() + (g %% 400 - 40 || ' hours')::interval END
    FROM (SELECT g, g > %(settled)s AS is_open,
            CASE WHEN g > %(settled)s THEN now() - ((%(settled)s + %(open)s - g) / 150.0 || ' hours')::interval
                ELSE now() - interval '3 days' - ((%(settled)s - g) / 80.0 || ' hours')::interval
            END AS opened_at
        FROM generate_series(1, %(open)s + %(settled)s) g) AS each
    JOIN customers_customer c ON c.id = 1000 + g * 7919::bigint %% %(customers)s
    JOIN customers_standing s ON s.customer_id = c.id
    LEFT JOIN accounts_user a ON a.login = 'agent' || g %% (2 * %(agents)s)
    ORDER BY g
    """,
    """
    INSERT INTO service_ticketentry (ticket_id, sort, at, text, sender, event, words, channel, minutes)
    SELECT t.id, (ARRAY['received','sent','note'])[n], t.opened_at + (n || ' minutes')::interval,
        '三箱破损，请给说法', '', '', '{{}}', 'email', 0
    FROM service_ticket t CROSS JOIN generate_series(1, 3) n
    WHERE t.state <> 'closed' OR n = 1
    """,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--open", type=int, default=100_000)
    parser.add_argument("--settled", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--slow", type=float, default=8.0)
    parser.add_argument("--keep", type=Path, help="a folder to keep the filled database in")
    arguments = parser.parse_args()
    with migrated(arguments.keep):
        print(json.dumps(measured(arguments), indent=1, ensure_ascii=False))


def measured(arguments: argparse.Namespace) -> dict[str, Any]:
    from kezhi.accounts.models import Company, User
    from kezhi.service.models import Ticket

    began = time.perf_counter()
    if Company.current() is None:
        found()
    if not Ticket.objects.exists():
        fill(arguments)
        worked_on()
    seconds = round(time.perf_counter() - began, 1)
    report: dict[str, Any] = {
        "open": Ticket.objects.open().count(),
        "settled": Ticket.objects.exclude(state__in=Ticket.OPEN_STATES).count(),
        "filled_in_s": seconds,
    }
    of_few = Ticket.objects.open().filter(owner_id=User.objects.get(login="few").pk)
    tickets = {
        "few": of_few.order_by("-at_stake").first(),
        "": Ticket.objects.get(subject=WORKED_ON),
    }
    for login in ("agent0", "manager", "sales", "few"):
        ticket = tickets.get(login, tickets[""])
        person = User.objects.get(login=login)
        report[login] = {
            name: asked(person, path, arguments) | {"held_to_ms": held}
            for name, path, held in (*PAGES, ("ticket", f"/tickets/{ticket.pk}/", PAGE_MS))
        }
    report["load_average"] = os.getloadavg()[0]
    return report


def found() -> None:
    """A company with agents, a manager and salespeople."""
    from kezhi.accounts.arranging import create_department, create_team
    from kezhi.accounts.models import Department
    from kezhi.accounts.organising import create_person
    from kezhi.accounts.setting_up import found_company
    from kezhi.core.actor import SYSTEM

    found_company(
        {"name": "测试", "currency": "CNY", "time_zone": "Asia/Shanghai", "language": "zh-hans"},
        {"login": "owner", "name": "所有者", "password": PASSWORD, "title": ""},
        actor=SYSTEM,
    )
    head = Department.objects.get(parent=None)
    east, west = (create_department(name, head, actor=SYSTEM) for name in ("华东", "西部"))
    team = create_team("一组", east, actor=SYSTEM)

    def made(login: str, role: str, **place: Any) -> None:
        entries = {"login": login, "name": login, "roles": [role], "password": PASSWORD, **place}
        create_person(entries, actor=SYSTEM)

    for number in range(AGENTS):
        made(f"agent{number}", "service_agent", department=head)
    made("manager", "manager", department=east)
    made("sales", "salesperson", department=east, team=team)
    made("few", "salesperson", department=east)
    for number in range(SELLERS):
        made(f"seller{number}", "salesperson", department=west)


def fill(arguments: argparse.Namespace) -> None:
    """Rows by the database itself; what triggers would note of each is left out."""
    from django.db import connection

    from kezhi.accounts.models import Department
    from kezhi.customers.models import Customer

    facts = {
        "open": arguments.open,
        "settled": arguments.settled,
        "customers": max(arguments.open // CUSTOMERS_PER_OPEN, 1),
        "sellers": SELLERS,
        "agents": AGENTS,
        "head": Department.objects.get(parent=None).pk,
    }
    given = {
        *("id", "code", "name", "name_key", "owner_id", "team_id", "department_id", "roles"),
        *("custom", "created_at", "updated_at", "version"),
    }
    others = [
        each
        for each in Customer._meta.concrete_fields
        if each.column not in given and not each.null
    ]
    blanks = [
        "''" if each.get_internal_type() in ("CharField", "TextField") else "0" for each in others
    ]
    words = {
        "customer_columns": ", ".join(f'"{each.column}"' for each in others),
        "customer_blanks": ", ".join(blanks),
    }
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for statement in FILL:
            cursor.execute(statement.format(**words), facts)
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("VACUUM ANALYZE")


def worked_on() -> None:
    """A ticket as people make it: with a clock, who had it, and many words."""
    from kezhi.accounts.models import User
    from kezhi.customers.models import Customer
    from kezhi.service.tickets.answering import answer
    from kezhi.service.tickets.opening import open_ticket

    agent, sales = (User.objects.get(login=each) for each in ("agent0", "sales"))
    customer = Customer.objects.filter(owner_id=sales.pk).order_by("pk")[0]
    at = datetime.now(UTC) - timedelta(days=3)
    fields = {"customer": customer, "subject": WORKED_ON, "type": "fault", "assignee": agent}
    ticket = open_ticket(fields, actor=agent, at=at, text="三箱破损，请给说法")
    for number in range(40):
        moment = at + timedelta(hours=number + 1)
        answer(ticket, f"第 {number} 次答复", actor=agent, at=moment, channel="phone")


def asked(person: Any, path: str, arguments: argparse.Namespace) -> dict[str, Any]:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client()
    client.force_login(person)
    client.get(path)
    with CaptureQueriesContext(connection) as queries:
        status = client.get(path).status_code
    # Before the next request: it begins a new list.
    statements = list(queries.captured_queries)
    times, processor = [], []
    for _round in range(arguments.rounds):
        began, busy = time.perf_counter(), time.process_time()
        client.get(path)
        times.append((time.perf_counter() - began) * 1000)
        processor.append((time.process_time() - busy) * 1000)
    times.sort()
    report: dict[str, Any] = {
        "status": status,
        "p50_ms": round(statistics.median(times), 1),
        "p95_ms": round(times[int(len(times) * 0.95) - 1], 1),
        "processor_ms": round(statistics.median(processor), 1),
        "questions": len(statements),
    }
    slow = [each["sql"] for each in statements if float(each["time"]) * 1000 > arguments.slow]
    if slow:
        report["slow"] = [plan(statement) for statement in slow if statement.startswith("SELECT")]
    return report


def plan(statement: str) -> dict[str, Any]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) " + statement)
        lines = [row[0] for row in cursor.fetchall()]
    return {"statement": statement[:600], "plan": lines}


if __name__ == "__main__":
    main()
