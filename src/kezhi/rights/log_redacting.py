"""A person's name leaves the log lawfully: through one function of the database, and the seals say so.

A seal over rows that were changed so doesn't hold any more; a `Redaction` with the new digest, made under the
key that the database doesn't have, stands beside it. Whoever changes the log by other means has no such row.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from kezhi.audit.sealing import reseal

CHUNK = 5_000


def redact(
    rows: dict[str, tuple[list[int], list[int]]], pattern: str, pseudonym: str, reason: str
) -> int:
    """Empty the rows about the person, put the pseudonym into those that mention them; how many changed.

    In the transaction of the erasure.
    """
    touched: set[int] = set()
    changed = 0
    words = pattern or r"(?!)"
    for table, (about, mentioning) in rows.items():
        for ids, is_emptied in ((about, True), (mentioning, False)):
            for chunk in _chunks(ids):
                numbers = _call(table, chunk, words, pseudonym, is_emptied)
                touched.update(numbers)
                changed += len(numbers)
    reseal(touched, reason)
    return changed


def _call(table: str, ids: list[int], pattern: str, pseudonym: str, is_emptied: bool) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kezhi_redact_audit(%s, %s, %s, %s, %s)",
            [table, ids, pattern, pseudonym, is_emptied],
        )
        return [row[0] for row in cursor.fetchall()]


def _chunks(ids: Sequence[int]) -> list[list[int]]:
    return [list(ids[start : start + CHUNK]) for start in range(0, len(ids), CHUNK)]
