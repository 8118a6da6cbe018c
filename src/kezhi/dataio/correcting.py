"""The bad rows as a file: to correct in a spreadsheet and to import again.

Each row stands as in the original, after two columns that say where it was and what is wrong. Cells that a
spreadsheet would take for a formula are written so that it doesn't, and are read back as they were.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from kezhi.core.refusal import Refused
from kezhi.dataio.models import ImportBatch
from kezhi.dataio.problems import explain
from kezhi.dataio.reading import Row
from kezhi.dataio.registry import loader_of
from kezhi.dataio.uploading import table_of

FORMULA_STARTS = frozenset("=+-@\t\r＝＋－＠'")
MAX_REASONS = 500_000


def safe_cell(text: str) -> str:
    """The text so that no spreadsheet takes it for a formula; our reader takes the apostrophe off again."""
    return f"'{text}" if text[:1] in FORMULA_STARTS else text


def bad_rows(batch: ImportBatch) -> Iterator[Row]:
    """Headings, then every bad row: its number, its reasons, its cells as in the file."""
    reasons = _reasons(batch)
    table = table_of(batch)
    yield (pgettext("import", "Row"), pgettext("import", "Reason"), *table.headings)
    waiting = set(reasons)
    for raw in table.batches():
        found: list[tuple[int, Row]] = [
            (row.number, row.cells) for row in raw.broken if row.number in waiting
        ]
        found += [
            (int(number), raw.row(index))
            for index, number in enumerate(raw.numbers.tolist())
            if number in waiting
        ]
        for number, cells in sorted(found):
            waiting.discard(number)
            yield (str(number), reasons[number], *cells)
        if not waiting:
            return


def _reasons(batch: ImportBatch) -> dict[int, str]:
    """Row → what is wrong with it, column by column."""
    path = batch.problems_path
    if not path.is_file():
        raise Refused(_("No rows need correction, or the file is no longer there."))
    headings = batch.facts["headings"]
    reasons: dict[int, str] = {}
    for row, column, code, params in _problems(path):
        message, remedy = explain(code, worded(batch, column, code, json.loads(params)))
        where = f"{headings[column]}: " if 0 <= column < len(headings) else ""
        text = f"{where}{message} {remedy}"
        reasons[row] = f"{reasons[row]} | {text}" if row in reasons else text
        if len(reasons) >= MAX_REASONS:
            break
    return reasons


def _problems(path: Path) -> Iterator[tuple[int, int, str, str]]:
    with pa.memory_map(str(path)) as source, pa.ipc.open_stream(source) as reader:
        for batch in reader:
            yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def worded(batch: ImportBatch, column: int, code: str, params: dict[str, Any]) -> dict[str, Any]:
    """The parameters of a problem in the reader's language: what was noted may be in another."""
    name = batch.mapping[column]["field"] if 0 <= column < len(batch.mapping) else ""
    field = next((f for f in loader_of(batch.kind).fields() if f.name == name), None)
    if field is None:
        return params
    if "field" in params:
        params = {**params, "field": str(field.label)}
    if "choices" in params:
        params = {**params, "choices": ", ".join(str(label) for _key, label in field.choices)}
    return params


def as_csv(rows: Iterable[Row]) -> Iterator[bytes]:
    """UTF-8 with byte order mark, as spreadsheets in China expect it."""
    yield b"\xef\xbb\xbf"
    for row in rows:
        line = io.StringIO()
        csv.writer(line, lineterminator="\r\n").writerow([safe_cell(cell) for cell in row])
        yield line.getvalue().encode()


def as_workbook(rows: Iterable[Row], path: Path) -> None:
    """An .xlsx whose cells are all text: nothing in it is computed."""
    import xlsxwriter

    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        sheet = book.add_worksheet()
        heading = book.add_format({"bold": True})
        sheet.freeze_panes(1, 0)
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                sheet.write_string(number, column, cell[:32_000], heading if number == 0 else None)


def sample_rows(kind: str, language: str) -> list[Row]:
    """A file to begin with: the headings of a kind and one row that shows how cells are written."""
    fields = loader_of(kind).fields()
    is_chinese = language.startswith("zh")
    headings = tuple(field.heading(language) for field in fields)
    example = tuple(field.example_zh if is_chinese else field.example for field in fields)
    return [headings, example]
