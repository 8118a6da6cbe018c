"""A letter that only says “no more” is a withdrawal: of marketing by mail, from the moment it was filed."""

from __future__ import annotations

from datetime import datetime

from kezhi.core.actor import SYSTEM
from kezhi.customers.consenting import is_opt_out, refuse
from kezhi.customers.models import Contact, Customer
from kezhi.customers.models.consent import ConsentChannel, ConsentSource, Purpose
from kezhi.messaging import filing
from kezhi.messaging.models import Incoming
from kezhi.messaging.reading import new_words

MOST = 20


def hear(incoming: Incoming, at: datetime) -> None:
    """Of every contact, and the customer, who has the address the letter came from."""
    if incoming.nature != Incoming.Nature.LETTER or incoming.customer_id is None:
        return
    words = new_words(incoming.text).strip() or incoming.subject
    if not is_opt_out(words):
        return
    whose = {"email__iexact": incoming.from_address}
    contacts = Contact.objects.filter(customer_id=incoming.customer_id, **whose)[:MOST]
    customers = Customer.objects.filter(pk=incoming.customer_id, form="person", **whose)[:1]
    for person in [*contacts, *customers]:
        refuse(
            person,
            Purpose.MARKETING,
            actor=SYSTEM,
            at=at,
            channel=ConsentChannel.EMAIL,
            by=ConsentSource.REPLY,
            detail=words[:200],
        )


def register() -> None:
    filing.ON_FILED.append(hear)
