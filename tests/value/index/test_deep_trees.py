"""Trees of any depth: weights by judgement and data, TOPSIS, Shapley values, sensitivity."""

import json
from itertools import permutations

import numpy as np
import pytest

from kezhi.value.index.ahp import Inconsistent, priorities
from kezhi.value.index.entropy import entropy_weights
from kezhi.value.index.hierarchy import levels
from kezhi.value.index.sensitivity import least_change, reweigh, shift, tornado
from kezhi.value.index.shapley import shapley
from kezhi.value.index.topsis import topsis
from kezhi.value.index.tree import (
    DEFAULT_TREE,
    Branch,
    FrozenTree,
    IndexTree,
    Leaf,
    Weighting,
    freeze,
)
from kezhi.value.plain import from_plain, to_plain
from kezhi.value.tiers import Border, TierSettings, assign_tiers

RNG = np.random.default_rng(4)
JUDGED = Weighting("ahp", judgements=(((1.0, 2.0, 6.0), (0.5, 1.0, 4.0), (1 / 6, 0.25, 1.0)),))
THREE = (Leaf("a", 1.0, "a"), Leaf("b", 1.0, "b"), Leaf("c", 1.0, "c"))


def measures(customers=60, seed=4):
    rng = np.random.default_rng(seed)
    return {
        "a": rng.lognormal(2, 1, customers),
        "b": rng.uniform(1, 9, customers),
        "c": rng.gamma(2, 3, customers) + 1,
        "d": rng.normal(0, 1, customers),
    }


def one_branch(**settings):
    return IndexTree((Branch("all", 1.0, THREE, **settings),), winsor=0.0)


def test_a_tree_stored_before_depth_reads_as_it_was():
    stored = {
        "branches": [
            {
                "name": "x",
                "weight": 2.0,
                "leaves": [
                    {"name": "a", "weight": 1, "measure": "a", "direction": "cost", "target": None}
                ],
            }
        ],
        "winsor": 0.0,
    }
    tree = from_plain(IndexTree, stored)
    assert tree == IndexTree((Branch("x", 2.0, (Leaf("a", 1.0, "a", "cost"),)),), winsor=0.0)
    published = {
        "version": 3,
        "tree": stored,
        "bounds": {"a": {"low": 0.0, "high": 4.0, "mean": 0.5}},
        "mean_score": 50.0,
    }
    found = from_plain(FrozenTree, published)
    assert found.score(found.normalise({"a": np.array([1.0])})).tolist() == [75.0]


def test_published_scores_of_flat_trees_do_not_change():
    """The scores of the default tree, worked out by hand: shares of branches and leaves."""
    rng = np.random.default_rng(1)
    leaves = rng.uniform(size=(50, len(DEFAULT_TREE.leaf_names)))
    leaves[rng.uniform(size=leaves.shape) < 0.3] = np.nan
    found = freeze(DEFAULT_TREE, {}).score(leaves)
    for row, score in zip(leaves, found, strict=True):
        total = weight = place = 0.0
        for branch in DEFAULT_TREE.branches:
            own = [leaf.weight for leaf in branch.leaves]
            z = row[int(place) : int(place) + len(own)]
            place += len(own)
            present = np.where(np.isnan(z), 0, own)
            if present.sum() > 0:
                total += branch.weight * (present * np.nan_to_num(z)).sum() / present.sum()
                weight += branch.weight
        assert score == pytest.approx(100 * total / weight, rel=1e-13)


def test_four_levels_multiply_their_weights():
    inner = Branch("inner", 3.0, (Leaf("b", 1.0, "b"), Leaf("c", 3.0, "c")))
    middle = Branch("middle", 1.0, (Leaf("d", 1.0, "d"),), branches=(inner,))
    tree = IndexTree((Branch("top", 1.0, (Leaf("a", 1.0, "a"),), branches=(middle,)),))
    assert tree.leaf_names == ("a", "d", "b", "c")
    frozen = freeze(tree, measures())
    shares = frozen.weights(frozen.normalise(measures()))[0]
    assert shares == pytest.approx([1 / 2, 1 / 8, 3 / 32, 9 / 32])
    with pytest.raises(ValueError, match="at most 4 levels"):
        IndexTree((Branch("more", 1.0, branches=tree.branches),))


def test_a_branch_within_a_branch_gives_its_weight_away_when_nothing_is_measured():
    inner = Branch("inner", 3.0, (Leaf("b", 1.0, "b"),))
    tree = IndexTree((Branch("top", 1.0, (Leaf("a", 1.0, "a"),), branches=(inner,)),))
    known = measures()
    known["b"][0] = np.nan
    frozen = freeze(tree, known)
    assert frozen.weights(frozen.normalise(known))[:2].tolist() == [[1.0, 0.0], [0.25, 0.75]]


