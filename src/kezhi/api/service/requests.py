"""What one department asks of another: asked, followed and judged by whoever asked."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from kezhi.api.calling import Call, answered
from kezhi.api.leafing import leafed, only_parameters
from kezhi.api.members import REFERENCE, Member, department, whole, words
from kezhi.api.problems import Problem, not_found
from kezhi.api.records import done
from kezhi.api.sending import sent
from kezhi.api.service.clocks import department as told_department
from kezhi.api.taking import take
from kezhi.api.writing import moment, named, who
from kezhi.core.ids import record_id
from kezhi.records import registry
from kezhi.service.models import InternalRequest
from kezhi.service.needs.requesting import (
    add_words,
    rate_request,
    request_internally,
    visible_requests,
)

RELATED = ("ticket__assignee", "ticket__handling_department", "requester", "requesting")
LONGEST_TEXT = 20_000
ASKED: dict[str, Member] = {
    "department": Member(department, REFERENCE, is_required=True),
    "subject": words(300, is_required=True),
    "text": words(LONGEST_TEXT),
}
MORE: dict[str, Member] = {"text": words(LONGEST_TEXT, is_required=True)}
VERDICT: dict[str, Member] = {
    "rating": Member(whole(5).read, {"type": "integer", "minimum": 1, "maximum": 5}, True),
    "comment": words(300),
}


def show_all(call: Call) -> HttpResponse:
    """`?of=mine` (the usual): one's own; `others`: those of colleagues that one sees."""
    of = call.parameter("of", "mine")
    if of not in ("mine", "others"):
        raise Problem("bad-request", _("of is mine or others."))
    rows = visible_requests(call.actor).select_related(*RELATED)
    mine = call.actor.own_ids
    rows = (
        rows.filter(requester_id__in=mine) if of == "mine" else rows.exclude(requester_id__in=mine)
    )
    page = leafed(call, rows, ("of",))
    return answered({"items": [_request(each) for each in page.rows], "next": page.next})


def show(call: Call) -> HttpResponse:
    only_parameters(call)
    found = _one(call)
    take(1, call)
    return answered(_request(found))


def ask(call: Call) -> HttpResponse:
    """Somebody of the department has it at once."""
    told = sent(call, ASKED)
    made = done(
        lambda: request_internally(
            told["department"],
            told["subject"],
            told.get("text", ""),
            actor=call.actor,
            at=call.at,
        )
    )
    headers = {"Location": f"/api/v1/internal-requests/{made.pk}"}
    return answered(_fresh(call, made), 201, headers)


def say_more(call: Call) -> HttpResponse:
    found, told = _one(call), sent(call, MORE)
    done(lambda: add_words(found, told["text"], actor=call.actor, at=call.at))
    return answered(_fresh(call, found))


def rate(call: Call) -> HttpResponse:
    found, told = _one(call), sent(call, VERDICT)
    comment = told.get("comment", "")
    done(lambda: rate_request(found, told["rating"], actor=call.actor, at=call.at, comment=comment))
    return answered(_fresh(call, found))


def _one(call: Call) -> InternalRequest:
    pk = record_id(call.parts["id"])
    rows = visible_requests(call.actor).select_related(*RELATED)
    found: InternalRequest | None = rows.filter(pk=pk).first() if pk is not None else None
    if found is None:
        raise not_found()
    return found


def _fresh(call: Call, request: InternalRequest) -> dict[str, Any]:
    rows = visible_requests(call.actor).select_related(*RELATED)
    return _request(rows.get(pk=request.pk))


def _request(request: InternalRequest) -> dict[str, Any]:
    ticket = request.ticket
    return {
        "id": request.pk,
        "ticket": named(ticket, registry.declared("ticket")),
        "state": str(ticket.state),
        "requester": who(request.requester),
        "requesting": told_department(request.requesting),
        "department": told_department(ticket.handling_department),
        "assignee": who(ticket.assignee),
        "opened_at": moment(ticket.opened_at),
        "due_at": moment(ticket.due_at) if ticket.due_at is not None else None,
        "solved_at": moment(ticket.solved_at) if ticket.solved_at is not None else None,
        "rating": request.rating,
        "comment": request.comment or None,
    }
