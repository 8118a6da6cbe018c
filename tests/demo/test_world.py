"""The demo company as imagined: the same for a seed, and a story worth telling."""

from datetime import date, timedelta

import numpy as np
import pytest

from cast import TODAY
from kezhi.demo.buying import DAYS
from kezhi.demo.customers import imagine_customers
from kezhi.demo.names import credit_check, organisation_check
from kezhi.demo.world import imagine_world


@pytest.fixture(scope="module")
def world():
    return imagine_world(today=TODAY)


def margins(world):
    sales = world.sales
    customer = sales.order_customer[sales.order]
    return np.bincount(customer, sales.amount - sales.cost, minlength=len(world.customers))


def test_the_same_seed_and_day_give_the_same_company():
    again = [imagine_world(today=TODAY, size=120).digest() for _time in range(2)]
    assert again[0] == again[1]
    assert again[0] != imagine_world(today=TODAY, size=120, seed=7).digest()
    assert again[0] != imagine_world(today=TODAY + timedelta(days=1), size=120).digest()


def test_it_is_as_large_as_promised(world):
    assert len(world.customers) == 1300
    assert 25_000 < len(world.sales.order_number) < 42_000
    assert 60_000 < len(world.sales.order) < 90_000
    assert 15_000 < len(world.service.day) < 30_000
    assert 6_000 < len(world.interactions) < 8_000


def test_nothing_lies_in_the_future_and_the_history_is_three_years_long(world):
    assert world.sales.order_day.min() >= 0
    assert world.sales.order_day.max() == DAYS - 1
    assert world.story.first == TODAY - timedelta(days=DAYS - 1)
    assert max(each.at.date() for each in world.interactions) <= TODAY


@pytest.mark.parametrize("today", [date(2026, 2, 28), date(2027, 7, 1)])
def test_a_fifth_of_the_customers_bring_most_of_the_margin_whatever_the_day(today):
    margin = margins(imagine_world(today=today))
    best = np.sort(margin)[::-1][: round(0.18 * (margin != 0).sum())]
    assert 0.70 < best.sum() / margin.sum() < 0.82


def test_some_customers_cost_more_than_they_bring(world):
    cost = np.bincount(world.service.customer, world.service.amount, minlength=1300)
    realised = np.sort(margins(world) - cost)[::-1]
    assert (realised < 0).sum() > 80
    assert np.cumsum(realised).max() / realised.sum() > 1.08


def test_returns_are_credited_with_negative_lines(world):
    is_note = np.array([number.startswith("CN") for number in world.sales.order_number])
    on_note = is_note[world.sales.order]
    assert 300 < is_note.sum() < 0.05 * len(is_note)
    assert (world.sales.amount[on_note] < 0).all()
    assert (world.sales.amount[~on_note] > 0).all()


def test_most_customers_pay_on_time_and_some_orders_are_overdue(world):
    day, due, paid = world.sales.order_day, world.payments.due, world.payments.paid
    fell_due = (due >= 0) & (due < DAYS - 1)
    late = fell_due & ((paid < 0) | (paid > due))
    assert 0.15 < late.sum() / fell_due.sum() < 0.45
    assert 50 < (fell_due & (paid < 0)).sum() < 2000
    assert (paid[paid >= 0] >= day[paid >= 0]).all()
    assert paid.max() < DAYS


def test_who_came_into_the_price_rise_stayed_away_in_the_third_month(world):
    first = np.full(len(world.customers), DAYS)
    np.minimum.at(first, world.buying.customer, world.buying.day)
    month = (world.buying.day - first[world.buying.customer]) // 30
    came_back = np.bincount(world.buying.customer, month == 2, minlength=len(first)) > 0
    opened, closed = world.story.hit_cohort
    hit = (first >= opened) & (first <= closed)
    before = (first >= opened - 270) & (first < opened)
    assert hit.sum() > 50
    assert came_back[hit].mean() < 0.75 * came_back[before].mean()


def test_chinese_new_year_is_quiet_and_the_cold_chain_busy_in_summer(world):
    days = np.datetime64(world.story.first, "D") + world.buying.day
    around = (days >= np.datetime64("2026-02-16")) & (days < np.datetime64("2026-02-23"))
    later = (days >= np.datetime64("2026-03-16")) & (days < np.datetime64("2026-03-23"))
    assert around.sum() < 0.4 * later.sum()
    cold = np.array([each.industry.season == "cold" for each in world.customers])
    months = days.astype("datetime64[M]").astype(int) % 12
    summer, spring = np.isin(months, (5, 6, 7)), np.isin(months, (2, 3, 4))
    is_cold = cold[world.buying.customer]
    assert (is_cold & summer).sum() / (~is_cold & summer).sum() > 1.15 * (
        (is_cold & spring).sum() / (~is_cold & spring).sum()
    )


def test_credit_codes_carry_their_check_digits_and_are_unique():
    customers = imagine_customers(np.random.default_rng(5), 300)
    codes = [each.credit_code for each in customers if each.credit_code]
    assert len(codes) == len(set(codes)) > 250
    for code in codes:
        assert code[17] == credit_check(code[:17])
        assert code[16] == organisation_check(code[8:16])


def test_the_credit_code_that_the_standard_prints_has_its_check_digit():
    assert credit_check("91350100M000100Y4") == "3"


def test_every_line_of_talk_is_filled_in(world):
    assert not any("{" in each.text or "}" in each.text for each in world.interactions)
    abroad = {n for n, each in enumerate(world.customers) if each.is_abroad}
    english = [each.text for each in world.interactions if each.customer in abroad]
    assert english
    assert all(each.isascii() or any(c in each for c in "èéüö’") for each in english)


def test_there_is_work_for_today(world):
    still_open = [each for each in world.follow_ups if each.done_at is None]
    assert sum(each.due_on == TODAY for each in still_open) >= 8
    assert sum(each.due_on < TODAY for each in still_open) >= 8
    assert sum(each.due_on > TODAY for each in still_open) >= 20
