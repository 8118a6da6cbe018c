"""How much each part of delivered value weighs, and what an hour of a customer's time costs: in versions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from kezhi.accounts.models import person
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.insight.delivering import rules_in_force
from kezhi.insight.models import DeliveredRules
from kezhi.value.delivered import ATTRIBUTES, BENEFITS, COSTS


class InvalidWeights(Refused):
    """The weights don't hold together; `errors` says where: field → sentence."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(next(iter(errors.values())))
        self.errors = errors


@audited("delivered_rules.published")
def publish_weights(
    weights: Mapping[str, float], wage: Decimal | None, *, actor: Actor, on: date, reason: str
) -> DeliveredRules:
    """A new version, which the next study goes by.

    Raises `InvalidWeights`, and `Refused` when nothing is different.
    """
    if not actor.may("edit", "value_settings"):
        raise NotAllowed(_("Only an owner changes how delivered value is weighed."))
    errors: dict[str, str] = {}
    for side, name in ((BENEFITS, BENEFITS[0]), (COSTS, COSTS[0])):
        total = sum(weights.get(each, 0.0) for each in side)
        if abs(total - 1) > 0.005:
            errors[name] = _(
                "The four weights of a side add up to a hundred; these give %(total)s."
            ) % {"total": f"{total * 100:g}"}
    if wage is not None and wage <= 0:
        errors["wage"] = _("An hour costs more than nothing.")
    if not reason.strip():
        errors["reason"] = _("Say why: colleagues will ask what changed.")
    if errors:
        raise InvalidWeights(errors)
    wanted = {name: round(float(weights.get(name, 0.0)), 4) for name in ATTRIBUTES}
    hour = None if wage is None else float(wage)
    if rules_in_force() == (wanted, hour):
        raise Refused(_("Nothing is different from the weights in force."))
    note(weights=wanted)
    return DeliveredRules.objects.create(
        weights=wanted,
        wage=wage,
        reason=reason.strip()[:300],
        published_by=person(actor),
    )
