"""What a record holds in a field of its declaration."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ObjectDoesNotExist

from kezhi.records import Field


def held(record: Any, field: Field) -> Any:
    """The entry at the field's path; None where there is nothing, an empty text included."""
    return at(record, field.path)


def at(record: Any, path: str) -> Any:
    """As `held`, by the path alone.

    A chain through a record that is missing (a customer that nobody has measured) ends in None.
    """
    entry = record
    for step in path.split("__"):
        try:
            entry = getattr(entry, step)
        except ObjectDoesNotExist:
            return None
        if entry is None:
            return None
    return None if entry == "" else entry
