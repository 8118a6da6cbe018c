"""Read a table of unknown kind in batches of bounded size, each row under the number the user sees.

The number of a row is that of the line in a text file (a cell with line breaks counts as one row, as in a
spreadsheet) or of the row in the sheet; the heading has a number too. Rows without any content are left out.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from kezhi.dataio import sniffing, workbook
from kezhi.dataio.problems import FileRefused

MAX_BYTES = 2 << 30
MAX_WORKBOOK_BYTES = 200 << 20
MAX_COLUMNS = workbook.MAX_COLUMNS
BLOCK_BYTES = 8 << 20
BATCH_ROWS = 65_536
HEAD_CHARACTERS = 1 << 18
HEADING_SEARCH = 30
SAMPLE_ROWS = 500
TOTALS = frozenset(
    [
        "合计",
        "总计",
        "小计",
        "合計",
        "總計",
        "小計",
        "总和",
        "total",
        "totals",
        "subtotal",
        "grand total",
        "sum",
    ]
)

csv.field_size_limit(BLOCK_BYTES)

Row = tuple[str, ...]


@dataclass(frozen=True)
class BrokenRow:
    """A row that can't be cut into the cells that the headings ask for, and why."""

    number: int
    cells: Row
    code: str


@dataclass(frozen=True)
class RawBatch:
    """Some rows as text columns."""

    numbers: npt.NDArray[np.int64]
    columns: list[Any]
    broken: list[BrokenRow] = field(default_factory=list)

    def row(self, index: int) -> Row:
        return tuple(column[index].as_py() or "" for column in self.columns)


