"""How much a complaint is worth settling for: a suggestion with its reasons, never given by itself."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from kezhi.customers.models import Standing
from kezhi.insight.policies import policy_of
from kezhi.service.models import Complaint, ComplaintParty

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`owed` is the loss times the part that isn't the customer's own; `goodwill` the discount that the
    customer's tier permits without approval on a usual order; together at most `ceiling`, what is owed or the
    value at risk if that is more: to give more could keep nothing. Parts that aren't known are None."""

    loss: Decimal | None
    our_share: Decimal
    owed: Decimal | None
    goodwill: Decimal | None
    usual_order: Decimal | None
    discount: Decimal | None
    at_risk: Decimal | None
    ceiling: Decimal | None
    amount: Decimal | None


def suggest(complaint: Complaint) -> Suggestion:
    """From what is on record of the complaint and known of the customer's value; at most three queries."""
    parties = list(complaint.parties.all())
    own = sum((p.share for p in parties if p.sort == ComplaintParty.Sort.CUSTOMER), Decimal(0))
    is_justified = complaint.verdict != Complaint.Verdict.UNJUSTIFIED
    our_share = Decimal(1) - own if is_justified else Decimal(0)
    owed = None if complaint.loss is None else (complaint.loss * our_share).quantize(CENT)
    standing = Standing.objects.filter(pk=complaint.customer_id).first()
    at_risk = standing.value_at_risk if standing is not None else None
    usual = discount = goodwill = None
    if standing is not None and standing.tier and standing.occasions and is_justified:
        policy = policy_of(standing.tier)
        usual = _usual_order(standing)
        if policy is not None and usual is not None:
            discount = policy.discount_limit
            goodwill = (usual * discount).quantize(CENT)
    known = [part for part in (owed, goodwill) if part is not None]
    if not known:
        return Suggestion(
            complaint.loss, our_share, owed, goodwill, usual, discount, at_risk, None, None
        )
    ceiling = max(owed or Decimal(0), at_risk or Decimal(0)) if at_risk is not None else None
    total = sum(known, Decimal(0))
    amount = total if ceiling is None else min(total, ceiling)
    return Suggestion(
        complaint.loss, our_share, owed, goodwill, usual, discount, at_risk, ceiling, amount
    )


def _usual_order(standing: Standing) -> Decimal | None:
    """Revenue so far isn't kept on the standing: that of 12 months over the occasions a year of its time."""
    if not standing.revenue_12m or standing.first_order_on is None:
        return None
    if standing.last_order_on is None or standing.measured_on is None:
        return None
    days = max((standing.measured_on - standing.first_order_on).days, 1)
    yearly = standing.occasions * min(365 / days, 1)
    return (Decimal(standing.revenue_12m) / Decimal(max(yearly, 1))).quantize(CENT)
