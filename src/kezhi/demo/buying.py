"""How customers buy: each has a rhythm, a spend and a chance to leave after every order.

The process is the one that the value models assume (Poisson buying, leaving after an order, spend that
differs between customers), bent by what really happens: seasons, a price rise, big customers who fall silent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from kezhi.demo.calendar import busyness, quarter_of, quarters_before
from kezhi.demo.customers import Customer
from kezhi.demo.goods import MARGINS

DAYS = 3 * 365 + 1
Days = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Story:
    """The days on which things happened; all relative to today."""

    today: date
    first: date
    earlier_rise: date
    rise: date

    @classmethod
    def until(cls, today: date) -> Story:
        """The price rise lies two quarters back: its cohort has had time to leave."""
        rise = quarters_before(quarter_of(today), 2)
        return cls(today, today - timedelta(days=DAYS - 1), quarters_before(rise, 5), rise)

    def day(self, on: date) -> int:
        return (on - self.first).days

    @property
    def hit_cohort(self) -> tuple[int, int]:
        """First and last day on which a customer could walk into the price rise."""
        return self.day(self.rise), self.day(quarters_before(self.rise, -1)) - 1


@dataclass(frozen=True)
class Buying:
    """Orders as arrays; `customer` is a position in the list of customers, `day` counts from `Story.first`."""

    customer: Days
    day: Days
    spend: Floats
    # By customer:
    is_difficult: NDArray[np.bool_]
    is_silent: NDArray[np.bool_]
    is_fading: NDArray[np.bool_]
    discount: Floats
    usual_spend: Floats


@dataclass
class _Lives:
    """What a customer is like; drawn once."""

    start: Days
    per_day: Floats
    leave: Floats
    spend: Floats
    growth: Floats
    discount: Floats
    is_difficult: NDArray[np.bool_]


def imagine_buying(rng: Generator, customers: list[Customer], story: Story) -> Buying:
    lives = _lives(rng, customers, story)
    clocks = {
        season: np.concatenate([[0.0], np.cumsum(busyness(story.first, DAYS, season))])
        for season in ("steady", "cold", "retail")
    }
    orders = [
        _orders(rng, lives, position, clocks[customer.industry.season])
        for position, customer in enumerate(customers)
    ]
    for position in rng.choice(len(customers), size=round(len(customers) * 0.03), replace=False):
        orders[position] = np.empty(0, dtype=np.int64)  # asked, never bought
    silent, fading = _troubled(rng, customers, lives, orders)
    for position in silent:
        orders[position] = _silenced(rng, orders[position])
    for position in fading:
        orders[position] = _faded(rng, orders[position])
    customer = np.repeat(np.arange(len(orders)), [len(days) for days in orders])
    day = np.concatenate(orders)
    years = (day - DAYS) / 365.0
    spend = lives.spend[customer] * np.exp(lives.growth[customer] * years)
    spend *= rng.gamma(3.0, 1 / 3.0, size=len(day))
    late = np.isin(customer, fading) & (day > DAYS - 150)
    spend = np.where(late, spend * 0.6, spend)
    order = np.lexsort((customer, day))
    return Buying(
        customer[order],
        day[order],
        spend[order],
        lives.is_difficult,
        _mask(len(customers), silent),
        _mask(len(customers), fading),
        lives.discount,
        lives.spend,
    )


def _lives(rng: Generator, customers: list[Customer], story: Story) -> _Lives:
    size = len(customers)
    # A quarter was there when the records begin; since then, more come every quarter.
    old = rng.random(size) < 0.25
    start = np.where(
        old,
        rng.exponential(40, size),
        DAYS * (np.sqrt(1 + 3 * rng.random(size)) - 1),
    ).astype(np.int64)
    start = np.minimum(start, DAYS - 4)
    per_week = 0.03 + rng.gamma(0.85, 0.80, size)
    leave = rng.beta(0.75, 25.0, size)
    # Spend per order differs as Gamma-Gamma has it: few pay very much.
    spend = 17_000 / rng.gamma(2.2, 1.0, size) * per_week**0.15
    spend *= np.array([0.12 if each.form == "person" else 1.0 for each in customers])
    # No customer is the company: at most nine million a year.
    spend = np.clip(spend, 300, 9_000_000 / (52 * per_week))
    # Those who came into the price rise compared offers and left sooner.
    opened, closed = story.hit_cohort
    hit = (start >= opened) & (start <= closed) & (rng.random(size) < 0.62)
    leave = np.where(hit, np.maximum(leave, rng.uniform(0.22, 0.6, size)), leave)
    # The very largest have contracts: none of them simply stays away.
    largest = np.argsort(-spend * per_week)[: max(1, size // 100)]
    leave[largest] = np.minimum(leave[largest], 0.0015)
    is_difficult = (rng.random(size) < 0.12) & (per_week > 0.12)
    discount = np.clip(rng.normal(0.015 + 0.012 * np.log(spend / 3000), 0.015), 0, 0.09)
    discount = np.where(is_difficult, rng.uniform(0.06, 0.15, size), discount)
    growth = rng.normal(0.04, 0.22, size)
    return _Lives(start, per_week / 7, leave, spend, growth, discount, is_difficult)


def _orders(rng: Generator, lives: _Lives, position: int, clock: Floats) -> Days:
    """The days of a customer's orders: evenly random on a clock that runs faster on busy days."""
    start, per_day = int(lives.start[position]), float(lives.per_day[position])
    alive = int(rng.geometric(lives.leave[position]))
    left = float(clock[-1] - clock[start])
    most = min(alive, int(per_day * left + 6 * np.sqrt(per_day * left) + 12))
    moments = (
        clock[start]
        + 0.5
        + np.concatenate([[0.0], np.cumsum(rng.exponential(1 / per_day, most - 1))])
    )
    moments = moments[moments < clock[-1]]
    days: Days = (np.searchsorted(clock, moments, side="right") - 1).astype(np.int64)
    return np.unique(np.minimum(days, DAYS - 1))