@dataclass(frozen=True)
class Table:
    """A file that was understood: what it is, where its headings are, and how to read the rows below.

    For a workbook `path` is the sheet in Arrow form, written beside the uploaded file.
    """

    path: Path
    format: sniffing.Format
    headings: Row
    heading_row: int
    heading_lines: int = 0
    encoding: str = ""
    is_clean: bool = True
    delimiter: str = ""
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    skipped: tuple[Row, ...] = ()
    sample: tuple[Row, ...] = field(default=(), repr=False)

    @property
    def width(self) -> int:
        return len(self.headings)

    def batches(self) -> Iterator[RawBatch]:
        """All rows below the headings, once; memory stays bounded however long the file is."""
        for batch in self._text() if self.format == "csv" else self._sheet():
            yield _without_blank_rows(batch)

    def _sheet(self) -> Iterator[RawBatch]:
        first = 1
        with pa.memory_map(str(self.path)) as source, pa.ipc.open_file(source) as reader:
            for index in range(reader.num_record_batches):
                batch = reader.get_batch(index)
                skip = max(0, min(batch.num_rows, self.heading_row + 1 - first))
                numbers = np.arange(first + skip, first + batch.num_rows, dtype=np.int64)
                first += batch.num_rows
                yield self._within_headings(numbers, [c.slice(skip) for c in batch.columns])

    def _within_headings(self, numbers: npt.NDArray[np.int64], columns: list[Any]) -> RawBatch:
        inside, beyond = columns[: self.width], columns[self.width :]
        overflow = np.zeros(len(numbers), bool)
        for column in beyond:
            overflow |= pc.not_equal(column, "").to_numpy(zero_copy_only=False)
        if not overflow.any():
            return RawBatch(numbers, inside)
        whole = RawBatch(numbers, columns)
        broken = [
            BrokenRow(int(numbers[i]), whole.row(int(i)), "too_many_cells")
            for i in np.flatnonzero(overflow)
        ]
        return RawBatch(numbers[~overflow], [c.filter(pa.array(~overflow)) for c in inside], broken)

    def _text(self) -> Iterator[RawBatch]:
        source = _Utf8(self.path, self.encoding, self.is_clean)
        shift = self.heading_row - self.heading_lines
        waiting: deque[tuple[int, str]] = deque()

        def set_aside(row: Any) -> str:
            waiting.append((row.number + shift, row.text))
            return "skip"

        following = self.heading_row + 1
        held: RawBatch | None = None
        try:
            for columns, count in _arrow_batches(self, source, set_aside):
                taken: list[tuple[int, str]] = []
                numbers = np.empty(count, np.int64)
                filled = 0
                while filled < count:
                    until = waiting[0][0] if waiting else following + count - filled
                    run = min(count - filled, until - following)
                    numbers[filled : filled + run] = np.arange(following, following + run)
                    filled, following = filled + run, following + run
                    if waiting and waiting[0][0] == following:
                        taken.append(waiting.popleft())
                        following += 1
                if held is not None:
                    yield held
                held = self._mended(RawBatch(numbers, columns), taken)
            if held is None:
                held = RawBatch(np.empty(0, np.int64), [pa.array([], pa.string())] * self.width)
            held = self._mended(held, list(waiting))
            yield self._closed(held) if source.quotes % 2 else held
        except pa.ArrowInvalid as error:
            raise FileRefused("endless_cell", row=following - 1, limit=BLOCK_BYTES >> 20) from error
        finally:
            source.close()

    def _mended(self, batch: RawBatch, ragged: list[tuple[int, str]]) -> RawBatch:
        """Put rows back whose only fault is empty cells at the end; the others are broken."""
        if not ragged:
            return batch
        good: list[tuple[int, Row]] = []
        broken = list(batch.broken)
        for number, text in ragged:
            if len(text) > BLOCK_BYTES:
                raise FileRefused("endless_cell", row=number - 1, limit=BLOCK_BYTES >> 20)
            cells = tuple(next(csv.reader(io.StringIO(text), delimiter=self.delimiter), []))
            if len(cells) > self.width and not any(c.strip() for c in cells[self.width :]):
                good.append((number, cells[: self.width]))
            elif any(c.strip() for c in cells):
                code = "too_few_cells" if len(cells) < self.width else "too_many_cells"
                broken.append(BrokenRow(number, cells, code))
        if not good:
            return RawBatch(batch.numbers, batch.columns, broken)
        numbers = np.concatenate([batch.numbers, np.array([n for n, _ in good], np.int64)])
        columns = [
            pa.concat_arrays([column, pa.array([cells[i] for _, cells in good], pa.string())])
            for i, column in enumerate(batch.columns)
        ]
        order = np.argsort(numbers, kind="stable")
        return RawBatch(numbers[order], [c.take(pa.array(order)) for c in columns], broken)

    def _closed(self, batch: RawBatch) -> RawBatch:
        """With an odd number of quotation marks, a last row that runs over lines swallowed the rest."""
        last = len(batch.numbers) - 1
        cells = batch.row(last) if last >= 0 else ()
        ragged = max(batch.broken, key=lambda row: row.number, default=None)
        if ragged is not None and (last < 0 or ragged.number > batch.numbers[last]):
            broken = [row for row in batch.broken if row is not ragged]
            if _runs_over_lines(ragged.cells):
                broken.append(BrokenRow(ragged.number, ragged.cells, "unclosed_quote"))
                return RawBatch(batch.numbers, batch.columns, broken)
        elif _runs_over_lines(cells):
            broken = [*batch.broken, BrokenRow(int(batch.numbers[last]), cells, "unclosed_quote")]
            return RawBatch(batch.numbers[:last], [c.slice(0, last) for c in batch.columns], broken)
        return batch


def _runs_over_lines(cells: Row) -> bool:
    return any("\n" in cell or "\r" in cell for cell in cells)


