"""A masked entry shown in full to whom it concerns, for once: each look is kept in the audit log."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from kezhi.accounts.models import User
from kezhi.audit.models import Entry
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor, Scope
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.core.scoping import ScopedQuerySet
from kezhi.records import Kind
from kezhi.workbench.holding import held

MOST_AN_HOUR = 100
HOUR = timedelta(hours=1)


@audited("entry.revealed")
def reveal(record: models.Model, kind: Kind, name: str, *, actor: Actor, at: datetime) -> Any:
    """What the masked field holds; the log says who looked at which field, never what it holds.

    `kind` is the declared kind, not the one that the actor sees.
    """
    seen = kind.seen_by(actor)
    if name not in seen or not seen.field(name).is_masked:
        raise NotAllowed(_("Nothing is masked here for you."))
    if not may_reveal(record, actor):
        raise NotAllowed(_("Your role sees this entry only in part."))
    _not_too_often(actor, at)
    note(field=name)
    return held(record, kind.field(name))


def may_reveal(record: models.Model, actor: Actor) -> bool:
    """Whether the actor's scope for revealing reaches the record."""
    scope = actor.scope("read", "reveal")
    rows = type(record)._default_manager.all()
    if not isinstance(rows, ScopedQuerySet):
        return scope is Scope.ALL
    return rows.within(scope, actor).filter(pk=record.pk).exists()


def _not_too_often(actor: Actor, at: datetime) -> None:
    """Copying a whole base out by looking at entry after entry must not be possible."""
    # Whoever looks twice at once waits, so that the count is right.
    User.objects.select_for_update().filter(pk=actor.pk).first()
    looks = Entry.objects.filter(actor_id=actor.pk, deed="entry.revealed").order_by("-pk")
    earlier = looks.values_list("at", flat=True)[MOST_AN_HOUR - 1 : MOST_AN_HOUR]
    if any(moment > at - HOUR for moment in earlier):
        raise Refused(
            _(
                "You have looked at %(most)d masked entries within an hour. Wait before the next one."
            )
            % {"most": MOST_AN_HOUR}
        )
