"""One suite over BG/NBD and MBG/NBD: published numbers, exact numbers, properties, stress."""

import json

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kezhi.value.plain import from_plain, to_plain
from kezhi.value.potential import bg_nbd, mbg_nbd
from kezhi.value.potential.bg_nbd import BGNBD
from kezhi.value.potential.fitting import CannotFit
from kezhi.value.potential.mbg_nbd import MBGNBD

MODELS = (BGNBD, MBGNBD)
FITS = (bg_nbd.fit, mbg_nbd.fit)
WALKTHROUGH = BGNBD(0.2425967, 4.413659, 0.7929869, 2.426164)
PRINTED = BGNBD(0.243, 4.414, 0.793, 2.426)

parameters = st.tuples(
    st.floats(0.05, 30), st.floats(0.05, 500), st.floats(0.02, 20), st.floats(0.05, 50)
)


def test_bg_nbd_comes_back_from_cdnow_as_published(calibration):
    found = bg_nbd.fit(calibration.repeats, calibration.recency, calibration.age)
    assert list(found.model.parameters.values()) == pytest.approx(
        [0.2425947, 4.4136021, 0.7929222, 2.4259071], rel=3e-4
    )
    assert found.diagnostics.log_likelihood == pytest.approx(-9582.4292, abs=1e-3)
    assert list(found.diagnostics.standard_errors.values()) == pytest.approx(
        [0.0125574, 0.378224, 0.185733, 0.70541], rel=1e-3
    )
    assert found.diagnostics.converged
    assert found.diagnostics.degenerate == ()
    assert found.diagnostics.penalty == 0


def test_mbg_nbd_comes_back_from_cdnow_as_published(calibration):
    found = mbg_nbd.fit(calibration.repeats, calibration.recency, calibration.age)
    assert list(found.model.parameters.values()) == pytest.approx(
        [0.5248432, 6.1830852, 0.8913594, 1.6140021], rel=1e-3
    )
    assert found.diagnostics.log_likelihood == pytest.approx(-9582.1357, abs=1e-3)
    assert list(found.diagnostics.standard_errors.values()) == pytest.approx(
        [0.0832677, 0.6956181, 0.1547891, 0.537491], rel=1e-3
    )


def test_predictions_of_the_walkthrough():
    assert WALKTHROUGH.expected_of_new(52) == pytest.approx(1.444004, rel=1e-4)
    assert WALKTHROUGH.expected_purchases(26, 30.85714, 31, 52) == pytest.approx(25.75659, rel=1e-4)
    assert WALKTHROUGH.p_alive(26, 30.85714, 31) == pytest.approx(0.9688523, rel=1e-4)


def test_more_purchases_can_mean_less_hope():
    found = WALKTHROUGH.expected_purchases([10, 15, 20, 25], 20, 39, 52)
    assert found == pytest.approx([0.3474606, 0.04283391, 0.004158973, 0.0003583685], rel=1e-5)


def test_one_customer_of_the_spreadsheet():
    assert PRINTED.expected_purchases(2, 30.43, 38.86, 39) == pytest.approx(1.226, abs=1e-3)
    assert PRINTED.p_alive(2, 30.43, 38.86) == pytest.approx(0.726609, abs=2e-4)


def test_expected_purchases_of_a_new_customer(calibration):
    model = bg_nbd.fit(calibration.repeats, calibration.recency, calibration.age).model
    found = model.expected_of_new([0.1429, 1, 3, 31.8571, 32, 78])
    assert found == pytest.approx(
        [0.0078, 0.0532, 0.1506, 1.0405, 1.0437, 1.8576], rel=1e-3, abs=5e-5
    )


def test_probabilities_of_counts_as_printed():
    assert PRINTED.p_count_of_new(10, 2) == pytest.approx(1.07869e-07, rel=1e-5)
    assert PRINTED.p_count_of_new(0, 39) == pytest.approx(0.5737864, abs=1e-6)
    assert PRINTED.p_count_of_new(np.arange(11, 21), 30) == pytest.approx(
        [
            0.0019995214,
            0.0015170236,
            0.001163315,
            0.0009003148,
            0.0007023638,
            0.0005517902,
            0.0004361913,
            0.0003467171,
            0.0002769613,
            0.000222226,
        ],
        abs=1e-9,
    )


