"""Intervals hold what they say: totals of groups by simulation, single customers by their PIT.

A short slice of `bench/calibration.py`, with fixed seeds.
"""

from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import kstest

from kezhi.value.datasets.simulated import simulate
from kezhi.value.measure import Facts, Settings, measure
from kezhi.value.potential import mbg_nbd, pareto_nbd
from kezhi.value.potential.bg_nbd import BGNBD
from kezhi.value.potential.fitting import Diagnostics
from kezhi.value.potential.gamma_gamma import GammaGamma
from kezhi.value.potential.ggom_nbd import GGomNBD
from kezhi.value.potential.mbg_nbd import MBGNBD
from kezhi.value.potential.nbd import NBD
from kezhi.value.potential.pareto_nbd import ParetoNBD
from kezhi.value.potential.predictive import (
    draw_purchases,
    drawn_models,
    drawn_parameters,
    randomised_pit,
    total_purchases,
)
from kezhi.value.potential.regular import RegularNBD

AHEAD = 52.0


def history(model, customers, weeks, rng):
    """x, t_x, T and the purchases within `AHEAD` of customers who buy as MBG/NBD says."""
    T = rng.uniform(0.3, 1.0, customers) * weeks
    rate = rng.gamma(model.r, 1 / model.alpha, customers)
    stays = rng.geometric(rng.beta(model.a, model.b, customers)) - 1
    waits = rng.standard_exponential((customers, 400)) / rate[:, None]
    times = np.cumsum(waits, axis=1)
    times[np.arange(400) >= stays[:, None]] = np.inf
    seen = times <= T[:, None]
    x = seen.sum(axis=1)
    t_x = np.where(seen, times, 0.0).max(axis=1)
    return x.astype(float), t_x, T, (times <= T[:, None] + AHEAD).sum(axis=1) - x


@pytest.mark.parametrize(
    ("true", "customers"),
    [(MBGNBD(2.0, 8.0, 0.5, 5.0), 30), (MBGNBD(0.7, 8.0, 0.5, 3.0), 150)],
    ids=["thirty customers", "a hundred and fifty"],
)
def test_totals_of_groups_fall_into_their_interval_as_often_as_it_says(true, customers):
    rng = np.random.default_rng(21)
    inside, companies = 0, 400
    for _ in range(companies):
        x, t_x, T, later = history(true, customers, 100.0, rng)
        fit = mbg_nbd.fit(x, t_x, T)
        models = drawn_models(fit.model, fit.diagnostics, rng, 39)
        totals = [draw_purchases(own, x, t_x, T, AHEAD, rng).sum() for own in models]
        low, high = np.quantile(totals, [0.1, 0.9], method="weibull")
        inside += low <= later.sum() <= high
    assert 0.75 <= inside / companies <= 0.85


def test_single_customers_come_as_foretold():
    rng = np.random.default_rng(3)
    true = MBGNBD(0.7, 8.0, 0.5, 3.0)
    x, t_x, T, later = history(true, 4000, 100.0, rng)
    fit = mbg_nbd.fit(x, t_x, T)
    pit = randomised_pit(fit.model, later, x, t_x, T, AHEAD, rng=rng)
    assert kstest(pit, "uniform").pvalue > 0.05
    wrong = MBGNBD(true.r, true.alpha, 4 * true.a, true.b)
    pit = randomised_pit(wrong, later, x, t_x, T, AHEAD, rng=rng)
    assert kstest(pit, "uniform").pvalue < 1e-6


def test_the_interval_of_a_total_is_that_of_its_draws():
    rng = np.random.default_rng(7)
    x, t_x, T, _later = history(MBGNBD(2.0, 8.0, 0.5, 5.0), 30, 100.0, rng)
    fit = mbg_nbd.fit(x, t_x, T)
    found = total_purchases(fit.model, fit.diagnostics, x, t_x, T, AHEAD, rng=rng, draws=300)
    models = drawn_models(fit.model, fit.diagnostics, rng, 300)
    totals = [draw_purchases(own, x, t_x, T, AHEAD, rng).sum() for own in models]
    low, high = np.quantile(totals, [0.1, 0.9])
    width = high - low
    assert found.outcome_low == pytest.approx(low, abs=0.2 * width)
    assert found.outcome_high == pytest.approx(high, abs=0.2 * width)
    assert found.outcome_low < found.mean_low < found.expected < found.mean_high
    assert found.mean_high < found.outcome_high


def test_a_larger_group_is_told_by_some_of_it():
    rng = np.random.default_rng(4)
    x, t_x, T, _later = history(MBGNBD(0.7, 8.0, 0.5, 3.0), 20_000, 100.0, rng)
    fit = pareto_nbd.fit(x, t_x, T)
    own = {"rng": np.random.default_rng(1), "draws": 60}
    found = total_purchases(fit.model, fit.diagnostics, x, t_x, T, 12.0, **own)
    assert found.expected == pytest.approx(fit.model.expected_purchases(x, t_x, T, 12.0).sum())
    assert found.outcome_low < found.expected < found.outcome_high
    # The spread of chance is that of 20,000 customers: about the root of the total.
    assert 0.3 < (found.outcome_high - found.outcome_low) / (2.56 * found.expected**0.5) < 4


