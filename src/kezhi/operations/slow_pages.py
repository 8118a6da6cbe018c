"""Pages that kept somebody waiting, for whoever looks after the installation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Avg, Count, Max

from kezhi.operations.models import SlowPage

KEPT = timedelta(days=14)


@dataclass(frozen=True)
class SlowRoute:
    """One route's slow answers of the last two weeks."""

    route: str
    method: str
    times: int
    mean: float
    worst: float
    database: float
    templates: float
    queries: float
    last: datetime


def keep_slow_page(**facts: Any) -> None:
    SlowPage.objects.create(**facts)


def slow_routes(*, at: datetime, most: int = 50) -> list[SlowRoute]:
    """The routes with slow answers, those that cost people the most time first."""
    rows = (
        SlowPage.objects.filter(at__gt=at - KEPT)
        .values("route", "method")
        .annotate(
            times=Count("pk"),
            mean=Avg("seconds"),
            worst=Max("seconds"),
            database=Avg("database_seconds"),
            templates=Avg("template_seconds"),
            asked=Avg("queries"),
            last=Max("at"),
        )
    )
    found = [
        SlowRoute(
            row["route"],
            row["method"],
            row["times"],
            row["mean"],
            row["worst"],
            row["database"],
            row["templates"],
            row["asked"],
            row["last"],
        )
        for row in rows
    ]
    return sorted(found, key=lambda each: -each.times * each.mean)[:most]


def forget_slow_pages(*, at: datetime) -> int:
    return SlowPage.objects.filter(at__lt=at - KEPT).delete()[0]
