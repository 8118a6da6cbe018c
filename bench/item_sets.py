"""Item sets and rules of market baskets: Kezhi, efficient-apriori and mlxtend, in the same run.

    uv run --project bench python bench/item_sets.py [--small]

Each is given what it takes: Kezhi arrays of (basket, item), efficient-apriori lists of tuples, mlxtend a
table of booleans (made before its clock starts, though somebody has to make it). All find the same
sets up to four items and the same rules. Fails where Kezhi isn't ten times as fast as
efficient-apriori in CPU seconds, or where counts differ.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from kezhi.value.offers.item_sets import Baskets, item_sets
from kezhi.value.offers.rules import association_rules

LEAST_RATIO = 10.0
LENGTH = 4
CONFIDENCE = 0.1


def shopping(count: int, products: int) -> Baskets:
    """Baskets of ten lines on the average: some products sell much, and some go with others."""
    rng = np.random.default_rng(20_260_101)
    popular = 1 / (np.arange(products) + 20.0)
    lines = rng.poisson(7, count) + 1
    orders = np.repeat(np.arange(count), lines)
    items = rng.choice(products, len(orders), p=popular / popular.sum())
    themes = rng.choice(products, (200, 5))
    wearing = rng.random(count) < 0.5
    theme = rng.integers(0, 200, count)
    extra_orders, extra_items = [], []
    for k in range(5):
        chosen = np.flatnonzero(wearing & (rng.random(count) < 0.6))
        extra_orders.append(chosen)
        extra_items.append(themes[theme[chosen], k])
    return Baskets(
        np.concatenate((orders, *extra_orders)).astype(np.int32),
        np.concatenate((items, *extra_items)).astype(np.int32),
        count,
        products,
    )


def seconds(work: Callable[[], Any], times: int) -> tuple[float, float, Any]:
    """The least CPU and wall seconds of several runs, and what was found."""
    cpu, wall, found = [], [], None
    for _ in range(times):
        before, started = time.process_time(), time.perf_counter()
        found = work()
        cpu.append(time.process_time() - before)
        wall.append(time.perf_counter() - started)
    return min(cpu), min(wall), found


def by_kezhi(baskets: Baskets, support: float) -> tuple[Any, int]:
    sets = item_sets(baskets, least_support=support, most_length=LENGTH)
    rules = association_rules(sets, least_confidence=CONFIDENCE, longest_consequent=LENGTH)
    return sets, len(rules)


def by_efficient_apriori(transactions: list[tuple[int, ...]], support: float) -> tuple[Any, int]:
    from efficient_apriori import apriori

    sets, rules = apriori(
        transactions, min_support=support, min_confidence=CONFIDENCE, max_length=LENGTH
    )
    return sets, len(rules)


def by_mlxtend(table: Any, support: float) -> tuple[Any, int]:
    from mlxtend.frequent_patterns import association_rules as rules_of
    from mlxtend.frequent_patterns import fpgrowth

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sets = fpgrowth(table, min_support=support, max_len=LENGTH)
        return sets, len(rules_of(sets, metric="confidence", min_threshold=CONFIDENCE))


def as_table(baskets: Baskets) -> Any:
    import pandas as pd

    table = np.zeros((baskets.order_count, baskets.item_count), dtype=bool)
    table[baskets.orders, baskets.items] = True
    return pd.DataFrame(table)


def main(small: bool) -> int:
    count, products, support = (5_000, 300, 0.004) if small else (100_000, 1_000, 0.001)
    baskets = shopping(count, products)
    own: list[list[int]] = [[] for _ in range(count)]
    for order, item in zip(baskets.orders.tolist(), baskets.items.tolist(), strict=True):
        own[order].append(item)
    transactions = [tuple(sorted(set(items))) for items in own]
    by_kezhi(shopping(10_000, 100), 0.01)  # compiled before the clock starts
    ours = seconds(lambda: by_kezhi(baskets, support), 5)
    print(f"{count:,} baskets, {len(baskets.orders):,} lines, {products:,} products")
    print(f"sets in {support:.2%} of the baskets, rules of confidence {CONFIDENCE}")
    print(f"{'':20}{'CPU s':>9}{'wall s':>9}{'sets':>9}{'rules':>9}{'÷ kezhi (CPU)':>15}")
    sets, rules = ours[2]
    print(f"{'kezhi':20}{ours[0]:9.3f}{ours[1]:9.3f}{len(sets):9d}{rules:9d}")
    failed = []
    theirs = seconds(lambda: by_efficient_apriori(transactions, support), 1)
    ratio = theirs[0] / ours[0]
    counted = {tuple(sorted(k)): c for by in theirs[2][0].values() for k, c in by.items()}
    print(
        f"{'efficient-apriori':20}{theirs[0]:9.3f}{theirs[1]:9.3f}{len(counted):9d}"
        f"{theirs[2][1]:9d}{ratio:15.0f}"
    )
    if counted != sets.as_dict() or theirs[2][1] != rules:
        failed.append("efficient-apriori finds other sets or rules")
    if not small and ratio < LEAST_RATIO:
        failed.append(f"less than {LEAST_RATIO:.0f} times as fast as efficient-apriori")
    table = as_table(baskets)
    theirs = seconds(lambda: by_mlxtend(table, support), 1)
    ratio = theirs[0] / ours[0]
    print(
        f"{'mlxtend fpgrowth':20}{theirs[0]:9.3f}{theirs[1]:9.3f}{len(theirs[2][0]):9d}"
        f"{theirs[2][1]:9d}{ratio:15.0f}"
    )
    if len(theirs[2][0]) != len(sets):
        failed.append("mlxtend finds other sets")
    for said in failed:
        print("FAILED:", said)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main("--small" in sys.argv[1:]))
