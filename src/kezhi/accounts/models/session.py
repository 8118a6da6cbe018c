from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models import Q


class SessionQuerySet(models.QuerySet["Session"]):
    def living(self, *, at: datetime) -> SessionQuerySet:
        """Sessions that still open a page: neither too old nor left alone for too long."""
        idle_since = at - timedelta(seconds=settings.SESSION_IDLE_SECONDS)
        return self.filter(Q(person=None) | Q(seen_at__gt=idle_since), expire_date__gt=at)


class Session(AbstractBaseSession):
    """One browser's session. A signed-in one belongs to a person, who finds it among their devices.

    What the list of devices shows stands in columns; everything else is in the session's own data.
    """

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="sessions"
    )
    signed_in_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    address = models.GenericIPAddressField(null=True)
    agent = models.CharField(max_length=300, blank=True)
    means = models.CharField(max_length=40, blank=True)
    # The person's rights have changed: the next request continues under a new key.
    is_key_due = models.BooleanField(default=False)

    objects: ClassVar[Any] = SessionQuerySet.as_manager()  # type: ignore[assignment]

    class Meta(AbstractBaseSession.Meta):
        abstract = False

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """Names the session on a page without giving its key away."""
        return hashlib.sha256(self.session_key.encode()).hexdigest()[:24]

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        store: type[SessionBase] = import_module(settings.SESSION_ENGINE).SessionStore
        return store
