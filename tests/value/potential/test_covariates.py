"""Covariates in BG/NBD, MBG/NBD and Pareto/NBD: recovery, derivatives, agreement with subgroups."""

import json

import numpy as np
import pytest

from kezhi.value.plain import from_plain, to_plain
from kezhi.value.potential import bg_nbd, covariates, mbg_nbd, pareto_nbd
from kezhi.value.potential.covariates import _ROWS, WithCovariates
from kezhi.value.potential.covariates_rows import Rows4
from kezhi.value.potential.fitting import CannotFit
from kezhi.value.potential.pareto_nbd import ParetoNBD

PLAIN = {"bg-nbd": bg_nbd.fit, "mbg-nbd": mbg_nbd.fit, "pareto-nbd": pareto_nbd.fit}
OF_DROPOUT = {"bg-nbd": ("a", "b"), "mbg-nbd": ("a", "b"), "pareto-nbd": ("beta",)}


def simulated(rng, alpha, second, r=0.9, first=0.8, pareto=False, at_once=False):
    """Customers who each have an α and a b (or a β) of their own."""
    size = len(alpha)
    T = 60.0 - rng.uniform(0, 20, size)
    rate = rng.gamma(r, 1 / alpha)
    x, t_x, now = np.zeros(size), np.zeros(size), np.zeros(size)
    ends, leaves = T.copy(), np.zeros(size)
    if pareto:
        ends = np.minimum(T, rng.standard_exponential(size) / rng.gamma(first, 1 / second))
    else:
        leaves = rng.beta(first, second)
    live = np.flatnonzero((not at_once) | (rng.random(size) >= leaves))
    while len(live):
        now[live] += rng.standard_exponential(len(live)) / rate[live]
        live = live[now[live] < ends[live]]
        x[live] += 1
        t_x[live] = now[live]
        live = live[rng.random(len(live)) >= leaves[live]]
    return x, t_x, T


@pytest.mark.parametrize("model", PLAIN)
def test_without_covariates_it_is_the_plain_model(model, calibration):
    figures = calibration.repeats, calibration.recency, calibration.age
    found, plain = covariates.fit(model, *figures), PLAIN[model](*figures)
    assert list(found.model.base.values()) == pytest.approx(
        list(plain.model.parameters.values()), rel=1e-4
    )
    assert found.diagnostics.log_likelihood == pytest.approx(
        plain.diagnostics.log_likelihood, abs=1e-5
    )
    assert list(found.diagnostics.standard_errors.values()) == pytest.approx(
        list(plain.diagnostics.standard_errors.values()), rel=1e-3
    )


@pytest.mark.parametrize("model", PLAIN)
def test_derivatives_are_those_of_the_likelihood(model):
    rng = np.random.default_rng(1)
    x = np.array([0.0, 1.0, 4.0, 40.0, 0.0])
    T = rng.uniform(10, 60, 5)
    data = Rows4(x, np.where(x > 0, T * 0.4, 0.0), T)
    theta = np.log(rng.uniform(0.3, 9, (4, 5)))
    _, slopes, curved = _ROWS[model](theta, data)
    for i in range(4):
        up, down = theta.copy(), theta.copy()
        up[i] += 1e-5
        down[i] -= 1e-5
        above, below = _ROWS[model](up, data), _ROWS[model](down, data)
        assert (above[0] - below[0]) / 2e-5 == pytest.approx(slopes[i], rel=1e-5, abs=1e-6)
        assert (above[1] - below[1]) / 2e-5 == pytest.approx(curved[i], rel=1e-4, abs=1e-5)


def test_coefficients_of_pareto_nbd_come_back():
    rng = np.random.default_rng(2)
    online, size = rng.integers(0, 2, 5000).astype(float), rng.normal(3.0, 2.0, 5000)
    alpha = 8 * np.exp(-0.6 * online - 0.15 * size)
    figures = simulated(rng, alpha, 25 * np.exp(-0.8 * online), pareto=True)
    found = covariates.fit(
        "pareto-nbd",
        *figures,
        purchase={"online": online, "size": size},
        dropout={"online": online},
    )
    errors, own = found.diagnostics.standard_errors, found.model.coefficients
    for parameter, name, truth in (
        ("alpha", "online", 0.6),
        ("alpha", "size", 0.15),
        ("beta", "online", 0.8),
    ):
        error = errors[f"{parameter}.{name}"]
        assert abs(own[parameter][name] - truth) < 3.5 * error
        assert error < 0.3
    assert abs(found.model.base["r"] - 0.9) < 3.5 * errors["r"]
    assert abs(found.model.base["alpha"] - 8) < 3.5 * errors["alpha"]


