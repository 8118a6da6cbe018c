"""Turns out of a bucket: so many at once, refilled by time, counted for all processes together."""

from __future__ import annotations

from django.db import connection, models

_TAKE = """
INSERT INTO {table} AS b ({whose}, level, filled_at)
VALUES (%(who)s, %(size)s - 1, clock_timestamp())
ON CONFLICT ({whose}) DO UPDATE SET
  level = greatest(least(%(size)s, b.level
    + extract(epoch FROM clock_timestamp() - b.filled_at) * %(rate)s) - 1, -1),
  filled_at = clock_timestamp()
RETURNING level
"""


def level_after_turn(
    buckets: type[models.Model], who: int | str, *, size: int, rate: float
) -> float:
    """What is left in the bucket of that key after one turn; below 0 there was no room for it.

    It holds `size`, refilled by `rate` a second, and never falls below -1: who goes on asking without room
    waits no longer for it, but gets nothing meanwhile.
    """
    meta = buckets._meta
    assert meta.pk is not None
    take = _TAKE.format(table=meta.db_table, whose=meta.pk.column)
    with connection.cursor() as cursor:
        cursor.execute(take, {"who": who, "size": size, "rate": rate})
        return float(cursor.fetchone()[0])
