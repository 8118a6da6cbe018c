"""A need and its ticket are one matter: registered, changed, passed on and answered on either, kept on both.

The need stays the register of what customers ask (product, quantity, why, when a reply is due); the ticket is
where it is worked on, with words, clocks and holders.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, time

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezhi.accounts.models import Company
from kezhi.audit.recording import audited, note
from kezhi.core.actor import SYSTEM, Actor
from kezhi.core.refusal import Refused
from kezhi.customers import answering as needs
from kezhi.customers.creating import may_reach
from kezhi.customers.models import Need
from kezhi.customers.promising import make_promise
from kezhi.service.models import Ticket, TicketEntry, TicketNeed
from kezhi.service.needs.finding import answers_for
from kezhi.service.tickets import answering, changing, opening
from kezhi.service.tickets.happening import Happening, declare, happened, moment

State = Ticket.State
SETTLED = (State.SOLVED, State.CLOSED)

declare(
    "reply_dated", Happening(gettext_lazy("%(who)s told the customer: an answer by %(on)s"), "cal")
)

# While one side is being kept, what it does to the other isn't told back.
_keeping: ContextVar[bool] = ContextVar("kezhi_needs_keeping", default=False)


@contextmanager
def _alone() -> Iterator[None]:
    token = _keeping.set(True)
    try:
        yield
    finally:
        _keeping.reset(token)


def need_of(ticket: Ticket) -> Need | None:
    """The need that is worked on by this ticket."""
    link = TicketNeed.objects.select_related("need__handler", "need__product").filter(ticket=ticket)
    found = link.first()
    return found.need if found is not None else None


def ticket_of(need: Need) -> Ticket | None:
    """The ticket by which a need is worked on."""
    link = TicketNeed.objects.select_related("ticket").filter(need=need).first()
    return link.ticket if link is not None else None


# From the need to the ticket


def need_changed(need: Need, deed: str, actor: Actor, on: date) -> None:
    """Of `answering.HEARERS`: the ticket follows."""
    if _keeping.get():
        return
    with _alone():
        ticket = ticket_of(need)
        if deed == "registered" and ticket is None:
            _open(need, actor, _moment_of(on))
        elif ticket is not None and ticket.state not in (State.MERGED, State.SPAM):
            _follow(ticket, need, deed, actor, _moment_of(on))


def _open(need: Need, actor: Actor, at: datetime) -> None:
    fields = {
        "type": Ticket.Type.NEED,
        "channel": Ticket.Channel.COLLEAGUE,
        "subject": need.what,
        "customer": need.customer,
        "contact": need.contact,
        "product": need.product,
        "assignee": need.handler,
    }
    by = actor if _opens(actor, need) else SYSTEM
    ticket = opening.open_ticket(fields, actor=by, at=at, text=need.why, key=f"need:{need.pk}")
    TicketNeed.objects.create(ticket=ticket, need=need)


def _follow(ticket: Ticket, need: Need, deed: str, actor: Actor, at: datetime) -> None:
    by, at = _able(actor, ticket), max(at, ticket.opened_at)
    wanted = {"subject": need.what, "product": need.product, "contact": need.contact}
    changes = {name: entry for name, entry in wanted.items() if getattr(ticket, name) != entry}
    if deed == "edited" and changes:
        changing.change_ticket(ticket, changes, actor=by, at=at)
    if deed in ("edited", "passed_on") and ticket.is_open and need.handler_id != ticket.assignee_id:
        changing.assign_ticket(ticket, need.handler, actor=SYSTEM, at=at)
    if deed == "started" and ticket.state == State.NEW:
        changing.set_state(ticket, State.OPEN, actor=by, at=at)
    if deed in ("answered", "declined") and ticket.is_open:
        told = need.reply if deed == "answered" else need.reason
        # The customer was told already: the entry says so, nothing is sent again.
        answering.answer(
            ticket, told, actor=by, at=at, channel=Ticket.Channel.COLLEAGUE, state=State.SOLVED
        )
    if deed == "reopened" and not ticket.is_open:
        changing.set_state(ticket, State.OPEN, actor=by, at=at)


# From the ticket to the need


def opened(ticket: Ticket, actor: Actor, at: datetime) -> None:
    """A ticket of type need registers it."""
    if ticket.type == Ticket.Type.NEED and not _keeping.get():
        _register(ticket, actor, at)


def changed(ticket: Ticket, actor: Actor, at: datetime, names: frozenset[str]) -> None:
    """What it is about, or whose it is."""
    if _keeping.get() or ticket.type != Ticket.Type.NEED:
        return
    need = need_of(ticket)
    if need is None:
        _register(ticket, actor, at)
        return
    wanted = {"what": ticket.subject, "product": ticket.product, "contact": ticket.contact}
    changes = {name: entry for name, entry in wanted.items() if getattr(need, name) != entry}
    if changes and need.customer_id == ticket.customer_id:
        with _alone():
            needs.change_need(need, changes, actor=_keeper(actor, need), on=_day(at))


def assigned(ticket: Ticket, actor: Actor, at: datetime) -> None:
    """Whoever has the ticket handles the need; a department's queue stands for its head."""
    need = need_of(ticket) if not _keeping.get() else None
    handler = ticket.assignee or answers_for(ticket.handling_department)
    if need is not None and need.is_open and handler is not None and handler != need.handler:
        with _alone():
            needs.pass_on_need(need, handler, actor=_keeper(actor, need), on=_day(at))


