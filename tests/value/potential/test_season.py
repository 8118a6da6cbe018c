"""Seasons: flat ones change nothing, real ones come back, and purchases follow the clock."""

from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kezhi.value.by_season import seasons_of
from kezhi.value.datasets.simulated import simulate
from kezhi.value.measure import Facts, Settings, measure
from kezhi.value.potential.continuation import Buyers, Horizon, continuation
from kezhi.value.potential.fitting import CannotFit
from kezhi.value.potential.gamma_gamma import GammaGamma
from kezhi.value.potential.mbg_nbd import MBGNBD
from kezhi.value.potential.naive import Naive
from kezhi.value.potential.season import Season, estimate, expected_by_day, part_of_year
from kezhi.value.potential.shrunk_mean import ShrunkMean
from kezhi.value.reading import EPOCH
from kezhi.value.summary import summarise

TRUE = (0.6, 0.5, 0.8, 1.0, 1.1, 1.2, 0.8, 0.7, 1.1, 1.3, 1.6, 1.3)
MODEL, SPEND = MBGNBD(0.7, 8.0, 0.4, 3.0), GammaGamma(6.25, 3.74, 15.44)
UNTIL = date(2024, 9, 30)


def of_day(year, month, day):
    return (date(year, month, day) - EPOCH).days


def seasonal():
    """Purchases that come by a clock of `TRUE`: simulated evenly, then dated by it."""
    rng = np.random.default_rng(6)
    even = simulate(
        MODEL, SPEND, customers=4000, first=date(2020, 1, 1), joining_days=1200,
        until=date(2026, 1, 1), rng=rng,
    )  # fmt: skip
    start = of_day(2020, 1, 1)
    clock = Season("month", TRUE, (0.0,) * 12, 4).clock(start, of_day(2027, 1, 1))
    day = np.ceil(clock.day_after(start - 1, even.day - start + 0.5)).astype(np.int64)
    keep = day <= of_day(2025, 9, 30)
    return pa.table(
        {
            "customer": even.customer[keep],
            "day": pa.array(day[keep].astype(np.int32)).cast(pa.date32()),
            "amount": even.amount[keep],
        }
    )


@pytest.fixture(scope="module")
def orders():
    return seasonal()


def until(table, day):
    return table.filter(pa.compute.less_equal(table["day"], pa.scalar(day)))


