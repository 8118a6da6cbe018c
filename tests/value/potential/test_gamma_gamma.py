import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kezhi.value.potential import gamma_gamma, shrunk_mean
from kezhi.value.potential.fitting import CannotFit
from kezhi.value.potential.gamma_gamma import GammaGamma


def test_cdnow_comes_back_as_published(calibration):
    found = gamma_gamma.fit(calibration.paid_repeats, calibration.mean_spend)
    assert found.model.p == pytest.approx(6.25, abs=0.01)
    assert found.model.q == pytest.approx(3.745, abs=0.01)
    assert found.model.gamma == pytest.approx(15.448, abs=0.01)
    assert found.diagnostics.log_likelihood == pytest.approx(-4055.9177, abs=1e-3)
    assert found.diagnostics.customers == 946
    assert list(found.diagnostics.standard_errors.values()) == pytest.approx(
        [1.18968704, 0.29016562, 4.15999388], rel=2e-3
    )
    assert found.model.mean_spend == pytest.approx(35.2, abs=0.1)


def test_conditional_spend_of_the_first_ten_customers():
    model = GammaGamma(6.25, 3.74, 15.44)
    x = [2, 1, 0, 0, 0, 7, 1, 0, 2, 0]
    m = [22.35, 11.77, 0, 0, 0, 73.74, 11.77, 0, 25.55, 0]
    assert model.expected_spend(x, m) == pytest.approx(
        [24.65, 18.91, 35.17, 35.17, 35.17, 71.46, 18.91, 35.17, 27.28, 35.17], abs=0.1
    )


def test_the_gradient_vanishes_and_the_currency_changes_nothing(calibration):
    cents = gamma_gamma.fit(calibration.paid_repeats, calibration.mean_spend * 100)
    units = gamma_gamma.fit(calibration.paid_repeats, calibration.mean_spend)
    assert cents.model.gamma == pytest.approx(units.model.gamma * 100, rel=1e-5)
    assert (cents.model.p, cents.model.q) == pytest.approx((units.model.p, units.model.q), rel=1e-5)
    assert units.diagnostics.gradient_norm < 1e-3


def test_a_mean_that_does_not_exist_is_not_a_number():
    assert np.isnan(GammaGamma(2.0, 0.9, 10.0).expected_spend([0], [0.0]))[0]
    assert np.isinf(GammaGamma(2.0, 0.9, 10.0).mean_spend)


def test_a_customer_with_ten_thousand_purchases_spends_his_own_mean():
    found = GammaGamma(6.25, 3.74, 15.44).expected_spend([10_000], [80.0])
    assert found[0] == pytest.approx(80.0, rel=1e-3)


@pytest.mark.parametrize("means", [[20.0, 20.0, 20.0], [10.0], []])
def test_too_little_to_learn_from_is_refused(means):
    with pytest.raises(CannotFit):
        gamma_gamma.fit(np.ones(len(means)), means)


def test_the_fall_back_draws_towards_the_mean():
    model = shrunk_mean.fit([1, 3], [10.0, 20.0])
    assert model.expected_spend([0, 1, 100], [0.0, 10.0, 40.0]) == pytest.approx(
        [17.5, 13.75, 39.777], abs=1e-3
    )


def parameters(found):
    return np.array(list(found.model.parameters.values()))


def test_customers_counted_twice_give_the_same_model(calibration):
    x, m = calibration.paid_repeats, calibration.mean_spend
    found, twice = gamma_gamma.fit(x, m), gamma_gamma.fit(np.tile(x, 2), np.tile(m, 2))
    assert parameters(twice) == pytest.approx(parameters(found), rel=1e-6)
    assert twice.diagnostics.customers == 2 * found.diagnostics.customers
    assert twice.diagnostics.log_likelihood == pytest.approx(2 * found.diagnostics.log_likelihood)
    errors = (np.array(list(own.diagnostics.standard_errors.values())) for own in (found, twice))
    assert next(errors) / next(errors) == pytest.approx(np.sqrt(2), rel=1e-3)


def test_the_order_of_customers_changes_nothing_and_fits_repeat_bit_for_bit(calibration):
    x, m = calibration.paid_repeats, calibration.mean_spend
    found = gamma_gamma.fit(x, m)
    assert parameters(gamma_gamma.fit(x, m)).tobytes() == parameters(found).tobytes()
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(len(x))
        assert parameters(gamma_gamma.fit(x[order], m[order])) == pytest.approx(
            parameters(found), rel=1e-9
        )


@settings(max_examples=200, deadline=None)
@given(
    st.floats(0.3, 40),
    st.floats(1.05, 30),
    st.floats(0.1, 1e4),
    st.integers(0, 10_000),
    st.floats(1e-3, 1e7),
)
def test_expected_spend_lies_between_the_own_mean_and_that_of_all(p, q, gamma, x, mean):
    model = GammaGamma(p, q, gamma)
    found = float(model.expected_spend([x], [mean])[0])
    assert np.isfinite(found)
    ends = sorted([mean, model.mean_spend]) if x else [model.mean_spend] * 2
    assert ends[0] * (1 - 1e-9) <= found <= ends[1] * (1 + 1e-9)
    assert float(model.expected_spend([x], [2 * mean])[0]) >= found * (1 - 1e-12)
