"""PLS path models: exact data, invariances, an independent computation, intervals, refusals."""

import json

import numpy as np
import pytest

from kezhi.value.paths import (
    RETENTION,
    Construct,
    Path,
    PathDesign,
    PathModel,
    bootstrap,
    fit,
    foresight,
)
from kezhi.value.plain import from_plain, to_plain
from kezhi.value.potential.fitting import CannotFit
from kezhi.value.surveys import satisfaction_index

SINGLE = PathDesign(
    (Construct("a", ("a",)), Construct("b", ("b",)), Construct("c", ("c",))),
    (Path("a", "c"), Path("b", "c"), Path("a", "b")),
)


def retention(rows=250, seed=2, noise=0.6):
    rng = np.random.default_rng(seed)
    value, switching = rng.normal(size=(2, rows))
    satisfaction = 0.7 * value + 0.7 * rng.normal(size=rows)
    intention = 0.5 * satisfaction + 0.2 * value + 0.3 * switching + 0.6 * rng.normal(size=rows)
    blocks = [
        np.column_stack([one + noise * rng.normal(size=rows) for _k in range(3)])
        for one in (value, switching, satisfaction, intention)
    ]
    return np.column_stack(blocks) * 2 + 6


def slopes(model):
    return {(one.cause, one.effect): one.coefficient for one in model.coefficients}


def reference(answers, design):
    """PLS as the textbooks write it, respondent by respondent: mode A, path weighting."""
    z = (answers - answers.mean(axis=0)) / answers.std(axis=0)
    names, blocks = design.names, design.blocks()
    scores = np.column_stack([z[:, b].sum(axis=1) for b in blocks])
    for _round in range(300):
        scores = scores / scores.std(axis=0)
        ahead = np.zeros_like(scores)
        for j, name in enumerate(names):
            causes = [names.index(one) for one in design.causes(name)]
            if causes:
                ahead[:, j] += (
                    scores[:, causes]
                    @ np.linalg.lstsq(scores[:, causes], scores[:, j], rcond=None)[0]
                )
            for path in design.paths:
                if path.cause == name:
                    effect = scores[:, names.index(path.effect)]
                    ahead[:, j] += np.corrcoef(effect, scores[:, j])[0, 1] * effect
        scores = np.column_stack(
            [z[:, b] @ (z[:, b].T @ ahead[:, j]) for j, b in enumerate(blocks)]
        )
    scores = scores / scores.std(axis=0)
    loadings = np.concatenate([z[:, b].T @ scores[:, j] / len(z) for j, b in enumerate(blocks)])
    return scores, loadings


def test_single_indicators_are_plain_regression():
    rng = np.random.default_rng(1)
    data = rng.normal(size=(80, 3)) @ np.array([[1, 0.5, 0.2], [0, 1, 0.4], [0, 0, 1]])
    found = fit(data, SINGLE)
    z = (data - data.mean(axis=0)) / data.std(axis=0)
    betas = np.linalg.lstsq(z[:, :2], z[:, 2], rcond=None)[0]
    assert slopes(found)["a", "c"] == pytest.approx(betas[0])
    assert slopes(found)["b", "c"] == pytest.approx(betas[1])
    assert slopes(found)["a", "b"] == pytest.approx(np.corrcoef(data.T)[0, 1])
    assert found.r_squared["c"] == pytest.approx(1 - (z[:, 2] - z[:, :2] @ betas).var())
    assert found.loadings == pytest.approx((1, 1, 1))
    assert found.coefficients[0].vif == pytest.approx(1 / (1 - np.corrcoef(data.T)[0, 1] ** 2))


def test_the_same_as_respondent_by_respondent():
    data = retention()
    found = fit(data, RETENTION)
    scores, loadings = reference(data, RETENTION)
    assert found.loadings == pytest.approx(loadings, abs=1e-7)
    own = found.scores(data) * np.sqrt(len(data) / (len(data) - 1))
    assert own == pytest.approx(scores, abs=1e-6)
    betas = np.linalg.lstsq(scores[:, [2, 0, 1]], scores[:, 3], rcond=None)[0]
    assert [
        slopes(found)[cause, "intention"]
        for cause in ("satisfaction", "perceived_value", "switching_cost")
    ] == pytest.approx(betas, abs=1e-6)
    assert found.rounds < 100


def test_the_same_as_plspm():
    """What plspm 0.5.7 (path scheme, mode A) says of the standardised answers."""
    model = fit(retention(), RETENTION)
    assert [one.coefficient for one in model.coefficients] == pytest.approx(
        [0.666417, 0.447648, 0.210785, 0.277677], abs=1e-6
    )
    assert model.loadings[:6] == pytest.approx(
        [0.930537, 0.902653, 0.926472, 0.912417, 0.925163, 0.897666], abs=1e-6
    )
    assert list(model.r_squared.values()) == pytest.approx([0.444111, 0.482011], abs=1e-6)
    found = model.quality().reliability
    assert [one.alpha for one in found] == pytest.approx(
        [0.909243, 0.898711, 0.883528, 0.903952], abs=1e-6
    )
    assert [one.ave for one in found] == pytest.approx(
        [0.846344, 0.831412, 0.810975, 0.838839], abs=1e-6
    )


