"""The ten steps of a complaint: which is due, what comes after it, and the way back."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from kezhi.accounts.models import person
from kezhi.audit.recording import audited, note, traced_by
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.service.models import Compensation, Complaint, ComplaintStep
from kezhi.service.tickets.happening import happened

Step = Complaint.Step
ORDER = tuple(Step)
JUDGING = "complaint_judgement"


def is_permitted(complaint: Complaint, actor: Actor, kind: str) -> bool:
    """Whether the actor's scope for a grant of complaints contains this one."""
    rows = Complaint.objects.within(actor.scope("edit", kind), actor, "edit")
    return bool(rows.filter(pk=complaint.pk).exists())


@traced_by("the deed that calls it")
def take(
    complaint: Complaint,
    *steps: Step,
    actor: Actor,
    action: str = "edit",
    grant: str = "",
    version: int | None = None,
) -> Complaint:
    """The complaint under lock, if the actor may work on it and one of these steps is due."""
    complaint = claim(complaint, actor=actor, action=action, version=version)
    if grant and not is_permitted(complaint, actor, grant):
        raise NotAllowed(_("Your role doesn’t decide on this complaint."))
    if complaint.voided_at is not None:
        raise Refused(_("This turned out to be no complaint. Nothing more is to be done."))
    if complaint.step not in steps:
        due = Step(complaint.step)
        if due is Step.DONE:
            raise Refused(_("This complaint is completed. Go back to a step to correct it."))
        raise Refused(_("Another step is due: %(step)s.") % {"step": due.label})
    return complaint


@traced_by("the deed that calls it")
def advance(complaint: Complaint, *, actor: Actor, at: datetime, words: str = "") -> None:
    """The step that was due is done: kept with who and when, told on the ticket, and the next one is due."""
    done = Step(complaint.step)
    ComplaintStep.objects.create(
        complaint=complaint, step=done, at=at, by=person(actor), note=words.strip()[:1000]
    )
    complaint.step = after(complaint)
    complaint.step_since = at
    complaint.version += 1
    complaint.save()
    happened(
        complaint.ticket,
        "complaint_step",
        actor=actor,
        at=at,
        step=str(done),
        words=words.strip()[:300],
    )


def after(complaint: Complaint) -> Step:
    """What follows the step that was due. What isn't justified needs no responsibility and no cause; what
    costs nothing needs no approval; where nothing is given there is nothing to do."""
    step = Step(complaint.step)
    if step is Step.JUDGE and complaint.verdict == Complaint.Verdict.UNJUSTIFIED:
        return Step.PROPOSAL
    if step is Step.PROPOSAL and not complaint.proposed:
        is_given = Compensation.objects.filter(
            complaint=complaint, state=Compensation.State.PROPOSED
        ).exists()
        return Step.ACT if is_given else Step.FEED_BACK
    return ORDER[ORDER.index(step) + 1]


@audited("complaint.taken_back")
def go_back(
    complaint: Complaint, step: str, *, actor: Actor, at: datetime, reason: str
) -> Complaint:
    """Take the case back to an earlier step, which is due again with all that follow it.

    What was carried out stays carried out until it is taken back itself. A case that goes back behind the
    feedback is open again.
    """
    complaint = claim(complaint, actor=actor, action="edit")
    if not is_permitted(complaint, actor, JUDGING):
        raise NotAllowed(_("Your role doesn’t decide on this complaint."))
    if complaint.voided_at is not None:
        raise Refused(_("This turned out to be no complaint. Nothing more is to be done."))
    if step not in Step.values or ORDER.index(Step(step)) >= ORDER.index(Step(complaint.step)):
        raise Refused(_("Choose a step that lies before the one that is due."))
    if not reason.strip():
        raise Refused(_("Say why the case goes back: it stays in its history."))
    wanted = Step(step)
    note(before=complaint.step, after=str(wanted))
    ComplaintStep.objects.create(
        complaint=complaint,
        step=wanted,
        at=at,
        by=person(actor),
        note=reason.strip()[:1000],
        is_back=True,
    )
    place = ORDER.index(wanted)
    if place <= ORDER.index(Step.PROPOSAL):
        complaint.compensations.filter(state=Compensation.State.PROPOSED).delete()
    if place <= ORDER.index(Step.APPROVE):
        complaint.approved_by = None
    if place <= ORDER.index(Step.FEED_BACK):
        complaint.settled_at, complaint.answer, complaint.answer_words = None, "", ""
    if place <= ORDER.index(Step.REVIEW):
        complaint.bought_again_on = complaint.has_recurred = None
    complaint.closed_at = None
    complaint.step, complaint.step_since = wanted, at
    complaint.version += 1
    complaint.save()
    happened(
        complaint.ticket,
        "complaint_back",
        actor=actor,
        at=at,
        step=str(wanted),
        reason=reason.strip()[:300],
    )
    return complaint
