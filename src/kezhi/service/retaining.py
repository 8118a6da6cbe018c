"""How long tickets, what was written on them, and complaints stay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy

from kezhi.customers.retaining import DEALINGS
from kezhi.records.retention import Clock, Loose, declare, loosely, spare
from kezhi.service.models import (
    CareTouch,
    CaseReview,
    Compensation,
    Complaint,
    Idea,
    PortalAccount,
    SuccessPlan,
    Ticket,
    TicketEntry,
)

PURPOSE = gettext_lazy("To serve the customer")


def declare_own() -> None:
    declare(
        Clock(
            "service_ticketentry",
            gettext_lazy("What was written on closed tickets"),
            PURPOSE,
            "ticket__closed_at",
            customer="ticket__customer_id",
        ),
        Clock(
            "service_complaint",
            gettext_lazy("Completed complaints"),
            gettext_lazy("To learn from them and to prove how they ended"),
            "closed_at",
            customer="customer_id",
        ),
        # After complaints, on which it waits: both go in one night.
        Clock(
            "service_ticket",
            gettext_lazy("Closed tickets"),
            gettext_lazy("To measure service"),
            "closed_at",
            only=Q(merged_into__isnull=True),  # a merged one goes with the ticket that took it in
            held=_tickets_of,
        ),
    )
    spare("service_ticket", _needed_tickets)
    spare("service_complaint", _owed)
    spare("customers_customer", _took_in_others)
    spare("messaging_incoming", _on_open_tickets("incoming_id"))
    spare("messaging_outgoing", _on_open_tickets("outgoing_id"))
    DEALINGS.append(_dealings)
    loosely(
        Loose("service_ticketentry", "incoming_id", "messaging_incoming"),
        Loose("service_ticketentry", "outgoing_id", "messaging_outgoing"),
        Loose("service_caretouch", "outgoing_id", "messaging_outgoing"),
    )


def _tickets_of(customers: Sequence[int]) -> Q:
    """Those of the customers, and those that took in one of theirs."""
    merged = Ticket.objects.filter(merged_into=OuterRef("pk"), customer_id__in=customers)
    return Q(customer_id__in=customers) | Q(Exists(merged))


def _needed_tickets(_until: datetime) -> Q:
    """A complaint stands on its ticket and has a clock of its own; a case review is done before both go."""
    found = Q()
    for rows in (
        Complaint.objects.counted(),
        CaseReview.objects.filter(state=CaseReview.State.OPEN),
    ):
        found |= Q(Exists(rows.filter(ticket_id=OuterRef("pk"))))
        found |= Q(Exists(rows.filter(ticket__merged_into=OuterRef("pk"))))
    return found


def _took_in_others(_until: datetime) -> Q:
    """A ticket of theirs holds one of another customer, which isn't theirs to take along."""
    others = Ticket.objects.filter(merged_into__customer_id=OuterRef("pk"))
    return Q(Exists(others.exclude(customer_id=OuterRef("pk"))))


def _owed(_until: datetime) -> Q:
    """What was promised isn't carried out yet."""
    open_ones = Compensation.objects.filter(state=Compensation.State.PROPOSED)
    return Q(Exists(open_ones.filter(complaint_id=OuterRef("pk"))))


def _on_open_tickets(column: str) -> Any:
    def sparing(_until: datetime) -> Q:
        rows = TicketEntry.objects.filter(ticket__closed_at__isnull=True)
        return Q(Exists(rows.filter(**{column: OuterRef("pk")})))

    return sparing


def _dealings(until: datetime) -> list[QuerySet[Any]]:
    day = until.date()
    return [
        Ticket.objects.filter(Q(closed_at__isnull=True) | Q(closed_at__gte=until)),
        Complaint.objects.filter(
            Q(closed_at__isnull=True, voided_at__isnull=True) | Q(closed_at__gte=until)
        ),
        PortalAccount.objects.filter(
            Q(invited_at__gte=until) | Q(ended_at__isnull=True, signed_in_at__gte=until)
        ),
        CareTouch.objects.filter(Q(happened_on__gte=day) | Q(settled_at__isnull=True)),
        Idea.objects.filter(submitted_on__gte=day),
        SuccessPlan.objects.filter(Q(ended_on__isnull=True) | Q(ended_on__gte=day)),
    ]
