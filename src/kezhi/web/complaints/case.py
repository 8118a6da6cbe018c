"""What is shown of a complaint, on its own page and on that of its ticket."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from kezhi.accounts.models import Department, User
from kezhi.customers.models import Customer, Standing
from kezhi.records import registry
from kezhi.service.complaints import concluding, proposing, recording, recurring, suggesting
from kezhi.service.complaints.ruling import current_rules
from kezhi.service.complaints.stepping import JUDGING, ORDER, is_permitted
from kezhi.service.models import Complaint, ComplaintCause, ComplaintParty, Ticket, TicketEntry
from kezhi.web.complaints.entering import GIVEN, PARTS
from kezhi.workbench.attaching import attachments_of

Step = Complaint.Step
MOST_OPTIONS = 200
LATEST_ENTRIES = 40


def steps(complaint: Complaint) -> list[dict[str, Any]]:
    """The ten steps as a bar: done, current, to do."""
    due = ORDER.index(Step(complaint.step))
    return [
        {
            "label": step.label,
            "state": "done" if place < due else "current" if place == due else "todo",
        }
        for place, step in enumerate(ORDER[:-1])
    ]


def may(complaint: Complaint, actor: User) -> dict[str, bool]:
    """What this person may do now; the deeds ask again."""
    works = bool(Complaint.objects.visible_to(actor, "edit").filter(pk=complaint.pk).exists())
    judges = works and is_permitted(complaint, actor, JUDGING)
    step = Step(complaint.step)
    takes = {
        Step.RECORD: recording.may_record(complaint, actor) if step is Step.RECORD else False,
        Step.JUDGE: judges,
        Step.RESPONSIBILITY: judges,
        Step.APPROVE: works
        and step is Step.APPROVE
        and proposing.may_approve(complaint, actor, current_rules()),
    }
    is_live = complaint.voided_at is None
    return {
        "work": works and is_live,
        "judge": judges and is_live,
        "take": takes.get(step, works) and is_live and step is not Step.DONE,
        "reapportion": judges
        and is_live
        and ORDER.index(Step.RESPONSIBILITY) < ORDER.index(step) < ORDER.index(Step.DONE),
        "go_back": judges and is_live and step is not Step.RECORD,
    }


def responsibility(complaint: Complaint, actor: User) -> dict[str, Any]:
    """The shares with their part of the loss, for the bar and its list."""
    rows = complaint.parties.select_related(
        "party", "department", "employee", "entry", "attachment"
    )
    found = []
    at = Decimal(0)
    for place, party in enumerate(rows.order_by("-share", "pk")):
        found.append(
            {
                "party": party,
                "color": place % 6 + 1,
                "at": at * 100,
                "width": party.share * 100,
                "part": None if complaint.loss is None else complaint.loss * party.share,
            }
        )
        at += party.share
    return {"complaint": complaint, "parties": found}


def about(complaint: Complaint, actor: User) -> dict[str, Any]:
    """Everything of the case beside its forms."""
    sees_value = actor.sees("customer", "value")
    standing = None
    if sees_value and complaint.customer_id is not None:
        standing = Standing.objects.filter(pk=complaint.customer_id).first()
    return {
        **responsibility(complaint, actor),
        "steps": steps(complaint),
        "step": Step(complaint.step),
        "may": may(complaint, actor),
        "history": complaint.steps.select_related("by").order_by("-at", "-pk"),
        "compensations": complaint.compensations.select_related("done_by").order_by("pk"),
        "attempts": complaint.attempts.select_related("by").order_by("at"),
        "similar": recurring.similar(complaint, actor),
        "similar_kind": registry["complaint"],
        "standing": standing,
        "sees_value": sees_value,
        "sees_money": actor.sees("complaint", "money"),
        "suggestion": suggesting.suggest(complaint) if sees_value and standing else None,
        "outcome": concluding.outcome(complaint) if complaint.settled_at else None,
        "earlier": _within_a_year(complaint, actor),
    }


def form_options(complaint: Complaint, actor: User) -> dict[str, Any]:
    """What the form of the step that is due offers."""
    step = Step(complaint.step)
    offered: dict[str, Any] = {
        "rows": range(PARTS),
        "given_rows": range(GIVEN),
        "back_steps": [(str(each), each.label) for each in ORDER[: ORDER.index(step)]],
        "categories": Complaint.Category.choices,
        "verdicts": Complaint.Verdict.choices,
        "answers": Complaint.Answer.choices,
        "channels": Ticket.Channel.choices[:5],
        "sorts": complaint.compensations.model.Sort.choices,
    }
    if step is Step.CAUSE:
        rows = ComplaintCause.objects.in_use().filter(category=complaint.category)
        offered["causes"] = [(str(each.pk), str(each)) for each in rows.order_by("pk")]
    if step not in (Step.RECORD, Step.JUDGE, Step.DONE):
        offered["who_options"] = who_options(complaint, actor)
        offered["evidence_options"] = evidence_options(complaint)
        offered["kept_parts"] = [_as_typed(each) for each in complaint.parties.order_by("-share")]
    return offered


def who_options(complaint: Complaint, actor: User) -> list[tuple[str, Any]]:
    """Parties that may be responsible, in groups: the customer, partners, departments, colleagues."""
    partners = (
        Customer.objects.visible_to(actor)
        .filter(roles__overlap=[Customer.Role.SUPPLIER])
        .order_by("name_key", "pk")[:MOST_OPTIONS]
    )
    departments = Department.objects.order_by("pk")[:MOST_OPTIONS]
    people = User.objects.filter(is_active=True).order_by("name", "pk")[:MOST_OPTIONS]
    own = complaint.customer.name if complaint.customer else _("The customer")
    return [
        ("customer", own),
        (_("Carriers and suppliers"), [(f"party:{each.pk}", each.name) for each in partners]),
        (_("Departments"), [(f"department:{each.pk}", each.name) for each in departments]),
        (_("Colleagues"), [(f"employee:{each.pk}", each.name) for each in people]),
    ]


def evidence_options(complaint: Complaint) -> list[tuple[str, Any]]:
    """The words and files of the ticket that may prove something."""
    entries = TicketEntry.objects.filter(ticket_id=complaint.ticket_id).exclude(text="")
    files = [
        *attachments_of("ticket", complaint.ticket_id),
        *attachments_of("complaint", complaint.pk),
    ]
    said = [
        (f"entry:{each.pk}", f"{each.get_sort_display()}: {' '.join(each.text.split())[:50]}")
        for each in entries.order_by("-at", "-pk")[:LATEST_ENTRIES]
    ]
    return [
        (_("Words on the ticket"), said),
        (_("Files"), [(f"file:{each.pk}", each.name) for each in files]),
    ]


def _as_typed(party: ComplaintParty) -> dict[str, str]:
    """A party as the form shows it."""
    keys = {
        "customer": "customer",
        "partner": f"party:{party.party_id}" if party.party_id else "",
        "department": f"department:{party.department_id}",
        "employee": f"employee:{party.employee_id}",
    }
    evidence = f"entry:{party.entry_id}" if party.entry_id else ""
    if party.attachment_id:
        evidence = f"file:{party.attachment_id}"
    return {
        "who": keys[party.sort],
        "name": party.name,
        "share": f"{party.share * 100:f}".rstrip("0").rstrip("."),
        "finding": party.finding,
        "evidence": evidence,
    }


def _within_a_year(complaint: Complaint, actor: User) -> int:
    """How many complaints of this customer there were within the year before, this one counted."""
    if complaint.customer_id is None:
        return 0
    since = complaint.opened_at - recurring.LONG
    rows = Complaint.objects.visible_to(actor).counted().filter(customer_id=complaint.customer_id)
    return int(rows.filter(opened_at__gt=since, opened_at__lte=complaint.opened_at).count())