def test_log_likelihood_of_extreme_customers():
    found = BGNBD(0.25, 4, 0.8, 2.5).log_likelihood([0, 200], [0, 38], [40, 40])
    assert found == pytest.approx([-0.5994738182, 100.7956930927], rel=1e-8)
    x, t_x, T = np.array(
        [
            (0, 0, 39),
            (1, 1.71, 38.86),
            (2, 30.43, 38.86),
            (26, 30.86, 31),
            (200, 38, 40),
            (500, 1, 37),
            (1000, 100, 104),
        ]
    ).T
    assert PRINTED.log_likelihood(x, t_x, T) == pytest.approx(
        [
            -0.5554981608,
            -4.469093275,
            -9.4586063071,
            -37.7265794734,
            98.8041749289,
            1750.0532479889,
            1244.4979943045,
        ],
        rel=1e-9,
    )


def test_conditional_expectation_by_frequency(calibration):
    model = bg_nbd.fit(calibration.repeats, calibration.recency, calibration.age).model
    found = model.expected_purchases(
        calibration.repeats, calibration.recency, calibration.age, 39.0
    )
    bins = np.minimum(calibration.repeats, 7)
    means = np.bincount(bins, found) / np.bincount(bins)
    assert means == pytest.approx(
        [0.2250893, 0.5231364, 1.044126, 1.520256, 2.163824, 2.653789, 3.503957, 6.157036], rel=1e-3
    )


def exact_if_alive(model, x, T, t):
    """The papers' formula in 60 digits, in the variable that Gauss's function converges in."""
    mpmath.mp.dps = 60
    r, alpha, a, b = (mpmath.mpf(own) for own in model.parameters.values())
    C = a + b + model.shift + x - 1
    if a == 1 or C == 0:
        a += mpmath.mpf(10) ** -25
        C = a + b + model.shift + x - 1
    return C / (a - 1) * (1 - mpmath.hyp2f1(a - 1, r + x, C, -mpmath.mpf(t) / (alpha + T)))


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize(
    "parameters",
    [
        (0.243, 4.414, 0.793, 2.426),
        (0.25, 4.0, 1.0, 2.5),  # a at its limit
        (0.25, 4.0, 1 + 1e-9, 2.5),
        (0.25, 4.0, 0.4, 0.6),  # a + b + x − 1 at its limit
        (0.25, 4.0, 0.001, 0.05),
        (366.8, 12897.8, 1e-4, 3722.0),  # nearly no dropout, nearly no heterogeneity
        (300.0, 1.0, 0.5, 0.2),
        (0.3, 0.01, 4.0, 0.05),
    ],
)
def test_expected_purchases_are_exact(kind, parameters):
    model = kind(*parameters)
    for x in (0, 1, 2, 30, 1000, 10_000):
        for T in (0.0, 0.5, 40.0, 300.0):
            for t in (0.1, 52.0, 1000.0):
                found = float(model.expected_if_alive(x, T, t))
                assert found == pytest.approx(float(exact_if_alive(model, x, T, t)), rel=1e-8)


@pytest.mark.parametrize("kind", MODELS)
def test_everything_is_finite_up_to_ten_thousand_purchases(kind):
    x = np.repeat([0, 1, 2, 10, 100, 1000, 10_000], 4).astype(float)
    T = np.tile([0.0, 1 / 7, 50.0, 500.0], 7)
    for share in (0.0, 0.5, 1.0):
        t_x = np.where(x > 0, T * share, 0.0)
        for model in (
            kind(0.25, 4.4, 0.8, 2.4),
            kind(0.25, 4.4, 1.0, 1e-3),
            kind(50, 900, 0.01, 9),
        ):
            alive = model.p_alive(x, t_x, T)
            buys = model.p_purchase(x, t_x, T, 52.0)
            expected = model.expected_purchases(x, t_x, T, 156.0)
            assert np.isfinite(model.log_likelihood(x, t_x, T)).all()
            assert np.isfinite(expected).all()
            assert (expected >= 0).all()
            assert ((alive >= 0) & (alive <= 1)).all()
            assert ((buys >= 0) & (buys <= alive + 1e-15)).all()
            assert np.isfinite(model.log_p_count(x, x, t_x, T, 52.0)).all()
            assert (model.median_wait(x, t_x, T) > 0).all()


