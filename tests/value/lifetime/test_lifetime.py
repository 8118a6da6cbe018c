"""Survival, rhythm, winning back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezhi.value.lifetime.rhythm import fit_rhythm, next_purchase
from kezhi.value.lifetime.survival import (
    hazard_by_period,
    kaplan_meier,
    lifetimes_by_silence,
)
from kezhi.value.lifetime.win_back import REASONS, WinBackSettings, win_back
from kezhi.value.plain import from_plain, to_plain
from kezhi.value.potential.fitting import CannotFit

observed = st.lists(st.tuples(st.integers(1, 40), st.booleans()), min_size=1, max_size=60).map(
    lambda rows: tuple(np.array(column) for column in zip(*rows, strict=True))
)

# Freireich et al. (1963), remission of leukaemia under 6-MP: the textbook example.
SIX_MP = [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
RELAPSE = [True] * 9 + [False] * 12


def test_freireich():
    found = kaplan_meier(SIX_MP, RELAPSE, level=0.95)
    assert found.times.tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert found.at_risk.tolist() == [21, 17, 15, 12, 11, 7, 6]
    assert found.survival.round(4).tolist() == [
        0.8571,
        0.8067,
        0.7529,
        0.6902,
        0.6275,
        0.5378,
        0.4482,
    ]
    assert found.standard_error.round(4).tolist() == [
        0.0764,
        0.0869,
        0.0963,
        0.1068,
        0.1141,
        0.1282,
        0.1346,
    ]
    assert found.low[0] == pytest.approx(0.6197, abs=1e-4)  # log(−log) as R's survfit
    assert found.high[0] == pytest.approx(0.9516, abs=1e-4)
    assert found.median == 23


@given(observed)
def test_survival_falls_and_customers_twice_count_twice(rows):
    time, lost = rows
    one = kaplan_meier(time, lost)
    twice = kaplan_meier(np.tile(time, 2), np.tile(lost, 2))
    weighted = kaplan_meier(time, lost, weights=np.full(len(time), 2.0))
    assert (np.diff(np.concatenate(([1.0], one.survival))) <= 0).all()
    assert twice.survival == pytest.approx(one.survival)
    assert weighted.standard_error == pytest.approx(twice.standard_error)
    assert (one.low <= one.survival + 1e-12).all()
    assert (one.survival <= one.high + 1e-12).all()


@given(observed)
def test_the_scale_of_time_changes_nothing_else(rows):
    time, lost = rows
    days, weeks = kaplan_meier(time * 7.0, lost), kaplan_meier(time, lost)
    assert days.survival == pytest.approx(weeks.survival)
    assert days.times == pytest.approx(weeks.times * 7)


@given(observed)
def test_without_censoring_it_is_the_share_left(rows):
    time, _ = rows
    found = kaplan_meier(time, np.ones(len(time), dtype=bool))
    share = [(time > t).mean() for t in found.times]
    assert found.survival == pytest.approx(share, abs=1e-12)
    assert found.restricted_mean(float(time.max())) == pytest.approx(time.mean())


def test_late_entry_counts_from_then_on():
    found = kaplan_meier([5, 8, 10], [True, True, True], entry=[0, 6, 0])
    assert found.at_risk.tolist() == [2, 2, 1]


def test_beyond_what_was_observed_nothing_is_said():
    found = kaplan_meier([3, 9], [True, False])
    assert found.at([0, 3, 9, 10])[:3].tolist() == [1, 0.5, 0.5]
    assert np.isnan(found.at([10])[0])
    with pytest.raises(ValueError, match="longer"):
        found.restricted_mean(12)
    nobody = kaplan_meier([4, 5], [False, False])
    assert nobody.median is None
    assert nobody.at([4]).tolist() == [1]


def test_hazards_of_periods():
    rng = np.random.default_rng(1)
    time = rng.geometric(0.1, 5000) - 0.5
    found = hazard_by_period(time, np.ones(5000, bool), period=1, periods=12)
    assert found.rate == pytest.approx(0.1, abs=4 * found.standard_error.max())
    assert found.survival[11] == pytest.approx((time > 12).mean())


def test_silence_is_the_rule_where_nobody_gives_notice():
    days, lost = lifetimes_by_silence([0, 10], [10, 390], as_of=400, silent_days=180)
    assert days.tolist() == [10, 390]
    assert lost.tolist() == [True, False]


def rhythmic(customers=400, seed=2, least=3, most=12):
    """Customers with own mean intervals around 30 days and spread of a quarter."""
    rng = np.random.default_rng(seed)
    codes, days = [], []
    for c in range(customers):
        middle = rng.normal(np.log(30), 0.5)
        steps = np.exp(rng.normal(middle, 0.25, rng.integers(least, most)))
        when = np.rint(np.cumsum(steps)).astype(int) + int(rng.integers(0, 50))
        codes += [c] * len(when)
        days += when.tolist()
    return np.array(codes), np.array(days)


def test_rhythm_recovers_what_was_simulated():
    codes, days = rhythmic(1500)
    found = fit_rhythm(codes, days, customers=1500)
    assert found.mean == pytest.approx(np.log(30), abs=0.05)
    assert np.sqrt(found.between) == pytest.approx(0.5, abs=0.05)
    assert np.sqrt(found.within) == pytest.approx(0.25, abs=0.02)


def test_the_interval_covers_the_next_purchase():
    codes, days = rhythmic(2000, seed=3, least=4)
    last = np.zeros(2000, dtype=int)
    np.maximum.at(last, codes, days)
    before = days < last[codes]
    seen = np.zeros(2000, dtype=int)
    np.maximum.at(seen, codes[before], days[before])
    rhythm = fit_rhythm(codes[before], days[before], customers=2000)
    found = next_purchase(
        rhythm, codes[before], days[before], customers=2000, as_of=int(days.min())
    )
    covered = ((found.low <= last) & (last <= found.high)).mean()
    assert covered == pytest.approx(0.8, abs=0.03)
    assert (last > found.expected_on).mean() == pytest.approx(0.5, abs=0.04)


def test_few_own_intervals_lean_on_everybody():
    codes, days = rhythmic(300)
    few = np.concatenate((codes, [300, 300, 301])), np.concatenate((days, [0, 300, 200]))
    rhythm = fit_rhythm(codes, days, customers=300)
    found = next_purchase(rhythm, *few, customers=303, as_of=301)
    assert 30 < found.usual_days[300] < 300
    assert found.usual_days[301] == pytest.approx(np.exp(rhythm.mean))
    assert found.weight[301] == 0
    assert np.isnan(found.expected_on[302])


def test_what_has_passed_was_too_short():
    codes, days = rhythmic(300)
    rhythm = fit_rhythm(codes, days, customers=300)
    dates = [
        next_purchase(rhythm, codes, days, customers=300, as_of=day).expected_on[0]
        for day in (0, 300, 700, 2000)
    ]
    assert dates == sorted(dates)
    assert dates[-1] >= 2000
    assert next_purchase(rhythm, codes, days, customers=300, as_of=5000).overdue[0] > 0.95


def test_too_few_customers_have_no_rhythm():
    with pytest.raises(CannotFit, match="1 customers"):
        fit_rhythm([0, 0, 1], [0, 9, 4], customers=2)


def test_chances_fade_with_time():
    found = win_back([1000.0, 1000.0], ["price", "price"], [0, 365.25])
    assert found.probability.tolist() == pytest.approx([0.3, 0.15])
    assert found.order.tolist() == [0, 1]


def test_who_is_not_worth_it_is_let_go_with_the_reason():
    settings = WinBackSettings(cost_of_attempt=50, cost_if_accepted=20, half_life_months=0)
    found = win_back(
        [5000, 10, 60, 900], ["insolvent", "price", "need_gone", "odd"], [0] * 4, settings=settings
    )
    assert [REASONS[k] for k in found.reason] == [
        "not_recoverable",
        "worth_too_little",
        "attempt_costs_more",
        "worth_it",
    ]
    assert found.unknown_causes == ("odd",)
    assert found.order[0] == 3
    assert found.break_even[3] == pytest.approx(50 / 880)
    assert np.isnan(found.break_even[1])


def test_settings_of_winning_back_go_through_json():
    assert from_plain(WinBackSettings, to_plain(WinBackSettings())) == WinBackSettings()
    with pytest.raises(ValueError, match="'price'"):
        WinBackSettings(recoverability={"price": 2})
