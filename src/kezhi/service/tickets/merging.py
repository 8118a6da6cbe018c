"""Two tickets about one matter become one: what was said goes to the one that goes on, and can come back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezhi.accounts.models import Company
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.refusal import Refused
from kezhi.service.models import Ticket, TicketEntry
from kezhi.service.tickets import hooks
from kezhi.service.tickets.answering import SPOKEN, answer
from kezhi.service.tickets.happening import Happening, declare, happened
from kezhi.workbench.models import Attachment

State = Ticket.State

declare("merged", Happening(gettext_lazy("%(who)s merged this ticket into %(into)s"), "link"))
declare("took_in", Happening(gettext_lazy("%(who)s merged %(from)s into this ticket"), "link"))
declare("parted", Happening(gettext_lazy("%(who)s took the merge with %(into)s back"), "undo"))


@audited("ticket.merged")
def merge_ticket(
    ticket: Ticket, into: Ticket, *, actor: Actor, at: datetime, tells: bool = False
) -> Ticket:
    """`ticket` ends; its words, files and parts go on in `into`, and whoever writes on it writes there.

    With `tells` its sender is told under which number it goes on, if the ticket has a way back to them.
    """
    first, second = sorted(
        (ticket, into), key=lambda each: each.pk
    )  # two merges at once don't wait
    claim(first, actor=actor, action="edit")
    claim(second, actor=actor, action="edit")
    ticket.refresh_from_db()
    into.refresh_from_db()
    _check(ticket, into)
    if tells and ticket.channel not in SPOKEN:
        words = told_to_sender(ticket, into)
        answer(ticket, words, actor=actor, at=at, is_automatic=True)
        ticket.refresh_from_db()
    moved = _move(ticket, into)
    parts = list(ticket.children.values_list("pk", flat=True))
    Ticket.objects.filter(pk__in=parts).update(parent=into)
    before = ticket.state
    ticket.state, ticket.merged_into = State.MERGED, into
    ticket.closed_at, ticket.snoozed_until = at, None
    ticket.version += 1
    ticket.save()
    happened(
        ticket,
        "merged",
        actor=actor,
        at=at,
        into=into.number,
        before=before,
        parts=parts,
        **moved,
    )
    happened(into, "took_in", actor=actor, at=at, **{"from": f"{ticket.number} {ticket.subject}"})
    _take_over(ticket, into)
    note(into=into.pk, **moved)
    for hear in hooks.ON_MERGED:
        hear(ticket, actor, at)
    return into


@audited("ticket.parted")
def part_ticket(ticket: Ticket, *, actor: Actor, at: datetime) -> Ticket:
    """The merge taken back: what it brought along returns, and the ticket is what it was before."""
    ticket = claim(ticket, actor=actor, action="edit")
    into = ticket.merged_into
    if ticket.state != State.MERGED or into is None:
        raise Refused(_("This ticket isn’t merged."))
    into = claim(into, actor=actor, action="edit")
    last = ticket.entries.filter(event="merged").order_by("-at", "-pk").first()
    known: dict[str, Any] = last.words if last is not None else {}
    TicketEntry.objects.filter(pk__in=known.get("entries", []), ticket=into).update(ticket=ticket)
    Attachment.objects.filter(
        pk__in=known.get("files", []), kind="ticket", object_id=into.pk
    ).update(object_id=ticket.pk)
    Ticket.objects.filter(pk__in=known.get("parts", []), parent=into).update(parent=ticket)
    before = known.get("before", State.OPEN)
    ticket.state = before if before in State.values and before != State.MERGED else State.OPEN
    merged_at = ticket.closed_at
    if ticket.state != State.CLOSED:
        ticket.closed_at = None
    ticket.merged_into = None
    ticket.version += 1
    ticket.save()
    happened(ticket, "parted", actor=actor, at=at, into=into.number)
    happened(into, "parted", actor=actor, at=at, into=ticket.number)
    for hear in hooks.ON_PARTED:
        hear(ticket, into, actor, at, merged_at)
    return ticket


def told_to_sender(ticket: Ticket, into: Ticket) -> str:
    """What the sender of a merged ticket reads, in their language."""
    company = Company.current()
    with translation.override(ticket.language or (company.language if company else "zh-hans")):
        words = {"number": ticket.number, "into": into.number}
        return _(
            "Your request %(number)s is about the same matter as %(into)s. We go on with both under the "
            "number %(into)s; you need do nothing."
        ) % (words)


def _check(ticket: Ticket, into: Ticket) -> None:
    if ticket.pk == into.pk:
        raise Refused(_("A ticket can’t be merged into itself."))
    if State.MERGED in (ticket.state, into.state):
        raise Refused(_("One of the two was merged already. Choose the ticket that goes on."))
    if not into.is_open:
        raise Refused(_("The ticket that is to go on is settled. Open it again first."))
    if len({ticket.customer_id, into.customer_id} - {None}) == 2:
        raise Refused(_("Tickets of two customers can’t become one."))
    if ticket.children.exists() and into.parent_id is not None:
        raise Refused(_("This ticket has parts of its own; it can’t become a part."))
    if into.parent_id == ticket.pk:
        raise Refused(_("A ticket can’t be merged into a part of itself."))


def _move(ticket: Ticket, into: Ticket) -> dict[str, Any]:
    """Words and files to the ticket that goes on; which they were."""
    words = ticket.entries.exclude(sort=TicketEntry.Sort.EVENT)
    files = Attachment.objects.filter(kind="ticket", object_id=ticket.pk)
    moved: dict[str, Any] = {
        "entries": list(words.values_list("pk", flat=True)),
        "files": list(files.values_list("pk", flat=True)),
    }
    words.update(ticket=into)
    files.update(object_id=into.pk)
    return moved


def _take_over(ticket: Ticket, into: Ticket) -> None:
    """The customer has waited since they first wrote on either."""
    if ticket.customer_wrote_at is not None:
        latest = max(ticket.customer_wrote_at, into.customer_wrote_at or ticket.customer_wrote_at)
        into.customer_wrote_at = latest
    into.version += 1
    into.save()