@pytest.mark.parametrize("model", ["bg-nbd", "mbg-nbd"])
def test_coefficients_of_beta_geometric_models_come_back(model):
    rng = np.random.default_rng(3)
    online = rng.integers(0, 2, 5000).astype(float)
    figures = simulated(
        rng,
        8 * np.exp(-0.6 * online),
        2.5 * np.exp(0.7 * online),
        at_once=model == "mbg-nbd",
    )
    found = covariates.fit(model, *figures, purchase={"online": online}, dropout={"online": online})
    errors, own = found.diagnostics.standard_errors, found.model.coefficients
    for parameter, truth in (("alpha", 0.6), ("a", 0.0), ("b", 0.7)):
        assert abs(own[parameter]["online"] - truth) < 3.5 * errors[f"{parameter}.online"]


@pytest.mark.parametrize("model", PLAIN)
def test_the_units_of_a_covariate_change_the_coefficient_alone(model):
    rng = np.random.default_rng(4)
    size = rng.normal(50.0, 10.0, 1500).round()
    figures = simulated(rng, 8 * np.exp(-0.03 * size), np.full(1500, 3.0))
    one = covariates.fit(model, *figures, purchase={"size": size})
    other = covariates.fit(model, *figures, purchase={"size": size / 1000})
    gamma = one.model.coefficients["alpha"]["size"]
    assert other.model.coefficients["alpha"]["size"] == pytest.approx(gamma * 1000, rel=1e-4)
    assert other.model.base["alpha"] == pytest.approx(one.model.base["alpha"], rel=1e-4)
    assert other.diagnostics.log_likelihood == pytest.approx(one.diagnostics.log_likelihood)


@pytest.mark.parametrize("model", PLAIN)
def test_figures_are_those_of_each_customer_s_own_model(model):
    base = {"bg-nbd": bg_nbd.BGNBD, "mbg-nbd": mbg_nbd.MBGNBD, "pareto-nbd": ParetoNBD}[model]
    own = base(0.8, 6.0, 0.9, 9.0)
    gammas = {"alpha": {"z": 0.5}, **{name: {"z": 0.3} for name in OF_DROPOUT[model]}}
    known = WithCovariates(model, own.parameters, gammas)
    z, x, t_x, T = np.array([0.0, 1.0, 0.0]), np.array([2, 2, 0]), np.array([9.0, 9, 0]), 20.0
    one = known.of({"z": 1.0})
    assert one.alpha == pytest.approx(6 * np.exp(-0.5))
    for name, more in (("p_alive", ()), ("p_purchase", (9.0,)), ("expected_purchases", (9.0,))):
        found = getattr(known, name)({"z": z}, x, t_x, T, *more)
        assert found[0] == pytest.approx(float(getattr(own, name)(2, 9.0, T, *more)))
        assert found[1] == pytest.approx(float(getattr(one, name)(2, 9.0, T, *more)))
    assert known.expected_purchases({"z": z}, x, t_x, T, 9.0)[1] > 0
    assert from_plain(WithCovariates, json.loads(json.dumps(to_plain(known)))) == known
    with pytest.raises(ValueError, match="'z' is not given"):
        known.p_alive({}, 1, 2.0, 3.0)


def test_the_fit_is_the_sum_of_its_customers_likelihoods(calibration):
    x, t_x, T = calibration.repeats, calibration.recency, calibration.age
    z = (T > 33).astype(float)
    for model in PLAIN:
        found = covariates.fit(model, x, t_x, T, purchase={"late": z}, dropout={"late": z})
        assert found.model.log_likelihood({"late": z}, x, t_x, T).sum() == pytest.approx(
            found.diagnostics.log_likelihood, rel=1e-9
        )
        plain = PLAIN[model](x, t_x, T).diagnostics.log_likelihood
        assert found.diagnostics.log_likelihood > plain


