"""Lists as files: CSV written while it is sent, XLSX built on disk. No cell of it runs as a formula."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, tzinfo
from decimal import Decimal
from itertools import islice
from typing import IO, Any

import xlsxwriter
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from kezhi.accounts import traffic
from kezhi.audit import recording
from kezhi.core.actor import Actor
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.records import Field, FieldKind, Kind
from kezhi.workbench import tagging
from kezhi.workbench.customizing import linking
from kezhi.workbench.holding import held

K = FieldKind
CHUNK = 1_000
BETWEEN = "; "  # several choices in one cell; the import takes them apart again
XLSX_ROWS = 1_000_000
# What makes a spreadsheet read a cell as a formula, the full-width forms included.
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")

Cell = str | int | float | Decimal | date | None


@recording.traced_by("customer.exported")
def export(
    kind: Kind,
    queryset: QuerySet[Any],
    fields: Sequence[Field],
    *,
    actor: Actor,
    zone: tzinfo,
    form: str,
    **facts: Any,
) -> Iterable[bytes] | IO[bytes]:
    """The file of these records, after noting in the audit who took what; `form` is csv or xlsx.

    The caller passes a queryset of `visible_to(actor, "export")`. Headings and words are in the language that
    is active now, whatever it is when the last row is sent.
    """
    if not actor.may("export", kind.name):
        raise NotAllowed(_("Your role doesn’t export this."))
    rows = queryset.count()
    _take(rows, actor, timezone.localdate(timezone=zone))
    if form == "xlsx" and rows > XLSX_ROWS:
        raise Refused(_("More rows than a workbook holds. Export as CSV, or narrow the list down."))
    recording.record(
        f"{kind.name}.exported",
        actor=actor,
        rows=rows,
        format=form,
        fields=[field.name for field in fields],
        **facts,
    )
    headings = [str(field.label) for field in fields]
    readers = [_reader(field, zone) for field in fields]
    records = _linked(kind, queryset.iterator(chunk_size=CHUNK), fields, actor)
    cells = ([read(record) for read in readers] for record in records)
    if form == "xlsx":
        return _workbook(headings, cells, fields)
    return csv_lines(headings, cells)


def _take(rows: int, actor: Actor, on: date) -> None:
    """Within the day's quota, or refused and told to those who look after the company."""
    try:
        traffic.take_rows(rows, actor=actor, on=on)
    except traffic.TooManyRows:
        traffic.note_refused_rows(rows, actor=actor, on=on)
        raise


def _linked(
    kind: Kind, records: Iterator[Any], fields: Sequence[Field], actor: Actor
) -> Iterator[Any]:
    """The records with their tags, and with what their custom fields point to as far as the actor may know."""
    tags = kind.name if any(each.kind is K.TAGS for each in fields) else None
    while chunk := list(islice(records, CHUNK)):
        linking.attach(chunk, fields, actor)
        if tags is not None:
            tagging.attach(tags, chunk)
        yield from chunk


def csv_lines(headings: list[str], rows: Iterable[list[Cell]]) -> Iterator[bytes]:
    """With a byte order mark, without which Excel takes UTF-8 for something else."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    writer.writerow(headings)
    for place, row in enumerate(rows, start=1):
        writer.writerow([harmless(cell) for cell in row])
        if place % CHUNK == 0:
            yield _taken(buffer)
    yield _taken(buffer)


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()


def harmless(cell: Cell) -> Cell:
    """A text that a spreadsheet would take for a formula gets an apostrophe; the import takes it off again."""
    if isinstance(cell, str) and cell.removeprefix("'").startswith((*DANGEROUS, "'")):
        return f"'{cell}"
    return cell.isoformat() if isinstance(cell, date) else cell


def _workbook(
    headings: list[str], rows: Iterable[list[Cell]], fields: Sequence[Field]
) -> IO[bytes]:
    file = tempfile.TemporaryFile(suffix=".xlsx")  # noqa: SIM115 - the response closes it
    book = xlsxwriter.Workbook(
        file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    sheet = book.add_worksheet()
    bold = book.add_format({"bold": True})
    days = book.add_format({"num_format": "yyyy-mm-dd"})
    for column, heading in enumerate(headings):
        sheet.write_string(0, column, heading, bold)
        sheet.set_column(column, column, 24 if fields[column].kind in (K.TEXT, K.LINK) else 14)
    sheet.freeze_panes(1, 0)
    for number, row in enumerate(rows, start=1):
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                # Written as a text it is harmless; the mark lets the import tell it from a lost formula.
                sheet.write_string(number, column, str(harmless(cell))[:32_767])
            elif isinstance(cell, date):
                sheet.write_datetime(number, column, cell, days)
            elif cell is not None:
                sheet.write_number(number, column, float(cell))
    book.close()
    file.seek(0)
    return file


def _reader(field: Field, zone: tzinfo) -> Callable[[Any], Cell]:
    """How the field's entry is written, with its words fetched once and in the language of now."""
    if field.kind in (K.CHOICE, K.TIER):
        labels = {key: str(label) for key, label in field.choices}
        if field.kind is K.TIER:
            labels = {key: key for key in labels}
        return lambda record: labels.get(held(record, field))
    if field.kind is K.MULTI_CHOICE:
        several = {key: str(label) for key, label in field.choices}
        return lambda record: BETWEEN.join(several.get(k, k) for k in held(record, field) or ())
    if field.kind is K.TAGS:
        return lambda record: BETWEEN.join(tag.name for tag in held(record, field) or ())
    if field.kind is K.BOOLEAN:
        words = {True: _("yes"), False: _("no")}
        return lambda record: words.get(held(record, field))
    return lambda record: _written(held(record, field), zone)


def _written(entry: Any, zone: tzinfo) -> Cell:
    if isinstance(entry, datetime):
        return f"{entry.astimezone(zone):%Y-%m-%d %H:%M}"
    if isinstance(entry, float):
        return round(entry, 6)
    if entry is None or isinstance(entry, int | Decimal | date):
        return entry
    return str(entry)
