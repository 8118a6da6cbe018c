"""Measures of the index tree that apps above feed: they register who reads them, and what they are called."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from kezhi.insight.naming import FURTHER, Label

Array = np.ndarray[Any, Any]
# The numbers of customers, rising, and a day → the measure of each, NaN where it isn't known; None where the
# company records nothing of it.
Reader = Callable[[Array, date], Array | None]

_readers: dict[str, Reader] = {}
_units: dict[str, str] = {}
_kinds: dict[str, str] = {}


def feed(measure: str, label: Label, read: Reader, *, unit: str = "number", kind: str = "") -> None:
    """An app above makes a measure known: an index may read it from the next run on. A customer's records of
    `kind` are what it rests on; `unit` is how it is told (number, count, points)."""
    FURTHER[measure] = label
    _readers[measure] = read
    _units[measure], _kinds[measure] = unit, kind


def unit_of(measure: str) -> str:
    """How a measure that is fed is told."""
    return _units.get(measure, "number")


def kind_of(measure: str) -> str:
    """The records that a measure rests on; "" where it isn't fed, or on none."""
    return _kinds.get(measure, "")


def with_fed(measures: pa.Table | None, day: date, customers: pa.Array) -> pa.Table | None:
    """The measures with what apps above know of these customers on that day."""
    ids = np.asarray(customers.to_numpy(zero_copy_only=False), dtype=np.int64)
    for name, read in _readers.items():
        found = read(ids, day)
        if found is None:
            continue
        own = pa.array(found, mask=np.isnan(found))
        if measures is None:
            measures = pa.table({"customer": pa.array(ids), name: own})
            continue
        order = np.searchsorted(ids, measures["customer"].to_numpy())
        measures = measures.append_column(name, own.take(pa.array(order)))
    return measures
