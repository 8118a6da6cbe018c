"""The audit log on screen and as a file: who did what, who saw whose personal data, and whether it is sound."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy
from django.views.decorators.http import require_GET, require_POST

from kezhi.accounts.models import User
from kezhi.audit.models import Change, Entry, Seal, Sighting
from kezhi.audit.recording import record
from kezhi.core.ids import record_id
from kezhi.records import registry
from kezhi.web.accounts.changed_rows import ChangedRow, changed_rows
from kezhi.web.accounts.deeds import deed_label, subject_of
from kezhi.web.requests import PersonRequest, must_may
from kezhi.workbench.exporting import harmless
from kezhi.workbench.undoing import may_undo

PAGE = 50
MOST_CHANGES = 20
# What people look for, by the names of the deeds.
TOPICS: dict[str, tuple[str | Promise, Q]] = {
    "": (pgettext_lazy("audit log", "Everything"), Q()),
    "changes": (
        gettext_lazy("Changes of records"),
        ~(
            Q(deed__startswith="sign")
            | Q(deed__endswith=".exported")
            | Q(deed="entry.revealed")
            | Q(deed__startswith="session")
        ),
    ),
    "exports": (gettext_lazy("Exports"), Q(deed__endswith=".exported")),
    "reveals": (gettext_lazy("Masked entries looked at"), Q(deed="entry.revealed")),
    "sign-ins": (
        gettext_lazy("Signing in"),
        Q(deed__startswith="sign") | Q(deed__startswith="session"),
    ),
    "rights": (
        gettext_lazy("People and permissions"),
        Q(deed__startswith="person.")
        | Q(deed__startswith="role.")
        | Q(deed__startswith="delegation.")
        | Q(deed__startswith="customer.shared")
        | Q(deed__startswith="password."),
    ),
}
SEEN = "seen"


@dataclass(frozen=True)
class Question:
    """What is asked of the log, from the address. `kind` and `pk` are one record's."""

    topic: str = ""
    who: int | None = None
    text: str = ""
    since: date | None = None
    until: date | None = None
    kind: str = ""
    pk: int | None = None

    @classmethod
    def read(cls, query: Any) -> Question:
        """Whatever isn't understood counts as not asked."""
        topic = query.get("topic", "")
        return cls(
            topic if topic in TOPICS or topic == SEEN else "",
            record_id(query.get("who", "")),
            query.get("text", "").replace("\x00", "").strip()[:100],
            _day(query.get("since", "")),
            _day(query.get("until", "")),
            query.get("kind", "") if query.get("kind", "") in registry else "",
            record_id(query.get("record", "")),
        )

    def address(self, **more: str) -> str:
        pairs = {
            "topic": self.topic,
            "who": str(self.who or ""),
            "text": self.text,
            "since": self.since.isoformat() if self.since else "",
            "until": self.until.isoformat() if self.until else "",
            "kind": self.kind,
            "record": str(self.pk or ""),
            **more,
        }
        query = urlencode({name: entry for name, entry in pairs.items() if entry})
        return f"/settings/audit/?{query}" if query else "/settings/audit/"

    def entries(self, request: PersonRequest) -> QuerySet[Entry]:
        rows: QuerySet[Entry] = Entry.objects.visible_to(request.actor)
        rows = rows.filter(TOPICS.get(self.topic, TOPICS[""])[1])
        if self.text:
            rows = rows.filter(
                Q(subject_title__icontains=self.text) | Q(reason__icontains=self.text)
            )
        if self.kind:
            rows = rows.filter(subject_kind=registry[self.kind].model._meta.model_name)
            if self.pk:
                rows = rows.filter(subject_id=self.pk)
        return self._common(rows, request).order_by("-id")

    def sightings(self, request: PersonRequest) -> QuerySet[Sighting]:
        rows = Sighting.objects.all()
        if self.text:
            rows = rows.filter(title__icontains=self.text)
        if self.kind:
            rows = rows.filter(kind=self.kind)
            if self.pk:
                rows = rows.filter(object_id=self.pk)
        return self._common(rows, request).order_by("-id")

    def _common(self, rows: QuerySet[Any], request: PersonRequest) -> QuerySet[Any]:
        zone = request.company.zone
        if self.who:
            rows = rows.filter(actor_id=self.who)
        if self.since:
            rows = rows.filter(at__gte=datetime.combine(self.since, time.min, zone))
        if self.until:
            after = self.until + timedelta(days=1)
            rows = rows.filter(at__lt=datetime.combine(after, time.min, zone))
        return rows


