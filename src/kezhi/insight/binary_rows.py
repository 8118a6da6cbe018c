"""Rows in PostgreSQL's own binary form, for COPY. Importing this module imports numba.

Text that PostgreSQL has to take apart costs it more than storing the rows does: a million rows of sixty
columns are sixty million numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit
from numpy.typing import NDArray

Array = NDArray[Any]

BATCH = 25_000
HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TRAILER = b"\xff\xff"
SINCE_2000 = 10_957
"""Days from 1970 to the day from which PostgreSQL counts."""
FLOAT8 = 701
LARGEST = 9e13
"""Larger amounts have no exact cents as a double."""
CENT, GROUP = 100, 10_000

FIXED: dict[str, tuple[pa.DataType, int]] = {
    "bigint": (pa.int64(), 8),
    "integer": (pa.int64(), 4),
    "smallint": (pa.int64(), 2),
    "boolean": (pa.bool_(), 1),
    "date": (pa.date32(), 4),
    "double precision": (pa.float64(), 8),
}
MONEY, FLOATS = "numeric(18,2)", "double precision[]"
TEXTS = ("text", "character varying")


class NotEncodable(ValueError):
    """A column has a type of the database that isn't written here, or an amount is too large."""


def encoded(
    count: int, part: Callable[[int, int], pa.Table], kinds: Mapping[str, str]
) -> Iterator[Any]:
    """The whole stream of a COPY … (FORMAT BINARY), block by block; raises `NotEncodable`.

    `part(start, rows)` makes some of the rows. One block is made while the former is sent.
    """

    def block(start: int) -> memoryview:
        rows = part(start, BATCH)
        _check(rows, kinds)
        return _block(rows, kinds)

    yield HEADER
    starts = range(0, count, BATCH)
    with ThreadPoolExecutor(1) as pool:
        ahead = [pool.submit(block, start) for start in starts[:1]]
        for start in [*starts[1:], None]:
            made = ahead.pop().result()
            if start is not None:
                ahead.append(pool.submit(block, start))
            yield made
    yield TRAILER


def _check(rows: pa.Table, kinds: Mapping[str, str]) -> None:
    for name in rows.column_names:
        kind = kinds[name]
        if kind == MONEY:
            most = pc.max(pc.abs(rows[name].cast(pa.float64()))).as_py()
            has_none = pc.any(pc.invert(pc.is_finite(rows[name]))).as_py()
            if has_none or (most is not None and most >= LARGEST):
                raise NotEncodable(name)
        elif kind not in FIXED and kind != FLOATS and not kind.startswith(TEXTS):
            raise NotEncodable(name)


Writer = Callable[[Array, Array], None]


def _block(rows: pa.Table, kinds: Mapping[str, str]) -> memoryview:
    lengths = np.full(rows.num_rows, 2, dtype=np.int64)
    writers: list[Writer] = []
    for name in rows.column_names:
        column = rows[name].combine_chunks()
        known = np.asarray(column.is_valid().to_numpy(zero_copy_only=False), dtype=np.bool_)
        writer, own = _column(column, known, kinds[name])
        writers.append(writer)
        lengths += 4 + own
    ends = np.cumsum(lengths)
    place = ends - lengths
    out = np.empty(int(ends[-1]), dtype=np.uint8)
    _begin(out, place, len(rows.column_names))
    for writer in writers:
        writer(out, place)
    return out.data


def _column(column: Any, known: Array, kind: str) -> tuple[Writer, Array]:
    """What writes a column behind what is written already, and the bytes of each field."""
    if kind in FIXED:
        arrow, size = FIXED[kind]
        bits = _bits(pc.fill_null(column.cast(arrow), _zero(arrow)), kind)
        return lambda out, place: _put(out, place, bits, known, size), known * size
    if kind == MONEY:
        amounts = pc.fill_null(column.cast(pa.float64()), 0.0).to_numpy(zero_copy_only=False)
        cents = np.rint(amounts * CENT).astype(np.int64)
        groups = 1
        while np.abs(cents).max(initial=0) // CENT >= GROUP**groups:
            groups += 1
        return (
            lambda out, place: _put_money(out, place, cents, known, groups),
            known * (10 + 2 * groups),
        )
    if kind == FLOATS:
        lists = column.cast(pa.list_(pa.float64()))
        lengths = pc.fill_null(pc.list_value_length(lists), 0)
        sizes = lengths.to_numpy(zero_copy_only=False).astype(np.int64)
        flat = lists.flatten()
        is_number = flat.is_valid().to_numpy(zero_copy_only=False)
        numbers = pc.fill_null(flat, 0.0).to_numpy(zero_copy_only=False).view(np.uint64)
        starts = np.concatenate(([0], np.cumsum(sizes)))
        given = np.concatenate(([0], np.cumsum(is_number)))
        each = np.where(
            sizes > 0, 20 + 4 * sizes + 8 * (given[starts[1:]] - given[starts[:-1]]), 12
        )
        return (
            lambda out, place: _put_floats(out, place, starts, numbers, is_number, each, known),
            known * each,
        )
    words = pc.fill_null(column.cast(pa.large_binary()), b"")
    _valid, offsets, data = words.buffers()
    ends = np.frombuffer(offsets, dtype=np.int64)[words.offset : words.offset + len(words) + 1]
    letters = np.frombuffer(data, dtype=np.uint8) if data is not None else np.zeros(0, np.uint8)
    return lambda out, place: _put_text(out, place, letters, ends, known), known * np.diff(ends)