def _arrow_batches(
    table: Table, source: _Utf8, set_aside: Callable[[Any], str]
) -> Iterator[tuple[list[Any], int]]:
    names = [f"c{i}" for i in range(table.width)]
    try:
        reader = pyarrow.csv.open_csv(
            pa.PythonFile(source, mode="r"),
            pyarrow.csv.ReadOptions(
                use_threads=False,
                block_size=BLOCK_BYTES,
                column_names=names,
                skip_rows=table.heading_lines,
            ),
            pyarrow.csv.ParseOptions(
                delimiter=table.delimiter,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=set_aside,
            ),
            pyarrow.csv.ConvertOptions(
                check_utf8=False,
                column_types={name: pa.string() for name in names},
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            return
        raise
    for batch in reader:
        for start in range(0, batch.num_rows, BATCH_ROWS):
            part = batch.slice(start, BATCH_ROWS)
            yield list(part.columns), part.num_rows


class _Utf8(io.RawIOBase):
    """A text file of any encoding as UTF-8 bytes without byte order mark; counts quotation marks."""

    def __init__(self, path: Path, encoding: str, is_clean: bool) -> None:
        super().__init__()
        self.quotes = 0
        self._waiting = b""
        self._decoder = None
        self._file = path.open("rb")
        if encoding != "utf-8" or not is_clean:
            import codecs

            self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._at_start = True

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        size = size if size >= 0 else BLOCK_BYTES
        while not self._waiting:
            raw = self._file.read(size)
            block = raw
            if self._decoder is not None:
                block = self._decoder.decode(raw, final=not raw).encode("utf-8", "replace")
            if self._at_start and block:
                block = block.removeprefix(b"\xef\xbb\xbf")
                self._at_start = False
            self.quotes += block.count(b'"')
            self._waiting = block
            if not raw:
                break
        given, self._waiting = self._waiting[:size], self._waiting[size:]
        return given

    def close(self) -> None:
        self._file.close()
        super().close()


def _without_blank_rows(batch: RawBatch) -> RawBatch:
    if not len(batch.numbers):
        return batch
    filled = np.zeros(len(batch.numbers), bool)
    for column in batch.columns:
        filled |= pc.not_equal(column, "").to_numpy(zero_copy_only=False)
        if filled.all():
            return batch
    # Cells of blanks only are rare, so they are looked at only in rows that seem filled by them.
    return RawBatch(
        batch.numbers[filled], [c.filter(pa.array(filled)) for c in batch.columns], batch.broken
    )


# ---- understanding a file ----


@dataclass(frozen=True)
class Choices:
    """What the user said about the file instead of letting it be found out."""

    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    heading_row: int = 0


def open_table(
    path: Path, choices: Choices | None = None, is_known: Callable[[str], bool] | None = None
) -> Table:
    """Understand the file at `path`, or refuse it with the reason.

    `is_known` tells whether a heading means a field of the kind; so the heading row is found below titles.
    """
    choices = choices or Choices()
    known = is_known or (lambda heading: False)
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise FileRefused("too_big", limit=MAX_BYTES >> 20)
    if sniffing.format_of(path) == "workbook":
        if size > MAX_WORKBOOK_BYTES:
            raise FileRefused("too_big", limit=MAX_WORKBOOK_BYTES >> 20)
        return _open_workbook(path, choices, known)
    return _open_text(path, choices, known)


def _open_text(path: Path, choices: Choices, known: Callable[[str], bool]) -> Table:
    encoding = sniffing.encoding_named(choices.encoding) if choices.encoding else ""
    if encoding:
        sniffing.demand_encoding(path, encoding)
    else:
        encoding = sniffing.encoding_of(path)
    with sniffing.open_text(path, encoding) as file:
        head = file.read(HEAD_CHARACTERS)
        is_cut = bool(file.read(1))
        if is_cut:
            head = head[: max(head.rfind("\n"), head.rfind("\r")) + 1] or head
    sniffing.demand_no_markup(head)
    if not head.strip("\ufeff\r\n\t ,;\0\x1a"):
        raise FileRefused("empty")
    stated = re.match(r'"?sep=(.)"?\r?\n', head, re.IGNORECASE)
    delimiter = choices.delimiter or (stated[1] if stated else "")
    if delimiter and delimiter not in sniffing.DELIMITERS:
        raise FileRefused("unknown_delimiter", delimiter=delimiter)
    delimiter = delimiter or sniffing.delimiter_of(head.splitlines()[: sniffing.SAMPLE_LINES])
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)
    rows, ends = [], []
    for row in reader:
        rows.append(tuple(row))
        ends.append(reader.line_num)
        if len(rows) == SAMPLE_ROWS:
            break
    at = _heading_index(rows, choices.heading_row, known, more_follow=is_cut)
    return Table(
        path=path,
        format="csv",
        headings=_cleaned(rows[at]),
        heading_row=at + 1,
        heading_lines=ends[at],
        encoding=encoding,
        is_clean=encoding != "utf-8" or sniffing.is_clean(path, encoding),
        delimiter=delimiter,
        skipped=tuple(row for row in rows[:at] if any(row)),
        sample=_sample(rows[at + 1 :], len(rows[at])),
    )


def _open_workbook(path: Path, choices: Choices, known: Callable[[str], bool]) -> Table:
    sheet = hashlib.sha256(choices.sheet.encode()).hexdigest()[:12]
    out = path.with_name(f"{path.name}.{sheet}.arrow")
    try:
        converted = workbook.convert(path, out, choices.sheet)
    except workbook.Unreadable as error:
        out.unlink(missing_ok=True)
        raise FileRefused(error.code, **error.params) from error
    rows: list[Row] = []
    with pa.memory_map(str(out)) as source, pa.ipc.open_file(source) as reader:
        if reader.num_record_batches:
            batch = reader.get_batch(0).slice(0, SAMPLE_ROWS)
            rows = list(zip(*(column.to_pylist() for column in batch.columns), strict=True))
    at = _heading_index(rows, choices.heading_row, known)
    headings = _cleaned(rows[at])
    width = max((i + 1 for i, heading in enumerate(headings) if heading), default=0)
    return Table(
        path=out,
        format="workbook",
        headings=headings[:width],
        heading_row=at + 1,
        sheet=converted.sheet,
        sheets=converted.sheets,
        skipped=tuple(row for row in rows[:at] if any(row)),
        sample=_sample(rows[at + 1 :], width),
    )


def _heading_index(
    rows: list[Row], stated: int, known: Callable[[str], bool], more_follow: bool = False
) -> int:
    if stated:
        if stated > len(rows):
            raise FileRefused("no_heading")
        return stated - 1
    candidates = rows[:HEADING_SEARCH]
    hits = [sum(1 for cell in row if cell.strip() and known(cell)) for row in candidates]
    if max(hits, default=0) > 0:
        at = hits.index(max(hits))
    else:
        widths = [sum(1 for cell in row if cell.strip()) for row in candidates]
        wide = max(widths, default=0)
        named = [i for i, row in enumerate(candidates) if widths[i] * 2 > wide and _could_name(row)]
        if not named:
            raise FileRefused("no_heading")
        at = named[0]
    if len(rows[at]) > MAX_COLUMNS:
        raise FileRefused("too_many_columns", count=len(rows[at]), limit=MAX_COLUMNS)
    if not more_follow and not any(any(c.strip() for c in row) for row in rows[at + 1 :]):
        raise FileRefused("header_only")
    return at


def _could_name(row: Row) -> bool:
    """Headings are words: no numbers, dates or long texts."""
    cells = [cell.strip() for cell in row if cell.strip()]
    return bool(cells) and all(
        len(cell) <= 60 and not re.fullmatch(r"[-+\d.,/:￥¥$%\s()年月日TZ]+", cell)
        for cell in cells
    )


def _cleaned(row: Row) -> Row:
    """Headings on one line and distinct: a repeated one gets a number."""
    seen: dict[str, int] = {}
    cleaned = []
    for cell in row:
        heading = " ".join(cell.replace("\ufeff", "").replace("\0", "").split())[:100]
        times = seen[heading] = seen.get(heading, 0) + 1
        cleaned.append(f"{heading} ({times})" if heading and times > 1 else heading)
    return tuple(cleaned)


def _sample(rows: list[Row], width: int) -> tuple[Row, ...]:
    filled = (row for row in rows if any(cell.strip() for cell in row))
    return tuple((tuple(row) + ("",) * width)[:width] for row in filled)


def is_totals(cells: Row) -> bool:
    """Whether a row begins with a word for totals: such rows end many exported sheets."""
    first = next((cell.strip().lower() for cell in cells if cell.strip()), "")
    return first.rstrip(":：") in TOTALS
