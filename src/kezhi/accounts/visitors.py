"""How much visitors may do on pages that need no sign-in: so many at once, refilled by time.

    is_welcome("form", network_of(request.META.get("REMOTE_ADDR")), most=20, per_hour=60)

Counted for all processes together, under a key that tells nothing: who asks is kept as a digest.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from django.conf import settings

from kezhi.accounts.models import VisitorBucket
from kezhi.accounts.turns import level_after_turn

KEPT = timedelta(days=1)


def is_welcome(what: str, who: str, *, most: int, per_hour: float) -> bool:
    """Count one turn of this visitor at this thing: whether there was room for it.

    `most` at once, `per_hour` afterwards. Who goes on without room gets none meanwhile.
    """
    key = f"{what}:{_digest(who)}"
    return level_after_turn(VisitorBucket, key, size=most, rate=per_hour / 3600) >= 0


def forget_old_visitors(*, at: datetime) -> int:
    """Who wasn't here for a day begins full anyway."""
    return int(VisitorBucket.objects.filter(filled_at__lt=at - KEPT).delete()[0])


def _digest(who: str) -> str:
    """Keyed by our secret: the table doesn't tell who was here."""
    secret = str(settings.SECRET_KEY).encode()
    return hashlib.blake2b(who.lower().encode(), key=secret[:64], digest_size=20).hexdigest()
