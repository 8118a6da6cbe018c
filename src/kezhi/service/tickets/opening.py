"""A ticket is opened: by a colleague's note, a letter, a form, a program. It gets its number and its place."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from kezhi.accounts.models import User, person
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor, Scope
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import may_reach
from kezhi.customers.models import Customer, Standing
from kezhi.messaging.noticing import notify
from kezhi.service.models import Ticket, TicketEntry
from kezhi.service.tickets import hooks
from kezhi.service.tickets.happening import happened, moment
from kezhi.workbench.customizing.entering import columns_of, put, settle

LONGEST = 100_000
PLACE = ("owner_id", "team_id", "department_id")
# Whoever opens a ticket says these; the rest is the product's to keep.
SAID = frozenset(
    {
        *("type", "priority", "channel", "subject", "language", "customer", "contact"),
        *("requester_name", "requester_email", "requester_phone", "product", "order", "assignee"),
        *("handling_department", "parent", "cause", "skills"),
    }
)


@audited("ticket.opened")
def open_ticket(
    fields: Mapping[str, Any],
    *,
    actor: Actor,
    at: datetime | None = None,
    on: date | None = None,
    text: str = "",
    key: str | None = None,
    sender: str = "",
    incoming_id: int | None = None,
    minutes: int = 0,
) -> Ticket:
    """A ticket with its first entry. With `key`, what comes twice is opened once: the same ticket returns.

    `fields`: those in `SAID` and the company's own. `text` (or `fields["text"]`) is what the customer said.
    Who works on it is found by `hooks.ROUTING` where nobody is named.
    """
    at = moment(at)
    if key is not None and (known := opened_by(key)) is not None:
        return known
    entries = dict(fields)
    text = (str(entries.pop("text", "") or "") or text).strip()[:LONGEST]
    ticket = Ticket(created_by_id=actor.pk, opened_at=at)
    put("ticket", ticket, _allowed(entries), actor)
    ticket.subject = " ".join(ticket.subject.split())[:300]
    if not ticket.subject:
        ticket.subject = " ".join(text.split())[:60]
    _check(ticket)
    _demand_reach(ticket, actor)
    place(ticket)
    for route in hooks.ROUTING:
        route(ticket, actor, at)
    _fall_back(ticket, actor)
    if ticket.channel not in (Ticket.Channel.COLLEAGUE, Ticket.Channel.RULE):
        ticket.customer_wrote_at = at
    settle("ticket", ticket)
    ticket.number = next_number()
    try:
        with transaction.atomic():
            ticket.save()
            _first_entry(ticket, actor, at, text, key, sender, incoming_id, minutes)
    except IntegrityError:
        if key is not None and (known := opened_by(key)) is not None:
            return known
        raise
    note(type=ticket.type, channel=ticket.channel)
    is_told_as_need = ticket.type == Ticket.Type.NEED and ticket.customer_id is not None
    if ticket.assignee_id is not None and not is_told_as_need:
        words = {"what": str(ticket)}
        notify([ticket.assignee_id], "ticket.assigned", at=at, by=actor, about=ticket, words=words)
    for hear in hooks.ON_OPENED:
        hear(ticket, actor, at)
    return ticket


def opened_by(key: str) -> Ticket | None:
    """The ticket whose first words came with this key."""
    entry = TicketEntry.objects.select_related("ticket").filter(key=key).first()
    return entry.ticket if entry is not None else None


def first_words(ticket: Ticket) -> str | None:
    """What the customer said first; None where a ticket was opened without words."""
    said = ticket.entries.filter(sort=TicketEntry.Sort.RECEIVED).order_by("at", "pk")
    return said.values_list("text", flat=True).first()  # type: ignore[no-any-return]


def next_number() -> str:
    """`T-00042`: from a sequence."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('service_ticket_number_seq')")
        return f"T-{cursor.fetchone()[0]:05d}"


def place(ticket: Ticket) -> None:
    """Owner, team and department of the customer, and what of the customer's value is at risk."""
    customer = ticket.customer
    put_place = customer.place if customer is not None else dict.fromkeys(PLACE)
    for name in PLACE:
        setattr(ticket, name, put_place[name])
    standing = (
        Standing.objects.filter(customer_id=ticket.customer_id).only("value_at_risk").first()
        if ticket.customer_id is not None
        else None
    )
    ticket.at_stake = (standing.value_at_risk or 0) if standing is not None else 0


def may_place(actor: Actor, action: str, customer: Customer) -> bool:
    """Whether the actor's scope for tickets contains this customer."""
    return may_reach(actor, action, "ticket", customer)


