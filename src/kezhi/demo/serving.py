"""What serving the customers costs beyond the goods: hours, visits, re-deliveries, rebates, mailings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from kezhi.demo.buying import DAYS, Buying, Days, Floats

# Of each activity: what is written beside it.
REMARKS: dict[str, tuple[str, ...]] = {
    "service": ("异常跟踪与调度", "对账与开票支持", "专人客服工时", "夜间值守"),
    "visit": ("现场拜访", "季度回顾会", "仓库现场走访", "方案汇报"),
    "freight": ("二次配送", "加急调车", "改址运费", "压车等待"),
    "discount": ("季度返利", "年度量价返点"),
    "campaign": ("客户日活动", "行业展会邀请", "节日关怀", "冷链白皮书邮寄"),
    "expense": ("业务招待", "差旅报销", "样品与资料"),
}


@dataclass(frozen=True)
class Service:
    """Cost entries as arrays; `activity` are names in `REMARKS`."""

    customer: Days
    day: Days
    activity: list[str]
    amount: Floats
    remark: list[str]


def imagine_service(rng: Generator, buying: Buying) -> Service:
    size = len(buying.discount)
    parts = [
        _with_orders(rng, buying, "service", 0.34, 40.0, 0.55),
        _with_orders(rng, buying, "freight", 0.09, 60.0, 0.8),
        _visits(rng, buying, size),
        _rebates(rng, buying, size),
        _mailings(rng, buying, size),
    ]
    customer = np.concatenate([part[0] for part in parts])
    day = np.concatenate([part[1] for part in parts])
    amount = np.concatenate([part[2] for part in parts])
    activity = [name for part in parts for name in part[3]]
    order = np.lexsort((customer, day))
    picks = rng.random(len(order))
    return Service(
        customer[order],
        day[order],
        [activity[entry] for entry in order],
        np.round(amount[order], 2),
        [
            REMARKS[activity[entry]][int(pick * len(REMARKS[activity[entry]]))]
            for entry, pick in zip(order, picks, strict=True)
        ],
    )


_Part = tuple[Days, Days, Floats, list[str]]  # customer, day, amount, activity


def _with_orders(
    rng: Generator, buying: Buying, activity: str, chance: float, least: float, spread: float
) -> _Part:
    """Work that comes with an order; difficult customers make several times as much of it."""
    difficult = buying.is_difficult[buying.customer]
    happens = rng.random(len(buying.day)) < np.where(difficult, min(0.9, chance * 3), chance)
    chosen = np.flatnonzero(happens)
    hard = difficult[chosen]
    scale = np.where(hard, 1.6 * buying.spend[chosen] ** 0.75, 3.2 * buying.spend[chosen] ** 0.5)
    amount = least + scale * np.exp(rng.normal(0.35, spread, len(chosen)))
    # Even for the difficult, trouble is bounded by what is on the road.
    amount = np.minimum(amount, 60 + buying.spend[chosen] * np.where(hard, 0.7, 0.09))
    return buying.customer[chosen], buying.day[chosen], amount, [activity] * len(chosen)


def _visits(rng: Generator, buying: Buying, size: int) -> _Part:
    """The larger the customer, the more visits; with some of them an expense report."""
    customer, month, spent = _months(buying, size)
    chance = np.clip(0.03 + 0.13 * np.log10(np.maximum(spent, 1000) / 1000), 0, 0.5)
    chance = np.where(buying.is_difficult[customer], np.minimum(chance * 2.5, 0.8), chance)
    chosen = np.flatnonzero(rng.random(len(customer)) < chance)
    day = np.minimum(month[chosen] * 30 + rng.integers(0, 30, len(chosen)), DAYS - 1)
    amount = 180 + rng.gamma(2.0, 310, len(chosen))
    dines = rng.random(len(chosen)) < 0.3
    return (
        np.concatenate([customer[chosen], customer[chosen][dines]]),
        np.concatenate([day, day[dines]]),
        np.concatenate([amount, 260 + rng.gamma(2.0, 420, int(dines.sum()))]),
        ["visit"] * len(chosen) + ["expense"] * int(dines.sum()),
    )


def _rebates(rng: Generator, buying: Buying, size: int) -> _Part:
    """Who spends a lot in a quarter gets a little of it back."""
    key = buying.customer * 100 + buying.day // 91
    keys, where = np.unique(key, return_inverse=True)
    spent = np.bincount(where, buying.spend).astype(np.float64)
    chosen = np.flatnonzero((spent > 120_000) & (keys % 100 < (DAYS - 10) // 91))
    customer, quarter = keys[chosen] // 100, keys[chosen] % 100
    share = np.where(buying.is_difficult[customer], 0.03, 0.012)
    day = (quarter + 1) * 91 + 5
    return customer, day, spent[chosen] * share, ["discount"] * len(chosen)


def _mailings(rng: Generator, buying: Buying, size: int) -> _Part:
    """Campaigns reach everyone who has ordered in the last year."""
    parts: list[tuple[Days, Days]] = []
    for day in range(60, DAYS, 122):
        recent = (buying.day <= day) & (buying.day > day - 365)
        reached = np.unique(buying.customer[recent])
        reached = reached[rng.random(len(reached)) < 0.75]
        parts.append((reached, np.full(len(reached), day)))
    customer = np.concatenate([part[0] for part in parts])
    amount = rng.uniform(18, 90, len(customer))
    return (
        customer,
        np.concatenate([part[1] for part in parts]),
        amount,
        ["campaign"] * len(customer),
    )


def _months(buying: Buying, size: int) -> tuple[Days, Days, Floats]:
    """Customer, month (of 30 days) and spend of every month with an order."""
    key = buying.customer * 100 + buying.day // 30
    keys, where = np.unique(key, return_inverse=True)
    months = keys % 100
    return keys // 100, months, np.bincount(where, buying.spend).astype(np.float64)
