"""Who saw whose personal data, and on which day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db import connection

from kezhi.audit.recording import traced_by
from kezhi.core.actor import Actor


@traced_by("its own row")
def note_sighting(
    kind: str, seen: Iterable[tuple[int, str]], *, actor: Actor, on: date, where: str
) -> None:
    """Keep that the actor saw personal data of these records (id, title), once a day for each.

    One statement, whatever their number; a second look on the same day adds nothing.
    """
    rows = list(seen)
    if not rows or actor.pk is None:
        return
    ids, titles = zip(*((pk, title[:250]) for pk, title in rows), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            'INSERT INTO audit_sighting (at, day, actor_id, actor_name, kind, object_id, title, "where")'
            " SELECT now(), %s, %s, %s, %s, id, title, %s"
            " FROM unnest(%s::bigint[], %s::text[]) AS s (id, title)"
            " ON CONFLICT (kind, object_id, actor_id, day) DO NOTHING",
            [on, actor.pk, actor.name[:150], kind, where, list(ids), list(titles)],
        )