def _zero(kind: pa.DataType) -> pa.Scalar:
    return pa.scalar(0, pa.int32()).cast(kind) if kind != pa.bool_() else pa.scalar(False)


def _bits(column: Any, kind: str) -> Array:
    if kind == "double precision":
        return np.asarray(column.to_numpy(zero_copy_only=False)).view(np.uint64)
    if kind == "date":
        days = column.cast(pa.int32()).to_numpy(zero_copy_only=False).astype(np.int64)
        return np.asarray(days - SINCE_2000).view(np.uint64)
    return np.asarray(column.to_numpy(zero_copy_only=False)).astype(np.int64).view(np.uint64)


@njit(cache=True, nogil=True)
def _number(out: Any, at: int, number: Any, size: int) -> None:
    """The lowest bytes of a number, the highest of them first."""
    for k in range(size):
        out[at + k] = (number >> np.uint64(8 * (size - 1 - k))) & np.uint64(255)


@njit(cache=True, nogil=True)
def _length(out: Any, at: int, length: int) -> None:
    """The length that stands before a field; -1 for null."""
    for k in range(4):
        out[at + k] = (length >> (24 - 8 * k)) & 255


@njit(cache=True, nogil=True)
def _begin(out: Any, place: Any, fields: int) -> None:
    for i in range(len(place)):
        _number(out, place[i], np.uint64(fields), 2)
        place[i] += 2


@njit(cache=True, nogil=True)
def _put(out: Any, place: Any, bits: Any, known: Any, size: int) -> None:
    for i in range(len(place)):
        at = place[i]
        if known[i]:
            _length(out, at, size)
            _number(out, at + 4, bits[i], size)
            place[i] = at + 4 + size
        else:
            _length(out, at, -1)
            place[i] = at + 4


@njit(cache=True, nogil=True)
def _put_money(out: Any, place: Any, cents: Any, known: Any, groups: int) -> None:
    """`numeric`: groups of four decimal digits, of which the last lies behind the point."""
    for i in range(len(place)):
        at = place[i]
        if not known[i]:
            _length(out, at, -1)
            place[i] = at + 4
            continue
        amount = abs(cents[i])
        _length(out, at, 10 + 2 * groups)
        _number(out, at + 4, np.uint64(groups + 1), 2)
        _number(out, at + 6, np.uint64(groups - 1), 2)
        _number(out, at + 8, np.uint64(0x4000 if cents[i] < 0 else 0), 2)
        _number(out, at + 10, np.uint64(2), 2)
        whole = amount // 100
        _number(out, at + 12 + 2 * groups, np.uint64(100 * (amount - 100 * whole)), 2)
        for k in range(groups):
            _number(out, at + 10 + 2 * (groups - k), np.uint64(whole % 10_000), 2)
            whole //= 10_000
        place[i] = at + 14 + 2 * groups


@njit(cache=True, nogil=True)
def _put_text(out: Any, place: Any, letters: Any, ends: Any, known: Any) -> None:
    for i in range(len(place)):
        at = place[i]
        if not known[i]:
            _length(out, at, -1)
            place[i] = at + 4
            continue
        size = ends[i + 1] - ends[i]
        _length(out, at, size)
        for k in range(size):
            out[at + 4 + k] = letters[ends[i] + k]
        place[i] = at + 4 + size


@njit(cache=True, nogil=True)
def _put_floats(
    out: Any, place: Any, starts: Any, numbers: Any, is_number: Any, sizes: Any, known: Any
) -> None:
    for i in range(len(place)):
        at = place[i]
        if not known[i]:
            _length(out, at, -1)
            place[i] = at + 4
            continue
        count = starts[i + 1] - starts[i]
        _length(out, at, sizes[i])
        _length(out, at + 4, 1 if count else 0)
        _length(out, at + 8, 1 if count else 0)
        _length(out, at + 12, FLOAT8)
        at += 16
        if count:
            _length(out, at, count)
            _length(out, at + 4, 1)
            at += 8
        for j in range(starts[i], starts[i + 1]):
            if is_number[j]:
                _length(out, at, 8)
                _number(out, at + 4, numbers[j], 8)
                at += 12
            else:
                _length(out, at, -1)
                at += 4
        place[i] = at
