"""What somebody typed into the form of a step, and the deed that it asks for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from kezhi.accounts.models import Department, User
from kezhi.catalog.models import Product
from kezhi.core.ids import record_id
from kezhi.core.refusal import Refused
from kezhi.customers.models import Customer
from kezhi.service.complaints import (
    apportioning,
    concluding,
    feeding_back,
    judging,
    proposing,
    recording,
    stepping,
)
from kezhi.service.complaints.apportioning import Part
from kezhi.service.complaints.proposing import Given
from kezhi.service.models import Complaint, ComplaintCause, TicketEntry
from kezhi.web.requests import PersonRequest, typed, typed_number
from kezhi.workbench.attaching import attachments_of

PARTS, GIVEN = 5, 4
LONG = 1000
HUNDRED = Decimal(100)


class Mistyped(Refused):
    """A control of the form holds something that can't be read (422)."""


def record(request: PersonRequest, complaint: Complaint) -> None:
    fields: dict[str, Any] = {
        "category": typed(request, "category", 20),
        "wanted": typed(request, "wanted", 300),
        "lane": typed(request, "lane", 120),
        "loss": _money(request, "loss"),
    }
    product = record_id(typed(request, "product", 20))
    if product is not None:
        fields["product"] = Product.objects.visible_to(request.actor).filter(pk=product).first()
    recording.record_complaint(
        complaint, fields, actor=request.actor, at=timezone.now(), version=_version(request)
    )


def judge(request: PersonRequest, complaint: Complaint) -> None:
    judging.judge(
        complaint,
        typed(request, "verdict", 20),
        actor=request.actor,
        at=timezone.now(),
        reason=typed(request, "words", LONG),
        version=_version(request),
    )


def apportion(request: PersonRequest, complaint: Complaint) -> None:
    rows = (_part(request, complaint, place) for place in range(PARTS))
    apportioning.apportion(
        complaint,
        [part for part in rows if part is not None],
        actor=request.actor,
        at=timezone.now(),
        version=_version(request),
    )


def _part(request: PersonRequest, complaint: Complaint, place: int) -> Part | None:
    """A row of the form; None when nothing stands in it."""
    who, name = typed(request, f"who-{place}", 40), typed(request, f"name-{place}", 200)
    share, finding = typed(request, f"share-{place}", 20), typed(request, f"finding-{place}", 300)
    if not (who or name or share):
        return None
    number = typed_number(share, may_be_percent=True)
    if number is None:
        raise Mistyped(_("Enter the share of each party in per cent."))
    sort, _colon, pk_text = who.partition(":")
    pk = record_id(pk_text)
    known: dict[str, Any] = {}
    if sort == "party" and pk is not None:
        known["party"] = Customer.objects.visible_to(request.actor).filter(pk=pk).first()
    elif sort == "department" and pk is not None:
        known["department"] = Department.objects.filter(pk=pk).first()
    elif sort == "employee" and pk is not None:
        known["employee"] = User.objects.filter(pk=pk, is_active=True).first()
    sorts = {"party": "partner", "": "partner"}
    return Part(
        sort=sorts.get(sort, sort),
        share=number / HUNDRED,
        finding=finding,
        name=name,
        **known,
        **_evidence(complaint, typed(request, f"evidence-{place}", 40)),
    )


def _evidence(complaint: Complaint, chosen: str) -> dict[str, Any]:
    sort, _colon, pk_text = chosen.partition(":")
    pk = record_id(pk_text)
    if sort == "entry" and pk is not None:
        entry = TicketEntry.objects.filter(pk=pk, ticket_id=complaint.ticket_id).first()
        return {"entry": entry} if entry is not None else {}
    if sort == "file" and pk is not None:
        files = [
            *attachments_of("ticket", complaint.ticket_id),
            *attachments_of("complaint", complaint.pk),
        ]
        found = next((each for each in files if each.pk == pk), None)
        return {"attachment": found} if found is not None else {}
    return {}


