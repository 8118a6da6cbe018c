"""Excel workbooks, opened in a child process that may use only so much memory and time.

The parent looks at the zip directory first and refuses bombs before anything is unpacked. The child reads one
sheet and writes it as Arrow: one text column per sheet column, all rows from row 1. It imports no Django.
Formulas count with the result that the spreadsheet program stored; a formula without a stored result comes back
as its text (`=A1+B1`), an error as `#N/A`, so that both are reported and never read as empty.
"""

from __future__ import annotations

import html
import itertools
import json
import re
import resource
import sys
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, BinaryIO
from xml.etree import ElementTree

import pyarrow as pa

from kezhi.dataio import watching

MAX_MEMBERS = 4_000
MAX_UNPACKED = 1 << 30
MAX_RATIO = 300
RATIO_COUNTS_FROM = 16 << 20
MAX_COLUMNS = 300
RESERVED = 3 << 29  # address space: the reader reserves about twice of what it holds
RESIDENT = 512 << 20  # what it may hold; an honest workbook of 50 MB takes 400 MiB
SECONDS = 120
CHUNK_ROWS = 20_000
# Arrow's own allocators, and threads for arithmetic on each core, reserve more than the child may have.
ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "OPENBLAS_NUM_THREADS": "1",
}
EXACT_DIGITS = 10**15  # a spreadsheet keeps 15 digits


class Unreadable(Exception):
    """Carries the code of the refusal; the caller words it."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


@dataclass(frozen=True)
class Converted:
    """A sheet as Arrow text columns, beside the names of all sheets that can be chosen."""

    path: Path
    sheet: str
    sheets: tuple[str, ...]


def convert(path: Path, out: Path, sheet: str = "") -> Converted:
    """Write `sheet` (else the first visible one with rows) to `out` as an Arrow file."""
    with path.open("rb") as file:
        is_zip = file.read(4) == b"PK\x03\x04"
    if is_zip:
        check_archive(path)
    try:
        said, _most = watching.run(
            [sys.executable, "-I", "-m", "kezhi.dataio.workbook", str(path), str(out), sheet],
            env=ENVIRONMENT,
            resident=RESIDENT,
            seconds=SECONDS * 2,
        )
        answer = json.loads(said.decode().splitlines()[-1])
    except (watching.TooHeavy, ValueError, IndexError):
        raise Unreadable("workbook_too_heavy") from None
    if "refused" in answer:
        raise Unreadable(answer["refused"], **answer["params"])
    return Converted(out, answer["sheet"], tuple(answer["sheets"]))


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (RESERVED, RESERVED))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def check_archive(path: Path) -> None:
    """Refuse by the zip directory alone: too many members, too large, packed too tightly, not a workbook."""
    if _member_count(path) > MAX_MEMBERS:
        raise Unreadable("bomb")
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            names = {member.filename for member in members}
            if "xl/workbook.xml" not in names:
                raise _not_a_workbook(names)
            if sum(member.file_size for member in members) > MAX_UNPACKED:
                raise Unreadable("bomb")
            for member in members:
                packed_tightly = member.file_size > MAX_RATIO * max(member.compress_size, 1)
                if packed_tightly and member.file_size > RATIO_COUNTS_FROM:
                    raise Unreadable("bomb")
                if member.flag_bits & 1:
                    raise Unreadable("password")
            for member in members:
                if member.filename.endswith((".xml", ".rels")):
                    _check_head(archive, member)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        NotImplementedError,
        ValueError,
        RuntimeError,
    ) as error:
        raise Unreadable("damaged_workbook") from error


def _check_head(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    # A document type stands before the first element, and no spreadsheet program writes one.
    with archive.open(member) as file:
        head = file.read(4096).replace(b"\0", b"").upper()
    if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
        raise Unreadable("entities")


def _member_count(path: Path) -> int:
    # Read from the end record, before zipfile would build a list of a million members.
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - 66_000))
        tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 12:
        raise Unreadable("damaged_workbook")
    count = int.from_bytes(tail[at + 10 : at + 12], "little")
    directory = int.from_bytes(tail[at + 12 : at + 16], "little")
    if directory > MAX_MEMBERS * 600:
        raise Unreadable("bomb")
    return count


def _not_a_workbook(names: set[str]) -> Unreadable:
    if "xl/workbook.bin" in names:
        return Unreadable("old_format", what=".xlsb")
    if "content.xml" in names and "mimetype" in names:
        return Unreadable("old_format", what=".ods")
    if any(name.startswith(("word/", "ppt/")) for name in names):
        return Unreadable("not_a_table", what="Word/PowerPoint")
    return Unreadable("packed")


# ---- in the child ----


def _convert(path: Path, out: Path, wanted: str) -> dict[str, Any]:
    from python_calamine import (
        CalamineError,
        CalamineWorkbook,
        PasswordError,
        SheetTypeEnum,
        SheetVisibleEnum,
    )

    try:
        book = CalamineWorkbook.from_path(str(path))
        sheets = [s for s in book.sheets_metadata if s.typ == SheetTypeEnum.WorkSheet]
        names = [s.name for s in sheets]
        if wanted and wanted not in names:
            raise Unreadable("no_such_sheet", sheet=wanted, sheets=", ".join(names)[:200])
        visible = [s.name for s in sheets if s.visible == SheetVisibleEnum.Visible]
        for name in [wanted] if wanted else visible + [n for n in names if n not in visible]:
            sheet = book.get_sheet_by_name(name)
            if sheet.start is None:
                continue
            if sheet.width > MAX_COLUMNS:
                raise Unreadable("too_many_columns", count=sheet.width, limit=MAX_COLUMNS)
            marks = _marked_cells(path, name) if zipfile.is_zipfile(path) else {}
            # A formula without a result isn't part of what the reader counts as the sheet.
            width = max(
                [sheet.start[1] + sheet.width, *(max(cells) + 1 for cells in marks.values())]
            )
            rows = itertools.chain(
                sheet.iter_rows(),
                _blank_rows(sheet.start[0] + sheet.height + 1, max(marks, default=0)),
            )
            _write(rows, width, marks, out)
            return {"sheet": name, "sheets": names}
        raise Unreadable("empty_sheet")
    except PasswordError as error:
        raise Unreadable("password") from error
    except CalamineError as error:
        raise Unreadable("damaged_workbook") from error


def _blank_rows(first: int, last: int) -> Iterator[list[Any]]:
    return ([] for _ in range(first, last + 1))


def _write(
    rows: Iterator[list[Any]], width: int, marks: dict[int, dict[int, str]], out: Path
) -> None:
    schema = pa.schema([(f"c{i}", pa.string()) for i in range(width)])
    chunk: list[list[str]] = []
    with pa.OSFile(str(out), "wb") as file, pa.ipc.new_file(file, schema) as writer:

        def flush() -> None:
            columns = [pa.array(cells, pa.string()) for cells in zip(*chunk, strict=True)]
            writer.write_batch(pa.record_batch(columns, schema=schema))
            chunk.clear()

        for number, row in enumerate(rows, start=1):
            texts = [cell if type(cell) is str else _as_text(cell) for cell in row]
            texts = (texts + [""] * width)[:width]
            for column, mark in marks.get(number, {}).items():
                if column < width:
                    texts[column] = mark
            chunk.append(texts)
            if len(chunk) == CHUNK_ROWS:
                flush()
        if chunk:
            flush()


def _as_text(cell: Any) -> str:
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        if cell.is_integer() and abs(cell) < EXACT_DIGITS:
            return str(int(cell))
        return f"{cell:E}" if abs(cell) >= EXACT_DIGITS else repr(cell)
    if isinstance(cell, int):
        return str(cell) if abs(cell) < EXACT_DIGITS else f"{float(cell):E}"
    if isinstance(cell, datetime):
        return str(cell.date() if cell.time() == time() else cell.replace(microsecond=0))
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    return "" if cell is None else str(cell)


# A cell element up to its end; only those that mention an error or a formula are looked at more closely.
_CELL = re.compile(rb"<c\s([^>]*[^/>])>(.*?)</c>", re.DOTALL)
_REFERENCE = re.compile(rb'r="([A-Z]{1,3})(\d{1,7})"')
_VALUE = re.compile(rb"<v[^>]*>([^<]+)</v>")
_FORMULA = re.compile(rb"<f[^>]*>([^<]*)</f>|<f[^>]*/>")


def _marked_cells(path: Path, sheet: str) -> dict[int, dict[int, str]]:
    """Cells that the reader would give as empty although they aren't: row → column → what to show instead."""
    marks: dict[int, dict[int, str]] = {}
    with zipfile.ZipFile(path) as archive:
        member = _sheet_member(archive, sheet)
        if member is None:
            return marks
        with archive.open(member) as file:
            for part in _parts(file, archive.getinfo(member).file_size):
                if b"<f" not in part and b't="e"' not in part:
                    continue
                for attributes, content in _CELL.findall(part):
                    mark = _mark(attributes, content)
                    reference = _REFERENCE.search(attributes) if mark else None
                    if reference:
                        row, column = int(reference[2]), _column_index(reference[1])
                        marks.setdefault(row, {})[column] = mark
    return marks


