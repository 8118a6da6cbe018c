"""Business cards of an event: taken in, confirmed one by one, made customers, contacts and follow-ups.

A batch can be left and taken up again at any card. Nothing becomes a record before a person has confirmed it.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _

from kezhi.accounts.models import User
from kezhi.audit.recording import audited, note, traced_by
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.progress import Progress, silent
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.carding_parsing import MOST_CARDS, cards_in, fitting
from kezhi.customers.carding_pictures import forget, picture_path, recognised
from kezhi.customers.creating import create_contact, create_customer
from kezhi.customers.following_up import log_interaction, plan_follow_up
from kezhi.customers.models import Card, CardBatch, Contact, Customer
from kezhi.workbench.attaching import attach

MOST_IN_BATCH = 5_000


@dataclass(frozen=True)
class Incoming:
    """A card as it was brought: text, what was read from it, and the picture already in the store."""

    source: str
    file_name: str = ""
    text: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    stored_as: uuid.UUID | None = None


@audited("cards.begun")
def begin_cards(event: str, held_on: date, place: str = "", *, actor: Actor) -> CardBatch:
    """A batch for the cards of one event, the actor's own."""
    if not actor.may("create", "card") or not isinstance(actor, User):
        raise NotAllowed(_("Your role doesn't take in business cards."))
    if not event.strip():
        raise Refused(_("Say at which event the cards were collected."))
    return CardBatch.objects.create(
        event=event.strip()[:120],
        held_on=held_on,
        place=place.strip()[:120],
        owner=actor,
        team_id=actor.team_id,
        department_id=actor.department_id,
    )


@audited("cards.added")
def add_cards(batch: CardBatch, incoming: Sequence[Incoming], *, actor: Actor) -> list[Card]:
    """Put cards into a batch, in the order in which they were brought."""
    batch = claim(batch, actor=actor, action="edit")
    if len(incoming) > MOST_CARDS or batch.cards.count() + len(incoming) > MOST_IN_BATCH:
        raise Refused(
            _("At most %(most)s cards are taken in at once. Split the file.") % {"most": MOST_CARDS}
        )
    last = batch.cards.aggregate(last=Max("position"))["last"] or 0
    note(cards=len(incoming), event=batch.event)
    return Card.objects.bulk_create(
        Card(
            batch=batch,
            position=last + number,
            source=each.source,
            file_name=each.file_name[-200:],
            text=each.text[:10_000],
            fields=fitting(each.fields),
            stored_as=each.stored_as,
        )
        for number, each in enumerate(incoming, 1)
    )


@audited("card.read")
def keep_reading(card: Card, text: str, fields: Mapping[str, str], *, actor: Actor) -> Card:
    """What was recognised on a picture, or typed beside it; entries that a person made stay."""
    card = _claimed(card, actor)
    card.text = text[:10_000]
    card.fields = {**fitting(fields), **card.fields}
    card.version += 1
    card.save()
    return card


@traced_by("card.read")
def read_pictures(batch_id: int, *, actor: Actor, progress: Progress = silent) -> dict[str, int]:
    """Recognise the text of a batch's pictures that have none yet; each is kept as soon as it is read."""
    waiting = Card.objects.filter(batch=batch_id, state=Card.State.OPEN, text="").exclude(
        stored_as=None
    )
    cards, read = list(waiting.order_by("position")), 0
    for number, card in enumerate(cards, 1):
        progress(number - 1, len(cards))
        text = recognised(card.stored_as) if card.stored_as else ""
        found = next(iter(cards_in(text)), ("", {}))[1]
        if text:
            keep_reading(card, text, found, actor=actor)
            read += 1
    return {"batch": batch_id, "cards": len(cards), "read": read}


