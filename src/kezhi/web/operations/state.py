"""How the installation is: what the doctor finds, the backups, and pages that were slow."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from kezhi.operations import checking
from kezhi.operations.backups import keeping
from kezhi.operations.models import SlowPage
from kezhi.operations.slow_pages import slow_routes
from kezhi.web.requests import PersonRequest, must_may

MOST_BACKUPS = 20
# These take their time, or ask other machines: only the command looks at them.
NOT_ON_THE_PAGE = {"certificate", "files"}


@require_GET
def show(request: PersonRequest) -> HttpResponse:
    must_may(request, "read", "operations")
    at = timezone.now()
    names = [name for name in checking.names() if name not in NOT_ON_THE_PAGE]
    findings = checking.look(at=at, only=names)
    about = {
        "findings": findings,
        "worst": checking.worst(findings),
        "backups": keeping.backups(Path(settings.BACKUPS))[:MOST_BACKUPS],
        "has_key": bool(settings.BACKUP_KEY),
        "slow": slow_routes(at=at, most=5),
    }
    return render(request, "operations/state.html", about)


@require_GET
def slow_pages(request: PersonRequest) -> HttpResponse:
    must_may(request, "read", "operations")
    about = {
        "routes": slow_routes(at=timezone.now()),
        "latest": list(SlowPage.objects.order_by("-at")[:50]),
        "threshold": settings.SLOW_PAGE_SECONDS,
    }
    return render(request, "operations/slow_pages.html", about)
