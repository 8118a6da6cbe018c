"""Bridge, equity, value of cohorts, concentration over time: sums that must add up."""

from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezhi.value.over_time.bridge import PARTS, Snapshot, value_bridge
from kezhi.value.over_time.equity import Acquisition, customer_equity
from kezhi.value.over_time.periods import cohort_value, concentration_over_time

snapshots = st.dictionaries(
    st.integers(0, 30), st.floats(-1e9, 1e9).map(lambda v: round(v, 2)), max_size=20
)


def snapshot(values, former=None, active=None):
    return Snapshot(
        np.array(list(values), dtype=np.int64),
        np.array(list(values.values()), dtype=np.float64),
        active=active,
        by_former_model=former,
    )


@given(snapshots, snapshots, st.integers(0, 1000))
def test_the_bridge_adds_up_to_the_cent(before, after, seed):
    former = np.random.default_rng(seed).normal(0, 1e6, len(after))
    found = value_bridge(snapshot(before), snapshot(after, former))
    cents = [round(step.change * 100) for step in found.steps]
    ends = [round(end * 100) for end in (found.start, found.model_change, found.end)]
    assert ends[0] + sum(cents) + ends[1] == ends[2]
    assert ends[2] == sum(round(value * 100) for value in after.values())
    assert sum(step.customers for step in found.steps) == len(set(before) | set(after))
    for step in found.steps:
        if step.part == "grown":
            assert step.change >= 0
        if step.part == "shrunk":
            assert step.change <= 0


def test_returned_is_not_new():
    before = snapshot({1: 5.0, 2: 8.0, 3: 0.0}, active=np.array([False, True, False]))
    after = snapshot({1: 50.0, 2: 8.0, 3: -1.0, 4: 9.0}, active=np.array([True, True, False, True]))
    found = value_bridge(before, after)
    assert [PARTS[k] for k in found.part] == ["returned", "unchanged", "dormant", "new"]
    assert found.change.tolist() == [45, 0, -1, 9]


def test_lost_customers_may_keep_a_rest_of_value():
    found = value_bridge(
        Snapshot(np.array(["a"]), np.array([100.0])),
        Snapshot(np.array(["a"]), np.array([4.0]), active=np.array([False])),
    )
    lost = next(step for step in found.steps if step.part == "lost")
    assert (lost.customers, lost.change) == (1, -96)


def test_a_customer_who_stands_twice_is_refused():
    with pytest.raises(ValueError, match="twice"):
        value_bridge(Snapshot(np.array([1, 1]), np.zeros(2)), snapshot({}))


def test_equity_with_and_without_acquisition():
    won = Acquisition(per_month=2, cost=10, value_of_new=30, months=24)
    found = customer_equity([5, 6], acquisition=won, annual_rate=0.1)
    months = (np.arange(24) + 0.5) / 12
    assert found.static == 11
    assert found.acquired == pytest.approx(40 * (1.1**-months).sum())
    assert found.new == 48
    assert customer_equity([5, 6]).with_acquisition == 11
    with pytest.raises(ValueError, match="negative"):
        Acquisition(-1, 0, 0, 3)


@given(st.integers(0, 1000))
def test_the_cohorts_add_up_to_the_total(seed):
    rng = np.random.default_rng(seed)
    codes, days = rng.integers(0, 15, 80), rng.integers(0, 700, 80)
    amounts = rng.normal(10, 30, 80)
    first = np.full(15, 10_000)
    np.minimum.at(first, codes, days)
    found = cohort_value(codes, days, amounts, first, as_of=500)
    assert sum(sum(one.value) for one in found) == pytest.approx(amounts[days <= 500].sum())
    assert sum(one.size for one in found) == (first <= 500).sum()
    assert [one.month for one in found] == sorted(one.month for one in found)


def test_concentration_of_each_year():
    found = concentration_over_time(
        np.array([0, 1, 0]),
        np.array([10, 20, 400]),
        np.array([50.0, 50.0, 9.0]),
        customers=3,
        ends=[300, 500, 900],
    )
    assert [one.customers for one in found] == [2, 1, 0]
    assert found[0].hhi == pytest.approx(0.5)
    assert found[2].gini is None
    assert set(asdict(found[0])) >= {"day", "total", "gini", "hhi", "top_tenth", "largest"}
