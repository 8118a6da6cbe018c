"""Who gets a report by mail, and when."""

from __future__ import annotations

from datetime import time
from typing import Any
from zoneinfo import available_timezones

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from kezhi.accounts.models import User
from kezhi.core.ids import record_ids
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.web.reports import dashboards, showing
from kezhi.web.requests import PersonRequest, must_may, typed
from kezhi.workbench.models import Dashboard, Report, ReportSchedule
from kezhi.workbench.reporting import scheduling

WEEKDAYS = (
    pgettext_lazy("day of the week", "Monday"),
    pgettext_lazy("day of the week", "Tuesday"),
    pgettext_lazy("day of the week", "Wednesday"),
    pgettext_lazy("day of the week", "Thursday"),
    pgettext_lazy("day of the week", "Friday"),
    pgettext_lazy("day of the week", "Saturday"),
    pgettext_lazy("day of the week", "Sunday"),
)


@require_http_methods(["GET", "POST"])
def of_report(request: PersonRequest, pk: int) -> HttpResponse:
    return _page(request, showing.seen(request, pk), reverse("report", args=[pk]))


@require_http_methods(["GET", "POST"])
def of_dashboard(request: PersonRequest, pk: int) -> HttpResponse:
    return _page(request, dashboards.seen(request, pk), reverse("dashboard", args=[pk]))


def _page(request: PersonRequest, kept: Report | Dashboard, back: str) -> HttpResponse:
    """POST rhythm, weekday, day_of_month, at_time, zone, file, recipients."""
    must_may(request, "edit", "view")
    if kept.owner_id != request.actor.pk:
        raise PermissionDenied
    problem = ""
    if request.method == "POST":
        try:
            _schedule(request, kept)
        except NotAllowed:
            raise
        except Refused as refusal:
            problem = str(refusal)
        else:
            messages.success(request, _("It goes out as planned"))
            return HttpResponseRedirect(request.path)
    said = request.POST
    people = User.objects.active().order_by("name_key").values_list("pk", "name")[:300]
    about: dict[str, Any] = {
        "kept": kept,
        "back": back,
        "problem": problem,
        "schedules": kept.schedules.prefetch_related("recipients").order_by("pk"),
        "weekdays": [(str(at), label) for at, label in enumerate(WEEKDAYS)],
        "days": [(str(day), str(day)) for day in range(1, 29)],
        "rhythms": ReportSchedule.Rhythm.choices,
        "files": ReportSchedule.File.choices,
        "people": [(str(pk), name) for pk, name in people],
        "chosen": said.getlist("recipients") or [str(request.actor.pk)],
        "zones": [(each, each) for each in sorted(available_timezones()) if "/" in each],
        "typed": {
            "rhythm": said.get("rhythm", "weekly"),
            "weekday": said.get("weekday", "0"),
            "day_of_month": said.get("day_of_month", "1"),
            "at_time": said.get("at_time", "08:00"),
            "zone": said.get("zone", request.company.time_zone),
            "file": said.get("file", "pdf"),
        },
    }
    return render(request, "reports/schedules.html", about, status=422 if problem else 200)


def _schedule(request: PersonRequest, kept: Report | Dashboard) -> None:
    weekday, day = typed(request, "weekday", 2), typed(request, "day_of_month", 2)
    try:
        at_time = time.fromisoformat(typed(request, "at_time", 8))
    except ValueError:
        raise Refused(_("Write a time, such as 08:00.")) from None
    scheduling.schedule_report(
        kept,
        record_ids(request.POST.getlist("recipients")[:200]),
        actor=request.actor,
        at=timezone.now(),
        rhythm=typed(request, "rhythm", 10),
        at_time=at_time.replace(second=0, microsecond=0, tzinfo=None),
        zone=typed(request, "zone", 60),
        weekday=int(weekday) if weekday.isdecimal() else 0,
        day_of_month=int(day) if day.isdecimal() else 1,
        file=typed(request, "file", 5),
    )


def _own(request: PersonRequest, pk: int) -> ReportSchedule:
    must_may(request, "read", "view")
    found = ReportSchedule.objects.filter(pk=pk, owner_id=request.actor.pk).first()
    if found is None:
        raise Http404
    must_may(request, "edit", "view")
    return found


def _back(schedule: ReportSchedule) -> HttpResponse:
    if schedule.report_id:
        return HttpResponseRedirect(reverse("report-schedules", args=[schedule.report_id]))
    return HttpResponseRedirect(reverse("dashboard-schedules", args=[schedule.dashboard_id]))


@require_POST
def pause(request: PersonRequest, pk: int) -> HttpResponse:
    """Stop sending, or go on."""
    schedule = _own(request, pk)
    scheduling.pause_schedule(schedule, actor=request.actor, at=timezone.now())
    return _back(schedule)


@require_POST
def remove(request: PersonRequest, pk: int) -> HttpResponse:
    schedule = _own(request, pk)
    scheduling.end_schedule(schedule, actor=request.actor)
    messages.success(request, _("It isn’t sent any more"))
    return _back(schedule)
