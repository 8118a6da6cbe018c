"""Questions that customers answered themselves: suggested, opened, solved, and no ticket after it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Q

from kezhi.core.actor import Actor
from kezhi.service.models import Article, Face, HelpVisit, Ticket

WINDOW = timedelta(days=3)
KEPT = timedelta(days=400)
SHOWN_ARTICLES = 20


def visit_of(
    key: uuid.UUID | None, face: str, *, at: datetime, contact_id: int | None = None
) -> HelpVisit:
    """The visit that goes on, or a new one: after three days somebody comes for something else."""
    if key is not None:
        known = HelpVisit.objects.filter(
            key=key, began_at__gt=at - WINDOW, face=face, contact_id=contact_id
        )
        if (visit := known.first()) is not None:
            return visit
    return HelpVisit.objects.create(face=face, contact_id=contact_id, began_at=at)


def note_shown(visit: HelpVisit, *, at: datetime) -> None:
    HelpVisit.objects.filter(pk=visit.pk, shown_at__isnull=True).update(shown_at=at)


def note_opened(visit: HelpVisit, article: Article, *, at: datetime) -> None:
    """Of several that were opened, the last."""
    HelpVisit.objects.filter(pk=visit.pk, solved_at__isnull=True).update(
        opened_at=at, opened=article
    )


def note_solved(visit: HelpVisit, article: Article, *, at: datetime) -> None:
    """The reader says that it answered the question."""
    HelpVisit.objects.filter(pk=visit.pk).update(
        opened_at=at, opened=article, solved_at=at, solved_by=article
    )


def note_ticket(key: uuid.UUID | None, ticket: Ticket, *, at: datetime) -> None:
    """The visitor opened a ticket all the same: the form that made it knows the visit's key."""
    if key is not None:
        HelpVisit.objects.filter(
            key=key, began_at__gt=at - 2 * WINDOW, ticket_at__isnull=True
        ).update(ticket=ticket, ticket_at=at)


def ticket_of_contact(ticket: Ticket, actor: Actor, at: datetime) -> None:
    """A ticket of somebody who looked for help in the portal; listens to tickets that are opened."""
    if ticket.contact_id is not None:
        HelpVisit.objects.filter(
            contact_id=ticket.contact_id, began_at__gt=at - 2 * WINDOW, ticket_at__isnull=True
        ).update(ticket=ticket, ticket_at=at)


def forget_old_visits(*, at: datetime) -> int:
    """Visits stay for thirteen months, so that a year can be compared."""
    return int(HelpVisit.objects.filter(began_at__lt=at - KEPT).delete()[0])


@dataclass(frozen=True)
class Funnel:
    """How many visits came how far. `certain` are those whose three days are over."""

    label: str
    visits: int
    shown: int
    opened: int
    solved: int
    certain: int
    answered: int  # of `certain`: solved, and no ticket within three days
    tickets: int


@dataclass(frozen=True)
class Useful:
    """An article and how many questions it answered in the time."""

    article: Article
    opened: int
    solved: int
    answered: int


NO_TICKET = Q(ticket_at__isnull=True) | Q(ticket_at__gt=F("solved_at") + WINDOW)


def funnels(*, since: datetime, until: datetime, at: datetime) -> list[Funnel]:
    """The portal, the help pages, and both together."""
    ripe = Q(began_at__lte=at - WINDOW)
    solved = Q(solved_at__isnull=False)
    counts = (
        HelpVisit.objects.filter(began_at__gte=since, began_at__lt=until, shown_at__isnull=False)
        .values("face")
        .annotate(
            visits=Count("pk"),
            opened=Count("pk", filter=Q(opened_at__isnull=False)),
            solved=Count("pk", filter=solved),
            certain=Count("pk", filter=ripe),
            answered=Count("pk", filter=ripe & solved & NO_TICKET),
            tickets=Count("pk", filter=Q(ticket_at__isnull=False)),
        )
    )
    by_face: dict[str, Mapping[str, Any]] = {row["face"]: row for row in counts}
    rows = [_funnel(str(label), [by_face.get(face)]) for face, label in Face.choices[1:]]
    return [*rows, _funnel("", list(by_face.values()))]


def _funnel(label: str, rows: Sequence[Mapping[str, Any] | None]) -> Funnel:
    def sum_of(name: str) -> int:
        return sum(row[name] for row in rows if row is not None)

    names = ("visits", "visits", "opened", "solved", "certain", "answered", "tickets")
    return Funnel(label, *(sum_of(name) for name in names))


def most_useful(*, since: datetime, until: datetime) -> list[Useful]:
    """The articles that answered most questions."""
    visits = HelpVisit.objects.filter(began_at__gte=since, began_at__lt=until)
    rows = (
        visits.filter(opened__isnull=False)
        .values("opened")
        .annotate(
            times=Count("pk"),
            solved=Count("pk", filter=Q(solved_by=F("opened"))),
            answered=Count("pk", filter=Q(solved_by=F("opened")) & NO_TICKET),
        )
        .order_by("-answered", "-times", "opened")[:SHOWN_ARTICLES]
    )
    found = Article.objects.in_bulk([row["opened"] for row in rows])
    return [
        Useful(found[row["opened"]], row["times"], row["solved"], row["answered"]) for row in rows
    ]
