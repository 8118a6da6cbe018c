"""How much programs and people may take: requests at once, rows a day, and answers given once only."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from kezhi.accounts.models import ROWS_A_DAY, Bucket, KeptAnswer, RowsTaken, User
from kezhi.accounts.turns import level_after_turn
from kezhi.audit.recording import record, traced_by
from kezhi.core.actor import Actor
from kezhi.core.refusal import Refused

KEPT = timedelta(hours=48)  # answers; promised are 24
ROWS_KEPT = timedelta(days=90)

# Told when somebody takes more rows on a day than everybody has, or wants more than they may:
# `told(actor, rows=, limit=, is_refused=, on=)`, in the transaction, once a day for either.
on_quota: list[Callable[..., None]] = []


# ---- requests ----


@dataclass(frozen=True, slots=True)
class Allowance:
    """Whether a request may go on, how many more may follow at once, and when there is room again."""

    is_granted: bool
    limit: int
    left: int
    wait: float


def take_turn(integration_id: int) -> Allowance:
    """One request of the integration: it has `API_BURST` at once, refilled by `API_RATE` a second."""
    size, rate = settings.API_BURST, settings.API_RATE
    level = level_after_turn(Bucket, integration_id, size=size, rate=rate)
    wait = 0.0 if level >= 1 else (1 - level) / rate
    return Allowance(level >= 0, size, max(int(level), 0), wait)


# ---- rows ----


class TooManyRows(Refused):
    """More rows than the day's quota; `limit` is how many there are."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            _(
                "More than %(limit)s rows a day need an owner’s permission. Ask one, or go on tomorrow."
            )
            % {"limit": f"{limit:,}"}
        )
        self.limit = limit


_COUNT = """
INSERT INTO accounts_rowstaken AS r (person_id, integration_id, day, rows, is_told)
VALUES (%(person)s::bigint, %(integration)s::bigint, %(day)s, %(rows)s, false)
ON CONFLICT (person_id, integration_id, day) DO UPDATE SET rows = r.rows + excluded.rows
WHERE %(limit)s::bigint IS NULL OR r.rows + excluded.rows <= %(limit)s::bigint
RETURNING rows, is_told
"""


def rows_left(actor: Actor, *, on: date) -> int | None:
    """How many rows the actor may still take on that day; None without a limit."""
    limit = rows_a_day(actor)
    if limit is None:
        return None
    taken = RowsTaken.objects.filter(**_whose(actor), day=on).values_list("rows", flat=True).first()
    return max(limit - (taken or 0), 0)


def rows_a_day(actor: Actor) -> int | None:
    """What the actor may take: an integration its own number, a person the widest of their roles."""
    if actor.program is not None:
        return actor.program.rows_a_day
    if not isinstance(actor, User) or actor.is_owner:
        return None
    return max((role.rows_a_day for role in actor.roles.all()), default=ROWS_A_DAY)


@traced_by("rows.many")
def take_rows(rows: int, *, actor: Actor, on: date) -> None:
    """Count the rows towards the actor's day; raises `TooManyRows`, and nothing was counted.

    The first time that a day's rows pass what everybody has, the audit and `on_quota` are told.
    """
    if not isinstance(actor, User) or not rows:
        return
    limit, whose = rows_a_day(actor), _whose(actor)
    if limit is not None and rows > limit:
        raise TooManyRows(limit)
    with connection.cursor() as cursor:
        about = {
            "person": whose.get("person_id"),
            "integration": whose.get("integration_id"),
            "day": on,
            "rows": rows,
            "limit": limit,
        }
        cursor.execute(_COUNT, about)
        counted = cursor.fetchone()
    if counted is None:
        raise TooManyRows(limit or 0)
    taken, is_told = counted
    if taken > ROWS_A_DAY and not is_told:
        RowsTaken.objects.filter(**whose, day=on).update(is_told=True)
        _tell("rows.many", actor, rows=taken, limit=limit, is_refused=False, on=on)


@traced_by("rows.refused")
def note_refused_rows(rows: int, *, actor: Actor, on: date) -> None:
    """Tell the audit and `on_quota` that somebody wanted more than they may; after the refusal, once a day."""
    if not isinstance(actor, User):
        return
    row, _is_new = RowsTaken.objects.get_or_create(
        **{**_whose_both(actor), "day": on}, defaults={"rows": 0}
    )
    updated = RowsTaken.objects.filter(pk=row.pk, is_refusal_told=False).update(
        is_refusal_told=True
    )
    if updated:
        _tell("rows.refused", actor, rows=rows, limit=rows_a_day(actor), is_refused=True, on=on)


def _tell(deed: str, actor: Actor, *, on: date, **about: Any) -> None:
    record(deed, actor=actor, rows=about["rows"], limit=about["limit"])
    for told in on_quota:
        told(actor, on=on, **about)


def _whose(actor: Actor) -> dict[str, int | None]:
    if actor.program is not None:
        return {"integration_id": actor.program.pk}
    return {"person_id": actor.pk}


def _whose_both(actor: Actor) -> dict[str, int | None]:
    return {"person_id": None, "integration_id": None, **_whose(actor)}


# ---- answers ----


class OtherRequest(Refused):
    """The key was used for something else."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "This idempotency key was used for another request. Choose a new key for a new request."
            )
        )


def digest_of(*parts: str | bytes) -> str:
    """Of a request: what differs in any part differs here."""
    whole = hashlib.sha256()
    for part in parts:
        text = part.encode() if isinstance(part, str) else part
        whole.update(len(text).to_bytes(8, "big") + text)
    return whole.hexdigest()


_BEGIN = """
INSERT INTO accounts_keptanswer (integration_id, key, digest, body, headers, created_at)
VALUES (%s, %s, %s, '', '{}', now())
ON CONFLICT (integration_id, key) DO NOTHING RETURNING id
"""


def begin_answer(integration_id: int, key: str, digest: str) -> KeptAnswer | int:
    """The id under which to keep the answer, or the answer that was given already.

    Within the transaction of the deed: who sends the same key meanwhile waits here until that has ended. If it
    fails, the key is as if it had never been used.
    """
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN, [integration_id, key, digest])
        if row := cursor.fetchone():
            return int(row[0])
    kept: KeptAnswer = KeptAnswer.objects.get(integration_id=integration_id, key=key)
    if kept.digest != digest:
        raise OtherRequest
    return kept


def keep_answer(pk: int, status: int, body: str, headers: dict[str, str]) -> None:
    KeptAnswer.objects.filter(pk=pk).update(status=status, body=body, headers=headers)


def forget_old_traffic(*, at: datetime, on: date) -> None:
    """Answers older than two days, and counts older than three months."""
    KeptAnswer.objects.filter(created_at__lt=at - KEPT).delete()
    RowsTaken.objects.filter(day__lt=on - ROWS_KEPT).delete()
