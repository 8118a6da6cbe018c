"""A complaint as it stands: the steps that were taken, who is responsible, what is given, what was tried."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from kezhi.api.calling import Call, answered
from kezhi.api.leafing import only_parameters
from kezhi.api.records import etag, visible
from kezhi.api.taking import take
from kezhi.api.writing import moment, named, who
from kezhi.customers.models import Customer
from kezhi.records import registry
from kezhi.service.models import Complaint, Ticket
from kezhi.workbench.attaching import attachments_of
from kezhi.workbench.models import Attachment


def case(call: Call) -> HttpResponse:
    """The step that is due, the steps that were taken, who is responsible, what is given, what was tried."""
    kind = call.kind("complaint")
    only_parameters(call)
    complaint = visible(call, kind)
    take(1, call)
    sees_money = call.actor.sees("complaint", "money")
    content: dict[str, Any] = {
        "complaint": named(complaint, kind),
        "ticket": named(complaint.ticket, registry.declared("ticket")),
        "version": complaint.version,
        "step": str(complaint.step),
        "step_since": moment(complaint.step_since),
        "proposed_by": who(complaint.proposed_by),
        "approved_by": who(complaint.approved_by),
        "answer_words": complaint.answer_words or None,
        "steps": [
            _step(each) for each in complaint.steps.select_related("by").order_by("at", "pk")
        ],
        "parties": _parties(call, complaint),
        "compensation": _given(complaint, sees_money=sees_money),
        "attempts": [
            {
                "at": moment(each.at),
                "channel": each.channel,
                "words": each.words,
                "by": who(each.by),
            }
            for each in complaint.attempts.select_related("by").order_by("at", "pk")
        ],
    }
    content["files"] = _files(call, complaint)
    if sees_money:
        content["proposed"] = format(complaint.proposed, "f")
    return answered(content, headers=etag(complaint))


def _step(each: Any) -> dict[str, Any]:
    return {
        "step": str(each.step),
        "at": moment(each.at),
        "by": who(each.by),
        "words": each.note or None,
        "is_back": each.is_back,
    }


def _parties(call: Call, complaint: Complaint) -> list[dict[str, Any]]:
    """A partner who is a record is named to those who see the record."""
    rows = complaint.parties.select_related("party", "department", "employee", "attachment")
    parties = list(rows.order_by("-share", "pk"))
    ids = [each.party_id for each in parties if each.party_id is not None]
    seen = set(Customer.objects.visible_to(call.actor).filter(pk__in=ids).values_list("pk"))
    customer = registry.declared("customer")
    found = []
    for each in parties:
        is_seen = (each.party_id,) in seen
        found.append(
            {
                "sort": str(each.sort),
                "name": each.label if each.party_id is None or is_seen else each.name or None,
                "share": format(each.share, "f"),
                "finding": each.finding or None,
                "party": named(each.party, customer) if is_seen else None,
                "department": each.department_id,
                "person": who(each.employee),
                "entry": each.entry_id,
                "file": _file(each.attachment) if each.attachment is not None else None,
            }
        )
    return found


def _file(attachment: Attachment) -> dict[str, Any]:
    return {"id": attachment.pk, "name": attachment.name}


def _files(call: Call, complaint: Complaint) -> list[dict[str, Any]]:
    """The files on the complaint, and those on its ticket for who sees the ticket."""
    found = list(attachments_of("complaint", complaint.pk))
    if Ticket.objects.visible_to(call.actor).filter(pk=complaint.ticket_id).exists():
        found += attachments_of("ticket", complaint.ticket_id)
    return [_file(each) for each in found]


def _given(complaint: Complaint, *, sees_money: bool) -> list[dict[str, Any]]:
    found = []
    for each in complaint.compensations.select_related("done_by").order_by("pk"):
        given = {
            "id": each.pk,
            "sort": str(each.sort),
            "words": each.words or None,
            "state": str(each.state),
            "done_on": each.done_on.isoformat() if each.done_on else None,
            "done_by": who(each.done_by),
        }
        found.append(given | ({"amount": format(each.amount, "f")} if sees_money else {}))
    return found