def _mark(attributes: bytes, content: bytes) -> str:
    result = _VALUE.search(content)
    if b't="e"' in attributes:
        return result[1].decode("ascii", "replace") if result else "#N/A"
    formula = _FORMULA.search(content) if b"<f" in content else None
    if formula is None or result is not None or b't="str"' in attributes:
        return ""
    return "=" + html.unescape((formula[1] or b"").decode("utf-8", "replace"))[:80]


def _parts(file: Any, declared: int) -> Iterator[bytes]:
    # Cut after a complete cell, so that no element is seen in two halves.
    rest, seen = b"", 0
    while block := file.read(1 << 22):
        seen += len(block)
        if seen > min(declared + 1, MAX_UNPACKED):
            raise Unreadable("bomb")
        rest += block
        end = rest.rfind(b"</c>")
        if end >= 0:
            yield rest[: end + 4]
            rest = rest[end + 4 :]
    yield rest


def _sheet_member(archive: zipfile.ZipFile, sheet: str) -> str | None:
    # Document types were refused before, so there is no entity to expand.
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314
    links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    for element in book.iter():
        if element.tag.rpartition("}")[2] == "sheet" and element.get("name") == sheet:
            key = next((v for k, v in element.items() if k.rpartition("}")[2] == "id"), None)
            target = targets.get(key, "")
            member = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            return member if member in archive.namelist() else None
    return None


def _column_index(letters: bytes) -> int:
    index = 0
    for letter in letters:
        index = index * 26 + letter - 64
    return index - 1


def _main(arguments: list[str], out: BinaryIO) -> None:
    path, target, sheet = arguments
    _limit()
    try:
        answer = _convert(Path(path), Path(target), sheet)
    except Unreadable as error:
        answer = {"refused": error.code, "params": error.params}
    except (zipfile.BadZipFile, zlib.error, ElementTree.ParseError, KeyError, EOFError, ValueError):
        answer = {"refused": "damaged_workbook", "params": {}}
    except MemoryError:
        answer = {"refused": "workbook_too_heavy", "params": {}}
    out.write(json.dumps(answer).encode() + b"\n")


if __name__ == "__main__":
    _main(sys.argv[1:], sys.stdout.buffer)
