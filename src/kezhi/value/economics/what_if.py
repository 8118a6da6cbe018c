"""What if fewer customers left: the profit effect of churn, from the fitted purchase model.

Not a rule of thumb: the dropout of the model (a of BG and MBG/NBD, s of Pareto/NBD) is lowered until the
share of today's customers who leave within a year is so many percentage points smaller; what they buy
over the horizon then is counted anew. Who is a customer today stays as the data say. The
interval comes from draws of the parameters. Beside it stands, for comparison only, the literature's
25-85 % for five points (Reichheld & Sasser 1990).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kezhi.value.durations import DAYS_PER_YEAR
from kezhi.value.potential.continuation import Horizon
from kezhi.value.potential.fitting import Diagnostics
from kezhi.value.potential.predictive import drawn_models
from kezhi.value.potential.purchase_model import PurchaseModel
from kezhi.value.sums import sum_by

Vector = NDArray[np.float64]

LITERATURE_5_POINTS = (0.25, 0.85)
"""Profit effect of five points less churn by Reichheld & Sasser (1990), across industries."""

POINTS = tuple(range(1, 11))
DRAWS = 60
_KEPT = (1.0, 0.85, 0.7, 0.55, 0.4, 0.25, 0.12, 0.04, 1e-4)
_DIGITS = 6.0
_ALIKE = 0.04  # for the draws, ages are alike if they differ by less than four per cent
_MANY = 3000  # pairs of x and T, from which on ages are alike within one per cent
_ALIKE_OF_MANY = 0.01
_KEPT_OF_DRAWS = (1.0, 0.75, 0.5, 0.25, 0.08, 1e-4)
_DIGITS_OF_DRAWS = 4.0


@dataclass(frozen=True, slots=True)
class ChurnEffect:
    """Churn a year lower by `points` percentage points: money over the horizon, discounted.

    `change` against the base with its interval, and the same as a share of the base profit.
    """

    points: float
    churn: float
    profit: float
    change: float
    low: float | None
    high: float | None
    relative: float | None


@dataclass(frozen=True, slots=True)
class ChurnWhatIf:
    """`churn` is the share of today's (probable) customers who leave within a year, by the model;
    `profit` what they will bring over the horizon. Points beyond the churn there is are left out."""

    customers_alive: float
    churn: float
    profit: float
    effects: tuple[ChurnEffect, ...]
    level: float
    draws: int


@dataclass(frozen=True, slots=True)
class _Groups:
    x: Vector
    T: Vector
    index: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Part:
    """Customers who are foretold by one model: x, t_x, T, and what a purchase of each brings.

    A row may stand for several customers who are alike: `customers` says for how many. Without
    `diagnostics` the parameters count as known.
    """

    model: PurchaseModel
    x: ArrayLike
    t_x: ArrayLike
    T: ArrayLike
    value_per_purchase: ArrayLike
    customers: ArrayLike = 1.0
    diagnostics: Diagnostics | None = None


def churn_what_if(
    model: PurchaseModel,
    x: ArrayLike,
    t_x: ArrayLike,
    T: ArrayLike,
    value_per_purchase: ArrayLike,
    horizon: Horizon,
    *,
    rng: np.random.Generator,
    diagnostics: Diagnostics | None = None,
    points: Sequence[float] = POINTS,
    upkeep_per_unit: float = 0.0,
    level: float = 0.8,
    draws: int = DRAWS,
    customers: ArrayLike = 1.0,
) -> ChurnWhatIf:
    """The effect of less churn on customers with x, t_x, T and what a purchase of each brings.

    A row may stand for several customers who are alike: `customers` says for how many.
    Without diagnostics the parameters count as known: no interval. Raises ValueError for a model
    without dropout.

    >>> from kezhi.value.potential.mbg_nbd import MBGNBD
    >>> found = churn_what_if(MBGNBD(0.52, 6.2, 0.89, 1.61), [2, 5, 0], [30, 35, 0], [39, 39, 20], [10, 10, 10],
    ...     Horizon.of_months(36, "week", 0.1), rng=np.random.default_rng(1), points=(1, 5))
    >>> [effect.points for effect in found.effects], found.effects[1].change > found.effects[0].change > 0
    ([1, 5], True)
    """
    whole = Part(model, x, t_x, T, value_per_purchase, customers, diagnostics)
    named = {"points": points, "upkeep_per_unit": upkeep_per_unit, "level": level, "draws": draws}
    return churn_what_if_of([whole], horizon, rng=rng, **named)  # type: ignore[arg-type]


def churn_what_if_of(
    parts: Sequence[Part],
    horizon: Horizon,
    *,
    rng: np.random.Generator,
    points: Sequence[float] = POINTS,
    upkeep_per_unit: float = 0.0,
    level: float = 0.8,
    draws: int = DRAWS,
) -> ChurnWhatIf:
    """The effect of less churn on customers whom several models foretell.

    The dropout of all models is lowered to the same share of itself, until the churn of all customers
    together is so many points smaller. Raises ValueError for a model without dropout.

    >>> from kezhi.value.potential.mbg_nbd import MBGNBD
    >>> model, ahead = MBGNBD(0.52, 6.2, 0.89, 1.61), Horizon.of_months(36, "week", 0.1)
    >>> halves = [Part(model, [2], [30], [39], 10), Part(model, [5], [35], [39], 10)]
    >>> found = churn_what_if_of(halves, ahead, rng=np.random.default_rng(1), points=[5])
    >>> both = churn_what_if(model, [2, 5], [30, 35], [39, 39], 10, ahead, rng=np.random.default_rng(1),
    ...     points=[5])
    >>> abs(found.profit - both.profit) < 1e-9, abs(found.churn - both.churn) < 1e-9
    (True, True)
    """
    sides = [_Side.of(part) for part in parts]
    alive, churns, profits = _together([each.curve(horizon, upkeep_per_unit) for each in sides])
    if not alive > 0:
        raise ValueError("nobody is a customer any more: there is no churn to lower")
    effects = _effects(churns, profits, points)
    changes = []
    if draws > 0 and any(part.diagnostics is not None for part in parts):
        for side in sides:
            side.draw(rng, draws)
        # A part that gave no draws at all keeps its parameters.
        drawn = min((len(each.drawn) for each in sides if each.drawn), default=0)
        for k in range(drawn):
            own = _together([each.curve_of_draw(k, horizon, upkeep_per_unit) for each in sides])
            changes.append([change for _, _, change in _effects(own[1], own[2], points)])
    tails = (1 - level) / 2, (1 + level) / 2
    low = high = np.full(len(points), np.nan)
    if changes:
        low, high = (_quantile(np.array(changes), tail) for tail in tails)
    base = float(profits[0])
    return ChurnWhatIf(
        customers_alive=alive,
        churn=float(churns[0]),
        profit=base,
        effects=tuple(
            ChurnEffect(
                points=point,
                churn=churn,
                profit=profit,
                change=change,
                low=float(low[k]) if np.isfinite(low[k]) else None,
                high=float(high[k]) if np.isfinite(high[k]) else None,
                relative=change / base if base > 0 else None,
            )
            for k, (point, (churn, profit, change)) in enumerate(zip(points, effects, strict=True))
            if np.isfinite(change)
        ),
        level=level,
        draws=len(changes),
    )


def with_less_dropout(model: PurchaseModel, kept: float) -> PurchaseModel:
    """The model with its dropout lowered to the share `kept`."""
    for name in ("a", "s"):
        if name in model.names:
            lowered = {name: model.parameters[name] * kept}
            changed: PurchaseModel = replace(model, **lowered)  # type: ignore[type-var]
            return changed
    raise ValueError(f"{model.name} knows no churn: choose a model with dropout")


def value_of_new_customer(
    model: PurchaseModel, value_per_purchase: float, horizon: Horizon
) -> float:
    """What a customer is worth on the day of the first purchase, that purchase included.

    Also the second lifetime value of one who is won back and begins anew.

    >>> from kezhi.value.potential.mbg_nbd import MBGNBD
    >>> round(value_of_new_customer(MBGNBD(0.52, 6.2, 0.89, 1.61), 100, Horizon.of_months(12, "week", 0.1)))
    236
    """
    factors = horizon.factors
    expected = np.asarray(model.expected_of_new(horizon.times), dtype=np.float64)
    repeats = float((np.diff(expected, prepend=0.0) * factors).sum())
    return value_per_purchase * (1 + repeats)


@dataclass(frozen=True, slots=True)
class AcquisitionEffect:
    """What winning brings with other costs or another conversion: per customer won, and in all."""

    conversion: float
    cost_per_lead: float
    won: float
    cost_per_customer: float
    profit: float
    change: float


def acquisition_what_if(
    leads: float,
    cost_per_lead: float,
    conversion: float,
    value_of_new: float,
    *,
    conversions: Sequence[float] = (),
    costs: Sequence[float] = (),
) -> tuple[AcquisitionEffect, ...]:
    """The base, then each other conversion, then each other cost of a lead.

    >>> [(one.won, round(one.profit)) for one in acquisition_what_if(100, 5, 0.1, 80, conversions=[0.12])]
    [(10.0, 300), (12.0, 460)]
    """
    cases = [(conversion, cost_per_lead)]
    cases += [(other, cost_per_lead) for other in conversions]
    cases += [(conversion, other) for other in costs]
    found: list[AcquisitionEffect] = []
    for rate, cost in cases:
        if not 0 < rate <= 1:
            raise ValueError(f"a conversion of {rate} is no share of the leads")
        profit = leads * (rate * value_of_new - cost)
        base = found[0].profit if found else profit
        found.append(
            AcquisitionEffect(rate, cost, leads * rate, cost / rate, profit, profit - base)
        )
    return tuple(found)


def _alike(x: Vector, T: Vector) -> _Groups:
    ages, age = np.unique(T, return_inverse=True)
    counts, count = np.unique(x, return_inverse=True)
    key, index = np.unique(age * len(counts) + count, return_inverse=True)
    return _Groups(counts[key % len(counts)], ages[key // len(counts)], index)


def _rounded(T: Vector, scale: float, step: float) -> Vector:
    return np.asarray(np.expm1(np.rint(np.log1p(T / scale) / step) * step) * scale)


@dataclass(slots=True)
class _Side:
    """A part as arrays, with the draws of its model."""

    part: Part
    bought: tuple[Vector, ...]
    value: Vector
    customers: Vector
    groups: _Groups
    drawn: list[PurchaseModel]

    @classmethod
    def of(cls, part: Part) -> _Side:
        x, t_x, T = (np.asarray(own, dtype=np.float64) for own in (part.x, part.t_x, part.T))
        value = np.asarray(part.value_per_purchase, dtype=np.float64)
        many = np.asarray(part.customers, dtype=np.float64)
        groups = _alike(x, T)
        if len(groups.x) > _MANY:
            groups = _alike(x, _rounded(T, part.model.time_scale, _ALIKE_OF_MANY))
        value, many = np.broadcast_to(value, x.shape), np.broadcast_to(many, x.shape)
        return cls(part, (x, t_x, T), value, many, groups, [])

    def curve(self, horizon: Horizon, upkeep: float) -> tuple[float, Vector, Vector]:
        own = (self.bought, self.customers, self.groups, self.value)
        return _curve(self.part.model, *own, horizon, upkeep)

    def draw(self, rng: np.random.Generator, draws: int) -> None:
        part = self.part
        if part.diagnostics is not None:
            self.drawn = list(drawn_models(part.model, part.diagnostics, rng, draws))
        x, _t_x, T = self.bought
        self.groups = _alike(x, _rounded(T, part.model.time_scale, _ALIKE))

    def curve_of_draw(
        self, k: int, horizon: Horizon, upkeep: float
    ) -> tuple[float, Vector, Vector]:
        own = (self.bought, self.customers, self.groups, self.value)
        model = self.drawn[k] if self.drawn else self.part.model
        rough = {"shares": _KEPT_OF_DRAWS, "digits": _DIGITS_OF_DRAWS}
        return _curve(model, *own, horizon, upkeep, **rough)  # type: ignore[arg-type]


def _together(curves: Sequence[tuple[float, Vector, Vector]]) -> tuple[float, Vector, Vector]:
    """Customers alive, churn and profit of all parts, by how much dropout is kept."""
    if len(curves) == 1:
        return curves[0]
    alive = sum(each[0] for each in curves)
    gone = sum(np.asarray(each[0] * each[1]) for each in curves)
    profit = sum(np.asarray(each[2]) for each in curves)
    return float(alive), np.asarray(gone / alive if alive > 0 else gone), np.asarray(profit)


def _curve(
    model: PurchaseModel,
    bought: tuple[Vector, ...],
    customers: Vector,
    groups: _Groups,
    value: Vector,
    horizon: Horizon,
    upkeep: float,
    *,
    shares: Sequence[float] = _KEPT,
    digits: float = _DIGITS,
) -> tuple[float, Vector, Vector]:
    """Customers alive by the model, and by how much dropout is kept: churn a year and profit."""
    year, times = np.array([horizon.after(DAYS_PER_YEAR)]), horizon.times
    factors = horizon.factors
    falls = factors - np.append(factors[1:], 0.0)
    lengths = factors * np.diff(horizon.ends, prepend=0.0)
    states = [np.asarray(here) * customers for here in model.p_states(*bought)]
    size = len(groups.x)
    alive = [sum_by(groups.index, here, size) for here in states]
    worth = [sum_by(groups.index, here * value, size) for here in states]
    whole = float(sum(own.sum() for own in alive))
    churns, profits = [], []
    for kept in shares:
        changed = with_less_dropout(model, kept)
        stay = profit = 0.0
        for state in range(model.states):
            still = changed.alive_sum_in_state(state, groups.x, groups.T, year, np.ones(1))
            ahead = changed.sum_in_state(state, groups.x, groups.T, times, falls, digits)
            stay += float((alive[state] * still).sum())
            profit += float((worth[state] * ahead).sum())
            if upkeep:
                lives = changed.alive_sum_in_state(state, groups.x, groups.T, times, lengths)
                profit -= upkeep * float((alive[state] * lives).sum())
        churns.append(1 - stay / whole if whole > 0 else 0.0)
        profits.append(profit)
    return whole, np.array(churns), np.array(profits)


def _effects(
    churns: Vector, profits: Vector, points: Sequence[float]
) -> list[tuple[float, float, float]]:
    """Churn, profit and its change for each number of points; NaN beyond what churn there is."""
    from scipy.interpolate import PchipInterpolator

    distinct = np.append(np.diff(churns) < -1e-12, True)
    nothing = float("nan")
    if distinct.sum() < 2:
        return [(nothing, nothing, nothing) for _ in points]
    between = PchipInterpolator(churns[distinct][::-1], profits[distinct][::-1])
    found = []
    for point in points:
        churn = float(churns[0]) - point / 100
        if churn < churns[-1]:
            found.append((nothing, nothing, nothing))
        else:
            profit = float(between(churn))
            found.append((churn, profit, profit - float(profits[0])))
    return found


def _quantile(rows: Vector, p: float) -> Vector:
    """Of each column, what isn't finite left out; NaN where less than half is there."""
    found = np.full(rows.shape[1], np.nan)
    for k in range(rows.shape[1]):
        known = rows[:, k][np.isfinite(rows[:, k])]
        if 2 * len(known) >= len(rows):
            found[k] = np.quantile(known, p)
    return found
