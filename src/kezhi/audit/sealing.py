"""What was recorded is chained: a changed, removed or added row is found, whoever changed it.

Rows are sealed a little later than they are written. Chaining inside each transaction would make all
writers wait for one another (measured: three quarters of the throughput). A seal covers a range of
transaction numbers that have all ended, so that no row can join a sealed range. After a dump was restored
into another server, where transactions count from the beginning, `kezhi_transaction` counts on from what is
recorded (migration 0004). A seal's digest is an HMAC under a key that the database doesn't hold: who can
rewrite every table still can't rewrite the chain.
"""

from __future__ import annotations

import hashlib
import hmac
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from kezhi.audit.models import Redaction, Seal
from kezhi.core.progress import Progress, silent

ROWS_PER_SEAL = 20_000
_LOCK = 0x5EA1
# Columns by name, in one order for ever: a column added later must not change what was sealed before.
_COLUMNS = {
    "audit_entry": "id, at, key, deed, actor_id, actor_name, subject_kind, subject_id, subject_title, reason,"
    " detail, tx",
    "audit_change": "id, at, deed_key, table_name, row_id, operation, before, after, tx",
    "audit_sighting": 'id, at, day, actor_id, actor_name, kind, object_id, title, "where", tx',
}


@dataclass(frozen=True)
class Verdict:
    """What a check found: `broken` is the first seal that doesn't agree with its rows, or None."""

    seals: int
    rows: int
    broken: Seal | None
    head: str
    reason: str = ""

    @property
    def is_sound(self) -> bool:
        return self.broken is None


def seal(progress: Progress = silent) -> int:
    """Seal what has been recorded since the last seal; the number of new seals. One process at a time."""
    made = 0
    while _seal_next():
        made += 1
        progress(made, 0)
    return made


def _seal_next() -> bool:
    with transaction.atomic(), connection.cursor() as cursor:
        _read_times_as_utc(cursor)
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return False
        last = Seal.objects.order_by("-until_tx").first()
        since = last.until_tx if last else 0
        until = _until(cursor, since, _horizon(cursor))
        if until is None:
            return False
        rows, digest = _digest(cursor, since, until, last.digest if last else "")
        Seal.objects.create(since_tx=since, until_tx=until, rows=rows, digest=digest)
        return True


def verify(head: str = "", progress: Progress = silent) -> Verdict:
    """Recompute the chain from its first seal.

    With `head`, the last digest that somebody wrote down elsewhere: a chain that was cut off and begun anew is
    found, too.
    """
    seals = rows = 0
    before, seen_head = "", not head
    total = Seal.objects.count()
    for each in Seal.objects.order_by("until_tx").iterator():
        with transaction.atomic(), connection.cursor() as cursor:
            _read_times_as_utc(cursor)
            found, digest = _digest(cursor, each.since_tx, each.until_tx, before)
        if not hmac.compare_digest(digest, _digest_now(each)):
            reason = "rows" if found != each.rows else "content"
            return Verdict(seals, rows, each, before, reason)
        # The next seal was made upon this one's own digest, whatever was lawfully taken out since.
        seals, rows, before = seals + 1, rows + found, each.digest
        seen_head = seen_head or each.digest == head
        progress(seals, total)
    if not seen_head:
        return Verdict(
            seals, rows, Seal.objects.order_by("-until_tx").first() or Seal(), before, "head"
        )
    return Verdict(seals, rows, None, before)


