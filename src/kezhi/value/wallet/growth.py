"""Growth potential: what a customer could add, beside what comes if behaviour stays as it is.

    gap     = max(wallet − max(spend of 12 months, spend expected in 12 months), 0), a year;
              at least what the customer's open needs ask for
    won     = gap · P(won) · margin · years ahead, discounted
    offered = expected money of the next best offers, less what new products usually get of the
              continuation anyway
    growth  = max(won, offered): offers are ways to close the gap, and nothing is counted twice

The wallet is what the customer said it buys in a year, else the frontier of customers alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kezhi.value.plain import to_plain
from kezhi.value.wallet.frontier import (
    QUANTILE,
    Firms,
    Frontier,
    TooFew,
    fit_frontier,
    gain_of,
)
from kezhi.value.wallet.winning import Winning, how_often_won

if TYPE_CHECKING:
    import pyarrow as pa

    from kezhi.value.facts import OpenFacts, Plan
    from kezhi.value.foretelling import Foretelling
    from kezhi.value.measure import Settings
    from kezhi.value.realised import Realised
    from kezhi.value.summary import Summary

Vector = NDArray[np.float64]

FEW = 300
"""Customers behind a frontier below which its interval is wide: a reader is told."""
NUMBERS = ("stated", "asked", "offered")
BASES = ("stated", "asked", "peers", "offers")
"""What tells the gap: the stated demand, open needs, customers alike; or offers alone, without a gap."""


@dataclass(frozen=True, slots=True)
class GrowthSettings:
    """Which quantile of the spend of customers alike is within reach."""

    quantile: float = QUANTILE

    def __post_init__(self) -> None:
        if not 0.5 <= self.quantile <= 0.99:
            raise ValueError("the quantile of the frontier lies between 0.5 and 0.99")


@dataclass(frozen=True, slots=True)
class Prospects:
    """What is known of customers beside what they bought, in their order; NaN and −1: unknown.

    `stated`: what the customer says it buys a year of what we sell; `asked`: what its open needs
    come to; `offered`: expected contribution of open offers. `usual_share` of the continuation goes to
    products that are new to the customer anyway; the offers look `offer_days` ahead.
    """

    firms: Firms
    stated: Vector
    asked: Vector
    offered: Vector
    usual_share: float = 0.0
    offer_days: float = 180.0

    @classmethod
    def none(cls, customers: int) -> Prospects:
        """Nothing is known."""
        unknown = np.full(customers, np.nan)
        return cls(Firms({}, {}), unknown, unknown, unknown)


@dataclass(frozen=True, slots=True)
class Spent:
    """Per customer: revenue of the last 12 months and of the 12 months before, what is expected in the 12
    months to come, the day of the first purchase, who bought at all, and what growth is worth: the own
    margin, the years within the horizon that purchases are expected for, the continuation."""

    lately: Vector
    before: Vector
    expected: Vector
    first_day: NDArray[np.integer]
    bought: NDArray[np.bool_]
    margin: Vector
    years: Vector
    continuation: Vector


@dataclass(frozen=True, slots=True)
class Growth:
    """Per customer, NaN where it isn't measured: growth with its interval, the wallet and the gap a year,
    the probability to win it, what offers add, all that is expected of them, and what tells the growth
    (places in `BASES`, −1: nothing).

    `frontier` and `winning` are None where `lacking` says what they lack: `few`, `attributes`, `history`.
    `gain_later`: R¹ of last year's frontier on this year's spend, `below_later`: the share of it below.
    """

    growth: Vector
    low: Vector
    high: Vector
    wallet: Vector
    gap: Vector
    probability: Vector
    offered: Vector
    expected_of_offers: Vector
    basis: NDArray[np.int8]
    frontier: Frontier | None = None
    winning: Winning | None = None
    lacking: str = ""
    gain_later: float | None = None
    below_later: float | None = None

    @classmethod
    def unknown(cls, customers: int) -> Growth:
        """Nobody's growth is measured."""
        nobody = np.full(customers, np.nan)
        return cls(
            growth=nobody,
            low=nobody,
            high=nobody,
            wallet=nobody,
            gap=nobody,
            probability=nobody,
            offered=nobody,
            expected_of_offers=nobody,
            basis=np.full(customers, -1, np.int8),
        )

    def as_json(self) -> dict[str, Any] | None:
        """What a run says about it; None where nobody's growth is measured and nothing was asked."""
        known = np.isfinite(self.growth)
        if not known.any() and not self.lacking:
            return None
        frontier = None if self.frontier is None else to_plain(self.frontier)
        if frontier is not None:
            frontier.pop("covariance")
        return {
            "frontier": frontier,
            "winning": None if self.winning is None else to_plain(self.winning),
            "lacking": self.lacking,
            "gain_later": self.gain_later,
            "below_later": self.below_later,
            "customers": int(known.sum()),
            "by_basis": {name: int((self.basis == k).sum()) for k, name in enumerate(BASES)},
            "gap": float(np.nansum(self.gap)),
            "growth": float(np.nansum(self.growth)),
            "low": float(np.nansum(self.low)),
            "high": float(np.nansum(self.high)),
        }


