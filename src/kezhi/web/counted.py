"""Pages of figures that a job counts: when they were counted, and how they are counted anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRefresh

from kezhi.core.refusal import Refused
from kezhi.web.requests import PersonRequest
from kezhi.workbench.analysing import Found, look, start_analysis


def answered(request: PersonRequest, name: str, page: Callable[[], HttpResponse]) -> HttpResponse:
    """The page. POST: count anew; a card of the work that asks how it goes gets itself."""
    if request.method == "POST":
        try:
            start_analysis(name, actor=request.actor, at=timezone.now())
        except Refused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(
                request,
                _("It is being counted. The page shows the figures as soon as they are there."),
            )
        return HttpResponseRedirect(request.get_full_path())
    if request.htmx and (request.htmx.target or "").startswith("job-"):
        found = look(name, request.actor, timezone.now())
        if found.job is None:
            return HttpResponseClientRefresh()
        return render(request, "analyses/_counting.html", about(request, found))
    return page()


def about(request: HttpRequest, found: Found, address: str = "") -> dict[str, Any]:
    """What `analyses/_counted.html` shows; `address` counts, where the page itself doesn't."""
    job = found.job
    card = None
    if job is not None:
        names = ("pk", "title", "state", "done", "total", "message")
        card = {name: getattr(job, name) for name in names}
    return {"counted": found, "counting": card, "counting_url": address or request.get_full_path()}
