"""Continuation value: what customers will bring if they go on as they are.

    CT = Σ_k ΔE_k · (1 + d)^(−(k − ½)Δ),  ΔE_k = E[Y(k)] − E[Y(k − 1)],  k = 1 … H units of time,
    continuation = CT · (E[M] · margin · (1 − return rate) − cost per occasion)
                   − Σ_k P(alive at k) · upkeep · (1 + d)^(−(k − ½)Δ)

with d the annual rate and Δ the length of a unit in years; the last unit may be a part of one.
Two intervals, never to be confused: `mean_*` tells how sure the expected value is (delta method over
the parameters), `outcome_*` what may really come, chance included (predictive quantiles of count ×
spend; the cost per occasion is taken in proportion to the margin there). The total of all customers
has its own: no sum averages out what isn't known of the parameters, which all customers share.
Where few customers needed a weak prior both intervals come from draws, see `few`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from kezhi.value.durations import DAYS_PER_YEAR, days_in
from kezhi.value.potential.alike import distinct_times, first_places, ranked
from kezhi.value.potential.few import FEW, drawn_gross
from kezhi.value.potential.fitting import Diagnostics, Vector
from kezhi.value.potential.gamma_gamma import GammaGamma
from kezhi.value.potential.naive import Naive
from kezhi.value.potential.over_time import DIGITS
from kezhi.value.potential.purchase_model import PurchaseModel
from kezhi.value.potential.season import Clock
from kezhi.value.potential.shrunk_mean import ShrunkMean

SpendModel = GammaGamma | ShrunkMean

DRAWS = 400
"""Draws behind the predictive quantiles, for each group of customers alike in x and T."""

_SILENCES = 16  # classes of the share of their time that customers have been silent

_ENOUGH_DIGITS = 4  # for how far the parameters' errors carry

_ALIKE = 0.02  # ages are alike for the draws if they differ by less than two per cent


@dataclass(frozen=True, slots=True)
class Horizon:
    """How far to look, in units of time, and how the units are discounted.

    With a `clock` of the seasons and the day (since 1970) from which to look, purchases come by the
    clock, and `times` are what it shows at the ends of the units; money is discounted by calendar.
    """

    units: float
    unit: str
    annual_rate: float
    clock: Clock | None = field(default=None, compare=False)
    day: int = 0

    @classmethod
    def of_months(
        cls,
        months: float,
        unit: str,
        annual_rate: float,
        *,
        clock: Clock | None = None,
        day: int = 0,
    ) -> Horizon:
        """A horizon given in months."""
        return cls(months * DAYS_PER_YEAR / 12 / days_in(unit), unit, annual_rate, clock, day)

    @property
    def ends(self) -> Vector:
        """Ends of the units: 1, 2, … and the horizon itself."""
        whole = np.arange(1.0, np.floor(self.units) + 1)
        if self.units - len(whole) > 1e-9:
            whole = np.append(whole, self.units)
        return whole

    @property
    def times(self) -> Vector:
        """Time by the clock until the end of each unit; by calendar where there is none."""
        if self.clock is None:
            return self.ends
        length = days_in(self.unit)
        return self.clock.between(self.day, self.day + self.ends * length) / length

    def after(self, days: float) -> float:
        """Time by the clock until so many days from now."""
        length = days_in(self.unit)
        if self.clock is None:
            return days / length
        return float(self.clock.between(self.day, self.day + days)) / length

    @property
    def factors(self) -> Vector:
        """Discount factor of each unit, at its middle."""
        ends = self.ends
        middles = ends - np.diff(ends, prepend=0.0) / 2
        years = middles * days_in(self.unit) / DAYS_PER_YEAR
        return np.asarray((1 + self.annual_rate) ** -years)


@dataclass(frozen=True, slots=True)
class Buyers:
    """Customers as the models see them, and what an occasion of theirs is worth.

    `paid` counts the repeat occasions with a positive amount, `mean_spend` is their mean.
    """

    x: Vector
    t_x: Vector
    T: Vector
    paid: Vector
    mean_spend: Vector
    margin: Vector
    return_rate: Vector
    cost_per_occasion: Vector

    def of(self, who: NDArray[np.bool_]) -> Buyers:
        """Some of them."""
        if who.all():
            return self
        return Buyers(*(getattr(self, name)[who] for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Continuation:
    """Per customer; money over the horizon, discounted, except the counts of purchases.

    `total_low` and `total_high` are between what all customers together may really bring.
    """

    expected_purchases: Vector
    discounted_purchases: Vector
    expected_spend: Vector
    continuation: Vector
    mean_low: Vector
    mean_high: Vector
    outcome_low: Vector
    outcome_high: Vector
    total_low: float
    total_high: float


def continuation(
    buyers: Buyers,
    model: PurchaseModel | Naive,
    spend: SpendModel,
    horizon: Horizon,
    *,
    rng: np.random.Generator,
    diagnostics: Diagnostics | None = None,
    spend_diagnostics: Diagnostics | None = None,
    upkeep_per_unit: float = 0.0,
    level: float = 0.8,
) -> Continuation:
    """The continuation value of every customer, with both intervals at `level`.

    Without diagnostics the parameters count as known: the interval of the mean has no width.

    >>> from kezhi.value.potential.bg_nbd import BGNBD
    >>> two = Buyers(*(np.array(pair, dtype=float) for pair in [(2, 26), (30.4, 30.9), (38.9, 31),
    ...     (2, 26), (22.0, 40.0), (0.3, 0.3), (0, 0), (0, 0)]))
    >>> found = continuation(two, BGNBD(0.2426, 4.4136, 0.7929, 2.4259), GammaGamma(6.25, 3.74, 15.4),
    ...     Horizon.of_months(12, "week", 0.1), rng=np.random.default_rng(1))
    >>> found.continuation.round(0)
    array([ 11., 297.])
    """
    groups = _grouped(buyers)
    purchases, discounted = _counts(buyers, groups, model, horizon)
    spent = spend.expected_spend(buyers.paid, buyers.mean_spend)
    keeps = buyers.margin * (1 - buyers.return_rate)
    upkeep = np.zeros_like(purchases)
    if upkeep_per_unit:
        upkeep = upkeep_per_unit * _lives(buyers, groups, model, horizon)
    gross = discounted * spent * keeps
    serving = discounted * buyers.cost_per_occasion
    mean = gross - serving - upkeep
    per_spend = np.divide(discounted, purchases, out=np.zeros_like(gross), where=purchases > 0)
    net = per_spend * (
        keeps
        - np.divide(buyers.cost_per_occasion, spent, out=np.zeros_like(spent), where=spent > 0)
    )
    if (
        not isinstance(model, Naive)
        and diagnostics is not None
        and diagnostics.penalty > 0
        and len(mean) <= FEW
    ):
        drawn = drawn_gross(
            buyers.x,
            buyers.t_x,
            buyers.T,
            buyers.paid,
            buyers.mean_spend,
            model=model,
            diagnostics=diagnostics,
            spend=spend,
            spend_diagnostics=spend_diagnostics,
            horizon=float(horizon.times[-1]),
            discounted=lambda changed: _present(buyers, groups, changed, horizon, _ENOUGH_DIGITS),
            rng=rng,
        )
        tails = (1 - level) / 2, (1 + level) / 2
        served = drawn.purchases * buyers.cost_per_occasion
        means = np.quantile(drawn.mean * keeps - served, tails, axis=0, method="weibull") - upkeep
        came = drawn.outcome * net - upkeep
        outcomes = np.quantile(came, tails, axis=0, method="weibull")
        total = np.quantile(came.sum(axis=1), tails, method="weibull")
    else:
        spread, unsure = _relative_error(
            buyers, groups, model, spend, horizon, diagnostics, spend_diagnostics, gross
        )
        z = float(ndtri((1 + level) / 2))
        # Around the gross part, which doesn't change its sign; costs are taken as their mean.
        means = np.sort([gross * np.exp(-z * spread), gross * np.exp(z * spread)], axis=0)
        means -= serving + upkeep
        low, high, variance = _outcomes(buyers, model, spend, horizon, rng, level)
        outcomes = np.sort([low * net, high * net], axis=0) - upkeep
        wide = z * np.sqrt(unsure + float(np.einsum("i,i->", variance, net**2)))
        total = mean.sum() + np.array([-wide, wide])
    return Continuation(
        expected_purchases=purchases,
        discounted_purchases=discounted,
        expected_spend=spent,
        continuation=mean,
        mean_low=np.minimum(means[0], mean),
        mean_high=np.maximum(means[1], mean),
        outcome_low=outcomes[0],
        outcome_high=outcomes[1],
        total_low=float(total[0]),
        total_high=float(total[1]),
    )


def discounted_purchases(
    x: Vector, t_x: Vector, T: Vector, model: PurchaseModel | Naive, horizon: Horizon
) -> Vector:
    """Expected purchases within the horizon, each discounted to the day of the run.

    >>> from kezhi.value.potential.naive import Naive
    >>> discounted_purchases(np.array([4.0]), np.array([30.0]), np.array([40.0]), Naive(),
    ...     Horizon(10, "week", 0.0))
    array([1.])
    """
    nothing = np.zeros_like(x)
    buyers = Buyers(x, t_x, T, nothing, nothing, nothing, nothing, nothing)
    return _counts(buyers, _grouped(buyers), model, horizon)[1]


@dataclass(frozen=True, slots=True)
class _Groups:
    """Customers alike in x, T and paid: what is the same for them is computed once."""

    x: Vector
    T: Vector
    paid: Vector
    silent: Vector  # of the first of them, for draws
    index: NDArray[np.intp]


def _grouped(buyers: Buyers, silence: NDArray[np.int64] | None = None) -> _Groups:
    """Groups of customers, apart by their class of silence where there is one."""
    _, age = distinct_times(buyers.T)
    size = int(max(buyers.x.max(initial=0), buyers.paid.max(initial=0))) + 1
    key = (age * size + buyers.x.astype(np.int64)) * size + buyers.paid.astype(np.int64)
    if silence is not None:
        key = key * (_SILENCES + 1) + silence
    found, index = ranked(key)
    first = first_places(index, len(found))
    T, t_x = buyers.T[first], buyers.t_x[first]
    return _Groups(buyers.x[first], T, buyers.paid[first], np.clip(T - t_x, 0.0, T), index)


def _counts(
    buyers: Buyers, groups: _Groups, model: PurchaseModel | Naive, horizon: Horizon
) -> tuple[Vector, Vector]:
    """Purchases within the horizon, plain and discounted."""
    if isinstance(model, Naive):
        rate = model.expected_purchases(buyers.x, buyers.t_x, buyers.T, 1.0)
        present = float(horizon.factors @ np.diff(horizon.times, prepend=0.0))
        return rate * horizon.times[-1], rate * present
    purchases, discounted = np.zeros_like(buyers.x), np.zeros_like(buyers.x)
    for state, here in enumerate(model.p_states(buyers.x, buyers.t_x, buyers.T)):
        ahead = model.expected_in_state(state, groups.x, groups.T, float(horizon.times[-1]))
        purchases += here * ahead[groups.index]
        discounted += here * _discounted(model, state, groups, horizon)[groups.index]
    return purchases, discounted


def _present(
    buyers: Buyers, groups: _Groups, model: PurchaseModel, horizon: Horizon, digits: float
) -> Vector:
    """Purchases within the horizon, discounted, to so many digits."""
    states = model.p_states(buyers.x, buyers.t_x, buyers.T)
    ahead = [
        _discounted(model, state, groups, horizon, digits)[groups.index]
        for state in range(len(states))
    ]
    return np.asarray(np.sum([here * own for here, own in zip(states, ahead, strict=True)], axis=0))


def _lives(
    buyers: Buyers, groups: _Groups, model: PurchaseModel | Naive, horizon: Horizon
) -> Vector:
    """Units of time that each customer is expected to live within the horizon, discounted."""
    weights = horizon.factors * np.diff(horizon.ends, prepend=0.0)
    if isinstance(model, Naive):
        return np.full_like(buyers.x, weights.sum())
    lives = np.zeros_like(buyers.x)
    for state, here in enumerate(model.p_states(buyers.x, buyers.t_x, buyers.T)):
        own = model.alive_sum_in_state(state, groups.x, groups.T, horizon.times, weights)
        lives += here * own[groups.index]
    return lives


def _discounted(
    model: PurchaseModel, state: int, groups: _Groups, horizon: Horizon, digits: float = DIGITS
) -> Vector:
    """Purchases of each group within the horizon if alive in that state, discounted.

    Σ_k f_k (E_k − E_{k−1}) = Σ_k (f_k − f_{k+1}) E_k with f beyond the horizon 0.
    """
    factors = horizon.factors
    falls = factors - np.append(factors[1:], 0.0)
    return model.sum_in_state(state, groups.x, groups.T, horizon.times, falls, digits)


def _relative_error(
    buyers: Buyers,
    groups: _Groups,
    model: PurchaseModel | Naive,
    spend: SpendModel,
    horizon: Horizon,
    diagnostics: Diagnostics | None,
    spend_diagnostics: Diagnostics | None,
    gross: Vector,
) -> tuple[Vector, float]:
    """By the delta method: standard error of the log of (discounted purchases × spend), and the
    variance of the sum of `gross`, which is in proportion to it."""
    variance, of_sum = np.zeros_like(buyers.x), 0.0
    if not isinstance(model, Naive) and diagnostics is not None:

        def log_purchases(changed: PurchaseModel) -> Vector:
            among = changed.p_states(buyers.x, buyers.t_x, buyers.T)
            logs = [
                _log(own)
                + _log(_discounted(changed, state, groups, horizon, _ENOUGH_DIGITS))[groups.index]
                for state, own in enumerate(among)
            ]
            return np.asarray(np.logaddexp.reduce(logs))

        slopes = _slopes(model, log_purchases)
        variance += _quadratic(slopes, np.array(diagnostics.covariance))
        of_sum += _of_sum(slopes, np.array(diagnostics.covariance), gross)
    if isinstance(spend, GammaGamma) and spend_diagnostics is not None:
        slopes = _slopes(
            spend,
            lambda changed: _log(changed.expected_spend(buyers.paid, buyers.mean_spend)),
        )
        variance += _quadratic(slopes, np.array(spend_diagnostics.covariance))
        of_sum += _of_sum(slopes, np.array(spend_diagnostics.covariance), gross)
    return np.sqrt(np.maximum(variance, 0.0)), max(of_sum, 0.0)


def _log(numbers: Vector) -> Vector:
    return np.asarray(np.log(np.maximum(np.nan_to_num(numbers), 1e-300)))


def _slopes(model: PurchaseModel | GammaGamma, log_of: Callable[..., Vector]) -> list[Vector]:
    """Derivatives by each estimated log-parameter, in the order of the covariance, by central differences."""
    step, slopes = 1e-4, []
    for name in model.names:
        now = getattr(model, name)
        up = replace(model, **{name: now * np.exp(step)})  # type: ignore[type-var]
        down = replace(model, **{name: now * np.exp(-step)})  # type: ignore[type-var]
        slopes.append((log_of(up) - log_of(down)) / (2 * step))
    return slopes


def _quadratic(slopes: list[Vector], covariance: Vector) -> Vector:
    total = np.zeros_like(slopes[0])
    for i, one in enumerate(slopes):
        for j, other in enumerate(slopes):
            total += covariance[i, j] * one * other
    return total


def _of_sum(slopes: list[Vector], covariance: Vector, gross: Vector) -> float:
    """Variance of Σ gross, the slopes being those of its log."""
    whole = np.array([np.einsum("i,i->", slope, gross) for slope in slopes])
    return float(np.einsum("i,ij,j->", whole, covariance, whole))


def _outcomes(
    buyers: Buyers,
    model: PurchaseModel | Naive,
    spend: SpendModel,
    horizon: Horizon,
    rng: np.random.Generator,
    level: float,
) -> tuple[Vector, Vector, Vector]:
    """Predictive quantiles of the amount spent within the horizon, before margin and discount, and
    its variance."""
    alive: Vector
    if isinstance(model, Naive):
        alive = np.ones_like(buyers.x)
    else:
        alive = model.p_alive(buyers.x, buyers.t_x, buyers.T)
    if isinstance(spend, GammaGamma):
        known = np.where(buyers.paid > 0, buyers.paid * np.nan_to_num(buyers.mean_spend), 0.0)
        scale = spend.gamma + known
    else:
        scale = spend.expected_spend(buyers.paid, buyers.mean_spend)
    tails = (1 - level) / 2, (1 + level) / 2
    # Gone customers bring nothing: a quantile of all is a higher one of nothing, or one of the rest.
    ranks = [np.clip((tail - (1 - alive)) / np.maximum(alive, 1e-12), 0, 1) for tail in tails]
    found = [np.zeros_like(alive), np.zeros_like(alive)]
    variance = np.zeros_like(alive)
    offset = 1.0 if isinstance(model, Naive) else model.time_scale
    silence = None
    if not isinstance(model, Naive) and model.states > 1:
        share = (buyers.T - buyers.t_x) / (offset + buyers.T)
        silence = np.rint(share * _SILENCES).astype(np.int64)
    groups = _grouped(replace(buyers, T=_alike(buyers.T, offset)), silence)
    order = np.argsort(groups.index, kind="stable")
    ends = np.searchsorted(groups.index[order], np.arange(len(groups.x) + 1))
    size = 4096
    for start in range(0, len(groups.x), size):
        stop = min(start + size, len(groups.x))
        drawn = _draws(groups, slice(start, stop), model, spend, horizon, rng)
        rows = order[ends[start] : ends[stop]]
        local = groups.index[rows] - start
        chance = alive[rows]
        first, second = drawn.mean(axis=1)[local], np.einsum("ij,ij->i", drawn, drawn)[local]
        variance[rows] = chance * (second / DRAWS - chance * first**2) * scale[rows] ** 2
        for tail in (0, 1):
            at = np.clip(ranks[tail][rows] * DRAWS - 0.5, 0, DRAWS - 1)
            below = at.astype(np.int64)
            above = np.minimum(below + 1, DRAWS - 1)
            share = at - below
            quantile = drawn[local, below] * (1 - share) + drawn[local, above] * share
            gone = ranks[tail][rows] <= 0
            found[tail][rows] = np.where(gone, 0.0, quantile * scale[rows])
    return found[0], found[1], variance


def _alike(T: Vector, offset: float) -> Vector:
    """Ages rounded so finely that no quantile shows it, for far fewer groups to draw for."""
    rounded = np.expm1(np.rint(np.log1p(T / offset) / _ALIKE) * _ALIKE) * offset
    return np.asarray(rounded)


def _draws(
    groups: _Groups,
    part: slice,
    model: PurchaseModel | Naive,
    spend: SpendModel,
    horizon: Horizon,
    rng: np.random.Generator,
) -> Vector:
    """Sorted draws of the amount spent by a living customer of each group, free of its scale."""
    x, T, paid = (own[part, None] for own in (groups.x, groups.T, groups.paid))
    shape = (len(x), DRAWS)
    if isinstance(model, Naive):
        rate = model.expected_purchases(x, T, T, float(horizon.times[-1]))
        counts = rng.poisson(np.broadcast_to(rate, shape))
    else:
        counts = model.draw_counts(
            rng,
            groups.x[part],
            groups.T[part],
            groups.silent[part],
            float(horizon.times[-1]),
            DRAWS,
        )
    if isinstance(spend, GammaGamma):
        spent = rng.gamma(np.maximum(spend.p * counts, 1e-12)) / np.maximum(
            rng.gamma(np.broadcast_to(spend.q + spend.p * paid, shape)), 1e-12
        )
        spent = np.where(counts > 0, spent, 0.0)
    else:
        spent = counts.astype(np.float64)
    return np.sort(spent, axis=1)
