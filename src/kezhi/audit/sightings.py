"""Who saw whose personal data, and on which day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from django.db import connection

from kezhi.audit.recording import traced_by
from kezhi.core.actor import Actor


class Seen(NamedTuple):
    """A record of which something personal was seen."""

    kind: str
    pk: int
    title: str


@traced_by("its own row")
def note_sighting(seen: Iterable[Seen], *, actor: Actor, on: date, where: str) -> None:
    """Keep that the actor saw personal data of these records, once a day for each.

    One statement, whatever their number; a second look on the same day adds nothing.
    """
    rows = list(seen)
    if not rows or actor.pk is None:
        return
    kinds, ids, titles = zip(*((row.kind, row.pk, row.title[:250]) for row in rows), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            'INSERT INTO audit_sighting (at, day, actor_id, actor_name, kind, object_id, title, "where")'
            " SELECT now(), %s, %s, %s, kind, id, title, %s"
            " FROM unnest(%s::text[], %s::bigint[], %s::text[]) AS s (kind, id, title)"
            " ON CONFLICT (kind, object_id, actor_id, day) DO NOTHING",
            [on, actor.pk, actor.name[:150], where, list(kinds), list(ids), list(titles)],
        )
