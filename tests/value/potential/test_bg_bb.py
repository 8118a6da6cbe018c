"""BG/BB: the donations as published, exact numbers, properties, degenerate data."""

import json

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kezhi.value.plain import from_plain, to_plain
from kezhi.value.potential import bg_bb_fit
from kezhi.value.potential.bg_bb import BGBB
from kezhi.value.potential.fitting import CannotFit
from kezhi.value.potential.gamma_ratios import discounted_sum, log_gamma_ratio, rising_sum
from kezhi.value.potential.periods import by_period

X = [0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 5, 5, 6]
T_X = [0, 1, 2, 3, 4, 5, 6, 2, 3, 4, 5, 6, 3, 4, 5, 6, 4, 5, 6, 5, 6, 6]
DONORS = [3464, 1091, 277, 129, 78, 119, 129, 613, 255, 155, 173, 234]
DONORS += [322, 181, 225, 357, 240, 284, 512, 335, 728, 1203]
PUBLISHED = BGBB(1.2035224, 0.7497164, 0.6567183, 2.7834426)


def test_the_donations_come_back_as_published():
    found = bg_bb_fit.fit(X, T_X, 6, weights=DONORS)
    assert list(found.model.parameters.values()) == pytest.approx(
        [1.2035224, 0.7497164, 0.6567183, 2.7834426], rel=1e-5
    )
    assert found.diagnostics.log_likelihood == pytest.approx(-33225.5813, abs=1e-3)
    assert found.diagnostics.customers == 11104
    assert found.diagnostics.penalty == 0
    assert found.diagnostics.degenerate == ()


def test_who_is_still_a_donor_and_what_is_expected():
    alive = [0.108133, 0.069462, 0.25471, 0.481356, 0.680384, 0.828144, 0.930434, 0.066415]
    alive += [0.298904, 0.589657, 0.804555, 0.930434, 0.095006, 0.439594, 0.766826, 0.930434]
    alive += [0.200179, 0.6968, 0.930434, 0.521975, 0.930434, 0.930434]
    expected = [0.072863, 0.085696, 0.314238, 0.593853, 0.839396, 1.021689, 1.147885, 0.119121]
    expected += [0.536111, 1.057604, 1.443042, 1.668817, 0.223595, 1.034572, 1.804703, 2.189749]
    expected += [0.583192, 2.030024, 2.710681, 1.812942, 3.231612, 3.752544]
    assert PUBLISHED.p_alive(X, T_X, 6) == pytest.approx(alive, abs=1e-6)
    assert PUBLISHED.expected_purchases(X, T_X, 6, 5) == pytest.approx(expected, abs=1e-6)


def test_standard_errors_are_those_of_the_curvature():
    found = bg_bb_fit.fit(X, T_X, 6, weights=DONORS)
    theta = np.log(list(found.model.parameters.values()))

    def log_likelihood(point):
        model = BGBB(*np.exp(point))
        return float(np.array(DONORS) @ model.log_likelihood(X, T_X, 6))

    step = 1e-3 * np.eye(4)
    hessian = [
        [
            sum(
                s * t * log_likelihood(theta + s * step[i] + t * step[j])
                for s in (-1, 1)
                for t in (-1, 1)
            )
            / 4e-6
            for j in range(4)
        ]
        for i in range(4)
    ]
    deviations = np.sqrt(np.diag(np.linalg.inv(-np.array(hessian)))) * np.exp(theta)
    assert list(found.diagnostics.standard_errors.values()) == pytest.approx(
        deviations.tolist(), rel=1e-3
    )


def test_the_likelihood_by_exact_arithmetic():
    a, b, c, d = (mpmath.mpf(own) for own in (0.7, 2.5, 0.4, 9.0))
    model = BGBB(0.7, 2.5, 0.4, 9.0)
    with mpmath.workdps(50):
        for x, t_x, n in ((0, 0, 40), (3, 7, 40), (30, 40, 40), (200, 230, 1000)):
            ways = mpmath.beta(a + x, b + n - x) * mpmath.beta(c, d + n)
            ways += sum(
                mpmath.beta(a + x, b + end - x) * mpmath.beta(c + 1, d + end)
                for end in range(t_x, n)
            )
            exact = mpmath.log(ways / mpmath.beta(a, b) / mpmath.beta(c, d))
            assert model.log_likelihood(x, t_x, n) == pytest.approx(float(exact), rel=1e-11)


