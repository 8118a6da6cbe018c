"""Owner, team and department: kept the same on a customer and on everything that repeats them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.db import connection
from django.db.models import Model
from django.utils.translation import gettext_lazy

from kezhi.audit.recording import as_one_batch, audited, note, traced_by
from kezhi.core import queue
from kezhi.core.actor import Actor
from kezhi.core.progress import Progress, silent
from kezhi.customers.models import Contact, Customer, Interaction, Standing
from kezhi.customers.models.belonging import belongings

CHUNK = 2_000
AT_ONCE = 1_000  # more customers than that follow in the background

# Upper apps that repeat the owner on their rows (orders, costs) register here in their `ready`; they get
# the ids of the customers.
on_place: list[Callable[[list[int]], None]] = []


def follow_place(ids: list[int]) -> None:
    """What repeats the owner of these customers follows it, here and in the apps above."""
    if not ids:
        return
    followers: list[type[Model]] = [Standing, Contact, Interaction, *belongings()]
    for model in followers:
        follow_in(model._meta.db_table, ids)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE customers_followup t SET team_id = c.team_id, department_id = c.department_id"
            " FROM customers_customer c WHERE c.id = t.customer_id AND c.id = ANY(%s)",
            [ids],
        )
    for follow in on_place:
        follow(ids)


def follow_in(table: str, ids: list[int]) -> None:
    """The rows of these customers in a table that has the three columns; `table` is a model's own."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} t SET owner_id = c.owner_id, team_id = c.team_id,"  # noqa: S608
            " department_id = c.department_id FROM customers_customer c"
            " WHERE c.id = t.customer_id AND c.id = ANY(%s)"
            " AND (t.owner_id, t.team_id, t.department_id)"
            " IS DISTINCT FROM (c.owner_id, c.team_id, c.department_id)",
            [ids],
        )


@traced_by("customer.moved")
def follow_people(people: Sequence[int], *, actor: Actor) -> None:
    """Colleagues changed their team or department: their customers go with them, many in the background."""
    if len(_away(people, AT_ONCE + 1)) > AT_ONCE:
        title = gettext_lazy("Customers follow their owners")
        queue.start("customers.follow_people", title, actor=actor, people=list(people))
    else:
        move_customers(people, actor=actor)


@audited("customer.moved")
def move_customers(people: Sequence[int], *, actor: Actor, progress: Progress = silent) -> int:
    """Team and department of these people's customers become those of the people; how many moved."""
    moved, total = 0, Customer.objects.filter(owner_id__in=people).count()
    with as_one_batch():
        while ids := _away(people, CHUNK):
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE customers_customer c"
                    " SET team_id = u.team_id, department_id = u.department_id,"
                    " version = version + 1 FROM accounts_user u"
                    " WHERE u.id = c.owner_id AND c.id = ANY(%s)",
                    [ids],
                )
            follow_place(ids)
            moved += len(ids)
            progress(moved, max(total, moved))
    note(customers=moved, people=list(people))
    return moved


def _away(people: Sequence[int], limit: int) -> list[int]:
    """Customers of these people that aren't yet where their owners are; locked until the deed ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.id FROM customers_customer c JOIN accounts_user u ON u.id = c.owner_id"
            " WHERE c.owner_id = ANY(%s) AND (c.team_id, c.department_id)"
            " IS DISTINCT FROM (u.team_id, u.department_id) ORDER BY c.id LIMIT %s FOR UPDATE OF c",
            [list(people), limit],
        )
        return [row[0] for row in cursor.fetchall()]