def test_indicators_without_error_give_the_construct_itself():
    rng = np.random.default_rng(3)
    value = rng.normal(size=60)
    satisfaction = 0.8 * value + 0.6 * rng.normal(size=60)
    design = PathDesign(
        (Construct("v", ("v1", "v2")), Construct("s", ("s1", "s2"))), (Path("v", "s"),)
    )
    data = np.column_stack([value, 3 * value + 1, satisfaction, 5 * satisfaction])
    found = fit(data, design)
    assert slopes(found)["v", "s"] == pytest.approx(np.corrcoef(value, satisfaction)[0, 1])
    assert found.loadings == pytest.approx([1] * 4)
    for one in found.quality().reliability:
        assert (one.alpha, one.rho_c, one.rho_a, one.ave) == pytest.approx((1, 1, 1, 1))
    htmt = found.quality().discrimination[0].htmt
    assert htmt == pytest.approx(np.corrcoef(value, satisfaction)[0, 1])


def test_scale_order_and_repetition_change_nothing():
    data = retention()
    plain = fit(data, RETENTION)
    rng = np.random.default_rng(0)
    for other in (
        data * rng.uniform(0.1, 9, 12) + rng.normal(size=12),
        data[rng.permutation(len(data))],
        np.concatenate([data, data]),
    ):
        found = fit(other, RETENTION)
        assert found.loadings == pytest.approx(plain.loadings)
        assert slopes(found) == pytest.approx(slopes(plain))
    assert fit(data, RETENTION) == plain
    order = [2, 0, 3, 1]
    turned = PathDesign(tuple(RETENTION.constructs[k] for k in order), RETENTION.paths)
    columns = np.concatenate([np.arange(3) + 3 * k for k in order])
    assert slopes(fit(data[:, columns], turned)) == pytest.approx(slopes(plain))


def test_a_construct_turned_round_turns_its_paths():
    data = retention()
    plain = slopes(fit(data, RETENTION))
    data[:, 3:6] *= -1  # switching cost, asked the other way round
    found = fit(data, RETENTION)
    assert min(found.loadings) > 0
    assert slopes(found)["switching_cost", "intention"] == pytest.approx(
        -plain["switching_cost", "intention"]
    )
    data = retention()
    data[:, 4] *= -1  # one indicator alone
    assert slopes(fit(data, RETENTION)) == pytest.approx(plain)
    assert fit(data, RETENTION).loadings[4] < 0


def test_reliability_by_its_formulas():
    data = retention()
    model = fit(data, RETENTION)
    found = model.quality().reliability[0]
    own, loadings = data[:, :3], np.array(model.loadings[:3])
    z = (own - own.mean(axis=0)) / own.std(axis=0)
    alpha = 1.5 * (1 - 3 / z.sum(axis=1).var())
    assert found.alpha == pytest.approx(alpha)
    assert found.ave == pytest.approx((loadings**2).mean())
    rho_c = loadings.sum() ** 2 / (loadings.sum() ** 2 + (1 - loadings**2).sum())
    assert found.rho_c == pytest.approx(rho_c)
    assert 0.7 < found.rho_a < 1
    assert found.is_reliable
    r = np.corrcoef(data.T)
    mono = [r[:3, :3][np.triu_indices(3, 1)].mean(), r[6:9, 6:9][np.triu_indices(3, 1)].mean()]
    pair = next(
        one
        for one in model.quality().discrimination
        if (one.one, one.other) == ("perceived_value", "satisfaction")
    )
    assert pair.htmt == pytest.approx(r[:3, 6:9].mean() / np.sqrt(mono[0] * mono[1]))


def test_rho_a_is_exact_for_one_factor():
    """With correlations λλ' the weights are ∝ λ and ρ_A is the reliability of the score."""
    loadings = np.array([0.9, 0.8, 0.6])
    rng = np.random.default_rng(5)
    noise = np.linalg.qr(rng.normal(size=(200, 6)) - 0)[0]
    noise -= noise.mean(axis=0)
    noise = np.linalg.qr(noise)[0] * np.sqrt(200)
    factor, errors, rest = noise[:, 0], noise[:, 1:4], noise[:, 4]
    data = np.column_stack(
        [factor[:, None] * loadings + errors * np.sqrt(1 - loadings**2), 0.6 * factor + 0.8 * rest]
    )
    design = PathDesign(
        (Construct("x", ("x1", "x2", "x3")), Construct("y", ("y",))), (Path("x", "y"),)
    )
    found = fit(data, design)
    weights = np.array(found.weights[:3])
    assert weights / weights.sum() == pytest.approx(loadings / loadings.sum())
    reliability = np.corrcoef(found.scores(data)[:, 0], factor)[0, 1] ** 2
    assert found.quality().reliability[0].rho_a == pytest.approx(reliability)