@given(parameters, st.integers(0, 300), st.floats(0, 1), st.floats(0.01, 400), st.floats(0.1, 500))
@settings(max_examples=150, deadline=None)
def test_probabilities_stay_within_bounds_and_fall_with_silence(own, x, share, T, t):
    for kind in MODELS:
        model = kind(*own)
        t_x = T * share if x else 0.0
        alive = model.p_alive(x, t_x, [T, T * 1.1, T * 2])
        assert ((alive >= 0) & (alive <= 1)).all()
        assert (np.diff(alive) <= 1e-12).all()
        counts = model.p_count(np.arange(30), x, t_x, T, t)
        assert (counts >= 0).all()
        assert counts.sum() <= 1 + 1e-9
        beyond = model.p_at_least(30, x, t_x, T, t)
        assert counts.sum() + beyond == pytest.approx(1, abs=1e-9)
        assert model.p_purchase(x, t_x, T, t) == pytest.approx(1 - counts[0], abs=1e-9)


@given(parameters, st.integers(0, 50), st.floats(0, 1), st.floats(0.5, 400), st.floats(0.1, 300))
@settings(max_examples=100, deadline=None)
def test_the_unit_of_time_changes_nothing(own, x, share, T, t):
    r, alpha, a, b = own
    for kind in MODELS:
        weeks, days = kind(r, alpha, a, b), kind(r, alpha * 7, a, b)
        t_x = T * share if x else 0.0
        assert days.p_alive(x, 7 * t_x, 7 * T) == pytest.approx(weeks.p_alive(x, t_x, T), rel=1e-9)
        assert days.expected_purchases(x, 7 * t_x, 7 * T, 7 * t) == pytest.approx(
            weeks.expected_purchases(x, t_x, T, t), rel=1e-8, abs=1e-12
        )


@pytest.mark.parametrize("kind", MODELS)
def test_expected_purchases_are_the_mean_of_the_counts(kind):
    model = kind(0.8, 6.0, 0.9, 2.5)
    counts = np.arange(3000)
    mean = (counts * model.p_count(counts, 3, 20.0, 26.0, 52.0)).sum()
    assert mean == pytest.approx(float(model.expected_purchases(3, 20.0, 26.0, 52.0)), rel=1e-6)


@pytest.mark.parametrize("kind", MODELS)
def test_living_on_is_the_share_that_a_simulation_finds(kind):
    model, x, T, t = kind(0.8, 6.0, 0.9, 2.5), 3, 26.0, 52.0
    rng = np.random.default_rng(3)
    rate = rng.gamma(model.r + x, 1 / (model.alpha + T), 400_000)
    leaves = rng.beta(model.a, model.b + x + model.shift, 400_000)
    assert model.p_still_alive(x, T, t) == pytest.approx(
        np.exp(-rate * leaves * t).mean(), abs=2e-3
    )


@pytest.mark.parametrize("kind", MODELS)
def test_half_have_bought_by_the_median_wait(kind):
    model = kind(0.8, 6.0, 0.9, 2.5)
    wait = model.median_wait(8, 25.0, 26.0)
    assert model.p_purchase(8, 25.0, 26.0, wait) == pytest.approx(0.5, rel=1e-9)
    assert np.isinf(model.median_wait(8, 2.0, 90.0))


