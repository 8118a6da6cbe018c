"""BG/NBD on simulated customers: CPU seconds of Kezhi and of lifetimes, in the same run.

    uv run --project bench python bench/fit_bgnbd.py [--small]

Fails where Kezhi isn't at least 50 times as fast (1 million customers), or where the parameters
differ in the fourth digit.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from datetime import date

import numpy as np

from kezhi.value.datasets.simulated import simulate
from kezhi.value.potential import bg_nbd
from kezhi.value.potential.bg_nbd import BGNBD
from kezhi.value.potential.gamma_gamma import GammaGamma
from kezhi.value.summary import summarise

TRUTH = BGNBD(0.243, 4.414, 0.793, 2.426)
LEAST_RATIO = 50.0


def customers(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x, t_x and T in weeks of customers who joined within a quarter and were seen for 78 weeks."""
    until = date(2025, 6, 30)
    bought = simulate(
        TRUTH,
        GammaGamma(6.25, 3.74, 15.44),
        customers=count,
        first=date(2024, 1, 1),
        joining_days=91,
        until=until,
        rng=np.random.default_rng(20_260_101),
    )
    found = summarise(bought.table(), customer="customer", date="day", unit="week", until=until)
    return found.repeats.astype(float), found.recency, found.age


def seconds(
    work: Callable[[], dict[str, float]], times: int
) -> tuple[float, float, dict[str, float]]:
    """The least CPU and wall seconds of several runs, and the parameters."""
    cpu, wall, found = [], [], {}
    for _ in range(times):
        before, started = time.process_time(), time.perf_counter()
        found = work()
        cpu.append(time.process_time() - before)
        wall.append(time.perf_counter() - started)
    return min(cpu), min(wall), found


def by_lifetimes(x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> dict[str, float]:
    from lifetimes import BetaGeoFitter

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitter = BetaGeoFitter(penalizer_coef=0.0).fit(x, t_x, T)
    return {name: float(fitter.params_[name]) for name in ("r", "alpha", "a", "b")}


def main(small: bool) -> int:
    count = 20_000 if small else 1_000_000
    x, t_x, T = customers(count)
    few = slice(0, 500)  # both libraries are loaded and compiled before the clock starts
    by_lifetimes(x[few], t_x[few], T[few])
    bg_nbd.fit(x[few], t_x[few], T[few])
    ours = seconds(lambda: bg_nbd.fit(x, t_x, T).model.parameters, 3)
    theirs = seconds(lambda: by_lifetimes(x, t_x, T), 1)
    ratio = theirs[0] / ours[0]
    apart = max(abs(ours[2][name] / theirs[2][name] - 1) for name in ours[2])
    print(f"BG/NBD, {count:,} simulated customers")
    print(f"{'':12}{'CPU s':>9}{'wall s':>9}{'r':>10}{'alpha':>10}{'a':>10}{'b':>10}")
    for name, (cpu, wall, found) in (("kezhi", ours), ("lifetimes", theirs)):
        print(f"{name:12}{cpu:9.3f}{wall:9.3f}" + "".join(f"{one:10.5f}" for one in found.values()))
    print(f"lifetimes ÷ kezhi in CPU seconds: {ratio:.0f}; parameters apart by at most {apart:.1e}")
    if apart > 5e-5:
        print("FAILED: the parameters differ in the fourth digit")
        return 1
    if not small and ratio < LEAST_RATIO:
        print(f"FAILED: less than {LEAST_RATIO:.0f} times as fast")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main("--small" in sys.argv[1:]))
