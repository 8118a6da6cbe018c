"""What a record holds in a field of its declaration."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ObjectDoesNotExist

from kezhi.records.fields import Field
from kezhi.records.masking import masked


def held(record: Any, field: Field) -> Any:
    """The entry at the field's path, as the actor of this `field` may know it.

    None where there is nothing, an empty text included.
    """
    entry = field.reads(record) if field.reads is not None else at(record, field.path)
    if field.is_masked and entry is not None:
        return masked(field, entry)
    return entry


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
