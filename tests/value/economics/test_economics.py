"""What-if of churn and acquisition, profit by tenure, payback."""

import numpy as np
import pytest

from kezhi.value.economics.payback import payback_by_source
from kezhi.value.economics.tenure import profit_by_tenure
from kezhi.value.economics.what_if import (
    acquisition_what_if,
    churn_what_if,
    value_of_new_customer,
    with_less_dropout,
)
from kezhi.value.potential import mbg_nbd
from kezhi.value.potential.bg_nbd import BGNBD
from kezhi.value.potential.continuation import Horizon
from kezhi.value.potential.mbg_nbd import MBGNBD
from kezhi.value.potential.pareto_nbd import ParetoNBD
from kezhi.value.realised import Lines

THREE_YEARS = Horizon.of_months(36, "week", 0.1)
MODELS = [
    BGNBD(0.243, 4.414, 0.793, 2.426),
    MBGNBD(0.525, 6.183, 0.891, 1.614),
    ParetoNBD(0.553, 10.578, 0.606, 11.669),
]


def customers(count=200, seed=1):
    rng = np.random.default_rng(seed)
    T = np.rint(rng.uniform(20, 120, count))
    x = rng.poisson(2, count).astype(float)
    return x, np.where(x > 0, np.rint(T * rng.random(count)), 0.0), T


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_less_churn_is_worth_more_and_more(model):
    found = churn_what_if(
        model, *customers(), np.full(200, 50.0), THREE_YEARS, rng=np.random.default_rng(1)
    )
    changes = [effect.change for effect in found.effects]
    assert len(changes) >= 5
    assert changes == sorted(changes)
    assert changes[0] > 0
    for effect in found.effects:
        assert effect.churn == pytest.approx(found.churn - effect.points / 100)
        assert effect.relative == pytest.approx(effect.change / found.profit)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_the_effect_is_that_of_the_changed_model(model):
    x, t_x, T = customers()
    found = churn_what_if(
        model, x, t_x, T, np.full(200, 50.0), THREE_YEARS, rng=np.random.default_rng(1), points=(3,)
    )
    low, high = 0.0001, 1.0
    p = model.p_alive(x, t_x, T)
    for _ in range(60):
        kept = (low + high) / 2
        still = with_less_dropout(model, kept).p_still_alive(x, T, 365.25 / 7)
        high, low = (
            (kept, low)
            if 1 - (p * still).sum() / p.sum() > found.effects[0].churn
            else (high, kept)
        )
    changed = with_less_dropout(model, kept)
    ends, factors = THREE_YEARS.ends, THREE_YEARS.factors
    expected = changed.expected_if_alive(x[:, None], T[:, None], ends)
    money = (p[:, None] * np.diff(expected, axis=1, prepend=0.0) * factors).sum() * 50
    assert found.effects[0].profit == pytest.approx(money, rel=2e-3)


def test_customers_twice_bring_twice():
    x, t_x, T = customers(50)
    named = {"rng": np.random.default_rng(1), "points": (2,)}
    one = churn_what_if(MODELS[1], x, t_x, T, np.full(50, 5.0), THREE_YEARS, **named)
    two = churn_what_if(
        MODELS[1],
        *(np.tile(own, 2) for own in (x, t_x, T)),
        np.full(100, 5.0),
        THREE_YEARS,
        **named,
    )
    assert two.effects[0].change == pytest.approx(2 * one.effects[0].change)
    assert two.churn == pytest.approx(one.churn)


def test_upkeep_makes_keeping_dearer():
    x, t_x, T = customers(50)
    plain, dear = (
        churn_what_if(
            MODELS[1],
            x,
            t_x,
            T,
            np.full(50, 5.0),
            THREE_YEARS,
            upkeep_per_unit=upkeep,
            rng=np.random.default_rng(1),
            points=(2,),
        )
        .effects[0]
        .change
        for upkeep in (0.0, 0.05)
    )
    assert dear < plain


def test_the_interval_holds_the_effect_and_repeats(calibration):
    few = slice(0, 1200)
    x, t_x, T = (
        np.asarray(own[few], dtype=float)
        for own in (calibration.repeats, calibration.recency, calibration.age)
    )
    fit = mbg_nbd.fit(x, t_x, T)
    one, again = (
        churn_what_if(
            fit.model,
            x,
            t_x,
            T,
            np.full(1200, 10.0),
            THREE_YEARS,
            points=(1, 5),
            diagnostics=fit.diagnostics,
            rng=np.random.default_rng(7),
            draws=25,
        )
        for _ in range(2)
    )
    assert one == again
    for effect in one.effects:
        assert 0 < effect.low < effect.change < effect.high


def test_more_points_than_there_is_churn_are_left_out():
    steady = MBGNBD(2.0, 4.0, 0.05, 10.0)
    x, T = np.full(20, 10.0), np.full(20, 50.0)
    found = churn_what_if(
        steady, x, T - 1, T, np.ones(20), THREE_YEARS, rng=np.random.default_rng(1)
    )
    assert found.churn < 0.05
    assert len(found.effects) < 5


def test_a_new_customer_is_worth_the_first_purchase_and_the_repeats():
    model = MODELS[0]
    once = Horizon(units=52, unit="week", annual_rate=0.0)
    assert value_of_new_customer(model, 10, once) == pytest.approx(
        10 * (1 + float(model.expected_of_new(52)))
    )


def test_acquisition():
    base, better, dearer = acquisition_what_if(1000, 2, 0.05, 100, conversions=[0.06], costs=[3])
    assert base.cost_per_customer == pytest.approx(40)
    assert better.change == pytest.approx(1000)
    assert dearer.change == pytest.approx(-1000)
    with pytest.raises(ValueError, match="share"):
        acquisition_what_if(10, 1, 0, 5)


def test_the_six_parts_add_up_to_the_profit():
    rng = np.random.default_rng(3)
    first = rng.integers(0, 1000, 40)

    def lines(count):
        codes = rng.integers(0, 40, count)
        return Lines(codes, first[codes] + rng.integers(0, 1500, count), rng.gamma(2, 10, count))

    margins, discounts, serving, referred = lines(900), lines(200), lines(300), lines(50)
    found = profit_by_tenure(
        first,
        margins,
        discounts=discounts,
        serving=serving,
        referrals=referred,
        acquisition_cost=25,
        as_of=2000,
    )
    assert found[0].growth == found[0].lower_cost == found[0].saved_acquisition == 0
    for year in found:
        seen = first + year.year * 365.25 <= 2001

        def mean(part, seen=seen, year=year.year):
            since = (part.days - first[part.codes]) / 365.25
            own = seen[part.codes] & (np.floor(since) == year - 1)
            return part.amounts[own].sum() / seen.sum()

        profit = mean(margins) - mean(discounts) - mean(serving) + mean(referred)
        assert year.profit == pytest.approx(profit)
        assert year.customers == seen.sum()
    assert found[1].against_new == pytest.approx(found[1].profit + 25)


def test_payback_counts_only_months_that_were_seen():
    first = np.array([0, 335])
    money = Lines(np.array([0, 0, 1]), np.array([5, 40, 336]), np.array([10.0, 10.0, 30.0]))
    one = payback_by_source(["web", "web"], first, money, {"web": 50, "fair": 9}, as_of=365)
    fair, web = one
    assert web.gathered[:2] == (20.0, 30.0)
    assert web.months == pytest.approx(1.5)
    assert fair.customers == 0
    assert fair.months is None
    with pytest.raises(ValueError, match="source"):
        payback_by_source(["web"], first, money, {}, as_of=9)
