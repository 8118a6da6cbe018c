"""How every table is treated: who may see its rows, what keeps track of changes, who can take them out, what
happens to them when a person is to be forgotten, and how long they stay.

A table that isn't in `reference/tables.csv` fails the build: nobody adds one without answering these questions.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

REFERENCE = Path(__file__).parent / "reference" / "tables.csv"
PERMISSION = ("kind", "as its record", "own", "settings", "inner")
AUDIT = ("rows", "deed", "log", "derived", "none")
EXPORT = ("list", "with its record", "none")
ERASURE = (
    "with customer",
    "with person",
    "by kind and id",
    "by the clock",
    "keeps its own list",
    "keeps the facts without the name",
    "keeps the name as evidence",
    "nothing personal",
)


@dataclass(frozen=True)
class Treatment:
    """The answers for one table. `permission` may name a kind after its first word, `retention` a time."""

    table: str
    permission: str
    audit: str
    export: str
    erasure: str
    retention: str

    @property
    def kind(self) -> str:
        """The kind whose grant decides, where one does."""
        first, _space, rest = self.permission.partition(" ")
        return rest if first in ("kind", "settings") else ""

    @property
    def is_complete(self) -> bool:
        return (
            self.permission.startswith(PERMISSION)
            and self.audit in AUDIT
            and self.export in EXPORT
            and self.erasure in ERASURE
            and bool(self.retention)
        )


@cache
def treatments() -> dict[str, Treatment]:
    """By table."""
    with REFERENCE.open(encoding="utf-8", newline="") as file:
        return {row["table"]: Treatment(**row) for row in csv.DictReader(file)}


def untreated(tables: set[str]) -> set[str]:
    """The tables for which a question is open."""
    known = treatments()
    return {table for table in tables if table not in known or not known[table].is_complete}
