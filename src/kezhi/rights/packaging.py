"""All that concerns a person as one file to hand over: JSON and CSV, pages for people, their files."""

# ruff: noqa: S608  # tables and columns are the database's own names
from __future__ import annotations

import csv
import hashlib
import io
import json
import uuid
import zipfile
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import translation
from django.utils.translation import gettext as _

from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.progress import Progress, silent
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.reaching import home_day
from kezhi.rights.deadlines import rules
from kezhi.rights.models import DataRequest, Package
from kezhi.rights.readable import as_html, as_pdf, harmless_cell
from kezhi.rights.requesting import close
from kezhi.rights.tracing import Trace, logged, trace
from kezhi.workbench.attaching import harmless_name, path_of
from kezhi.workbench.models import Attachment

STORE = "packages"
LANGUAGES = ("zh-hans", "en")
# Means of recognising and computing, not data about the person.
LEFT_OUT = frozenset({"tokens", "keys", "name_key", "stored_as", "digest", "leaves", "sha256"})
LOG_COLUMNS = {
    "audit_entry": "at, deed, actor_name, subject_title, reason, detail",
    "audit_change": "at, table_name, operation, before, after",
    "audit_sighting": 'day, actor_name, kind, title, "where"',
}


@audited("package.made")
def make_package(
    request: DataRequest, *, actor: Actor, at: datetime, progress: Progress = silent
) -> Package:
    """Gather everything, put it into a file that expires, and end the request."""
    if not actor.may("edit", "data_request"):
        raise NotAllowed(_("Your role doesn't hand out people's data."))
    request = DataRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
    person = request.person
    if person is None or not request.is_checked:
        raise Refused(_("Check first who asks: data goes to nobody else."))
    progress(0, 4, _("Looking for the person"))
    found = trace(person)
    progress(1, 4, _("Reading the rows"))
    tables = collected(found)
    progress(2, 4, _("Putting the file together"))
    content = packed(found, tables, at)
    key = uuid.uuid4()
    path = path_of_package(key)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    package = Package.objects.create(
        request=request,
        stored_as=key,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        counts={table: len(rows) for table, rows in tables.items()},
        made_at=at,
        expires_at=at + timedelta(days=rules().package_days),
    )
    note(rows=sum(package.counts.values()), size=package.size)
    if request.is_open:
        on = home_day(at)
        close(request, actor, on, DataRequest.State.DONE, _("The data is ready as a file."))
    progress(4, 4, _("Done"))
    return package


@audited("package.fetched")
def fetch_package(package: Package, *, actor: Actor, at: datetime) -> Path:
    """The file, for whoever hands it over; that it was fetched is in the log."""
    if not actor.may("export", "data_request"):
        raise NotAllowed(_("Your role doesn't hand out people's data."))
    path = path_of_package(package.stored_as)
    if package.expires_at <= at or not path.exists():
        raise Refused(_("This file has expired. Gather the data anew."))
    package.fetched_at = at
    package.save(update_fields=["fetched_at"])
    return path


@audited("packages.expired")
def forget_expired(*, actor: Actor, at: datetime) -> int:
    """Files past their day go; so do files without a row."""
    gone = list(Package.objects.filter(expires_at__lte=at))
    for package in gone:
        path_of_package(package.stored_as).unlink(missing_ok=True)
        package.delete()
    known = {key.hex for key in Package.objects.values_list("stored_as", flat=True)}
    folder = Path(settings.MEDIA_ROOT) / STORE
    yesterday = (at - timedelta(days=1)).timestamp()
    for path in folder.glob("*") if folder.is_dir() else ():
        if path.name not in known and path.stat().st_mtime < yesterday:
            path.unlink(missing_ok=True)
    note(packages=len(gone))
    return len(gone)


def path_of_package(key: uuid.UUID) -> Path:
    return Path(settings.MEDIA_ROOT) / STORE / key.hex


def collected(found: Trace) -> dict[str, list[dict[str, Any]]]:
    """Rows by table: what hangs on the person, what mentions them, and what the log has of both."""
    tables: dict[str, list[dict[str, Any]]] = {}
    for table in sorted({*found.tied, *found.mentions}):
        ids = sorted({*found.tied.get(table, ()), *found.mentions.get(table, ())})
        if rows := _rows(table, ids):
            tables[table] = rows
    for table, (about, mentioning) in logged(found).items():
        ids = sorted({*about, *mentioning})
        if ids:
            tables[table] = _query(
                f"SELECT jsonb_build_object({_pairs(LOG_COLUMNS[table])}) FROM {table}"
                " WHERE id = ANY(%s) ORDER BY id",
                ids,
            )
    return tables


def _pairs(columns: str) -> str:
    names = [name.strip() for name in columns.split(",")]
    return ", ".join(f"'{name.strip(chr(34))}', {name}" for name in names)


def _rows(table: str, ids: list[Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid"
            " AND a.attnum = i.indkey[0] WHERE i.indrelid = %s::regclass AND i.indisprimary",
            [table],
        )
        key = cursor.fetchone()[0]
    rows = _query(
        f'SELECT to_jsonb(t) FROM "{table}" t WHERE "{key}" = ANY(%s) ORDER BY "{key}"', ids
    )
    return [{name: entry for name, entry in row.items() if name not in LEFT_OUT} for row in rows]


def _query(query: str, ids: list[Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(query, [ids])
        rows = [row[0] for row in cursor.fetchall()]
    return [json.loads(row) if isinstance(row, str) else row for row in rows]


def packed(found: Trace, tables: dict[str, list[dict[str, Any]]], at: datetime) -> bytes:
    """The ZIP: data.json, a CSV a table, a page and a PDF in both languages, the files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        about = {"person": found.person.name, "made_at": at.isoformat(), "tables": tables}
        archive.writestr("data.json", json.dumps(about, ensure_ascii=False, indent=1, default=str))
        for table, rows in tables.items():
            archive.writestr(f"tables/{table}.csv", _csv(rows))
        for language in LANGUAGES:
            with translation.override(language):
                name = f"index.{language[:2]}"
                archive.writestr(f"{name}.html", as_html(found.person.name, tables, at))
                archive.writestr(f"{name}.pdf", as_pdf(found.person.name, tables, at))
        keys = Attachment.objects.filter(pk__in=found.tied.get("workbench_attachment", ()))
        for number, each in enumerate(keys.order_by("pk"), 1):
            path = path_of(each.stored_as)
            if path.exists():
                archive.write(path, f"files/{number:03} {harmless_name(each.name)}")
    return buffer.getvalue()


def _csv(rows: Iterable[dict[str, Any]]) -> str:
    rows = list(rows)
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    text.write("\ufeff")
    writer = csv.writer(text)
    writer.writerow(names)
    for row in rows:
        writer.writerow([harmless_cell(row.get(name)) for name in names])
    return text.getvalue()
