"""The numbers of the guide for those who come from lifetimes: both libraries on CDNOW, side by side.

    ./kezhi bench from_lifetimes

Fails where a number differs by more than a thousandth.
"""

from __future__ import annotations

import sys
import warnings
from datetime import date
from importlib.metadata import files
from pathlib import Path

import numpy as np
import pyarrow as pa

from kezhi.value.potential import bg_nbd, gamma_gamma, mbg_nbd, pareto_nbd
from kezhi.value.summary import Summary, summarise

LARGEST = 1e-3


def cdnow() -> Summary:
    listed = next(one for one in files("lifetimes") or () if one.name == "CDNOW_sample.txt")
    rows = [line.split() for line in Path(str(listed.locate())).read_text().splitlines()]
    table = pa.table(
        {
            "customer": [row[0] for row in rows],
            "day": [row[2] for row in rows],
            "amount": [float(row[4]) for row in rows],
        }
    )
    return summarise(
        table,
        customer="customer",
        date="day",
        amount="amount",
        unit="week",
        until=date(1997, 9, 30),
    )


def theirs(found: Summary) -> dict[str, float]:
    from lifetimes import (
        BetaGeoFitter,
        GammaGammaFitter,
        ModifiedBetaGeoFitter,
        ParetoNBDFitter,
    )

    x, t_x, T = found.repeats.astype(float), found.recency, found.age
    paying = found.paid_repeats > 0
    out: dict[str, float] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, kind in (
            ("bg-nbd", BetaGeoFitter),
            ("mbg-nbd", ModifiedBetaGeoFitter),
            ("pareto-nbd", ParetoNBDFitter),
        ):
            fitter = kind().fit(x, t_x, T)
            out |= {f"{name} {key}": float(own) for key, own in fitter.params_.items()}
            ahead = fitter.conditional_expected_number_of_purchases_up_to_time(39, x, t_x, T)
            out[f"{name} purchases in 39 weeks"] = float(np.sum(ahead))
            alive = fitter.conditional_probability_alive(2, 30.43, 38.86)
            out[f"{name} P(alive) of (2, 30.43, 38.86)"] = float(np.ravel(alive)[0])
        spend = GammaGammaFitter().fit(found.paid_repeats[paying], found.mean_spend[paying])
        out |= {
            f"gamma-gamma {'gamma' if key == 'v' else key}": float(own)
            for key, own in spend.params_.items()
        }
        out["gamma-gamma spend of (2, 22.35)"] = float(
            spend.conditional_expected_average_profit(2, 22.35)
        )
    return out


def ours(found: Summary) -> dict[str, float]:
    x, t_x, T = found.repeats.astype(float), found.recency, found.age
    out: dict[str, float] = {}
    for module in (bg_nbd, mbg_nbd, pareto_nbd):
        model = module.fit(x, t_x, T).model
        out |= {f"{model.name} {key}": own for key, own in model.parameters.items()}
        ahead = float(model.expected_purchases(x, t_x, T, 39).sum())
        out[f"{model.name} purchases in 39 weeks"] = ahead
        alive = float(model.p_alive(2, 30.43, 38.86))
        out[f"{model.name} P(alive) of (2, 30.43, 38.86)"] = alive
    spend = gamma_gamma.fit(found.paid_repeats, found.mean_spend).model
    out |= {f"gamma-gamma {key}": own for key, own in spend.parameters.items()}
    out["gamma-gamma spend of (2, 22.35)"] = float(spend.expected_spend(2, 22.35))
    return out


def main() -> int:
    found = cdnow()
    one, other = theirs(found), ours(found)
    worst = 0.0
    for name, own in other.items():
        apart = abs(own / one[name] - 1)
        worst = max(worst, apart)
        print(f"{name:45} lifetimes {one[name]:12.6g}  Kezhi {own:12.6g}  {apart:.1e}")
    return 1 if worst > LARGEST else 0


if __name__ == "__main__":
    sys.exit(main())