def _allowed(entries: dict[str, Any]) -> dict[str, Any]:
    own = columns_of(Ticket)
    refused = sorted(name for name in entries if name in own and name not in SAID)
    if refused:
        raise Refused(
            _("A new ticket doesn’t take these: %(names)s.") % {"names": ", ".join(refused)}
        )
    return entries


def _check(ticket: Ticket) -> None:
    if not ticket.subject:
        raise Refused(_("Say in a few words what it is about."))
    check_parts(ticket)


def check_parts(ticket: Ticket) -> None:
    """Refuses a contact, an order or a choice that doesn't belong to the ticket's customer."""
    if ticket.contact is not None:
        if ticket.customer_id is None:
            ticket.customer = ticket.contact.customer
        if ticket.contact.customer_id != ticket.customer_id:
            raise Refused(_("Choose a contact of this customer."))
    if ticket.order is not None and ticket.order.customer_id != ticket.customer_id:
        raise Refused(_("Choose an order of this customer."))
    for column, choices in (
        ("type", Ticket.Type),
        ("channel", Ticket.Channel),
    ):
        if getattr(ticket, column) not in choices.values:
            raise Refused(_("Choose the type and the channel from the list."))
    ticket.priority = priority_of(ticket.priority)
    if ticket.assignee is not None:
        check_worker(ticket.assignee)
    if ticket.parent is not None:
        check_parent(ticket)


def priority_of(entry: Any) -> int:
    """A priority as it is kept, typed or chosen."""
    try:
        number = int(entry)
    except (TypeError, ValueError):
        number = 0
    if number not in Ticket.Priority.values:
        raise Refused(_("Choose the priority from the list."))
    return number


def check_worker(colleague: Any) -> None:
    """Nobody passes a ticket on into nothing."""
    if not isinstance(colleague, User) or not colleague.is_active:
        raise Refused(_("Choose a colleague who works here to see to it."))


def check_parent(ticket: Ticket) -> None:
    """One level: a ticket that has parts isn't a part itself."""
    parent = ticket.parent
    if parent is None:
        return
    if parent.pk == ticket.pk or parent.parent_id is not None:
        raise Refused(_("Choose a ticket that isn’t part of another one."))
    if ticket.pk is not None and ticket.children.exists():
        raise Refused(_("This ticket has parts of its own; it can’t become a part."))
    if parent.customer_id is not None and ticket.customer_id not in (None, parent.customer_id):
        raise Refused(_("The parts of a ticket belong to the same customer."))


def _demand_reach(ticket: Ticket, actor: Actor) -> None:
    if not actor.may("create", "ticket"):
        raise NotAllowed(_("Your role doesn’t open tickets."))
    if ticket.customer is not None and not may_place(actor, "create", ticket.customer):
        raise NotAllowed(_("Your role doesn’t open tickets of this customer."))
    if ticket.parent is not None:
        reached = Ticket.objects.visible_to(actor, "edit").filter(pk=ticket.parent_id)
        if not reached.exists():
            raise NotAllowed(_("Your role doesn’t change the ticket that this is to be part of."))


def _fall_back(ticket: Ticket, actor: Actor) -> None:
    """Somebody or some department has it, so that nothing lies where nobody looks."""
    if ticket.assignee is not None and ticket.handling_department_id is None:
        ticket.handling_department_id = ticket.assignee.department_id
    opener = person(actor)
    if opener is None or ticket.assignee is not None:
        return
    if ticket.handling_department_id is None:
        ticket.handling_department_id = opener.department_id
    # Whoever sees only their own would lose sight of what they wrote down.
    if actor.scope("read", "ticket") < Scope.DEPARTMENT and ticket.owner_id != opener.pk:
        ticket.assignee = opener


def _first_entry(
    ticket: Ticket,
    actor: Actor,
    at: datetime,
    text: str,
    key: str | None,
    sender: str,
    incoming_id: int | None,
    minutes: int,
) -> None:
    if not text:
        happened(ticket, "opened", actor=actor, at=at, key=key, channel=ticket.channel)
        return
    TicketEntry.objects.create(
        ticket=ticket,
        sort=TicketEntry.Sort.RECEIVED,
        at=at,
        author=person(actor),
        contact=ticket.contact,
        sender=(sender or ticket.requester_name or ticket.requester_email)[:254],
        text=text,
        channel=ticket.channel,
        incoming_id=incoming_id,
        minutes=minutes,
        key=key,
    )
