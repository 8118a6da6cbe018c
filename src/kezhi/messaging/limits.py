"""Whoever takes, or wants to take, very many rows in a day: the owners hear of it at once."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _

from kezhi.accounts.models import User
from kezhi.core.actor import Actor
from kezhi.messaging.noticing import notify


def tell_owners(actor: Actor, *, on: date, rows: int, limit: int | None, is_refused: bool) -> None:
    """Once a day for each person or program, and once more for the first refusal."""
    who = f"{actor.program.name} · {actor.name}" if actor.program else actor.name
    words = {"who": who, "rows": rows, "limit": limit or 0}
    what = (
        _("%(who)s was refused %(rows)s rows; %(limit)s a day are permitted") % words
        if is_refused
        else _("%(who)s took %(rows)s rows today") % words
    )
    owners = User.objects.active().filter(roles__key="owner").values_list("pk", flat=True)
    key = (
        f"rows:{on.isoformat()}:{actor.program.pk if actor.program else ''}:{actor.pk}:{is_refused}"
    )
    notify(owners, "quota", words={"what": what}, path="/settings/audit/", key=key)
