"""MBG/CNBD-k: k = 1 is MBG/NBD, a rhythm is found and used, and what lies ahead is exact."""

import numpy as np
import pytest

from kezhi.value.potential import mbg_nbd, regular_fit
from kezhi.value.potential.choose import evaluate
from kezhi.value.potential.fitting import CannotFit
from kezhi.value.potential.grouping import read_customers
from kezhi.value.potential.mbg_nbd import MBGNBD
from kezhi.value.potential.regular import RegularNBD
from kezhi.value.potential.regular_counts import _integrated, _summed
from kezhi.value.potential.regular_fit import regular_objective


def rhythmic(model, rng, customers=3000, until=60.0, ahead=26.0):
    """Customers of the model: x, t_x, T, purchases in the time ahead, and the sum of log intervals."""
    T = until - rng.uniform(0, 20, customers)
    rate = rng.gamma(model.r, 1 / model.alpha, customers)
    leaves = rng.beta(model.a, model.b, customers)
    x, t_x, later, now = (np.zeros(customers) for _ in range(4))
    logs = 0.0
    live = np.flatnonzero(rng.random(customers) >= leaves)
    while len(live):
        gap = rng.gamma(model.k, 1, len(live)) / rate[live]
        now[live] += gap
        inside = now[live] < T[live]
        logs += np.log(gap[inside]).sum()
        x[live[inside]] += 1
        t_x[live[inside]] = now[live[inside]]
        later[live[~inside & (now[live] < T[live] + ahead)]] += 1
        live = live[now[live] < T[live] + ahead]
        live = live[rng.random(len(live)) >= leaves[live]]
    return x, t_x, T, later, logs


def test_at_random_it_is_the_mbg_nbd(calibration):
    x, t_x, T = calibration.repeats, calibration.recency, calibration.age
    found = regular_fit.fit(x, t_x, T, log_intervals=calibration.log_intervals)
    same = mbg_nbd.fit(x, t_x, T)
    assert found.model.k == 1
    assert found.model.variation == 1
    assert (found.model.r, found.model.alpha, found.model.a, found.model.b) == pytest.approx(
        list(same.model.parameters.values()), rel=1e-5
    )
    assert found.diagnostics.log_likelihood == pytest.approx(same.diagnostics.log_likelihood)
    assert list(found.diagnostics.standard_errors.values()) == pytest.approx(
        list(same.diagnostics.standard_errors.values()), rel=1e-3
    )


def test_with_k_of_one_every_figure_is_that_of_mbg_nbd(calibration):
    x, t_x, T = (own[:400] for own in (calibration.repeats, calibration.recency, calibration.age))
    one, other = RegularNBD(1, 0.5, 6.0, 0.9, 1.6), MBGNBD(0.5, 6.0, 0.9, 1.6)
    for name, more in (
        ("p_alive", ()),
        ("log_likelihood", ()),
        ("median_wait", ()),
        ("p_purchase", (39.0,)),
        ("expected_purchases", (39.0,)),
    ):
        found, same = (getattr(model, name)(x, t_x, T, *more) for model in (one, other))
        assert found == pytest.approx(same, rel=1e-9), name
    for n in (0, 1, 5):
        assert one.log_p_count(n, x, t_x, T, 39.0) == pytest.approx(
            other.log_p_count(n, x, t_x, T, 39.0), rel=1e-9
        )


def test_a_rhythm_is_found_with_its_parameters():
    truth = RegularNBD(3, 2.0, 1.5, 0.6, 3.0)
    x, t_x, T, _, logs = rhythmic(truth, np.random.default_rng(2))
    found = regular_fit.fit(x, t_x, T, log_intervals=logs)
    assert found.model.k == 3
    for name, error in found.diagnostics.standard_errors.items():
        assert abs(found.model.parameters[name] - truth.parameters[name]) < 3.5 * error, name


def test_regular_customers_are_foretold_better_than_by_mbg_nbd():
    x, t_x, T, later, logs = rhythmic(RegularNBD(3, 2.0, 1.5, 0.6, 3.0), np.random.default_rng(3))
    found = evaluate(x, t_x, T, later, 26.0, log_intervals=logs)
    assert found.rhythm == 3
    regular, random = found.models["mbg-cnbd-k"], found.models["mbg-nbd"]
    assert regular.log_score > random.log_score + 0.005
    assert regular.rmse < random.rmse
    assert found.chosen == "mbg-cnbd-k"