def name_cause(request: PersonRequest, complaint: Complaint) -> None:
    pk = record_id(typed(request, "cause", 20))
    judging.name_cause(
        complaint,
        ComplaintCause.objects.filter(pk=pk).first() if pk is not None else None,
        actor=request.actor,
        at=timezone.now(),
        words=typed(request, "words", 500),
        version=_version(request),
    )


def propose(request: PersonRequest, complaint: Complaint) -> None:
    given = []
    for place in range(GIVEN):
        sort = typed(request, f"sort-{place}", 20)
        amount, words = _money(request, f"amount-{place}"), typed(request, f"words-{place}", 300)
        if sort:
            given.append(Given(sort, amount or Decimal(0), words))
        elif amount or words:
            raise Mistyped(_("Choose what the customer is given."))
    proposing.propose(
        complaint,
        given,
        actor=request.actor,
        at=timezone.now(),
        words=typed(request, "words", 500),
        expected_to_keep=_money(request, "expected_to_keep"),
        version=_version(request),
    )


def approve(request: PersonRequest, complaint: Complaint) -> None:
    proposing.approve(
        complaint,
        actor=request.actor,
        at=timezone.now(),
        remark=typed(request, "words", LONG),
        version=_version(request),
    )


def reject(request: PersonRequest, complaint: Complaint) -> None:
    reason = typed(request, "words", LONG)
    proposing.reject(
        complaint,
        actor=request.actor,
        at=timezone.now(),
        reason=reason,
        version=_version(request),
    )


def note_attempt(request: PersonRequest, complaint: Complaint) -> None:
    now = timezone.now()
    feeding_back.note_attempt(
        complaint,
        typed(request, "channel", 20),
        actor=request.actor,
        at=now,
        tried_at=_moment(typed(request, "tried_at", 30)) or now,
        words=typed(request, "words", 300),
    )


def note_answer(request: PersonRequest, complaint: Complaint) -> None:
    feeding_back.note_answer(
        complaint,
        typed(request, "answer", 20),
        actor=request.actor,
        at=timezone.now(),
        words=typed(request, "words", 500),
        version=_version(request),
    )


def review(request: PersonRequest, complaint: Complaint) -> None:
    concluding.review(
        complaint,
        actor=request.actor,
        at=timezone.now(),
        words=typed(request, "words", LONG),
        version=_version(request),
    )


def summarise(request: PersonRequest, complaint: Complaint) -> None:
    concluding.summarise(
        complaint,
        actor=request.actor,
        at=timezone.now(),
        words=typed(request, "words", 5000),
        version=_version(request),
    )


def go_back(request: PersonRequest, complaint: Complaint) -> None:
    stepping.go_back(
        complaint,
        typed(request, "step", 20),
        actor=request.actor,
        at=timezone.now(),
        reason=typed(request, "words", LONG),
    )


Handler = Callable[[PersonRequest, Complaint], None]
HANDLERS: dict[str, Handler] = {
    "record": record,
    "judgement": judge,
    "responsibility": apportion,
    "cause": name_cause,
    "proposal": propose,
    "approval": approve,
    "rejection": reject,
    "attempt": note_attempt,
    "answer": note_answer,
    "review": review,
    "summary": summarise,
    "way-back": go_back,
}


def _version(request: PersonRequest) -> int | None:
    """The version that the person saw; none given is none asked for."""
    version = request.POST.get("version", "")
    return int(version) if version.isdecimal() and len(version) < 10 else None


def _money(request: PersonRequest, name: str) -> Decimal | None:
    text = typed(request, name, 40)
    if not text:
        return None
    number = typed_number(text)
    if number is None:
        raise Mistyped(_("%(typed)s is no number.") % {"typed": text[:40]})
    return number


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        local = datetime.fromisoformat(text)
    except ValueError as error:
        raise Mistyped(_("Write day and time as 2026-11-20 09:30.")) from error
    zone = timezone.get_current_timezone()
    return local.replace(tzinfo=zone) if local.tzinfo is None else local