YEAR = 365


def measure_growth(
    about: Prospects,
    spent: Spent,
    *,
    today: int,
    annual_rate: float = 0.0,
    horizon_months: float = 36.0,
    settings: GrowthSettings | None = None,
    level: float = 0.8,
) -> Growth:
    """The growth potential of every customer who bought; see the module for the formula.

    Without attributes, or where there are too few customers or years, only what customers stated and asked
    for counts, if it is known how often gaps close at all.
    """
    quantile = (settings or GrowthSettings()).quantile
    frontier, then, lacking = _frontiers(about.firms, spent, today, quantile)
    wallet = about.stated.copy()
    peers = np.isnan(wallet)
    spread = np.zeros(len(wallet))
    if frontier is not None:
        wallet[peers] = frontier.spend(about.firms)[peers]
        spread[peers] = frontier.spread(about.firms)[peers]
    wallet[~spent.bought] = np.nan
    winning, gain_later, below_later = None, None, None
    if then is not None:
        winning, gain_later, below_later = _winning(about.firms, spent, then, today, level)
        lacking = lacking or ("" if winning else "history")
    # What a year brings now: an unlucky year isn't the frontier's business, the continuation foresees its end.
    now = np.maximum(spent.lately, np.nan_to_num(spent.expected))
    now = np.maximum(now, 0.0)
    gap = np.maximum(wallet - now, 0.0)
    asked = np.where(spent.bought, np.nan_to_num(about.asked), 0.0)
    is_asked = asked > np.nan_to_num(gap)
    gap = np.where(is_asked, asked, gap)
    basis = np.select([is_asked, ~peers & spent.bought, np.isfinite(wallet)], [1, 0, 2], -1)
    worth = np.maximum(spent.margin, 0.0) * spent.years
    worth = worth * _discount(annual_rate, horizon_months)
    unknown = np.full(len(gap), np.nan)
    probability, p_low, p_high = unknown, unknown, unknown
    if winning is not None:
        room = np.where(is_asked, now + asked, wallet)
        share = np.divide(now, room, out=np.ones(len(now)), where=room > 0)
        probability, p_low, p_high = (
            np.where(np.isfinite(gap), own, np.nan) for own in winning.probability(share)
        )
    won = gap * probability * worth
    offered = _offered(about, spent, horizon_months)
    growth = np.where(np.isfinite(won), np.fmax(won, offered), offered)
    low, high = _interval(won, gap, wallet, now, spread, (probability, p_low, p_high), worth, level)
    basis[np.isnan(probability)] = -1
    basis[(np.nan_to_num(offered) > np.nan_to_num(won)) & np.isfinite(growth)] = 3
    basis[np.isnan(growth)] = -1
    return Growth(
        growth=growth,
        low=np.where(np.isfinite(low), np.fmax(low, offered), offered),
        high=np.where(np.isfinite(high), np.fmax(high, offered), offered),
        wallet=wallet,
        gap=gap,
        probability=probability,
        offered=offered,
        expected_of_offers=np.where(spent.bought, about.offered, np.nan),
        basis=basis.astype(np.int8),
        frontier=frontier,
        winning=winning,
        lacking=lacking,
        gain_later=gain_later,
        below_later=below_later,
    )


def _frontiers(
    firms: Firms, spent: Spent, today: int, quantile: float
) -> tuple[Frontier | None, Frontier | None, str]:
    """Of the last 12 months and of the 12 months before, and what is lacking for one of them."""
    found: list[Frontier] = []
    for years, money in ((1, spent.lately), (2, spent.before)):
        who = spent.bought & (spent.first_day <= today - years * YEAR) & (money > 0)
        try:
            found.append(fit_frontier(firms.only(who), money[who], quantile=quantile))
        except TooFew as reason:
            key = reason.key if not found else "history"
            return (found[0] if found else None), None, key
    return found[0], found[1], ""


def _winning(
    firms: Firms, spent: Spent, then: Frontier, today: int, level: float
) -> tuple[Winning | None, float, float]:
    """How often the gaps of a year ago closed, and how the frontier of then stands this year's test."""
    known = spent.bought & (spent.first_day <= today - 2 * YEAR)
    old = firms.only(known)
    wallet = then.spend(old)
    before, since = np.maximum(spent.before[known], 0.0), spent.lately[known]
    spends = since > 0
    gain = gain_of(
        then, old.only(spends), since[spends], float(np.quantile(since[spends], then.quantile))
    )
    below = float((since[spends] < wallet[spends]).mean())
    try:
        return how_often_won(wallet, before, since, level=level), gain, below
    except ValueError:
        return None, gain, below


