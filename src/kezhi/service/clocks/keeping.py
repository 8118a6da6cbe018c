"""The clocks of a ticket follow what happens to it, in the same transaction.

The first answer's clock starts with the ticket and never pauses: nobody waits for a customer who was told
nothing. The next answer's starts with the customer's words and ends with ours. Proposal and solution start with
the ticket and pause while it waits for the customer, or sleeps because the customer wished it. Solving ends
all; opening again lets the solution's clock run on. A ticket that was merged or unwanted counts no more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from kezhi.audit.recording import audited, traced_by
from kezhi.core.actor import SYSTEM, Actor
from kezhi.core.claiming import claim
from kezhi.core.refusal import Refused
from kezhi.customers.models import Standing
from kezhi.records.fields import Label
from kezhi.service.clocks import running
from kezhi.service.clocks.calendars import Calendars
from kezhi.service.clocks.promising import Promise, Rules
from kezhi.service.models import Clock, InternalRequest, Ticket, TicketEntry
from kezhi.service.tickets.happening import Happening, declare, happened

Kind, State = Clock.Kind, Clock.State
ALONG = (Kind.FIRST_ANSWER, Kind.PROPOSAL, Kind.SOLUTION)
_ANSWERS = (Kind.FIRST_ANSWER, Kind.NEXT_ANSWER)
PAUSING = (Kind.PROPOSAL, Kind.SOLUTION)
UNCOUNTED = (Ticket.State.MERGED, Ticket.State.SPAM)

CLOCK_LABELS: dict[str, Label] = {str(key): label for key, label in Kind.choices}
declare(
    "clock_changed",
    Happening(
        _("The promise changed: %(clock)s until %(to)s instead of %(before)s"),
        "clock",
        False,
        {"clock": CLOCK_LABELS},
    ),
)
declare("proposed", Happening(_("%(who)s made a proposal"), "deal"))


class Bench:
    """What working on clocks needs, read once for a deed or a job: calendars and rules."""

    def __init__(self) -> None:
        read = _read.get()
        self.calendars: Calendars = read.calendars if read is not None else Calendars()
        self.rules: Rules = read.rules if read is not None else Rules()

    def tier_of(self, ticket: Ticket) -> str:
        if ticket.customer_id is None:
            return ""
        tiers = Standing.objects.filter(pk=ticket.customer_id).values_list("tier", flat=True)
        return str(tiers.first() or "")

    def promised(self, ticket: Ticket, tier: str, clock: str) -> Promise | None:
        """What is promised on this ticket; between departments what they agreed comes first."""
        if ticket.type == Ticket.Type.INTERNAL and ticket.handling_department is not None:
            request = InternalRequest.objects.filter(ticket=ticket).first()
            asker = request.requesting if request is not None else None
            paths = (ticket.handling_department.path, asker.path if asker is not None else [])
            agreed = self.rules.agreed(*paths, clock)
            if agreed is not None:
                return agreed
        return self.rules.promised(ticket.type, tier, clock)


_read: ContextVar[Bench | None] = ContextVar("read", default=None)


@contextmanager
def read_once() -> Iterator[None]:
    """Many deeds of one transaction by calendars and rules that were read before the first of them.

    For who knows that nobody publishes others meanwhile.
    """
    token = _read.set(Bench())
    try:
        yield
    finally:
        _read.reset(token)


def opened(ticket: Ticket, actor: Actor, at: datetime) -> None:
    """The clocks of a new ticket start."""
    bench = Bench()
    tier = bench.tier_of(ticket)
    for kind in ALONG:
        promise = bench.promised(ticket, tier, kind)
        if promise is not None:
            _start(ticket, kind, promise, tier, ticket.opened_at, bench)
    _follow(ticket, at, bench)


def answered(ticket: Ticket, entry: TicketEntry, actor: Actor, at: datetime) -> None:
    """The customer has our words."""
    _each(ticket, at, lambda clock, bench: _end(clock, at, bench, ticket), _ANSWERS)


def received(ticket: Ticket, entry: TicketEntry, actor: Actor, at: datetime) -> None:
    """The customer wrote: the next answer is promised unless one is awaited already."""
    waiting = ticket.clocks.filter(kind__in=_ANSWERS, state__in=Clock.OPEN_STATES)
    if not ticket.is_open or waiting.exists():
        return
    bench = Bench()
    tier = bench.tier_of(ticket)
    promise = bench.promised(ticket, tier, Kind.NEXT_ANSWER)
    if promise is not None:
        _start(ticket, Kind.NEXT_ANSWER, promise, tier, at, bench)
        _follow(ticket, at, bench)


def state_set(ticket: Ticket, actor: Actor, at: datetime, before: str) -> None:
    """Clocks pause, run on, end or count no more, as the state says."""
    bench = Bench()
    clocks = list(_locked(ticket))
    if ticket.state in UNCOUNTED:
        for clock in clocks:
            _end(clock, at, bench, ticket, counts=False)
    elif not ticket.is_open:
        for clock in clocks:
            _end(clock, at, bench, ticket)
    elif before in (Ticket.State.SOLVED, Ticket.State.CLOSED):
        _reopen(ticket, at, bench)
    _follow(ticket, at, bench)


def state_taken_back(
    ticket: Ticket, at: datetime, before: str, settled_at: datetime | None
) -> None:
    """It was no step after all: what ended with it goes on as if it never had."""
    if settled_at is not None and ticket.is_open:
        _revive(ticket, at, settled_at)


def parted(
    ticket: Ticket, into: Ticket, actor: Actor, at: datetime, merged_at: datetime | None
) -> None:
    """The merge is taken back: the ticket's own promises hold again."""
    if merged_at is not None and ticket.is_open:
        _revive(ticket, at, merged_at)
        _follow(ticket, at, Bench())


