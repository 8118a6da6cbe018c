"""NBD, Pareto/NBD and GGom/NBD: published numbers, exact numbers, recovery, boundaries."""

import mpmath
import numpy as np
import pytest

from kezhi.value.potential import ggom_nbd, nbd, nbd_fit, pareto_nbd
from kezhi.value.potential.ggom_nbd import GGomNBD
from kezhi.value.potential.grouping import read_customers
from kezhi.value.potential.nbd import NBD
from kezhi.value.potential.nbd_fit import lifetime_objective
from kezhi.value.potential.pareto_nbd import ParetoNBD

WALKTHROUGH = ParetoNBD(0.5534, 10.5802, 0.6061, 11.6562)


@pytest.fixture(scope="module")
def customers(calibration):
    return calibration.repeats.astype(float), calibration.recency, calibration.age


def test_pareto_nbd_comes_back_from_cdnow_as_published(customers):
    found = pareto_nbd.fit(*customers)
    assert list(found.model.parameters.values()) == pytest.approx(
        [0.5532770, 10.5776835, 0.6062400, 11.6687358], rel=1e-5
    )
    assert found.diagnostics.log_likelihood == pytest.approx(-9594.9762, abs=1e-4)
    assert list(found.diagnostics.standard_errors.values()) == pytest.approx(
        [0.0476264, 0.8427222, 0.1872594, 6.2105448], rel=2e-4
    )
    assert found.diagnostics.converged
    assert found.diagnostics.degenerate == ()
    assert found.diagnostics.penalty == 0


def test_nbd_comes_back_from_cdnow_as_published(customers):
    found = nbd.fit(*customers)
    assert list(found.model.parameters.values()) == pytest.approx([0.384766, 12.072022], rel=1e-5)
    assert found.diagnostics.log_likelihood == pytest.approx(-9763.6576, abs=1e-4)


def test_ggom_nbd_of_cdnow_is_the_pareto_limit_and_says_so(customers):
    found = ggom_nbd.fit(*customers)
    assert found.diagnostics.log_likelihood == pytest.approx(-9594.9762, abs=1e-4)
    assert found.model.s == pytest.approx(0.6068, rel=1e-3)
    assert (found.model.r, found.model.alpha) == pytest.approx((0.55313, 10.5758), rel=1e-3)
    assert "pareto_limit" in found.diagnostics.degenerate
    assert np.isnan(found.diagnostics.standard_errors["b"])
    limit = pareto_nbd.fit(*customers).model
    x, t_x, T = customers
    assert found.model.p_alive(x, t_x, T) == pytest.approx(limit.p_alive(x, t_x, T), rel=1e-4)


def test_log_likelihood_of_extreme_customers():
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
    assert WALKTHROUGH.log_likelihood(x, t_x, T) == pytest.approx(
        [
            -0.5215901253,
            -4.4494670613,
            -9.5545106946,
            -39.1321278835,
            76.2956378319,
            1376.5261634368,
            1192.7403262392,
        ],
        rel=1e-9,
    )


def test_predictions_of_the_walkthrough():
    # Computed there from parameters with more digits than are printed.
    assert WALKTHROUGH.expected_of_new(52) == pytest.approx(1.473434, rel=1e-3)
    assert WALKTHROUGH.p_alive(0, 0, 39) == pytest.approx(0.2941633, abs=5e-3)


def test_conditional_expectation_by_frequency(calibration, customers):
    found = pareto_nbd.fit(*customers).model.expected_purchases(*customers, 39.0)
    bins = np.minimum(calibration.repeats, 7)
    means = np.bincount(bins, found) / np.bincount(bins)
    assert means == pytest.approx([0.138, 0.6, 1.196, 1.714, 2.399, 2.907, 3.819, 6.403], abs=1e-3)


def test_cdnow_hold_out_as_measured_elsewhere(customers, calibration, whole):
    came = whole.occasions - calibration.occasions
    found = pareto_nbd.fit(*customers).model.expected_purchases(*customers, 39.0)
    assert found.sum() == pytest.approx(1665.5, rel=1e-3)
    assert np.abs(found - came).mean() == pytest.approx(0.7545, rel=1e-3)
    assert np.sqrt(((found - came) ** 2).mean()) == pytest.approx(1.6028, rel=1e-3)


