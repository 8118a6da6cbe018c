"""How long customers' own rows stay, and who was dealt with since a day: such contacts and prospects don't go.

Apps above add what they know to `DEALINGS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy, pgettext_lazy

from kezhi.customers.matching_keeping import keep_all
from kezhi.customers.models import Consent, Contact, FollowUp, Interaction, Need, Promise
from kezhi.messaging.models import Incoming, Outgoing
from kezhi.records.retention import Clock, Loose, declare, loosely, on_parting, spare

# Rows that show that somebody dealt with a customer since: they have `customer_id`, and `contact_id` where
# they are about one.
Dealings = Callable[[datetime], Sequence[QuerySet[Any]]]
DEALINGS: list[Dealings] = []
TO_SERVE = gettext_lazy("To serve the customer")


def declare_own() -> None:
    declare(
        Clock(
            "customers_interaction",
            gettext_lazy("Interactions"),
            TO_SERVE,
            "at",
            customer="customer_id",
        ),
        Clock(
            "customers_followup",
            gettext_lazy("Finished follow-ups"),
            TO_SERVE,
            "done_at",
            only=Q(done_at__isnull=False),
            customer="customer_id",
        ),
        Clock(
            "customers_draft",
            gettext_lazy("Drafts"),
            gettext_lazy("To go on writing"),
            "updated_at",
            customer="customer_id",
        ),
        Clock(
            "customers_consent",
            gettext_lazy("Withdrawn consents"),
            gettext_lazy("To prove what was agreed to"),
            "withdrawn_at",
            only=Q(withdrawn_at__isnull=False),
            customer="customer_id",
        ),
        Clock(
            "customers_merge",
            pgettext_lazy("retention", "Merges"),
            gettext_lazy("To take the merge back"),
            "at",
            30,
        ),
        Clock(
            "customers_contact",
            gettext_lazy("Contacts nobody dealt with"),
            TO_SERVE,
            "updated_at",
            customer="customer_id",
        ),
        Clock(
            "customers_customer",
            gettext_lazy("Prospects nobody dealt with"),
            gettext_lazy("To win the customer"),
            "updated_at",
            only=Q(roles=["customer"]),  # suppliers, competitors and others aren't prospects
            customer="pk",
        ),
    )
    DEALINGS.append(_own_dealings)
    spare("customers_contact", _contacts_dealt_with)
    spare("customers_customer", _customers_dealt_with)
    on_parting("customers_contact", _forget_likeness)
    loosely(
        # Their letters are theirs; who may see a customer means nothing without them.
        Loose("messaging_incoming", "customer_id", "customers_customer", goes=True),
        Loose("messaging_outgoing", "customer_id", "customers_customer", goes=True),
        Loose("accounts_share", "customer_id", "customers_customer", goes=True),
    )


def _own_dealings(until: datetime) -> list[QuerySet[Any]]:
    day = until.date()
    return [
        Interaction.objects.filter(at__gte=until),
        FollowUp.objects.filter(Q(done_at__isnull=True) | Q(done_at__gte=until)),
        Promise.objects.filter(
            Q(made_on__gte=day) | Q(settled_on__isnull=True) | Q(settled_on__gte=day)
        ),
        Need.objects.filter(
            Q(raised_on__gte=day) | Q(state__in=Need.OPEN_STATES) | Q(replied_on__gte=day)
        ),
        Consent.objects.filter(Q(given_on__gte=day) | Q(withdrawn_at__gte=until)),
        Contact.objects.filter(updated_at__gte=until),
        Incoming.objects.filter(received_at__gte=until),
        Outgoing.objects.filter(created_at__gte=until, purpose=Outgoing.Purpose.LETTER),
    ]


def _rows(until: datetime) -> Iterator[QuerySet[Any]]:
    for each in DEALINGS:
        yield from each(until)


def _customers_dealt_with(until: datetime) -> Q:
    found = Q()
    for rows in _rows(until):
        found |= Q(Exists(rows.filter(customer_id=OuterRef("pk"))))
    return found


def _contacts_dealt_with(until: datetime) -> Q:
    """Who works there still stays as long as their customer is dealt with; who has left, as they were."""
    own, of_customer = Q(), Q()
    for rows in _rows(until):
        if any(each.name == "contact" for each in rows.model._meta.concrete_fields):
            own |= Q(Exists(rows.filter(contact_id=OuterRef("pk"))))
        of_customer |= Q(Exists(rows.filter(customer_id=OuterRef("customer_id"))))
    return own | (Q(has_left=False) & of_customer)


def _forget_likeness(ids: Sequence[int]) -> Callable[[], None]:
    """By what contacts have, duplicates of their customers were looked for."""
    rows = Contact.objects.filter(pk__in=ids).order_by("customer_id")
    customers = list(rows.values_list("customer_id", flat=True).distinct())
    return lambda: keep_all(customers)