def _troubled(
    rng: Generator, customers: list[Customer], lives: _Lives, orders: list[Days]
) -> tuple[Days, Days]:
    """Big, old, faithful customers: some fell silent lately, some order less and less."""
    margin = np.array([_margin(customer) for customer in customers]) - lives.discount
    worth = np.array([_lately(days) for days in orders]) * lives.spend * margin
    worth[lives.is_difficult] = 0
    mature = np.array([len(days) >= 30 and days[0] < DAYS - 400 for days in orders])
    weekly = np.array([len(days) > 1 and _interval(days) <= 8 for days in orders])
    ranked = np.argsort(-np.where(mature, worth, 0))
    top = ranked[: max(6, round(len(orders) * 0.045))]
    frequent = top[weekly[top]]
    silent = rng.choice(
        frequent, size=min(len(frequent), max(3, round(len(orders) * 0.022))), replace=False
    )
    others = np.setdiff1d(ranked[: max(12, round(len(orders) * 0.11))], silent)
    fading = rng.choice(others, size=max(3, round(len(orders) * 0.016)), replace=False)
    return silent, fading


def _margin(customer: Customer) -> float:
    """The gross margin to expect from what the industry uses."""
    mix = customer.industry.mix
    return sum(MARGINS[category] * part for category, part in mix.items()) / sum(mix.values())


def _interval(days: Days) -> float:
    return float(days[-1] - days[0]) / (len(days) - 1)


def _lately(days: Days) -> int:
    return int((days > DAYS - 365).sum()) if len(days) and days[-1] > DAYS - 45 else 0


def _silenced(rng: Generator, days: Days) -> Days:
    """No order for five or six of the customer's own intervals."""
    last = int(DAYS - 1 - _interval(days) * rng.uniform(4.9, 6.2))
    return np.append(days[days < last], last)


def _faded(rng: Generator, days: Days) -> Days:
    """Fewer and fewer orders over the last five months."""
    age = np.clip((days - (DAYS - 150)) / 150, 0, 1)
    return days[rng.random(len(days)) >= age * 0.75]


def _mask(size: int, positions: Days) -> NDArray[np.bool_]:
    mask = np.zeros(size, dtype=np.bool_)
    mask[positions] = True
    return mask
