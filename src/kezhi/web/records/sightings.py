"""Pages that show personal data leave a trace of who saw whose."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kezhi.audit.sightings import Seen, note_sighting
from kezhi.records import Field, Kind
from kezhi.web.records.cells import title_of
from kezhi.web.requests import PersonRequest
from kezhi.workbench.holding import held


def note_seen(
    request: PersonRequest, kind: Kind, rows: Iterable[Any], fields: Iterable[Field], where: str
) -> None:
    """Note those of the rows of which these fields show something personal, unmasked."""
    note_sighting(seen_of(kind, rows, fields), actor=request.actor, on=request.today, where=where)


def seen_of(kind: Kind, rows: Iterable[Any], fields: Iterable[Field]) -> list[Seen]:
    """Those of the rows of which these fields show something personal, unmasked."""
    personal = [each for each in fields if each.data_class.is_personal and not each.is_masked]
    if not personal:
        return []
    return [
        Seen(kind.name, row.pk, title_of(kind, row))
        for row in rows
        if any(held(row, each) is not None for each in personal)
    ]
