"""What people do with an offer: plan it, say why it doesn't fit, or take that back."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from kezhi.accounts.models import person
from kezhi.audit.recording import audited, note
from kezhi.catalog.models import Product
from kezhi.core.actor import Actor
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import may_reach
from kezhi.customers.following_up import plan_follow_up
from kezhi.customers.models import Customer, FollowUp
from kezhi.insight.models import Offer, OfferAnswer, OfferRun

State = OfferAnswer.State
Reason = OfferAnswer.Reason
DUE_WITHIN = timedelta(days=3)


def may_answer(actor: Actor, customer: Customer) -> bool:
    """Whoever plans what is done with the customer and knows what it is worth."""
    return actor.sees("customer", "value") and may_reach(actor, "create", "follow_up", customer)


@audited("offer.planned")
def plan_offer(
    customer: Customer, product: Product, *, actor: Actor, on: date, despite: str = ""
) -> FollowUp:
    """A follow-up to offer the product, due in three days; the offer isn't made again. `despite` says why,
    while the customer has trouble with us."""
    offer = _open_offer(customer, product, actor)
    follow_up: FollowUp = plan_follow_up(
        {
            "customer": customer,
            "subject": (_("Offer %(product)s") % {"product": product.name})[:200],
            "due_on": on + DUE_WITHIN,
            "despite": despite.strip()[:300],
        },
        actor=actor,
        on=on,
    )
    _answer(offer, State.PLANNED, actor=actor, on=on, follow_up=follow_up)
    return follow_up


@audited("offer.rejected")
def reject_offer(
    customer: Customer,
    product: Product,
    *,
    actor: Actor,
    on: date,
    reason: str,
    remark: str = "",
) -> OfferAnswer:
    """Why it doesn't fit; it isn't offered again until somebody takes that back."""
    offer = _open_offer(customer, product, actor)
    if reason not in Reason.values:
        raise Refused(_("Choose why it doesn’t fit."))
    return _answer(offer, State.REJECTED, actor=actor, on=on, reason=reason, remark=remark)


@audited("offer.reconsidered")
def reconsider_offer(customer: Customer, product: Product, *, actor: Actor, on: date) -> None:
    """Take the answer back: it may be offered again. A follow-up that was planned stays."""
    if not may_answer(actor, customer):
        raise NotAllowed(_("Your role doesn’t answer offers to this customer."))
    answer = OfferAnswer.objects.filter(customer=customer, product=product).first()
    if answer is None:
        raise Refused(_("This offer hasn’t been answered."))
    note(product=product.name, answer=answer.state)
    answer.delete()


def _open_offer(customer: Customer, product: Product, actor: Actor) -> Offer:
    if not may_answer(actor, customer):
        raise NotAllowed(_("Your role doesn’t answer offers to this customer."))
    if OfferAnswer.objects.filter(customer=customer, product=product).exists():
        raise Refused(_("This offer has been answered already."))
    offer = Offer.objects.filter(
        offer_run=OfferRun.objects.current(), customer=customer, product=product
    ).first()
    if offer is None:
        raise Refused(_("This offer isn’t made any more."))
    return offer


def _answer(
    offer: Offer,
    state: State,
    *,
    actor: Actor,
    on: date,
    reason: str = "",
    remark: str = "",
    follow_up: FollowUp | None = None,
) -> OfferAnswer:
    note(product=offer.product.name, reason=reason)
    try:
        with transaction.atomic():
            return OfferAnswer.objects.create(
                customer_id=offer.customer_id,
                product_id=offer.product_id,
                state=state,
                reason=reason,
                remark=remark.strip()[:300],
                expected=offer.expected,
                follow_up=follow_up,
                answered_on=on,
                answered_by=person(actor),
            )
    except IntegrityError as error:  # a colleague answered at the same moment
        raise Refused(_("This offer has been answered already.")) from error
