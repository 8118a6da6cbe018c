"""Business calendars: the list, and one as a form with the year it makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from zoneinfo import available_timezones

from babel import Locale
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from kezhi.accounts.models import Department
from kezhi.core.ids import record_ids
from kezhi.core.names import name_key
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.service.clocks.business_time import Hours, Spans, named_days, public_days
from kezhi.service.clocks.calendars import (
    Entries,
    InvalidCalendar,
    countries,
    delete_calendar,
    entries_of,
    read_spans,
    save_calendar,
    told_spans,
    usual_hours,
)
from kezhi.service.models import BusinessCalendar
from kezhi.web import numbers
from kezhi.web.answering import done
from kezhi.web.requests import PersonRequest, must_may, typed_day
from kezhi.web.typed_form import TypedForm, all_typed

LONGEST = 12_000
SHOWN_VERSIONS = 20


@dataclass
class CalendarForm(TypedForm):
    """What is shown and typed, and what is wrong with it."""

    typed: dict[str, str] = field(default_factory=dict)
    departments: tuple[int, ...] = ()
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, entries: Entries) -> CalendarForm:
        hours = entries.hours
        typed = {
            "name": entries.name,
            "time_zone": hours.zone,
            "country": hours.country,
            "region": hours.region,
            "is_default": "1" if entries.is_default else "",
            "exceptions": "\n".join(
                " ".join(
                    part
                    for part in (day.isoformat(), told_spans(spans), entries.names.get(day, ""))
                    if part
                )
                for day, spans in sorted(hours.exceptions)
            ),
        }
        typed |= {f"day-{number}": told_spans(spans) for number, spans in enumerate(hours.weekly)}
        return cls(typed, entries.department_ids)

    @classmethod
    def read(cls, post: QueryDict) -> CalendarForm:
        departments = record_ids(post.getlist("departments"))
        return cls(all_typed(post, LONGEST), tuple(departments))

    def entries(self) -> Entries:
        """What was typed; what can't be read is noted in `errors`."""
        exceptions, names = self._exceptions()
        hours = Hours(
            zone=self.get("time_zone"),
            weekly=tuple(self._spans(f"day-{number}") for number in range(7)),
            country=self.get("country")[:2],
            region=self.get("region")[:10],
            exceptions=tuple(sorted(exceptions.items())),
        )
        return Entries(
            name=self.get("name"),
            hours=hours,
            names=names,
            department_ids=tuple(sorted(set(self.departments))),
            is_default=bool(self.get("is_default")),
        )

    def _spans(self, name: str) -> Spans:
        spans = read_spans(self.get(name))
        if spans is None:
            self.errors[name] = _("Enter hours such as 9:00-12:00, 13:30-18:00.")
        return spans or ()

    def _exceptions(self) -> tuple[dict[date, Spans], dict[date, str]]:
        """A day on each line: the day, its hours unless it is closed, and a name."""
        days: dict[date, Spans] = {}
        names: dict[date, str] = {}
        for line in self.get("exceptions").splitlines():
            words = line.split()
            if not words:
                continue
            day = typed_day(words[0])
            hours = [
                word for word in words[1:] if any(each.isdigit() for each in word) and "-" in word
            ]
            spans = read_spans(" ".join(hours))
            if day is None or spans is None:
                self.errors["exceptions"] = _("Can’t be read: %(line)s") % {"line": line[:60]}
                continue
            days[day] = spans
            names[day] = " ".join(word for word in words[1:] if word not in hours)[:80]
        return days, names


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: PersonRequest) -> HttpResponse:
    """A calendar that starts as the company's usual hours."""
    return _edit(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: PersonRequest, pk: int) -> HttpResponse:
    """One calendar, the days that it makes, and its versions."""
    must_may(request, "read", "service_level")
    return _edit(request, get_object_or_404(BusinessCalendar, pk=pk))


