"""Business calendars of the company: kept, checked, and found for a department."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import holidays
from django.db import transaction
from django.utils.translation import gettext as _

from kezhi.accounts.models import Company, Department, person
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.refusal import EditConflict, NotAllowed, Refused
from kezhi.service.clocks.business_time import DAY_MINUTES, Hours, Spans
from kezhi.service.models import BusinessCalendar, CalendarVersion, Clock

LONGEST_NAME, LONGEST_REASON, MOST_EXCEPTIONS, MOST_SPANS = 80, 300, 400, 6
OFFICE: Spans = ((9 * 60, 18 * 60),)
WEEKDAYS = 7
A_SPAN = re.compile(r"^\s*(\d{1,2}):?(\d{2})\s*[-–—~至到]\s*(\d{1,2}):?(\d{2})\s*$")
# Where nobody has said otherwise a company keeps the holidays of its zone.
COUNTRY_OF = {
    "Asia/Shanghai": "CN",
    "Asia/Urumqi": "CN",
    "Asia/Hong_Kong": "HK",
    "Europe/Berlin": "DE",
}


class InvalidCalendar(Refused):
    """`errors` says what to correct: field → sentence."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(next(iter(errors.values())))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Entries:
    """What a calendar says, as people set it."""

    name: str
    hours: Hours
    names: Mapping[date, str] = field(default_factory=dict)
    department_ids: tuple[int, ...] = ()
    is_default: bool = False
    is_active: bool = True

    def as_json(self) -> dict[str, Any]:
        """As it is kept."""
        hours = self.hours
        return {
            "name": self.name,
            "time_zone": hours.zone,
            "weekly": [spans_json(spans) for spans in hours.weekly],
            "country": hours.country,
            "region": hours.region,
            "exceptions": [
                {"on": day.isoformat(), "hours": spans_json(spans), "name": self.names.get(day, "")}
                for day, spans in sorted(hours.exceptions)
            ],
            "department_ids": sorted(self.department_ids),
            "is_default": self.is_default,
            "is_active": self.is_active,
        }


def entries_of(kept: BusinessCalendar | Mapping[str, Any]) -> Entries:
    """What `as_json` wrote, of a calendar or one of its versions."""
    of = kept if isinstance(kept, Mapping) else vars(kept)
    days = [(date.fromisoformat(each["on"]), each) for each in of["exceptions"]]
    return Entries(
        name=of["name"],
        hours=Hours(
            zone=of["time_zone"],
            weekly=tuple(spans_of(each) for each in of["weekly"]),
            country=of["country"],
            region=of["region"],
            exceptions=tuple((day, spans_of(each["hours"])) for day, each in days),
        ),
        names={day: str(each.get("name", "")) for day, each in days},
        department_ids=tuple(of["department_ids"]),
        is_default=of["is_default"],
        is_active=of["is_active"],
    )


def hours_of(calendar: BusinessCalendar | None) -> Hours:
    """When it is open; the company's usual office hours where it has no calendar yet."""
    return entries_of(calendar).hours if calendar is not None else usual_hours()


def usual_hours() -> Hours:
    """Monday to Friday from nine to six, with the holidays of the company's place."""
    company = Company.home()
    zone = company.time_zone
    return Hours(zone, (OFFICE,) * 5 + ((), ()), COUNTRY_OF.get(zone, ""))


class Calendars:
    """All calendars in use, read once: which of them holds where."""

    def __init__(self) -> None:
        rows = list(BusinessCalendar.objects.filter(is_active=True))
        self.default = next((row for row in rows if row.is_default), None)
        self._by_department = {pk: row for row in rows for pk in row.department_ids}
        self._hours: dict[int, Hours] = {}

    def of(self, department: Department | None) -> BusinessCalendar | None:
        """That of the department or of the nearest above it, else the default one."""
        for pk in reversed(department.path if department is not None else ()):
            if pk in self._by_department:
                return self._by_department[pk]
        return self.default

    def hours(self, calendar: BusinessCalendar | None) -> Hours:
        """As `hours_of`, worked out once for each."""
        key = calendar.pk if calendar is not None else 0
        if key not in self._hours:
            self._hours[key] = hours_of(calendar)
        return self._hours[key]


@audited("business_calendar.saved")
def save_calendar(
    calendar: BusinessCalendar | None,
    entries: Entries,
    *,
    actor: Actor,
    at: datetime,
    reason: str,
    version: int | None = None,
) -> BusinessCalendar:
    """A new calendar, or a new version of one. The first becomes the default one.

    Raises `InvalidCalendar`, and `Refused` when nothing is different or somebody was faster. Clocks that run
    by it are worked out anew by `recomputing`.
    """
    if not actor.may("edit", "service_level"):
        raise NotAllowed(_("Your role doesn’t change business calendars."))
    rows = BusinessCalendar.objects.select_for_update().order_by("pk")
    others = [row for row in rows if calendar is None or row.pk != calendar.pk]
    kept = next((row for row in rows if calendar is not None and row.pk == calendar.pk), None)
    if kept is not None and version is not None and kept.version != version:
        raise Refused(_("Somebody changed this calendar while you were editing. Look at it again."))
    errors = dict(_check(entries, kept, others))
    if not reason.strip():
        errors["reason"] = _("Say why: colleagues will ask what changed.")
    if errors:
        raise InvalidCalendar(errors)
    if kept is not None and entries_of(kept).as_json() == entries.as_json():
        raise Refused(_("Nothing is different from the version in force."))
    saved = kept or BusinessCalendar(version=0)
    for name, entry in entries.as_json().items():
        setattr(saved, name, entry)
    saved.is_default = entries.is_default or not any(row.is_default for row in others)
    if saved.is_default:
        BusinessCalendar.objects.filter(is_default=True).exclude(pk=saved.pk).update(
            is_default=False
        )
    saved.version += 1
    with transaction.atomic():
        saved.save()
        CalendarVersion.objects.create(
            calendar=saved,
            number=saved.version,
            entries=entries_of(saved).as_json(),
            reason=reason.strip()[:LONGEST_REASON],
            saved_at=at,
            saved_by=person(actor),
        )
    note(version=saved.version)
    return saved