def test_judged_weights_are_the_eigenvector():
    frozen = freeze(one_branch(weighting=JUDGED), measures())
    assert frozen.child_weights("0") == pytest.approx((0.5876, 0.3234, 0.0890), abs=1e-4)


def test_contradicting_judgements_are_refused_by_name():
    matrix = ((1.0, 9.0, 1 / 9), (1 / 9, 1.0, 9.0), (9.0, 1 / 9, 1.0))
    with pytest.raises(Inconsistent, match="against"):
        freeze(one_branch(weighting=Weighting("ahp", judgements=(matrix,))), measures())
    with pytest.raises(ValueError, match="3 × 3"):
        one_branch(weighting=Weighting("ahp", judgements=(((1.0, 2.0), (0.5, 1.0)),)))


def test_weights_by_data_are_frozen_with_the_tree():
    known = measures()
    frozen = freeze(one_branch(weighting=Weighting("entropy")), known)
    raw = np.column_stack([known["a"], known["b"], known["c"]])
    assert frozen.child_weights("0") == pytest.approx(entropy_weights(raw))
    others = measures(seed=99)
    later = frozen.score(frozen.normalise({name: own[:5] for name, own in others.items()}))
    assert later == pytest.approx(frozen.score(frozen.normalise(others))[:5])


@pytest.mark.parametrize("method", ["entropy", "critic", "merec", "combined"])
def test_every_way_to_weigh_goes_through_json(method):
    tree = IndexTree(
        (
            Branch("x", 1.0, THREE, weighting=Weighting(method, judgements=JUDGED.judgements)),
            Branch("y", 1.0, (Leaf("d", 1.0, "d"),), aggregation="topsis"),
        ),
        aggregation="topsis",
        weighting=Weighting("critic"),
    )
    frozen = freeze(tree, measures())
    assert sum(frozen.child_weights("0")) == pytest.approx(1)
    assert min(frozen.child_weights("0")) > 0
    assert from_plain(FrozenTree, json.loads(json.dumps(to_plain(frozen)))) == frozen


def test_where_data_cannot_tell_the_fixed_weights_stay():
    same = {name: np.full(5, 3.0) for name in "abc"}
    for method in ("entropy", "critic", "merec", "combined"):
        frozen = freeze(one_branch(weighting=Weighting(method)), same)
        assert frozen.child_weights("0") == pytest.approx((1 / 3, 1 / 3, 1 / 3))


def test_a_leaf_that_is_kept_but_measured_no_more_takes_no_part():
    tree = one_branch(weighting=Weighting("entropy"), aggregation="topsis")
    first = freeze(tree, measures())
    fewer = {name: own for name, own in measures().items() if name != "a"}
    later = freeze(tree, fewer, version=2, keep=first.bounds)
    assert later.child_weights("0")[0] == 0
    assert np.isfinite(later.score(later.normalise(fewer))).all()


def test_topsis_in_the_tree_is_topsis():
    known = measures()
    leaves = (Leaf("a", 0.5, "a"), Leaf("b", 0.3, "b", "cost"), Leaf("c", 0.2, "c"))
    tree = IndexTree((Branch("all", 1.0, leaves, aggregation="topsis"),), winsor=0.0)
    frozen = freeze(tree, known)
    raw = np.column_stack([known["a"], known["b"], known["c"]])
    expected = topsis(raw, [0.5, 0.3, 0.2], [False, True, False]).closeness
    assert frozen.score(frozen.normalise(known)) == pytest.approx(100 * expected)
    alone = {name: own[:1] for name, own in known.items()}
    assert frozen.score(frozen.normalise(alone)) == pytest.approx(100 * expected[:1])


def test_z_scores_span_three_deviations():
    known = {"a": np.random.default_rng(2).normal(10, 2, 500)}
    leaf = Leaf("a", 1.0, "a", normalisation="z")
    frozen = freeze(IndexTree((Branch("x", 1.0, (leaf,)),), winsor=0.0), known)
    z = (known["a"] - known["a"].mean()) / known["a"].std(ddof=1)
    assert frozen.normalise(known)[:, 0] == pytest.approx(np.clip(0.5 + z / 6, 0, 1))


def test_merits_tell_every_level():
    frozen = freeze(one_branch(), measures())
    leaves = frozen.normalise(measures())
    found = frozen.merits(leaves)
    assert list(found) == ["0.0", "0.1", "0.2", "0"]
    assert 100 * found["0"] == pytest.approx(frozen.score(leaves))


