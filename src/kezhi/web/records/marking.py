"""Short words beside the names of some rows of a list: what must be known before one opens a record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

# By kind: the records of a page → id → words, in a number of queries that doesn't grow with them.
MARKS: dict[str, Callable[[Sequence[Any]], Mapping[int, str]]] = {}


def marks_of(kind_name: str, records: Sequence[Any]) -> Mapping[int, str]:
    """The marks of these records; none for a kind that nobody marks."""
    ask = MARKS.get(kind_name)
    return ask(records) if ask is not None else {}
