"""Ids of records as they come from an address, a form or a file: text that may be anything."""

from collections.abc import Iterable

LARGEST = 2**63 - 1  # of PostgreSQL's bigint


def record_id(text: str) -> int | None:
    """The id that the text says, in plain digits; None for anything that no record can have."""
    # The length first: reading a number of many digits is slow, and of very many refused by Python.
    if not (len(text) <= 19 and text.isascii() and text.isdecimal()):
        return None
    number = int(text)
    return number if number <= LARGEST else None


def record_ids(texts: Iterable[str]) -> list[int]:
    """Those of the texts that say an id, in their order."""
    return [number for text in texts if (number := record_id(text)) is not None]
