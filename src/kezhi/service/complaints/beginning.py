"""A complaint begins with its ticket, follows it, and ends with it only when the customer was heard."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from kezhi.audit.recording import audited, note, traced_by
from kezhi.core.actor import Actor
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.service.complaints.stepping import JUDGING, is_permitted
from kezhi.service.models import Complaint, Ticket

PLACE = ("owner_id", "team_id", "department_id")


@traced_by("complaint.begun")
def follow_opened(ticket: Ticket, actor: Actor, at: datetime) -> None:
    """A ticket was opened: one of type complaint has its complaint from that moment."""
    if ticket.type == Ticket.Type.COMPLAINT:
        begin_complaint(ticket, actor=actor, at=at)


@audited("complaint.begun")
def begin_complaint(ticket: Ticket, *, actor: Actor, at: datetime) -> Complaint:
    """The complaint of a ticket, with the step “record” due; one that was voided goes on."""
    known = Complaint.objects.select_for_update(of=("self",)).filter(ticket=ticket).first()
    if known is not None:
        known.voided_at = None
        known.version += 1
        known.save()
        return known
    return Complaint.objects.create(
        ticket=ticket,
        customer_id=ticket.customer_id,
        product_id=ticket.product_id,
        opened_at=ticket.opened_at,
        step_since=at,
        created_by_id=actor.pk,
        **{name: getattr(ticket, name) for name in PLACE},
    )


@audited("complaint.voided")
def void_complaint(complaint: Complaint, *, actor: Actor, at: datetime) -> Complaint:
    """It turned out to be none. Of a customer who is known only who judges complaints says so, and only
    before anything was carried out."""
    if complaint.customer_id is not None and not is_permitted(complaint, actor, JUDGING):
        raise NotAllowed(_("Only who judges complaints says that this is none."))
    if complaint.compensations.filter(cost__isnull=False, reversal__isnull=True).exists():
        raise Refused(_("Compensation was carried out. Take it back before you say it is none."))
    note(step=complaint.step)
    complaint.voided_at = at
    complaint.version += 1
    complaint.save()
    return complaint


@traced_by("complaint.voided")
def follow_changed(ticket: Ticket, actor: Actor, at: datetime, changed: frozenset[str]) -> None:
    """Type, customer or product of the ticket is new."""
    complaint = Complaint.objects.filter(ticket=ticket).first()
    if "type" in changed and ticket.type == Ticket.Type.COMPLAINT:
        begin_complaint(ticket, actor=actor, at=at)
    elif "type" in changed and complaint is not None and complaint.voided_at is None:
        void_complaint(complaint, actor=actor, at=at)
    if complaint is None or not changed & {"customer", "product"}:
        return
    booked = complaint.compensations.exists() and "customer" in changed
    if booked and complaint.customer_id != ticket.customer_id:
        raise Refused(_("Compensation was proposed for this customer. The complaint stays there."))
    columns = {name: getattr(ticket, name) for name in ("customer_id", "product_id", *PLACE)}
    Complaint.objects.filter(pk=complaint.pk).update(**columns)


@traced_by("complaint.voided")
def follow_state(ticket: Ticket, actor: Actor, at: datetime, before: str) -> None:
    """Unwanted mail is no complaint; taken out of there again it is one."""
    if ticket.type != Ticket.Type.COMPLAINT:
        return
    if ticket.state == Ticket.State.SPAM:
        complaint = Complaint.objects.filter(ticket=ticket, voided_at__isnull=True).first()
        if complaint is not None:
            void_complaint(complaint, actor=actor, at=at)
    elif before == Ticket.State.SPAM:
        begin_complaint(ticket, actor=actor, at=at)


@traced_by("complaint.voided")
def follow_merged(ticket: Ticket, actor: Actor, at: datetime) -> None:
    """The ticket that goes on takes the complaint along; where it has one of its own, that one stands for both,
    unless something was given for the other."""
    complaint = Complaint.objects.filter(ticket=ticket, voided_at__isnull=True).first()
    onwards = ticket.merged_into
    if complaint is None or onwards is None:
        return
    other = Complaint.objects.filter(ticket=onwards).first()
    if other is not None and other.voided_at is not None:
        other.delete()
        other = None
    merge = ticket.entries.filter(event="merged").order_by("-at", "-pk").first()
    if merge is not None:
        # What taking the merge back asks for.
        merge.words |= {"complaint": complaint.pk, "type_before": onwards.type}
        merge.save(update_fields=["words"])
    if other is None:
        complaint.ticket = onwards
        complaint.customer_id = onwards.customer_id or complaint.customer_id
        complaint.version += 1
        complaint.save()
        if onwards.type != Ticket.Type.COMPLAINT:
            onwards.type = Ticket.Type.COMPLAINT
            onwards.save(update_fields=["type"])
        return
    is_behind = other.settled_at is not None and complaint.is_open
    if complaint.compensations.exists() or is_behind:
        raise Refused(
            _(
                "Both tickets are complaints and can’t become one: see to each of them, or link them."
            )
        )
    complaint.voided_at = at
    complaint.version += 1
    complaint.save()


@traced_by("ticket.parted")
def follow_parted(
    ticket: Ticket, into: Ticket, actor: Actor, at: datetime, merged_at: datetime | None
) -> None:
    """The complaint that the merge took along, or set aside, is the ticket's again."""
    merge = ticket.entries.filter(event="merged").order_by("-at", "-pk").first()
    known = merge.words.get("complaint") if merge is not None else None
    complaint = Complaint.objects.select_for_update(of=("self",)).filter(pk=known).first()
    if merge is None or complaint is None:
        return
    if complaint.ticket_id == ticket.pk:
        complaint.voided_at = None
    elif complaint.ticket_id == into.pk and not Complaint.objects.filter(ticket=ticket).exists():
        complaint.ticket = ticket
        complaint.customer_id = ticket.customer_id or complaint.customer_id
        into.type = merge.words.get("type_before", into.type)
        into.version += 1
        into.save()
    complaint.version += 1
    complaint.save()


def may_close(ticket: Ticket) -> str:
    """Nothing closes without the customer's answer, or documented attempts to get it."""
    if ticket.type != Ticket.Type.COMPLAINT:
        return ""
    complaint = Complaint.objects.filter(ticket=ticket).open().first()
    if complaint is None:
        return ""
    if complaint.step == Complaint.Step.FEED_BACK:
        return _(
            "The customer hasn’t answered yet. Note the answer, or two attempts on different days by"
            " different channels."
        )
    step = Complaint.Step(complaint.step).label
    return _("A complaint closes after the customer’s feedback; the step due is: %(step)s.") % {
        "step": step
    }
