"""How many promises were kept: counted by month in the background, read by the report."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.db import transaction
from django.db.models import Count, Q, Sum

from kezhi.accounts.models import Company
from kezhi.core.actor import Actor, Scope
from kezhi.service.models import Clock, ClockMonth

PARTS = ("kind", "ticket_type", "tier", "person_id", "department_id")
MOST_MONTHS = 36


@dataclass(frozen=True, slots=True)
class Share:
    """Of one row of the report: how many promises were kept and broken."""

    key: str
    kept: int
    broken: int

    @property
    def count(self) -> int:
        return self.kept + self.broken

    @property
    def share(self) -> float | None:
        return self.kept / self.count if self.count else None


def first_of(day: date, back: int = 0) -> date:
    """The first day of the month that many months before."""
    number = day.year * 12 + day.month - 1 - back
    return date(number // 12, number % 12 + 1, 1)


def count_months(on: date, months: int = 2) -> int:
    """This month and those before it, counted anew; how many rows are kept. Repeating changes nothing."""
    zone = Company.home().zone
    kept = 0
    for back in range(months):
        month, after = first_of(on, back), first_of(on, back - 1)
        begins, ends = (datetime.combine(day, time.min, zone) for day in (month, after))
        rows = (
            Clock.objects.filter(decided_at__gte=begins, decided_at__lt=ends)
            .values(*PARTS)
            .annotate(
                kept=Count("pk", filter=Q(is_breached=False)),
                broken=Count("pk", filter=Q(is_breached=True)),
            )
            .order_by()
        )
        made = [ClockMonth(month=month, **row) for row in rows]
        with transaction.atomic():
            ClockMonth.objects.filter(month=month).delete()
            ClockMonth.objects.bulk_create(made, batch_size=1000)
        kept += len(made)
    return kept


def visible_months(actor: Actor) -> Any:
    """The counts of whom the actor's scope for tickets reaches."""
    scope = actor.scope("read", "ticket")
    if scope is Scope.ALL:
        return ClockMonth.objects.all()
    if scope is Scope.NONE or actor.pk is None:
        return ClockMonth.objects.none()
    reached = Q(person_id__in=actor.own_ids)
    if scope is Scope.DEPARTMENT:
        reached |= Q(department_id__in=actor.department_ids)
    return ClockMonth.objects.filter(reached)


def shares(rows: Any, by: str) -> list[Share]:
    """The rows of a report by one of its parts."""
    found = rows.values(by).annotate(k=Sum("kept"), b=Sum("broken")).order_by(by)
    return [Share("" if row[by] is None else str(row[by]), row["k"], row["b"]) for row in found]


def whole(parts: Iterable[Share]) -> Share:
    """All together."""
    listed = list(parts)
    return Share("", sum(each.kept for each in listed), sum(each.broken for each in listed))