customers = st.tuples(
    st.integers(0, 30), st.integers(0, 20), st.integers(0, 20), st.integers(1, 25)
)
parameters = st.tuples(*(st.floats(0.05, 20),) * 4)


@given(parameters, customers)
@settings(max_examples=40, deadline=None)
def test_counts_are_probabilities_and_have_the_expected_mean(own, customer):
    x, more, silent, m = customer
    t_x = x + more if x else 0
    n = t_x + silent
    model, counts = BGBB(*own), np.arange(m + 1)
    chances = model.p_count(counts, x, t_x, n, m)
    assert (chances >= 0).all()
    assert chances.sum() == pytest.approx(1, abs=1e-9)
    expected = float(model.expected_purchases(x, t_x, n, m))
    assert counts @ chances == pytest.approx(expected, rel=1e-8, abs=1e-12)
    assert model.p_purchase(x, t_x, n, m) == pytest.approx(1 - chances[0], abs=1e-9)
    alive = model.p_alive(x, t_x, n, ahead=np.arange(6))
    assert ((alive >= 0) & (alive <= 1)).all()
    assert (np.diff(alive) <= 1e-12).all()
    longer = model.p_alive(x, t_x, n + np.arange(5)) if x else alive
    assert (np.diff(longer) <= 1e-12).all()


@given(parameters)
@settings(max_examples=15, deadline=None)
def test_the_likelihoods_of_all_histories_add_up_to_one(own):
    model, n = BGBB(*own), 5
    total = 0.0
    for history in range(2**n):
        bought = [k + 1 for k in range(n) if history >> k & 1]
        total += float(np.exp(model.log_likelihood(len(bought), max(bought, default=0), n)))
    assert total == pytest.approx(1, abs=1e-9)


def test_dert_is_the_sum_of_what_is_expected_in_each_period():
    ahead = np.arange(1, 3000)
    each = PUBLISHED.p_alive(2, 4, 6, ahead=ahead) * PUBLISHED.p_rate(2, 6)
    found = PUBLISHED.dert(2, 4, 6, annual_rate=0.1)
    assert found == pytest.approx(float(each @ 1.1 ** (-ahead.astype(float))), rel=1e-12)
    monthly = PUBLISHED.dert(2, 4, 6, annual_rate=0.1, periods_per_year=12)
    assert monthly == pytest.approx(float(each @ 1.1 ** (-ahead / 12)), rel=1e-5)
    with pytest.raises(ValueError, match="discount rate"):
        PUBLISHED.dert(2, 4, 6, annual_rate=0)
    assert np.isfinite(BGBB(1.0, 1.0, 1.5, 2.0).dert(2, 4, 6, annual_rate=0))


@pytest.mark.parametrize("leave", [0.3, 1 - 1e-9, 1.0, 1 + 1e-9, 4.0])
def test_sums_over_periods_by_exact_arithmetic(leave):
    with mpmath.workdps(50):
        for stay, m in ((0.02, 3), (5.0, 60), (36_500.0, 700)):
            each = [
                mpmath.beta(leave, mpmath.mpf(stay) + k) / mpmath.beta(leave, stay)
                for k in range(m + 1)
            ]
            assert rising_sum(stay, leave, m) == pytest.approx(float(sum(each[1:])), rel=1e-10)
            exact = mpmath.hyp2f1(1, stay, mpmath.mpf(stay) + leave, 0.995)
            assert discounted_sum(stay, leave, 0.995) == pytest.approx(float(exact), rel=1e-10)
        exact = mpmath.loggamma(mpmath.mpf(7.5) + mpmath.mpf(1e-9)) - mpmath.loggamma(7.5)
        assert log_gamma_ratio(7.5, 1e-9) == pytest.approx(float(exact), rel=1e-12)