def test_draws_have_the_mean_of_the_model():
    model, rng = MBGNBD(0.8, 6.0, 0.9, 2.5), np.random.default_rng(5)
    same = np.ones(100_000)
    drawn = draw_purchases(model, 3 * same, 20 * same, 26 * same, 52.0, rng)
    assert drawn.mean() == pytest.approx(float(model.expected_purchases(3, 20, 26, 52)), rel=0.02)


@pytest.mark.parametrize(
    "model",
    [
        BGNBD(0.8, 6.0, 0.9, 2.5),
        MBGNBD(0.8, 6.0, 0.9, 2.5),
        ParetoNBD(0.8, 6.0, 0.6, 12.0),
        GGomNBD(0.8, 6.0, 0.02, 0.6, 0.3),
        RegularNBD(2, 0.8, 6.0, 0.9, 2.5),
        NBD(0.8, 6.0),
        GammaGamma(6.25, 3.74, 15.44),
    ],
    ids=lambda model: model.name,
)
def test_parameters_vary_by_their_own_variance_however_a_store_sorted_their_names(model):
    spreads = 0.05 * np.arange(1, len(model.names) + 1)
    known = Diagnostics(
        customers=100,
        groups=100,
        log_likelihood=-1.0,
        standard_errors=dict.fromkeys(sorted(model.names, key=lambda name: (len(name), name)), 0.1),
        covariance=tuple(map(tuple, np.diag(spreads**2).tolist())),
        gradient_norm=0.0,
        newton_decrement=0.0,
        iterations=1,
        converged=True,
        penalty=0.0,
        degenerate=(),
    )
    drawn = drawn_parameters(model, known, np.random.default_rng(1), 4000)
    for name, spread in zip(model.names, spreads, strict=True):
        logs = np.log([own[name] for own in drawn])
        assert logs.std() == pytest.approx(spread, rel=0.05)
        assert logs.mean() == pytest.approx(np.log(getattr(model, name)), abs=0.1 * spread)


def company(customers, seed):
    return simulate(
        MBGNBD(2.0, 8.0, 0.5, 5.0), GammaGamma(6.25, 3.74, 15.44), customers=customers,
        first=date(2023, 6, 1), joining_days=300, until=date(2025, 6, 30),
        rng=np.random.default_rng(seed),
    ).table()  # fmt: skip


def test_thirty_customers_get_an_answer_an_interval_and_a_warning():
    found = measure(Facts(company(30, 3)), as_of=date(2025, 6, 30))
    assert "weak_penalty" in [one["key"] for one in found.run.warnings]
    totals = found.run.totals
    assert 0 < totals["continuation_low"] < totals["continuation_value"]
    assert totals["continuation_value"] < totals["continuation_high"]
    value, low, high = (
        np.array(found.customers.column(name))
        for name in ("continuation_value", "mean_low", "mean_high")
    )
    assert ((low <= value) & (value <= high)).all()


@pytest.mark.parametrize("customers", [1, 30])
def test_where_nobody_came_back_the_interval_says_how_little_that_means(customers):
    highs = []
    for day in (date(2025, 3, 31), date(2026, 3, 31)):
        lines = pa.table(
            {
                "customer": list(range(customers)),
                "day": [date(2025, 1, 5)] * customers,
                "amount": [200.0] * customers,
            }
        )
        found = measure(Facts(lines), as_of=day)
        assert "no_model" in [one["key"] for one in found.run.warnings]
        assert found.customers["continuation_value"].to_pylist() == [0.0] * customers
        highs.append(found.customers["mean_high"][0].as_py())
        assert found.run.totals["continuation_high"] == pytest.approx(customers * highs[-1])
    assert highs[0] > 4 * highs[1] > 0  # a year without a purchase says more than a quarter


def test_fewer_customers_are_told_less_surely():
    widths = []
    for customers in (15, 400):
        totals = measure(
            Facts(company(customers, 8)), Settings(model="mbg-nbd"), as_of=date(2025, 6, 30)
        ).run.totals
        width = totals["continuation_high"] - totals["continuation_low"]
        widths.append(width / totals["continuation_value"])
    assert widths[0] > 2.5 * widths[1]


def test_the_total_of_a_company_is_surer_than_the_sum_of_its_customers():
    found = measure(Facts(company(400, 9)), as_of=date(2025, 6, 30))
    totals, rows = found.run.totals, found.customers
    width = totals["continuation_high"] - totals["continuation_low"]
    assert width < np.sum(np.array(rows["outcome_high"]) - np.array(rows["outcome_low"])) / 3
    assert totals["continuation_low"] < totals["continuation_value"] < totals["continuation_high"]
