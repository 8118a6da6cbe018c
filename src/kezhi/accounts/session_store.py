"""Where sessions lie: Django's database sessions, with the person and the device beside the data.

A session knows when it was last seen, so it also ends when it is left alone (`SESSION_IDLE_SECONDS`), and
`SESSION_COOKIE_AGE` after the sign-in whatever happens in between.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils import timezone

from kezhi.accounts.models import Session

# In the session's data, because they outlive a change of its key.
SIGNED_IN_AT = "kezhi_signed_in_at"
DEVICE = "kezhi_device"
# A session in which nobody has signed in: long enough for a second step, or a journey to a provider.
VISITOR_SECONDS = 3600


class SessionStore(DatabaseStore):
    """`row` is the row this session was read from or written to last."""

    row: Session | None = None

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def load(self) -> dict[str, Any]:
        row = self._get_session_from_db()  # type: ignore[attr-defined]
        now = timezone.now()
        if row is not None and _is_left_alone(row, now):
            self._session_key = None
            row = None
        self.row = row
        return self.decode(row.session_data) if row is not None else {}

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        now = timezone.now()
        person = int(data[SESSION_KEY]) if SESSION_KEY in data else None
        if person is not None:
            data.setdefault(SIGNED_IN_AT, now.timestamp())
        row = cast(Session, super().create_model_instance(data))
        row.person_id = person
        if person is None:
            row.expire_date = now + timedelta(seconds=VISITOR_SECONDS)
        else:
            self._describe(row, data, now)
        self.row = row
        return row

    def _describe(self, row: Session, data: dict[str, Any], now: datetime) -> None:
        row.signed_in_at = datetime.fromtimestamp(data[SIGNED_IN_AT], UTC)
        row.expire_date = row.signed_in_at + timedelta(seconds=settings.SESSION_COOKIE_AGE)
        known = self.row
        if known is not None and known.person_id == row.person_id:
            row.seen_at, row.address = known.seen_at, known.address
            row.agent, row.means = known.agent, known.means
        else:
            device = data.get(DEVICE, {})
            row.seen_at, row.address = now, device.get("address") or None
            row.agent, row.means = device.get("agent", ""), device.get("means", "")

    def flush(self) -> None:
        super().flush()
        self.row = None

    @classmethod
    def clear_expired(cls) -> None:
        super().clear_expired()
        idle_since = timezone.now() - timedelta(seconds=settings.SESSION_IDLE_SECONDS)
        Session.objects.filter(person__isnull=False, seen_at__lt=idle_since).delete()


def _is_left_alone(row: Session, now: datetime) -> bool:
    if row.person_id is None or row.seen_at is None:
        return False
    return (now - row.seen_at).total_seconds() > settings.SESSION_IDLE_SECONDS
