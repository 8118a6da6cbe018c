"""Which parts of a customer's page hold something, told in the statement that reads the customer.

Most customers have no open promise, no address beside the main one, no file. A part that holds nothing asks
nothing. Rights are left out here: what a part shows is asked within its reader's own.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from kezhi.accounts.models import Share
from kezhi.core.actor import Actor
from kezhi.customers.models import (
    Address,
    Customer,
    Draft,
    Identifier,
    ImportantDate,
    Need,
    Promise,
    Relation,
)
from kezhi.insight.models import CustomerReading, Influence, Offer
from kezhi.ledger.models import Contract
from kezhi.service.models import Complaint, Ticket
from kezhi.workbench.models import Attachment, Tagging

HERE = OuterRef("pk")


def told_with(rows: QuerySet[Customer], actor: Actor) -> QuerySet[Customer]:
    """The same customers, each with what `holds` reads."""
    theirs = Q(customer=HERE)
    hung = Q(kind="customer", object_id=HERE)
    parts: dict[str, Any] = {
        "promise": Promise.objects.open().filter(theirs),
        "need": Need.objects.open().filter(theirs),
        "ticket": Ticket.objects.open().filter(theirs),
        "complaint": Complaint.objects.counted().filter(theirs),
        "relation": Relation.objects.filter(theirs | Q(other=HERE)),
        "important_date": ImportantDate.objects.filter(theirs),
        "address": Address.objects.filter(theirs),
        "identifier": Identifier.objects.filter(theirs),
        "draft": Draft.objects.filter(theirs, person_id=actor.pk),
        "share": Share.objects.filter(customer_id=HERE),
        "file": Attachment.objects.filter(hung, removed_at__isnull=True),
        "tag": Tagging.objects.filter(hung),
        "contract": Contract.objects.running().filter(theirs),
        "offer": Offer.objects.filter(theirs),
        "influence": Influence.objects.filter(theirs),
        "reading": CustomerReading.objects.filter(theirs),
    }
    return rows.annotate(**{f"holds_{part}": Exists(found) for part, found in parts.items()})


def holds(customer: Customer, *parts: str) -> bool:
    """Whether there may be something in any of these parts; True of a customer that was read without this."""
    return any(getattr(customer, f"holds_{part}", True) for part in parts)
