"""Whole tables of numbers out of the database and into it, by COPY."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from django.db import connection
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


def copy_into(table: str, rows: pa.Table) -> None:
    """Append the rows to a table of the database; their columns are named as its own."""
    names = ", ".join(f'"{name}"' for name in rows.column_names)
    blocks = _binary(table, rows) if rows.num_rows >= MANY_ROWS else None
    form = "CSV" if blocks is None else "BINARY"
    with (
        connection.cursor() as cursor,
        cursor.copy(f'COPY "{table}" ({names}) FROM STDIN (FORMAT {form})') as copy,
    ):
        if blocks is None:
            _write_csv(rows, copy.write)
        else:
            for block in blocks:
                copy.write(block)


def _binary(table: str, rows: pa.Table) -> Iterable[Any] | None:
    """The rows in PostgreSQL's own form; None where a column has a type that isn't written so."""
    from kezhi.insight import binary_rows

    with connection.cursor() as cursor:
        cursor.execute(COLUMN_TYPES, [table])
        kinds = dict(cursor.fetchall())
    return binary_rows.encoded(rows, kinds) if binary_rows.is_encodable(rows, kinds) else None


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