def snoozed(ticket: Ticket, actor: Actor, at: datetime, is_wished: bool) -> None:
    """The ticket sleeps; its clocks do, too, where the customer wished it."""
    Clock.objects.open().filter(ticket_id=ticket.pk, kind__in=PAUSING).update(is_asleep=is_wished)
    _follow(ticket, at, Bench())


def merged(ticket: Ticket, actor: Actor, at: datetime) -> None:
    """What was merged counts with the ticket that goes on."""
    _each(ticket, at, lambda clock, bench: _end(clock, at, bench, ticket, counts=False))


def changed(ticket: Ticket, actor: Actor, at: datetime, names: frozenset[str]) -> None:
    """Another type or customer: other promises."""
    if names & {"type", "customer", "contact"}:
        recompute(ticket, at, Bench())


def assigned(ticket: Ticket, actor: Actor, at: datetime) -> None:
    """Another department may work by another calendar."""
    recompute(ticket, at, Bench())


def recompute(ticket: Ticket, at: datetime, bench: Bench) -> bool:
    """The open clocks as they would be, had the rules of now held from the start; whether one changed.

    The ticket's history says what was promised before. Clocks that nobody promises any more count no more.
    """
    if not ticket.is_open:
        return False
    tier = bench.tier_of(ticket)
    calendar = bench.calendars.of(ticket.handling_department)
    known = {clock.kind: clock for clock in _locked(ticket)}
    has_changed = False
    for kind, clock in known.items():
        promise = bench.promised(ticket, tier, kind)
        if promise is None:
            _end(clock, at, bench, ticket, counts=False)
            has_changed = True
        elif _adopt(clock, ticket, promise, tier, calendar, bench, at):
            has_changed = True
    done = set(ticket.clocks.exclude(state=State.STOPPED).values_list("kind", flat=True))
    for kind in PAUSING:
        promise = bench.promised(ticket, tier, kind)
        if promise is not None and kind not in done:
            _start(ticket, kind, promise, tier, ticket.opened_at, bench)
            has_changed = True
    _follow(ticket, at, bench)
    return has_changed


