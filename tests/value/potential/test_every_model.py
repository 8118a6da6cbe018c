"""One suite over all models of purchases: probabilities, monotonicity, units, weights, stress."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kezhi.value.plain import from_plain, to_plain
from kezhi.value.potential import bg_nbd, ggom_nbd, mbg_nbd, nbd, pareto_nbd, regular_fit
from kezhi.value.potential.bg_nbd import BGNBD
from kezhi.value.potential.choose import FITS, fit_named
from kezhi.value.potential.fitting import CannotFit
from kezhi.value.potential.ggom_nbd import GGomNBD
from kezhi.value.potential.mbg_nbd import MBGNBD
from kezhi.value.potential.nbd import NBD
from kezhi.value.potential.pareto_nbd import ParetoNBD
from kezhi.value.potential.regular import RegularNBD

MODELS = (
    BGNBD(0.8, 6.0, 0.9, 2.5),
    MBGNBD(0.8, 6.0, 0.9, 2.5),
    NBD(0.4, 12.0),
    ParetoNBD(0.55, 10.6, 0.6, 11.7),
    GGomNBD(0.8, 6.0, 0.03, 0.9, 2.5),
    RegularNBD(3, 0.8, 2.0, 0.9, 2.5),
)
EXTREME = (
    ParetoNBD(40.0, 900.0, 1.0, 1e-3),
    ParetoNBD(0.05, 1e-3, 0.05, 500.0),
    GGomNBD(0.3, 5.0, 1e-7, 0.6, 1e-6),
    RegularNBD(7, 0.25, 4.4, 1.0, 1e-3),
    RegularNBD(2, 50.0, 900.0, 0.01, 9.0),
)
TIMED = {"alpha": 7.0, "b": 1 / 7}  # parameters that count in time; β too, but not of GGom/NBD


def named(model):
    return model.name


def in_days(model):
    changed = {name: own * TIMED.get(name, 1.0) for name, own in model.parameters.items()}
    if isinstance(model, (BGNBD, MBGNBD, RegularNBD)):
        changed["b"] = model.b
    if isinstance(model, RegularNBD):
        changed["k"] = model.k
    if isinstance(model, ParetoNBD):
        changed["beta"] = model.beta * 7
    return type(model)(**changed)


customers = st.tuples(st.integers(0, 80), st.floats(0, 1), st.floats(0.1, 400), st.floats(0.1, 300))


@pytest.mark.parametrize("model", MODELS, ids=named)
@given(customers)
@settings(max_examples=25, deadline=None)
def test_probabilities_stay_within_bounds_and_fall_with_silence(model, own):
    x, share, T, t = own
    t_x = T * share if x else 0.0
    alive = model.p_alive(x, t_x, [T, T * 1.1, T * 2])
    assert ((alive >= 0) & (alive <= 1)).all()
    assert (np.diff(alive) <= 1e-11).all()
    counts = model.p_count(np.arange(20), x, t_x, T, t)
    assert (counts >= 0).all()
    beyond = model.p_at_least(20, x, t_x, T, t)
    assert counts.sum() + beyond == pytest.approx(1, abs=1e-8)
    assert model.p_purchase(x, t_x, T, t) == pytest.approx(1 - counts[0], abs=1e-8)
    assert model.p_states(x, t_x, T).sum(axis=0) == pytest.approx(alive[0], abs=1e-12)
    expected = model.expected_purchases(x, t_x, T, [t, 2 * t, 4 * t])
    assert (np.diff(expected) >= -1e-10).all()


@pytest.mark.parametrize("model", MODELS, ids=named)
@given(customers)
@settings(max_examples=20, deadline=None)
def test_the_unit_of_time_changes_nothing(model, own):
    x, share, T, t = own
    t_x, days = (T * share if x else 0.0), in_days(model)
    assert days.p_alive(x, 7 * t_x, 7 * T) == pytest.approx(model.p_alive(x, t_x, T), rel=1e-8)
    assert days.expected_purchases(x, 7 * t_x, 7 * T, 7 * t) == pytest.approx(
        model.expected_purchases(x, t_x, T, t), rel=1e-8, abs=1e-12
    )
    assert days.p_purchase(x, 7 * t_x, 7 * T, 7 * t) == pytest.approx(
        model.p_purchase(x, t_x, T, t), rel=1e-8, abs=1e-12
    )


@pytest.mark.parametrize("model", MODELS, ids=named)
def test_expected_purchases_are_the_mean_of_the_counts(model):
    counts = np.arange(2500)
    chances = model.p_count(counts, 3, 20.0, 26.0, 52.0)
    expected = float(model.expected_purchases(3, 20.0, 26.0, 52.0))
    assert (counts * chances).sum() == pytest.approx(expected, rel=1e-6)
    new = model.p_count_of_new(counts, 52.0)
    assert new.sum() == pytest.approx(1, abs=1e-6)
    assert (counts * new).sum() == pytest.approx(float(model.expected_of_new(52.0)), rel=1e-4)


@pytest.mark.parametrize("model", MODELS, ids=named)
def test_draws_have_the_expected_mean(model):
    rng = np.random.default_rng(1)
    drawn = model.draw_counts(rng, *(np.array([own]) for own in (3.0, 26.0, 6.0)), 52.0, 200_000)
    mean = drawn.mean() * float(model.p_alive(3, 20.0, 26.0))
    assert mean == pytest.approx(float(model.expected_purchases(3, 20.0, 26.0, 52.0)), rel=0.02)


@pytest.mark.parametrize("model", MODELS, ids=named)
def test_sums_over_time_are_those_of_each_moment(model):
    x, T, times = np.array([0.0, 3.0, 12.0]), np.array([26.0, 26.0, 80.0]), np.arange(1.0, 157.0)
    weights = 0.99**times
    for state in range(model.states):
        each = model.expected_in_state(state, x[:, None], T[:, None], times) @ weights
        assert model.sum_in_state(state, x, T, times, weights) == pytest.approx(each, rel=1e-8)
        lives = model.alive_sum_in_state(state, x, T, times, weights)
        assert ((lives >= 0) & (lives <= weights.sum() + 1e-9)).all()


@pytest.mark.parametrize("model", MODELS, ids=named)
def test_half_have_bought_by_the_median_wait(model):
    wait = model.median_wait([8, 8], [25.0, 2.0], [26.0, 90.0])
    assert model.p_purchase(8, 25.0, 26.0, wait[0]) == pytest.approx(0.5, rel=1e-8)
    assert np.isinf(wait[1]) or isinstance(model, NBD)


@pytest.mark.parametrize("model", MODELS + EXTREME, ids=named)
def test_everything_is_finite_up_to_ten_thousand_purchases(model):
    x = np.repeat([0, 1, 30, 1000, 10_000], 3).astype(float)
    T = np.tile([0.0, 50.0, 36_500.0], 5)
    for share in (0.0, 1.0):
        t_x = np.where(x > 0, T * share, 0.0)
        alive = model.p_alive(x, t_x, T)
        expected = model.expected_purchases(x, t_x, T, 156.0)
        assert np.isfinite(model.log_likelihood(x, t_x, T)).all()
        assert np.isfinite(expected).all()
        assert (expected >= 0).all()
        assert ((alive >= 0) & (alive <= 1)).all()
        assert np.isfinite(model.log_p_count(np.minimum(x, 20), x, t_x, T, 52.0)).all()
        assert (model.median_wait(x, t_x, T) > 0).all()


@pytest.mark.parametrize("model", MODELS, ids=named)
def test_many_customers_at_once_get_what_each_gets_alone(model):
    rng = np.random.default_rng(6)
    x, T = rng.poisson(1, 5000).astype(float), rng.choice(np.arange(10, 60) / 7, 5000)
    t_x = np.where(x > 0, np.round(T * 0.6 * 7) / 7, 0.0)
    few = rng.choice(5000, 60)
    for name, more in (("p_alive", ()), ("expected_purchases", (52.0,)), ("median_wait", ())):
        together = getattr(model, name)(x, t_x, T, *more)[few]
        assert together == pytest.approx(getattr(model, name)(x[few], t_x[few], T[few], *more))


@pytest.mark.parametrize("model", MODELS, ids=named)
def test_a_model_goes_through_json(model):
    assert from_plain(type(model), json.loads(json.dumps(to_plain(model)))) == model


@pytest.mark.parametrize("model", MODELS, ids=named)
def test_parameters_must_be_positive(model):
    with pytest.raises(ValueError, match="alpha"):
        type(model)(**{**model.parameters, "alpha": 0.0})


def fitted(name, summary, times=1, unit=1.0, order=None):
    x, t_x, T = summary.repeats.astype(float), summary.recency * unit, summary.age * unit
    logs = times * (summary.log_intervals + summary.repeats.sum() * np.log(unit))
    x, t_x, T = (np.tile(own if order is None else own[order], times) for own in (x, t_x, T))
    return fit_named(name, x, t_x, T, log_intervals=logs)


@pytest.mark.parametrize("name", FITS)
def test_fits_repeat_bit_for_bit_in_any_order_of_rows(name, calibration):
    found = fitted(name, calibration)
    assert fitted(name, calibration).model == found.model
    order = np.random.default_rng(1).permutation(len(calibration.repeats))
    assert fitted(name, calibration, order=order).model == found.model


@pytest.mark.parametrize("name", FITS)
def test_customers_counted_twice_and_other_units_give_the_same_model(name, calibration):
    found, twice = fitted(name, calibration), fitted(name, calibration, times=2)
    assert list(twice.model.parameters.values()) == pytest.approx(
        list(found.model.parameters.values()), rel=1e-4
    )
    assert twice.diagnostics.customers == 2 * found.diagnostics.customers
    days = fitted(name, calibration, unit=7.0)
    assert list(days.model.parameters.values()) == pytest.approx(
        list(in_days(found.model).parameters.values()), rel=1e-4
    )


@pytest.mark.parametrize(
    "module",
    [bg_nbd, mbg_nbd, nbd, pareto_nbd, ggom_nbd, regular_fit],
    ids=lambda own: own.__name__,
)
def test_weights_stand_for_repeated_customers(module, calibration):
    x, t_x, T = calibration.repeats, calibration.recency, calibration.age
    more = {"k": 2} if module is regular_fit else {}
    weighed = module.fit(x, t_x, T, weights=np.full(len(x), 2.0), **more)
    once = module.fit(x, t_x, T, **more)
    assert list(weighed.model.parameters.values()) == pytest.approx(
        list(once.model.parameters.values()), rel=1e-4
    )
    assert weighed.diagnostics.customers == 2 * len(x)


@pytest.mark.parametrize("name", FITS)
def test_what_cannot_be_fitted_is_refused_with_the_reason(name):
    with pytest.raises(CannotFit, match="second time"):
        fit_named(name, [0, 0], [0, 0], [10, 20], log_intervals=0.0)
    with pytest.raises(CannotFit, match="no customer"):
        fit_named(name, [], [], [], log_intervals=0.0)
    with pytest.raises(ValueError, match="0 ≤ t_x ≤ T"):
        fit_named(name, [1], [5], [3], log_intervals=1.0)


@pytest.mark.parametrize("name", FITS)
def test_a_few_customers_are_fitted_with_a_weak_penalty(name):
    found = fit_named(name, [3], [10.0], [12.0], log_intervals=3 * np.log(3.3))
    assert found.diagnostics.converged
    assert found.diagnostics.penalty > 0
    assert all(np.isfinite(own) for own in found.model.parameters.values())


@pytest.mark.parametrize("name", FITS)
def test_customers_without_dropout_or_difference_are_reported(name):
    """A company like Superstore: everybody buys at one rate, nobody leaves."""
    rng = np.random.default_rng(4)
    T, rate = np.full(782, 104.0), 3.5 / 104
    x, t_x, now, logs = np.zeros(782), np.zeros(782), np.zeros(782), 0.0
    live = np.arange(782)
    while len(live):
        gap = rng.exponential(1 / rate, len(live))
        now[live] += gap
        logs += np.log(gap[now[live] < 104]).sum()
        live = live[now[live] < 104]
        x[live] += 1
        t_x[live] = now[live]
    found = fit_named(name, x, t_x, T, log_intervals=logs)
    assert "no_heterogeneity" in found.diagnostics.degenerate
    expected = found.model.expected_purchases(x, t_x, T, 52.0).sum()
    assert expected == pytest.approx(x.sum() / 2, rel=0.1)
