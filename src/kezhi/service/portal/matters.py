"""What a portal account sees of the company: its own tickets, its customer's orders, nothing else.

Every function takes the actor and starts from its customer; what isn't found here doesn't exist for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from kezhi.ledger.models import Order, OrderLine
from kezhi.satisfaction.models import SurveyInvitation
from kezhi.service.models import PortalSettings, Ticket, TicketEntry, TicketFile, TicketRating
from kezhi.service.portal.actors import PortalActor
from kezhi.service.tickets.enclosing import for_customer
from kezhi.workbench.models import Attachment

# What colleagues noted or a rule opened speaks to colleagues: the customer never began it.
THEIRS = (
    Ticket.Channel.EMAIL,
    Ticket.Channel.FORM,
    Ticket.Channel.PORTAL,
    Ticket.Channel.PHONE,
    Ticket.Channel.API,
)
SAID = (TicketEntry.Sort.RECEIVED, TicketEntry.Sort.SENT)
MOST_ENTRIES = 200
MOST_LINES = 200
MOST_FILES = 200
MOST_SURVEYS = 10


def tickets_of(actor: PortalActor) -> QuerySet[Ticket]:
    """Their own; with the whole customer in reach, those of all its people."""
    rows: QuerySet[Ticket] = Ticket.objects.filter(
        customer_id=actor.account.customer_id, channel__in=THEIRS
    )
    rows = rows.exclude(type=Ticket.Type.INTERNAL).exclude(
        state__in=(Ticket.State.SPAM, Ticket.State.MERGED)
    )
    if not actor.is_of_whole_customer:
        rows = rows.filter(contact_id=actor.account.contact_id)
    if actor.viewer is not None:
        rows = rows.filter(pk__in=Ticket.objects.visible_to(actor.viewer).values("pk"))
    return rows


def ticket_of(actor: PortalActor, pk: int) -> Ticket | None:
    """The ticket, or the one into which it was merged."""
    found = tickets_of(actor).select_related("contact", "product", "order").filter(pk=pk).first()
    if found is not None:
        return found
    merged = Ticket.objects.filter(
        pk=pk, customer_id=actor.account.customer_id, state=Ticket.State.MERGED
    )
    into = merged.values_list("merged_into_id", flat=True).first()
    return tickets_of(actor).filter(pk=into).first() if into is not None else None


@dataclass(frozen=True, slots=True)
class Words:
    """One entry as the customer reads it: whose, when, what, with which files."""

    is_ours: bool
    name: str
    at: datetime
    text: str
    files: list[Attachment]


def words_on(ticket: Ticket) -> list[Words]:
    """What customer and company said to each other, the oldest first. Notes and events are the company's."""
    entries = ticket.entries.filter(sort__in=SAID).select_related("author", "contact")
    latest = list(entries.order_by("-at", "-pk")[:MOST_ENTRIES])
    files = for_customer(latest)
    return [_words(entry, files.get(entry.pk, [])) for entry in reversed(latest)]


def _words(entry: TicketEntry, files: list[Attachment]) -> Words:
    is_ours = entry.sort == TicketEntry.Sort.SENT
    if is_ours:
        name = entry.author.name if entry.author else ""
    else:
        name = entry.contact.name if entry.contact else entry.sender
    return Words(is_ours, name, entry.at, entry.text, files)


def files_on(ticket: Ticket) -> list[Attachment]:
    """What the customer brought by the portal, whichever words it went with."""
    brought = TicketFile.objects.filter(ticket=ticket).values("attachment")
    rows = Attachment.objects.filter(pk__in=brought, removed_at__isnull=True)
    return list(rows.defer("text").order_by("pk")[:MOST_FILES])


def file_of(actor: PortalActor, ticket_pk: int, file_pk: int) -> Attachment | None:
    """A file that the customer brought, or that went with words they may read; None for any other."""
    ticket = ticket_of(actor, ticket_pk)
    if ticket is None:
        return None
    with_words = (file for words in words_on(ticket) for file in words.files)
    return next((f for f in (*with_words, *files_on(ticket)) if f.pk == file_pk), None)


def rating_of(ticket: Ticket) -> TicketRating | None:
    return TicketRating.objects.filter(ticket=ticket).first()


def orders_of(actor: PortalActor) -> QuerySet[Order]:
    """The customer's, for who sees the whole customer, while the company shows orders."""
    if not actor.is_of_whole_customer or not PortalSettings.current().shows_orders:
        return Order.objects.none()
    rows: QuerySet[Order] = Order.objects.filter(customer_id=actor.account.customer_id)
    if actor.viewer is not None:
        rows = rows.filter(pk__in=Order.objects.visible_to(actor.viewer).values("pk"))
    return rows.only(
        "number", "ordered_on", "promised_on", "delivered_on", "currency", "amount", "lines_count",
        "customer_id",
    )  # fmt: skip


def lines_of(order: Order) -> Sequence[OrderLine]:
    """What was bought, and for how much: never what it cost the company."""
    rows = OrderLine.objects.filter(order=order).select_related("product")
    shown = rows.only("quantity", "amount", "order_id", "product__code", "product__name")
    return list(shown.order_by("pk")[:MOST_LINES])


def surveys_of(actor: PortalActor, *, at: datetime) -> list[SurveyInvitation]:
    """Surveys that were sent to this contact and wait for an answer."""
    if not PortalSettings.current().shows_surveys:
        return []
    if actor.viewer is not None and not actor.viewer.may("read", "survey"):
        return []
    rows = SurveyInvitation.objects.filter(
        Q(expires_at__isnull=True) | Q(expires_at__gt=at),
        customer_id=actor.account.customer_id,
        contact_id=actor.account.contact_id,
        state__in=SurveyInvitation.WAITING,
        survey__is_active=True,
    )
    return list(rows.select_related("survey").order_by("-sent_at", "-pk")[:MOST_SURVEYS])
