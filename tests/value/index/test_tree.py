import json

import numpy as np
import pytest

from kezhi.value.index.tree import DEFAULT_TREE, Branch, FrozenTree, IndexTree, Leaf, freeze
from kezhi.value.plain import from_plain, to_plain

RNG = np.random.default_rng(8)


def measures(customers=200, **other):
    return {
        "contribution_12m": RNG.lognormal(5, 1, customers),
        "continuation_value": RNG.lognormal(5, 1, customers),
        "trend_of_spend": RNG.uniform(-1, 1, customers),
        "tenure_months": RNG.uniform(0, 36, customers),
        "p_purchase_12m": RNG.uniform(0, 1, customers),
        **other,
    }


def test_the_default_weights_are_the_published_ones():
    weights = {branch.name: branch.weight for branch in DEFAULT_TREE.branches}
    assert weights == {
        "current": 0.45,
        "growth": 0.25,
        "loyalty": 0.15,
        "influence": 0.10,
        "information": 0.05,
    }


def test_what_nobody_measures_takes_no_part():
    known = measures()
    tree = freeze(DEFAULT_TREE, known)
    shares = tree.weights(tree.normalise(known))[0]
    assert shares.sum() == pytest.approx(1)
    named = dict(zip(DEFAULT_TREE.leaf_names, shares, strict=True))
    # Of what is measured: current .45, growth .25, loyalty .15.
    assert named["contribution"] == pytest.approx(0.45 / 0.85 * 0.5 / 0.8)
    assert named["trend_of_spend"] == pytest.approx(0.25 / 0.85)
    assert named["next_purchase"] == pytest.approx(0.15 / 0.85 * 0.45 / 0.7)
    assert named["satisfaction"] == named["referral"] == named["information"] == 0


def test_the_parts_add_up_to_the_distance_from_the_mean():
    known = measures()
    known["trend_of_spend"][:50] = np.nan
    tree = freeze(DEFAULT_TREE, known)
    why = tree.explain(tree.normalise(known))
    assert why.score == pytest.approx(why.mean_score + why.parts.sum(axis=1) + why.shift)
    complete = freeze(DEFAULT_TREE, measures())
    why = complete.explain(complete.normalise(measures()))
    assert why.shift == pytest.approx(0)
    assert why.score == pytest.approx(why.mean_score + why.parts.sum(axis=1))


def test_a_score_does_not_change_because_others_joined():
    known = measures()
    tree = freeze(DEFAULT_TREE, known)
    alone = {name: own[:3] for name, own in known.items()}
    assert tree.score(tree.normalise(alone)) == pytest.approx(tree.score(tree.normalise(known))[:3])


def test_extremes_are_winsorised():
    known = measures()
    tree = freeze(DEFAULT_TREE, known)
    known["contribution_12m"][0] = 1e12
    found = tree.normalise(known)
    assert found[0, 0] == 1.0
    assert np.nanmin(found) == 0.0


def test_costs_and_targets_have_their_direction():
    tree = IndexTree(
        (
            Branch(
                "one",
                1.0,
                (
                    Leaf("cheap", 1.0, "cost", "cost"),
                    Leaf("near", 1.0, "size", "target", target=10.0),
                ),
            ),
        ),
        winsor=0.0,
    )
    known = {"cost": np.array([0.0, 5.0, 10.0]), "size": np.array([10.0, 0.0, 14.0])}
    found = freeze(tree, known).normalise(known)
    assert found[:, 0].tolist() == [1.0, 0.5, 0.0]
    assert found[:, 1].tolist() == [1.0, 0.0, 0.6]


def test_customers_who_are_all_alike_stand_half_way():
    known = {"contribution_12m": np.full(5, 3.0)}
    tree = freeze(DEFAULT_TREE, known)
    assert tree.score(tree.normalise(known)).tolist() == [50.0] * 5


def test_nothing_measured_is_no_score():
    tree = freeze(DEFAULT_TREE, {"contribution_12m": np.zeros(0)})
    found = tree.normalise({"contribution_12m": np.array([np.nan, 3.0])})
    assert np.isnan(tree.score(found)).all()


def test_a_leaf_measured_later_joins_and_the_others_keep_their_bounds():
    known = measures()
    tree = freeze(DEFAULT_TREE, known)
    more = measures(satisfaction=RNG.uniform(1, 10, 200))
    assert tree.unmeasured(more) == ("satisfaction",)
    anew = freeze(DEFAULT_TREE, more, version=2, keep=tree.bounds)
    assert anew.bounds["contribution"] == tree.bounds["contribution"]
    assert "satisfaction" in anew.bounds


def test_a_published_tree_goes_through_json():
    tree = freeze(DEFAULT_TREE, measures())
    assert from_plain(FrozenTree, json.loads(json.dumps(to_plain(tree)))) == tree


def test_trees_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="needs a target"):
        Leaf("x", 1.0, "x", "target")
    with pytest.raises(ValueError, match="0 or more"):
        Leaf("x", -1.0, "x")
    with pytest.raises(ValueError, match="no leaf with a weight"):
        Branch("x", 1.0, ())
    with pytest.raises(ValueError, match="same name"):
        IndexTree((Branch("x", 1.0, (Leaf("y", 1.0, "y"), Leaf("y", 1.0, "z"))),))
