"""Open clocks follow the rules of now: levels published, calendars changed, customers risen or fallen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import F, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from kezhi.audit.recording import audited, note, traced_by
from kezhi.core import queue
from kezhi.core.actor import Actor
from kezhi.core.models import JobRun
from kezhi.core.progress import Progress
from kezhi.customers.models import Standing
from kezhi.service.clocks import keeping
from kezhi.service.models import Clock, Ticket

AT_ONCE = 200
JOB = "service.recompute_clocks"


@traced_by("clocks.recomputed")
def start_recomputing(*, actor: Actor) -> JobRun:
    """All open clocks, in the background; who waits sees how far it is."""
    return queue.start(JOB, _("Service clocks by the rules of now"), actor=actor)


@traced_by("clocks.recomputed")
def recompute_all(*, actor: Actor, at: datetime, progress: Progress) -> int:
    """How many tickets got other moments."""
    total, done, changed = Ticket.objects.open().count(), 0, 0
    for pks in _batches(Ticket.objects.open()):
        changed += recompute_tickets(pks, actor=actor, at=at)
        done += len(pks)
        progress(done, max(total, done))
    return changed


@traced_by("clocks.recomputed")
def recompute_strayed(*, actor: Actor, at: datetime) -> int:
    """Tickets whose customers stand in another tier than their clocks know, as after a value run."""
    tier = Standing.objects.filter(pk=OuterRef("ticket__customer_id")).values("tier")[:1]
    rows = Clock.objects.open().filter(ticket__customer__isnull=False)
    rows = rows.annotate(now=Coalesce(Subquery(tier), Value(""))).exclude(tier=F("now"))
    strayed = list(rows.values_list("ticket_id", flat=True).distinct().order_by("ticket_id"))
    return sum(
        recompute_tickets(strayed[start : start + AT_ONCE], actor=actor, at=at)
        for start in range(0, len(strayed), AT_ONCE)
    )


@audited("clocks.recomputed")
def recompute_tickets(pks: list[int], *, actor: Actor, at: datetime) -> int:
    """One batch, in one transaction; each ticket's history says what changed."""
    bench = keeping.Bench()
    related = ("handling_department", "assignee")
    tickets = Ticket.objects.select_related(*related).filter(pk__in=pks).order_by("pk")
    changed = sum(keeping.recompute(ticket, at, bench) for ticket in tickets)
    note(tickets=len(pks), changed=changed)
    return changed


def _batches(rows: Any) -> Iterator[list[int]]:
    last = 0
    while pks := list(
        rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:AT_ONCE]
    ):
        yield pks
        last = pks[-1]
