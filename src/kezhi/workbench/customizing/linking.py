"""The people and records to which custom fields point, fetched for a whole page at once.

A link says no more than its reader may know: a record that the actor doesn't see is as if nothing was there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kezhi.accounts.models import User
from kezhi.core.actor import Actor
from kezhi.records import Field, FieldKind, registry

K = FieldKind
PERSON = "person"
FOUND = "_kezhi_linked"


def attach(records: Sequence[Any], fields: Sequence[Field], actor: Actor) -> None:
    """Give the records what `held` needs for these fields: one query a kind of link, none without links."""
    wanted: dict[str, set[int]] = {}
    for field in fields:
        if field.is_custom and field.kind in (K.PERSON, K.LINK):
            other = PERSON if field.kind is K.PERSON else field.link
            ids = (record.custom.get(field.name) for record in records)
            wanted.setdefault(other, set()).update(i for i in ids if isinstance(i, int))
    found = {other: named(other, ids, actor) for other, ids in wanted.items()}
    for record in records:
        record.__dict__[FOUND] = found


def named(other: str, ids: set[int], actor: Actor) -> dict[int, Any]:
    """The people, or the records of the kind `other`, by id, as far as the actor sees them."""
    if not ids:
        return {}
    if other == PERSON:
        return {row.pk: row for row in User.objects.filter(pk__in=ids)}
    if other not in registry or not actor.may("read", other):
        return {}
    return {row.pk: row for row in registry.declared(other).visible_to(actor).filter(pk__in=ids)}


def linked(record: Any, other: str, pk: Any) -> Any:
    """What the entry of a person or link field stands for, as far as `attach` found it."""
    if not isinstance(pk, int):
        return None
    found = record.__dict__.get(FOUND, {}).get(other)
    if found is None and other == PERSON:
        # Everyone may know who works here.
        return User.objects.filter(pk=pk).first()
    return (found or {}).get(pk)