@require_GET
def show(request: PersonRequest) -> HttpResponse:
    """GET topic, who, text, since, until, kind, record, before (an id): newest first."""
    must_may(request, "read", "audit")
    asked = Question.read(request.GET)
    is_seen = asked.topic == SEEN
    rows: Any = asked.sightings(request) if is_seen else asked.entries(request)
    before = record_id(request.GET.get("before", ""))
    if before:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: PAGE + 1])
    shown = found[:PAGE]
    seal = Seal.objects.order_by("-until_tx").first()
    about = {
        "asked": asked,
        "topics": [
            *((name, label) for name, (label, _q) in TOPICS.items()),
            (SEEN, _("Who saw personal data")),
        ],
        "people": User.objects.order_by("name_key").values_list("pk", "name"),
        "sightings": [(row, _kind_label(row.kind)) for row in shown] if is_seen else [],
        "entries": [] if is_seen else _lines(shown, request),
        "is_filtered": asked != Question(),
        "older": asked.address(before=str(shown[-1].pk)) if len(found) > PAGE else "",
        "may_export": request.actor.may("export", "audit"),
        "seal": seal,
        "record": _record_of(asked, request),
    }
    return render(request, "accounts/audit.html", about)


@require_POST
def export(request: PersonRequest) -> StreamingHttpResponse:
    """The rows that the address asks for as CSV; that it was taken is recorded first."""
    must_may(request, "export", "audit")
    asked = Question.read(request.GET)
    is_seen = asked.topic == SEEN
    rows: Any = asked.sightings(request) if is_seen else asked.entries(request)
    record(
        "audit.exported",
        actor=request.actor,
        rows=rows.count(),
        asked=asked.address().partition("?")[2],
    )
    lines = _seen_lines(rows) if is_seen else _entry_lines(rows, request)
    response = StreamingHttpResponse(_csv(lines), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="audit-log.csv"'
    return response


def _lines(entries: list[Entry], request: PersonRequest) -> list[dict[str, Any]]:
    changes = _changes(entries, request)
    now = timezone.now()
    return [
        {
            "entry": row,
            "deed": deed_label(row),
            "subject": subject_of(row),
            "changes": changes.get(str(row.key), [])[:MOST_CHANGES],
            "may_undo": may_undo(row, request.actor, now),
        }
        for row in entries
    ]


def _changes(entries: list[Entry], request: PersonRequest) -> dict[str, list[ChangedRow]]:
    keys = [str(row.key) for row in entries]
    kept = Change.objects.filter(deed_key__in=keys).order_by("id")[: PAGE * MOST_CHANGES]
    return changed_rows(kept, request.actor)


def _entry_lines(rows: QuerySet[Entry], request: PersonRequest) -> Iterator[list[str]]:
    yield [
        _("When"),
        pgettext("audit", "Who"),
        _("Did what"),
        _("To what"),
        _("Reason"),
        _("What changed"),
    ]
    batch: list[Entry] = []
    for row in rows.iterator(chunk_size=PAGE):
        batch.append(row)
        if len(batch) == PAGE:
            yield from _written(batch, request)
            batch = []
    yield from _written(batch, request)


def _written(entries: list[Entry], request: PersonRequest) -> Iterator[list[str]]:
    changes = _changes(entries, request)
    for row in entries:
        yield [
            _moment(row.at, request),
            row.actor_name,
            deed_label(row),
            row.subject_title,
            row.reason,
            "; ".join(
                f"{field.label}: {field.before} → {field.after}"
                for change in changes.get(str(row.key), [])
                for field in change.fields
            ),
        ]


def _seen_lines(rows: QuerySet[Sighting]) -> Iterator[list[str]]:
    yield [_("Day"), pgettext("audit", "Who"), _("Kind of record"), _("Whose data")]
    for row in rows.iterator():
        yield [row.day.isoformat(), row.actor_name, _kind_label(row.kind), row.title]


def _csv(lines: Iterator[list[str]]) -> Iterator[bytes]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    yield "\ufeff".encode()
    for line in lines:
        writer.writerow([harmless(cell) for cell in line])
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()


def _record_of(asked: Question, request: PersonRequest) -> tuple[str, str] | None:
    """Name and address of the record that the page is about, if this person sees it."""
    if not (asked.kind and asked.pk and request.actor.may("read", asked.kind)):
        return None
    kind = registry[asked.kind]
    found = kind.visible_to(request.actor).filter(pk=asked.pk).first()
    return (str(found), kind.url_of(found)) if found is not None else None


def _kind_label(name: str) -> str:
    return str(registry[name].label) if name in registry else name


def _moment(at: datetime, request: PersonRequest) -> str:
    return f"{at.astimezone(request.company.zone):%Y-%m-%d %H:%M:%S}"


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
