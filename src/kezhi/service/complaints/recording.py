"""What is complained of, put on record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.names import name_key
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.service.complaints.stepping import Step, advance
from kezhi.service.models import Complaint, ComplaintCause, Ticket
from kezhi.service.tickets.changing import change_ticket
from kezhi.service.tickets.happening import moment
from kezhi.service.tickets.opening import open_ticket
from kezhi.workbench.customizing.entering import columns_of, put, settle

SAID = frozenset({"category", "cause", "wanted", "lane", "loss", "product"})
MOST = Decimal(10) ** 12


@audited("complaint.recorded")
def record_complaint(
    complaint: Complaint,
    fields: Mapping[str, Any],
    *,
    actor: Actor,
    at: datetime,
    version: int | None = None,
) -> Complaint:
    """The step “record”: category, what the customer wants, product, lane, loss. Whoever may note complaints
    of this customer does it; at least the category is needed."""
    complaint = _noted(complaint, actor, version)
    if complaint.step != Step.RECORD:
        raise Refused(_("This complaint is on record already. Correct it in its form."))
    put_on_record(complaint, fields, actor)
    if not complaint.category:
        raise Refused(_("Choose what kind of complaint it is."))
    advance(complaint, actor=actor, at=at, words=complaint.wanted)
    return complaint


@audited("complaint.edited")
def edit_complaint(
    complaint: Complaint,
    changes: dict[str, Any],
    *,
    actor: Actor,
    on: date | None = None,
    at: datetime | None = None,
    version: int | None = None,
) -> Complaint:
    """What is on record, corrected; with a category the step “record” is done. The steps have their own
    deeds."""
    complaint = claim(complaint, actor=actor, action="edit", version=version)
    if complaint.voided_at is not None:
        raise Refused(_("This turned out to be no complaint. Nothing more is to be done."))
    note(fields=sorted(changes))
    # What it is about and whose it is stand on the ticket; the complaint follows it.
    of_ticket: dict[str, Any] = {
        name: changes[name] for name in ("subject", "customer") if name in changes
    }
    if of_ticket:
        change_ticket(complaint.ticket, of_ticket, actor=actor, at=moment(at))
        complaint = claim(complaint, actor=actor, action="edit")
    put_on_record(complaint, {k: v for k, v in changes.items() if k not in of_ticket}, actor)
    if complaint.step == Step.RECORD and complaint.category:
        advance(complaint, actor=actor, at=moment(at), words=complaint.wanted)
        return complaint
    complaint.version += 1
    complaint.save()
    return complaint


def may_record(complaint: Complaint, actor: Actor) -> bool:
    """Who works on complaints, and the customer's people, who may note them."""
    return bool(
        Complaint.objects.visible_to(actor, "edit").filter(pk=complaint.pk).exists()
        or Complaint.objects.visible_to(actor, "create").filter(pk=complaint.pk).exists()
    )


def _noted(complaint: Complaint, actor: Actor, version: int | None) -> Complaint:
    if not may_record(complaint, actor):
        raise NotAllowed(_("Your role doesn’t note complaints of this customer."))
    is_worker = Complaint.objects.visible_to(actor, "edit").filter(pk=complaint.pk).exists()
    action = "edit" if is_worker else "create"
    return claim(complaint, actor=actor, action=action, version=version)


def put_on_record(complaint: Complaint, fields: Mapping[str, Any], actor: Actor) -> None:
    """A step within a deed that has claimed the complaint: what is said of it, checked, not saved."""
    own = columns_of(Complaint)
    if any(name in own and name not in SAID for name in fields):
        raise Refused(_("The steps of a complaint are taken one by one, not by its form."))
    put("complaint", complaint, dict(fields), actor)
    if complaint.category and complaint.category not in ComplaintCause.Category.values:
        raise Refused(_("Choose what kind of complaint it is."))
    if complaint.cause is not None and complaint.cause.category != complaint.category:
        raise Refused(_("Choose a cause of this category."))
    if complaint.loss is not None and not 0 <= complaint.loss <= MOST:
        raise Refused(_("Enter an amount of 0 or more."))
    complaint.lane = " ".join(complaint.lane.split())[:120]
    complaint.lane_key = name_key(complaint.lane)[:120]
    settle("complaint", complaint)


@audited("complaint.opened")
def open_complaint(
    fields: Mapping[str, Any],
    *,
    actor: Actor,
    on: date | None = None,
    at: datetime | None = None,
) -> Complaint:
    """A complaint that somebody heard, with the ticket that it belongs to. With a category it is on record."""
    at = moment(at)
    entries = dict(fields)
    told: dict[str, Any] = {
        name: entries.pop(name) for name in ("subject", "customer") if name in entries
    }
    text = str(entries.pop("text", "") or "")
    if "product" in entries:
        told["product"] = entries["product"]
    ticket = open_ticket(
        {"type": Ticket.Type.COMPLAINT, "channel": Ticket.Channel.PHONE, **told},
        actor=actor,
        at=at,
        text=text or str(entries.get("wanted", "") or ""),
    )
    complaint = Complaint.objects.get(ticket=ticket)
    if entries.get("category"):
        complaint = record_complaint(complaint, entries, actor=actor, at=at)
    return complaint
