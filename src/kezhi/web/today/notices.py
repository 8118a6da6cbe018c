"""What waits for a person besides follow-ups: calls by name, promises and needs due, days, drafts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q
from django.utils import timezone

from kezhi.accounts.models import User
from kezhi.customers.models import Customer, Draft, ImportantDate, Mention, Need, Promise
from kezhi.service.models import Ticket

SHOWN = 6
AHEAD = timedelta(days=3)
A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Notices:
    mentions: list[Mention]
    promises: list[Promise]
    needs: list[Need]
    dates: list[ImportantDate]
    drafts: list[Draft]
    tickets: list[Ticket]


def of(actor: User, *, on: date) -> Notices:
    """At most six of each; one query each."""
    return Notices(
        mentions=_mentions(actor),
        promises=_promises(actor, on),
        needs=_needs(actor, on),
        dates=_dates(actor, on),
        drafts=_drafts(actor),
        tickets=_tickets(actor),
    )


def _tickets(actor: User) -> list[Ticket]:
    """One's own tickets on which a promise is broken or due within a day."""
    if not actor.may("read", "ticket"):
        return []
    rows = Ticket.objects.open().filter(assignee_id=actor.pk, due_at__lte=timezone.now() + A_DAY)
    return list(rows.select_related("customer").order_by("due_at", "pk")[:SHOWN])


def _mentions(actor: User) -> list[Mention]:
    rows = Mention.objects.of(actor).unread()
    rows = rows.select_related("interaction__customer", "interaction__author")
    return list(rows.order_by("-pk")[:SHOWN])


def _promises(actor: User, on: date) -> list[Promise]:
    """One's own promises and those to one's own customers that are overdue or due in three days."""
    if not actor.may("read", "promise"):
        return []
    mine = Q(made_by_id=actor.pk) | Q(owner_id=actor.pk)
    rows = Promise.objects.visible_to(actor).open().filter(mine, due_on__lte=on + AHEAD)
    return list(rows.select_related("customer", "made_by").order_by("due_on", "pk")[:SHOWN])


def _needs(actor: User, on: date) -> list[Need]:
    if not actor.may("read", "need"):
        return []
    rows = Need.objects.visible_to(actor).open().filter(handler_id=actor.pk)
    rows = rows.filter(reply_due_on__lte=on + AHEAD)
    return list(rows.select_related("customer").order_by("reply_due_on", "pk")[:SHOWN])


def _dates(actor: User, on: date) -> list[ImportantDate]:
    if not actor.may("read", "important_date"):
        return []
    rows = ImportantDate.objects.visible_to(actor).filter(owner_id__in=actor.own_ids)
    rows = rows.to_remember(on).select_related("customer", "contact")
    return list(rows.order_by("next_on", "pk")[:SHOWN])


def _drafts(actor: User) -> list[Draft]:
    """Of customers that may still be seen; what was taken from the person waits for it to come back."""
    seen = Customer.objects.visible_to(actor).values("pk")
    rows = Draft.objects.filter(person_id=actor.pk, customer__in=seen).select_related("customer")
    return list(rows.order_by("-updated_at")[:SHOWN])