@audited("card.confirmed")
def confirm_card(
    card: Card,
    fields: Mapping[str, Any],
    *,
    actor: Actor,
    on: date,
    at: datetime,
    customer: Customer | None = None,
    follow_up_on: date | None = None,
    reason: str = "",
) -> Contact:
    """Make of the card a contact at `customer`, or at a new one of the card's company.

    The event stands on the timeline and as the customer's source; the picture goes to the contact's files.
    """
    card = _claimed(card, actor)
    said = fitting(fields)
    if not said.get("name"):
        raise Refused(_("Fill in the name of the person."))
    if customer is None:
        customer = _new_customer(card, said, actor, on, reason)
    contact = create_contact(
        {
            "customer": customer,
            **{name: said.get(name, "") for name in ("name", "title", "phone", "email", "wechat")},
            "remark": said.get("remark", ""),
        },
        actor=actor,
        on=on,
        reason=reason,
    )
    log_interaction(customer, "note", _words(card.batch), actor=actor, at=at, contact=contact)
    if follow_up_on is not None:
        plan_follow_up(
            {
                "customer": customer,
                "subject": _("After %(event)s: %(name)s")
                % {"event": card.batch.event, "name": contact.name},
                "due_on": follow_up_on,
            },
            actor=actor,
            on=on,
        )
    _attach_original(card, contact, actor, at)
    card.fields, card.state = said, Card.State.DONE
    card.customer, card.contact = customer, contact
    card.decided_at, card.decided_by_id = at, actor.pk
    card.version += 1
    card.save()
    note(event=card.batch.event, customer=customer.pk, contact=contact.pk)
    return contact


def _new_customer(
    card: Card, said: Mapping[str, str], actor: Actor, on: date, reason: str
) -> Customer:
    company = said.get("company", "")
    entries = {
        "name": company or said["name"],
        "form": Customer.Form.COMPANY if company else Customer.Form.PERSON,
        "phone": said.get("company_phone", ""),
        "website": said.get("website", ""),
        "address": said.get("address", ""),
        "source": card.batch.event[:60],
    }
    return create_customer(entries, actor=actor, on=on, reason=reason)


def _words(batch: CardBatch) -> str:
    words = _("Business card from %(event)s, %(day)s") % {
        "event": batch.event,
        "day": batch.held_on.isoformat(),
    }
    return f"{words} · {batch.place}" if batch.place else words


def _attach_original(card: Card, contact: Contact, actor: Actor, at: datetime) -> None:
    """The picture, or the text of the vCard, as a file of the contact."""
    if card.stored_as is not None:
        data = picture_path(card.stored_as).read_bytes()
        attach(contact, f"{contact.name}.jpg", [data], kind="contact", actor=actor, at=at)
    elif card.text:
        ending = "vcf" if card.source == Card.Source.FILE else "txt"
        text = card.text
        if card.source == Card.Source.FILE:
            text = f"BEGIN:VCARD\n{text}\nEND:VCARD\n"
        attach(
            contact, f"{contact.name}.{ending}", [text.encode()], kind="contact", actor=actor, at=at
        )


@audited("card.skipped")
def skip_card(card: Card, *, actor: Actor, at: datetime) -> Card:
    """Leave a card out; it can be opened again."""
    card = _claimed(card, actor)
    card.state, card.decided_at, card.decided_by_id = Card.State.SKIPPED, at, actor.pk
    card.version += 1
    card.save()
    return card


@audited("card.reopened")
def reopen_card(card: Card, *, actor: Actor) -> Card:
    """A card that was left out is to be confirmed after all."""
    card = _claimed(card, actor, state=Card.State.SKIPPED)
    card.state, card.decided_at, card.decided_by_id = Card.State.OPEN, None, None
    card.version += 1
    card.save()
    return card


@audited("cards.deleted")
def delete_cards(batch: CardBatch, *, actor: Actor) -> None:
    """Throw a batch away with its pictures; the records made of its cards stay."""
    batch = claim(batch, actor=actor, action="delete")
    stored = [each for each in batch.cards.values_list("stored_as", flat=True) if each is not None]
    note(event=batch.event, cards=batch.cards.count())
    batch.delete()
    forget(stored)


def _claimed(card: Card, actor: Actor, state: str = Card.State.OPEN) -> Card:
    """The card under lock, if its batch is the actor's to work on and nobody has decided about it."""
    batches = CardBatch.objects.visible_to(actor, "edit").values("pk")
    row = (
        Card.objects.select_for_update(of=("self",))
        .select_related("batch")
        .filter(pk=card.pk, batch__in=batches)
        .first()
    )
    if row is None:
        raise NotAllowed(_("Your role doesn't change this record."))
    if row.state != state:
        raise Refused(_("Somebody has decided about this card already."))
    return row