def _discount(annual_rate: float, horizon_months: float) -> float:
    """The mean of (1 + d)^−t over the horizon."""
    years = horizon_months / 12
    force = np.log1p(annual_rate) * years
    return float(-np.expm1(-force) / force) if abs(force) > 1e-12 else 1.0


def _offered(about: Prospects, spent: Spent, horizon_months: float) -> Vector:
    part = min(1.0, about.offer_days / (horizon_months * 365.25 / 12))
    usual = np.maximum(np.nan_to_num(spent.continuation), 0.0) * part * about.usual_share
    extra = np.maximum(about.offered - usual, 0.0)
    return np.where(spent.bought, extra, np.nan)


def _interval(
    won: Vector,
    gap: Vector,
    wallet: Vector,
    now: Vector,
    spread: Vector,
    probability: tuple[Vector, Vector, Vector],
    worth: Vector,
    level: float,
) -> tuple[Vector, Vector]:
    """Of the mean: the frontier and the probability are unsure each for itself."""
    from scipy.special import ndtri

    wide = float(ndtri((1 + level) / 2)) * spread
    _p, p_low, p_high = probability
    ends = []
    for side, own in ((-1, p_low), (1, p_high)):
        other = np.where(spread > 0, np.maximum(wallet * np.exp(side * wide) - now, 0.0), gap)
        first, second = gap * own * worth - won, (other - gap) * probability[0] * worth
        ends.append(np.maximum(won + side * np.hypot(first, second), 0.0))
    return ends[0], ends[1]


def growth_of(
    arrays: OpenFacts,
    summary: Summary,
    past: Realised,
    coming: Foretelling,
    settings: Settings,
    plan: Plan,
) -> Growth:
    """Growth potential within a run; unknown for everybody where nothing but purchases is known."""
    about = arrays.prospects
    if about is None:
        return Growth.unknown(len(arrays.customers))
    bought = summary.bought
    ratio = np.full(len(bought), settings.horizon_months / 12)
    np.divide(
        coming.expected_purchases, coming.expected_12m, out=ratio, where=coming.expected_12m > 1e-9
    )
    each = coming.expected_spend * (1 - summary.return_rate)
    spent = Spent(
        lately=past.revenue_12m,
        before=arrays.spent_before(plan),
        expected=coming.expected_12m * each,
        first_day=summary.first_day,
        bought=bought,
        margin=past.margin_rate,
        # Nobody stays longer than the horizon, whatever the seasons say.
        years=np.clip(ratio, 0.0, settings.horizon_months / 12),
        continuation=coming.continuation,
    )
    return measure_growth(
        about,
        spent,
        today=plan.today,
        annual_rate=settings.annual_rate,
        horizon_months=settings.horizon_months,
        settings=GrowthSettings(settings.frontier_quantile),
        level=settings.interval_level,
    )


def prospects_of(table: pa.Table | None, customers: NDArray[np.int64]) -> Prospects | None:
    """What a table says of these customers: `customer`, any columns of text as attributes, and the numbers
    `stated`, `asked`, `offered` where known. The figures of the offers stand in the table's metadata."""
    import pyarrow as pa

    if table is None:
        return None
    ids = np.asarray(table.column("customer").to_numpy(), dtype=np.int64)
    place = np.searchsorted(customers, ids)
    known = place < len(customers)
    known[known] = customers[place[known]] == ids[known]
    place = place[known]
    levels: dict[str, tuple[str, ...]] = {}
    codes: dict[str, NDArray[np.int32]] = {}
    numbers = {name: np.full(len(customers), np.nan) for name in NUMBERS}
    for name in table.column_names:
        column = table.column(name)
        if name in NUMBERS:
            own = np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)
            numbers[name][place] = own[known]
        elif name != "customer":
            levels[name], told = _encoded(column)
            codes[name] = np.full(len(customers), -1, dtype=np.int32)
            codes[name][place] = told[known]
    about = table.schema.metadata or {}
    return Prospects(
        Firms(levels, codes),
        **numbers,
        usual_share=float(about.get(b"usual_share", 0.0)),
        offer_days=float(about.get(b"offer_days", 180.0)),
    )


def _encoded(column: pa.ChunkedArray) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_dictionary(column.type):
        column = pc.dictionary_encode(column.cast(pa.string()))
    whole = column.unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.chunk(0) if whole.num_chunks else pa.array([], column.type)
    words = [word or "" for word in whole.dictionary.to_pylist()]
    names = tuple(sorted(word for word in words if word))
    place = {word: k for k, word in enumerate(names)}
    order = np.array([place.get(word, -1) for word in words] + [-1], dtype=np.int32)
    told = np.asarray(pc.fill_null(whole.indices, len(words)).to_numpy(zero_copy_only=False))
    return names, order[told.astype(np.int64)]