def reseal(transactions: Iterable[int], reason: str) -> int:
    """Names were lawfully taken out of rows of these transactions: say so beside each seal over them.

    In the transaction that took them out, so that the log is never without a valid seal. How many seals.
    """
    numbers = sorted(set(transactions))
    if not numbers:
        return 0
    touched = [
        each
        for each in Seal.objects.filter(
            until_tx__gt=numbers[0], since_tx__lte=numbers[-1]
        ).order_by("until_tx")
        if (place := bisect_left(numbers, each.since_tx)) < len(numbers)
        and numbers[place] < each.until_tx
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('timezone')")
        zone = cursor.fetchone()[0]
        _read_times_as_utc(cursor)
        for each in touched:
            last = Seal.objects.filter(until_tx__lte=each.since_tx).order_by("-until_tx").first()
            rows, digest = _digest(
                cursor, each.since_tx, each.until_tx, last.digest if last else ""
            )
            Redaction.objects.create(seal=each, rows=rows, digest=digest, reason=reason[:100])
        cursor.execute("SELECT set_config('timezone', %s, true)", [zone])
    return len(touched)


def _digest_now(sealed: Seal) -> str:
    """The digest that the rows must have: the newest after names were taken out, else the seal's own."""
    newest = Redaction.objects.filter(seal=sealed).order_by("-pk").first()
    return newest.digest if newest is not None else sealed.digest


def horizon() -> int:
    """What rows were written below this number stays as it is: whoever reads on from there misses none."""
    with connection.cursor() as cursor:
        return _horizon(cursor)


def _horizon(cursor: Any) -> int:
    """Below this number all transactions of this database have ended.

    The snapshot's own xmin would also wait for transactions of other databases on the same server. Whoever got
    a number before the snapshot and is still at work holds the lock on it, which every role may see.
    """
    # What is recorded may be ahead of the server's count: a dump was restored.
    cursor.execute("SELECT kezhi_set_clock()")
    ahead: int = cursor.fetchone()[0]
    cursor.execute("SELECT txid_snapshot_xmax(txid_current_snapshot())")
    following: int = cursor.fetchone()[0]
    cursor.execute(
        "SELECT l.transactionid::text::bigint FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
        " WHERE l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.granted"
        " AND a.datid = (SELECT oid FROM pg_database WHERE datname = current_database())"
        " AND l.pid <> pg_backend_pid()"
    )
    # Locks carry the lower 32 bits; what is under way is less than 2³¹ transactions old.
    running = [following - (following - xid) % 2**32 for (xid,) in cursor.fetchall()]
    return min([following, *running]) + ahead


def _until(cursor: Any, since: int, horizon: int) -> int | None:
    """Where the next seal ends: at the horizon, or sooner when there is much to read at a time."""
    edges = []
    for table in _COLUMNS:
        cursor.execute(
            f"SELECT tx FROM {table} WHERE tx >= %s AND tx < %s"  # noqa: S608
            f" ORDER BY tx, id OFFSET {ROWS_PER_SEAL} LIMIT 1",
            [since, horizon],
        )
        edges += [row[0] for row in cursor.fetchall()]
    # A transaction is never divided: the one at the edge is taken whole.
    end = min([*(edge + 1 for edge in edges), horizon])
    for table in _COLUMNS:
        cursor.execute(
            f"SELECT EXISTS (SELECT FROM {table} WHERE tx >= %s AND tx < %s)",  # noqa: S608
            [since, end],
        )
        if cursor.fetchone()[0]:
            return end
    return None


def _digest(cursor: Any, since: int, until: int, before: str) -> tuple[int, str]:
    code = hmac.new(_key(), before.encode(), hashlib.sha256)
    code.update(f"{since}:{until}".encode())
    count = 0
    for line in _lines(cursor, since, until):
        code.update(line)
        count += 1
    return count, code.hexdigest()


def _lines(cursor: Any, since: int, until: int) -> Iterator[bytes]:
    for table, columns in _COLUMNS.items():
        cursor.execute(
            f"SELECT jsonb_build_array({columns})::text FROM {table}"  # noqa: S608
            " WHERE tx >= %s AND tx < %s ORDER BY tx, id",
            [since, until],
        )
        for (text,) in cursor.fetchall():
            yield f"{table}:{text}\n".encode()


def _read_times_as_utc(cursor: Any) -> None:
    cursor.execute("SET LOCAL timezone = 'UTC'")


def _key() -> bytes:
    return hashlib.sha256(b"kezhi.audit.seal:" + settings.SECRET_KEY.encode()).digest()
