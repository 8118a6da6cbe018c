"""Who changed what on a record, and when: from the database's own notes, as far as the reader may know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import pgettext_lazy

from kezhi.audit.models import Change, Entry
from kezhi.records import Kind
from kezhi.web.accounts.changed_rows import ChangedField, changed_rows
from kezhi.web.accounts.deeds import LABELS, deed_label
from kezhi.web.requests import PersonRequest

MOST = 20
# On its own page the record needn't be named; kinds with words of their own keep those.
OF_ITSELF = {
    "created": pgettext_lazy("deed on a record", "created this"),
    "edited": pgettext_lazy("deed on a record", "edited this"),
}


@dataclass(frozen=True)
class Event:
    """One deed on the record: who, when, what it is called, and the fields that it changed."""

    at: datetime
    who: str
    deed: str
    reason: str
    fields: tuple[ChangedField, ...]


def of(request: PersonRequest, kind: Kind, record: Any, most: int = MOST) -> list[Event]:
    """The last deeds that changed the record's own row, the newest first."""
    changes = list(
        Change.objects.filter(table_name=kind.model._meta.db_table, row_id=record.pk)
        .exclude(deed_key="")
        .order_by("-pk")[:most]
    )
    entries = {str(e.key): e for e in Entry.objects.filter(key__in={c.deed_key for c in changes})}
    rows = changed_rows(changes, request.actor)
    events = []
    for key in dict.fromkeys(change.deed_key for change in changes):
        entry = entries.get(key)
        if entry is None:
            continue
        fields = tuple(field for row in rows[key] for field in row.fields)
        events.append(Event(entry.at, entry.actor_name, _deed(kind, entry), entry.reason, fields))
    return events


def _deed(kind: Kind, entry: Entry) -> str:
    noun, _sep, verb = entry.deed.partition(".")
    if noun == kind.name and verb in OF_ITSELF and entry.deed not in LABELS:
        return str(OF_ITSELF[verb])
    return deed_label(entry)