def test_total_effects_are_direct_and_indirect():
    found = fit(retention(), RETENTION)
    way = slopes(found)
    names = RETENTION.names
    total = found.total_effects()[names.index("perceived_value")][names.index("intention")]
    indirect = way["perceived_value", "satisfaction"] * way["satisfaction", "intention"]
    assert total == pytest.approx(way["perceived_value", "intention"] + indirect)


def test_the_bootstrap_repeats_and_covers_what_is_there():
    data = retention(rows=200)
    model, drawn = bootstrap(data, RETENTION, draws=120, seed=7)
    assert bootstrap(data, RETENTION, draws=120, seed=7)[1] == drawn
    assert drawn.failed == 0
    for one in drawn.coefficients:
        assert one.low < one.coefficient < one.high
        assert one.t == pytest.approx(one.coefficient / one.standard_error)
    first = drawn.coefficients[0]
    assert first.low > 0.4
    effect = next(
        one
        for one in drawn.total_effects
        if (one.cause, one.effect) == ("perceived_value", "intention")
    )
    assert effect.low < effect.coefficient < effect.high
    low, high = drawn.r_squared["intention"]
    assert low < model.r_squared["intention"] < high
    assert (np.array(drawn.loadings_low) < drawn.loadings_high).all()


def test_respondents_are_predicted():
    data = retention()
    model = fit(data, RETENTION)
    own = model.scores(data)
    predicted = model.predict(data)
    assert predicted[:, :2] == pytest.approx(own[:, :2])  # nothing explains them
    r = np.corrcoef(predicted[:, 3], own[:, 3])[0, 1]
    assert r**2 == pytest.approx(model.r_squared["intention"])
    answers = model.predict_answers(data)
    assert answers.mean(axis=0) == pytest.approx(data.mean(axis=0))
    assert np.abs(answers - data).mean() < np.abs(data.mean(axis=0) - data).mean()
    scores = model.index_scores(data, np.full(12, -4), np.full(12, 16))
    assert ((scores > 0) & (scores < 100)).all()
    assert np.corrcoef(scores[:, 2], own[:, 2])[0, 1] == pytest.approx(1)
    plain = np.array(model.weights[6:9]) / model.deviations[6:9]
    index = satisfaction_index(data[:, 6:9], plain, low=-4, high=16).index
    assert scores[:, 2].mean() == pytest.approx(index)  # the formula of ACSI


def test_foresight_is_of_respondents_not_fitted():
    data = retention(rows=300)
    found = foresight(data, RETENTION, folds=5, seed=3)
    assert list(found.q_squared) == list(RETENTION.indicators[6:])
    assert all(0.1 < one < 0.6 for one in found.q_squared.values())
    assert foresight(data, RETENTION, folds=5, seed=3) == found
    shuffled = data.copy()
    shuffled[:, :6] = np.random.default_rng(1).permutation(shuffled[:, :6])
    nothing = foresight(shuffled, RETENTION, folds=5).q_squared
    assert max(nothing.values()) < 0.05
    model = fit(data, RETENTION)
    way = model.predict(data, from_first=True)
    assert way[:, 2] == pytest.approx(model.predict(data)[:, 2])
    with pytest.raises(ValueError, match="folds"):
        foresight(data, RETENTION, folds=1)


def test_gaps_take_no_part_and_are_counted():
    data = retention()
    data[:7, 2] = np.nan
    found = fit(data, RETENTION)
    assert (found.respondents, found.left_out) == (243, 7)
    assert slopes(found) == pytest.approx(slopes(fit(data[7:], RETENTION)))
    assert np.isnan(found.scores(data)[0, 0])


def test_a_model_goes_through_json():
    model = fit(retention(), RETENTION)
    assert from_plain(PathModel, json.loads(json.dumps(to_plain(model)))) == model


def test_what_cannot_be_fitted_says_why():
    data = retention()
    with pytest.raises(CannotFit, match="10 at least"):
        fit(data[:9], RETENTION)
    flat = data.copy()
    flat[:, 4] = 3
    with pytest.raises(CannotFit, match="switching_2 is the same for everybody"):
        fit(flat, RETENTION)
    twice = np.column_stack([data[:, 0], data[:, 0], data[:, 6]])
    with pytest.raises(CannotFit, match="one and the same"):
        fit(twice, PathDesign(SINGLE.constructs, (Path("a", "c"), Path("b", "c"))))


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        ((Path("a", "b"), Path("b", "a"), Path("a", "c")), "circle"),
        ((Path("a", "b"),), "to or from c"),
        ((Path("a", "z"),), "no construct"),
        ((), "has paths"),
    ],
)
def test_designs_that_make_no_sense_are_refused(paths, message):
    with pytest.raises(ValueError, match=message):
        PathDesign(SINGLE.constructs, paths)
