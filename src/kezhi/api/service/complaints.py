"""The ten steps of a complaint for programs: the case as it stands, and each step as a deed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezhi.api.calling import Call
from kezhi.api.entries import Wrong, decimal
from kezhi.api.members import (
    AMOUNT,
    REFERENCE,
    Action,
    Does,
    Member,
    amount,
    at,
    at_and_on,
    choice,
    department,
    instant,
    listed,
    other,
    person,
    words,
)
from kezhi.api.records import expected_version
from kezhi.records import Kind
from kezhi.service.complaints import (
    apportioning,
    compensating,
    concluding,
    feeding_back,
    judging,
    proposing,
    recording,
    stepping,
)
from kezhi.service.complaints.apportioning import MOST_PARTIES, Part
from kezhi.service.complaints.proposing import MOST_PARTS, Given
from kezhi.service.complaints.ruling import LEVELS
from kezhi.service.models import (
    Compensation,
    Complaint,
    ComplaintCause,
    ComplaintParty,
    Ticket,
    TicketEntry,
)
from kezhi.workbench.attaching import attachments_of

JUDGING = ("edit", stepping.JUDGING)
APPROVING = tuple(("edit", kind) for kind in LEVELS)
LONG = 1000
SHARE = {"anyOf": [{"type": "number"}, {"type": "string"}]}


# ---- what is sent ----


def _text(row: dict[str, Any], name: str, most: int) -> str:
    sent = row.get(name)
    if sent is None:
        return ""
    if not isinstance(sent, str) or len(sent) > most:
        raise Wrong(_("Send a text of at most %(most)d characters.") % {"most": most})
    return sent.strip()


def _read_given(call: Call, row: dict[str, Any]) -> Given:
    if row.get("sort") not in Compensation.Sort.values:
        raise Wrong(_("Send the key of one of the choices."))
    cost = Decimal(0) if row.get("amount") is None else amount(call, row["amount"])
    return Given(row["sort"], cost, _text(row, "words", 300))


def _read_part(call: Call, row: dict[str, Any]) -> dict[str, Any]:
    """All of a part but its evidence, which is looked for on the complaint."""
    if row.get("sort") not in ComplaintParty.Sort.values:
        raise Wrong(_("Send the key of one of the choices."))
    return {
        "sort": row["sort"],
        "share": decimal(row.get("share")),
        "finding": _text(row, "finding", 300),
        "name": _text(row, "name", 200),
        "party": other("customer")(call, row["party"]) if row.get("party") is not None else None,
        "department": (
            department(call, row["department"]) if row.get("department") is not None else None
        ),
        "employee": person(call, row["person"]) if row.get("person") is not None else None,
        "entry": _id(row, "entry"),
        "file": _id(row, "file"),
    }


def _id(row: dict[str, Any], name: str) -> int | None:
    sent = row.get(name)
    if sent is None or (isinstance(sent, int) and not isinstance(sent, bool) and sent >= 0):
        return sent
    raise Wrong(_("Send an id, or an object with id or key."))


# ---- deeds ----


def _versioned(deed: Callable[..., Any], *names: str) -> Does:
    """A deed that takes the complaint, some members by name, the moment, and the version that was seen."""
    return at(deed, *names, version=expected_version)


def _record(call: Call, kind: Kind, complaint: Any, sent: dict[str, Any]) -> Any:
    return recording.record_complaint(
        complaint, sent, actor=call.actor, at=call.at, version=expected_version(call)
    )


def _apportion(call: Call, kind: Kind, complaint: Any, sent: dict[str, Any]) -> Any:
    parts = [_part(complaint, row) for row in sent["parties"]]
    return apportioning.apportion(
        complaint, parts, actor=call.actor, at=call.at, version=expected_version(call)
    )


def _part(complaint: Complaint, row: dict[str, Any]) -> Part:
    known = dict(row)
    entry, file = known.pop("entry"), known.pop("file")
    if entry is not None:
        rows = TicketEntry.objects.filter(ticket_id=complaint.ticket_id)
        known["entry"] = rows.filter(pk=entry).first()
    if file is not None:
        files = [
            *attachments_of("ticket", complaint.ticket_id),
            *attachments_of("complaint", complaint.pk),
        ]
        known["attachment"] = next((each for each in files if each.pk == file), None)
    return Part(**known)


def _feed_back(call: Call, kind: Kind, complaint: Any, sent: dict[str, Any]) -> Any:
    return feeding_back.note_answer(
        complaint,
        sent["answer"],
        actor=call.actor,
        at=call.at,
        words=sent.get("words", ""),
        version=expected_version(call),
    )


def _note_attempt(call: Call, kind: Kind, complaint: Any, sent: dict[str, Any]) -> Any:
    return feeding_back.note_attempt(
        complaint,
        sent["channel"],
        actor=call.actor,
        at=call.at,
        tried_at=sent.get("tried_at", call.at),
        words=sent["words"],
    )


def _step_deed(
    name: str,
    summary: str | Promise,
    does: Does,
    members: dict[str, Member],
    action: str = "edit",
    **more: Any,
) -> Action:
    return Action(name, summary, action, does, members, is_versioned=True, **more)


def _object(**properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


MONEY = Member(amount, AMOUNT)
WORDS = {"words": words(LONG, is_required=True)}
REASON = {"reason": words(LONG, is_required=True)}
CAUSE = Member(other("complaint_cause"), REFERENCE, is_required=True)
GIVEN = listed(
    _read_given,
    _object(
        sort={"type": "string", "enum": list(Compensation.Sort.values)},
        amount=AMOUNT,
        words={"type": "string", "maxLength": 300},
    ),
    MOST_PARTS,
)
PARTIES = listed(
    _read_part,
    _object(
        sort={"type": "string", "enum": list(ComplaintParty.Sort.values)},
        share={**SHARE, "description": gettext_lazy("A fraction; together they make 1")},
        finding={"type": "string", "maxLength": 300},
        name={"type": "string", "maxLength": 200},
        party=REFERENCE,
        department=REFERENCE,
        person=REFERENCE,
        entry={"type": "integer", "description": gettext_lazy("Evidence: words on the ticket")},
        file={"type": "integer", "description": gettext_lazy("Evidence: a file on the ticket")},
    ),
    MOST_PARTIES,
)
RECORDED = {
    "category": choice(ComplaintCause.Category.values, is_required=True),
    "wanted": words(300),
    "lane": words(120),
    "loss": MONEY,
    "product": Member(other("product"), REFERENCE),
}

ACTIONS: dict[str, tuple[Action, ...]] = {
    "complaint": (
        _step_deed(
            "record",
            gettext_lazy("Step 1: put it on record with its category"),
            _record,
            RECORDED,
            action="create",
        ),
        _step_deed(
            "judgement",
            gettext_lazy("Step 2: whether it is justified"),
            _versioned(judging.judge, "verdict", "reason"),
            {"verdict": choice(Complaint.Verdict.values, is_required=True), **REASON},
            needs=JUDGING,
        ),
        _step_deed(
            "responsibility",
            gettext_lazy("Step 3: who is responsible for which part, with evidence"),
            _apportion,
            {"parties": PARTIES},
            needs=JUDGING,
        ),
        _step_deed(
            "cause",
            gettext_lazy("Step 4: why it happened"),
            _versioned(judging.name_cause, "cause", "words"),
            {"cause": CAUSE, **WORDS},
        ),
        _step_deed(
            "proposal",
            gettext_lazy("Step 5: what the customer is to be given"),
            _versioned(proposing.propose, "given", "words", "expected_to_keep"),
            {"given": GIVEN, **WORDS, "expected_to_keep": MONEY},
        ),
        _step_deed(
            "approval",
            gettext_lazy("Step 6: approve the proposal of somebody else"),
            _versioned(proposing.approve, "remark"),
            {"remark": words(LONG)},
            either=APPROVING,
        ),
        _step_deed(
            "rejection",
            gettext_lazy("Step 6: send the proposal back"),
            _versioned(proposing.reject, "reason"),
            REASON,
            either=APPROVING,
        ),
        Action(
            "attempt",
            gettext_lazy("Step 8: an attempt to hear the customer"),
            "edit",
            _note_attempt,
            {
                "channel": choice(Ticket.Channel.values, is_required=True),
                "words": words(300, is_required=True),
                "tried_at": Member(instant, {"type": "string", "format": "date-time"}),
            },
        ),
        _step_deed(
            "feedback",
            gettext_lazy("Step 8: what the customer answers to what was done"),
            _feed_back,
            {
                "answer": choice(Complaint.Answer.values, is_required=True),
                "words": words(500),
            },
        ),
        _step_deed(
            "review",
            gettext_lazy("Step 9: whether it helped"),
            _versioned(concluding.review, "words"),
            WORDS,
        ),
        _step_deed(
            "summary",
            gettext_lazy("Step 10: what is learned; the case is completed"),
            _versioned(concluding.summarise, "words"),
            {"words": words(5_000, is_required=True)},
        ),
        Action(
            "return",
            gettext_lazy("Back to an earlier step, with the reason"),
            "edit",
            at(stepping.go_back, "step", "reason"),
            {"step": choice(list(stepping.ORDER[:-1]), is_required=True), **REASON},
            needs=JUDGING,
        ),
    ),
    "compensation": (
        Action(
            "completion",
            gettext_lazy("Step 7: it was given; booked as a cost of the customer"),
            "read",
            at_and_on(compensating.carry_out),
            needs=("edit", "complaint"),
        ),
        Action(
            "reversal",
            gettext_lazy("Take back what was carried out, with the reason"),
            "read",
            at_and_on(compensating.take_back, "reason"),
            REASON,
            needs=JUDGING,
        ),
    ),
}
