"""Item sets and rules: exact, by two independent searches."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from kezhi.value.offers import item_sets as searching
from kezhi.value.offers.item_sets import Baskets, TooMany, item_sets
from kezhi.value.offers.rules import association_rules, false_discovery_rate, fisher_upper_tail

ITEMS = 7
bought = st.lists(st.sets(st.integers(0, ITEMS - 1), max_size=ITEMS), min_size=1, max_size=25)


def baskets_of(baskets, items=ITEMS):
    lines = np.array([(b, i) for b, own in enumerate(baskets) for i in sorted(own)], dtype=np.int32)
    return Baskets(*lines.reshape(-1, 2).T, len(baskets), items)


def counted(baskets, least, most_length):
    """By the definition."""
    found = {}
    for length in range(1, most_length + 1):
        for chosen in combinations(range(ITEMS), length):
            count = sum(set(chosen) <= own for own in baskets)
            if count >= least:
                found[chosen] = count
    return found


def searched(baskets, many, **named):
    before, searching.MANY_LINES = searching.MANY_LINES, many
    try:
        return item_sets(baskets, **named)
    finally:
        searching.MANY_LINES = before


def compiled(baskets, **named):
    return searched(baskets, 0, **named)


def by_bitmaps(baskets, **named):
    return searched(baskets, 10**9, **named)


@settings(deadline=None)  # the first call compiles
@given(bought, st.floats(0.05, 1), st.integers(1, 5))
def test_all_sets_are_found_by_both_searches(baskets, support, most_length):
    lines = baskets_of(baskets)
    least = max(1, int(np.ceil(support * len(baskets) - 1e-9)))
    wanted = counted(baskets, least, most_length)
    named = {"least_support": support, "most_length": most_length}
    assert by_bitmaps(lines, **named).as_dict() == wanted
    assert compiled(lines, **named).as_dict() == wanted


def test_lines_that_stand_twice_count_once():
    lines = Baskets(np.array([0, 0, 0, 1, 1]), np.array([2, 2, 1, 1, 1]), 2, 3)
    for find in (by_bitmaps, compiled):
        assert find(lines, least_support=0.9).as_dict() == {(1,): 2}


@settings(deadline=None, max_examples=40)
@given(bought)
def test_figures_of_rules_are_by_definition(baskets):
    n = len(baskets)
    found = association_rules(
        item_sets(baskets_of(baskets), least_support=0.1),
        least_confidence=0.3,
        longest_consequent=4,
    )
    for k in range(len(found)):
        left = {int(i) for i in found.antecedents[k] if i >= 0}
        right = {int(i) for i in found.consequents[k] if i >= 0}
        x, y, both = (sum(part <= own for own in baskets) for part in (left, right, left | right))
        assert found.count[k] == both
        assert found.confidence[k] == pytest.approx(both / x)
        assert found.lift[k] == pytest.approx(both * n / (x * y))
        assert found.leverage[k] == pytest.approx(both / n - x * y / n**2)
        if both < x:
            assert found.conviction[k] == pytest.approx((1 - y / n) / (1 - both / x))
        table = [[both, x - both], [y - both, n - x - y + both]]
        assert found.p_value[k] == pytest.approx(fisher_exact(table, "greater")[1], rel=1e-8)
    assert (found.q_value >= found.p_value - 1e-15).all()


@given(bought)
def test_no_rule_is_missing(baskets):
    sets = item_sets(baskets_of(baskets), least_support=0.2)
    found = association_rules(sets, least_confidence=0, longest_consequent=9)
    splits = sum(2 ** len(chosen) - 2 for chosen in sets.as_dict())
    assert len(found) == found.tested == splits


def test_fisher_holds_far_out():
    got = fisher_upper_tail(
        [400, 30_000, 0, 5], [500, 60_000, 10, 5], [600, 50_000, 20, 5], 100_000
    )
    assert got[0] == 0 or got[0] < 1e-300
    assert got[1] == pytest.approx(0.5, abs=0.01)
    assert got[2] == 1
    assert got[3] == pytest.approx(1 / 75287520 / 1e20 * 1e20 * 75287520 / _choose(100_000, 5))


def _choose(n, k):
    from math import comb

    return comb(n, k)


def test_q_values_rise_with_p_values():
    p = np.random.default_rng(1).random(200)
    q = false_discovery_rate(p)
    assert (np.diff(q[np.argsort(p)]) >= 0).all()
    assert q.max() <= 1


def test_chance_gives_no_discoveries():
    rng = np.random.default_rng(5)
    lines = Baskets(
        rng.integers(0, 3000, 12_000).astype(np.int32),
        rng.integers(0, 20, 12_000).astype(np.int32),
        3000,
        20,
    )
    found = association_rules(item_sets(lines, least_support=0.005), least_confidence=0)
    assert found.tested > 300
    assert (found.p_value < 0.01).any()  # some look good,
    assert (found.q_value > 0.05).all()  # but none are kept


def test_a_large_table_gives_the_same_by_both_searches_and_again():
    rng = np.random.default_rng(2)
    items = np.minimum((rng.pareto(1.0, 40_000) * 3).astype(np.int32), 199)
    lines = Baskets(rng.integers(0, 8000, 40_000).astype(np.int32), items, 8000, 200)
    one, other = (find(lines, least_support=0.002) for find in (by_bitmaps, compiled))
    assert one.as_dict() == other.as_dict()
    assert len(one) > 500
    rules, again = (association_rules(sets, least_confidence=0.2) for sets in (one, other))
    assert (rules.p_value == again.p_value).all()


def test_too_many_sets_are_refused_with_the_remedy():
    lines = baskets_of([set(range(ITEMS))] * 3)
    for find in (by_bitmaps, compiled):
        with pytest.raises(TooMany, match="raise the least support"):
            find(lines, least_support=0.5, most_sets=20)


def test_nothing_bought():
    sets = item_sets(baskets_of([set(), set()]), least_support=0.5)
    assert len(sets) == 0
    assert len(association_rules(sets)) == 0


@pytest.mark.parametrize("wrong", [{"least_support": 0}, {"least_support": 0.1, "most_length": 0}])
def test_thresholds_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match="is 0"):
        item_sets(baskets_of([{1}]), **wrong)
