"""Pareto/NBD on simulated customers: CPU seconds of Kezhi and of lifetimes, in the same run.

    uv run --project bench python bench/fit_pareto_nbd.py [--small]

Fails where Kezhi isn't at least 20 times as fast (1 million customers), or where its likelihood is
below that of lifetimes.
"""

from __future__ import annotations

import sys
import time
import warnings
from datetime import date

import numpy as np

from kezhi.value.potential import pareto_nbd
from kezhi.value.potential.pareto_nbd import ParetoNBD

TRUTH = ParetoNBD(0.553, 10.58, 0.606, 11.669)
LEAST_RATIO = 20.0


def customers(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x, t_x and T in weeks, on the day grid: joined within a quarter, seen for 78 weeks."""
    rng = np.random.default_rng(20_260_101)
    T = ((date(2025, 6, 30) - date(2024, 1, 1)).days - rng.integers(0, 91, count)).astype(float)
    rate = rng.gamma(TRUTH.r, 1 / TRUTH.alpha, count)
    ends = np.minimum(TRUTH.draw_life_left(rng, np.zeros(count)), T / 7)
    x, t_x, now = np.zeros(count), np.zeros(count), np.zeros(count)
    live = np.arange(count)
    while len(live):
        now[live] += rng.standard_exponential(len(live)) / rate[live]
        live = live[now[live] < ends[live]]
        x[live] += 1
        t_x[live] = now[live]
    return x, np.ceil(t_x * 7) / 7, T / 7


def by_lifetimes(x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> dict[str, float]:
    from lifetimes import ParetoNBDFitter

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitter = ParetoNBDFitter(penalizer_coef=0.0).fit(x, t_x, T)
    return {name: float(fitter.params_[name]) for name in ("r", "alpha", "s", "beta")}


def main(small: bool) -> int:
    count = 20_000 if small else 1_000_000
    x, t_x, T = customers(count)
    few = slice(0, 500)  # both libraries are loaded before the clock starts
    by_lifetimes(x[few], t_x[few], T[few])
    pareto_nbd.fit(x[few], t_x[few], T[few])
    ours = []
    for _ in range(3):
        before, started = time.process_time(), time.perf_counter()
        found = pareto_nbd.fit(x, t_x, T)
        ours.append((time.process_time() - before, time.perf_counter() - started))
    print(f"Pareto/NBD, {count:,} simulated customers, {found.diagnostics.groups:,} groups")
    print(f"{'':12}{'CPU s':>9}{'wall s':>9}{'r':>10}{'alpha':>10}{'s':>10}{'beta':>10}")
    _row("kezhi", *min(ours), found.model.parameters)
    before, started = time.process_time(), time.perf_counter()
    theirs = by_lifetimes(x, t_x, T)
    cpu = time.process_time() - before
    _row("lifetimes", cpu, time.perf_counter() - started, theirs)
    ratio = cpu / min(ours)[0]
    apart = float((found.model.log_likelihood(x, t_x, T)).sum()) - float(
        ParetoNBD(**theirs).log_likelihood(x, t_x, T).sum()
    )
    print(f"lifetimes ÷ kezhi in CPU seconds: {ratio:.0f}; log-likelihood gained {apart:.6f}")
    if apart < -1e-4:
        print("FAILED: the likelihood is below that of lifetimes")
        return 1
    if not small and ratio < LEAST_RATIO:
        print(f"FAILED: less than {LEAST_RATIO:.0f} times as fast")
        return 1
    return 0


def _row(name: str, cpu: float, wall: float, found: dict[str, float]) -> None:
    print(f"{name:12}{cpu:9.3f}{wall:9.3f}" + "".join(f"{own:10.5f}" for own in found.values()))


if __name__ == "__main__":
    sys.exit(main("--small" in sys.argv[1:]))
