"""How records of each kind are written: the kind's own deeds, and those that take more than a form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kezhi.api.calling import Call
from kezhi.api.members import Member, choice, words
from kezhi.core.actor import Access
from kezhi.customers import following_up
from kezhi.records import Kind
from kezhi.service.models import Ticket
from kezhi.service.tickets.opening import LONGEST, open_ticket

# What a new record of the kind takes beside its fields, because it isn't kept on the record itself.
BESIDE: dict[str, dict[str, Member]] = {
    "ticket": {"text": words(LONGEST), "channel": choice(Ticket.Channel.values)},
    "complaint": {"text": words(LONGEST)},
    "consent": {"text_digest": words(64)},
}
Create = Callable[[Call, dict[str, Any]], Any]
Edit = Callable[[Call, Any, dict[str, Any], int | None], Any]
Delete = Callable[[Call, Any], None]


@dataclass(frozen=True)
class Writes:
    """The deeds, and the names of the fields that they take: of a new record, and of one that is there.

    `beside` is what a new one takes that isn't a field of it.
    """

    names: tuple[str, ...] = ()
    changeable: tuple[str, ...] = ()
    required: frozenset[str] = frozenset()
    beside: Mapping[str, Member] = field(default_factory=dict)
    create: Create | None = None
    edit: Edit | None = None
    delete: Delete | None = None


def writes_of(kind: Kind) -> Writes:
    """Of the kind as the actor may know it: fields that it may not change are not among them."""
    if kind.name == "interaction":
        return _of_interactions(kind)
    create, edit, delete = kind.create, kind.edit, kind.delete
    names = tuple(name for name in kind.form if kind.field(name).access is Access.EDIT)
    writes = Writes(
        names=names,
        changeable=names,
        beside=BESIDE.get(kind.name, {}),
        create=create and (lambda call, entries: create(entries, actor=call.actor, on=call.today)),
        edit=edit
        and (
            lambda call, record, changes, version: edit(
                record, changes, actor=call.actor, on=call.today, version=version
            )
        ),
        delete=delete and (lambda call, record: delete(record, actor=call.actor, on=call.today)),
    )
    return replace(writes, create=_open_ticket) if kind.name == "ticket" else writes


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


def _open_ticket(call: Call, entries: dict[str, Any]) -> Any:
    """What a program tells came by a program, unless it says by which way."""
    told = {"channel": Ticket.Channel.API, **entries}
    return open_ticket(told, actor=call.actor, at=call.at)


def _log(call: Call, entries: dict[str, Any]) -> Any:
    given = dict(entries)
    customer, channel, text = (given.pop(name) for name in ("customer", "channel", "text"))
    at = given.pop("at", call.at)
    return following_up.log_interaction(
        customer, channel, text, actor=call.actor, at=at, entries=given
    )