@traced_by("the deed that calls it")
def fulfil(ticket: Ticket, kind: str, *, actor: Actor, at: datetime) -> bool:
    """What a clock waits for has happened, such as the proposal of a complaint; whether one waited."""
    bench = Bench()
    waiting = list(_locked(ticket).filter(kind=kind))
    for clock in waiting:
        _end(clock, at, bench, ticket)
    if waiting and kind == Kind.PROPOSAL:
        happened(ticket, "proposed", actor=actor, at=at)
    _follow(ticket, at, bench)
    return bool(waiting)


@audited("ticket.proposed")
def tell_proposal(ticket: Ticket, *, actor: Actor, at: datetime) -> Ticket:
    """The customer has our proposal: the clock that waited for it is done."""
    ticket = claim(ticket, actor=actor, action="edit")
    if not fulfil(ticket, Kind.PROPOSAL, actor=actor, at=at):
        raise Refused(gettext("No proposal is awaited on this ticket."))
    return ticket


def tell_ticket(ticket: Ticket) -> None:
    """The ticket repeats the next moment promised, and whether a promise that still runs is broken."""
    found = Clock.objects.filter(ticket_id=ticket.pk, state__in=Clock.OPEN_STATES)
    rows = list(found.values_list("due_at", "is_breached"))
    due_at = min((due for due, _is_breached in rows if due is not None), default=None)
    is_breached = any(broken for _due, broken in rows)
    if (ticket.due_at, ticket.is_breached) != (due_at, is_breached):
        ticket.due_at, ticket.is_breached = due_at, is_breached
        Ticket.objects.filter(pk=ticket.pk).update(due_at=due_at, is_breached=is_breached)


def _locked(ticket: Ticket) -> Any:
    rows = Clock.objects.open().filter(ticket_id=ticket.pk).select_related("calendar")
    return rows.select_for_update(of=("self",)).order_by("pk")


def _each(
    ticket: Ticket, at: datetime, do: Callable[[Clock, Bench], None], kinds: Collection[str] = ()
) -> None:
    bench = Bench()
    for clock in _locked(ticket):
        if not kinds or clock.kind in kinds:
            do(clock, bench)
    _follow(ticket, at, bench)


def _start(
    ticket: Ticket, kind: str, promise: Promise, tier: str, started_at: datetime, bench: Bench
) -> None:
    clock = Clock(
        ticket=ticket,
        kind=kind,
        ticket_type=ticket.type,
        tier=tier,
        promised_minutes=promise.minutes,
        measure=promise.measure,
        calendar=bench.calendars.of(ticket.handling_department),
        started_at=started_at,
    )
    running.set_moments(clock, running.hours_for(clock, bench.calendars))
    running.set_attention(clock)
    clock.save()


def _follow(ticket: Ticket, at: datetime, bench: Bench) -> None:
    """Pauses and runs on what should, then tells the ticket."""
    for clock in _locked(ticket).filter(kind__in=PAUSING):
        hours = running.hours_for(clock, bench.calendars)
        was = (clock.state, clock.is_asleep)
        clock.is_asleep = clock.is_asleep and ticket.snoozed_until is not None
        if ticket.state == Ticket.State.WAITING or clock.is_asleep:
            running.pause(clock, at, hours)
        else:
            running.resume(clock, at, hours)
        if (clock.state, clock.is_asleep) != was:
            answer_for(clock, ticket)
            clock.save()
    tell_ticket(ticket)


def _end(clock: Clock, at: datetime, bench: Bench, ticket: Ticket, *, counts: bool = True) -> None:
    running.end(clock, at, running.hours_for(clock, bench.calendars), counts=counts)
    answer_for(clock, ticket)
    clock.save()


def answer_for(clock: Clock, ticket: Ticket) -> None:
    """Once it is decided, whoever had the ticket then answers for it."""
    if clock.decided_at is None:
        clock.person_id = clock.department_id = None
    elif clock.person_id is None and clock.department_id is None:
        clock.person_id = ticket.assignee_id
        clock.department_id = ticket.handling_department_id


