"""Whether a complaint is justified, and what caused it."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.refusal import Refused
from kezhi.service.complaints.stepping import JUDGING, Step, advance, take
from kezhi.service.models import Complaint, ComplaintCause


@audited("complaint.judged")
def judge(
    complaint: Complaint,
    verdict: str,
    *,
    actor: Actor,
    at: datetime,
    reason: str,
    version: int | None = None,
) -> Complaint:
    """Justified, in part, or not, with the reason. What isn't justified goes on with a proposal, so that the
    customer hears why."""
    complaint = take(complaint, Step.JUDGE, actor=actor, grant=JUDGING, version=version)
    if verdict not in Complaint.Verdict.values:
        raise Refused(_("Say whether the complaint is justified, partly or not."))
    if not reason.strip():
        raise Refused(_("Say what the judgement rests on."))
    complaint.verdict = verdict
    note(verdict=verdict)
    advance(complaint, actor=actor, at=at, words=reason)
    return complaint


@audited("complaint.cause_named")
def name_cause(
    complaint: Complaint,
    cause: ComplaintCause | None,
    *,
    actor: Actor,
    at: datetime,
    words: str,
    version: int | None = None,
) -> Complaint:
    """Why it happened: a cause of the complaint's category from the list, and what happened in words."""
    complaint = take(complaint, Step.CAUSE, actor=actor, version=version)
    if cause is None or cause.category != complaint.category:
        raise Refused(_("Choose a cause of this category."))
    if not cause.is_active and cause.pk != complaint.cause_id:
        raise Refused(_("This cause is no longer in use. Choose another one."))
    if not words.strip():
        raise Refused(_("Say in a sentence how it came to this."))
    complaint.cause, complaint.cause_words = cause, words.strip()[:500]
    note(cause=cause.name)
    advance(complaint, actor=actor, at=at, words=words)
    return complaint
