"""Whole columns at once: texts that are in the form the database reads pass as they are, by Arrow's kernels;
each other distinct text of a column goes once through the exact parser. Both give the same result.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kezhi.dataio import parsing
from kezhi.dataio.fields import ImportField, Reading
from kezhi.dataio.problems import Problem, shown
from kezhi.dataio.reading import TOTALS, BrokenRow, RawBatch, is_totals
from kezhi.records import FieldKind

# Letters and signs in which the exact parser would change nothing; any other text, however harmless, takes
# the exact path.
_SAFE = (
    r"A-Za-z0-9\x{C0}-\x{17F}\x{B7}\x{2010}-\x{2027}\x{3001}-\x{303F}\x{3041}-\x{3096}\x{30A1}-\x{30FA}"
    r"\x{3400}-\x{4DBF}\x{4E00}-\x{9FFF}\x{FF08}\x{FF09}\x{FF0C}\x{FF21}-\x{FF3A}\x{FF41}-\x{FF5A}"
)
_CALM = rf'^[{_SAFE}(&"]([{_SAFE} !-/:-@\[-`{{-~]*[{_SAFE}!-/:-@\[-`{{-~])?$'
_ASCII_CODE = r"^[A-Za-z0-9][A-Za-z0-9_./\-]*$"
_ROUNDED = r"(?i)^\d(\.\d+)?E\+\d{2,3}$"


@cache
def totals_words() -> pa.Array:
    # Not when the module is loaded: the first array made loads pandas where that is installed, and
    # every command and server process would wait for it.
    return pa.array(sorted([*TOTALS, *(f"{word}{colon}" for word in TOTALS for colon in ":：")]))


@dataclass(frozen=True)
class Column:
    """A column of the file that is imported: where it stands, its field, how its cells are meant."""

    index: int
    field: ImportField
    reading: Reading


@dataclass
class TypedBatch:
    """Rows as canonical text by field; rows with a problem are not among them."""

    numbers: npt.NDArray[np.int64]
    columns: dict[str, Any]
    problems: list[Problem] = field(default_factory=list)
    rows_read: int = 0


def typed(raw: RawBatch, columns: Sequence[Column]) -> TypedBatch:
    """Understand all cells of a batch; a row with any problem is left out and reported."""
    problems = [_broken(row, len(raw.columns)) for row in raw.broken]
    good = np.ones(len(raw.numbers), bool)
    result: dict[str, Any] = {}
    for column in columns:
        cells = raw.columns[column.index]
        values, faults = typed_column(cells, column.field, column.reading)
        for position, code, params in faults:
            good[position] = False
            text = shown(cells[position].as_py() or "")
            row = int(raw.numbers[position])
            problems.append(Problem(row, column.index, code, text, params))
        result[column.field.name] = values
    if len(raw.columns):
        # A totals row may look like a record: 合计 in the column of names.
        first = pc.utf8_lower(pc.utf8_trim_whitespace(raw.columns[0]))
        good &= ~pc.is_in(first, totals_words()).to_numpy(zero_copy_only=False)
    if not good.all():
        problems = _totals_only(raw, good, problems)
        mask = pa.array(good)
        result = {name: values.filter(mask) for name, values in result.items()}
    return TypedBatch(raw.numbers[good], result, problems, len(raw.numbers) + len(raw.broken))


def typed_column(
    cells: Any, field: ImportField, reading: Reading
) -> tuple[Any, list[tuple[int, str, dict[str, Any]]]]:
    """The canonical texts of a column (null where blank), and (position, code, parameters) of its problems."""
    passes = _passes(cells, field, reading)
    if passes is not None and pc.all(passes, min_count=0).as_py():
        return cells, []
    encoded = pc.dictionary_encode(
        cells if passes is None else pc.if_else(passes, pa.scalar(None, pa.string()), cells)
    )
    texts = encoded.dictionary.to_pylist()
    parsed: list[str | None] = []
    faults: dict[int, parsing.Bad] = {}
    for index, text in enumerate(texts):
        try:
            value = parsing.parse(text, field, reading)
            if value is None and field.is_required:
                raise parsing.Bad("required", field=str(field.label))
            parsed.append(value)
        except parsing.Bad as bad:
            faults[index] = bad
            parsed.append(None)
    exact = pc.take(pa.array(parsed, pa.string()), encoded.indices)
    values = exact if passes is None else pc.if_else(passes, cells, exact)
    return values, list(_positions(encoded.indices, faults))


def _positions(
    indices: Any, faults: dict[int, parsing.Bad]
) -> Iterator[tuple[int, str, dict[str, Any]]]:
    if not faults:
        return
    filled = pc.fill_null(indices, -1).to_numpy(zero_copy_only=False)
    for position in np.flatnonzero(np.isin(filled, list(faults))):
        bad = faults[int(filled[position])]
        yield int(position), bad.code, bad.params


def _passes(cells: Any, field: ImportField, reading: Reading) -> Any:
    """Where a text is canonical already; None where the kind has no quick path."""
    kind = field.kind
    if kind in {FieldKind.MONEY, FieldKind.QUANTITY} and reading.factor == 1:
        sign = "" if field.at_least_zero else "-?"
        decimals = rf"(\.\d{{1,{field.places}}})?" if field.places else ""
        return pc.match_substring_regex(cells, rf"^{sign}\d{{1,12}}{decimals}$")
    if kind == FieldKind.DATE:
        # Few days, many rows: the distinct ones are parsed, unless there are nearly as many as rows.
        return None
    if kind == FieldKind.CODE:
        plain = pc.match_substring_regex(cells, _ASCII_CODE)
        rounded = pc.match_substring_regex(cells, _ROUNDED)
        fits = pc.less_equal(pc.binary_length(cells), field.max_length)
        return pc.and_(pc.and_(plain, fits), pc.invert(rounded))
    if kind in {FieldKind.TEXT, FieldKind.LONG_TEXT}:
        calm = pc.match_substring_regex(cells, _CALM)
        fits = pc.less_equal(pc.utf8_length(cells), field.max_length)
        return pc.and_(calm, fits)
    return None


def _broken(row: BrokenRow, width: int) -> Problem:
    text = shown(" | ".join(row.cells))
    if is_totals(row.cells):
        return Problem(row.number, -1, "totals_row", text)
    params = {"actual": len(row.cells), "expected": width}
    return Problem(row.number, -1, row.code, text, params)


def _totals_only(
    raw: RawBatch, good: npt.NDArray[np.bool_], problems: list[Problem]
) -> list[Problem]:
    """A totals row is one problem of its own, not five of its cells."""
    totals: set[int] = set()
    for position in np.flatnonzero(~good)[:5_000]:
        cells = raw.row(int(position))
        if is_totals(cells):
            totals.add(int(raw.numbers[position]))
    if not totals:
        return problems
    kept = [p for p in problems if p.row not in totals or p.code == "totals_row"]
    return kept + [Problem(row, -1, "totals_row") for row in sorted(totals)]
