"""Frontiers, how often gaps close, and what growth comes to."""

import numpy as np
import pytest

from kezhi.value.wallet.frontier import Firms, TooFew, fit_frontier
from kezhi.value.wallet.growth import BASES, GrowthSettings, Prospects, Spent, measure_growth
from kezhi.value.wallet.winning import how_often_won

TODAY = 20_000


def company(customers=900, seed=1):
    """Inns spend twice what shops spend; a fifth of those below doubled their spend in a year."""
    rng = np.random.default_rng(seed)
    inns = rng.random(customers) < 0.5
    usual = np.where(inns, 2000.0, 1000.0) * np.exp(rng.normal(0, 0.5, customers))
    lately = usual * np.where(rng.random(customers) < 0.2, 2.0, 1.0)
    firms = Firms.of({"industry": np.where(inns, "inn", "shop").tolist()})
    unknown = np.full(customers, np.nan)
    about = Prospects(firms, unknown.copy(), unknown.copy(), unknown.copy())
    spent = Spent(
        lately=lately,
        before=usual,
        expected=np.full(customers, np.nan),
        first_day=np.full(customers, TODAY - 1000),
        bought=np.ones(customers, dtype=bool),
        margin=np.full(customers, 0.3),
        years=np.full(customers, 2.5),
        continuation=np.full(customers, 900.0),
    )
    return about, spent


def measured(about, spent, **other):
    return measure_growth(about, spent, today=TODAY, annual_rate=0.1, **other)


def test_growth_is_gap_times_probability_times_margin_times_years():
    about, spent = company()
    found = measured(about, spent)
    one = int(np.argmax(found.gap))
    discount = (1 - 1.1**-3) / (3 * np.log(1.1))
    assert found.growth[one] == pytest.approx(
        found.gap[one] * found.probability[one] * 0.3 * 2.5 * discount
    )
    assert found.gap[one] == pytest.approx(found.wallet[one] - spent.lately[one])
    assert BASES[found.basis[one]] == "peers"
    assert found.low[one] < found.growth[one] < found.high[one]
    above = spent.lately >= found.wallet
    assert above.mean() == pytest.approx(0.2, abs=0.01)
    assert (found.growth[above] == 0).all()


def test_the_frontier_tells_groups_apart_and_is_judged_on_the_year_after():
    about, spent = company()
    found = measured(about, spent)
    inns = about.firms.codes["industry"] == 0
    assert found.wallet[inns][0] / found.wallet[~inns][0] == pytest.approx(2, rel=0.25)
    assert 0 < found.gain_later < 0.6
    assert 0.5 < found.below_later < 0.9
    told = found.as_json()
    assert told["customers"] == 900
    assert sum(told["by_basis"].values()) == 900
    assert "covariance" not in told["frontier"]


def test_a_small_group_is_told_by_all_and_a_level_with_four_not_at_all():
    rng = np.random.default_rng(2)
    kinds = ["shop"] * 400 + ["inn"] * 8 + ["ship"] * 4
    money = np.exp(rng.normal(7, 0.5, 412))
    money[400:] *= 1.3
    frontier = fit_frontier(Firms.of({"kind": kinds}), money)
    shop, inn, ship = frontier.spend(Firms.of({"kind": ["shop", "inn", "ship"]}))
    assert shop <= inn < 1.3 * shop
    assert {each.level for each in frontier.effects} == {"shop", "inn"}
    assert ship <= inn


def test_the_stated_demand_stands_before_the_frontier_and_open_needs_widen_the_gap():
    about, spent = company()
    stated, asked = about.stated.copy(), about.asked.copy()
    stated[0], asked[1] = 90_000.0, 50_000.0
    found = measured(Prospects(about.firms, stated, asked, about.offered), spent)
    assert found.gap[0] == pytest.approx(90_000 - spent.lately[0])
    assert found.gap[1] == 50_000
    assert [BASES[k] for k in found.basis[:2]] == ["stated", "asked"]


def test_offers_and_gap_are_not_added_up():
    about, spent = company()
    without = measured(about, spent)
    offered = np.full(900, np.nan)
    offered[:2] = 1e6, 1e-3
    both = measured(Prospects(about.firms, about.stated, about.asked, offered), spent)
    assert both.growth[0] == 1e6
    assert BASES[both.basis[0]] == "offers"
    assert both.growth[1] == without.growth[1]
    usual = Prospects(about.firms, about.stated, about.asked, offered, usual_share=0.5)
    part = 180 / (36 * 365.25 / 12)
    assert measured(usual, spent).growth[0] == pytest.approx(1e6 - 900 * part * 0.5)


def test_what_continuation_expects_is_no_gap():
    about, spent = company()
    more = Spent(
        **{name: getattr(spent, name) for name in Spent.__slots__} | {"expected": spent.lately * 9}
    )
    assert (measured(about, more).gap <= measured(about, spent).gap).all()


def test_too_short_a_history_and_too_few_customers_are_not_measured():
    about, spent = company()
    young = Spent(
        **{name: getattr(spent, name) for name in Spent.__slots__}
        | {"first_day": np.full(900, TODAY - 500), "before": np.zeros(900)}
    )
    found = measured(about, young)
    assert found.lacking == "history"
    assert np.isnan(found.growth).all()
    few, less = company(15)
    assert measured(few, less).lacking == "few"
    assert measured(Prospects.none(900), spent).lacking == "attributes"
    with pytest.raises(TooFew):
        fit_frontier(Firms.of({"kind": ["one"] * 50}), np.arange(1.0, 51.0))


def test_who_loses_money_on_each_sale_has_no_growth_and_who_never_bought_none_that_is_known():
    about, spent = company()
    spent.margin[:] = -0.1
    spent.bought[5] = False
    found = measured(about, spent)
    assert np.nanmax(found.growth) == 0
    assert np.isnan(found.growth[5])


def test_probabilities_rise_with_the_share_and_lean_on_all():
    rng = np.random.default_rng(3)
    wallet, spent = np.full(3000, 100.0), rng.uniform(0, 100, 3000)
    since = np.where(rng.random(3000) < 0.3 * spent / 100, 120.0, spent)
    found = how_often_won(wallet, spent, since)
    told = [step.probability for step in found.steps]
    assert told == sorted(told)
    assert all(step.low <= step.probability <= step.high for step in found.steps)
    assert found.steps[0].customers == 0
    assert found.steps[0].probability == pytest.approx(told[1])
    assert found.steps[4].probability == pytest.approx(0.2625, abs=0.04)


def test_the_order_of_customers_does_not_matter_and_money_has_no_unit():
    about, spent = company(300)
    other = np.random.default_rng(8).permutation(300)
    firms = Firms(about.firms.levels, {"industry": about.firms.codes["industry"][other]})
    moved = Spent(**{name: getattr(spent, name)[other] for name in Spent.__slots__})
    turned = measured(Prospects(firms, about.stated, about.asked, about.offered), moved)
    once = measured(about, spent)
    assert turned.growth == pytest.approx(once.growth[other], rel=1e-9, abs=1e-6)
    rich = Spent(
        **{name: getattr(spent, name) for name in Spent.__slots__}
        | {"lately": spent.lately * 100, "before": spent.before * 100}
    )
    assert measured(about, rich).growth == pytest.approx(once.growth * 100, rel=1e-9, abs=1e-6)


def test_the_quantile_is_a_setting_within_reason():
    about, spent = company()
    high, low = (
        measured(about, spent, settings=GrowthSettings(quantile)).wallet[0]
        for quantile in (0.9, 0.7)
    )
    assert high > low
    with pytest.raises(ValueError, match="quantile"):
        GrowthSettings(0.2)
