"""What the customer says to what was done; where nobody answers, the attempts to hear it."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from kezhi.accounts.models import person
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.refusal import Refused
from kezhi.customers.reaching import home_zone
from kezhi.service.complaints.stepping import Step, advance, take
from kezhi.service.models import Complaint, FeedbackAttempt, Ticket

Answer = Complaint.Answer


@audited("complaint.attempt_noted")
def note_attempt(
    complaint: Complaint,
    channel: str,
    *,
    actor: Actor,
    at: datetime,
    tried_at: datetime,
    words: str,
) -> FeedbackAttempt:
    """Somebody tried to hear the customer at `tried_at`, and what came of it."""
    complaint = take(complaint, Step.FEED_BACK, actor=actor)
    if channel not in Ticket.Channel.values:
        raise Refused(_("Choose how you tried to reach the customer."))
    if tried_at > at:
        raise Refused(_("Choose a time that is over."))
    if tried_at < complaint.step_since:
        raise Refused(_("Only attempts after the action count: what was done has to be known."))
    if not words.strip():
        raise Refused(_("Say what came of it."))
    note(channel=channel)
    return FeedbackAttempt.objects.create(
        complaint=complaint,
        at=tried_at,
        channel=channel,
        words=words.strip()[:300],
        by=person(actor),
    )


@audited("complaint.fed_back")
def note_answer(
    complaint: Complaint,
    answer: str,
    *,
    actor: Actor,
    at: datetime,
    words: str,
    version: int | None = None,
) -> Complaint:
    """What the customer answered, in their words. “Not reached” needs attempts on different days by
    different channels. The complaint is settled: its ticket may close."""
    complaint = take(complaint, Step.FEED_BACK, actor=actor, version=version)
    if answer not in Answer.values:
        raise Refused(_("Say what the customer answered."))
    if answer == Answer.SILENT and not may_give_up(complaint):
        raise Refused(
            _("“Not reached” needs two attempts on different days by different channels.")
        )
    if answer != Answer.SILENT and not words.strip():
        raise Refused(_("Write down what the customer said."))
    complaint.answer, complaint.answer_words = answer, words.strip()[:500]
    complaint.settled_at = at
    note(answer=answer)
    advance(complaint, actor=actor, at=at, words=words)
    return complaint


def may_give_up(complaint: Complaint) -> bool:
    """Whether enough was tried: twice at least, on different days, by different channels."""
    zone = home_zone()
    tries = [
        (each.at.astimezone(zone).date(), each.channel)
        for each in complaint.attempts.filter(at__gte=complaint.step_since)
    ]
    return any(
        one[0] != other[0] and one[1] != other[1]
        for place, one in enumerate(tries)
        for other in tries[place + 1 :]
    )
