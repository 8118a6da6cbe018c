"""A letter that only says “no more” is a withdrawal of marketing and surveys by mail, from when it came."""

from __future__ import annotations

from datetime import datetime

from kezhi.core.actor import SYSTEM
from kezhi.customers.consenting import is_opt_out, refuse
from kezhi.customers.corresponding import matches
from kezhi.customers.models import Contact, Customer
from kezhi.customers.models.consent import REACHING, ConsentChannel, ConsentSource
from kezhi.messaging import filing
from kezhi.messaging.models import Incoming
from kezhi.messaging.reading import new_words

MOST = 20


def hear(incoming: Incoming, at: datetime) -> None:
    """Of every contact, and every customer who is a person, with the address the letter came from.

    Whether it could be filed doesn't matter: an address that two customers have is refused for both.
    """
    if incoming.nature != Incoming.Nature.LETTER or not incoming.from_address:
        return
    words = new_words(incoming.text).strip() or incoming.subject
    if not is_opt_out(words):
        return
    owners = [match.customer_id for match in matches(incoming.from_address)][:MOST]
    whose = {"email__iexact": incoming.from_address}
    contacts = Contact.objects.filter(customer_id__in=owners, **whose)[:MOST]
    customers = Customer.objects.filter(pk__in=owners, form="person", **whose)[:MOST]
    for person in [*contacts, *customers]:
        for purpose in sorted(REACHING):
            refuse(
                person,
                purpose,
                actor=SYSTEM,
                at=at,
                channel=ConsentChannel.EMAIL,
                by=ConsentSource.REPLY,
                detail=words[:200],
            )


def register() -> None:
    filing.ON_FILED.append(hear)
