import mpmath
import numpy as np
import pytest

from kezhi.value.potential.bg_nbd import BGNBD
from kezhi.value.potential.dert import dert
from kezhi.value.potential.ggom_nbd import GGomNBD
from kezhi.value.potential.mbg_nbd import MBGNBD
from kezhi.value.potential.nbd import NBD
from kezhi.value.potential.pareto_nbd import ParetoNBD
from kezhi.value.potential.regular import RegularNBD

PARETO = ParetoNBD(0.5534, 10.5802, 0.6061, 11.6562)
DELTA = np.log(1.15) * 7 / 365.25


def of(model, x=3.0, t_x=20.0, T=26.0, rate=0.15):
    return dert(model, x, t_x, T, annual_rate=rate, unit="week")


@pytest.mark.parametrize(
    ("x", "t_x", "T"), [(0, 0.0, 39.0), (2, 30.43, 38.86), (26, 30.86, 31.0), (200, 38.0, 40.0)]
)
@pytest.mark.parametrize("model", [PARETO, ParetoNBD(0.8, 6.0, 2.5, 40.0)])
def test_pareto_nbd_has_the_published_closed_form(model, x, t_x, T):
    r, alpha, s, beta = model.parameters.values()
    log = (
        r * np.log(alpha)
        + s * np.log(beta)
        + (s - 1) * np.log(DELTA)
        + float(mpmath.loggamma(r + x + 1) - mpmath.loggamma(r))
        + float(mpmath.log(mpmath.hyperu(s, s, DELTA * (beta + T))))
        - (r + x + 1) * np.log(alpha + T)
        - float(model.log_likelihood(x, t_x, T))
    )
    assert of(model, x, t_x, T) == pytest.approx(np.exp(log), rel=1e-8)


def test_without_leaving_it_is_the_rate_without_end():
    model = NBD(0.4, 12.0)
    assert of(model) == pytest.approx(3.4 / 38 / DELTA, rel=1e-9)


@pytest.mark.parametrize(
    "model",
    [
        BGNBD(0.8, 6.0, 0.9, 2.5),
        MBGNBD(0.8, 6.0, 1.4, 2.5),
        GGomNBD(0.8, 6.0, 0.03, 0.9, 2.5),
        RegularNBD(3, 0.8, 2.0, 0.9, 2.5),
        PARETO,
    ],
    ids=lambda model: model.name,
)
def test_it_is_the_limit_of_finite_horizons(model):
    ends = np.concatenate((np.arange(0.0, 60, 0.25), np.geomspace(60, 60_000, 2500)))
    upto = model.expected_purchases(3.0, 20.0, 26.0, ends)
    middles = (ends[1:] + ends[:-1]) / 2
    summed = float((np.diff(upto) * np.exp(-DELTA * middles)).sum())
    assert of(model) == pytest.approx(summed, rel=1e-4)
    assert of(model, rate=0.3) < of(model) < model.expected_purchases(3.0, 20.0, 26.0, 1e7)


def test_many_customers_and_their_order():
    rng = np.random.default_rng(1)
    x, T = rng.poisson(2, 3000).astype(float), rng.integers(10, 60, 3000).astype(float)
    together = of(PARETO, x, np.where(x > 0, T / 2, 0.0), T)
    assert together[17] == pytest.approx(of(PARETO, x[17], T[17] / 2 if x[17] else 0.0, T[17]))


@pytest.mark.parametrize("rate", [0.0, -0.1, np.nan])
def test_without_a_rate_it_is_refused(rate):
    with pytest.raises(ValueError, match="above 0"):
        of(PARETO, rate=rate)
