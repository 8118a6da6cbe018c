"""A deed takes the row it changes: under lock, if the actor may, and if it's still what the actor saw."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import models
from django.utils.translation import gettext as _

from kezhi.core.actor import Actor
from kezhi.core.refusal import EditConflict, NotAllowed

Row = TypeVar("Row", bound=models.Model)


def claim(record: Row, *, actor: Actor, action: str, version: int | None = None) -> Row:
    """The record, freshly read and locked until the transaction ends.

    Raises `NotAllowed` when the actor may not do `action` on it (or it is gone), `EditConflict` when
    `version` is given and somebody changed the record since.
    """
    manager: Any = type(record)._default_manager
    row: Any = (
        manager.visible_to(actor, action)
        .select_for_update(of=("self",))
        .filter(pk=record.pk)
        .first()
    )
    if row is None:
        raise NotAllowed(_("Your role doesn't change this record."))
    if version is not None and row.version != version:
        raise EditConflict(
            _(
                "Somebody changed this record while you were editing. Check the new state and save again."
            )
        )
    return row  # type: ignore[no-any-return]
