"""A whole measurement by other rules: deep trees, TOPSIS, weights by data, tiers by value or clusters."""

import json
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kezhi.value.datasets.simulated import simulate
from kezhi.value.index.tree import Branch, IndexTree, Leaf, Weighting
from kezhi.value.measure import Facts, Previous, Settings, measure
from kezhi.value.potential.bg_nbd import BGNBD
from kezhi.value.potential.gamma_gamma import GammaGamma
from kezhi.value.tiers import Border, TierSettings, assign_tiers

UNTIL = date(2025, 6, 30)
FOUR = tuple(Border(tier, until) for tier, until in zip("SABC", (0.5, 0.8, 0.95, 1.0), strict=True))
TREE = IndexTree(
    (
        Branch(
            "value",
            0.7,
            (Leaf("contribution", 1.0, "contribution_12m"),),
            branches=(
                Branch(
                    "coming",
                    1.0,
                    (
                        Leaf("continuation", 1.0, "continuation_value"),
                        Leaf("next_purchase", 1.0, "p_purchase_12m"),
                    ),
                    weighting=Weighting("critic"),
                    aggregation="topsis",
                ),
            ),
            weighting=Weighting("ahp", judgements=(((1.0, 2.0), (0.5, 1.0)),)),
        ),
        Branch(
            "loyalty",
            0.3,
            (
                Leaf("tenure", 1.0, "tenure_months", normalisation="z"),
                Leaf("satisfaction", 1.0, "satisfaction"),
            ),
            weighting=Weighting("combined"),
        ),
    )
)


@pytest.fixture(scope="module")
def facts():
    bought = simulate(
        BGNBD(0.5, 4.0, 0.8, 2.5),
        GammaGamma(6.25, 3.74, 15.44),
        customers=300,
        first=date(2024, 1, 1),
        joining_days=200,
        until=UNTIL,
        rng=np.random.default_rng(9),
    )
    return Facts(bought.table())


@pytest.mark.parametrize("by", ["value", "clusters"])
def test_a_company_may_measure_by_its_own_rules(facts, by):
    rules = Settings(tree=TREE, tiers=TierSettings(by=by, borders=FOUR))
    assert Settings.from_json(json.loads(json.dumps(rules.as_json()))) == rules
    found = measure(facts, rules, as_of=UNTIL)
    score = found.customers.column("score").to_numpy(zero_copy_only=False)
    assert np.nanmin(score) >= 0
    assert np.nanmax(score) <= 100
    assert found.tree.child_weights("0") == pytest.approx((2 / 3, 1 / 3))
    json.dumps(found.run.as_json(), allow_nan=False)
    tiers = found.customers.select(["customer", "tier", "tier_pending"])
    again = measure(facts, rules, as_of=UNTIL, previous=Previous(tiers, found.tree))
    assert again.tree == found.tree
    for name in ("score", "tier", "tier_pending"):
        assert again.customers.column(name).equals(found.customers.column(name))


def test_the_published_tree_is_held_when_a_customer_joins(facts):
    rules = Settings(tree=TREE)
    found = measure(facts, rules, as_of=UNTIL)
    few = Facts(facts.lines.filter(facts.lines.column("customer").to_numpy() < 100))
    later = measure(few, rules, as_of=UNTIL, previous=Previous(None, found.tree))
    assert later.tree == found.tree


@given(
    st.lists(st.one_of(st.floats(0, 100), st.just(float("nan"))), max_size=40),
    st.sampled_from(["share", "value", "threshold", "clusters"]),
)
@settings(max_examples=100, deadline=None)
def test_a_better_score_is_never_in_a_lower_tier(scores, by):
    until = (80.0, 60.0, 40.0, 20.0) if by == "threshold" else (0.1, 0.3, 0.6, 0.9)
    borders = tuple(Border(tier, one) for tier, one in zip("SABC", until, strict=True))
    own = np.array(scores, dtype=float)
    tier = assign_tiers(own, TierSettings(by=by, borders=borders)).tier
    known = np.isfinite(own)
    assert (tier[~known] == -1).all()
    order = np.argsort(own[known], kind="stable")
    ranked, held = own[known][order], tier[known][order]
    rises = np.diff(ranked) > 0
    assert (np.diff(held.astype(int))[rises] <= 0).all()
    assert ((tier[known] >= 0) & (tier[known] <= 4)).all()