@require_POST
def drop(request: PersonRequest, pk: int) -> HttpResponse:
    must_may(request, "edit", "service_level")
    calendar = get_object_or_404(BusinessCalendar, pk=pk)
    kept = entries_of(calendar)
    return done(
        request,
        lambda: delete_calendar(calendar, actor=request.actor),
        _("Deleted."),
        reverse("service-levels"),
        lambda refusal: _page(
            request, calendar, CalendarForm.of(kept), kept.hours, refusal=refusal, status=409
        ),
    )


def _edit(request: PersonRequest, calendar: BusinessCalendar | None) -> HttpResponse:
    must_may(
        request, "edit" if request.method == "POST" or calendar is None else "read", "service_level"
    )
    if request.method != "POST":
        start = entries_of(calendar) if calendar else Entries("", usual_hours())
        return _page(request, calendar, CalendarForm.of(start), start.hours)
    form = CalendarForm.read(request.POST)
    entries = form.entries()
    if form.errors:
        return _page(request, calendar, form, entries.hours, status=422)
    version = request.POST.get("version", "")
    try:
        saved = save_calendar(
            calendar,
            entries,
            actor=request.actor,
            at=timezone.now(),
            reason=form.get("reason"),
            version=int(version) if version.isdecimal() and len(version) < 9 else None,
        )
    except InvalidCalendar as invalid:
        form.errors |= invalid.errors
        return _page(request, calendar, form, entries.hours, status=422)
    except NotAllowed as refusal:
        raise PermissionDenied from refusal
    except Refused as refusal:
        return _page(request, calendar, form, entries.hours, refusal=str(refusal), status=409)
    messages.success(request, _("Saved. New tickets go by it from now on."))
    return redirect("business-calendar", saved.pk)


def _page(
    request: PersonRequest,
    calendar: BusinessCalendar | None,
    form: CalendarForm,
    hours: Hours,
    *,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    departments = Department.objects.order_by("path").values_list("pk", "name")
    about: dict[str, Any] = {
        "calendar": calendar,
        "form": form,
        "weekdays": list(WEEKDAYS.items()),
        "zones": [
            (zone, zone) for zone in sorted(available_timezones()) if "/" in zone or zone == "UTC"
        ],
        "countries": _countries(),
        "departments": list(departments),
        "special": _special(hours, request.today) if not form.errors else [],
        "versions": list(
            calendar.versions.select_related("saved_by").order_by("-number")[:SHOWN_VERSIONS]
        )
        if calendar
        else [],
        "may_edit": request.actor.may("edit", "service_level"),
        "refusal": refusal,
    }
    return render(request, "service_levels/calendar.html", about, status=status)


def _countries() -> list[tuple[str, str]]:
    """The countries to choose from by their names; China, where most are, first."""
    names = country_names()
    known = sorted(countries(), key=lambda code: (code != "CN", name_key(names.get(code, code))))
    return [(code, names.get(code, code)) for code in known]


def country_names() -> Mapping[str, str]:
    """Countries by their two letters, in the reader's language."""
    names: Mapping[str, str] = Locale.parse(
        "zh_Hans" if numbers.language() == "zh" else "en"
    ).territories
    return names


def _special(hours: Hours, today: date) -> list[dict[str, Any]]:
    """The days of this year and the next that aren't as their weekday: holidays, make-up days, own days."""
    names: dict[date, str] = {}
    if hours.country:
        for year in (today.year, today.year + 1):
            names |= dict(named_days(hours.country, hours.region, year, numbers.language()))
    own = dict(hours.exceptions)
    found = []
    day, end = date(today.year, 1, 1), date(today.year + 1, 12, 31)
    while day <= end:
        is_worked = (
            bool(hours.country) and day in public_days(hours.country, hours.region, day.year)[1]
        )
        if day in own or is_worked or (day in names and hours.weekly[day.weekday()]):
            found.append(
                {
                    "day": day,
                    "hours": told_spans(hours.on(day)),
                    "name": names.get(day, ""),
                    "is_own": day in own,
                    "is_worked": is_worked and day not in own,
                }
            )
        day += timedelta(days=1)
    return found
