"""Whole tables of numbers out of the database and into it, by COPY."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from django.db import connection, transaction
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus

BATCH = 100_000
MANY_ROWS = 20_000
"""From here on compiling what writes rows in binary form (a second, once for a machine) pays off."""
COLUMN_TYPES = """
    SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
    WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
"""

# PostgreSQL's binary COPY: a header of 11 + 8 bytes, then per row a count of fields and each field behind
# its length. Without nulls and with numbers only, all rows are equally long: NumPy reads them at once.
HEADER = 19
TRAILER = 2


def copied(query: str, kinds: tuple[str, ...]) -> dict[str, np.ndarray[Any, Any]]:
    """Rows of fixed-width numbers, without nulls, as native columns `f0`, `f1` …"""
    row = np.dtype(
        [("count", ">i2")]
        + [
            part
            for position, kind in enumerate(kinds)
            for part in ((f"length{position}", ">i4"), (f"f{position}", f">{kind}"))
        ]
    )
    data = _received(f"COPY ({query}) TO STDOUT (FORMAT BINARY)")
    body = memoryview(data)[HEADER : len(data) - TRAILER]
    rows = np.frombuffer(body, dtype=row)
    return {f"f{n}": rows[f"f{n}"].astype(kind) for n, kind in enumerate(kinds)}


def copied_rows(
    rows: Any, kinds: Mapping[str, pa.DataType], *, has_texts: bool = False
) -> pa.Table:
    """What a `values_list` finds, its columns in the order of `kinds`; row by row, a million take many times
    as long. `has_texts`: people typed some of it, so that it may hold line breaks.
    """
    sql, parameters = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        statement = cursor.mogrify(f"COPY ({sql}) TO STDOUT (FORMAT csv)", parameters)
    text = _received(statement)
    if not text:
        return pa.schema(list(kinds.items())).empty_table()
    return pacsv.read_csv(
        pa.BufferReader(text),
        read_options=pacsv.ReadOptions(column_names=list(kinds)),
        parse_options=pacsv.ParseOptions(newlines_in_values=has_texts),
        convert_options=pacsv.ConvertOptions(column_types=dict(kinds)),
    )


def _received(statement: str) -> bytearray:
    """All that a COPY … TO STDOUT sends.

    By the driver's own `Cursor.copy` each row takes five times as long: ten million a minute.
    """
    data = bytearray()
    with connection.cursor() as cursor, connection.wrap_database_errors:
        cursor.execute("SELECT 1")  # where a transaction is due, it begins
        link = cursor.connection.pgconn
        begun = link.exec_(statement.encode())
        if begun.status != ExecStatus.COPY_OUT:
            raise error_from_result(begun)
        length, block = link.get_copy_data(0)
        while length > 0:
            data += block
            length, block = link.get_copy_data(0)
        faulty = None
        while (ended := link.get_result()) is not None:
            if ended.status != ExecStatus.COMMAND_OK:
                faulty = ended
        if faulty is not None:
            raise error_from_result(faulty)
    return data


@dataclass(frozen=True, slots=True)
class InParts:
    """A table that is made while it is sent: `part(start, rows)` makes some of it. It asks no database."""

    num_rows: int
    part: Callable[[int, int], pa.Table]


def copy_into(table: str, rows: pa.Table | InParts) -> None:
    """Append the rows to a table of the database; their columns are named as its own."""
    if isinstance(rows, pa.Table):
        rows = InParts(rows.num_rows, rows.slice)
    if rows.num_rows < MANY_ROWS or not _copied_binary(table, rows):
        whole = rows.part(0, rows.num_rows)
        with _sending(table, whole.column_names, "CSV") as send:
            _write_csv(whole, send)


def _copied_binary(table: str, rows: InParts) -> bool:
    """The rows in PostgreSQL's own form; nothing where a column can't be written so."""
    from kezhi.insight import binary_rows

    with connection.cursor() as cursor:
        cursor.execute(COLUMN_TYPES, [table])
        kinds = dict(cursor.fetchall())
    try:
        with (
            transaction.atomic(),
            _sending(table, rows.part(0, 0).column_names, "BINARY") as send,
        ):
            for block in binary_rows.encoded(rows.num_rows, rows.part, kinds):
                send(block)
    except binary_rows.NotEncodable:
        return False
    return True


@contextmanager
def _sending(table: str, names: list[str], form: str) -> Iterator[Callable[[Any], object]]:
    columns = ", ".join(f'"{name}"' for name in names)
    with (
        connection.cursor() as cursor,
        cursor.copy(f'COPY "{table}" ({columns}) FROM STDIN (FORMAT {form})') as copy,
    ):
        yield copy.write


def _write_csv(rows: pa.Table, write: Callable[[bytes], object]) -> None:
    for place, field in enumerate(rows.schema):
        if pa.types.is_list(field.type):
            rows = rows.set_column(place, field.name, _arrays(rows[field.name]))
    options = pacsv.WriteOptions(include_header=False, batch_size=BATCH)
    with pa.PythonFile(_Writer(write), mode="w") as sink:
        pacsv.write_csv(rows, sink, options)


def _arrays(lists: pa.ChunkedArray) -> pa.Array:
    """`{0.25,NULL,…}`: what PostgreSQL reads as an array."""
    array = pa.concat_arrays(lists.chunks) if lists.num_chunks else pa.array([], lists.type)
    words = pc.fill_null(pc.cast(array.flatten(), pa.string()), "NULL")
    sizes = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)
    starts = pa.array(np.concatenate(([0], np.cumsum(sizes))), pa.int32())
    joined = pc.binary_join(pa.ListArray.from_arrays(starts, words), ",")
    told = pc.binary_join_element_wise("{", joined, "}", "")
    return pc.if_else(array.is_valid(), told, None)


class _Writer:
    """As much of a file as Arrow's CSV writer asks for."""

    closed = False

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write

    def write(self, block: bytes) -> int:
        self._write(bytes(block))
        return len(block)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        self.closed = True
