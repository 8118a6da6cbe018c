"""Delivered value 让渡价值: what customers get less what it costs them, from what they said.

CV = w_p·product + w_e·personnel + w_i·image + w_s·service − (money + v·time + m·mental + p·physical)
(Kotler). As an index, every attribute is 0 … 100 and weighs as important as it is; in money, benefits
are what customers would pay for them, hours count at a wage, and all weigh 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kezhi.value.potential.fitting import CannotFit
from kezhi.value.repurchase import Repurchase
from kezhi.value.repurchase import fit as fit_repurchase
from kezhi.value.survey_answers import US, Answers

Vector = NDArray[np.float64]

BENEFITS = ("product", "personnel", "image", "service")
COSTS = ("money", "time", "mental", "physical")
ATTRIBUTES = BENEFITS + COSTS
DRAWS = 1000


@dataclass(frozen=True, slots=True)
class Item:
    """What an item of a survey says: of which attribute, on which scale.

    `low` … `high` is the scale of answers for the index; `is_reversed` where a high answer means little
    of the attribute ("ordering is easy" for time). `unit` for the money version: `money` (what one
    would pay, or pays), `hours` (times the wage), or None: the item takes part in the index only.
    """

    item: str
    attribute: str
    low: float = 1.0
    high: float = 10.0
    is_reversed: bool = False
    unit: Literal["money", "hours"] | None = None

    def __post_init__(self) -> None:
        if self.attribute not in ATTRIBUTES:
            raise ValueError(
                f"{self.item!r} is of {self.attribute!r}; attributes are {', '.join(ATTRIBUTES)}"
            )
        if self.unit is None and not self.low < self.high:
            raise ValueError(f"the scale of {self.item!r} must rise from {self.low} to {self.high}")
        if self.unit not in (None, "money", "hours"):
            raise ValueError(f"{self.item!r} is in money or hours, not in {self.unit!r}")


EQUAL = dict.fromkeys(ATTRIBUTES, 0.25)


@dataclass(frozen=True, slots=True)
class DeliveredSettings:
    """The item map, and the weights of the index by attribute: w_p, w_e, w_i, w_s and of the costs.

    With the default weights, one quarter each, the index lies between −100 and 100.
    """

    items: tuple[Item, ...]
    weights: Mapping[str, float] = field(default_factory=lambda: dict(EQUAL))
    wage: float | None = None

    def __post_init__(self) -> None:
        names = [item.item for item in self.items]
        if len(set(names)) != len(names):
            raise ValueError("an item stands twice in the map")
        for name, weight in self.weights.items():
            if name not in ATTRIBUTES or not 0 <= weight < float("inf"):
                raise ValueError(f"{name!r} can't weigh {weight}: attributes weigh 0 or more")
        if self.wage is None and any(item.unit == "hours" for item in self.items):
            raise ValueError("items in hours need a wage")


@dataclass(frozen=True, slots=True)
class Delivered:
    """A row per respondent and supplier judged; see the columns below. NaN: not asked.

    `attributes` are rows × `ATTRIBUTES` on 0 … 100; `benefits`, `costs` and `value` their weighted sums.
    `money` is the same in money: rows × `ATTRIBUTES`; `value_in_money` the sum of benefits less that of
    costs, `surplus` (客户剩余价值) what one would pay less the price paid.
    """

    respondents: tuple[str, ...]
    customers: tuple[str, ...]
    about: tuple[str, ...]
    settings: DeliveredSettings
    attributes: Vector
    benefits: Vector
    costs: Vector
    value: Vector
    money: Vector
    value_in_money: Vector
    surplus: Vector


def delivered(answers: Answers, settings: DeliveredSettings) -> Delivered:
    """The delivered value of every row of answers.

    An attribute is the mean of its items that were answered; in money it is their sum. An attribute
    that a respondent wasn't asked gives its weight to the others on its side; one that nobody was asked
    takes no part. Raises ValueError for an answer outside its scale.
    """
    attributes = np.full((len(answers.answers), len(ATTRIBUTES)), np.nan)
    money = np.full_like(attributes, np.nan)
    for place, name in enumerate(ATTRIBUTES):
        own = [item for item in settings.items if item.attribute == name]
        scaled = [_scaled(answers, item) for item in own if item.unit is None]
        priced = [
            answers.of(item.item)[:, 0] * ((settings.wage or 0.0) if item.unit == "hours" else 1.0)
            for item in own
            if item.unit is not None
        ]
        if scaled:
            attributes[:, place] = _mean(np.column_stack(scaled))
        if priced:
            money[:, place] = _total(np.column_stack(priced))
    weights = np.array([settings.weights.get(name, 0.0) for name in ATTRIBUTES])
    side = len(BENEFITS)
    benefits = _weighed(attributes[:, :side], weights[:side])
    costs = _weighed(attributes[:, side:], weights[side:])
    gained, paid = _total(money[:, :side]), _total(money[:, side:])
    return Delivered(
        respondents=answers.respondents,
        customers=answers.customers,
        about=answers.about,
        settings=settings,
        attributes=attributes,
        benefits=benefits,
        costs=costs,
        value=benefits - costs,
        money=money,
        value_in_money=gained - paid,
        surplus=gained - money[:, ATTRIBUTES.index("money")],
    )


def _scaled(answers: Answers, item: Item) -> Vector:
    own = answers.of(item.item)[:, 0]
    off = np.flatnonzero((own < item.low) | (own > item.high))
    if len(off):
        raise ValueError(
            f"{answers.respondents[off[0]]} answered {own[off[0]]:g} to {item.item!r}, whose scale "
            f"goes from {item.low:g} to {item.high:g}"
        )
    share = (own - item.low) / (item.high - item.low)
    return 100.0 * (1 - share if item.is_reversed else share)


def _mean(columns: Vector) -> Vector:
    count = np.isfinite(columns).sum(axis=1)
    total = np.nansum(columns, axis=1)
    return np.divide(total, count, out=np.full(len(columns), np.nan), where=count > 0)


def _total(columns: Vector) -> Vector:
    asked = columns[:, np.isfinite(columns).any(axis=0)]
    if asked.shape[1] == 0:
        return np.full(len(columns), np.nan)
    return np.asarray(asked.sum(axis=1))  # NaN where one that others answered is missing


def _weighed(columns: Vector, weights: Vector) -> Vector:
    """Σ w x over the columns that anybody answered; a respondent's gaps go to the respondent's rest."""
    asked = np.isfinite(columns).any(axis=0)
    columns, own = columns[:, asked], weights[asked]
    known = np.where(np.isfinite(columns), own, 0.0)
    given = known.sum(axis=1)
    found = (known * np.nan_to_num(columns)).sum(axis=1)
    scaled = np.divide(found, given, out=np.full(len(columns), np.nan), where=given > 0)
    return scaled * own.sum()


@dataclass(frozen=True, slots=True)
class GroupMean:
    """The mean of one group of respondents, and its bootstrap interval (None with fewer than two)."""

    group: str
    respondents: int
    attributes: tuple[float | None, ...]
    benefits: float | None
    costs: float | None
    value: float | None
    low: float | None
    high: float | None
    value_in_money: float | None
    surplus: float | None


def by_group(
    found: Delivered, groups: Sequence[str], *, level: float = 0.80, seed: int = 1
) -> tuple[GroupMean, ...]:
    """Means by group of rows: customers, segments, suppliers. `low` and `high` are of `value`.

    `groups` names the group of each row: `found.customers`, `found.about`, or a segment each.
    """
    labels = np.asarray(groups, dtype=np.str_)
    if len(labels) != len(found.value):
        raise ValueError("every row of answers belongs to one group")
    means = []
    for label in np.unique(labels).tolist():
        own = labels == label
        low, high = bootstrap_mean(found.value[own], level=level, seed=seed)
        means.append(
            GroupMean(
                group=label,
                respondents=int(own.sum()),
                attributes=tuple(_known_mean(column) for column in found.attributes[own].T),
                benefits=_known_mean(found.benefits[own]),
                costs=_known_mean(found.costs[own]),
                value=_known_mean(found.value[own]),
                low=low,
                high=high,
                value_in_money=_known_mean(found.value_in_money[own]),
                surplus=_known_mean(found.surplus[own]),
            )
        )
    return tuple(means)


def _known_mean(column: Vector) -> float | None:
    known = column[np.isfinite(column)]
    return float(known.mean()) if len(known) else None


def bootstrap_mean(
    figures: ArrayLike, *, level: float = 0.80, draws: int = DRAWS, seed: int = 1
) -> tuple[float | None, float | None]:
    """Percentile interval of the mean, drawn with `seed`; (None, None) with fewer than two figures.

    >>> low, high = bootstrap_mean([1.0, 2.0, 3.0, 4.0, 5.0])
    >>> low < 3 < high
    True
    """
    own = np.asarray(figures, dtype=np.float64)
    own = own[np.isfinite(own)]
    if len(own) < 2:
        return None, None
    rng = np.random.default_rng(seed)
    at_once = max(1, 1_000_000 // len(own))
    drawn = np.concatenate(
        [
            own[rng.integers(0, len(own), (min(at_once, draws - done), len(own)))].mean(axis=1)
            for done in range(0, draws, at_once)
        ]
    )
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


@dataclass(frozen=True, slots=True)
class MapPoint:
    """A supplier on the value map (Gale 1994).

    `relative_benefits` is the weighted mean over the attributes of the ratio to the other suppliers'
    mean, `relative_price` the price ÷ the others' mean price; `ratio` divides the two: above 1 is better
    value than the market gives. `per_price` is the benefits index ÷ relative price.
    """

    about: str
    respondents: int
    benefits: float
    price: float
    relative_benefits: float
    relative_price: float
    ratio: float
    per_price: float


def value_map(found: Delivered, prices: Mapping[str, float]) -> tuple[MapPoint, ...]:
    """Suppliers by perceived benefits and price; `prices` goes by `about` (ourselves: "").

    Suppliers without price or answers are left out; fewer than two can't be compared: ValueError.
    """
    labels = np.asarray(found.about, dtype=np.str_)
    side, means = len(BENEFITS), {}
    for name, price in prices.items():
        own = labels == name
        if not 0 < price < float("inf"):
            raise ValueError(f"the price of {name or 'ourselves'} must be above 0")
        if own.any() and np.isfinite(found.benefits[own]).any():
            means[name] = np.array(
                [
                    np.nan if m is None else m
                    for m in map(_known_mean, found.attributes[own].T[:side])
                ]
            )
    if len(means) < 2:
        raise ValueError("a value map compares at least two suppliers with answers and a price")
    weights = np.array([found.settings.weights.get(name, 0.0) for name in BENEFITS])
    points = []
    for name, own_means in means.items():
        others = [other for other in means if other != name]
        rest = _mean(np.column_stack([means[other] for other in others]))
        both = np.isfinite(own_means) & np.isfinite(rest) & (rest > 0)
        if not weights[both].sum() > 0:
            raise ValueError(
                f"{name or 'we'} and the others share no attribute that weighs anything"
            )
        relative = float(np.average(own_means[both] / rest[both], weights=weights[both]))
        relative_price = prices[name] / float(np.mean([prices[other] for other in others]))
        benefits = float(np.nanmean(found.benefits[labels == name]))
        points.append(
            MapPoint(
                about=name,
                respondents=int((labels == name).sum()),
                benefits=benefits,
                price=float(prices[name]),
                relative_benefits=relative,
                relative_price=relative_price,
                ratio=relative / relative_price,
                per_price=benefits / relative_price,
            )
        )
    return tuple(points)


@dataclass(frozen=True, slots=True)
class Worth:
    """What raising an attribute by `points` is worth.

    `index` is the change of delivered value; `p_change` the mean change of the probability to buy again
    and `money` the sum of stake × change, with a bootstrap interval, None without a retention model.
    """

    attribute: str
    points: float
    index: float
    p_change: float | None
    money: float | None
    low: float | None
    high: float | None


def worth_of_points(
    found: Delivered,
    bought: ArrayLike | None = None,
    stakes: ArrayLike | None = None,
    *,
    points: float = 1.0,
    level: float = 0.80,
    draws: int = 200,
    seed: int = 1,
) -> tuple[Worth, ...]:
    """What one point more (0 … 100) of each attribute is worth, of the rows about ourselves.

    `bought` is 1 for rows whose customer bought in the period after, `stakes` what buying again brings
    (in money): both by row. The retention model is fitted to them (`kezhi.value.repurchase`), and anew
    for every draw of the bootstrap: the interval holds the doubt about the model and the sample.
    Attributes that already stand at 100 rise no further. Raises CannotFit where who bought again can't be
    told apart (see `repurchase.fit`), or not in most of the draws.
    """
    ours = np.array([name == US for name in found.about])
    index = {name: _raised(found, ours, k, points) for k, name in enumerate(ATTRIBUTES)}
    asked = [
        name for k, name in enumerate(ATTRIBUTES) if np.isfinite(found.attributes[ours, k]).any()
    ]
    if bought is None:
        return tuple(
            Worth(name, points, float(np.nanmean(index[name])), None, None, None, None)
            for name in asked
        )
    value = found.value[ours]
    came = np.asarray(bought, dtype=np.float64)[ours]
    stake = np.ones(len(value)) if stakes is None else np.asarray(stakes, dtype=np.float64)[ours]
    known = np.isfinite(value) & np.isfinite(came) & np.isfinite(stake)
    value, came, stake = value[known], came[known], stake[known]
    steps = np.array([index[name][known] for name in asked])
    model = fit_repurchase(value, came)
    change = _changes(model, value, steps)
    rng = np.random.default_rng(seed)
    drawn = []
    for _draw in range(draws):
        rows = rng.integers(0, len(value), len(value))
        try:
            again = fit_repurchase(value[rows], came[rows])
        except CannotFit:  # all or nobody bought again in this draw
            continue
        drawn.append((_changes(again, value[rows], steps[:, rows]) * stake[rows]).sum(axis=1))
    if 2 * len(drawn) < draws:
        raise CannotFit("too few bought again, or too few did not, for an interval")
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return tuple(
        Worth(
            name,
            points,
            float(steps[k].mean()),
            float(change[k].mean()),
            float((change[k] * stake).sum()),
            float(low[k]),
            float(high[k]),
        )
        for k, name in enumerate(asked)
    )


def _raised(found: Delivered, ours: NDArray[np.bool_], place: int, points: float) -> Vector:
    """How far each row's value moves when the attribute rises; no attribute leaves 0 … 100."""
    side = slice(0, len(BENEFITS)) if place < len(BENEFITS) else slice(len(BENEFITS), None)
    weights = np.array([found.settings.weights.get(name, 0.0) for name in ATTRIBUTES])[side]
    own, before = place - (side.start or 0), found.attributes[ours][:, side]
    if not np.isfinite(before[:, own]).any():
        return np.full(int(ours.sum()), np.nan)
    after = before.copy()
    after[:, own] = np.clip(before[:, own] + points, 0.0, 100.0)
    step = _weighed(after, weights) - _weighed(before, weights)
    return step if place < len(BENEFITS) else -step


def _changes(model: Repurchase, value: Vector, steps: Vector) -> Vector:
    now = model.p(value)
    return np.array([model.p(value + np.nan_to_num(step)) - now for step in steps])
