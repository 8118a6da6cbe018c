"""What to do next with a customer: what was promised, and what the numbers suggest with reason and money."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from kezhi.core.actor import Actor
from kezhi.customers.models import Customer, FollowUp
from kezhi.customers.models.standing import Tier
from kezhi.insight import figures
from kezhi.web.complaints import trouble
from kezhi.web.value import reasons

FOLLOW_UPS = 8
TOP_TIERS = (Tier.S, Tier.A, Tier.B)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`subject` is the follow-up that taking it up would plan."""

    key: str
    subject: str
    why: str
    worth: float | None
    is_planned: bool
    is_predicted: bool = True


@dataclass(frozen=True, slots=True)
class NextSteps:
    follow_ups: tuple[FollowUp, ...]
    suggestions: tuple[Suggestion, ...]
    risk: figures.AtRisk | None
    loss: float | None
    """What serving the customer cost in 12 months beyond what it brought; None where it brought something."""
    """The customer's line among those at risk, or None."""

    @property
    def worth(self) -> float | None:
        return self.risk.value_at_risk if self.risk else None

    @property
    def reasons(self) -> list[str]:
        return list(reasons.sentences(self.risk.reasons, self.risk)) if self.risk else []

    @property
    def is_alarming(self) -> bool:
        """Whether the page opens with a warning: only where somebody valuable is leaving."""
        return bool(self.risk and self.risk.reasons and self.risk.tier in TOP_TIERS and self.worth)


def of(customer: Customer, actor: Actor, basis: figures.Basis | None) -> NextSteps:
    open_ones = FollowUp.objects.visible_to(actor).open().filter(customer=customer)
    follow_ups = tuple(open_ones.select_related("assignee").order_by("due_on", "pk")[:FOLLOW_UPS])
    risk = None
    if basis:
        known = trouble.why_not_now(customer)
        risk = figures.risk_of(actor, customer.pk, basis, trouble=known)
    planned = {follow_up.subject for follow_up in follow_ups}
    loss = _loss(customer) if actor.sees("customer", "value") else None
    suggestions = [*_suggestions(risk, planned), *_unprofitable(loss, planned)]
    return NextSteps(follow_ups, tuple(suggestions), risk, loss)


def _loss(customer: Customer) -> float | None:
    contribution = customer.standing.contribution_12m
    return -float(contribution) if contribution is not None and contribution < 0 else None


def _unprofitable(loss: float | None, planned: set[str]) -> list[Suggestion]:
    if loss is None:
        return []
    subject = _("Agree on prices or on service that pays")
    why = _("In 12 months goods and service cost more than they paid.")
    return [Suggestion("loss", subject, why, loss, subject in planned, is_predicted=False)]


def _suggestions(risk: figures.AtRisk | None, planned: set[str]) -> list[Suggestion]:
    if risk is None:
        return []
    found: list[Suggestion] = []
    # What isn’t settled is seen to on its ticket; the page says so by itself.
    for key in [each for each in risk.reasons if each != "trouble"]:
        subject = _subject(key)
        why = " ".join(reasons.sentences([key], risk))
        worth = risk.value_at_risk if not found else None
        found.append(Suggestion(key, subject, why, worth, subject in planned))
    return found


def _subject(key: str) -> str:
    return {
        "overdue": _("Ask about the order that is overdue"),
        "falling": _("Get in touch before they are gone"),
        "declining": _("Find out why they buy less"),
        "discontent": _("Ask what disappointed them"),
        "behind": _("Go through their success plan with them"),
    }[key]
