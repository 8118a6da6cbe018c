"""The tiers: how many stand in each, what they are worth, where each begins, and what it is promised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from kezhi.core.actor import Actor
from kezhi.customers.models import Interaction
from kezhi.customers.models.standing import Tier
from kezhi.insight import figures
from kezhi.insight.models import TierOverride
from kezhi.insight.policies import TierPolicy, policies_in_force
from kezhi.insight.ruling import current_settings
from kezhi.web import numbers
from kezhi.web.requests import PersonRequest, must_may, must_see
from kezhi.web.value import findings, pictures
from kezhi.web.value.dashboard import scope_words

MOVED_MONTHS = 3


@dataclass(frozen=True, slots=True)
class TierRow:
    """A tier as the page shows it; `step` is None before the first run."""

    tier: str
    label: str
    step: figures.PyramidStep | None
    begins: str
    policy: TierPolicy | None
    href: str


@require_safe
def show(request: PersonRequest) -> HttpResponse:
    actor = request.actor
    must_may(request, "read", "customer")
    must_see(request, "customer", "value")
    basis = figures.basis(compare_months=MOVED_MONTHS)
    pyramid = figures.pyramid(actor, basis) if basis else None
    policies = policies_in_force()
    about: dict[str, Any] = {
        "basis": basis,
        "scope": scope_words(actor),
        "finding": findings.pyramid(pyramid) if pyramid else "",
        "rows": _rows(basis, pyramid, policies),
        "unmeasured": pyramid.unmeasured if pyramid else 0,
        "cut": cut_words(current_settings().rules["tiers"]["by"]),
        "has_policies": bool(policies),
        "shows_discount": shows_discount(actor),
        "channels": channel_words,
        "may_edit": actor.may("edit", "value_settings"),
        "may_read_rules": actor.may("read", "value_settings"),
        "may_measure": actor.may("measure", "value_run"),
        "moves": figures.tier_moves(actor, figures.months_before(basis.as_of, MOVED_MONTHS), 0)
        if basis
        else None,
        "by_hand": _counts(actor),
    }
    return render(request, "value/tiers/index.html", about)


def _rows(
    basis: figures.Basis | None,
    pyramid: figures.Pyramid | None,
    policies: dict[str, TierPolicy],
) -> list[TierRow]:
    known = basis.run.summary.get("tiers", {}).get("floors", []) if basis else []
    floors = dict(zip(Tier.values, known, strict=False))
    return [
        TierRow(
            tier=tier.value,
            label=str(tier.label),
            step=pyramid.step(tier) if pyramid else None,
            begins=_begins(tier, floors),
            policy=policies.get(tier),
            href=pictures.by_tier(tier),
        )
        for tier in Tier
    ]


def _begins(tier: str, floors: dict[str, float | None]) -> str:
    if tier == Tier.values[-1]:
        return _("all others")
    floor = floors.get(tier)
    return "" if floor is None else numbers.number(floor, 1, plain=True)


def _counts(actor: Actor) -> dict[str, int] | None:
    """Tiers by hand that wait and that are in force; None for who may not read them."""
    if not actor.may("read", "tier_override"):
        return None
    rows = TierOverride.objects.visible_to(actor)
    return {"waiting": rows.waiting().count(), "in_force": rows.in_force().count()}


def shows_discount(actor: Actor) -> bool:
    """How far prices may go is told to those who see costs and margins."""
    return actor.sees("customer", "money")


def channel_words(policy: TierPolicy) -> str:
    """The channels of a policy by their names."""
    labels = dict(Interaction.Channel.choices)
    return _(", ").join(str(labels.get(channel, channel)) for channel in policy.channels)


def policy_line(policy: TierPolicy, actor: Actor) -> str:
    """A policy in a line, as the customer's page shows it."""
    days, hours = policy.care_days, policy.response_hours
    parts = [
        policy.owner_level,
        ngettext("contact every day", "contact every %(num)d days", days) % {"num": days},
        ngettext("first answer within %(num)d hour", "first answer within %(num)d hours", hours)
        % {"num": hours},
    ]
    if shows_discount(actor):
        limit = numbers.percent(policy.discount_limit, 1, plain=True)
        parts.append(_("discount up to %(limit)s") % {"limit": limit})
    return " · ".join([*parts, channel_words(policy)])


def cut_words(by: str) -> str:
    """How the rules cut the tiers, in words."""
    return {
        "share": _("by share of customers, best score first"),
        "threshold": _("by score"),
        "value": _("by share of value, best score first"),
        "clusters": _("where the scores part by themselves"),
    }.get(by, by)