def _reopen(ticket: Ticket, at: datetime, bench: Bench) -> None:
    done = ticket.clocks.filter(kind=Kind.SOLUTION, state=State.DONE).select_for_update()
    clock = done.order_by("-pk").first()
    if clock is not None:
        running.reopen(clock, at, running.hours_for(clock, bench.calendars))
        answer_for(clock, ticket)
        clock.save()


def _revive(ticket: Ticket, at: datetime, ended_at: datetime) -> None:
    """The clocks that ended when the ticket did; one that paused then had ended with its pause."""
    bench = Bench()
    proposed = ticket.entries.filter(event="proposed")
    known = set(_locked(ticket).values_list("kind", flat=True))
    over = ticket.clocks.exclude(state__in=Clock.OPEN_STATES).select_related("calendar")
    for clock in over.select_for_update(of=("self",)).order_by("-pk"):
        if clock.kind in known or clock.ended_at is None or clock.ended_at > ended_at:
            continue
        was_paused = clock.kind in PAUSING and clock.ended_at < ended_at
        if was_paused and not (ticket.state == Ticket.State.WAITING or clock.is_asleep):
            continue
        if clock.ended_at < ended_at and not was_paused:
            continue
        if (
            was_paused
            and clock.kind == Kind.PROPOSAL
            and proposed.filter(at__gte=clock.started_at).exists()
        ):
            continue
        if clock.kind in _ANSWERS and ended_at in (ticket.answered_at, ticket.first_answered_at):
            continue
        running.revive(clock, at, running.hours_for(clock, bench.calendars), is_paused=was_paused)
        answer_for(clock, ticket)
        clock.save()
        known.add(clock.kind)


def _adopt(
    clock: Clock,
    ticket: Ticket,
    promise: Promise,
    tier: str,
    calendar: Any,
    bench: Bench,
    at: datetime,
) -> bool:
    """The clock under the rules of now; whether it is due at another moment."""
    wanted = (promise.minutes, promise.measure, calendar.pk if calendar else None)
    same = (clock.promised_minutes, clock.measure, clock.calendar_id) == wanted
    is_same_customer = (clock.tier, clock.ticket_type) == (tier, ticket.type)
    before = (clock.promised_minutes, clock.due_at)
    clock.promised_minutes, clock.measure = promise.minutes, promise.measure
    clock.calendar, clock.tier, clock.ticket_type = calendar, tier, ticket.type
    hours = running.hours_for(clock, bench.calendars)
    running.set_moments(clock, hours)
    if same and is_same_customer and clock.due_at == before[1]:
        return False
    _judge_anew(clock, at)
    answer_for(clock, ticket)
    clock.save()
    if (clock.promised_minutes, clock.due_at) == before:
        return False
    happened(
        ticket,
        "clock_changed",
        actor=SYSTEM,
        at=at,
        clock=clock.kind,
        before=_told(before[1], clock, bench) or _minutes(before[0]),
        to=_told(clock.due_at, clock, bench) or _minutes(clock.promised_minutes),
    )
    return True


def _judge_anew(clock: Clock, at: datetime) -> None:
    """What was broken by the old promise may be kept by the new one; who was told stays told."""
    is_late = clock.due_at is not None and at > clock.due_at
    if not is_late:
        clock.is_breached, clock.breached_at, clock.decided_at = False, None, None
        clock.level = 0
        clock.is_warned = clock.is_warned and clock.warn_at is not None and at > clock.warn_at
    elif clock.is_breached:
        clock.breached_at = clock.decided_at = clock.due_at
    running.set_attention(clock)


def _told(moment: datetime | None, clock: Clock, bench: Bench) -> str:
    if moment is None:
        return ""
    return f"{running.told_moment(clock, moment, bench.calendars):%Y-%m-%d %H:%M}"


def _minutes(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02d}"
