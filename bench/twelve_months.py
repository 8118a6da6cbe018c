"""What each customer brings in twelve months: CPU seconds of Kezhi and of lifetimes, in the same run.

    uv run --project bench python bench/twelve_months.py [--small]

Both libraries get the same fitted parameters of BG/NBD and Gamma-Gamma, and give per customer the
purchases expected times the spend expected, discounted by 10 % a year: Kezhi by
`discounted_purchases`, lifetimes by `customer_lifetime_value`, its function for that. The same without
discounting stands below: it is a single evaluation in both. Fails where Kezhi isn't at least 40 times
as fast (1 million customers), or where figures differ.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from datetime import date

import numpy as np

from kezhi.value.datasets.simulated import simulate
from kezhi.value.potential import bg_nbd, gamma_gamma
from kezhi.value.potential.bg_nbd import BGNBD
from kezhi.value.potential.continuation import Horizon, discounted_purchases
from kezhi.value.potential.gamma_gamma import GammaGamma
from kezhi.value.summary import Summary, summarise

ANNUAL_RATE = 0.10
LEAST_RATIO = 40.0


def customers(count: int) -> Summary:
    """Customers who joined within a quarter and were seen for 78 weeks, in weeks."""
    until = date(2025, 6, 30)
    bought = simulate(
        BGNBD(0.243, 4.414, 0.793, 2.426),
        GammaGamma(6.25, 3.74, 15.44),
        customers=count,
        first=date(2024, 1, 1),
        joining_days=91,
        until=until,
        rng=np.random.default_rng(20_260_101),
    )
    return summarise(
        bought.table(), customer="customer", date="day", amount="amount", unit="week", until=until
    )


def main(small: bool) -> int:
    found = customers(20_000 if small else 1_000_000)
    x, t_x, T = found.repeats.astype(float), found.recency, found.age
    paid, mean = found.paid_repeats.astype(float), np.nan_to_num(found.mean_spend)
    model = bg_nbd.fit(x, t_x, T).model
    spend = gamma_gamma.fit(paid, found.mean_spend).model
    theirs, their_spend = _fitters(model, spend)
    year = Horizon.of_months(12, "week", ANNUAL_RATE)
    span = float(year.times[-1])

    def value(x: np.ndarray, t_x: np.ndarray, T: np.ndarray, paid: np.ndarray, mean: np.ndarray):
        return discounted_purchases(x, t_x, T, model, year) * spend.expected_spend(paid, mean)

    def plain(x: np.ndarray, t_x: np.ndarray, T: np.ndarray, paid: np.ndarray, mean: np.ndarray):
        return model.expected_purchases(x, t_x, T, span) * spend.expected_spend(paid, mean)

    def their_value(
        x: np.ndarray, t_x: np.ndarray, T: np.ndarray, paid: np.ndarray, mean: np.ndarray
    ):
        import pandas as pd

        rate = (1 + ANNUAL_RATE) ** (1 / 12) - 1
        columns = (pd.Series(own) for own in (x, t_x, T, mean))
        return their_spend.customer_lifetime_value(
            theirs, *columns, time=12, discount_rate=rate, freq="W"
        )

    def their_plain(
        x: np.ndarray, t_x: np.ndarray, T: np.ndarray, paid: np.ndarray, mean: np.ndarray
    ):
        ahead = theirs.conditional_expected_number_of_purchases_up_to_time(span, x, t_x, T)
        return np.asarray(ahead) * np.asarray(
            their_spend.conditional_expected_average_profit(paid, mean)
        )

    figures = (x, t_x, T, paid, mean)
    few = tuple(own[:5000] for own in figures)
    failed = False
    print(f"Twelve months of {len(x):,} simulated customers")
    print(
        f"{'':22}{'kezhi CPU s':>13}{'lifetimes CPU s':>17}{'ratio':>8}{'total':>14}{'theirs':>14}"
    )
    for name, one, other, near in (
        ("discounted value", value, their_value, 0.02),  # they discount by month, at its end
        ("purchases × spend", plain, their_plain, 1e-6),
    ):
        one(*few)
        other(*few)  # both libraries are loaded before the clock starts
        cpu, own = seconds(lambda one=one: one(*figures), 3)
        their_cpu, their_own = seconds(lambda other=other: other(*figures), 1)
        total, their_total = float(own.sum()), float(np.asarray(their_own).sum())
        print(
            f"{name:22}{cpu:13.3f}{their_cpu:17.3f}{their_cpu / cpu:8.1f}"
            f"{total:14,.0f}{their_total:14,.0f}"
        )
        if abs(total / their_total - 1) > near:
            print(f"FAILED: {name} differs from that of lifetimes")
            failed = True
        if not small and one is value and their_cpu < LEAST_RATIO * cpu:
            print(f"FAILED: less than {LEAST_RATIO:.0f} times as fast")
            failed = True
    return 1 if failed else 0


def _fitters(model: BGNBD, spend: GammaGamma):
    """Those of lifetimes, with our parameters."""
    import pandas as pd
    from lifetimes import BetaGeoFitter, GammaGammaFitter

    purchases, amounts = BetaGeoFitter(), GammaGammaFitter()
    purchases.params_ = pd.Series(model.parameters)
    amounts.params_ = pd.Series({"p": spend.p, "q": spend.q, "v": spend.gamma})
    purchases.predict = purchases.conditional_expected_number_of_purchases_up_to_time
    return purchases, amounts


def seconds(work: Callable[[], np.ndarray], times: int) -> tuple[float, np.ndarray]:
    """The least CPU seconds of several runs, and the figures."""
    least = np.inf
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(times):
            before = time.process_time()
            found = work()
            least = min(least, time.process_time() - before)
    return least, found


if __name__ == "__main__":
    sys.exit(main("--small" in sys.argv[1:]))
