"""Why customers were lost, noted by people; and the rules by which winning them back is judged."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from kezhi.accounts.models import person
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import may_reach
from kezhi.customers.models import Customer, Standing
from kezhi.insight.models import Loss, WinBackRules
from kezhi.insight.winning_back import judge_one, rules_in_force
from kezhi.value.lifetime.win_back import WinBackSettings
from kezhi.value.plain import from_plain, to_plain

CAUSES = tuple(cause for cause in Loss.Cause.values if cause != Loss.Cause.OTHER)
MOST_MONEY = 1e12
MOST_MONTHS = 240


class InvalidLoss(Refused):
    """`errors` says what to correct: field → sentence."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(next(iter(errors.values())))
        self.errors = errors


@audited("customer.loss_noted")
def note_loss(customer: Customer, cause: str, *, actor: Actor, on: date, remark: str = "") -> Loss:
    """Why this customer was lost; a later note replaces it. Whether winning it back pays is judged at once."""
    _must_edit(actor, customer)
    if cause not in Loss.Cause.values:
        raise InvalidLoss({"cause": _("Choose why the customer was lost.")})
    if not Standing.objects.filter(pk=customer.pk, occasions__gt=0).exists():
        raise Refused(_("This customer never bought, so it can't be lost."))
    note(cause=cause)
    loss, _is_new = Loss.objects.update_or_create(
        customer=customer,
        defaults={
            "cause": cause,
            "remark": remark.strip()[:300],
            "noted_on": on,
            "noted_by": person(actor),
        },
    )
    judge_one(customer.pk, on=on)
    return loss


@audited("customer.loss_withdrawn")
def withdraw_loss(customer: Customer, *, actor: Actor, on: date) -> None:
    """The cause turned out wrong, or isn't known after all."""
    _must_edit(actor, customer)
    loss = Loss.objects.filter(customer=customer).first()
    if loss is None:
        raise Refused(_("No cause is noted for this customer."))
    note(cause=loss.cause)
    loss.delete()
    judge_one(customer.pk, on=on)


def _must_edit(actor: Actor, customer: Customer) -> None:
    if not may_reach(actor, "edit", "customer", customer):
        raise NotAllowed(_("Your role doesn't change this customer."))


class InvalidWinBackRules(InvalidLoss):
    """The rules don't hold together."""


@audited("win_back_rules.published")
def publish_win_back_rules(
    rules: Mapping[str, Any], *, actor: Actor, on: date, reason: str
) -> WinBackRules:
    """A new version of the fields of `WinBackSettings`; the next run judges by it.

    Raises `InvalidWinBackRules`, and `Refused` when nothing is different.
    """
    if not actor.may("edit", "value_settings"):
        raise NotAllowed(_("Only an owner changes how winning back is judged."))
    errors = dict(check_rules(rules))
    if not reason.strip():
        errors["reason"] = _("Say why: colleagues will ask what changed.")
    if errors:
        raise InvalidWinBackRules(errors)
    wanted = from_plain(WinBackSettings, rules)
    if wanted == rules_in_force():
        raise Refused(_("Nothing is different from the rules in force."))
    return WinBackRules.objects.create(
        rules=to_plain(wanted),
        reason=reason.strip()[:300],
        published_by=person(actor),
    )


def check_rules(rules: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with them: field and sentence. Chances stand under `recoverability`."""
    chances = rules.get("recoverability", {})
    shares = [(f"chance-{cause}", chances.get(cause)) for cause in CAUSES]
    shares += [(name, rules.get(name)) for name in ("otherwise", "least_recoverability")]
    for name, share in shares:
        if not _is_within(share, 0, 1):
            yield name, _("Enter a share from 0 to 100 per cent.")
    if not _is_within(rules.get("half_life_months"), 0, MOST_MONTHS):
        yield "half_life_months", _("Enter months from 0 to %(most)s.") % {"most": MOST_MONTHS}
    for name in ("cost_of_attempt", "cost_if_accepted", "least_gain"):
        if not _is_within(rules.get(name), 0, MOST_MONEY):
            yield name, _("Enter an amount of 0 or more.")


def _is_within(number: object, low: float, high: float) -> bool:
    is_number = isinstance(number, int | float) and not isinstance(number, bool)
    return is_number and math.isfinite(number) and low <= number <= high  # type: ignore[arg-type,operator]
