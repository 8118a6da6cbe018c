"""An incident told and closed; the list of the affected; letters; recipients; evidence for an audit."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import (
    FileResponse,
    Http404,
    HttpResponse,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from kezhi.accounts.models import Integration
from kezhi.core import queue
from kezhi.core.ids import record_id
from kezhi.core.models import JobRun, JobState
from kezhi.core.refusal import NotAllowed
from kezhi.records import registry
from kezhi.rights.breaches import CLOCKS, affected, affected_rows, note_breach_export
from kezhi.rights.deadlines import rules
from kezhi.rights.models import Incident, Recipient
from kezhi.rights.packaging import path_of_package
from kezhi.rights.readable import harmless_cell
from kezhi.rights.registering import close_incident, link_integration, report_incident
from kezhi.web.answering import done
from kezhi.web.requests import PersonRequest, must_may, typed


def _found(request: PersonRequest, pk: int) -> Incident:
    return get_object_or_404(Incident.objects.visible_to(request.actor), pk=pk)  # type: ignore[no-any-return]


@require_POST
def report(request: PersonRequest, pk: int) -> HttpResponse:
    """POST told_people, if the people were told, too."""
    incident = _found(request, pk)
    return done(
        request,
        lambda: report_incident(
            incident,
            actor=request.actor,
            at=timezone.now(),
            told_people="told_people" in request.POST,
        ),
        _("The report is noted."),
        registry["incident"].url_of(incident),
    )


@require_POST
def close(request: PersonRequest, pk: int) -> HttpResponse:
    """POST lessons."""
    incident = _found(request, pk)
    lessons = typed(request, "lessons", 4000)
    return done(
        request,
        lambda: close_incident(incident, actor=request.actor, on=request.today, lessons=lessons),
        _("The incident is closed."),
        registry["incident"].url_of(incident),
    )


@require_safe
def letters(request: PersonRequest, pk: int) -> HttpResponse:
    """What to write to the authority and to the people, filled with what is known, to be completed."""
    incident = _found(request, pk)
    about = {
        "incident": incident,
        "affected": affected(incident),
        "clocks": [(CLOCKS[name], until) for name, until in incident.clocks],
        "officer": rules().officer,
        "company": request.company,
        "kind_of": registry.declared,
    }
    return render(request, "rights/letters.html", about)


@require_POST
def affected_list(request: PersonRequest, pk: int) -> StreamingHttpResponse:
    """Everybody whose data was seen within the window, as CSV."""
    incident = _found(request, pk)
    try:
        note_breach_export(incident, actor=request.actor)
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    head = [_("Kind"), _("Number"), _("Name"), _("People who saw it"), _("From"), _("Until")]
    answer = StreamingHttpResponse(_lines(head, affected_rows(incident)), content_type="text/csv")
    answer["Content-Disposition"] = f'attachment; filename="incident-{incident.pk}.csv"'
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "no-store"
    return answer


class _Echo:
    def write(self, line: str) -> str:
        return line


def _lines(head: list[str], rows: Iterator[Any]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow(head)
    for row in rows:
        yield writer.writerow([harmless_cell(str(each)) for each in row])


@require_POST
def link(request: PersonRequest, pk: int) -> HttpResponse:
    """POST program: the connected program that this recipient stands for, or nothing."""
    recipient = get_object_or_404(Recipient.objects.visible_to(request.actor), pk=pk)
    chosen = record_id(typed(request, "program", 20))
    program = get_object_or_404(Integration, pk=chosen) if chosen else None
    return done(
        request,
        lambda: link_integration(recipient, program, actor=request.actor, on=request.today),
        _("Saved."),
        registry["recipient"].url_of(recipient),
    )


@require_POST
def gather_evidence(request: PersonRequest) -> HttpResponse:
    must_may(request, "export", "data_request")
    must_may(request, "export", "audit")
    queue.start("rights.evidence", gettext_lazy("Evidence of data protection"), actor=request.actor)
    messages.success(request, _("The evidence is being gathered."))
    return HttpResponseRedirect(reverse("data-rights"))


@require_POST
def fetch_evidence(request: PersonRequest, pk: int) -> FileResponse:
    """The file of a job that one has started oneself."""
    jobs = JobRun.objects.filter(name="rights.evidence", actor_id=request.actor.pk)
    job = get_object_or_404(jobs.filter(state=JobState.DONE), pk=pk)
    must_may(request, "export", "data_request")
    must_may(request, "export", "audit")
    path = path_of_package(UUID(job.result["file"]))
    if not path.exists():
        raise Http404
    answer = FileResponse(
        path.open("rb"), as_attachment=True, filename="evidence.zip", content_type="application/zip"
    )
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "no-store"
    return answer