def test_indices_come_back(orders):
    found = summarise(orders, customer="customer", date="day", unit="week", until=UNTIL)
    told = seasons_of(found, "week", (UNTIL - EPOCH).days, "month")
    assert told.season.years == 4
    mean = np.average(TRUE, weights=[31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    for index, true, error in zip(
        told.season.factors, TRUE, told.season.standard_errors, strict=True
    ):
        assert abs(index - true / mean) < 4 * error + 0.02


def test_what_comes_next_is_told_better_by_season(orders):
    later = pa.compute.greater(orders["day"], pa.scalar(UNTIL))
    soon = pa.compute.less_equal(orders["day"], pa.scalar(date(2024, 12, 31)))
    known = set(until(orders, UNTIL)["customer"].to_pylist())
    came = orders.filter(pa.compute.and_(later, soon))["customer"].to_pylist()
    actual = sum(1 for one in came if one in known)
    totals = {}
    for season in (None, "month"):
        rules = Settings(model="mbg-nbd", season=season, horizon_months=92 / (365.25 / 12))
        found = measure(Facts(until(orders, UNTIL)), rules, as_of=UNTIL)
        totals[season] = found.run.totals["expected_purchases"]
        assert (found.run.model["season"] is None) == (season is None)
    assert abs(totals["month"] / actual - 1) < 0.08
    assert totals[None] / actual < 0.9  # the quarter before new year is the strong one


def test_flat_seasons_are_the_plain_model():
    clock = Season.flat("month").clock(19_000, 22_000)
    rng = np.random.default_rng(3)
    x = rng.integers(0, 9, 300).astype(float)
    T = rng.integers(200, 900, 300) / 7
    buyers = Buyers(
        x,
        T * 0.8 * (x > 0),
        T,
        x,
        np.where(x > 0, 30.0, 0.0),
        *np.full((3, 300), [[0.3], [0], [1]]),
    )
    for model in (MODEL, Naive()):
        plain, told = (
            continuation(
                buyers, model, ShrunkMean(30.0), horizon, rng=np.random.default_rng(1),
                upkeep_per_unit=0.1,
            )
            for horizon in (
                Horizon.of_months(36, "week", 0.1),
                Horizon.of_months(36, "week", 0.1, clock=clock, day=20_000),
            )
        )  # fmt: skip
        for name in plain.__slots__:
            assert getattr(told, name) == pytest.approx(getattr(plain, name), rel=1e-9)


indices = st.lists(st.floats(0.1, 3.0), min_size=12, max_size=12)


@given(indices, st.integers(10_000, 20_000))
@settings(max_examples=30, deadline=None)
def test_parts_of_a_horizon_add_up_and_a_year_is_a_year(own, day):
    season = Season("month", tuple(own), (0.0,) * 12, 3)
    clock = season.clock(day, day + 3000)
    ends = day + np.array([0, 10, 55.5, 200, 400])
    steps = clock.between(ends[:-1], ends[1:])
    assert (steps > 0).all()
    assert steps.sum() == pytest.approx(float(clock.between(ends[0], ends[-1])))
    assert clock.day_after(day, clock.between(day, ends)) == pytest.approx(ends)
    expected = MODEL.expected_purchases(3, 20, 30, np.cumsum(steps) / 7)
    assert (np.diff(expected) > 0).all()
    four_years = float(clock.between(day, day + 1461))
    again = float(clock.between(day + 1461, day + 2922))
    assert four_years == pytest.approx(again, abs=2 * max(own))


def test_without_a_season_indices_stay_near_one():
    rng = np.random.default_rng(2)
    expected = np.full(4 * 365 + 2, 20.0)
    found = estimate(rng.poisson(expected), expected, first_day=18_000, by="month")
    assert np.abs(np.array(found.factors) - 1).max() < 0.03
    weekly = estimate(rng.poisson(expected), expected, first_day=18_000, by="week")
    assert np.abs(np.array(weekly.factors) - 1).max() < 0.06


def test_one_strong_year_is_no_season():
    expected = np.full(3 * 365 + 1, 40.0)
    days = np.arange(18_000, 18_000 + len(expected))
    actual = expected.copy()
    month = part_of_year(days, "month")
    year = days // 365.25
    actual[(month == 4) & (year == year[400])] *= 3  # one campaign
    once = estimate(actual, expected, first_day=18_000, by="month").factors[4]
    actual[month == 4] = 3 * 40.0
    always = estimate(actual, expected, first_day=18_000, by="month").factors[4]
    assert once < 1.3
    assert always > 2


def test_growth_is_no_season():
    days = 3 * 365 + 1
    expected = np.full(days, 30.0)
    actual = 30.0 * 2 ** (np.arange(days) / 365)  # doubles every year
    by_year = estimate(
        np.repeat([30.0, 60, 120, 240], 366)[:days], expected, first_day=0, by="month"
    )
    assert by_year.factors == pytest.approx(np.ones(12), abs=0.12)
    assert estimate(actual, actual, first_day=0, by="month").is_flat


def test_two_whole_years_are_needed():
    with pytest.raises(CannotFit, match="it takes 2"):
        estimate(np.ones(700), np.ones(700), first_day=18_000, by="month")
    lines = pa.table(
        {"customer": [1, 1, 2], "day": [date(2024, 1, 5), date(2024, 3, 1), date(2024, 2, 2)],
         "amount": [10.0, 20.0, 5.0]}
    )  # fmt: skip
    found = measure(Facts(lines), Settings(season="month"), as_of=date(2024, 12, 31))
    assert "season_unknown" in [one["key"] for one in found.run.warnings]
    with pytest.raises(ValueError, match="season"):
        Settings(season="year")
    assert Settings.from_json(Settings(season="week").as_json()).season == "week"


def test_expected_by_day_adds_up_to_what_each_customer_is_expected_to_buy():
    births = np.zeros(400)
    births[[0, 30, 200]] = 5, 8, 2
    found = expected_by_day(MODEL, births, "week")
    each = MODEL.expected_of_new((399 - np.array([0, 30, 200])) / 7) @ [5, 8, 2]
    assert found.sum() == pytest.approx(float(each), rel=1e-9)
    assert (found >= 0).all()
