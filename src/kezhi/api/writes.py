"""How records of each kind are written: the kind's own deeds, and those that take more than a form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kezhi.api.calling import Call
from kezhi.core.actor import Access
from kezhi.customers import following_up
from kezhi.records import Kind

Create = Callable[[Call, dict[str, Any]], Any]
Edit = Callable[[Call, Any, dict[str, Any], int | None], Any]
Delete = Callable[[Call, Any], None]


@dataclass(frozen=True)
class Writes:
    """The deeds, and the names of the fields that they take: of a new record, and of one that is there."""

    names: tuple[str, ...] = ()
    changeable: tuple[str, ...] = ()
    required: frozenset[str] = frozenset()
    create: Create | None = None
    edit: Edit | None = None
    delete: Delete | None = None


def writes_of(kind: Kind) -> Writes:
    """Of the kind as the actor may know it: fields that it may not change are not among them."""
    if kind.name == "interaction":
        return _of_interactions(kind)
    create, edit, delete = kind.create, kind.edit, kind.delete
    names = tuple(name for name in kind.form if kind.field(name).access is Access.EDIT)
    return Writes(
        names=names,
        changeable=names,
        create=create and (lambda call, entries: create(entries, actor=call.actor, on=call.today)),
        edit=edit
        and (
            lambda call, record, changes, version: edit(
                record, changes, actor=call.actor, on=call.today, version=version
            )
        ),
        delete=delete and (lambda call, record: delete(record, actor=call.actor, on=call.today)),
    )


def can(kind: Kind, deed: str) -> bool:
    """Whether records of the kind are created, edited or deleted at all."""
    return getattr(writes_of(kind), deed) is not None


def _of_interactions(kind: Kind) -> Writes:
    """Lines of the timeline: logged at a moment, changed by who wrote them."""
    own = [each.name for each in kind.fields if each.is_custom and each.is_editable]

    def permitted(*names: str) -> tuple[str, ...]:
        known = [name for name in (*names, *own) if name in kind]
        return tuple(name for name in known if kind.field(name).access is Access.EDIT)

    return Writes(
        names=permitted("customer", "channel", "text", "at"),
        changeable=permitted("channel", "text"),
        required=frozenset({"customer", "channel", "text"}),
        create=_log,
        edit=lambda call, record, changes, version: following_up.edit_interaction(
            record, changes, actor=call.actor, at=call.at, version=version
        ),
        delete=lambda call, record: following_up.delete_interaction(
            record, actor=call.actor, on=call.today
        ),
    )


def _log(call: Call, entries: dict[str, Any]) -> Any:
    given = dict(entries)
    customer, channel, text = (given.pop(name) for name in ("customer", "channel", "text"))
    at = given.pop("at", call.at)
    return following_up.log_interaction(
        customer, channel, text, actor=call.actor, at=at, entries=given
    )