def test_what_cannot_be_told_is_refused():
    x, T = np.array([1.0, 2, 0, 3] * 30), np.full(120, 30.0)
    t_x = np.where(x > 0, 20.0, 0.0)
    z = np.tile([0.0, 1.0], 60)
    with pytest.raises(CannotFit, match="same for all"):
        covariates.fit("bg-nbd", x, t_x, T, purchase={"z": np.ones(120)})
    with pytest.raises(ValueError, match="finite number for each"):
        covariates.fit("bg-nbd", x, t_x, T, purchase={"z": z[:5]})
    with pytest.raises(ValueError, match="covariates go with"):
        covariates.fit("nbd", x, t_x, T, purchase={"z": z})
    with pytest.raises(CannotFit, match="second time"):
        covariates.fit("bg-nbd", 0 * x, 0 * t_x, T, purchase={"z": z})


def test_covariates_that_say_the_same_are_refused(calibration):
    figures = calibration.repeats, calibration.recency, calibration.age
    z = (calibration.age > 33).astype(float)
    with pytest.raises(CannotFit, match="leave one of them out"):
        covariates.fit("mbg-nbd", *figures, purchase={"late": z, "same": 2 * z + 1})


def known_twice(model, x, t_x, T, online, order=None):
    rows = np.arange(len(x)) if order is None else order
    given = {"online": online[rows]}
    return covariates.fit(model, x[rows], t_x[rows], T[rows], purchase=given, dropout=given)


@pytest.mark.parametrize("model", PLAIN)
def test_neither_the_order_of_customers_nor_counting_them_twice_changes_the_model(model):
    rng = np.random.default_rng(5)
    online = rng.integers(0, 2, 700).astype(float)
    is_pareto = model == "pareto-nbd"
    x, t_x, T = simulated(
        rng,
        8 * np.exp(-0.6 * online),
        25 * np.exp(-0.8 * online) if is_pareto else 2.5 * np.exp(0.3 * online),
        pareto=is_pareto,
        at_once=model == "mbg-nbd",
    )
    found = known_twice(model, x, t_x, T, online)
    again = known_twice(model, x, t_x, T, online)
    assert repr(again.model) == repr(found.model)

    def numbers(fit):
        told = [*fit.model.base.values()]
        for by in fit.model.coefficients.values():
            told += by.values()
        return told

    mixed = known_twice(model, x, t_x, T, online, rng.permutation(700))
    assert numbers(mixed) == pytest.approx(numbers(found), rel=1e-5, abs=1e-6)
    twice = known_twice(model, x, t_x, T, online, np.tile(np.arange(700), 2))
    assert numbers(twice) == pytest.approx(numbers(found), rel=1e-4, abs=1e-5)
    assert twice.diagnostics.log_likelihood == pytest.approx(
        2 * found.diagnostics.log_likelihood, rel=1e-6
    )
    assert twice.diagnostics.customers == 2 * found.diagnostics.customers


@pytest.mark.parametrize("model", PLAIN)
def test_figures_stay_finite_for_frequent_and_old_customers(model):
    base = {"r": 0.6, "alpha": 8.0, "a": 0.8, "b": 2.5}
    if model == "pareto-nbd":
        base = {"r": 0.6, "alpha": 8.0, "s": 0.7, "beta": 12.0}
    coefficients = {"alpha": {"online": 0.7}} | {
        name: {"online": -0.4} for name in OF_DROPOUT[model]
    }
    own = WithCovariates(model, base, coefficients)
    for online in (0.0, 1.0, 4.0):
        for x in (0.0, 1.0, 10_000.0):
            for T in (1.0, 36_500.0):
                t_x = T * 0.9 if x else 0.0
                alive = own.p_alive({"online": online}, x, t_x, T)
                assert 0 <= float(np.squeeze(alive)) <= 1
                ahead = own.expected_purchases({"online": online}, x, t_x, T, 1000.0)
                assert np.isfinite(ahead).all()
                assert (np.asarray(ahead) >= 0).all()
