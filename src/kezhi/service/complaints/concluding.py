"""What became of it: whether they bought again, whether it came back, and what is learned."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.utils.translation import gettext as _

from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.refusal import Refused
from kezhi.customers.reaching import home_day
from kezhi.ledger.models import Order
from kezhi.service.complaints.stepping import Step, advance, take
from kezhi.service.models import Complaint

SAME_WITHIN = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What followed a complaint until now. `kept` is the value that was at risk, once they bought again, less
    nothing; None while it can't be told. `net` is that minus what was given."""

    bought_again_on: date | None
    has_recurred: bool
    kept: Decimal | None
    cost: Decimal

    @property
    def net(self) -> Decimal | None:
        return None if self.kept is None else self.kept - self.cost


@audited("complaint.reviewed")
def review(
    complaint: Complaint,
    *,
    actor: Actor,
    at: datetime,
    words: str,
    version: int | None = None,
) -> Complaint:
    """Whether it helped: what is measured (bought again, came back) and what people see."""
    complaint = take(complaint, Step.REVIEW, actor=actor, version=version)
    if not words.strip():
        raise Refused(_("Say whether what was done helped."))
    found = outcome(complaint)
    complaint.bought_again_on = found.bought_again_on
    complaint.has_recurred = found.has_recurred
    note(bought_again=bool(found.bought_again_on), recurred=found.has_recurred)
    advance(complaint, actor=actor, at=at, words=words)
    return complaint


@audited("complaint.summarised")
def summarise(
    complaint: Complaint,
    *,
    actor: Actor,
    at: datetime,
    words: str,
    version: int | None = None,
) -> Complaint:
    """What is learned from it: the case is completed."""
    complaint = take(complaint, Step.SUMMARISE, actor=actor, version=version)
    if not words.strip():
        raise Refused(_("Say what is learned from it."))
    complaint.summary, complaint.closed_at = words.strip()[:5000], at
    advance(complaint, actor=actor, at=at, words=words)
    return complaint


def outcome(complaint: Complaint) -> Outcome:
    """As the orders and the later complaints tell it."""
    if complaint.settled_at is None or complaint.customer_id is None:
        return Outcome(None, False, None, complaint.compensated)
    settled_on = home_day(complaint.settled_at)
    bought = (
        Order.objects.filter(
            customer_id=complaint.customer_id, ordered_on__gt=settled_on, amount__gt=0
        )
        .order_by("ordered_on")
        .values_list("ordered_on", flat=True)
        .first()
    )
    again = Complaint.objects.counted().filter(
        customer_id=complaint.customer_id,
        category=complaint.category,
        opened_at__gt=complaint.settled_at,
        opened_at__lte=complaint.settled_at + SAME_WITHIN,
    )
    kept = complaint.at_risk if bought is not None else None
    return Outcome(bought, again.exclude(pk=complaint.pk).exists(), kept, complaint.compensated)
