"""Activities, totals, late payment, whale curve, causes of losses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezhi.value.concentration import concentration
from kezhi.value.costs.activities import RULES, Activity, Bought, Total, serving_costs
from kezhi.value.costs.causes import loss_of
from kezhi.value.costs.payment import late_payment_costs, payment_behaviour
from kezhi.value.costs.whales import whales
from kezhi.value.realised import Lines, realised

RATES = [Activity("service", 200, "hour"), Activity("visit", 300, "visit")]


def lines(count=300, customers=20, seed=1):
    rng = np.random.default_rng(seed)
    return Bought(
        rng.integers(0, customers, count),
        rng.integers(0, 60, count),
        np.round(rng.lognormal(4, 1, count), 2),
        rng.integers(0, 90, count),
        rng.gamma(2, 3, count),
    )


@pytest.mark.parametrize("rule", RULES)
@given(cents=st.integers(-(10**10), 10**10), seed=st.integers(0, 1000))
def test_every_total_lands_exactly_by_every_rule(rule, cents, seed):
    found = serving_costs(
        [],
        [],
        [],
        [],
        rates=(),
        totals=[Total("rent", cents / 100, 0, 30, rule)],
        bought=lines(seed=seed),
        customers=20,
    )
    assert int(np.rint(found.lines.amounts * 100).sum()) == cents
    assert (found.lines.days == 30).all()


def test_the_rules_share_out_by_what_they_say():
    bought = Bought(
        np.array([0, 0, 0, 1]),
        np.array([1, 1, 2, 40]),
        np.array([10.0, 20, 30, 140]),
        np.array([7, 7, 8, 9]),
        np.array([1.0, 1, 1, 7]),
    )

    def shared(rule, last=50):
        totals = [Total("x", 100, 0, last, rule)]
        found = serving_costs([], [], [], [], rates=(), totals=totals, bought=bought, customers=3)
        return found.by_kind(3)["x"].tolist()

    assert shared("revenue") == [30, 70, 0]
    assert shared("orders") == [66.67, 33.33, 0]
    assert shared("lines") == [75, 25, 0]
    assert shared("weight") == [30, 70, 0]
    assert shared("equal") == [50, 50, 0]
    assert shared("equal", last=30) == [100, 0, 0]


def test_what_cannot_be_shared_out_is_said():
    bare = Bought(np.array([0]), np.array([1]), np.array([5.0]))
    for rule, said in (("orders", "freight: .* no orders"), ("weight", "freight: .* no weight")):
        with pytest.raises(ValueError, match=said):
            serving_costs(
                [],
                [],
                [],
                [],
                rates=(),
                totals=[Total("freight", 1, 0, 9, rule)],
                bought=bare,
                customers=1,
            )
    with pytest.raises(ValueError, match="nobody"):
        serving_costs([], [], [], [], rates=(), totals=[Total("rent", 1, 0, 9)], customers=1)
    with pytest.raises(ValueError, match="nothing to share"):
        serving_costs(
            [], [], [], [], rates=(), totals=[Total("rent", 1, 5, 9)], bought=bare, customers=1
        )
    with pytest.raises(ValueError, match="no rule"):
        Total("rent", 1, 0, 9, "luck")


def test_activities_lower_realised_value():
    found = serving_costs(
        [0, 1, 1], [5, 6, 7], ["service", "visit", "parade"], [1.5, 2, 9], rates=RATES, customers=2
    )
    assert found.unknown == {"parade": 1}
    orders = Lines(np.array([0, 1]), np.array([1, 1]), np.array([1000.0, 1000.0]))
    past = realised(orders, None, None, found.lines, customers=2, as_of=10, margin_rate=0.5)
    assert past.value.tolist() == [200, -100]


def test_payment_counts_what_was_open_on_the_day():
    invoices = ([0, 0, 0, 1], [10, 10, 500, 10], [5, 100, 501, 9], [100, 100, 100, -50])
    then = payment_behaviour(*invoices, capital_rate=0.36525, as_of=50, customers=2)
    assert then.cost[0] == pytest.approx(100 * 40 * 0.001)
    assert then.overdue.tolist() == [100, 0]
    assert then.share_on_time[0] == 0.5
    assert np.isnan(then.mean_days_late[1])
    later = payment_behaviour(*invoices, capital_rate=0.36525, as_of=600, customers=2)
    assert later.cost[0] == pytest.approx(100 * 91 * 0.001)
    assert later.overdue[0] == 0


def invoices(count=400, customers=12, seed=3):
    rng = np.random.default_rng(seed)
    due = rng.integers(-200, 900, count).astype(float)
    paid = np.where(rng.random(count) < 0.3, np.nan, due + rng.integers(-30, 300, count))
    return rng.integers(0, customers, count), due, paid, np.round(rng.normal(500, 300, count), 2)


@pytest.mark.parametrize("at_once", [1, 50, 10**9])
def test_dated_costs_of_late_payment_add_up_to_that_of_payment(monkeypatch, at_once):
    monkeypatch.setattr("kezhi.value.costs.payment.AT_ONCE", at_once)
    given = invoices()
    whole = payment_behaviour(*given, capital_rate=0.06, as_of=800, customers=12)
    dated = late_payment_costs(*given, rates=[(-10_000, 0.06)], as_of=800)
    assert np.bincount(dated.codes, dated.amounts, 12) == pytest.approx(whole.cost)
    assert dated.days.max() == 800
    assert len(set(zip(dated.codes, dated.days, strict=True))) == len(dated.days)
    assert (whole.invoices >= whole.late).all()
    assert (whole.late >= whole.open).all()


def test_costs_of_late_payment_until_a_month_end_are_what_was_known_by_then():
    given, month_end = invoices(), 729  # 1971-12-31
    dated = late_payment_costs(*given, rates=[(100, 0.05), (400, 0.08)], as_of=800)
    then = late_payment_costs(*given, rates=[(100, 0.05), (400, 0.08)], as_of=month_end)
    known = dated.days <= month_end
    assert then.days.tolist() == dated.days[known].tolist()
    assert then.amounts == pytest.approx(dated.amounts[known])
    assert dated.days.min() > 100


def test_each_day_late_costs_at_the_rate_of_that_day():
    dated = late_payment_costs(
        [0], [95], [410], [36525], rates=[(400, 0.02), (100, 0.01)], as_of=800
    )
    # Days 100 … 399 at one, 400 … 410 at two.
    assert dated.amounts.sum() == pytest.approx(300 + 2 * 11)
    none = late_payment_costs([0], [95], [410], [36525], rates=[(100, 0.0)], as_of=800)
    assert len(none.days) == 0


def test_due_today_and_open_is_not_late_yet():
    found = payment_behaviour(
        [0, 0], [50, 50], [np.nan, 50], [7, 9], capital_rate=1, as_of=50, customers=1
    )
    assert (found.invoices[0], found.late[0], found.overdue[0], found.share_on_time[0]) == (
        1,
        0,
        0,
        1,
    )


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60))
def test_the_whale_adds_up(values):
    found = whales(values)
    assert found.created + found.destroyed == pytest.approx(sum(values), abs=1e-4)
    assert found.profitable + found.even + found.unprofitable == len(values)
    assert found.destroyed_by(len(values)) == pytest.approx(found.destroyed)
    if found.total > 1:
        assert found.peak == pytest.approx(concentration(values).peak)


def test_the_worst_destroyer_comes_first():
    found = whales([10, -1, -9, np.nan, 0])
    assert found.destroyers.tolist() == [2, 1]
    assert found.destroyed_by(1) == -9
    assert found.customers == 4


def test_similar_customers_are_of_the_same_group_and_near_in_revenue():
    revenue = [100, 100, 100, 100, 1e6, 100]
    visits = [80, 10, 10, 10, 0, 90]
    found = loss_of(0, revenue, {"visits": visits}, group=[1, 1, 1, 1, 1, 2], similar=3)
    assert found.similar == 3
    assert found.causes[0].excess == pytest.approx(70)


def test_nobody_to_compare_with_leaves_the_largest_components():
    found = loss_of(0, [0, 5], {"visits": [80, 1], "freight": [90, 0], "gifts": [0, 0]})
    assert found.causes == ()
    assert found.largest == (("freight", 90.0), ("visits", 80.0))
    assert found.contribution == -170
