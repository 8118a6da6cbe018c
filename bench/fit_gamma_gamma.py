"""Gamma-Gamma spending on simulated customers: CPU seconds of Kezhi and of lifetimes, in the same run.

    uv run --project bench python bench/fit_gamma_gamma.py [--small]

Fails where Kezhi isn't at least 20 times as fast (1 million customers, of whom half bought again), or
where its likelihood is below that of lifetimes.
"""

from __future__ import annotations

import sys
import time
import warnings

import numpy as np

from kezhi.value.potential import gamma_gamma
from kezhi.value.potential.gamma_gamma import GammaGamma

TRUTH = GammaGamma(6.25, 3.74, 15.44)
LEAST_RATIO = 20.0


def buyers(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Repeat purchases of those who bought again, and their mean amount in cents and currency."""
    rng = np.random.default_rng(20_260_101)
    x = rng.poisson(rng.gamma(0.5, 4.0, count)).astype(float)
    x = x[x > 0]
    scale = rng.gamma(TRUTH.q, 1 / TRUTH.gamma, len(x))
    return x, np.maximum(np.round(rng.gamma(TRUTH.p * x) / scale / x, 2), 0.01)


def by_lifetimes(x: np.ndarray, m: np.ndarray) -> dict[str, float]:
    from lifetimes import GammaGammaFitter

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitter = GammaGammaFitter(penalizer_coef=0.0).fit(x, m)
    return {
        "gamma" if name == "v" else name: float(fitter.params_[name]) for name in ("p", "q", "v")
    }


def main(small: bool) -> int:
    count = 20_000 if small else 1_000_000
    x, m = buyers(count)
    by_lifetimes(x[:500], m[:500])  # both libraries are loaded before the clock starts
    gamma_gamma.fit(x[:500], m[:500])
    ours = []
    for _ in range(3):
        before, started = time.process_time(), time.perf_counter()
        found = gamma_gamma.fit(x, m)
        ours.append((time.process_time() - before, time.perf_counter() - started))
    print(f"Gamma-Gamma, {count:,} simulated customers, {len(x):,} of whom bought again")
    print(f"{'':12}{'CPU s':>9}{'wall s':>9}{'p':>10}{'q':>10}{'gamma':>10}")
    _row("kezhi", *min(ours), found.model.parameters)
    before, started = time.process_time(), time.perf_counter()
    theirs = by_lifetimes(x, m)
    cpu = time.process_time() - before
    _row("lifetimes", cpu, time.perf_counter() - started, theirs)
    ratio = cpu / min(ours)[0]
    gained = float(found.model.log_likelihood(x, m).sum()) - float(
        GammaGamma(**theirs).log_likelihood(x, m).sum()
    )
    print(f"lifetimes ÷ kezhi in CPU seconds: {ratio:.0f}; log-likelihood gained {gained:.6f}")
    if gained < -1e-4:
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