def test_a_simulated_company_comes_back():
    rng = np.random.default_rng(4)
    size, n = 20_000, 12
    rate, leave = rng.beta(0.8, 1.6, size), rng.beta(0.9, 6.0, size)
    lived = rng.geometric(leave) - 1  # periods before leaving
    buys = (rng.random((size, n)) < rate[:, None]) & (np.arange(n) < lived[:, None])
    last = np.where(buys.any(axis=1), n - np.argmax(buys[:, ::-1], axis=1), 0)
    found = bg_bb_fit.fit(buys.sum(axis=1), last, n)
    errors = found.diagnostics.standard_errors
    for name, true in {"alpha": 0.8, "beta": 1.6, "gamma": 0.9, "delta": 6.0}.items():
        assert abs(getattr(found.model, name) - true) < 3.5 * errors[name]


def test_order_weights_and_repetition_change_nothing():
    once = bg_bb_fit.fit(X, T_X, 6, weights=DONORS).model
    order = np.random.default_rng(1).permutation(len(X))
    shuffled = bg_bb_fit.fit(
        np.array(X)[order], np.array(T_X)[order], 6, weights=np.array(DONORS)[order]
    ).model
    assert shuffled == once
    rows = np.repeat(np.arange(len(X)), DONORS)
    assert bg_bb_fit.fit(np.array(X)[rows], np.array(T_X)[rows], 6).model == once


def test_data_that_determine_nothing_are_refused_with_the_reason():
    with pytest.raises(CannotFit, match="no customer to fit"):
        bg_bb_fit.fit([], [], [])
    with pytest.raises(CannotFit, match="bought again"):
        bg_bb_fit.fit([0, 0], [0, 0], [6, 4])
    with pytest.raises(CannotFit, match="whole period"):
        bg_bb_fit.fit([0], [0], [0])
    with pytest.raises(ValueError, match="t_x is 0 exactly"):
        bg_bb_fit.fit([0], [2], [3])
    with pytest.raises(ValueError, match="must hold"):
        PUBLISHED.p_alive(3, 2, 6)


def test_a_few_customers_get_a_weakly_penalised_answer():
    found = bg_bb_fit.fit([0, 0, 1, 3, 6], [0, 0, 4, 6, 6], 6)
    assert found.diagnostics.penalty > 0
    assert found.diagnostics.converged


def test_where_nobody_leaves_or_all_are_alike_the_diagnostics_say_it():
    rng = np.random.default_rng(8)
    buys = rng.random((3000, 10)) < 0.3
    last = np.where(buys.any(axis=1), 10 - np.argmax(buys[:, ::-1], axis=1), 0)
    found = bg_bb_fit.fit(buys.sum(axis=1), last, 10)
    assert {"no_heterogeneity", "no_dropout"} & set(found.diagnostics.degenerate)


def test_long_histories_stay_finite():
    found = PUBLISHED.expected_purchases([10_000, 3], [36_500, 20], 36_500, [365, 365])
    assert np.isfinite(found).all()
    assert PUBLISHED.p_alive(10_000, 30_000, 30_400) == pytest.approx(0, abs=1e-12)


def test_the_model_round_trips_as_json():
    plain = json.loads(json.dumps(to_plain(PUBLISHED)))
    assert from_plain(BGBB, plain) == PUBLISHED


def test_a_period_that_is_not_over_does_not_count():
    days = np.array(
        ["2024-01-15", "2024-01-20", "2024-03-02", "2024-05-30", "2024-06-03"], "datetime64[D]"
    ).astype(np.int64)
    june_9 = int(np.datetime64("2024-06-09", "D").astype(np.int64))
    found = by_period([0, 0, 0, 0, 1], days, 2, until=june_9, every="month")
    assert found.x.tolist() == [2, 0]
    assert found.t_x.tolist() == [4, 0]
    assert found.n.tolist() == [4, 0]
    assert found.bought.tolist() == [True, False]
    weekly = by_period([0, 0, 0, 0, 1], days, 2, until=june_9, every="week")  # a Sunday
    assert weekly.n.tolist() == [20, 0]
    assert weekly.bought.tolist() == [True, True]
