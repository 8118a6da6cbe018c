"""What the customers of a run would be worth by the model and the rules of an earlier one.

Worked out from what a run keeps of every customer, without the facts: the same purchases, foretold
with the former parameters, horizon and rate of discount. What serving costs goes along with the
number of purchases.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kezhi.value.durations import days_in
from kezhi.value.kept_models import clock_of, model_of, season_of
from kezhi.value.measure import Settings
from kezhi.value.potential.bg_nbd import BGNBD
from kezhi.value.potential.continuation import Horizon, SpendModel, discounted_purchases
from kezhi.value.potential.gamma_gamma import GammaGamma
from kezhi.value.potential.ggom_nbd import GGomNBD
from kezhi.value.potential.mbg_nbd import MBGNBD
from kezhi.value.potential.naive import Naive
from kezhi.value.potential.nbd import NBD
from kezhi.value.potential.pareto_nbd import ParetoNBD
from kezhi.value.potential.purchase_model import PurchaseModel
from kezhi.value.potential.regular import RegularNBD
from kezhi.value.potential.season import Season
from kezhi.value.potential.shrunk_mean import ShrunkMean

Vector = NDArray[np.float64]

KINDS: tuple[Any, ...] = (BGNBD, MBGNBD, ParetoNBD, GGomNBD, NBD, RegularNBD, Naive)
MODELS: Mapping[str, Any] = {kind.name: kind for kind in KINDS}
SPENDS: Mapping[str, Any] = {kind.name: kind for kind in (GammaGamma, ShrunkMean)}


@dataclass(frozen=True, slots=True)
class Outlook:
    """By what a run looked ahead: its models, how far, and the margin where none is known."""

    model: PurchaseModel | Naive
    spend: SpendModel
    horizon: Horizon
    margin_rate: float
    season: Season | None = None

    @classmethod
    def of_run(
        cls, settings: Settings, parameters: Mapping[str, Any], segment: str = "", day: int = 0
    ) -> Outlook:
        """From the settings and the `model` and `spend` of `RunFacts`, for the customers of a segment,
        looking ahead from a day since 1970-01-01.

        Raises ValueError where they name no model that is known here.
        """
        try:
            chosen, spend = model_of(parameters["model"], segment), parameters["spend"]
            kind = MODELS[chosen["chosen"]]
            known = {} if kind is Naive else chosen["parameters"]
            return cls(
                model=kind(**known),
                spend=SPENDS[spend["model"]](**spend["parameters"]),
                horizon=Horizon.of_months(
                    settings.horizon_months,
                    settings.unit,
                    settings.annual_rate,
                    clock=clock_of(parameters["model"], day),
                    day=day,
                ),
                margin_rate=settings.margin_rate,
                season=season_of(parameters["model"]),
            )
        except (KeyError, TypeError) as cause:
            raise ValueError("the parameters of the run are of no known model") from cause


@dataclass(frozen=True, slots=True)
class Valued:
    """Customers as a run left them: `value` is their continuation value, `by_rule` says whose margin
    is the one of the rules. NaN where nothing is known. `first_day` and `last_day` (since 1970-01-01) of
    their purchases are needed where one of the outlooks counts time by a season."""

    value: Vector
    x: Vector
    t_x: Vector
    T: Vector
    mean_spend: Vector
    expected_spend: Vector
    margin: Vector
    return_rate: Vector
    by_rule: NDArray[np.bool_]
    first_day: Vector | None = None
    last_day: Vector | None = None

    def of(self, among: NDArray[np.bool_]) -> Valued:
        """Some of them."""
        columns = {each.name: getattr(self, each.name) for each in fields(self)}
        return Valued(**{name: own[among] for name, own in columns.items() if own is not None})


def value_by_former(found: Valued, now: Outlook, former: Outlook) -> Vector:
    """The continuation value that the former outlook gives to the same customers.

    >>> now = Outlook(Naive(), ShrunkMean(40.0), Horizon(10, "week", 0.0), 0.3)
    >>> former = Outlook(Naive(), ShrunkMean(40.0), Horizon(20, "week", 0.0), 0.3)
    >>> one = Valued(*(np.array([each]) for each in (10.0, 4.0, 30.0, 40.0, 40.0, 40.0, 0.3, 0.0)),
    ...     by_rule=np.array([False]))
    >>> value_by_former(one, now, former)
    array([20.])
    """
    if now == former:
        return found.value
    x, t_x, T = (np.nan_to_num(each) for each in (found.x, found.t_x, found.T))
    coming = discounted_purchases(x, t_x, T, now.model, now.horizon)
    foretold = discounted_purchases(x, *_times(found, now, former), former.model, former.horizon)
    spend = found.expected_spend * _ratio(
        former.spend.expected_spend(x, found.mean_spend),
        now.spend.expected_spend(x, found.mean_spend),
    )
    keeps = 1 - found.return_rate
    margin = np.where(found.by_rule, former.margin_rate, found.margin)
    serving = coming * found.expected_spend * found.margin * keeps - found.value
    value = foretold * spend * margin * keeps - serving * _ratio(foretold, coming)
    return np.asarray(np.where(np.isfinite(value), value, found.value))


def _times(found: Valued, now: Outlook, former: Outlook) -> tuple[Vector, Vector]:
    """t_x and T as the former outlook counts time."""
    if now.season == former.season:
        units = days_in(now.horizon.unit) / days_in(former.horizon.unit)
        return np.nan_to_num(found.t_x) * units, np.nan_to_num(found.T) * units
    if found.first_day is None or found.last_day is None:
        raise ValueError("another season counts from the days of purchases: they are not given")
    first, last, today = found.first_day, found.last_day, float(former.horizon.day)
    clock, unit = former.horizon.clock, days_in(former.horizon.unit)
    if clock is None:
        return (last - first) / unit, (today - first) / unit
    # In whole days, as the run counted.
    since = (np.rint(clock.between(first, end)) / unit for end in (last, today))
    t_x, T = (np.asarray(own) for own in since)
    return t_x, T


def _ratio(one: Vector, other: Vector) -> Vector:
    """1 where there is nothing to compare with."""
    return np.divide(one, other, out=np.ones_like(one), where=other > 0)
