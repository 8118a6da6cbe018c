"""Transactions from files and tables: CSV, Parquet, Arrow, pandas, polars.

What can't be read is refused with file, line, column and the remedy; nothing is guessed. Dates are
year-month-day (`2025-03-09`, `2025/3/9`, `20250309`, a time behind them is left off). Amounts are
plain decimals: `￥1,234.50` or `(120)` is an error that says how to write it.
"""

from __future__ import annotations

import codecs
import csv
import os
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

EPOCH = date(1970, 1, 1)
PARQUET = (".parquet", ".pq")
YEARS = (1900, 2199)
"""Years in which anybody can have bought: others are slips, such as 0205 for 2025."""


class Unreadable(ValueError):
    """A file or table that can't be taken as transactions; the message says where and what to do."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns hold the customer, the date and (if any) the amount."""

    customer: str
    date: str
    amount: str | None = None

    @property
    def wanted(self) -> list[str]:
        """The columns to read, each once."""
        names = [self.customer, self.date, *([self.amount] if self.amount else [])]
        return list(dict.fromkeys(names))


@dataclass(frozen=True, slots=True)
class Transactions:
    """Rows as arrays: `codes` point into `customers`, which are distinct and in order."""

    customers: pa.Array
    codes: NDArray[np.int32]
    days: NDArray[np.int32]
    amounts: NDArray[np.float64] | None


def read_transactions(source: Any, columns: Columns) -> Transactions:
    """Transactions from a path (ending .csv, .txt, .tsv or .parquet) or a table in memory."""
    import pyarrow as pa

    if isinstance(source, (str, os.PathLike)):
        path = Path(source)
        if not path.is_file():
            raise Unreadable(f"{path}: there is no such file")
        if path.suffix.lower() in PARQUET:
            table = _read_parquet(path, columns.wanted, {columns.customer})
            return _from_table(table, columns, str(path), "row", 1)
        return _read_csv(path, columns)
    table = source
    if not isinstance(table, (pa.Table, pa.RecordBatch)):
        if hasattr(table, "to_arrow"):
            table = table.to_arrow()
        elif hasattr(table, "__arrow_c_stream__"):
            table = pa.table(table)
        elif hasattr(table, "iloc"):
            table = pa.Table.from_pandas(table, preserve_index=False)
        else:
            raise Unreadable(
                f"a {type(table).__name__} holds no transactions: give a path, or an Arrow, "
                "pandas or polars table"
            )
    _demand(columns.wanted, list(table.column_names), "table")
    return _from_table(table.select(columns.wanted), columns, "table", "row", 1)


def read_columns(path: Path, wanted: list[str]) -> tuple[pa.Table, Fault]:
    """Columns of a CSV or Parquet file as they stand there (CSV: text, blanks as ""), and what makes
    a fault of a row, a column and what is wrong."""
    wanted = list(dict.fromkeys(wanted))
    if not path.is_file():
        raise Unreadable(f"{path}: there is no such file")
    if path.suffix.lower() not in PARQUET:
        return _csv_table(path, wanted)

    def fault(row: int, column: str, what: str) -> Unreadable:
        return Unreadable(f"{path}, row {row + 1}, column {column!r}: {what}")

    return _read_parquet(path, wanted, {}), fault


def _demand(wanted: list[str], present: list[str], where: str) -> None:
    for name in wanted:
        if name not in present:
            raise Unreadable(
                f"{where}: there is no column {name!r}; its columns are: {', '.join(present)}"
            )
        if present.count(name) > 1:
            raise Unreadable(
                f"{where}: the column {name!r} stands there {present.count(name)} times; "
                "rename all but one"
            )