def state_set(ticket: Ticket, actor: Actor, at: datetime, before: str) -> None:
    """Solving answers the need with what the customer was told; opening again opens it."""
    need = need_of(ticket) if not _keeping.get() else None
    if need is None:
        return
    by, on = _keeper(actor, need), _day(at)
    with _alone():
        if ticket.state in SETTLED and need.is_open:
            needs.answer_need(need, told_last(ticket), actor=by, on=on)
        elif ticket.is_open and not need.is_open:
            needs.reopen_need(need, actor=by, on=on)
        elif ticket.state == State.OPEN and need.state == Need.State.OPEN:
            needs.start_need(need, actor=by, on=on)


def may_close(ticket: Ticket) -> str:
    """A need isn't closed without the customer having an answer."""
    if _keeping.get() or ticket.type != Ticket.Type.NEED or told_last(ticket):
        return ""
    return _("The customer has no answer to this need yet. Write it before you close the ticket.")


def told_last(ticket: Ticket) -> str:
    """The last words that the customer had from us, or what was noted as the solution."""
    sent = ticket.entries.filter(sort=TicketEntry.Sort.SENT).exclude(words__has_key="is_automatic")
    last = sent.order_by("-at", "-pk").first()
    return last.text if last is not None else ticket.solution


@audited("need.reply_dated")
def date_reply(ticket: Ticket, on: date, text: str, *, actor: Actor, at: datetime) -> TicketEntry:
    """The customer is told by which day the answer comes: kept as the need's date and as a promise of ours."""
    need = need_of(ticket)
    if need is None or not need.is_open:
        raise Refused(_("Only an open need has a day by which it is answered."))
    if on < _day(at):
        raise Refused(_("Choose today or a later day."))
    entry = answering.answer(ticket, text, actor=actor, at=at)
    with _alone():
        need.refresh_from_db()
        changes = {"reply_due_on": on}
        needs.change_need(need, changes, actor=_keeper(actor, need), on=_day(at))
    promise = {"customer": need.customer, "what": text[:300], "due_on": on}
    if may_reach(actor, "create", "promise", need.customer):
        make_promise(promise, actor=actor, on=_day(at))
    happened(ticket, "reply_dated", actor=actor, at=at, on=on.isoformat())
    note(on=on.isoformat())
    return entry


def _register(ticket: Ticket, actor: Actor, at: datetime) -> None:
    if ticket.customer is None or need_of(ticket) is not None or not ticket.is_open:
        return
    first = ticket.entries.order_by("at", "pk").first()
    fields = {
        "customer": ticket.customer,
        "what": ticket.subject,
        "why": first.text if first is not None else "",
        "contact": ticket.contact,
        "product": ticket.product,
        "handler": ticket.assignee or answers_for(ticket.handling_department),
    }
    is_able = may_reach(actor, "create", "need", ticket.customer)
    with _alone():
        need = needs.register_need(fields, actor=actor if is_able else SYSTEM, on=_day(at))
        TicketNeed.objects.create(ticket=ticket, need=need)


def _opens(actor: Actor, need: Need) -> bool:
    return actor.may("create", "ticket") and opening.may_place(actor, "create", need.customer)


def _able(actor: Actor, ticket: Ticket) -> Actor:
    """Whoever did it on the need, where they may work on the ticket; else it follows by itself."""
    reached = Ticket.objects.visible_to(actor, "edit").filter(pk=ticket.pk)
    return actor if reached.exists() else SYSTEM


def _keeper(actor: Actor, need: Need) -> Actor:
    reached = Need.objects.visible_to(actor, "edit").filter(pk=need.pk)
    return actor if reached.exists() else SYSTEM


def _moment_of(on: date) -> datetime:
    """Now, of today; of another day, which is written down later, its morning."""
    now, company = moment(None), Company.home()
    if company.today(now) == on:
        return now
    return datetime.combine(on, time(10), company.zone)


def _day(at: datetime) -> date:
    return Company.home().today(at)
