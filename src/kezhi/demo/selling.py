"""What is on the orders: lines of services at the prices of the day, credit notes, costs of goods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from kezhi.demo.buying import DAYS, Buying, Days, Floats, Story
from kezhi.demo.customers import Customer
from kezhi.demo.goods import CATEGORIES, COLD, GOODS, LAUNCHED, TRUNK

CHANNELS = ("客户门户", "EDI", "电话", "微信", "客户经理")
BASKET = 5
RISE, EARLIER_RISE = 1.07, 1.03
RAISED = (TRUNK, COLD)


@dataclass(frozen=True)
class Sales:
    """Order lines as arrays, credit notes included; `order` is a position in `order_*`.

    `order_number` is as printed: SO for orders, CN for credit notes. Amounts in yuan, negative on credit notes.
    """

    order_number: list[str]
    order_customer: Days
    order_day: Days
    order_channel: list[str]
    order: Days
    good: Days
    quantity: Floats
    amount: Floats
    cost: Floats


def imagine_sales(rng: Generator, customers: list[Customer], buying: Buying, story: Story) -> Sales:
    order, good, quantity, amount, cost = _lines(rng, customers, buying, story)
    note, note_customer, note_day = _credit_notes(rng, buying, order, amount)
    share = np.where(rng.random(len(note)) < 0.4, 1.0, rng.uniform(0.1, 0.7, len(note)))
    returned = np.maximum(np.round(quantity[note] * share, 1), 0.1)
    ratio = np.minimum(returned / quantity[note], 1.0)
    orders = len(buying.day)
    channel = rng.integers(len(CHANNELS), size=len(customers))
    now_and_then = rng.random(orders + len(note)) < 0.18
    customer = np.concatenate([buying.customer, note_customer])
    picked = np.where(
        now_and_then, rng.integers(len(CHANNELS), size=len(customer)), channel[customer]
    )
    day = np.concatenate([buying.day, note_day])
    return Sales(
        _numbers(day, orders, story),
        customer,
        day,
        [CHANNELS[which] for which in picked],
        np.concatenate([order, np.arange(orders, orders + len(note))]),
        np.concatenate([good, good[note]]),
        np.concatenate([quantity, -np.minimum(returned, quantity[note])]),
        np.concatenate([amount, -np.round(amount[note] * ratio, 2)]),
        # A spoilt service was rendered all the same: most of its cost stays with us.
        np.concatenate([cost, -np.round(cost[note] * ratio * 0.3, 2)]),
    )


def _lines(
    rng: Generator, customers: list[Customer], buying: Buying, story: Story
) -> tuple[Days, Days, Floats, Floats, Floats]:
    baskets = np.array(
        [
            _basket(rng, customer, spend)
            for customer, spend in zip(customers, buying.usual_spend, strict=True)
        ]
    )
    orders = len(buying.day)
    count = 1 + np.minimum(rng.poisson(1.15, orders), BASKET - 1)
    order = np.repeat(np.arange(orders), count)
    position = np.arange(len(order)) - np.repeat(np.cumsum(count) - count, count)
    entry = np.minimum(rng.geometric(0.5, orders) - 1, BASKET - 1)
    good = baskets[buying.customer[order], (entry[order] + position) % BASKET]
    good = np.where(buying.day[order] < _LAUNCH[good], _BEFORE[good], good)
    part = rng.gamma(1.2, 1.0, len(order)) * np.where(position == 0, 2.2, 1.0)
    part /= np.bincount(order, part)[order]
    day = buying.day[order]
    list_price = _PRICE[good] * _price_level(good, day, story)
    wanted = buying.spend[order] * part / list_price
    quantity = np.where(_IN_TENTHS[good], np.round(wanted, 1), np.round(wanted))
    quantity = np.maximum(quantity, np.where(_IN_TENTHS[good], 0.1, 1.0))
    off = buying.discount[buying.customer[order]] + rng.normal(0, 0.008, len(order))
    amount = np.round(quantity * list_price * (1 - np.clip(off, 0, 0.3)), 2)
    years_ago = (DAYS - day) / 365
    drift = (1 - 0.022 * years_ago) * np.exp(rng.normal(0, 0.05, len(order)))
    cost = np.round(quantity * _COST[good] * drift, 2)
    return order, good, quantity, amount, cost


def _basket(rng: Generator, customer: Customer, spend: float) -> NDArray[np.int64]:
    """Five services that this customer uses and can fill, the usual one first."""
    mix = customer.industry.mix
    weights = _CATEGORY_WEIGHT @ np.array([mix.get(category, 0.0) for category in CATEGORIES])
    weights = (
        weights * rng.gamma(0.7, 1.0, len(GOODS)) * np.exp(-_PRICE / (0.3 * spend)) + 1e-12 / _PRICE
    )
    return np.argsort(-weights)[:BASKET]


def _price_level(good: Days, day: Days, story: Story) -> Floats:
    """List prices of a day compared with today's."""
    level = np.where(day < story.day(story.earlier_rise), 1 / EARLIER_RISE, 1.0)
    raised = _IS_RAISED[good] & (day < story.day(story.rise))
    return np.where(raised, level / RISE, level)


def _credit_notes(
    rng: Generator, buying: Buying, order: Days, amount: Floats
) -> tuple[Days, Days, Days]:
    """Lines credited some days later: rarely, more often for difficult customers."""
    customer = buying.customer[order]
    chance = np.where(buying.is_difficult[customer], 0.055, 0.011)
    note = np.flatnonzero((rng.random(len(order)) < chance) & (amount > 40))
    day = buying.day[order[note]] + rng.integers(2, 18, len(note))
    note, day = note[day < DAYS], day[day < DAYS]
    return note, customer[note], day


def _numbers(day: Days, orders: int, story: Story) -> list[str]:
    """`SO-2611-00042`: numbered through each month."""
    origin = np.datetime64(story.first, "D")
    months = (origin + day).astype("datetime64[M]").astype(str)
    counts: dict[str, int] = {}
    numbers = [""] * len(day)
    for position in np.argsort(day, kind="stable"):
        kind = "SO" if position < orders else "CN"
        key = f"{kind}-{months[position][2:4]}{months[position][5:7]}"
        counts[key] = counts.get(key, 0) + 1
        numbers[position] = f"{key}-{counts[key]:05d}"
    return numbers


def _launches() -> tuple[Days, Days]:
    """The day from which each service is offered, and the one of its category that was bought before."""
    launch = np.array([DAYS - LAUNCHED.get(good.code, DAYS) for good in GOODS])
    first = {good.category: place for place, good in reversed(list(enumerate(GOODS)))}
    return launch, np.array([first[good.category] for good in GOODS])


_LAUNCH, _BEFORE = _launches()
_PRICE = np.array([good.price for good in GOODS])
_COST = np.array([good.cost for good in GOODS])
_IN_TENTHS = np.array([good.unit in {"吨", "立方米", "人天"} for good in GOODS])
_IS_RAISED = np.array([good.category in RAISED for good in GOODS])
_CATEGORY_WEIGHT = np.array(
    [[float(good.category == category) for category in CATEGORIES] for good in GOODS]
)
