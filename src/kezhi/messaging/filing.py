"""To whom a letter belongs: told by the addresses on it, and by its thread only where that agrees.

Nobody proves who they are in a mail. A number in the subject, a reply address or references to another's letter
therefore lead nowhere by themselves: a thread is joined only by those who took part in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from kezhi.audit.recording import audited, note
from kezhi.core.actor import SYSTEM, Actor
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.messaging.models import Incoming, MailAccount, Outgoing
from kezhi.messaging.reading import bounced_ids

State, Nature = Incoming.State, Incoming.Nature
MOST_CANDIDATES = 20


@dataclass(frozen=True, slots=True)
class Match:
    """A customer whom an address belongs to, and the contact if it is one's."""

    customer_id: int
    contact_id: int | None = None


@dataclass(slots=True)
class Book:
    """What the app that knows customers says: whose an address is, and how a letter is filed with them."""

    matches: Callable[[str], list[Match]] = lambda address: []
    # The record that the letter became: the name of its kind, and its id. Asked with the actor's rights.
    file: Callable[[Incoming, Match, Actor, datetime], tuple[str, int]] | None = None
    # Takes a letter off the customer it was filed with.
    unfile: Callable[[Incoming, Actor, datetime], None] | None = None


BOOK = Book()
# Apps above whose mailboxes aren't filed with customers: asked before it is, whether they took the letter.
DESKS: list[Callable[[Incoming, bytes, datetime], bool]] = []
# Told of each letter that came from a known sender, whosever it is and whoever took it, unless it is doubtful
# who sent it; and when one of ours came back.
ON_FILED: list[Callable[[Incoming, datetime], None]] = []
ON_BOUNCED: list[Callable[[Outgoing, datetime], None]] = []


def settle_new(incoming: Incoming, raw: bytes, at: datetime) -> None:
    """File a letter that just came, or leave it to people."""
    if _is_ours(incoming):
        incoming.state = State.IGNORED
        incoming.save()
        return
    if incoming.nature == Nature.BOUNCE:
        _tell_bounce(incoming, raw, at)
    if not any(take(incoming, raw, at) for take in DESKS):
        if incoming.nature in (Nature.BOUNCE, Nature.LIST):
            incoming.state = State.IGNORED
        else:
            _match(incoming, at)
        incoming.save()
    if not {"unproven", "several_senders"} & set(incoming.problems):
        for told in ON_FILED:
            told(incoming, at)


@audited("mail.assigned")
def assign(incoming: Incoming, match: Match, *, actor: Actor, at: datetime) -> Incoming:
    """Somebody says whose letter it is."""
    incoming = _mine(incoming, actor)
    if incoming.state == State.FILED:
        raise Refused(_("This letter is filed already."))
    _file(incoming, match, actor, at)
    incoming.save()
    note(customer=match.customer_id)
    return incoming


@audited("mail.unfiled")
def take_off(incoming: Incoming, *, actor: Actor, at: datetime) -> Incoming:
    """It was filed with the wrong customer: off their timeline, and to be assigned again."""
    incoming = _mine(incoming, actor)
    if incoming.state != State.FILED:
        raise Refused(_("This letter isn’t filed with a customer."))
    if incoming.about_kind != "interaction":
        raise Refused(_("This letter has become a record of its own. Change whose it is there."))
    if BOOK.unfile is not None:
        BOOK.unfile(incoming, actor, at)
    note(customer=incoming.customer_id)
    incoming.state, incoming.customer_id = State.UNKNOWN, None
    incoming.about_kind, incoming.about_id = "", None
    incoming.save()
    return incoming


@audited("mail.ignored")
def ignore(incoming: Incoming, *, actor: Actor, at: datetime) -> Incoming:
    """It concerns no customer."""
    incoming = _mine(incoming, actor)
    if incoming.state == State.FILED:
        raise Refused(_("This letter is filed with a customer."))
    incoming.state = State.IGNORED
    incoming.save(update_fields=["state"])
    return incoming


def answered_by(incoming: Incoming) -> Outgoing | None:
    """The letter of ours that it answers, if it does and its sender had got that."""
    found = _outgoing_thread(incoming)
    return found if found is not None and incoming.from_address in _participants(found) else None


