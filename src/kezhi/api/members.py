"""What a deed on a record takes: its members, how each is read, and how each is described."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from kezhi.accounts.models import Department
from kezhi.api.calling import Call, pointer
from kezhi.api.entries import Fields, Wrong, decimal, moment, reference, tags
from kezhi.core.actor import Actor
from kezhi.core.refusal import Refused
from kezhi.records import Kind, registry

LONGEST = 2_000
TEXT = {"type": "string", "maxLength": LONGEST}
REFERENCE = {"$ref": "#/components/schemas/Reference"}
MAYBE_REFERENCE = {"oneOf": [REFERENCE, {"type": "null"}]}
NAMES = {"type": "array", "items": {"type": "string", "maxLength": 60}, "maxItems": 50}
AMOUNT = {"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^-?\d{1,12}(\.\d{1,8})?$"}]}
Read = Callable[[Call, Any], Any]
Does = Callable[[Call, Kind, Any, dict[str, Any]], Any]


@dataclass(frozen=True)
class Member:
    """A part of what is sent: how it is read, its JSON schema, and whether it must be there."""

    read: Read
    schema: Mapping[str, Any]
    is_required: bool = False


@dataclass(frozen=True)
class Action:
    """`action` is what the actor must be allowed on the record, `needs` a permission of another kind beside,
    of `either` one. With `is_versioned` the deed asks which version was seen (`If-Match`)."""

    name: str
    summary: str | Promise
    action: str
    does: Does
    members: Mapping[str, Member] = field(default_factory=dict)
    needs: tuple[str, str] | None = None
    either: tuple[tuple[str, str], ...] = ()
    is_versioned: bool = False

    def is_free(self, actor: Actor) -> bool:
        """Whether the actor has the permissions that the deed needs beside the one on the record."""
        has_one = not self.either or any(actor.may(*each) for each in self.either)
        return has_one and (self.needs is None or actor.may(*self.needs))


def text(call: Call, sent: Any) -> str:
    if not isinstance(sent, str) or len(sent) > LONGEST:
        raise Wrong(_("Send a text."))
    return sent.strip()


def words(most: int, *, is_required: bool = False) -> Member:
    """A text of at most so many characters."""

    def read(call: Call, sent: Any) -> str:
        if not isinstance(sent, str) or len(sent) > most:
            raise Wrong(_("Send a text of at most %(most)d characters.") % {"most": most})
        return sent.strip()

    least = {"minLength": 1} if is_required else {}
    return Member(read, {"type": "string", "maxLength": most, **least}, is_required=is_required)


def choice(keys: Sequence[Any], *, is_required: bool = False) -> Member:
    """The key of one of the choices."""
    known = [str(key) for key in keys]

    def read(call: Call, sent: Any) -> str:
        if not isinstance(sent, str) or sent not in known:
            raise Wrong(_("Send the key of one of the choices."))
        return sent

    return Member(read, {"type": "string", "enum": known}, is_required=is_required)


def whole(most: int) -> Member:
    """A number from 0 to so many."""

    def read(call: Call, sent: Any) -> int:
        if not isinstance(sent, int) or isinstance(sent, bool) or not 0 <= sent <= most:
            raise Wrong(_("Send a whole number from 0 to %(most)d.") % {"most": most})
        return sent

    return Member(read, {"type": "integer", "minimum": 0, "maximum": most})


def listed(read: Read, each: Mapping[str, Any], most: int, *, is_required: bool = True) -> Member:
    """A list, read entry by entry; `each` is the schema of one. What is wrong says which one."""
    known = each.get("properties", {})

    def read_all(call: Call, sent: Any) -> list[Any]:
        if not isinstance(sent, list) or len(sent) > most:
            raise Wrong(_("Send a list of at most %(most)d.") % {"most": most})
        found = []
        for place, row in enumerate(sent, 1):
            try:
                if known:
                    _must_be_known(row, known)
                found.append(read(call, row))
            except (Wrong, Refused) as reason:
                raise Wrong(f"{place}: {reason}") from reason
        return found

    items = {**each, "additionalProperties": False} if known else dict(each)
    schema = {"type": "array", "items": items, "maxItems": most}
    return Member(read_all, schema, is_required=is_required)


def _must_be_known(row: Any, known: Mapping[str, Any]) -> None:
    if not isinstance(row, dict):
        raise Wrong(_("Send an object of fields."))
    for name in row:
        if name not in known:
            raise Wrong(_("There is no such member here.") + f" ({pointer(name)})")


def optional(members: Mapping[str, Member]) -> dict[str, Member]:
    """For what is there already: only what changes must be said."""
    return {name: replace(member, is_required=False) for name, member in members.items()}


def or_null(read: Read) -> Read:
    """As `read`, or null for nothing."""
    return lambda call, sent: None if sent is None else read(call, sent)


def amount(call: Call, sent: Any) -> Decimal:
    """An amount of money as it is kept; how much is too much is the deed's to say."""
    number = decimal(sent)
    if number != round(number, 2):
        raise Wrong(_("An amount has two decimals at most."))
    return number


def instant(call: Call, sent: Any) -> datetime:
    return moment(sent)


def person(call: Call, sent: Any) -> Any:
    return Fields(call, registry["customer"], ()).person(sent)


def nobody_or_person(call: Call, sent: Any) -> Any:
    return None if sent is None else person(call, sent)


def department(call: Call, sent: Any) -> Department:
    """By its id, or by its name as the key where only one has it."""
    by, wanted = reference(sent)
    found = list(Department.objects.filter(**{"pk" if by == "id" else "name": wanted})[:2])
    if len(found) != 1:
        raise Wrong(_("There is no such department, or more than one of that name."))
    return found[0]


def names(call: Call, sent: Any) -> list[Any]:
    return tags(sent, call)


def yes(call: Call, sent: Any) -> bool:
    if not isinstance(sent, bool):
        raise Wrong(_("Send true or false."))
    return sent


def other(kind: str) -> Read:
    """A record of that kind that the actor sees."""
    return lambda call, sent: Fields(call, registry[kind], ()).linked(kind, sent)


def on(deed: Callable[..., Any], *names: str, **told: Callable[[Call], Any]) -> Does:
    """A deed that takes the record, some members by name, the day, and what else the call tells."""
    return _deed(deed, names, {"on": _today, **told})


def at(deed: Callable[..., Any], *names: str, **told: Callable[[Call], Any]) -> Does:
    """As `on`, with the moment."""
    return _deed(deed, names, {"at": lambda call: call.at, **told})


def at_and_on(deed: Callable[..., Any], *names: str) -> Does:
    """As `on`, with the moment beside the day."""
    return at(deed, *names, on=_today)


def editing(name: str, summary: str | Promise, does: Does, **members: Member) -> Action:
    """A deed on a record that the actor may edit."""
    return Action(name, summary, "edit", does, members)


def _today(call: Call) -> Any:
    return call.today


def _deed(
    deed: Callable[..., Any], names: Sequence[str], told: Mapping[str, Callable[[Call], Any]]
) -> Does:
    def does(call: Call, kind: Kind, record: Any, sent: dict[str, Any]) -> Any:
        more = {name: sent[name] for name in names if name in sent}
        more |= {name: tell(call) for name, tell in told.items()}
        return deed(record, **more, actor=call.actor)

    return does