def exact(model, x, t_x, T):
    """The likelihood in 25 digits: the moment of leaving is integrated over log(m + u)."""
    mpmath.mp.dps = 25
    r, alpha = mpmath.mpf(model.r), mpmath.mpf(model.alpha)
    s, beta = mpmath.mpf(model.s), mpmath.mpf(model.beta)
    if isinstance(model, GGomNBD):
        b = mpmath.mpf(model.b)

        def survival(t):
            return (beta / (beta + mpmath.expm1(b * t))) ** s

        def density(t):
            return s * b * mpmath.exp(b * t) / (beta + mpmath.expm1(b * t)) * survival(t)
    else:

        def survival(t):
            return (beta / (beta + t)) ** s

        def density(t):
            return s / (beta + t) * survival(t)

    m = min(alpha, beta) if isinstance(model, ParetoNBD) else alpha
    low, high = mpmath.log(m + t_x), mpmath.log(m + T)
    parts = int(6 + (x + min(model.s, 20)) * float(high - low))
    gone = mpmath.quad(
        lambda v: (
            (alpha + mpmath.exp(v) - m) ** -(r + x) * density(mpmath.exp(v) - m) * mpmath.exp(v)
        ),
        mpmath.linspace(low, high, parts),
        method="gauss-legendre",
        maxdegree=4,
    )
    alive = (alpha + T) ** -(r + x) * survival(T)
    start = mpmath.loggamma(r + x) - mpmath.loggamma(r) + r * mpmath.log(alpha)
    return float(start + mpmath.log(alive + gone))


@pytest.mark.parametrize(
    "model",
    [
        ParetoNBD(0.55, 10.6, 0.6, 11.7),
        ParetoNBD(0.05, 1e-3, 0.05, 1e-3),
        ParetoNBD(30.0, 500.0, 20.0, 1e-3),
        ParetoNBD(0.5, 5.0, 300.0, 5000.0),
        GGomNBD(0.55, 10.6, 1e-6, 0.6, 1.2e-5),
        GGomNBD(0.8, 6.0, 0.08, 0.9, 2.5),
        GGomNBD(0.8, 6.0, 0.5, 0.9, 200.0),
    ],
)
def test_the_likelihood_is_exact(model):
    for x, t_x, T in [
        (0, 0.0, 0.14),
        (0, 0.0, 40.0),
        (1, 3.0, 40.0),
        (30, 39.9, 40.0),
        (60, 3, 50),
    ]:
        found = float(model.log_likelihood(x, t_x, T))
        assert found == pytest.approx(exact(model, x, t_x, T), rel=1e-9, abs=1e-10)


def test_finite_for_ten_thousand_purchases_and_a_hundred_years():
    x = np.repeat([0, 1, 30, 500, 10_000], 3).astype(float)
    T = np.tile([0.0, 1.0, 36_500.0], 5)
    for share in (0.0, 0.5, 1.0):
        t_x = np.where(x > 0, T * share, 0.0)
        for model in (
            NBD(0.4, 12.0),
            ParetoNBD(0.55, 10.6, 0.6, 11.7),
            ParetoNBD(40.0, 900.0, 1.0, 1e-3),
            GGomNBD(0.55, 10.6, 1e-6, 0.6, 1.2e-5),
            GGomNBD(0.8, 6.0, 0.08, 0.9, 2.5),
        ):
            assert np.isfinite(model.log_likelihood(x, t_x, T)).all()
            assert np.isfinite(model.expected_purchases(x, t_x, T, 156.0)).all()
            assert np.isfinite(model.log_p_count(np.minimum(x, 50), x, t_x, T, 52.0)).all()


@pytest.mark.parametrize(
    ("kind", "theta"),
    [
        (NBD, [0.5, 9.0]),
        (ParetoNBD, [0.5, 9.0, 0.7, 8.0]),
        (GGomNBD, [0.5, 9.0, 0.05, 0.7, 0.8]),
        (GGomNBD, [0.5, 9.0, 0.3, 0.7, 30.0]),
    ],
)
def test_derivatives_are_those_of_the_likelihood(kind, theta, customers):
    objective = lifetime_objective(kind, read_customers(*customers))
    theta = np.log(theta)
    found, gradient, hessian = objective(theta)
    assert found == pytest.approx(kind(*np.exp(theta)).log_likelihood(*customers).sum(), rel=1e-12)
    for i, step in enumerate(np.eye(len(theta)) * 1e-5):
        up, down = objective(theta + step), objective(theta - step)
        assert (up[0] - down[0]) / 2e-5 == pytest.approx(gradient[i], abs=1e-4)
        assert (up[1] - down[1]) / 2e-5 == pytest.approx(hessian[i], abs=1e-3)


