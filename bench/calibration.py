"""How honest the intervals are: simulated companies, foretold, and what then came.

    ./kezhi bench calibration [--small] [--seed N]

For companies of 30, 100, 300 and 2,000 customers, with and without many who leave: how often the
80 % interval of the total of all purchases, and of their value, held the outcome (it should be 75 to
85 %), and whether customers' randomised probability integral transforms are uniform. Fails where one
isn't.
"""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from scipy.stats import kstest

from kezhi.value.potential import gamma_gamma, mbg_nbd, shrunk_mean
from kezhi.value.potential.continuation import Buyers, Horizon, continuation
from kezhi.value.potential.fitting import CannotFit
from kezhi.value.potential.gamma_gamma import GammaGamma
from kezhi.value.potential.mbg_nbd import MBGNBD
from kezhi.value.potential.predictive import randomised_pit, total_purchases

AHEAD, WEEKS = 52.0, 100.0
SPEND = GammaGamma(6.25, 3.74, 15.44)
COMPANIES = {
    "a few orders a year": MBGNBD(0.7, 8.0, 0.5, 3.0),
    "regular customers": MBGNBD(2.0, 8.0, 0.5, 5.0),
    "many leave": MBGNBD(0.6, 5.0, 0.9, 2.0),
}
SIZES = {30: 600, 100: 400, 300: 400, 2000: 200}
BAND = (0.75, 0.85)


def main(small: bool, seed: int) -> int:
    cells = [
        (name, size, max(count // 10, 12) if small else count, seed)
        for name in COMPANIES
        for size, count in SIZES.items()
    ]
    with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        failed = 0
        for text, good in pool.map(_cell, *zip(*cells, strict=True)):
            print(text, flush=True)
            failed += not good
    return 1 if failed and not small else 0


def _cell(name: str, size: int, companies: int, seed: int) -> tuple[str, bool]:
    """One line of the answer, and whether it holds."""
    rng = np.random.default_rng([seed, list(COMPANIES).index(name), size])
    inside, worth, pits, left_out = 0, 0, [], 0
    for _ in range(companies):
        one = _one(COMPANIES[name], size, rng)
        if one is None:
            left_out += 1
            continue
        inside += one[0]
        worth += one[1]
        pits.append(one[2])
    told = companies - left_out
    every = np.concatenate(pits)
    uniform = kstest(every, "uniform").statistic
    near = max(0.02, 1.63 / len(every) ** 0.5)  # what chance alone exceeds once in a hundred
    shares = inside / told, worth / told
    good = all(BAND[0] <= share <= BAND[1] for share in shares) and uniform < near
    return (
        f"{name:20} {size:5} customers, {told:4} companies: purchases {shares[0]:.1%}, "
        f"value {shares[1]:.1%} inside (by chance ± {0.4 / told**0.5:.1%}); PIT at most "
        f"{uniform:.3f} from uniform"
        + (f"; {left_out} without a repeat purchase" if left_out else "")
        + ("" if good else "  <- outside")
    ), good


def _one(true: MBGNBD, size: int, rng: np.random.Generator) -> tuple[bool, bool, np.ndarray] | None:
    x, t_x, T, later, mean, value = _company(true, size, rng)
    try:
        fit = mbg_nbd.fit(x, t_x, T)
    except CannotFit:
        return None
    found = total_purchases(fit.model, fit.diagnostics, x, t_x, T, AHEAD, rng=rng, draws=99)
    known = fit.diagnostics if fit.diagnostics.penalty > 0 else None
    pit = randomised_pit(fit.model, later, x, t_x, T, AHEAD, rng=rng, diagnostics=known)
    paying = x > 0
    try:
        spend = gamma_gamma.fit(x[paying], mean[paying])
        model, unsure = spend.model, spend.diagnostics
    except CannotFit:
        model = None
    if model is None or model.q <= 1:
        model, unsure = shrunk_mean.fit(x[paying], mean[paying]), None
    nothing, same = np.zeros(size), np.ones(size)
    worth = continuation(
        Buyers(x, t_x, T, x, mean, same, nothing, nothing),
        fit.model,
        model,
        Horizon(AHEAD, "week", 0.0),
        rng=rng,
        diagnostics=fit.diagnostics,
        spend_diagnostics=unsure,
    )
    return (
        bool(found.outcome_low <= later.sum() <= found.outcome_high),
        bool(worth.total_low <= value <= worth.total_high),
        pit,
    )


def _company(
    true: MBGNBD, size: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, float]:
    """x, t_x, T, later purchases, mean spend of the repeats, and the value of what came later."""
    T = rng.uniform(0.3, 1.0, size) * WEEKS
    rate = rng.gamma(true.r, 1 / true.alpha, size)
    stays = rng.geometric(rng.beta(true.a, true.b, size)) - 1
    times = np.cumsum(rng.standard_exponential((size, 600)) / rate[:, None], axis=1)
    times[np.arange(600) >= stays[:, None]] = np.inf
    seen = times <= T[:, None]
    soon = (times <= T[:, None] + AHEAD) & ~seen
    scale = rng.gamma(SPEND.q, 1 / SPEND.gamma, size)
    paid = rng.gamma(SPEND.p, 1 / scale[:, None], times.shape)
    x = seen.sum(axis=1).astype(float)
    mean = np.where(x > 0, (paid * seen).sum(axis=1) / np.maximum(x, 1), np.nan)
    t_x = np.where(seen, times, 0.0).max(axis=1)
    return x, t_x, T, soon.sum(axis=1), mean, float((paid * soon).sum())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--seed", type=int, default=20_260_101)
    arguments = parser.parse_args()
    sys.exit(main(arguments.small, arguments.seed))