def _read_parquet(path: Path, wanted: list[str], repeated: Collection[str]) -> pa.Table:
    """Columns of a Parquet file; those whose text is often `repeated` as dictionaries."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
        _demand(wanted, schema.names, str(path))
        text = [name for name in repeated if pa.types.is_string(schema.field(name).type)]
        return pq.read_table(path, columns=wanted, read_dictionary=text)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise Unreadable(f"{path}: can't be read as Parquet: {error}") from error


# Tables


def _from_table(
    table: pa.Table, columns: Columns, where: str, word: str, first: int
) -> Transactions:
    """`word` and `first` name a row in messages: "row 1" of a table, "line 2" of a CSV file."""

    def fault(row: int, column: str, what: str) -> Unreadable:
        return Unreadable(f"{where}, {word} {row + first}, column {column!r}: {what}")

    days = read_days(table.column(columns.date), columns.date, fault)
    amounts = None
    if columns.amount is not None:
        amounts = read_amounts(table.column(columns.amount), columns.amount, fault)
    customers, codes = factorise(table.column(columns.customer), columns.customer, fault)
    return Transactions(customers, codes, days, amounts)


Fault = Callable[[int, str, str], Unreadable]


def _first_null(column: Any) -> int | None:
    import pyarrow.compute as pc

    if column.null_count == 0:
        return None
    return int(pc.index(pc.is_null(column), True).as_py())


def read_days(column: Any, name: str, fault: Fault) -> NDArray[np.int32]:
    """Days since 1970-01-01."""
    days = _any_days(column, name, fault)
    first, last = (date(YEARS[0], 1, 1) - EPOCH).days, (date(YEARS[1], 12, 31) - EPOCH).days
    if len(days) and (int(days.min()) < first or int(days.max()) > last):
        row = int(np.argmax((days < first) | (days > last)))
        shown = str(np.datetime64(int(days[row]), "D"))
        raise fault(row, name, f"{shown} lies outside the years {YEARS[0]} to {YEARS[1]}")
    return days


def _any_days(column: Any, name: str, fault: Fault) -> NDArray[np.int32]:
    import pyarrow as pa

    kind = column.type
    empty = _first_null(column)
    if empty is not None:
        raise fault(empty, name, "the date is missing; fill it in or take the row out")
    if pa.types.is_timestamp(kind) or pa.types.is_date64(kind):
        if pa.types.is_timestamp(kind) and kind.tz is not None:
            import pyarrow.compute as pc

            column = pc.local_timestamp(column)
        column = column.cast(pa.date32(), safe=False)
    elif pa.types.is_integer(kind) or _is_text(kind):
        return _parsed_days(column, name, fault)
    elif not pa.types.is_date32(kind):
        raise fault(0, name, f"{kind} is no date; give dates as year-month-day")
    whole: NDArray[np.int32] = _numpy(column.cast(pa.int32()), np.int32)
    return whole


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_string_view(kind)
        or (pa.types.is_dictionary(kind) and _is_text(kind.value_type))
    )


_DATE = re.compile(r"(\d{4})(?:[-/.](\d{1,2})[-/.](\d{1,2})|(\d{2})(\d{2}))(?:[ T].*)?")


def _parsed_days(column: Any, name: str, fault: Fault) -> NDArray[np.int32]:
    # A date occurs in many rows: each distinct text is parsed once.
    encoded = _encoded(column)
    texts = encoded.dictionary.to_pylist()
    days = np.zeros(len(texts), dtype=np.int32)
    for position, text in enumerate(texts):
        day = _day(str(text))
        if day is None:
            row = int(np.argmax(np.asarray(encoded.indices) == position))
            raise fault(
                row, name, f"{_shown(text)} is no date; write it as year-month-day, like 2025-03-09"
            )
        days[position] = day
    if len(days) == 0:
        return days
    return np.asarray(days[np.asarray(encoded.indices)], dtype=np.int32)


def _day(text: str) -> int | None:
    match = _DATE.fullmatch(text.strip())
    if match is None:
        return None
    year, month, day = match[1], match[2] or match[4], match[3] or match[5]
    try:
        return (date(int(year), int(month), int(day)) - EPOCH).days
    except ValueError:
        return None


def _shown(text: object) -> str:
    shown = repr(str(text))
    return shown if len(shown) <= 40 else f"{shown[:36]}…'"


def read_amounts(column: Any, name: str, fault: Fault) -> NDArray[np.float64]:
    import pyarrow as pa
    import pyarrow.compute as pc

    empty = _first_null(column)
    if empty is not None:
        raise fault(empty, name, "the amount is missing; fill it in or take the row out")
    if _is_text(column.type):
        plain = pc.utf8_trim_whitespace(column.cast(pa.string()))
        sound = pc.match_substring_regex(plain, r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
        if not pc.all(sound, min_count=0).as_py():
            row = int(pc.index(sound, False).as_py())
            raise fault(row, name, _no_amount(column[row].as_py()))
        column = pc.replace_substring_regex(plain, r"^\+", "").cast(pa.float64())
    elif not (
        pa.types.is_integer(column.type)
        or pa.types.is_floating(column.type)
        or pa.types.is_decimal(column.type)
    ):
        raise fault(0, name, f"{column.type} is no amount; give numbers")
    amounts: NDArray[np.float64] = _numpy(column.cast(pa.float64(), safe=False), np.float64)
    if not np.isfinite(amounts).all():
        row = int(np.argmin(np.isfinite(amounts)))
        raise fault(row, name, f"{amounts[row]} is no amount; fill it in or take the row out")
    return amounts


def _no_amount(text: str) -> str:
    if not text.strip():
        return "the amount is missing; fill it in or take the row out"
    return (
        f"{_shown(text)} is no plain number; write it like 1234.50, negative -120, "
        "without thousands separators, brackets or currency signs"
    )


def factorise(
    column: Any, name: str, fault: Fault | None = None
) -> tuple[pa.Array, NDArray[np.int32]]:
    """Distinct customers in order, and the position of each row's customer among them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    empty = _first_null(column)
    if empty is not None:
        message = "the customer is missing; fill it in or take the row out"
        raise fault(empty, name, message) if fault else Unreadable(f"{name}: {message}")
    if pa.types.is_integer(column.type) and len(column):
        dense = _dense(_numpy(column, np.int64))
        if dense is not None:
            return dense
    if pa.types.is_nested(column.type):
        raise Unreadable(f"column {name!r}: {column.type} names no customer; give text or numbers")
    encoded = _encoded(column)
    order = np.asarray(pc.array_sort_indices(encoded.dictionary))
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    indices = np.asarray(encoded.indices)
    codes = rank[indices] if len(order) else np.zeros(0, np.int32)
    return encoded.dictionary.take(pa.array(order)), codes


