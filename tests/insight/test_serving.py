"""Rates of activities in versions, totals shared out, and who costs more than it brings because of what."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest

from cast import TODAY
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import NotAllowed
from kezhi.customers.following_up import log_interaction
from kezhi.customers.models import Customer, Standing
from kezhi.insight import figures, serving, unprofitable
from kezhi.insight.models import ActivityRate, SharedCost, Snapshot, Unprofitable
from kezhi.insight.serving import enter_shared_cost, publish_rate, withdraw_shared_cost
from kezhi.ledger.entering import enter_cost
from kezhi.ledger.models import OrderLine

pytestmark = pytest.mark.django_db
BEGIN = TODAY - timedelta(days=60)


def cost_of(run, customer):
    return Snapshot.objects.get(run=run, customer=customer).cost_to_serve


def visited(customer, actor, *days):
    for day in days:
        at = datetime.combine(day, time(9), UTC)
        log_interaction(customer, "visit", "到访", actor=actor, at=at)


@pytest.fixture
def buyer(trading):
    return Customer.objects.get(
        pk=OrderLine.objects.filter(amount__gt=0).order_by("-ordered_on").first().customer_id
    )


def test_each_visit_costs_the_rate_of_its_day(buyer, owner, measure):
    before = cost_of(measure(), buyer)
    publish_rate("visit", Decimal(300), actor=owner, on=TODAY, since_on=BEGIN, reason="测算")
    later = BEGIN + timedelta(days=30)
    publish_rate("visit", Decimal(400), actor=owner, on=TODAY, since_on=later, reason="涨价")
    days = (BEGIN - timedelta(days=1), BEGIN, later - timedelta(days=1), later)
    visited(buyer, owner, *days)
    assert cost_of(measure(), buyer) - before == 300 + 300 + 400


def test_a_visit_belongs_to_the_day_that_it_was_at_the_company(buyer, owner, measure):
    """Half past seven in the morning in Shanghai is late the day before in Greenwich."""
    before = cost_of(measure(), buyer)
    publish_rate("visit", Decimal(300), actor=owner, on=TODAY, since_on=BEGIN, reason="测算")
    early = datetime.combine(BEGIN - timedelta(days=1), time(23, 30), UTC)
    log_interaction(buyer, "visit", "到访", actor=owner, at=early)
    assert cost_of(measure(), buyer) - before == 300


def test_a_rate_published_again_for_a_day_replaces_the_first(owner):
    for rate in (300, 250):
        publish_rate("call", Decimal(rate), actor=owner, on=TODAY, since_on=BEGIN, reason="x")
    [held] = serving.rates_by_activity()["call"]
    assert held.rate == 250
    assert serving.rate_on([held], BEGIN - timedelta(days=1)) is None
    assert ActivityRate.objects.count() == 2


def test_a_delivery_is_a_day_with_an_order(buyer, owner, measure):
    before = cost_of(measure(), buyer)
    publish_rate("delivery", Decimal(10), actor=owner, on=TODAY, since_on=BEGIN, reason="x")
    days = OrderLine.objects.filter(customer=buyer, amount__gt=0, ordered_on__gte=BEGIN)
    count = days.values("ordered_on").distinct().count()
    assert count
    assert cost_of(measure(), buyer) - before == 10 * count


def test_totals_land_to_the_cent_whatever_shares_them_out(trading, owner, measure):
    def whole(run):
        return sum(row.cost_to_serve or 0 for row in Snapshot.objects.filter(run=run))

    before = whole(measure())
    costs = [
        enter_shared_cost(
            "freight", Decimal("1000.01"), actor=owner, on=TODAY, first_on=TODAY - timedelta(days=300),
            last_on=TODAY, driver=driver,
        )
        for driver in SharedCost.Driver.values
    ]  # fmt: skip
    assert whole(measure()) - before == Decimal("1000.01") * len(costs)
    for cost in costs:
        withdraw_shared_cost(cost, actor=owner, on=TODAY)
    assert whole(measure()) == before


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"activity": "fax"}, "activity"),
        ({"rate": Decimal(-1)}, "rate"),
        ({"rate": Decimal("NaN")}, "rate"),
        ({"since_on": None}, "since_on"),
        ({"reason": " "}, "reason"),
    ],
)
def test_a_rate_that_makes_no_sense_is_refused_by_field(owner, given, wrong):
    whole = {"activity": "visit", "rate": Decimal(1), "since_on": TODAY, "reason": "x"} | given
    with pytest.raises(serving.InvalidCost) as refused:
        publish_rate(
            whole["activity"], whole["rate"], actor=owner, on=TODAY,
            since_on=whole["since_on"], reason=whole["reason"],
        )  # fmt: skip
    assert set(refused.value.errors) == {wrong}


def test_only_who_sets_the_rules_may(li_wei):
    with pytest.raises(NotAllowed):
        publish_rate("visit", Decimal(1), actor=li_wei, on=TODAY, since_on=TODAY, reason="x")
    with pytest.raises(NotAllowed):
        enter_shared_cost(
            "freight", Decimal(1), actor=li_wei, on=TODAY, first_on=TODAY, last_on=TODAY,
            driver="equal",
        )  # fmt: skip
    assert not ActivityRate.objects.exists()
    assert not SharedCost.objects.exists()


def test_a_supplier_visited_is_no_customer(trading, owner, measure):
    supplier = Customer.objects.exclude(standing__occasions__gt=0).first()
    supplier = Customer.objects.filter(orders=None, costs=None).first() or supplier
    Customer.objects.filter(pk=supplier.pk).update(roles=["supplier"])
    publish_rate("visit", Decimal(5), actor=owner, on=TODAY, since_on=BEGIN, reason="x")
    visited(supplier, owner, TODAY)
    assert not Snapshot.objects.filter(run=measure(), customer=supplier).exists()


def test_who_costs_more_than_it_brings_is_kept_with_the_sum_and_the_cause(buyer, owner, measure):
    measure()
    loss = Decimal(100_000)
    enter_cost(
        {"customer": buyer, "activity": "service", "incurred_on": TODAY, "amount": loss},
        actor=owner, on=TODAY,
    )  # fmt: skip
    run = measure()
    kept = Unprofitable.objects.get(customer=buyer)
    snapshot = Snapshot.objects.get(run=run, customer=buyer)
    assert kept.contribution == snapshot.contribution_12m < 0
    assert kept.revenue == snapshot.revenue_12m
    assert kept.causes[0]["component"] == "service"
    assert Decimal(str(kept.revenue)) - Decimal(str(sum(kept.costs.values()))) == pytest.approx(
        kept.contribution, abs=Decimal("0.03")
    )


def test_every_loss_of_the_run_is_on_the_list_and_no_other(trading, measure):
    run = measure()
    losing = Snapshot.objects.filter(run=run, contribution_12m__lt=0)
    assert set(losing.values_list("customer_id", "contribution_12m")) == set(
        Unprofitable.objects.values_list("customer_id", "contribution")
    )


def test_the_whale_curve_ends_at_the_whole_and_peaks_above(buyer, owner, measure):
    enter_cost(
        {"customer": buyer, "activity": "visit", "incurred_on": TODAY, "amount": Decimal(90_000)},
        actor=owner, on=TODAY,
    )  # fmt: skip
    measure()
    for of in ("year", "all"):
        found = unprofitable.whale_curve(SYSTEM, figures.basis(), of)
        assert found.customers == Standing.objects.filter(occasions__gt=0).count()
        assert found.unprofitable >= 1
        assert found.total == pytest.approx(found.created + found.destroyed)
        if found.points:
            assert found.points[-1] == pytest.approx((1.0, 1.0))
            assert max(share for _x, share in found.points) == pytest.approx(found.peak)