@pytest.mark.parametrize(("kind", "fit"), [(BGNBD, bg_nbd.fit), (MBGNBD, mbg_nbd.fit)])
def test_a_model_goes_through_json(kind, fit, calibration):
    model = fit(calibration.repeats, calibration.recency, calibration.age).model
    assert from_plain(kind, json.loads(json.dumps(to_plain(model)))) == model


@pytest.mark.parametrize("fit", FITS)
def test_weights_stand_for_repeated_customers(fit, calibration):
    x, t_x, T = calibration.repeats, calibration.recency, calibration.age
    twice = fit(np.tile(x, 2), np.tile(t_x, 2), np.tile(T, 2))
    weighed = fit(x, t_x, T, weights=np.full(len(x), 2.0))
    assert list(weighed.model.parameters.values()) == pytest.approx(
        list(twice.model.parameters.values()), rel=1e-6
    )
    assert weighed.diagnostics.customers == 2 * len(x)


@pytest.mark.parametrize("fit", FITS)
def test_the_fit_is_free_of_the_unit(fit, calibration):
    x, t_x, T = calibration.repeats, calibration.recency, calibration.age
    weeks, days = fit(x, t_x, T).model, fit(x, t_x * 7, T * 7).model
    assert days.alpha == pytest.approx(weeks.alpha * 7, rel=1e-5)
    assert (days.r, days.a, days.b) == pytest.approx((weeks.r, weeks.a, weeks.b), rel=1e-5)


@pytest.mark.parametrize("fit", FITS)
def test_nobody_who_bought_twice_is_no_rhythm(fit):
    with pytest.raises(CannotFit, match="second time"):
        fit([0, 0], [0, 0], [10, 20])
    with pytest.raises(CannotFit, match="no customer"):
        fit([], [], [])


@pytest.mark.parametrize("fit", FITS)
def test_impossible_customers_are_refused(fit):
    with pytest.raises(ValueError, match="0 ≤ t_x ≤ T"):
        fit([1], [5], [3])
    with pytest.raises(ValueError, match="whole"):
        fit([1.5], [2], [3])
    with pytest.raises(ValueError, match="finite"):
        fit([1], [np.nan], [3])


@pytest.mark.parametrize("fit", FITS)
def test_a_few_customers_are_fitted_with_a_weak_penalty(fit):
    found = fit([3], [10.0], [12.0])
    assert found.diagnostics.converged
    assert found.diagnostics.penalty > 0
    assert all(np.isfinite(own) for own in found.model.parameters.values())


@pytest.mark.parametrize("fit", FITS)
def test_customers_without_dropout_or_difference_are_reported(fit):
    """A company like Superstore: everybody buys at one rate, nobody leaves."""
    rng = np.random.default_rng(4)
    T = np.full(782, 104.0)
    x = rng.poisson(3.5, 782)
    t_x = np.where(x > 0, np.round(7 * T * rng.beta(np.maximum(x, 1), 1)) / 7, 0.0)
    found = fit(x, t_x, T)
    assert {"no_dropout", "dropout_not_identified"} & set(found.diagnostics.degenerate)
    assert "no_heterogeneity" in found.diagnostics.degenerate
    expected = found.model.expected_purchases(x, t_x, T, 52.0).sum()
    assert expected == pytest.approx(x.sum() / 2, rel=0.1)


@pytest.mark.parametrize("kind", MODELS)
def test_parameters_must_be_positive(kind):
    with pytest.raises(ValueError, match="alpha"):
        kind(0.2, 0.0, 1.0, 1.0)


@pytest.mark.parametrize("kind", MODELS)
def test_many_customers_at_once_get_what_each_gets_alone(kind):
    rng, model = np.random.default_rng(6), kind(0.8, 6.0, 0.9, 2.5)
    for ages in (np.arange(50) / 7, rng.uniform(0, 100, 30_000)):
        x, T = rng.poisson(1, 30_000).astype(float), rng.choice(ages, 30_000)
        together = model.expected_if_alive(x, T, 52.0)
        few = rng.choice(30_000, 100)
        assert together[few] == pytest.approx(model.expected_if_alive(x[few], T[few], 52.0))
