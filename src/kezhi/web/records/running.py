"""The card of work under way in the side bar of every page: it can be left, and is found again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from kezhi.core.models import JobRun
from kezhi.dataio.models import ImportBatch
from kezhi.insight.models import ValueRun
from kezhi.web.requests import PersonRequest
from kezhi.workbench.models import BulkRun

MOST = 3


def _bulk(job: JobRun) -> str:
    run = BulkRun.objects.filter(job_run=job).only("pk").first()
    return reverse("bulk-run", args=[run.pk]) if run else ""


def _import(job: JobRun) -> str:
    batch = ImportBatch.objects.filter(job_run=job).only("pk").first()
    return reverse("import", args=[batch.pk]) if batch else ""


def _value(job: JobRun) -> str:
    run = ValueRun.objects.filter(job_run=job).only("pk").first()
    return reverse("value-run", args=[run.pk]) if run else ""


# By the first part of the work's name: where it is watched. Others' work has no page of its own.
PAGES: dict[str, Callable[[JobRun], str]] = {"bulk": _bulk, "dataio": _import, "insight": _value}


@dataclass(frozen=True)
class Card:
    """One piece of work; `href` is its page, empty where it has none."""

    job: JobRun
    href: str


def cards(request: HttpRequest) -> list[Card]:
    """What this person has under way: one query where there is nothing."""
    actor = getattr(getattr(request, "actor", None), "pk", None)
    if actor is None:
        return []
    jobs = JobRun.objects.under_way().filter(actor_id=actor).order_by("-pk")[:MOST]
    return [Card(job, _page(job)) for job in jobs]


def _page(job: JobRun) -> str:
    find = PAGES.get(job.name.partition(".")[0])
    return find(job) if find else ""


@require_safe
def show(request: PersonRequest) -> HttpResponse:
    """The cards as they stand now."""
    return render(request, "records/_running.html", {"cards": cards(request)})
