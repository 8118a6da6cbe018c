"""What each tier is promised: who looks after it, how often, how fast, with what discount, by which channels.

Other apps ask `policy_of` for one customer and `policies_in_force` for many.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from kezhi.accounts.models import person
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.models import Customer, Interaction
from kezhi.customers.models.standing import Tier
from kezhi.insight.models import TierPolicies

CHANNELS = tuple(
    channel.value for channel in Interaction.Channel if channel != Interaction.Channel.NOTE
)
LONGEST_LEVEL, LONGEST_MEANING = 60, 200
MOST_DAYS, MOST_HOURS = 730, 720


@dataclass(frozen=True, slots=True)
class TierPolicy:
    """How customers of a tier are looked after.

    `owner_level` is the position that answers for them, `care_days` the longest time between two contacts,
    `response_hours` the time to a first answer, `discount_limit` a fraction (0.08 is 8 %) that needs no
    further approval, `channels` some of `CHANNELS`, `meaning` all of it in a sentence.
    """

    tier: str
    owner_level: str
    care_days: int
    response_hours: int
    discount_limit: Decimal
    channels: tuple[str, ...]
    meaning: str

    def as_json(self) -> dict[str, Any]:
        """As it is kept."""
        return {
            **asdict(self),
            "discount_limit": str(self.discount_limit),
            "channels": list(self.channels),
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> TierPolicy:
        """What `as_json` wrote."""
        return cls(
            **{
                **plain,
                "discount_limit": Decimal(plain["discount_limit"]),
                "channels": tuple(plain["channels"]),
            }
        )


class InvalidPolicies(Refused):
    """The policies don't hold together; `errors` says where: (tier, field) → sentence."""

    def __init__(self, errors: dict[tuple[str, str], str]) -> None:
        super().__init__(next(iter(errors.values())))
        self.errors = errors


def policy_of(of: Customer | str) -> TierPolicy | None:
    """The policy in force for a customer's present tier, or for a tier by its letter.

    None while no policies are published, and for a customer without a tier. Takes one query, and another
    for a customer whose standing wasn't read with it.
    """
    tier = of.standing.tier if isinstance(of, Customer) else of
    return policies_in_force().get(tier) if tier else None


def policies_in_force() -> dict[str, TierPolicy]:
    """By tier, in one query; empty while none are published."""
    current = TierPolicies.objects.current()
    return policies_of(current) if current else {}


def policies_of(version: TierPolicies) -> dict[str, TierPolicy]:
    """What a published version says, by tier from best to lowest."""
    kept = version.policies
    return {tier: TierPolicy.from_json(kept[tier]) for tier in Tier.values if tier in kept}


@audited("tier_policies.published")
def publish_tier_policies(
    policies: Mapping[str, TierPolicy], *, actor: Actor, on: date, reason: str
) -> TierPolicies:
    """A new version of the policies of all tiers, in force at once.

    Raises `InvalidPolicies`, and `Refused` when nothing is different.
    """
    if not actor.may("edit", "value_settings"):
        raise NotAllowed(_("Only an owner changes what tiers are promised."))
    errors = dict(check_policies(policies))
    if not reason.strip():
        errors["", "reason"] = _("Say why: colleagues will ask what changed.")
    if errors:
        raise InvalidPolicies(errors)
    before = policies_in_force()
    if before == dict(policies):
        raise Refused(_("Nothing is different from the policies in force."))
    note(changed=[tier for tier in Tier.values if before.get(tier) != policies[tier]])
    return TierPolicies.objects.create(
        policies={tier: policies[tier].as_json() for tier in Tier.values},
        reason=reason.strip()[:300],
        published_by=person(actor),
    )


def check_policies(
    policies: Mapping[str, TierPolicy],
) -> Iterator[tuple[tuple[str, str], str]]:
    """What is wrong with them: tier, field and a sentence, in the order of the page."""
    for tier in Tier.values:
        policy = policies.get(tier)
        if policy is None:
            yield (tier, "owner_level"), _("Every tier needs a policy.")
            continue
        for name, sentence in _check(policy):
            yield (tier, name), sentence


def _check(policy: TierPolicy) -> Iterator[tuple[str, str]]:
    if not 0 < len(policy.owner_level.strip()) <= LONGEST_LEVEL:
        yield (
            "owner_level",
            _("Name the position in at most %(most)s characters.") % {"most": LONGEST_LEVEL},
        )
    if not 1 <= policy.care_days <= MOST_DAYS:
        yield "care_days", _("Enter whole days from 1 to %(most)s.") % {"most": MOST_DAYS}
    if not 1 <= policy.response_hours <= MOST_HOURS:
        yield "response_hours", _("Enter whole hours from 1 to %(most)s.") % {"most": MOST_HOURS}
    if not 0 <= policy.discount_limit <= 1:
        yield "discount_limit", _("Enter a discount from 0 to 100 per cent.")
    if not policy.channels or not set(policy.channels) <= set(CHANNELS):
        yield "channels", _("Choose at least one channel.")
    if not 0 < len(policy.meaning.strip()) <= LONGEST_MEANING:
        yield (
            "meaning",
            _("Say it in one sentence of at most %(most)s characters.") % {"most": LONGEST_MEANING},
        )
