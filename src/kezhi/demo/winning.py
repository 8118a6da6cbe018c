"""What the company spent on winning customers, month by month, and what some say they buy a year."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from kezhi.demo.world import World

MONTHS = 24
# Source: what one customer costs about, and what the money goes into.
COSTS = {
    "展会": (165_000, "{year} {season}行业展会"),
    "招投标": (88_000, "投标保证与标书制作"),
    "电话开拓": (46_000, "电话开拓团队"),
    "行业协会": (30_000, "协会会费与沙龙"),
    "官网": (21_000, "搜索推广"),
    "转介绍": (9_000, "转介绍佣金"),
}
STATED_EVERY = 11
YEAR = 365


def acquisition_costs(world: World) -> Iterator[tuple[object, ...]]:
    """Rows of the file: a month of a source each; referrals by old customers cost nothing."""
    yield "来源", "活动", "开始日期", "结束日期", "金额", "备注"
    rng = np.random.default_rng(64)
    won = _won(world)
    for begins in _months(world.story.today):
        ends = (begins + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        season = "春季" if begins.month < 7 else "秋季"
        for source, (each, campaign) in COSTS.items():
            amount = won.get(source, 0) / MONTHS * each * rng.uniform(0.7, 1.3)
            name = campaign.format(year=begins.year, season=season)
            yield source, name, begins, min(ends, world.story.today), f"{amount:.2f}", ""


def stated_demand(world: World) -> list[str]:
    """In the order of the customers: what every eleventh says it buys a year from everybody, else nothing."""
    sales = world.sales
    lately = sales.order_day > world.story.day(world.story.today) - YEAR
    of_line = np.asarray(sales.order)
    customer = np.asarray(sales.order_customer)[of_line]
    counts = np.asarray(lately)[of_line]
    bought = np.bincount(
        customer[counts], np.asarray(sales.amount)[counts], minlength=len(world.customers)
    )
    rng = np.random.default_rng(65)
    share = rng.uniform(0.35, 0.95, len(bought))
    return [
        f"{round(amount / part, -4):.0f}" if place % STATED_EVERY == 3 and amount > 50_000 else ""
        for place, (amount, part) in enumerate(zip(bought.tolist(), share.tolist(), strict=True))
    ]


def _won(world: World) -> dict[str, int]:
    """Customers by source whose first order lies in these months."""
    begin = world.story.day(next(iter(_months(world.story.today))))
    customer, day = np.asarray(world.sales.order_customer), np.asarray(world.sales.order_day)
    first = np.full(len(world.customers), np.iinfo(np.int64).max)
    np.minimum.at(first, customer, day)
    found: dict[str, int] = {}
    for who, began in zip(world.customers, first.tolist(), strict=True):
        if begin <= began <= world.story.day(world.story.today):
            found[who.source] = found.get(who.source, 0) + 1
    return found


def _months(today: date) -> Iterable[date]:
    index = today.year * 12 + today.month - 1
    return [date(k // 12, k % 12 + 1, 1) for k in range(index - MONTHS, index + 1)]
