"""Deeds on one record beside editing it: assign, tag, complete, settle, answer, merge."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezhi.api.around import sharing
from kezhi.api.calling import Call, answered
from kezhi.api.entries import Wrong
from kezhi.api.members import (
    NAMES,
    REFERENCE,
    TEXT,
    Action,
    Member,
    at,
    names,
    nobody_or_person,
    on,
    other,
    person,
    text,
    yes,
)
from kezhi.api.problems import Problem
from kezhi.api.records import done, etag, full, visible
from kezhi.api.rights import consents, incidents, judging, requests
from kezhi.api.sending import sent
from kezhi.api.service import complaints, further, tickets
from kezhi.core.refusal import Refused
from kezhi.customers import answering, assigning, completing, creating, merging, promising
from kezhi.customers.following_up import complete_follow_up, pin_interaction, reopen_follow_up
from kezhi.customers.models import Promise as PromiseRow
from kezhi.records import Kind
from kezhi.workbench import tagging


def _fields(call: Call, sent: Any) -> list[str]:
    if not isinstance(sent, list) or not all(isinstance(name, str) for name in sent):
        raise Wrong(_("Send a list of field names."))
    return sent


def _state(call: Call, sent: Any) -> str:
    if sent not in ("kept", "broken", "withdrawn"):
        raise Wrong(_("Send the key of one of the choices."))
    return str(sent)


REASON = {"reason": Member(text, TEXT)}


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


def _pin(call: Call, kind: Kind, record: Any, sent: dict[str, Any]) -> Any:
    return pin_interaction(record, actor=call.actor, is_pinned=sent["is_pinned"])


TAGS = Action(
    "tags",
    gettext_lazy("Put tags on it, take others off"),
    "edit",
    _tag,
    {"add": Member(names, NAMES), "remove": Member(names, NAMES)},
)
_REPLY = {"reply": Member(text, TEXT, is_required=True)}
_WHY = {"reason": Member(text, TEXT, is_required=True)}
_HANDLER = {"handler": Member(person, REFERENCE, is_required=True), **REASON}
ACTIONS: dict[str, tuple[Action, ...]] = {
    **tickets.ACTIONS,
    **complaints.ACTIONS,
    **further.ACTIONS,
    "customer": (
        Action(
            "assignment",
            gettext_lazy("Give it to another owner, or to nobody"),
            "assign",
            _assign_customer,
            {
                "owner": Member(
                    nobody_or_person, {"oneOf": [REFERENCE, {"type": "null"}]}, is_required=True
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
                "merged": Member(other("customer"), REFERENCE, is_required=True),
                "take": Member(_fields, NAMES),
                **REASON,
            },
            needs=("create", "merge"),
        ),
        Action(
            "confirmation",
            gettext_lazy("Confirm that its data is right as of today"),
            "edit",
            on(completing.confirm_customer),
        ),
        sharing.SHARE,
        sharing.END,
        judging.EXEMPTION,
        judging.END,
        consents.REFUSAL,
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
                "merged": Member(other("contact"), REFERENCE, is_required=True),
                "take": Member(_fields, NAMES),
                **REASON,
            },
            needs=("create", "merge"),
        ),
        consents.REFUSAL,
    ),
    "consent": (consents.WITHDRAWAL,),
    "data_request": requests.ACTIONS,
    "incident": incidents.ACTIONS,
    "interaction": (
        Action(
            "pin",
            gettext_lazy("Keep it on top of the timeline, or let it go"),
            "edit",
            _pin,
            {"is_pinned": Member(yes, {"type": "boolean"}, is_required=True)},
        ),
    ),
    "follow_up": (
        Action(
            "assignment",
            gettext_lazy("Somebody else does it"),
            "assign",
            _assign_follow_up,
            {"assignee": Member(person, REFERENCE, is_required=True), **REASON},
        ),
        Action(
            "completion",
            gettext_lazy("Mark it done"),
            "edit",
            at(complete_follow_up, "outcome"),
            {"outcome": Member(text, TEXT)},
        ),
        Action("reopening", gettext_lazy("Take it up again"), "edit", at(reopen_follow_up)),
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
        Action("reopening", gettext_lazy("Take it up again"), "edit", on(promising.reopen_promise)),
    ),
    "need": (
        Action(
            "assignment",
            gettext_lazy("Somebody else does it"),
            "edit",
            on(answering.pass_on_need, "handler", "reason"),
            _HANDLER,
        ),
        Action("start", gettext_lazy("Take it up"), "edit", on(answering.start_need)),
        Action(
            "answer",
            gettext_lazy("What the customer was told"),
            "edit",
            on(answering.answer_need, "reply"),
            _REPLY,
        ),
        Action(
            "decline",
            gettext_lazy("It isn’t done, and why"),
            "edit",
            on(answering.decline_need, "reason"),
            _WHY,
        ),
        Action("reopening", gettext_lazy("Take it up again"), "edit", on(answering.reopen_need)),
        tickets.REPLY_DATE,
    ),
}


def actions_of(kind: Kind) -> tuple[Action, ...]:
    found = ACTIONS.get(kind.name, ())
    return (*found, TAGS) if kind.is_taggable else found


def do(call: Call, kind_name: str, action: Action) -> HttpResponse:
    """The deed on the record of the address; answers with the record as it is then."""
    kind = call.kind(kind_name)
    record = visible(call, kind, action.action)
    if not action.is_free(call.actor):
        raise Problem("forbidden", _("This integration, or its owner, isn’t permitted this."))
    told = sent(call, action.members)
    done(lambda: action.does(call, kind, record, told))
    record.refresh_from_db()
    return answered(full(call, kind, record), headers=etag(record))
