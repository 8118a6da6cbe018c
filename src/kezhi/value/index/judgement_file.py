"""A matrix of judgements from a CSV file: the names on top and at the left, cells such as 3 or 1/3."""

from __future__ import annotations

import csv
from fractions import Fraction
from pathlib import Path

from kezhi.value.reading import Unreadable

Matrix = tuple[tuple[float | None, ...], ...]


def read_judgements(path: Path) -> tuple[tuple[str, ...], Matrix]:
    """Names and matrix; an empty cell is a judgement left out. Raises `Unreadable` with its place."""
    if not path.is_file():
        raise Unreadable(f"{path}: there is no such file")
    rows = [row for row in csv.reader(_text(path).splitlines()) if any(map(str.strip, row))]
    if not rows:
        raise Unreadable(f"{path}: the file is empty; it needs a heading line and rows")
    if len(rows[0]) < 2:
        rows = [row[0].replace("\t", ";").split(";") for row in rows]
    names = tuple(cell.strip() for cell in rows[0][1:])
    if len(rows) - 1 != len(names):
        raise Unreadable(f"{path}: {len(names)} columns are judged in {len(rows) - 1} rows")
    if len(set(names)) != len(names):
        raise Unreadable(f"{path}, line 1: a name stands there twice")
    found = []
    for line, (name, row) in enumerate(zip(names, rows[1:], strict=True), 2):
        if row[0].strip() != name:
            raise Unreadable(
                f"{path}, line {line}: {row[0].strip()!r} stands where {name!r} is expected; "
                "rows are in the order of the columns"
            )
        cells = [*row[1:], *[""] * (len(names) + 1 - len(row))]
        if len(cells) > len(names):
            raise Unreadable(f"{path}, line {line}: more judgements than names in the heading")
        found.append(
            tuple(_judgement(path, line, one, cell) for one, cell in zip(names, cells, strict=True))
        )
    return names, tuple(found)


def _text(path: Path) -> str:
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030", errors="replace")


def _judgement(path: Path, line: int, name: str, cell: str) -> float | None:
    cell = cell.strip()
    if not cell:
        return None
    try:
        return float(Fraction(cell))
    except (ValueError, ZeroDivisionError):
        raise Unreadable(
            f"{path}, line {line}, column {name!r}: {cell!r} is no judgement; write 3, 0.5 or 1/3"
        ) from None
