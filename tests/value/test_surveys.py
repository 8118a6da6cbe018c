"""Statistics of surveys: published formulas, identities, degenerate answers."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kezhi.value.drivers import drivers
from kezhi.value.surveys import DIMENSIONS, kano, net_promoter_score, satisfaction_index, servqual


def test_the_acsi_formula():
    rng = np.random.default_rng(4)
    answers, w = rng.integers(1, 11, (200, 3)).astype(float), np.array([0.22, 0.31, 0.17])
    means = answers.mean(axis=0)
    expected = (w * (means - 1)).sum() / (9 * w.sum()) * 100
    found = satisfaction_index(answers, w)
    assert found.index == pytest.approx(expected)
    assert found.low < found.index < found.high
    assert found == satisfaction_index(answers, w)
    assert satisfaction_index(answers, w * 7).index == pytest.approx(expected)


def test_the_satisfaction_index_at_its_ends():
    assert satisfaction_index(np.full((4, 2), 10.0)).index == 100
    assert satisfaction_index(np.full((4, 2), 1.0)).index == 0
    found = satisfaction_index([[3.0, np.nan]], [1, 9], low=1, high=5)
    assert (found.index, found.low) == (50, None)
    with pytest.raises(ValueError, match="scale from 1 to 10"):
        satisfaction_index([[11.0]])
    with pytest.raises(ValueError, match="nobody answered"):
        satisfaction_index(np.zeros((0, 3)))


def test_the_interval_of_the_index_covers():
    rng = np.random.default_rng(0)
    hits = 0
    for seed in range(60):
        answers = np.clip(rng.binomial(9, 0.7, (60, 2)) + 1.0, 1, 10)
        found = satisfaction_index(answers, draws=200, seed=seed)
        hits += found.low <= 70 <= found.high
    assert 60 * 0.65 <= hits <= 60 * 0.93


def test_the_net_promoter_score_and_its_variance():
    answers = np.repeat([10, 8, 2], [50, 30, 20])
    found = net_promoter_score(answers)
    assert (found.score, found.promoters, found.passives, found.detractors) == pytest.approx(
        (30, 50, 30, 20)
    )
    points = np.select([answers >= 9, answers <= 6], [100.0, -100.0], 0.0)
    assert found.variance == pytest.approx(points.var() / 100)
    assert net_promoter_score([10, 9]).variance == 0
    with pytest.raises(ValueError, match="from 0 to 10"):
        net_promoter_score([11])


def test_servqual_gaps():
    rng = np.random.default_rng(2)
    expected, seen = rng.integers(4, 8, (50, 22)) * 1.0, rng.integers(1, 8, (50, 22)) * 1.0
    sizes = (4, 5, 4, 4, 5)
    names = np.repeat(DIMENSIONS, sizes).tolist()
    found = servqual(
        expected, seen, names, dict(zip(DIMENSIONS, (11, 32, 23, 19, 15), strict=True))
    )
    gaps = [(seen - expected)[:, np.array(names) == one].mean() for one in DIMENSIONS]
    assert [one.gap for one in found.dimensions] == pytest.approx(gaps)
    assert found.gap == pytest.approx(np.mean(gaps))
    assert found.weighted_gap == pytest.approx(np.dot(gaps, [0.11, 0.32, 0.23, 0.19, 0.15]))
    seen[0, 0] = np.nan
    without = servqual(expected, seen, names)
    assert without.dimensions[0].items[0] == pytest.approx((seen - expected)[1:, 0].mean())
    with pytest.raises(ValueError, match="has no weight"):
        servqual(expected, seen, names, {"empathy": 1})


@pytest.mark.parametrize(
    ("functional", "dysfunctional", "category"),
    [
        (1, 5, "one_dimensional"),
        (1, 3, "attractive"),
        (3, 5, "must_be"),
        (2, 4, "indifferent"),
        (5, 1, "reverse"),
        (4, 1, "reverse"),
        (1, 1, "questionable"),
        (5, 5, "questionable"),
    ],
)
def test_kano_by_its_table(functional, dysfunctional, category):
    assert kano([functional], [dysfunctional]).category == category


def test_better_and_worse():
    # 4 attractive, 3 one-dimensional, 2 must-be, 1 indifferent, 5 reverse
    functional = [1] * 4 + [1] * 3 + [3] * 2 + [3] + [5] * 5
    dysfunctional = [3] * 4 + [5] * 3 + [5] * 2 + [3] + [1] * 5
    found = kano(functional, dysfunctional)
    assert found.counts == (2, 3, 4, 1, 5, 0)
    assert (found.better, found.worse) == (pytest.approx(0.7), pytest.approx(-0.5))
    assert found.category == "reverse"
    assert kano([1, 3], [3, 5]).category == "must_be"  # a tie
    assert kano([5], [1]).better is None
    with pytest.raises(ValueError, match="1, 2, 3, 4 or 5"):
        kano([0], [1])


def answers(rows=400, seed=3):
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(rows, 1))
    data = common + rng.normal(size=(rows, 4))
    outcome = data @ [0.5, 0.3, 0.0, 0.1] + rng.normal(size=rows)
    return data, outcome


def r_squared(data, outcome):
    design = np.column_stack([np.ones(len(outcome)), data])
    left = outcome - design @ np.linalg.lstsq(design, outcome, rcond=None)[0]
    return 1 - left.var() / outcome.var()


def test_importance_shares_out_r_squared():
    data, outcome = answers()
    found = drivers(data, outcome, list("abcd"))
    assert found.r_squared == pytest.approx(r_squared(data, outcome))
    assert sum(one.shapley for one in found.drivers) == pytest.approx(found.r_squared)
    assert sum(one.johnson for one in found.drivers) == pytest.approx(found.r_squared)
    z = (data - data.mean(axis=0)) / data.std(axis=0)
    target = (outcome - outcome.mean()) / outcome.std()
    betas = np.linalg.lstsq(z, target, rcond=None)[0]
    assert [one.beta for one in found.drivers] == pytest.approx(betas)


def test_shapley_importance_is_the_mean_over_all_orders():
    data, outcome = answers()
    expected = np.zeros(4)
    for order in permutations(range(4)):
        for place, k in enumerate(order):
            before = list(order[:place])
            gain = r_squared(data[:, [*before, k]], outcome)
            expected[k] += (gain - (r_squared(data[:, before], outcome) if before else 0)) / 24
    found = drivers(data, outcome)
    assert [one.shapley for one in found.drivers] == pytest.approx(expected)


@given(st.floats(0.01, 100), st.floats(-50, 50))
@settings(max_examples=20, deadline=None)
def test_importance_is_free_of_scale(scale, shift):
    data, outcome = answers(80)
    found = drivers(data * scale + shift, outcome * 3)
    plain = drivers(data, outcome)
    for one, other in zip(found.drivers, plain.drivers, strict=True):
        assert one.johnson == pytest.approx(other.johnson)
        assert one.shapley == pytest.approx(other.shapley)
        assert one.beta == pytest.approx(other.beta)


def test_independent_drivers_get_their_own_r_squared():
    rng = np.random.default_rng(1)
    data = np.linalg.qr(np.column_stack([np.ones(100), rng.normal(size=(100, 3))]))[0][:, 1:]
    outcome = data @ [3.0, 2.0, 1.0] + 0.1 * rng.normal(size=100)
    found = drivers(data, outcome)
    for one in found.drivers:
        assert one.johnson == pytest.approx(one.correlation**2)
        assert one.shapley == pytest.approx(one.correlation**2)


def test_of_two_drivers_johnson_and_shapley_say_the_same():
    data, outcome = answers()
    for one in drivers(data[:, :2], outcome).drivers:
        assert one.johnson == pytest.approx(one.shapley)


def test_drivers_that_cannot_be_told_apart_are_refused():
    data, outcome = answers(50)
    with pytest.raises(ValueError, match="determined by the others"):
        drivers(np.column_stack([data, data[:, 0] - data[:, 1]]), outcome)
    with pytest.raises(ValueError, match="b is the same for everybody"):
        drivers(np.column_stack([data[:, 0], np.ones(50)]), outcome, ["a", "b"])
    with pytest.raises(ValueError, match="6 at least"):
        drivers(data[:5], outcome[:5])
    data[0, 0] = np.nan
    assert drivers(data, outcome).respondents == 49
