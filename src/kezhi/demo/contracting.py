"""Storage, cold rooms and chartered lorries by the year: contracts that run, were renewed, or were lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from kezhi.demo.world import World

CONTRACTS = 260
# What it is about, months of a period, and the least and the most that a period costs.
OFFERED = (
    ("常温仓年度租赁", 12, 60_000, 260_000),
    ("冷库年度托管", 12, 90_000, 420_000),
    ("车辆年度包车", 12, 120_000, 360_000),
    ("仓内代运营服务", 12, 80_000, 300_000),
    ("旺季周转仓", 3, 12_000, 48_000),
)
OFTEN = (0.3, 0.22, 0.18, 0.12, 0.18)
# Why they were lost; the largest share first.
CAUSES = ("价格", "竞争对手", "无需求", "服务", "搬迁", "其他")
SHARES = (0.32, 0.27, 0.15, 0.13, 0.08, 0.05)
FULFILLED = 0.04
"""Share that ends as agreed: the project it was made for is over."""
UNDECIDED = 25
"""Days for which nobody has noted what became of a contract."""


def contracts(world: World) -> Iterator[tuple[object, ...]]:
    """Rows of the file, by the day on which they began."""
    yield (
        *("合同编号", "合同名称", "客户编号", "开始日期", "到期日期", "合同周期", "合同金额"),
        *("合同状态", "实际终止日期", "终止原因"),
    )
    rng = np.random.default_rng(66)
    signed = sorted(_signed(world, rng))
    for number, (begins, code, offered) in enumerate(signed, start=1):
        title, months, least, most = OFFERED[offered]
        amount = round(rng.uniform(least, most) / 500) * 500
        yield (
            *(f"HT-{begins.year}-{number:03d}", title, code, begins),
            *_story(begins, months, amount, world.story.today, rng),
        )


def _signed(world: World, rng: np.random.Generator) -> Iterator[tuple[date, str, int]]:
    """Some months after their first order, companies that buy often agree on something by the year."""
    customer, day = np.asarray(world.sales.order_customer), np.asarray(world.sales.order_day)
    first = np.full(len(world.customers), np.iinfo(np.int64).max)
    np.minimum.at(first, customer, day)
    orders = np.bincount(customer, minlength=len(world.customers))
    firms = [
        place
        for place in np.argsort(-orders, kind="stable").tolist()
        if world.customers[place].form != "person" and orders[place] > 3
    ]
    today = world.story.day(world.story.today)
    for place in firms[:CONTRACTS]:
        begins = int(first[place]) + int(rng.integers(20, 240))
        if begins < today - 30:
            on = (world.story.today - timedelta(days=today - begins)).replace(day=1)
            yield on, world.customers[place].code, int(rng.choice(len(OFFERED), p=OFTEN))


def _story(
    begins: date, months: int, amount: int, today: date, rng: np.random.Generator
) -> tuple[object, ...]:
    """Last agreed day, length, amount, state, and how it ended: every firm leaves with an own probability."""
    leaves = rng.beta(0.9, 3.6) * (months / 12) ** 0.5
    until = _later(begins, months)
    told = f"{amount:.2f}"
    while until < today - timedelta(days=UNDECIDED):
        if rng.random() < FULFILLED:
            return until, months, told, "按约结束", until, ""
        if rng.random() < leaves:
            return until, months, told, "流失", until, str(rng.choice(CAUSES, p=SHARES))
        until = _later(until + timedelta(days=1), months)
    return until, months, told, "执行中", "", ""


def _later(begins: date, months: int) -> date:
    """The last day of so many months from the first of one on."""
    index = begins.year * 12 + begins.month - 1 + months
    return date(index // 12, index % 12 + 1, 1) - timedelta(days=1)