def _dense(ids: NDArray[np.int64]) -> tuple[pa.Array, NDArray[np.int32]] | None:
    """Numbers from a narrow range are their own codes, once the gaps are closed."""
    import pyarrow as pa

    low, high = int(ids.min()), int(ids.max())
    if high - low >= 4 * len(ids) + 1024 or high - low >= 2**31 - 1:
        return None
    codes = (ids - low).astype(np.int32)
    present = np.zeros(high - low + 1, dtype=np.bool_)
    present[codes] = True
    found = np.flatnonzero(present)
    if len(found) < len(present):
        closed = np.cumsum(present, dtype=np.int32)
        codes = closed[codes] - 1
    return pa.array(found + low), codes


def _encoded(column: Any) -> Any:
    """A column as one dictionary array."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_dictionary(column.type):
        column = pc.dictionary_encode(column)
    if isinstance(column, pa.ChunkedArray):
        column = column.unify_dictionaries().combine_chunks()
    if isinstance(column, pa.ChunkedArray):  # no chunk at all
        column = pa.array([], column.type)
    return column


def _numpy(column: Any, kind: Any) -> Any:
    import pyarrow as pa

    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    return np.ascontiguousarray(column.to_numpy(zero_copy_only=False), dtype=kind)


# CSV


def _csv_table(
    path: Path, wanted: list[str], encoding: str | None = None
) -> tuple[pa.Table, Fault]:
    """Columns as text, and faults that name the line."""
    import pyarrow as pa
    import pyarrow.csv as pacsv

    encoding = encoding or _encoding(path)
    heading, delimiter = _heading(path, encoding)
    _demand(wanted, heading, f"{path}, line 1")
    strings = {name: pa.string() for name in wanted}
    try:
        table = pacsv.read_csv(
            path,
            read_options=pacsv.ReadOptions(encoding=encoding, column_names=None),
            parse_options=pacsv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=pacsv.ConvertOptions(
                include_columns=wanted,
                column_types=strings,
                strings_can_be_null=False,
            ),
        )
    except (pa.ArrowInvalid, OSError, UnicodeDecodeError) as error:
        if encoding == "utf-8" and "UTF8" in str(error):  # other bytes than at the beginning
            return _csv_table(path, wanted, "gb18030")
        short = _ragged(path, encoding, delimiter, len(heading))
        if short:
            line, found = short
            raise Unreadable(
                f"{path}, line {line}: {found} fields, but the heading has {len(heading)}; "
                "add or take out what differs, and quote a field that holds the separator"
            ) from error
        if "Empty CSV" not in str(error):
            raise Unreadable(f"{path}: can't be read as CSV: {error}") from error
        table = pa.table({name: pa.array([], kind) for name, kind in strings.items()})

    def fault(row: int, column: str, what: str) -> Unreadable:
        line = _line_of(path, encoding, delimiter, row)
        return Unreadable(f"{path}, line {line}, column {column!r}: {what}")

    return table, fault


def _read_csv(path: Path, columns: Columns) -> Transactions:
    table, fault = _csv_table(path, columns.wanted)
    customers = customers_of_text(table.column(columns.customer), columns.customer, fault)
    dates, amounts = table.column(columns.date), None
    _no_blank(dates, columns.date, "date", fault)
    days = read_days(dates, columns.date, fault)
    if columns.amount is not None:
        amounts = read_amounts(table.column(columns.amount), columns.amount, fault)
    distinct, codes = factorise(customers, columns.customer)
    return Transactions(distinct, codes, days, amounts)


def _no_blank(column: Any, name: str, noun: str, fault: Fault) -> None:
    import pyarrow.compute as pc

    row = pc.index(pc.utf8_trim_whitespace(column), "").as_py()
    if row >= 0:
        raise fault(row, name, f"the {noun} is missing; fill it in or take the row out")


def customers_of_text(column: Any, name: str, fault: Fault) -> Any:
    """Numbers where every customer is written as one without leading zeros, else the text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    _no_blank(column, name, "customer", fault)
    whole = pc.match_substring_regex(column, r"^(0|-?[1-9]\d{0,17})$")
    return column.cast(pa.int64()) if pc.all(whole, min_count=0).as_py() else column