def test_without_intervals_no_rhythm_is_told():
    with pytest.raises(CannotFit, match="intervals"):
        regular_fit.fit([0, 1, 3], [0, 5, 20], [30, 30, 30])
    found = evaluate(np.ones(60), np.full(60, 5.0), np.full(60, 30.0), np.ones(60), 10.0)
    assert "intervals" in found.failed["mbg-cnbd-k"]


@pytest.mark.parametrize("k", [1, 2, 5])
def test_derivatives_are_those_of_the_likelihood(k, calibration):
    x, t_x, T = calibration.repeats, calibration.recency, calibration.age
    objective = regular_objective(read_customers(x, t_x, T), k, calibration.log_intervals)
    theta = np.log([0.5, 4.0, 0.9, 1.7])
    found, gradient, hessian = objective(theta)
    model = RegularNBD(k, *np.exp(theta))
    whole = model.log_likelihood(x, t_x, T).sum() + (k - 1) * calibration.log_intervals
    assert found == pytest.approx(whole, rel=1e-12)
    for i, step in enumerate(np.eye(4) * 1e-5):
        up, down = objective(theta + step), objective(theta - step)
        assert (up[0] - down[0]) / 2e-5 == pytest.approx(gradient[i], abs=1e-4)
        assert (up[1] - down[1]) / 2e-5 == pytest.approx(hessian[i], abs=1e-3)


@pytest.mark.parametrize("k", [1, 2, 3, 7])
@pytest.mark.parametrize("asked", ["purchases", "staying"])
def test_the_sum_and_the_integral_agree(k, asked):
    R, B = np.array([0.5, 3.0, 40.0, 5.0]), np.array([1.2, 3.5, 30.0, 4.0])
    y = np.array([0.3, 2.0, 1.0, 20.0])
    for state in range(k):
        for a in (0.02, 0.9, 5.0):
            summed = _summed(asked, k, state, R, a, B, y, 3000)
            assert summed == pytest.approx(_integrated(asked, k, state, R, a, B, y), rel=1e-9)


def test_what_lies_ahead_is_what_a_simulation_finds():
    model, rng, draws = RegularNBD(4, 1.2, 2.0, 0.7, 3.0), np.random.default_rng(4), 200_000
    x, T, silent = 6.0, 40.0, 7.0
    counts = model.draw_counts(rng, np.array([x]), np.array([T]), np.array([silent]), 26.0, draws)
    alive = float(model.p_alive(x, T - silent, T))
    assert counts.mean() * alive == pytest.approx(
        float(model.expected_purchases(x, T - silent, T, 26.0)), rel=0.01
    )
    for n in range(4):
        share = (counts == n).mean() * alive + (n == 0) * (1 - alive)
        assert model.p_count(n, x, T - silent, T, 26.0) == pytest.approx(share, abs=4e-3)


def test_who_is_overdue_by_the_rhythm_is_sooner_gone():
    random, regular = MBGNBD(0.8, 6.0, 0.9, 2.5), RegularNBD(4, 0.8, 1.5, 0.9, 2.5)
    assert regular.p_alive(8, 40, 60) < random.p_alive(8, 40, 60)
    assert regular.p_alive(8, 40, 42) > random.p_alive(8, 40, 42)


@pytest.mark.parametrize("weights", [None, np.full(2357, 2.0)])
def test_a_given_k_is_kept(weights, calibration):
    x, t_x, T = calibration.repeats, calibration.recency, calibration.age
    found = regular_fit.fit(x, t_x, T, k=2, weights=weights)
    assert found.model.k == 2
    assert found.diagnostics.converged


def test_gaps_between_purchases_are_counted_by_either_kernel(cdnow, monkeypatch):
    from kezhi.value.compute import local
    from kezhi.value.summary import summarise

    columns = {"customer": "customer", "date": "day", "amount": "amount", "unit": "week"}
    slow = summarise(cdnow, **columns)
    monkeypatch.setattr(local, "MANY_ROWS", 0)
    fast = summarise(cdnow, **columns)
    assert (slow.repeats_by_gap == fast.repeats_by_gap).all()
    assert slow.repeats_by_gap.sum() == slow.repeats.sum()
    assert slow.repeats_by_gap @ np.arange(len(slow.repeats_by_gap)) == pytest.approx(
        slow.recency.sum() * 7
    )
