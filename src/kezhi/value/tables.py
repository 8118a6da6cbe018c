"""Tables of named columns from files, for what isn't transactions: relations, baskets, snapshots.

The same customer has the same code in all columns and files that are read together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kezhi.value.reading import (
    Fault,
    Unreadable,
    factorise,
    read_amounts,
    read_columns,
    read_days,
)

if TYPE_CHECKING:
    import pyarrow as pa

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FileTable:
    """Columns of a CSV or Parquet file. What can't be read raises `Unreadable` with its place."""

    path: Path
    columns: pa.Table
    fault: Fault

    @classmethod
    def read(cls, path: Path, columns: Sequence[str | None]) -> FileTable:
        """The named columns; None is left out."""
        table, fault = read_columns(path, [name for name in columns if name is not None])
        return cls(path, table, fault)

    def __len__(self) -> int:
        return int(self.columns.num_rows)

    def texts(self, name: str) -> pa.ChunkedArray:
        """A column as text; a blank is refused."""
        import pyarrow as pa
        import pyarrow.compute as pc

        column = self.columns.column(name)
        if pa.types.is_dictionary(column.type) or not pa.types.is_string(column.type):
            column = column.cast(pa.string())
        column = pc.utf8_trim_whitespace(pc.fill_null(column, ""))
        row = pc.index(column, "").as_py()
        if row >= 0:
            raise self.fault(row, name, "it is missing; fill it in or take the row out")
        return column

    def days(self, name: str) -> NDArray[np.int64]:
        """A column of dates as days since 1970-01-01."""
        self._demand_filled(name, "date")
        return read_days(self.columns.column(name), name, self.fault).astype(np.int64)

    def amounts(self, name: str) -> Vector:
        """A column of numbers; a blank is refused."""
        return read_amounts(self.columns.column(name), name, self.fault)

    def amounts_or_unknown(self, name: str) -> Vector:
        """A column of numbers, NaN for blanks."""
        import pyarrow.compute as pc

        column, known = self._known(name)
        found = np.full(len(self), np.nan)

        def fault(row: int, column_name: str, what: str) -> Unreadable:
            return self.fault(int(np.flatnonzero(known)[row]), column_name, what)

        found[known] = read_amounts(pc.filter(column, known), name, fault)
        return found

    def days_or_unknown(self, name: str) -> Vector:
        """A column of dates as days since 1970-01-01, NaN for blanks."""
        import pyarrow.compute as pc

        column, known = self._known(name)
        found = np.full(len(self), np.nan)

        def fault(row: int, column_name: str, what: str) -> Unreadable:
            return self.fault(int(np.flatnonzero(known)[row]), column_name, what)

        found[known] = read_days(pc.filter(column, known), name, fault)
        return found

    def _known(self, name: str) -> tuple[Any, NDArray[np.bool_]]:
        import pyarrow as pa
        import pyarrow.compute as pc

        column = self.columns.column(name)
        known = pc.is_valid(column)
        if pa.types.is_string(column.type):
            known = pc.and_(known, pc.not_equal(pc.utf8_trim_whitespace(column), ""))
        return column, np.asarray(known.combine_chunks().to_numpy(zero_copy_only=False), dtype=bool)

    def _demand_filled(self, name: str, noun: str) -> None:
        known = self._known(name)[1]
        if not known.all():
            row = int(np.argmin(known))
            raise self.fault(row, name, f"the {noun} is missing; fill it in or take the row out")


def codes_of(*columns: pa.ChunkedArray) -> tuple[pa.Array, tuple[NDArray[np.int32], ...]]:
    """Distinct entries of text columns in order, and each column's codes.

    >>> import pyarrow as pa
    >>> ids, (one, other) = codes_of(pa.chunked_array([["b", "a"]]), pa.chunked_array([["c", "b"]]))
    >>> ids.to_pylist(), one, other
    (['a', 'b', 'c'], array([1, 0], dtype=int32), array([2, 1], dtype=int32))
    """
    import pyarrow as pa

    chunks = [chunk for column in columns for chunk in column.chunks]
    ids, codes = factorise(pa.chunked_array(chunks, pa.string()), "")
    edges = np.cumsum([len(column) for column in columns])[:-1]
    return ids, tuple(np.split(codes, edges))
