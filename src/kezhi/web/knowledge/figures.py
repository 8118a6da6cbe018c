"""How many questions customers answered themselves, with the counts behind each share."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from kezhi.service.knowledge import deflecting
from kezhi.service.models import Article
from kezhi.value.satisfaction.shares import share
from kezhi.web.requests import PersonRequest, must_may

SPANS = (30, 90, 365)
SHOWN = 10
MOST_RATED = 500


@require_safe
def show(request: PersonRequest) -> HttpResponse:
    """`?days=` back from now."""
    must_may(request, "read", "article")
    entry = request.GET.get("days", "")
    days = next((each for each in SPANS if str(each) == entry), SPANS[1])
    now = timezone.now()
    since = now - timedelta(days=days)
    rows = deflecting.funnels(since=since, until=now, at=now)
    about = {
        "days": days,
        "spans": SPANS,
        "rows": rows,
        "all": rows[-1],
        "answered": share(rows[-1].answered, rows[-1].certain) if rows[-1].certain else None,
        "useful": deflecting.most_useful(since=since, until=now),
        "poor": _poor(),
    }
    return render(request, "knowledge/figures.html", about)


def _poor() -> list[Article]:
    """What helped least, as far as the counts say so: one no out of one is no verdict."""
    rated = Article.objects.filter(live__isnull=False, not_helped__gt=0)
    found = list(rated.order_by("-not_helped", "pk")[:MOST_RATED])
    return sorted(found, key=lambda one: -_no_of(one))[:SHOWN]


def _no_of(one: Article) -> float:
    return share(one.not_helped, one.helped + one.not_helped).low
