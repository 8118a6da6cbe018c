"""Spend that goes with frequency is told from what Gamma-Gamma does by itself."""

import numpy as np
import pytest

from kezhi.value.potential import gamma_gamma
from kezhi.value.potential.spend_dependence import spend_dependence

CUSTOMERS = 4000


def simulated(rng, slope=0.0):
    """Means of few amounts lie lower and scatter more, whatever the slope."""
    x = 1 + rng.negative_binomial(0.8, 0.25, CUSTOMERS)
    scale = rng.gamma(3.7, 1 / 15.0, CUSTOMERS)
    return x, rng.gamma(2.0 * x) / x / scale * x**slope


def dependence_of(seed, slope=0.0):
    x, m = simulated(np.random.default_rng(seed), slope)
    return spend_dependence(gamma_gamma.fit(x, m).model, x, m)


def test_where_spend_is_independent_nothing_is_claimed():
    found = [dependence_of(seed) for seed in range(40)]
    assert np.mean([one.p < 0.1 for one in found]) <= 0.15
    assert not any(one.matters for one in found)
    scores = [one.slope / one.standard_error for one in found]
    assert abs(np.mean(scores)) < 0.5
    assert 0.3 < np.std(scores) < 1.3


@pytest.mark.parametrize("slope", [0.25, -0.25])
def test_a_slope_is_found(slope):
    found = dependence_of(1, slope)
    assert found.p < 1e-6
    assert found.slope == pytest.approx(slope, abs=0.08)
    assert found.matters


def test_neither_order_nor_currency_changes_it_and_one_frequency_tells_nothing():
    x, m = simulated(np.random.default_rng(7), 0.1)
    model = gamma_gamma.fit(x, m).model
    found = spend_dependence(model, x, m)
    order = np.random.default_rng(8).permutation(CUSTOMERS)
    for again in (spend_dependence(model, x[order], m[order]), spend_dependence(model, x, 100 * m)):
        assert (again.slope, again.standard_error) == pytest.approx(
            (found.slope, found.standard_error), rel=1e-9
        )
    assert spend_dependence(model, np.full(5, 2), np.arange(1.0, 6.0)) is None
    assert spend_dependence(model, [], []) is None