def _is_ours(incoming: Incoming) -> bool:
    """A copy of what we sent, or a notice that came round: never answered, never told of."""
    if Outgoing.objects.filter(message_id=incoming.message_id or "-").exists():
        return True
    is_from_us = MailAccount.objects.filter(address__iexact=incoming.from_address).exists()
    return is_from_us and incoming.nature == Nature.AUTOMATIC


def _match(incoming: Incoming, at: datetime) -> None:
    matches = BOOK.matches(incoming.from_address) if incoming.from_address else []
    customers = list(dict.fromkeys(match.customer_id for match in matches))[:MOST_CANDIDATES]
    incoming.candidates = customers
    if {"unproven", "several_senders"} & set(incoming.problems):
        incoming.state = State.SEVERAL if customers else State.UNKNOWN
        return
    threaded = _thread_customer(incoming)
    fitting = [match for match in matches if match.customer_id == threaded]
    if threaded is not None and (fitting or not matches):
        _file(incoming, (fitting or [Match(threaded)])[0], SYSTEM, at)
    elif len(customers) == 1:
        _file(incoming, matches[0], SYSTEM, at)
    else:
        incoming.state = State.SEVERAL if customers else State.UNKNOWN


def _file(incoming: Incoming, match: Match, actor: Actor, at: datetime) -> None:
    if BOOK.file is None:
        raise Refused(_("There is nothing to file letters with."))
    answered = answered_by(incoming)
    is_same = answered is not None and answered.customer_id == match.customer_id
    incoming.answers_id = answered.pk if answered is not None and is_same else None
    incoming.about_kind, incoming.about_id = BOOK.file(incoming, match, actor, at)
    incoming.customer_id, incoming.state = match.customer_id, State.FILED


def _thread_customer(incoming: Incoming) -> int | None:
    """The customer of the thread, if the sender took part in it before."""
    answered = answered_by(incoming)
    if answered is not None and answered.customer_id is not None:
        return answered.customer_id
    known = Incoming.objects.filter(
        account=incoming.account, message_id__in=_named(incoming), state=State.FILED
    )
    for earlier in known.order_by("-pk")[:5]:
        if incoming.from_address in {earlier.from_address, *earlier.to, *earlier.cc}:
            return earlier.customer_id
    return None


def _outgoing_thread(incoming: Incoming) -> Outgoing | None:
    named = _named(incoming)
    rows = Outgoing.objects.filter(message_id__in=named, account=incoming.account)
    found: Outgoing | None = rows.order_by("-pk").first() if named else None
    return found


def _named(incoming: Incoming) -> list[str]:
    return [each for each in (incoming.in_reply_to, *incoming.references) if each]


def _participants(outgoing: Outgoing) -> set[str]:
    return {str(address).lower() for address in (*outgoing.to, *outgoing.cc)}


def _tell_bounce(incoming: Incoming, raw: bytes, at: datetime) -> None:
    """The letter that came back: it had been taken by the next server, and failed later."""
    rows = Outgoing.objects.filter(
        message_id__in=bounced_ids(raw),
        account=incoming.account,
        state__in=[Outgoing.State.SENT, Outgoing.State.UNCERTAIN],
    )
    for outgoing in rows[:5]:
        outgoing.state, outgoing.problem = Outgoing.State.FAILED, "bounced"
        outgoing.said = _reason(incoming.text)
        outgoing.save(update_fields=["state", "problem", "said"])
        incoming.answers_id, incoming.customer_id = outgoing.pk, outgoing.customer_id
        for told in ON_BOUNCED:
            told(outgoing, at)


def _reason(text: str) -> str:
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    telling = (line for line in lines if any(sign in line for sign in ("550", "5.", "554", "552")))
    return next(telling, lines[0] if lines else "")[:300]


def _mine(incoming: Incoming, actor: Actor) -> Incoming:
    rows = Incoming.objects.visible_to(actor, "edit").select_for_update(of=("self",))
    row = rows.filter(pk=incoming.pk).first()
    if row is None:
        raise NotAllowed(_("This letter came to a mailbox of others."))
    return row
