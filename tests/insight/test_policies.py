"""What tiers are promised: published in versions by an owner, read by everybody."""

from dataclasses import replace
from decimal import Decimal

import pytest

from cast import TODAY
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.models import Customer, Standing
from kezhi.insight.models import TierPolicies
from kezhi.insight.policies import (
    InvalidPolicies,
    TierPolicy,
    policies_in_force,
    policy_of,
    publish_tier_policies,
)

pytestmark = pytest.mark.django_db


def policies(**changed):
    usual = TierPolicy("S", "客户经理", 30, 8, Decimal("0.05"), ("call", "visit"), "每月联系一次。")
    return {tier: replace(usual, tier=tier, **changed) for tier in "SABCD"}


def publish(actor, reason="年度标准", **changed):
    return publish_tier_policies(policies(**changed), actor=actor, on=TODAY, reason=reason)


def test_what_is_published_is_what_others_read(owner, anhui_tea):
    assert policy_of("S") is None
    publish(owner)
    publish(owner, "加快回复", response_hours=2)
    assert policies_in_force() == policies(response_hours=2)
    assert policy_of("A").response_hours == 2
    versions = TierPolicies.objects.order_by("pk").values_list("reason", "published_by__name")
    assert list(versions) == [("年度标准", owner.name), ("加快回复", owner.name)]


def test_a_customer_has_the_policy_of_their_tier(owner, anhui_tea):
    publish(owner)
    customer = Customer.objects.get(pk=anhui_tea.pk)
    assert policy_of(customer) is None
    Standing.objects.filter(pk=anhui_tea.pk).update(tier="B")
    assert policy_of(Customer.objects.get(pk=anhui_tea.pk)) == policies()["B"]


@pytest.mark.parametrize(
    ("field", "entry"),
    [
        ("owner_level", " "),
        ("care_days", 0),
        ("care_days", 731),
        ("response_hours", 0),
        ("discount_limit", Decimal("1.01")),
        ("discount_limit", Decimal("-0.01")),
        ("channels", ()),
        ("channels", ("pigeon",)),
        ("meaning", ""),
        ("meaning", "长" * 201),
    ],
)
def test_entries_that_make_no_sense_are_named(owner, field, entry):
    with pytest.raises(InvalidPolicies) as refusal:
        publish(owner, **{field: entry})
    assert set(refusal.value.errors) == {(tier, field) for tier in "SABCD"}
    assert not TierPolicies.objects.exists()


def test_it_takes_an_owner_a_reason_and_a_difference(owner, manager, li_wei):
    for person in (manager, li_wei):
        with pytest.raises(NotAllowed):
            publish(person)
    with pytest.raises(InvalidPolicies):
        publish(owner, " ")
    publish(owner)
    with pytest.raises(Refused, match=r"different|没有差别"):
        publish(owner)
    assert TierPolicies.objects.count() == 1


def test_every_tier_needs_one(owner):
    some = policies()
    del some["C"]
    with pytest.raises(InvalidPolicies):
        publish_tier_policies(some, actor=owner, on=TODAY, reason="年度标准")
