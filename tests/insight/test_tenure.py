"""Profit by year of tenure: the company's own facts, in six parts that add up."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import F

from cast import TODAY
from kezhi.customers.models import Relation
from kezhi.insight import figures, tenure
from kezhi.insight.influence_rules import InfluencePolicy, publish_influence_rules
from kezhi.insight.models import KeptFigure
from kezhi.ledger.models import CostEntry, Order, OrderLine

pytestmark = pytest.mark.django_db


@pytest.fixture
def staying(trading):
    """Twelve of the company have been customers for longer than two years, and bought in both."""
    for customer in trading[3:15]:
        for ago in (1000, 500):
            order(customer, TODAY - timedelta(days=ago))
    OrderLine.objects.update(cost=F("amount") * Decimal("0.6"))
    return trading


def order(customer, day, amount=300):
    order = Order.objects.create(
        number=f"T-{customer.pk}-{day}",
        customer=customer,
        ordered_on=day,
        currency="CNY",
        amount=amount,
        owner_id=customer.owner_id,
        team_id=customer.team_id,
        department_id=customer.department_id,
    )
    OrderLine.objects.create(
        order=order, line_key="1", customer=customer, ordered_on=day, amount=amount
    )


def kept():
    return tenure.tenure(figures.basis())


def cost(customer, activity, amount, day):
    CostEntry.objects.create(
        customer=customer,
        activity=activity,
        amount=Decimal(amount),
        incurred_on=day,
        entry_key=f"{customer.pk}-{activity}-{day}",
    )


def first_order(customer):
    return (
        OrderLine.objects.filter(customer=customer, amount__gt=0).earliest("ordered_on").ordered_on
    )


def since_long(trading):
    """Who has been a customer for two whole years and bought in the second or later."""
    found = []
    for one in trading[3:]:
        first = first_order(one)
        again = OrderLine.objects.filter(
            customer=one, amount__gt=0, ordered_on__gte=first + timedelta(days=366)
        )
        if first + timedelta(days=730) <= TODAY and again.exists():
            found.append(one)
    return found


def test_a_run_keeps_it_and_the_parts_add_up(staying, measure):
    measure()
    found = kept()
    assert [one.year for one in found.years] == [1, 2]
    first, second = found.years
    assert first.growth == first.referrals == first.saved_acquisition == 0
    assert second.customers <= first.customers
    assert second.profit == pytest.approx(
        second.base
        + second.growth
        + second.lower_cost
        + second.smaller_discounts
        + second.referrals
    )
    assert not found.has_referrals


def test_a_run_from_before_it_was_kept_has_none(staying, measure):
    measure()
    KeptFigure.objects.filter(key=tenure.KEY).delete()
    assert kept() is None


def test_discounts_outside_the_price_are_told_from_serving(staying, measure):
    measure()
    before = kept().years[1]
    for customer in since_long(staying):
        day = first_order(customer)
        cost(customer, "discount", 400, day + timedelta(days=10))
        cost(customer, "discount", 100, day + timedelta(days=380))
        cost(customer, "service", 50, day + timedelta(days=10))
    measure()
    after = kept().years[1]
    assert after.customers == before.customers
    assert after.base == pytest.approx(before.base - 450)
    assert after.smaller_discounts == pytest.approx(before.smaller_discounts + 300)
    assert after.lower_cost == pytest.approx(before.lower_cost + 50)
    assert after.growth == pytest.approx(before.growth)


def test_who_left_counts_in_no_later_year(staying, measure):
    measure()
    second = kept().years[1]
    assert second.customers == len(since_long(staying))


def test_what_the_referred_bring_counts_on_the_day_they_bring_it(staying, measure, owner):
    policy = InfluencePolicy(share_anyway=0.25, saved_acquisition=0, reward=0)
    publish_influence_rules(policy, actor=owner, on=TODAY, reason="Stated")
    elder, younger = since_long(staying)[:2]
    begun = first_order(elder)
    Relation.objects.create(
        customer=elder,
        other=younger,
        nature="refers",
        since=begun + timedelta(days=370),
        strength=2,
    )
    for place in range(2):
        cost(younger, "service", 1000, begun + timedelta(days=380 + place))
    measure()
    after = kept()
    assert after.has_referrals
    assert after.years[0].referrals == 0
    lines = OrderLine.objects.filter(
        customer=younger,
        ordered_on__gte=begun + timedelta(days=370),
        ordered_on__lt=begun + timedelta(days=731),
    )
    margin = sum(float(amount) * 0.4 for amount in lines.values_list("amount", flat=True))
    brought = after.years[1].referrals * after.years[1].customers
    assert brought == pytest.approx(0.75 * (margin - 2000), rel=1e-4)


def test_the_cost_of_winning_counts_from_the_second_year(staying, measure):
    measure()
    with_cost = kept().with_cost_of_one(120.0)
    assert [one.saved_acquisition for one in with_cost.years] == [0, 120]
    assert with_cost.years[1].against_new == pytest.approx(with_cost.years[1].profit + 120)
    assert kept().with_cost_of_one(None).years[1].saved_acquisition == 0


def test_a_year_that_few_reached_is_left_out(trading, measure):
    for customer in trading[3 : 3 + tenure.LEAST - 1]:
        for ago in (1600, 400):
            order(customer, TODAY - timedelta(days=ago))
    measure()
    assert max(one.year for one in kept().years) < 4
    for ago in (1600, 100):
        order(trading[20], TODAY - timedelta(days=ago))
    measure()
    assert max(one.year for one in kept().years) == 4
