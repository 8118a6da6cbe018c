"""After an incident: whose data was seen, by the log of who saw what; whom to tell by when; evidence."""

# ruff: noqa: S608  # the statements are this module's own
from __future__ import annotations

import csv
import io
import json
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.progress import Progress, silent
from kezhi.core.refusal import NotAllowed
from kezhi.records import registry
from kezhi.records.fields import Label
from kezhi.rights.models import Incident
from kezhi.rights.packaging import path_of_package
from kezhi.rights.readable import harmless_cell

FETCH = 5_000
MOST_ROWS = 200_000
CLOCKS: dict[str, Label] = {
    "china": _("Cyberspace administration of the province (China)"),
    "europe": _("Data protection authority (European Union)"),
}


@dataclass(frozen=True)
class Affected:
    """Records of a kind whose personal data was seen within the window."""

    kind: str
    label: str
    records: int
    people_who_saw: int


_WINDOW = "FROM audit_sighting WHERE day BETWEEN %s AND %s AND (%s OR actor_id = ANY(%s))"


def affected(incident: Incident) -> list[Affected]:
    """How many, by kind. The index by day and person makes it a matter of seconds over years of log."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT kind, count(DISTINCT object_id), count(DISTINCT actor_id) {_WINDOW}"
            " GROUP BY kind ORDER BY 2 DESC",
            _bounds(incident),
        )
        rows = cursor.fetchall()
    return [
        Affected(
            kind, str(registry.declared(kind).label_plural) if kind in registry else kind, n, m
        )
        for kind, n, m in rows
    ]


def affected_rows(
    incident: Incident, after: tuple[str, int] = ("", 0), most: int | None = None
) -> Iterator[tuple[str, int, str, int, Any, Any]]:
    """Kind, id, title, how many saw it, first and last day; read in portions, `after` a kind and id."""
    with connection.chunked_cursor() as cursor:
        cursor.cursor.itersize = FETCH
        cursor.execute(
            "SELECT kind, object_id, max(title), count(DISTINCT actor_id), min(day), max(day)"
            f" {_WINDOW} AND (kind, object_id) > (%s, %s)"
            " GROUP BY kind, object_id ORDER BY kind, object_id LIMIT %s",
            [*_bounds(incident), *after, most],
        )
        yield from cursor


def _bounds(incident: Incident) -> list[Any]:
    return [incident.begun_on, incident.ended_on, not incident.accounts, list(incident.accounts)]


@audited("breach.exported")
def note_breach_export(incident: Incident, *, actor: Actor) -> None:
    """That somebody took the list of the affected out."""
    if not actor.may("export", "incident"):
        raise NotAllowed(_("Your role doesn't take out who is affected."))


@audited("evidence.exported")
def make_evidence(*, actor: Actor, at: datetime, progress: Progress = silent) -> dict[str, Any]:
    """Consents, requests, retention, access log, assessments and recipients as one file for an audit."""
    if not (actor.may("export", "data_request") and actor.may("export", "audit")):
        raise NotAllowed(_("Your role doesn't take out the evidence."))
    key = uuid.uuid4()
    path = path_of_package(key)
    path.parent.mkdir(parents=True, exist_ok=True)
    rows: dict[str, int] = {}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for place, (name, query) in enumerate(EVIDENCE.items()):
            progress(place, len(EVIDENCE), name)
            text = io.StringIO()
            text.write("\ufeff")
            writer = csv.writer(text)
            with connection.cursor() as cursor:
                cursor.execute(query, [MOST_ROWS])
                writer.writerow([column.name for column in cursor.description])
                rows[name] = 0
                while chunk := cursor.fetchmany(FETCH):
                    writer.writerows([harmless_cell(_plain(each)) for each in row] for row in chunk)
                    rows[name] += len(chunk)
            archive.writestr(f"{name}.csv", text.getvalue())
        archive.writestr("about.json", json.dumps({"made_at": at.isoformat(), "rows": rows}))
    note(rows=rows)
    return {"file": key.hex, "rows": rows}


def _plain(entry: Any) -> Any:
    return entry if entry is None or isinstance(entry, dict | list) else str(entry)


_LATEST = " ORDER BY id DESC LIMIT %s"
EVIDENCE = {
    "consents": "SELECT id, customer_id, contact_id, purpose, channel, state, text_digest, source,"
    " source_detail, given_at, withdrawn_at, withdrawn_by FROM customers_consent" + _LATEST,
    "texts": "SELECT * FROM customers_consenttext" + _LATEST,
    "requests": "SELECT id, sort, law, person_name, channel, received_on, due_on, state, checked_how,"
    " checked_evidence, checked_on, outcome, closed_on FROM rights_datarequest" + _LATEST,
    "steps": "SELECT id, request_id, at, by_name, what, note FROM rights_requeststep" + _LATEST,
    "retention": "SELECT * FROM rights_retentionrun" + _LATEST,
    "legal_holds": "SELECT * FROM rights_legalhold" + _LATEST,
    "recipients": "SELECT * FROM rights_recipient" + _LATEST,
    "transfers": "SELECT year, recipient_id, is_sensitive, count(*) AS persons FROM rights_transfer"
    " GROUP BY 1, 2, 3 ORDER BY 1 DESC LIMIT %s",
    "assessments": "SELECT * FROM rights_assessment" + _LATEST,
    "incidents": "SELECT * FROM rights_incident" + _LATEST,
    "erasures": "SELECT id, key, root, pseudonym, counts, erased_at, reapplied_at FROM rights_erasure"
    + _LATEST,
    "exemptions": "SELECT * FROM customers_exemption" + _LATEST,
    "access_log": 'SELECT id, day, actor_name, kind, object_id, "where" FROM audit_sighting'
    + _LATEST,
}
