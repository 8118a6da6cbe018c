"""Warned at three quarters, told when a promise breaks: from the one who works on it up the tree, one after the
other, until somebody acts. A job calls this each minute; what was told once isn't told again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from kezhi.accounts.models import Department, User
from kezhi.audit.recording import audited, note
from kezhi.core.actor import SYSTEM, Actor
from kezhi.messaging.models import NoticePreference
from kezhi.messaging.noticing import NoticeKind, declare, notify
from kezhi.service.clocks import keeping, running
from kezhi.service.clocks.business_time import NeverOpen, later
from kezhi.service.clocks.keeping import CLOCK_LABELS, Bench
from kezhi.service.clocks.promising import named_person
from kezhi.service.models import Clock, Ticket
from kezhi.service.tickets import happening
from kezhi.service.tickets.happening import Happening, happened

AT_ONCE = 200

happening.declare(
    "clock_warned",
    Happening(
        _("Three quarters are over: %(clock)s. %(to)s was told"),
        "clock",
        False,
        {"clock": CLOCK_LABELS},
    ),
)
happening.declare(
    "clock_breached",
    Happening(
        _("Promise broken: %(clock)s. %(to)s was told"), "alert", True, {"clock": CLOCK_LABELS}
    ),
)
declare(
    NoticeKind(
        "clock.warned",
        _("A promise on a ticket is nearly due"),
        _("Three quarters of the time are over: %(what)s"),
        "clock",
        NoticePreference.Way.HERE,
    ),
    NoticeKind(
        "clock.breached",
        _("A promise on a ticket is broken"),
        _("A promise is broken: %(what)s"),
        "alert",
        NoticePreference.Way.MAIL,
    ),
)


def due_clocks(at: datetime) -> list[int]:
    """Those whose turn it is, the longest due first: by an index that holds nothing else."""
    rows = Clock.objects.filter(attend_at__lte=at).order_by("attend_at", "pk")
    return list(rows.values_list("pk", flat=True)[:AT_ONCE])


def attend(at: datetime) -> int:
    """Everybody who is to be told by now; how many clocks were looked at."""
    looked_at: set[int] = set()
    while pks := [pk for pk in due_clocks(at) if pk not in looked_at]:
        for pk in pks:
            attend_to(pk, actor=SYSTEM, at=at)
        looked_at.update(pks)
    return len(looked_at)


@audited("clock.attended")
def attend_to(pk: int, *, actor: Actor, at: datetime) -> Ticket | None:
    """One clock's turn: the warning, the breach, or the next step up the tree."""
    related = ("assignee__team__lead", "assignee__department", "handling_department")
    # The ticket first, as every deed on it does: the other way round, two wait for each other for ever.
    rows = Ticket.objects.select_related(*related).select_for_update(of=("self",))
    ticket: Ticket = rows.get(clocks=pk)
    clock = Clock.objects.select_related("calendar").select_for_update(of=("self",)).get(pk=pk)
    if clock.attend_at is None or clock.attend_at > at:
        return None
    if clock.due_at is not None and at <= clock.due_at and not clock.is_breached:
        _warn(clock, ticket, at)
    else:
        running.judge(clock, at)
        _climb(clock, ticket, at)
    clock.save()
    keeping.tell_ticket(ticket)
    note(clock=clock.kind, level=clock.level)
    return ticket


def chain(ticket: Ticket) -> Iterator[User]:
    """Who is told one after the other: who works on it, the team's lead, the heads of the departments from the
    nearest up, and at last the person named; only those who may see the ticket."""
    seen: set[int] = set()
    for person in _above(ticket):
        if person is None or person.pk in seen or not person.is_active:
            continue
        seen.add(person.pk)
        if Ticket.objects.visible_to(person).filter(pk=ticket.pk).exists():
            yield person


def _above(ticket: Ticket) -> Iterator[User | None]:
    if ticket.assignee is not None:
        yield ticket.assignee
        yield from ticket.assignee.managers
    elif ticket.handling_department is not None:
        path = ticket.handling_department.path
        heads = Department.objects.filter(pk__in=path).select_related("head").in_bulk()
        yield from (heads[pk].head for pk in reversed(path) if pk in heads)
    yield named_person()


def _warn(clock: Clock, ticket: Ticket, at: datetime) -> None:
    first = next(chain(ticket), None)
    if first is not None:
        _tell(clock, ticket, first, "warned", at)
    clock.is_warned = True
    running.set_attention(clock)


def _climb(clock: Clock, ticket: Ticket, at: datetime) -> None:
    """The next one up; after the last nobody is left to be told."""
    bench = Bench()
    if clock.level == 0:
        keeping.answer_for(clock, ticket)
    waiting = [person for person in chain(ticket) if person.pk not in clock.told_ids]
    clock.level += 1
    if waiting:
        _tell(clock, ticket, waiting[0], "breached", at)
        clock.told_ids = [*clock.told_ids, waiting[0].pk]
    clock.attend_at = None
    if len(waiting) > 1:
        step = timedelta(minutes=bench.rules.step_minutes)
        try:
            clock.attend_at = later(running.hours_for(clock, bench.calendars), at, step)
        except NeverOpen:
            clock.attend_at = at + step


def _tell(clock: Clock, ticket: Ticket, person: User, what: str, at: datetime) -> None:
    words = {"what": str(ticket)}
    key = f"clock:{clock.pk}:{what}:{person.pk}:{clock.due_at:%Y%m%d%H%M}"
    with transaction.atomic():
        notify([person.pk], f"clock.{what}", at=at, about=ticket, words=words, key=key)
    happened(
        ticket, f"clock_{what}", actor=SYSTEM, at=at, clock=clock.kind, to=person.name, key=key
    )
