"""How near the frontier of growth potential comes to the true one: simulated companies.

    ./kezhi bench frontier [--companies N]

Customers of 8 industries and 20 regions, of unequal size, whose yearly spend is log-normal; half of the
regions make no difference. Printed per size of company: the error of the frontier (RMSE of its logarithm),
that of one figure for everybody, and how often the 80 % interval of a customer's frontier holds the true
one. Then the seconds for a million customers.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from kezhi.value.wallet.frontier import Firms, fit_frontier

INDUSTRIES, REGIONS, SPREAD = 8, 20, 0.8
ABOVE = 0.8416  # of the standard normal: 80 %
SURE = 1.2816


def company(customers: int, seed: int) -> tuple[Firms, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    industry, region = (
        rng.choice(size, customers, p=rng.dirichlet(np.ones(size)))
        for size in (INDUSTRIES, REGIONS)
    )
    of_industry = rng.normal(0, 0.5, INDUSTRIES)
    of_region = rng.normal(0, 0.25, REGIONS) * (rng.random(REGIONS) < 0.5)
    middle = 8 + of_industry[industry] + of_region[region]
    levels = {"industry": INDUSTRIES, "region": REGIONS}
    firms = Firms(
        {name: tuple(f"{k:02}" for k in range(size)) for name, size in levels.items()},
        {"industry": industry.astype(np.int32), "region": region.astype(np.int32)},
    )
    return firms, np.exp(middle + rng.normal(0, SPREAD, customers)), middle + SPREAD * ABOVE


def judged(customers: int, seed: int) -> tuple[float, float, float]:
    firms, spend, true = company(customers, seed)
    frontier = fit_frontier(firms, spend)
    off = np.log(frontier.spend(firms)) - true
    one = np.quantile(np.log(spend), 0.8) - true
    inside = np.abs(off) <= SURE * frontier.spread(firms)
    return float(np.sqrt((off**2).mean())), float(np.sqrt((one**2).mean())), float(inside.mean())


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--companies", type=int, default=40)
    companies = arguments.parse_args().companies
    for customers in (100, 300, 2_000, 10_000):
        off, one, inside = np.mean([judged(customers, seed) for seed in range(companies)], axis=0)
        print(f"{customers:>7}: error {off:.3f}, one figure {one:.3f}, inside {inside:.1%}")
    firms, spend, _true = company(1_000_000, 1)
    begun, cpu = time.perf_counter(), time.process_time()
    fit_frontier(firms, spend)
    took, cpu = time.perf_counter() - begun, time.process_time() - cpu
    print(f"1000000: {cpu:.2f} CPU seconds, {took:.2f} by the clock")


if __name__ == "__main__":
    main()