def test_shapley_values_by_all_orders():
    def scores(rows):
        return rows[:, 0] * rows[:, 1] + np.maximum(rows[:, 2], rows[:, 3])

    row, mean = np.array([2.0, 3.0, 1.0, 4.0]), np.array([1.0, 0.5, 2.0, 0.0])
    expected = np.zeros(4)
    for order in permutations(range(4)):
        now = mean.copy()
        for place in order:
            before = scores(now[None])[0]
            now[place] = row[place]
            expected[place] += (scores(now[None])[0] - before) / 24
    found = shapley(scores, row, mean)
    assert found.parts == pytest.approx(expected)
    drawn = shapley(scores, row, mean, exact=0, draws=4000, seed=7)
    assert not drawn.is_exact
    assert drawn.parts.sum() == pytest.approx(expected.sum())
    assert np.all(np.abs(drawn.parts - expected) <= 5 * drawn.standard_errors + 1e-12)
    several = shapley(scores, row, [mean, row])
    assert several.base + several.parts.sum() == pytest.approx(scores(row[None])[0])


def test_shapley_of_a_sum_is_the_plain_explanation():
    frozen = freeze(one_branch(), measures())
    leaves = frozen.normalise(measures())
    means = np.array([frozen.bounds[name].mean for name in "abc"])
    found = shapley(frozen.score, leaves[0], means)
    assert found.parts == pytest.approx(frozen.explain(leaves).parts[0])


def test_reasons_of_topsis_add_up():
    frozen = freeze(one_branch(aggregation="topsis"), measures())
    leaves = frozen.normalise(measures())[:5]
    leaves[0, 1] = np.nan
    why = frozen.explain(leaves)
    assert why.score == pytest.approx(why.mean_score + why.parts.sum(axis=1) + why.shift)
    assert why.parts[0, 1] == 0
    assert not why.is_sampled
    assert np.ptp(why.shift[1:]) == pytest.approx(0, abs=1e-9)


def test_more_weight_moves_those_it_favours():
    frozen = freeze(one_branch(), measures(200))
    leaves = frozen.normalise(measures(200))
    found = shift(frozen, leaves, "0.0", change=0.1)
    assert found.weight == pytest.approx(1 / 3)
    assert found.points == pytest.approx(
        100 * (leaves @ np.array([1 / 30, -1 / 60, -1 / 60])), abs=1e-9
    )
    fresh = assign_tiers(frozen.score(leaves) + found.points).tier
    assert (found.tier == fresh).all()
    assert found.movers.tolist() == np.flatnonzero(fresh != found.tier_before).tolist()
    assert len(list(tornado(frozen, leaves))) == 3


def test_the_least_change_is_the_border_itself():
    frozen = freeze(one_branch(), measures(40))
    leaves = frozen.normalise(measures(40))
    halves = TierSettings(borders=(Border("S", 0.5),), rest="A")
    found = least_change(frozen, leaves, "0.1", tiers=halves)
    held = assign_tiers(frozen.score(leaves), halves).tier
    for change, sign in ((found.up, 1), (found.down, -1)):
        assert change is None or change * sign > 0
        if change is not None:
            before = reweigh(frozen, "0.1", 1 / 3 + change - sign * 2e-6).score(leaves)
            after = reweigh(frozen, "0.1", 1 / 3 + change).score(leaves)
            assert (assign_tiers(before, halves).tier == held).all()
            assert (assign_tiers(after, halves).tier != held).any()
    assert found.smallest in (found.up, found.down)


def test_a_weight_without_siblings_changes_nothing():
    frozen = freeze(one_branch(), measures())
    found = least_change(frozen, frozen.normalise(measures()), "0")
    assert found.smallest is None
    with pytest.raises(ValueError, match="no weight"):
        reweigh(frozen, "", 0.5)


def test_the_judgements_of_a_level_are_consistent_as_a_whole():
    matrix = ((1.0, 1 / 2, 4.0), (2.0, 1.0, 5.0), (1 / 4, 1 / 5, 1.0))
    first = Branch("x", 3.0, THREE, weighting=JUDGED)
    others = tuple(Leaf(name, 1.0, "d") for name in "def")
    second = Branch("y", 1.0, others, weighting=Weighting("ahp", judgements=(matrix,)))
    found = levels(freeze(IndexTree((first, second)), measures()))
    one, other = priorities(JUDGED.judgements[0]), priorities(matrix)
    assert [level.judged for level in found] == [0, 2]
    expected = 0.75 * one.consistency_index + 0.25 * other.consistency_index
    assert found[1].consistency_ratio == pytest.approx(expected / 0.58)