@audited("business_calendar.deleted")
def delete_calendar(
    calendar: BusinessCalendar, *, actor: Actor, version: int | None = None
) -> None:
    """Its departments work by the one above them or the default one. What was promised by it must stay open
    to be checked: such a calendar is taken out of use instead.
    """
    if not actor.may("edit", "service_level"):
        raise NotAllowed(_("Your role doesn’t change business calendars."))
    kept = BusinessCalendar.objects.select_for_update().filter(pk=calendar.pk).first()
    if kept is None or (version is not None and kept.version != version):
        raise EditConflict(
            _("Somebody changed this calendar while you were editing. Look at it again.")
        )
    if kept.is_default:
        raise Refused(_("Make another calendar the default one first."))
    if Clock.objects.filter(calendar=kept).exists():
        raise Refused(
            _("Promises on tickets were counted by it. Take its departments off instead.")
        )
    kept.delete()
    note(name=kept.name)


def _check(
    entries: Entries, kept: BusinessCalendar | None, others: list[BusinessCalendar]
) -> Iterator[tuple[str, str]]:
    hours = entries.hours
    if not 0 < len(entries.name) <= LONGEST_NAME:
        yield "name", _("Enter a name of at most %(most)s characters.") % {"most": LONGEST_NAME}
    elif any(row.name == entries.name for row in others):
        yield "name", _("There is a calendar of this name already.")
    if hours.zone not in available_timezones():
        yield "time_zone", _("Choose a time zone from the list.")
    if len(hours.weekly) != WEEKDAYS or not any(hours.weekly):
        yield "weekly", _("Enter the hours of at least one day of the week.")
    if hours.country and hours.country not in countries():
        yield "country", _("Choose a country from the list.")
    elif hours.region and hours.region not in regions(hours.country):
        yield "region", _("Choose a region of this country.")
    if len(hours.exceptions) > MOST_EXCEPTIONS:
        yield "exceptions", _("At most %(most)s days of your own.") % {"most": MOST_EXCEPTIONS}
    taken = {pk for row in others if row.is_active for pk in row.department_ids}
    if taken & set(entries.department_ids):
        yield "departments", _("Another calendar holds for one of these departments already.")
    if set(entries.department_ids) - set(Department.objects.values_list("pk", flat=True)):
        yield "departments", _("Choose departments from the list.")
    if kept is not None and kept.is_default and not (entries.is_default and entries.is_active):
        yield "is_default", _("Make another calendar the default one first.")


def countries() -> list[str]:
    """The countries whose public holidays are known, by their two letters."""
    return [code for code in sorted(holidays.list_supported_countries()) if len(code) == 2]


def regions(country: str) -> list[str]:
    """Where holidays differ within a country: its regions by their codes."""
    if country not in countries():
        return []
    return sorted(holidays.list_supported_countries().get(country, []))


def read_spans(text: str) -> Spans | None:
    """Opening hours as people type them: `9:00-12:00, 13:30-18:00`, or nothing; None when it's neither."""
    found = []
    for part in re.split(r"[,;，；、]", text):
        if not part.strip():
            continue
        match = A_SPAN.match(part)
        if match is None:
            return None
        one, two, three, four = (int(each) for each in match.groups())
        found.append((one * 60 + two, three * 60 + four))
        if two > 59 or four > 59:
            return None
    found.sort()
    is_apart = all(one[1] <= other[0] for one, other in pairwise(found))
    fits = all(0 <= opens < closes <= DAY_MINUTES for opens, closes in found)
    return tuple(found) if is_apart and fits and len(found) <= MOST_SPANS else None


def told_spans(spans: Spans) -> str:
    """Opening hours as people read and type them."""
    return ", ".join("-".join(pair) for pair in spans_json(spans))


def spans_json(spans: Spans) -> list[list[str]]:
    return [[_wall(opens), _wall(closes)] for opens, closes in spans]


def spans_of(kept: list[list[str]]) -> Spans:
    return tuple((_minute(opens), _minute(closes)) for opens, closes in kept)


def zone_of(calendar: BusinessCalendar | None) -> ZoneInfo:
    """The place whose wall clock counts."""
    return ZoneInfo(hours_of(calendar).zone)


def _wall(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _minute(wall: str) -> int:
    hour, minute = wall.split(":")
    return int(hour) * 60 + int(minute)