def bought(model, rng, customers=8000):
    """Purchases of simulated customers seen for 30 to 60 weeks, in days ÷ 7."""
    T = rng.integers(210, 420, customers) / 7
    rate = rng.gamma(model.r, 1 / model.alpha, customers)
    ends = np.minimum(model.draw_life_left(rng, np.zeros(customers)), T)
    x, t_x, now = np.zeros(customers), np.zeros(customers), np.zeros(customers)
    live = np.arange(customers)
    while len(live):
        now[live] += rng.standard_exponential(len(live)) / rate[live]
        live = live[now[live] < ends[live]]
        x[live] += 1
        t_x[live] = now[live]
    return x, t_x, T


@pytest.mark.parametrize(
    ("truth", "fit"),
    [
        (ParetoNBD(0.8, 6.0, 0.9, 20.0), pareto_nbd.fit),
        (GGomNBD(0.8, 6.0, 0.1, 0.9, 2.5), ggom_nbd.fit),
        (NBD(0.8, 6.0), nbd.fit),
    ],
)
def test_parameters_come_back_from_simulated_customers(truth, fit):
    found = fit(*bought(truth, np.random.default_rng(5)))
    errors = found.diagnostics.standard_errors
    for name, own in truth.parameters.items():
        assert abs(found.model.parameters[name] - own) < 3.5 * errors[name], name


def test_customers_who_age_are_better_foretold_by_ggom_nbd():
    customers = bought(GGomNBD(0.8, 6.0, 0.1, 0.9, 2.5), np.random.default_rng(6))
    assert (
        ggom_nbd.fit(*customers).diagnostics.log_likelihood
        > pareto_nbd.fit(*customers).diagnostics.log_likelihood + 5
    )


def test_where_nobody_leaves_pareto_nbd_says_so():
    found = pareto_nbd.fit(*bought(NBD(0.8, 6.0), np.random.default_rng(7), 2000))
    assert {"no_dropout", "dropout_not_identified"} & set(found.diagnostics.degenerate)
    assert all(np.isfinite(own) for own in found.model.parameters.values())


@pytest.mark.parametrize("model", [WALKTHROUGH, GGomNBD(0.8, 6.0, 0.08, 0.9, 2.5), NBD(0.4, 12.0)])
def test_life_left_is_what_a_simulation_finds(model):
    lives = model.draw_life_left(np.random.default_rng(3), np.full(200_000, 26.0))
    assert np.minimum(lives, 52).mean() == pytest.approx(float(model.life_left(26, 52)), rel=0.01)
    assert (lives > 20).mean() == pytest.approx(float(model.p_still_alive(3, 26, 20)), abs=5e-3)


@pytest.mark.parametrize(
    "truth", [ParetoNBD(0.8, 6.0, 0.9, 20.0), GGomNBD(0.8, 6.0, 0.1, 0.9, 2.5)]
)
def test_a_start_on_rounded_times_leads_to_the_same_optimum(truth, monkeypatch):
    customers = bought(truth, np.random.default_rng(8), 3000)
    plain = [module.fit(*customers) for module in (pareto_nbd, ggom_nbd, nbd)]
    for module in (nbd_fit, ggom_nbd):
        monkeypatch.setattr(module, "MANY_GROUPS", 10)
    for module, before in zip((pareto_nbd, ggom_nbd, nbd), plain, strict=True):
        after = module.fit(*customers)
        assert after.diagnostics.log_likelihood == pytest.approx(
            before.diagnostics.log_likelihood, abs=1e-6
        )
        assert list(after.model.parameters.values()) == pytest.approx(
            list(before.model.parameters.values()), rel=1e-4
        )
        assert after.diagnostics.degenerate == before.diagnostics.degenerate
