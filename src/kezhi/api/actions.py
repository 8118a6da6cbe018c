"""Deeds on one record beside editing it: assign, tag, complete, settle, answer, merge."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezhi.api.calling import Call, answered
from kezhi.api.entries import Fields, Wrong, tags
from kezhi.api.problems import Problem
from kezhi.api.records import done, etag, full, visible
from kezhi.core.actor import Actor
from kezhi.core.refusal import Refused
from kezhi.customers import answering, assigning, completing, creating, merging, promising
from kezhi.customers.following_up import complete_follow_up, pin_interaction, reopen_follow_up
from kezhi.customers.models import Promise as PromiseRow
from kezhi.records import Kind, registry
from kezhi.workbench import tagging

LONGEST = 2_000
Read = Callable[[Call, Any], Any]


@dataclass(frozen=True)
class Member:
    """A part of what is sent: how it is read, its JSON schema, and whether it must be there."""

    read: Read
    schema: Mapping[str, Any]
    is_required: bool = False


@dataclass(frozen=True)
class Action:
    """`action` is what the actor must be allowed on the record, `needs` a permission of another kind beside."""

    name: str
    summary: str | Promise
    action: str
    does: Callable[[Call, Kind, Any, dict[str, Any]], Any]
    members: Mapping[str, Member] = field(default_factory=dict)
    needs: tuple[str, str] | None = None


def _text(call: Call, sent: Any) -> str:
    if not isinstance(sent, str) or len(sent) > LONGEST:
        raise Wrong(_("Send a text."))
    return sent.strip()


def _person(call: Call, sent: Any) -> Any:
    return Fields(call, registry["customer"], ()).person(sent)


def _nobody_or_person(call: Call, sent: Any) -> Any:
    return None if sent is None else _person(call, sent)


def _names(call: Call, sent: Any) -> list[Any]:
    return tags(sent, call)


def _yes(call: Call, sent: Any) -> bool:
    if not isinstance(sent, bool):
        raise Wrong(_("Send true or false."))
    return sent


def _other(kind: str) -> Read:
    return lambda call, sent: Fields(call, registry[kind], ()).linked(kind, sent)


def _fields(call: Call, sent: Any) -> list[str]:
    if not isinstance(sent, list) or not all(isinstance(name, str) for name in sent):
        raise Wrong(_("Send a list of field names."))
    return sent


def _state(call: Call, sent: Any) -> str:
    if sent not in ("kept", "broken", "withdrawn"):
        raise Wrong(_("Send the key of one of the choices."))
    return str(sent)


TEXT = {"type": "string", "maxLength": LONGEST}
REFERENCE = {"$ref": "#/components/schemas/Reference"}
NAMES = {"type": "array", "items": {"type": "string", "maxLength": 60}, "maxItems": 50}
REASON = {"reason": Member(_text, TEXT)}


def _tag(call: Call, kind: Kind, record: Any, sent: dict[str, Any]) -> Any:
    add, remove = sent.get("add", []), sent.get("remove", [])
    add = [tag if tag.pk else tagging.create_tag(tag.name, actor=call.actor) for tag in add]
    remove = [tag for tag in remove if tag.pk]
    tagging.tag_record(kind.name, record, add, remove, actor=call.actor)
    return record


def _assign_customer(call: Call, kind: Kind, record: Any, sent: dict[str, Any]) -> Any:
    return creating.reassign_customer(
        record, sent["owner"], actor=call.actor, on=call.today, reason=sent.get("reason", "")
    )


def _assign_follow_up(call: Call, kind: Kind, record: Any, sent: dict[str, Any]) -> Any:
    return assigning.assign_follow_up(
        record, sent["assignee"], actor=call.actor, on=call.today, reason=sent.get("reason", "")
    )


def _merge(call: Call, kind: Kind, record: Any, sent: dict[str, Any]) -> Any:
    deed: Any = merging.merge_customers if kind.name == "customer" else merging.merge_contacts
    take, changeable = sent.get("take", []), set(kind.form) | {"owner"}
    if any(name not in changeable for name in take):
        raise Refused(_("“take” names a field that can’t be taken over."))
    deed(
        record,
        sent["merged"],
        actor=call.actor,
        at=call.at,
        take=[_as_merged(kind, name) for name in take],
        reason=sent.get("reason", ""),
    )
    return record


def _as_merged(kind: Kind, name: str) -> str:
    return f"custom.{name}" if name in kind and kind.field(name).is_custom else name


def _settle(call: Call, kind: Kind, record: PromiseRow, sent: dict[str, Any]) -> Any:
    return promising.settle_promise(
        record,
        sent["state"],
        actor=call.actor,
        on=call.today,
        reason=sent.get("reason", ""),
    )


def _on(deed: Callable[..., Any], *names: str) -> Callable[[Call, Kind, Any, dict[str, Any]], Any]:
    """A deed that takes the record, some members by name, and the day."""

    def does(call: Call, kind: Kind, record: Any, sent: dict[str, Any]) -> Any:
        more = {name: sent[name] for name in names if name in sent}
        return deed(record, **more, actor=call.actor, on=call.today)

    return does


def _at(deed: Callable[..., Any], *names: str) -> Callable[[Call, Kind, Any, dict[str, Any]], Any]:
    """As `_on`, with the moment."""

    def does(call: Call, kind: Kind, record: Any, sent: dict[str, Any]) -> Any:
        more = {name: sent[name] for name in names if name in sent}
        return deed(record, **more, actor=call.actor, at=call.at)

    return does


def _pin(call: Call, kind: Kind, record: Any, sent: dict[str, Any]) -> Any:
    return pin_interaction(record, actor=call.actor, is_pinned=sent["is_pinned"])


TAGS = Action(
    "tags",
    gettext_lazy("Put tags on it, take others off"),
    "edit",
    _tag,
    {"add": Member(_names, NAMES), "remove": Member(_names, NAMES)},
)
_REPLY = {"reply": Member(_text, TEXT, is_required=True)}
_WHY = {"reason": Member(_text, TEXT, is_required=True)}
_HANDLER = {"handler": Member(_person, REFERENCE, is_required=True), **REASON}
ACTIONS: dict[str, tuple[Action, ...]] = {
    "customer": (
        Action(
            "assignment",
            gettext_lazy("Give it to another owner, or to nobody"),
            "assign",
            _assign_customer,
            {
                "owner": Member(
                    _nobody_or_person, {"oneOf": [REFERENCE, {"type": "null"}]}, is_required=True
                ),
                **REASON,
            },
        ),
        Action(
            "merge",
            gettext_lazy(
                "Merge another record into this one; “take” names fields in which the other is right"
            ),
            "edit",
            _merge,
            {
                "merged": Member(_other("customer"), REFERENCE, is_required=True),
                "take": Member(_fields, NAMES),
                **REASON,
            },
            needs=("create", "merge"),
        ),
        Action(
            "confirmation",
            gettext_lazy("Confirm that its data is right as of today"),
            "edit",
            _on(completing.confirm_customer),
        ),
    ),
    "contact": (
        Action(
            "merge",
            gettext_lazy(
                "Merge another record into this one; “take” names fields in which the other is right"
            ),
            "edit",
            _merge,
            {
                "merged": Member(_other("contact"), REFERENCE, is_required=True),
                "take": Member(_fields, NAMES),
                **REASON,
            },
            needs=("create", "merge"),
        ),
    ),
    "interaction": (
        Action(
            "pin",
            gettext_lazy("Keep it on top of the timeline, or let it go"),
            "edit",
            _pin,
            {"is_pinned": Member(_yes, {"type": "boolean"}, is_required=True)},
        ),
    ),
    "follow_up": (
        Action(
            "assignment",
            gettext_lazy("Somebody else does it"),
            "assign",
            _assign_follow_up,
            {"assignee": Member(_person, REFERENCE, is_required=True), **REASON},
        ),
        Action(
            "completion",
            gettext_lazy("Mark it done"),
            "edit",
            _at(complete_follow_up, "outcome"),
            {"outcome": Member(_text, TEXT)},
        ),
        Action("reopening", gettext_lazy("Take it up again"), "edit", _at(reopen_follow_up)),
    ),
    "promise": (
        Action(
            "settlement",
            gettext_lazy("Kept, broken or withdrawn; what wasn’t kept says why"),
            "edit",
            _settle,
            {
                "state": Member(
                    _state,
                    {"type": "string", "enum": ["kept", "broken", "withdrawn"]},
                    is_required=True,
                ),
                **REASON,
            },
        ),
        Action(
            "reopening", gettext_lazy("Take it up again"), "edit", _on(promising.reopen_promise)
        ),
    ),
    "need": (
        Action(
            "assignment",
            gettext_lazy("Somebody else does it"),
            "edit",
            _on(answering.pass_on_need, "handler", "reason"),
            _HANDLER,
        ),
        Action("start", gettext_lazy("Take it up"), "edit", _on(answering.start_need)),
        Action(
            "answer",
            gettext_lazy("What the customer was told"),
            "edit",
            _on(answering.answer_need, "reply"),
            _REPLY,
        ),
        Action(
            "decline",
            gettext_lazy("It isn’t done, and why"),
            "edit",
            _on(answering.decline_need, "reason"),
            _WHY,
        ),
        Action("reopening", gettext_lazy("Take it up again"), "edit", _on(answering.reopen_need)),
    ),
}


def actions_of(kind: Kind) -> tuple[Action, ...]:
    found = ACTIONS.get(kind.name, ())
    return (*found, TAGS) if kind.is_taggable else found


def may_do(action: Action, kind: Kind, actor: Actor) -> bool:
    is_free = action.needs is None or actor.may(*action.needs)
    return is_free and actor.may(action.action, kind.name)


def do(call: Call, kind_name: str, action: Action) -> HttpResponse:
    """The deed on the record of the address; answers with the record as it is then."""
    kind = call.kind(kind_name)
    record = visible(call, kind, action.action)
    if action.needs is not None:
        call.must_may(*action.needs)
    body = call.object(*action.members) if action.members else call.object("")
    sent, wrong = {}, []
    for name, member in action.members.items():
        if name not in body:
            if member.is_required:
                wrong.append((f"/{name}", _("Fill this in.")))
            continue
        try:
            sent[name] = member.read(call, body[name])
        except (Wrong, Refused) as reason:
            wrong.append((f"/{name}", str(reason)))
    if wrong:
        raise Problem("invalid", errors=wrong)
    done(lambda: action.does(call, kind, record, sent))
    record.refresh_from_db()
    return answered(full(call, kind, record), headers=etag(record))
