"""Occasions from a Parquet file in the order of days, in one pass: rows are read and forgotten.

A log of purchases mostly is in that order. While row groups are decoded by other threads, the kernel
follows the customers of those before; what isn't in order is left to the general way.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kezhi.value.compute import local
from kezhi.value.compute.local import Occasions

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_AHEAD = 2  # row groups that are decoded beyond those at work


@dataclass(frozen=True, slots=True)
class _Range:
    low: int
    high: int


def occasions_in_order(
    path: Path, customer: str, day: str, amount: str | None, until: int | None
) -> tuple[NDArray[np.int64], Occasions, int] | None:
    """Customers, their occasions until a day and that day; None where the file isn't of that kind.

    It is where it has many rows, customers are whole numbers without large gaps, days are dates,
    nothing is missing, and each customer's rows are in the order of days.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    with suppress(pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError), pq.ParquetFile(path) as f:
        names = [customer, day, *([amount] if amount else [])]
        rows = f.metadata.num_rows
        if rows < local.MANY_ROWS or len({*names}) < len(names) or not _suits(f, names):
            return None
        numbers, days = _range(f, customer), _range(f, day)
        if numbers is None or days is None or numbers.high - numbers.low >= 4 * rows + 1024:
            return None
        last = days.high if until is None else until
        log = local.ordered_log(numbers.high - numbers.low + 1, numbers.low, days.low, last)
        if log is None:
            return None
        nothing = np.zeros(1)
        for batch in _decoded(path, f.metadata, names):
            arrays = [_plain(batch.column(position)) for position in range(len(names))]
            amounts = arrays[2] if amount else nothing
            if amounts is None or arrays[0] is None or arrays[1] is None:
                return None
            if not log.add(arrays[0], arrays[1], amounts, 1 if amount else 0):
                return None
        seen, figures = log.close()
        return seen, Occasions(*figures), last
    return None


def _suits(file: pq.ParquetFile, names: list[str]) -> bool:
    import pyarrow as pa

    schema = file.schema_arrow
    if any(schema.names.count(name) != 1 for name in names):
        return False
    kinds = [schema.field(name).type for name in names]
    return (
        kinds[0] in (pa.int64(), pa.int32())
        and pa.types.is_date32(kinds[1])
        and (len(kinds) < 3 or pa.types.is_float64(kinds[2]))
    )


def _range(file: pq.ParquetFile, name: str) -> _Range | None:
    """Least and largest of a column by the file's own statistics, as whole numbers."""
    from kezhi.value.reading import EPOCH, YEARS

    place = file.schema_arrow.names.index(name)
    lows, highs = [], []
    for group in range(file.num_row_groups):
        known = file.metadata.row_group(group).column(place).statistics
        if known is None or not known.has_min_max:
            return None
        lows.append(known.min)
        highs.append(known.max)
    low, high = min(lows), max(highs)
    if isinstance(low, int):
        return _Range(low, high)
    if not YEARS[0] <= low.year <= high.year <= YEARS[1]:
        return None
    return _Range((low - EPOCH).days, (high - EPOCH).days)


def _decoded(path: Path, metadata: pq.FileMetaData, names: list[str]) -> Iterator[pa.Table]:
    """The row groups in order, decoded ahead by threads of their own."""
    import pyarrow.parquet as pq

    def read(group: int) -> pa.Table:
        with pq.ParquetFile(path, metadata=metadata) as file:
            return file.read_row_group(group, columns=names, use_threads=False).select(names)

    threads = max(1, len(os.sched_getaffinity(0)) - 1)
    with ThreadPoolExecutor(threads) as pool:
        ahead: list[Future[pa.Table]] = []
        try:
            for group in range(metadata.num_row_groups):
                ahead.append(pool.submit(read, group))
                if len(ahead) > threads + _AHEAD - 1:
                    yield ahead.pop(0).result()
            while ahead:
                yield ahead.pop(0).result()
        finally:
            for left in ahead:
                left.cancel()


def _plain(column: Any) -> NDArray[Any] | None:
    """A column without gaps as an array, dates as days; without a copy where it is in one piece."""
    import pyarrow as pa

    if column.null_count:
        return None
    whole = column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)
    if pa.types.is_date32(whole.type):
        whole = whole.view(pa.int32())
    return np.asarray(whole.to_numpy())
