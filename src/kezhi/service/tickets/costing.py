"""The minutes that colleagues wrote down with their work on tickets become cost to serve, each once.

An hour costs what the rate for an hour of service says on the day of the work (`insight.ActivityRate`). Before
there is a rate nothing is booked; what was noted meanwhile is booked once a rate holds from an earlier day.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Max, Sum

from kezhi.accounts.models import Company
from kezhi.audit.recording import as_one_batch, audited, note
from kezhi.core.actor import Actor
from kezhi.customers.models import Customer
from kezhi.insight.models import ActivityRate
from kezhi.insight.serving import rates_by_activity
from kezhi.ledger.models import CostEntry
from kezhi.service.models import Ticket

BATCH = 5_000

# The rates as rows beside the entries: the last that began before the day of the work, at the company's clock.
BOOKED = """
    INSERT INTO ledger_costentry (customer_id, activity, incurred_on, amount, remark, entry_key,
        owner_id, team_id, department_id, custom, version, created_at)
    SELECT t.customer_id, 'service', work.day, round(r.rate * work.minutes / 60.0, 2), t.number,
        'ticket:' || work.id || ':0', c.owner_id, c.team_id, c.department_id, '{}', 1, now()
    FROM (
        SELECT e.id, e.ticket_id, e.minutes, (e.at AT TIME ZONE %(zone)s)::date AS day
        FROM service_ticketentry e WHERE e.minutes > 0 AND e.id > %(after)s ORDER BY e.id LIMIT %(limit)s
    ) work
    JOIN service_ticket t ON t.id = work.ticket_id
    JOIN customers_customer c ON c.id = t.customer_id
    JOIN LATERAL (
        SELECT given.rate FROM unnest(%(days)s::date[], %(rates)s::numeric[]) AS given(since_on, rate)
        WHERE given.since_on <= work.day ORDER BY given.since_on DESC LIMIT 1
    ) r ON r.rate > 0
    ON CONFLICT (entry_key) DO NOTHING
"""
NEXT = """
    SELECT max(id) FROM (
        SELECT id FROM service_ticketentry WHERE minutes > 0 AND id > %s ORDER BY id LIMIT %s) e
"""


@audited("service_time.booked")
def book_service_time(*, actor: Actor, on: date) -> int:
    """Every minute on record that isn't booked yet, at the rate of its day; how many entries it became."""
    versions = rates_by_activity().get(ActivityRate.Activity.HOUR, [])
    booked = 0
    if versions:
        booked = _book([each.since_on for each in versions], [each.rate for each in versions])
    note(entries=booked)
    return booked


def _book(days: list[date], rates: list[Decimal]) -> int:
    company = Company.current()
    zone = company.time_zone if company is not None else "UTC"
    booked, after = 0, 0
    with as_one_batch(), connection.cursor() as cursor:
        while True:
            cursor.execute(NEXT, [after, BATCH])
            (last,) = cursor.fetchone()
            if last is None:
                return booked
            facts: dict[str, Any] = {
                "zone": zone,
                "after": after,
                "limit": BATCH,
                "days": days,
                "rates": rates,
            }
            cursor.execute(BOOKED, facts)
            booked += cursor.rowcount
            after = last


def follow_customer(ticket: Ticket, actor: Actor, at: datetime, changed: frozenset[str]) -> None:
    """Of `hooks.ON_CHANGED`: what was booked for the wrong customer is taken back there and booked here."""
    if "customer" not in changed:
        return
    for entry in ticket.entries.filter(minutes__gt=0):
        rows = CostEntry.objects.filter(entry_key__startswith=f"ticket:{entry.pk}:")
        count = rows.count()
        if not count:
            continue
        sums = rows.values("customer").annotate(total=Sum("amount"), day=Max("incurred_on"))
        for number, booked in enumerate(sums.exclude(total=0).order_by("customer"), count):
            _correct(ticket, entry.pk, number, booked["customer"], booked["day"], -booked["total"])
        hourly = rows.filter(entry_key=f"ticket:{entry.pk}:0").get()
        if ticket.customer_id is not None:
            number = rows.count()
            _correct(
                ticket, entry.pk, number, ticket.customer_id, hourly.incurred_on, hourly.amount
            )


def _correct(
    ticket: Ticket, entry: int, number: int, customer: int, day: date, amount: Decimal
) -> None:
    CostEntry.objects.create(
        customer_id=customer,
        activity=CostEntry.Activity.SERVICE,
        incurred_on=day,
        amount=amount,
        remark=ticket.number,
        entry_key=f"ticket:{entry}:{number}",
        **Customer.objects.get(pk=customer).place,
    )
