"""Tiers by value and by clusters, tiers given by hand, and who moved."""

from datetime import date
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kezhi.value.clusters import clusters
from kezhi.value.migration import migration
from kezhi.value.tiers import (
    Border,
    Override,
    Tiering,
    TierSettings,
    assign_tiers,
    with_overrides,
)

EIGHTY_TWENTY = TierSettings(by="value", borders=(Border("A", 0.8), Border("B", 0.95)), rest="C")
BY_CLUSTERS = TierSettings(by="clusters", borders=(Border("A"), Border("B")), rest="C")
JULY_1 = date(2026, 7, 1)


def within(groups):
    return sum(((np.array(one) - np.mean(one)) ** 2).sum() for one in groups)


@given(
    st.lists(st.integers(-50, 50), min_size=1, max_size=9),
    st.integers(1, 4),
)
@settings(max_examples=150, deadline=None)
def test_no_other_borders_leave_less_within(numbers, k):
    ranked = sorted(numbers)
    found = clusters(numbers, k)
    cuts = range(1, len(ranked))
    least = min(
        within(np.split(ranked, list(borders)))
        for parts in range(min(k, len(ranked)))
        for borders in combinations(cuts, parts)
    )
    assert found.within == pytest.approx(least, abs=1e-9)
    assert all(
        found.cluster[i] == found.cluster[j]
        for i, j in combinations(range(len(numbers)), 2)
        if numbers[i] == numbers[j]
    )


def test_clusters_do_not_depend_on_scale_place_or_order():
    numbers = np.random.default_rng(3).gamma(1, 10, 3000)
    found = clusters(numbers, 6)
    assert (clusters(numbers * 1e-6 + 5, 6).cluster == found.cluster).all()
    assert (clusters(numbers[::-1], 6).cluster[::-1] == found.cluster).all()
    doubled = clusters(np.concatenate([numbers, numbers]), 6)
    assert (doubled.cluster[:3000] == found.cluster).all()
    assert (clusters(numbers, 6, np.full(3000, 2.0)).cluster == found.cluster).all()
    assert doubled.within == pytest.approx(2 * found.within)


def test_weights_are_repetitions():
    numbers, counts = [1.0, 2.0, 6.0, 7.0, 9.0], [5, 1, 1, 4, 2]
    found = clusters(numbers, 3, counts)
    assert found.within == pytest.approx(clusters(np.repeat(numbers, counts), 3).within)
    with pytest.raises(ValueError, match="weight above 0"):
        clusters(numbers, 3, [0, 1, 1, 1, 1])


def test_few_distinct_numbers_make_few_clusters():
    found = clusters([3.0, np.nan, 3.0, 1.0], 5)
    assert found.cluster.tolist() == [1, -1, 1, 0]
    assert (found.borders, found.centres, found.within) == ((2.0,), (1.0, 3.0), 0.0)
    assert clusters([], 3).centres == ()


def test_tiers_by_clusters_part_where_scores_part():
    found = assign_tiers(np.array([1.0, 2, 50, 51, 99, np.nan]), BY_CLUSTERS)
    assert found.tier.tolist() == [2, 2, 1, 1, 0, -1]
    assert found.floors == (75.0, 26.0)
    few = assign_tiers(np.array([1.0, 1, 9]), BY_CLUSTERS)
    assert few.tier.tolist() == [1, 1, 0]
    assert few.floors == (5.0, -np.inf)


def test_eighty_twenty():
    worth = np.array([70.0, 10, 10, 5, 4, 1])
    found = assign_tiers(worth, EIGHTY_TWENTY)
    assert found.tier.tolist() == [0, 0, 1, 1, 2, 2]
    assert worth[found.tier == 0].sum() / worth.sum() >= 0.8


def test_tiers_by_value_go_down_the_score_and_add_up_worth():
    score = np.array([90.0, 80, 70, 60])
    found = assign_tiers(score, EIGHTY_TWENTY, worth=np.array([5.0, 90, -40, 5]))
    assert found.tier.tolist() == [0, 0, 2, 2]
    nothing = assign_tiers(score, EIGHTY_TWENTY, worth=np.zeros(4))
    assert nothing.tier.tolist() == [2, 2, 2, 2]
    with pytest.raises(ValueError, match="cumulated"):
        TierSettings(by="value", borders=(Border("A", 0.9), Border("B", 0.8)))


def test_hysteresis_holds_under_clusters():
    before = assign_tiers(np.array([1.0, 2, 50, 51, 99]), BY_CLUSTERS)
    after = np.array([1.0, 30, 50, 51, 99])
    assert assign_tiers(after, BY_CLUSTERS).tier[1] == 1
    patient = TierSettings(by="clusters", borders=BY_CLUSTERS.borders, rest="C", margin=0.5)
    found = assign_tiers(after, patient, previous=before.tier)
    assert (found.tier[1], found.pending[1]) == (2, 1)
    again = assign_tiers(after, patient, previous=found.tier, previous_pending=found.pending)
    assert again.tier[1] == 1


def a_tiering():
    return Tiering(("S", "A", "B"), np.array([0, 1, 2], np.int8), np.full(3, -1, np.int8), (2, 1))


def test_a_tier_given_by_hand_holds_until_its_day():
    ids = np.array([3, 5, 9])
    given = [Override(9, "S", JULY_1), Override(3, "B", date(2026, 6, 30)), Override(4, "S")]
    tier, by_hand = with_overrides(a_tiering(), ids, given, on=JULY_1)
    assert tier.tolist() == [0, 1, 0]
    assert by_hand.tolist() == [False, False, True]
    tier, by_hand = with_overrides(a_tiering(), ids, given, on=date(2026, 7, 2))
    assert tier.tolist() == [0, 1, 2]
    assert not by_hand.any()


def test_a_tier_that_is_none_or_given_twice_is_refused():
    ids = np.array([3, 5, 9])
    with pytest.raises(ValueError, match="no tier"):
        with_overrides(a_tiering(), ids, [Override(3, "Z")], on=JULY_1)
    with pytest.raises(ValueError, match="two tiers"):
        with_overrides(a_tiering(), ids, [Override(3, "A"), Override(3, "B")], on=JULY_1)


def test_the_migration_matrix_counts_everybody_once():
    rng = np.random.default_rng(2)
    before, after, money = rng.integers(-1, 3, 500), rng.integers(-1, 3, 500), rng.gamma(1, 5, 500)
    found = migration(before, after, ("S", "A", "B"), money)
    assert np.sum(found.customers) == 500
    assert np.sum(found.amounts) == pytest.approx(money.sum())
    assert found.rose == ((after < before) & (after >= 0)).sum()
    assert found.fell == ((after > before) & (before >= 0)).sum()
    assert found.joined == ((before < 0) & (after >= 0)).sum()
    assert found.left == ((after < 0) & (before >= 0)).sum()
    assert [sum(row) for row in found.shares] == pytest.approx([1] * 4)
    empty = migration([], [], ("S",))
    assert empty.shares == ((None, None), (None, None))
    with pytest.raises(ValueError, match="positions among S"):
        migration([1], [0], ("S",))
