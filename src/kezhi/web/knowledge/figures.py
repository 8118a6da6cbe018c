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


@require_safe
def show(request: PersonRequest) -> HttpResponse:
    """`?days=` back from now."""
    must_may(request, "read", "article")
    entry = request.GET.get("days", "")
    days = int(entry) if entry.isdecimal() and int(entry[:4]) in SPANS else SPANS[1]
    now = timezone.now()
    since = now - timedelta(days=days)
    rows = deflecting.funnels(since=since, until=now, at=now)
    rated = Article.objects.filter(live__isnull=False, not_helped__gt=0)
    about = {
        "days": days,
        "spans": SPANS,
        "rows": rows,
        "all": rows[-1],
        "answered": share(rows[-1].answered, rows[-1].certain) if rows[-1].certain else None,
        "useful": deflecting.most_useful(since=since, until=now),
        "poor": list(rated.order_by("-not_helped", "pk")[:SHOWN]),
    }
    return render(request, "knowledge/figures.html", about)
