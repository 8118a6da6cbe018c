"""Late payment: what it costs, once and reversibly; how customers pay; what isn't told isn't measured."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import F

from cast import TODAY
from kezhi.core.refusal import NotAllowed
from kezhi.insight.models import CapitalRate, PaymentBehaviour, Snapshot, Unprofitable
from kezhi.insight.paying import publish_capital_rate
from kezhi.insight.serving import InvalidCost
from kezhi.ledger.models import Order

pytestmark = pytest.mark.django_db
LONG_AGO = TODAY - timedelta(days=2000)
FIGURES = ("cost_to_serve", "realised_value", "contribution_12m", "score", "tier")


def worth(run):
    rows = Snapshot.objects.filter(run=run).order_by("customer_id")
    return {row.customer_id: [getattr(row, name) for name in FIGURES] for row in rows}


def told(order, due, paid):
    """Days after the order it was due and paid."""
    day = order.ordered_on
    paid_on = None if paid is None else day + timedelta(days=paid)
    Order.objects.filter(pk=order.pk).update(due_on=day + timedelta(days=due), paid_on=paid_on)


@pytest.fixture
def payers(trading):
    """One pays 60 days late, another on time; the third left an order open, due 100 days ago."""
    orders = Order.objects.filter(amount__gt=0, ordered_on__lte=TODAY - timedelta(days=130))
    late, prompt, owing = (
        orders.filter(customer__code=code).order_by("-ordered_on").first()
        for code in ("C-004", "C-010", "C-011")
    )
    told(late, 30, 90)
    told(prompt, 30, 20)
    told(owing, (TODAY - owing.ordered_on).days - 100, None)
    return late, prompt, owing


def set_rate(actor, rate, since=LONG_AGO):
    publish_capital_rate(Decimal(rate), actor=actor, on=TODAY, since_on=since, reason="贷款利率")


def test_orders_without_dates_or_payments_change_nothing(trading, owner, measure):
    before = worth(measure())
    set_rate(owner, "0.08")
    assert worth(measure()) == before
    Order.objects.update(due_on=F("ordered_on"))  # nobody records payments
    assert worth(measure()) == before
    assert not PaymentBehaviour.objects.exists()


def test_late_payment_costs_once_and_only_while_a_rate_holds(payers, owner, measure):
    before = worth(measure())
    set_rate(owner, "0.08")
    after = worth(measure())
    for order, days in zip(payers, (60, 0, 100), strict=True):
        cost = float(order.amount) * days * 0.08 / 365.25
        was, now = before[order.customer_id], after[order.customer_id]
        assert float(now[0] - was[0]) == pytest.approx(cost, abs=0.011)
        assert float(was[1] - now[1]) == pytest.approx(cost, abs=0.011)
        assert PaymentBehaviour.objects.get(pk=order.customer_id).cost == now[0] - was[0]
    others = set(before) - {order.customer_id for order in payers}
    assert all(before[each][:3] == after[each][:3] for each in others)
    set_rate(owner, "0")
    assert worth(measure()) == before


def test_how_customers_pay_is_kept_with_the_run(payers, owner, measure):
    measure()
    late, prompt, owing = (PaymentBehaviour.objects.get(pk=each.customer_id) for each in payers)
    assert (late.orders, late.late_orders, late.share_on_time, late.mean_days_late) == (1, 1, 0, 60)
    assert (prompt.late_orders, prompt.share_on_time, prompt.overdue) == (0, 1, 0)
    assert (owing.overdue, owing.overdue_orders, owing.mean_days_late) == (payers[2].amount, 1, 100)
    assert PaymentBehaviour.objects.count() == 3
    Order.objects.update(due_on=None, paid_on=None)
    measure()
    assert not PaymentBehaviour.objects.exists()


def test_the_index_is_measured_of_those_whose_orders_tell(payers, measure):
    run = measure()
    leaves = [leaf["name"] for leaf in run.tree["tree"]["branches"][0]["leaves"]]
    place = leaves.index("payment")
    found = {
        row.customer_id: row.leaves[place]
        for row in Snapshot.objects.filter(run=run, occasions__gt=0)
    }
    assert [found.pop(each.customer_id) for each in payers] == [0, 1, 0]
    assert set(found.values()) == {None}


def test_a_past_month_is_measured_as_it_was_known_then(payers, owner, measure):
    set_rate(owner, "0.08")
    day = TODAY - timedelta(days=50)
    then = worth(measure(day))[payers[2].customer_id][0]
    now = worth(measure())[payers[2].customer_id][0]
    assert float(now - then) == pytest.approx(
        float(payers[2].amount) * 50 * 0.08 / 365.25, abs=0.011
    )


def test_who_pays_far_too_late_costs_more_than_it_brings_because_of_it(payers, owner, measure):
    order = payers[0]
    bought = Order.objects.filter(
        customer=order.customer_id, ordered_on__gt=TODAY - timedelta(days=700)
    )
    for each in bought:
        told(each, 0, min((TODAY - each.ordered_on).days, 360) or 1)
    set_rate(owner, "1")
    measure()
    loss = Unprofitable.objects.get(pk=order.customer_id)
    assert loss.costs["late_payment"] > 0
    assert loss.causes[0]["component"] == "late_payment"


@pytest.mark.parametrize(
    ("given", "wrong"),
    [({"rate": Decimal("1.5")}, "rate"), ({"rate": None}, "rate"), ({"rate": Decimal("NaN")}, "rate"),
     ({"since_on": None}, "since_on"), ({"reason": " "}, "reason")],
)  # fmt: skip
def test_a_rate_that_makes_no_sense_is_refused_by_field(owner, given, wrong):
    whole = {"rate": Decimal("0.05"), "since_on": TODAY, "reason": "x"} | given
    with pytest.raises(InvalidCost) as refused:
        publish_capital_rate(whole.pop("rate"), actor=owner, on=TODAY, **whole)
    assert set(refused.value.errors) == {wrong}


def test_only_who_sets_the_rules_may(li_wei):
    with pytest.raises(NotAllowed):
        set_rate(li_wei, "0.05")
    assert not CapitalRate.objects.exists()
