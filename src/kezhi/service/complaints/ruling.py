"""Who approves how much compensation: read, checked, published in versions."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from kezhi.accounts.models import person
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor, Scope
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.service.models import ComplaintRules

# Grants by level: who holds a higher one approves what is lower as well.
LEVELS = ("compensation_small", "compensation_medium", "compensation_large")
SMALL_LIMIT, MEDIUM_LIMIT = Decimal(1000), Decimal(20000)
MOST = Decimal(10) ** 12


class InvalidLimits(Refused):
    """`errors` says what to correct: field → sentence."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(next(iter(errors.values())))
        self.errors = errors


def current_rules() -> ComplaintRules:
    """The version in force; before the first the product's first guess, not kept."""
    found = ComplaintRules.objects.current()
    return found or ComplaintRules(small_limit=SMALL_LIMIT, medium_limit=MEDIUM_LIMIT)


def level_of(amount: Decimal, rules: ComplaintRules) -> int:
    """The place in `LEVELS` of the least grant that approves this amount."""
    if amount <= rules.small_limit:
        return 0
    return 1 if amount <= rules.medium_limit else 2


def may_rule(actor: Actor) -> bool:
    return actor.scope("edit", LEVELS[-1]) is Scope.ALL


@audited("complaint_rules.published")
def publish_limits(
    small: Decimal | None, medium: Decimal | None, *, actor: Actor, on: date, reason: str
) -> ComplaintRules:
    """A new version of the limits, in force at once for what is approved from now on."""
    if not may_rule(actor):
        raise NotAllowed(_("Only who approves any amount sets the limits."))
    errors = {}
    for name, amount in (("small", small), ("medium", medium)):
        if amount is None or not amount.is_finite() or not 0 <= amount <= MOST:
            errors[name] = _("Enter an amount of 0 or more.")
    if not errors and small is not None and medium is not None and medium < small:
        errors["medium"] = _("The second limit lies at or above the first.")
    if not reason.strip():
        errors["reason"] = _("Say why: colleagues will ask what changed.")
    if errors or small is None or medium is None:
        raise InvalidLimits(errors)
    held = current_rules()
    if held.pk and (held.small_limit, held.medium_limit) == (small, medium):
        raise Refused(_("Nothing is different from the limits in force."))
    note(small=str(small), medium=str(medium))
    return ComplaintRules.objects.create(
        small_limit=round(small, 2),
        medium_limit=round(medium, 2),
        reason=reason.strip()[:300],
        published_by=person(actor),
    )