_MARKS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8"))


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(1 << 20)
    if not start:
        raise Unreadable(f"{path}: the file is empty; it needs a heading line and rows")
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding
    try:
        # A character may be cut at the end of what was read.
        codecs.getincrementaldecoder("utf-8")().decode(start, final=len(start) < 1 << 20)
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"


def _opened(path: Path, encoding: str) -> Any:
    return path.open(encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline="")


@contextmanager
def _long_fields() -> Iterator[None]:
    """The limit of `csv` is the process's: others in it may rely on a smaller one."""
    before = csv.field_size_limit(1 << 30)
    try:
        yield
    finally:
        csv.field_size_limit(before)


@_long_fields()
def _heading(path: Path, encoding: str) -> tuple[list[str], str]:
    with _opened(path, encoding) as file:
        try:
            line = file.readline()
        except UnicodeDecodeError as error:
            raise Unreadable(f"{path}: the text can't be decoded; save it as UTF-8") from error
    delimiter = max(",\t;|", key=line.count)
    try:
        fields = next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error as error:
        raise Unreadable(f"{path}, line 1: can't be read as CSV: {error}") from error
    if not any(field.strip() for field in fields):
        raise Unreadable(f"{path}, line 1: there is no heading; the first line names the columns")
    return fields, delimiter


@_long_fields()
def _ragged(path: Path, encoding: str, delimiter: str, width: int) -> list[int]:
    """Line number and number of fields of the first row of another width."""
    with _opened(path, encoding) as file:
        rows = csv.reader(file, delimiter=delimiter)
        line = 1
        try:
            for fields in rows:
                if fields and len(fields) != width:
                    return [line, len(fields)]
                line = rows.line_num + 1
        except (csv.Error, UnicodeDecodeError):
            return []
    return []


@_long_fields()
def _line_of(path: Path, encoding: str, delimiter: str, row: int) -> int:
    """The line where data row `row` begins: quoted line breaks and blank lines are counted."""
    with _opened(path, encoding) as file:
        rows = csv.reader(file, delimiter=delimiter)
        next(rows)
        line = rows.line_num + 1
        for fields in rows:
            if fields:
                if row == 0:
                    return line
                row -= 1
            line = rows.line_num + 1
    return line
