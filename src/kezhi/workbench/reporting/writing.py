"""A report as a grid of plain cells, and as CSV or Excel files that no spreadsheet takes for formulas."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import xlsxwriter
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from kezhi.records import FieldKind
from kezhi.workbench.exporting import csv_lines, harmless
from kezhi.workbench.reporting.groups import Bucket
from kezhi.workbench.reporting.measures import Measure
from kezhi.workbench.reporting.report import Answer

K = FieldKind


@dataclass(frozen=True)
class Cell:
    """One figure of the grid; `address` is the list behind it."""

    entry: Any
    measure: Measure | None = None
    address: str = ""
    is_total: bool = False


@dataclass(frozen=True)
class Grid:
    """Headings, then rows: the group's label and its figures. The last row is the total."""

    corner: str
    headings: list[str]
    rows: list[tuple[str, list[Cell]]]
    total: tuple[str, list[Cell]] | None


def grid(answer: Answer) -> Grid:
    """By one dimension a column for each measure, by two a column for each group of the second."""
    if len(answer.dimensions) == 2:
        return _crossed(answer)
    headings = [each.label(answer.kind) for each in answer.measures]
    compared = answer.before is not None
    if compared:
        headings = [part for each in headings for part in (each, _before(answer), _("Change"))]
    if not answer.dimensions:
        return Grid("", headings, [], (_("All"), _figures(answer, None)))
    rows = [(each.label, _figures(answer, each)) for each in answer.buckets[0]]
    return Grid(answer.dimensions[0].label, headings, rows, (_("All"), _figures(answer, None)))


def _before(answer: Answer) -> str:
    return _("A year before") if answer.spec.compare == "year" else _("The period before")


def _figures(answer: Answer, bucket: Bucket | None) -> list[Cell]:
    cells = []
    is_total = bucket is None
    for at, measure in enumerate(answer.measures):
        now, then = answer.now_and_before(bucket, at)
        address = answer.drill(*([bucket] if bucket else []))
        cells.append(Cell(now, measure, address, is_total))
        if answer.before is not None:
            cells.append(Cell(then, measure, "", is_total))
            cells.append(Cell(answer.change_of(bucket, at), None, "", is_total))
    return cells


def _crossed(answer: Answer) -> Grid:
    measure, figures = answer.measure, answer.figures
    first, second = answer.buckets

    def cell(row: Bucket | None, column: Bucket | None) -> Cell:
        entry = figures.at(row.group if row else None, column.group if column else None)
        address = answer.drill(row, column) if entry is not None else ""
        return Cell(entry, measure, address, row is None or column is None)

    rows = [(row.label, [*(cell(row, each) for each in second), cell(row, None)]) for row in first]
    total = (_("All"), [*(cell(None, each) for each in second), cell(None, None)])
    return Grid(
        answer.dimensions[0].label, [*(each.label for each in second), _("All")], rows, total
    )


def plain(entry: Any) -> Any:
    """A figure as a file has it: exact where it is exact."""
    if isinstance(entry, Decimal):
        whole = entry.quantize(Decimal("0.000001")).normalize()
        return whole.quantize(Decimal(1)) if whole == whole.to_integral_value() else whole
    return round(entry, 6) if isinstance(entry, float) else entry


def lines(answer: Answer) -> Iterator[list[Any]]:
    """The rows of the grid as plain cells, the total last."""
    table = grid(answer)
    for label, cells in [*table.rows, *([table.total] if table.total else [])]:
        yield [label, *(plain(each.entry) for each in cells)]


def headings(answer: Answer) -> list[str]:
    table = grid(answer)
    return [table.corner or " ", *table.headings]


def csv_file(answers: Sequence[tuple[str, Answer]]) -> bytes:
    """One table after the other; of several, each under its name."""
    parts: list[bytes] = []
    for title, answer in answers:
        head = [str(harmless(each)) for each in headings(answer)]
        body = b"".join(csv_lines(head, lines(answer)))
        if len(answers) > 1:
            mark = "\ufeff".encode()
            name = str(harmless(title)).replace('"', '""')
            body = f'"{name}"\r\n'.encode() + body.removeprefix(mark) + b"\r\n"
            body = mark + body if not parts else body
        parts.append(body)
    return b"".join(parts)


def xlsx_file(answers: Sequence[tuple[str, Answer]], notes: Sequence[str] = ()) -> bytes:
    """One sheet a report."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(
        file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    bold = book.add_format({"bold": True})
    formats = {
        "money": book.add_format({"num_format": "#,##0.00"}),
        "whole": book.add_format({"num_format": "#,##0"}),
        "share": book.add_format({"num_format": "0.0%"}),
        "plain": book.add_format({"num_format": "#,##0.0"}),
        "day": book.add_format({"num_format": "yyyy-mm-dd"}),
    }
    used: set[str] = set()
    for title, answer in answers:
        sheet = book.add_worksheet(_sheet_name(title, used))
        sheet.write_string(0, 0, str(harmless(title)), bold)
        for column, heading in enumerate(headings(answer)):
            sheet.write_string(2, column, str(harmless(heading)), bold)
            sheet.set_column(column, column, 30 if column == 0 else 16)
        table = grid(answer)
        every = [*table.rows, *([table.total] if table.total else [])]
        for number, (label, cells) in enumerate(every, start=3):
            sheet.write_string(number, 0, str(harmless(label))[:32_767])
            for column, cell in enumerate(cells, start=1):
                _write(sheet, number, column, cell, formats)
        for number, note in enumerate(notes, start=len(every) + 4):
            sheet.write_string(number, 0, str(harmless(note)))
        sheet.freeze_panes(3, 1)
    book.close()
    return file.getvalue()


def _write(sheet: Any, row: int, column: int, cell: Cell, formats: dict[str, Any]) -> None:
    if cell.entry is None:
        return
    if isinstance(cell.entry, date):
        sheet.write_datetime(row, column, cell.entry, formats["day"])
        return
    kind = cell.measure.kind if cell.measure is not None else K.SHARE
    name = {K.MONEY: "money", K.INTEGER: "whole"}.get(kind, "plain")
    if kind in (K.SHARE, K.PROBABILITY):
        name = "share"
    sheet.write_number(row, column, float(cell.entry), formats[name])


def _sheet_name(title: str, used: set[str]) -> str:
    """At most 31 characters, none that a workbook refuses, each name once."""
    clean = "".join(c for c in title if c not in "[]:*?/\\'" and c.isprintable()).strip()[:26]
    name, number = clean or pgettext("sheet of a workbook", "Report"), 1
    while name.lower() in used:
        number += 1
        name = f"{clean[:24]} {number}"
    used.add(name.lower())
    return name
