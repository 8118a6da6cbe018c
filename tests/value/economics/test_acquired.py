"""Cohorts by source and month of winning: curves, intervals, payback and what comes after."""

import numpy as np
import pytest

from kezhi.value.economics.acquired import MOST_MONTHS, WonMonth, paid_back, won_by_month
from kezhi.value.economics.payback import payback_by_source
from kezhi.value.realised import Lines

AS_OF = 20_000


def trade(customers=400, seed=2):
    rng = np.random.default_rng(seed)
    first = rng.integers(AS_OF - 900, AS_OF, customers)
    codes = rng.integers(0, customers, 6000)
    days = first[codes] + rng.integers(0, 900, 6000)
    return rng.integers(0, 2, customers), first, Lines(codes, days, rng.gamma(2, 20, 6000))


def test_the_curve_of_all_months_is_that_of_the_source():
    of, first, money = trade()
    won = won_by_month(["fair", "web"], of, first, money, as_of=AS_OF)
    sources = np.array(["fair", "web"])[of].tolist()
    costs = {"fair": 40_000.0, "web": 9_000.0}
    for one in payback_by_source(sources, first.astype(np.int32), money, costs, as_of=AS_OF):
        own = paid_back([each for each in won if each.source == one.source], one.cost_per_customer)
        assert own.customers == one.customers
        assert own.gathered == pytest.approx(one.gathered)
        assert own.months == pytest.approx(one.months)
        assert all(
            low <= mean <= high
            for low, mean, high in zip(own.low, own.gathered, own.high, strict=True)
        )


def test_who_has_no_source_or_has_not_bought_takes_no_part():
    of, first, money = trade(50)
    of[:10], first[10:20] = -1, AS_OF + 5
    won = won_by_month(["fair", "web"], of, first, money, as_of=AS_OF)
    assert sum(each.customers for each in won) == 30


def test_what_is_ahead_goes_on_at_the_last_pace_and_falls_as_it_fell():
    steady = paid_back([WonMonth("fair", "2025-01", 10, (10,) * 12, (100.0,) * 12)], 200.0)
    assert steady.ahead[0] == pytest.approx(130)
    assert steady.months is None
    assert steady.months_ahead == pytest.approx(20)
    assert len(steady.gathered) + len(steady.ahead) == MOST_MONTHS
    fading = tuple(100.0 * 0.5**k for k in range(12))
    never = paid_back([WonMonth("fair", "2025-01", 10, (10,) * 12, fading)], 25.0)
    assert never.months_ahead is None
    assert never.ahead[-1] < 21


def test_the_interval_covers_the_true_curve():
    inside = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        won = [
            WonMonth("fair", f"m{month}", 30, (30,) * 6, tuple(own))
            for month in range(10)
            for own in [rng.gamma(2, 10, (30, 1)).repeat(6, axis=1).sum(axis=0)]
        ]
        found = paid_back(won, 0.0)
        inside += found.low[5] <= 120 <= found.high[5]
    assert 0.7 < inside / 60 < 0.95


def test_without_months_nothing_is_claimed():
    found = paid_back([], 10.0)
    assert (found.gathered, found.months, found.months_ahead, found.low) == ((), None, None, None)
    assert (
        won_by_month(
            [], np.zeros(0, int), np.zeros(0, int), Lines(*[np.zeros(0, int)] * 3), as_of=1
        )
        == ()
    )
