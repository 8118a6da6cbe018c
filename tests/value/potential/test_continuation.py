from dataclasses import replace

import numpy as np
import pytest

from kezhi.value.potential import bg_nbd, gamma_gamma
from kezhi.value.potential.bg_nbd import BGNBD
from kezhi.value.potential.continuation import Buyers, Horizon, continuation
from kezhi.value.potential.gamma_gamma import GammaGamma
from kezhi.value.potential.mbg_nbd import MBGNBD
from kezhi.value.potential.naive import Naive
from kezhi.value.potential.shrunk_mean import ShrunkMean

MODEL, SPEND = MBGNBD(0.8, 6.0, 0.9, 2.5), GammaGamma(6.25, 3.74, 15.44)


def some_buyers(margin=0.3, returns=0.0, cost=0.0):
    x = np.array([0.0, 1.0, 3.0, 12.0, 10_000.0, 0.0])
    t_x = np.array([0.0, 5.0, 20.0, 25.9, 26.0, 0.0])
    T = np.array([26.0, 26.0, 26.0, 26.0, 26.0, 0.0])
    spend = np.array([np.nan, 20.0, 55.0, 30.0, 3.0, np.nan])
    same = np.ones(len(x))
    return Buyers(x, t_x, T, x, spend, margin * same, returns * same, cost * same)


def value_of(buyers=None, model=MODEL, spend=SPEND, horizon=None, **other):
    horizon = horizon or Horizon.of_months(36, "week", 0.1)
    return continuation(
        buyers or some_buyers(), model, spend, horizon, rng=np.random.default_rng(5), **other
    )


@pytest.mark.parametrize("unit", ["day", "week", "month"])
def test_the_discounted_sum_is_the_defined_one(unit):
    days = {"day": 1, "week": 7, "month": 365.25 / 12}[unit]
    model = MBGNBD(0.8, 6.0 * 7 / days, 0.9, 2.5)
    buyers = some_buyers()
    buyers = replace(buyers, t_x=buyers.t_x * 7 / days, T=buyers.T * 7 / days)
    horizon = Horizon.of_months(36, unit, 0.1)
    found = value_of(buyers, model, horizon=horizon)
    ends = horizon.ends
    assert ends[-1] == pytest.approx(36 * 365.25 / 12 / days)
    alive = model.p_alive(buyers.x, buyers.t_x, buyers.T)
    upto = model.expected_if_alive(buyers.x[:, None], buyers.T[:, None], ends)
    middles = ends - np.diff(ends, prepend=0.0) / 2
    factors = 1.1 ** -(middles * days / 365.25)
    direct = alive * (np.diff(upto, prepend=0.0, axis=1) * factors).sum(axis=1)
    assert found.discounted_purchases == pytest.approx(direct, rel=1e-8)
    spent = SPEND.expected_spend(buyers.paid, buyers.mean_spend)
    assert found.continuation == pytest.approx(direct * spent * 0.3, rel=1e-8)


def test_without_discount_the_purchases_are_all_counted():
    found = value_of(horizon=Horizon.of_months(36, "week", 0.0))
    assert found.discounted_purchases == pytest.approx(found.expected_purchases, rel=1e-9)


def test_returns_costs_and_upkeep_take_their_part():
    plain = value_of()
    returned = value_of(some_buyers(returns=0.1))
    assert returned.continuation == pytest.approx(plain.continuation * 0.9)
    served = value_of(some_buyers(cost=2.0))
    assert served.continuation == pytest.approx(plain.continuation - 2 * plain.discounted_purchases)
    kept = value_of(upkeep_per_unit=0.5)
    lost = (plain.continuation - kept.continuation) / 0.5
    assert (lost > 0).all()
    assert (lost < 157).all()
    assert lost[1] < lost[3]  # who is probably gone costs less to keep


def test_both_intervals_hold_what_they_say(calibration):
    x, t_x, T = calibration.repeats.astype(float), calibration.recency, calibration.age
    fit = bg_nbd.fit(x, t_x, T)
    spend = gamma_gamma.fit(calibration.paid_repeats, calibration.mean_spend)
    same = np.ones(len(x))
    buyers = Buyers(
        x,
        t_x,
        T,
        calibration.paid_repeats.astype(float),
        calibration.mean_spend,
        0.3 * same,
        0 * same,
        0 * same,
    )
    found = value_of(
        buyers,
        fit.model,
        spend.model,
        diagnostics=fit.diagnostics,
        spend_diagnostics=spend.diagnostics,
    )
    assert (found.mean_low < found.continuation).all()
    assert (found.continuation < found.mean_high).all()
    assert (found.outcome_low >= 0).all()
    assert (found.outcome_high >= found.outcome_low).all()
    # What may come is far wider than what is expected on average.
    assert (found.outcome_high - found.outcome_low).mean() > (
        found.mean_high - found.mean_low
    ).mean()


def test_outcomes_cover_what_a_simulation_brings():
    buyers, horizon = some_buyers(), Horizon.of_months(12, "week", 0.0)
    found = value_of(buyers, horizon=horizon)
    rng, draws = np.random.default_rng(11), 20_000
    for k in (1, 2, 3):
        x, T, t_x = buyers.x[k], buyers.T[k], buyers.t_x[k]
        alive = rng.random(draws) < MODEL.p_alive(x, t_x, T)
        rate = rng.gamma(MODEL.r + x, 1 / (MODEL.alpha + T), draws)
        leaves = rng.beta(MODEL.a, MODEL.b + x + 1, draws)
        count = np.minimum(rng.poisson(rate * horizon.units), rng.geometric(leaves)) * alive
        scale = rng.gamma(
            SPEND.q + SPEND.p * x, 1 / (SPEND.gamma + x * buyers.mean_spend[k]), draws
        )
        came = 0.3 * np.where(count > 0, rng.gamma(np.maximum(SPEND.p * count, 1e-9)) / scale, 0.0)
        assert found.outcome_high[k] == pytest.approx(np.quantile(came, 0.9), rel=0.15)
        assert came.mean() == pytest.approx(found.continuation[k], rel=0.05)


def test_the_same_seed_gives_the_same_intervals():
    one, other = value_of(), value_of()
    assert (one.outcome_high == other.outcome_high).all()


@pytest.mark.parametrize("model", [Naive(), BGNBD(0.25, 4.4, 1.0, 0.05), MODEL])
@pytest.mark.parametrize("spend", [SPEND, ShrunkMean(35.0)])
def test_every_customer_gets_finite_figures(model, spend):
    found = value_of(model=model, spend=spend, upkeep_per_unit=0.1)
    for name in found.__slots__:
        assert np.isfinite(getattr(found, name)).all(), name


def test_no_customers_are_no_trouble():
    nobody = Buyers(*(np.zeros(0) for _ in Buyers.__slots__))
    assert len(value_of(nobody).continuation) == 0
