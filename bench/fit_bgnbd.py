"""BG/NBD on simulated customers: CPU seconds of Kezhi and of lifetimes, in the same run.

    uv run --project bench python bench/fit_bgnbd.py [--small]

Beside both stands what no fit can undercut: the figures are read once, customers are told apart
once by keys that are there already, and the likelihood of the groups is evaluated, without
derivatives, as often as the fit evaluates it. Fails where Kezhi isn't at least 150 times as fast
(1 million customers), needs more than four times the limit, more than 0.5 CPU seconds for 10 million
customers, or where the parameters differ in the fourth digit.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from datetime import date
from typing import TypeVar

import numpy as np

from kezhi.value.datasets.simulated import simulate
from kezhi.value.potential import bg_nbd
from kezhi.value.potential.bg_nbd import BGNBD
from kezhi.value.potential.fitting import Fit
from kezhi.value.potential.gamma_gamma import GammaGamma
from kezhi.value.summary import summarise

TRUTH = BGNBD(0.243, 4.414, 0.793, 2.426)
LEAST_RATIO, MOST_LIMITS, MOST_FOR_TEN_MILLION = 150.0, 4.0, 0.5
SEED = 20_260_101
Figures = tuple[np.ndarray, np.ndarray, np.ndarray]


def customers(count: int, seed: int = SEED) -> Figures:
    """x, t_x and T in weeks of customers who joined within a quarter and were seen for 78 weeks."""
    until = date(2025, 6, 30)
    bought = simulate(
        TRUTH,
        GammaGamma(6.25, 3.74, 15.44),
        customers=count,
        first=date(2024, 1, 1),
        joining_days=91,
        until=until,
        rng=np.random.default_rng(seed),
    )
    found = summarise(bought.table(), customer="customer", date="day", unit="week", until=until)
    return found.repeats.astype(float), found.recency, found.age


Found = TypeVar("Found")


def seconds(work: Callable[[], Found], times: int) -> tuple[float, float, Found]:
    """The least CPU and wall seconds of several runs, and what the last one gave."""
    cpu, wall = [], []
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


def limit(x: np.ndarray, t_x: np.ndarray, T: np.ndarray, fit: Fit[BGNBD]) -> dict[str, float]:
    """CPU seconds of reading the figures, of telling customers apart, and of the evaluations."""
    age, last = (np.rint(times * 7).astype(np.int64) for times in (T, t_x))
    young, wide = int(age.min()), int(last.max()) + 1
    key = (x.astype(np.int64) * (int(age.max()) - young + 1) + age - young) * wide + last
    _, first, weight = np.unique(key, return_index=True, return_counts=True)
    count, until, old = x[first], t_x[first], T[first]
    model = fit.model

    def evaluate() -> float:
        apart = np.log((model.alpha + old) / (model.alpha + until))
        odds = (model.r + count) * apart + np.log(model.a / (model.b + np.maximum(count, 1) - 1))
        return float(weight @ np.where(count > 0, np.logaddexp(0.0, odds), 0.0))

    return {
        "reading": seconds(lambda: x.sum() + t_x.sum() + T.sum(), 5)[0],
        "hashing": seconds(lambda: np.bincount(key), 5)[0],
        "evaluations": (fit.diagnostics.iterations + 1) * seconds(evaluate, 5)[0],
    }


def ten_million() -> Figures:
    """As `customers`, simulated a million at a time."""
    parts = [customers(1_000_000, SEED + part) for part in range(10)]
    x, t_x, T = (np.concatenate(own) for own in zip(*parts, strict=True))
    return x, t_x, T


def main(small: bool) -> int:
    count = 20_000 if small else 1_000_000
    x, t_x, T = customers(count)
    few = slice(0, 500)  # both libraries are loaded and compiled before the clock starts
    by_lifetimes(x[few], t_x[few], T[few])
    bg_nbd.fit(x[few], t_x[few], T[few])
    ours = seconds(lambda: bg_nbd.fit(x, t_x, T), 3)
    theirs = seconds(lambda: by_lifetimes(x, t_x, T), 1)
    ratio = theirs[0] / ours[0]
    own = ours[2].model.parameters
    apart = max(abs(own[name] / theirs[2][name] - 1) for name in own)
    print(f"BG/NBD, {count:,} simulated customers")
    print(f"{'':12}{'CPU s':>9}{'wall s':>9}{'r':>10}{'alpha':>10}{'a':>10}{'b':>10}")
    for name, (cpu, wall, _), found in (("kezhi", ours, own), ("lifetimes", theirs, theirs[2])):
        print(f"{name:12}{cpu:9.3f}{wall:9.3f}" + "".join(f"{one:10.5f}" for one in found.values()))
    print(f"lifetimes ÷ kezhi in CPU seconds: {ratio:.0f}; parameters apart by at most {apart:.1e}")
    if apart > 5e-5:
        print("FAILED: the parameters differ in the fourth digit")
        return 1
    parts = limit(x, t_x, T, ours[2])
    least = sum(parts.values())
    told = ", ".join(f"{name} {own * 1000:.1f}" for name, own in parts.items())
    print(
        f"The limit is {least * 1000:.1f} ms ({told}), with {ours[2].diagnostics.groups:,} groups; "
        f"Kezhi needs {ours[0] / least:.1f} times that"
    )
    if small:
        return 0
    ten = ten_million()
    cpu, wall, fit = seconds(lambda: bg_nbd.fit(*ten), 3)
    print(
        f"10,000,000 customers, {fit.diagnostics.groups:,} groups: {cpu:.3f} CPU s, {wall:.3f} s; "
        f"{cpu / sum(limit(*ten, fit).values()):.1f} times the limit"
    )
    failed = [
        text
        for text, is_so in (
            (f"less than {LEAST_RATIO:.0f} times as fast", ratio < LEAST_RATIO),
            (f"more than {MOST_LIMITS:.0f} times the limit", ours[0] > MOST_LIMITS * least),
            (f"10 million took over {MOST_FOR_TEN_MILLION} s", cpu > MOST_FOR_TEN_MILLION),
        )
        if is_so
    ]
    for text in failed:
        print(f"FAILED: {text}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main("--small" in sys.argv[1:]))
