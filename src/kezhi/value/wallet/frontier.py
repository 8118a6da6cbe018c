"""What customers like this one spend in a year at most: a frontier of spend by what they are.

The 80 % quantile of the logarithm of a year's spend, by attributes such as industry, region and size: of
customers alike in all of them, one in five spends more. How far a group departs from all others is
penalised by what chance alone would do with as many customers, so that small groups are told by the
larger ones they belong to, and never by their one best customer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kezhi.value.wallet.quantile_regression import check_loss, quantile_regression

Vector = NDArray[np.float64]
Codes = NDArray[np.int32]

QUANTILE = 0.80
LEAST = 20
"""Customers with a whole year of spend, to say anything."""
LEAST_OF_LEVEL = 5
"""Customers of an industry, a region …, to say anything of it."""
STRENGTH = 0.5
"""Of the penalty, in standard deviations of what chance does to a group: by simulation the frontier comes
nearest to the true one for 100 to 10,000 customers alike, and its intervals hold as often as they say."""
NEAR = 0.2
"""Share of the customers by which the density around the frontier is told, for its interval."""


class TooFew(ValueError):
    """There is no frontier; `key` says why: `few` customers, or no `attributes` that tell them apart."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


@dataclass(frozen=True, slots=True)
class Firms:
    """What customers are: by attribute its levels, and each customer's place in them (−1: unknown)."""

    levels: Mapping[str, tuple[str, ...]]
    codes: Mapping[str, Codes]

    def __len__(self) -> int:
        return len(next(iter(self.codes.values()), ()))

    def only(self, who: NDArray[np.bool_]) -> Firms:
        """Some of the customers."""
        return Firms(self.levels, {name: own[who] for name, own in self.codes.items()})

    @classmethod
    def of(cls, attributes: Mapping[str, Sequence[str | None]]) -> Firms:
        """From texts; "" and None are unknown.

        >>> Firms.of({"industry": ["tea", "", "wine"]}).codes["industry"]
        array([ 0, -1,  1], dtype=int32)
        """
        levels, codes = {}, {}
        for name, texts in attributes.items():
            known = tuple(sorted({text for text in texts if text}))
            place = {text: k for k, text in enumerate(known)}
            levels[name] = known
            codes[name] = np.array([place.get(text or "", -1) for text in texts], dtype=np.int32)
        return cls(levels, codes)


@dataclass(frozen=True, slots=True)
class Effect:
    """How an attribute moves the frontier: `factor` × what it is without; of so many customers."""

    attribute: str
    level: str
    factor: float
    customers: int


@dataclass(frozen=True, slots=True)
class Frontier:
    """`base` is the yearly spend of who has no effect; the effects multiply it. A frontier is its parameters.

    `covariance` is of the logarithms, the base first; `customers` were looked at. `gain`: the share of the
    loss of one figure for all that the attributes save (R¹ of Koenker & Machado 1999).
    """

    quantile: float
    base: float
    effects: tuple[Effect, ...]
    covariance: tuple[tuple[float, ...], ...]
    customers: int
    gain: float

    def spend(self, firms: Firms) -> Vector:
        """The frontier of each customer: money a year."""
        return np.exp(self._sum(firms, np.log([each.factor for each in self.effects])))

    def spread(self, firms: Firms) -> Vector:
        """The standard error of the frontier's logarithm."""
        cells, own = self._cells(firms)
        covariance = np.array(self.covariance)
        wide = np.einsum("ij,jk,ik->i", cells, covariance, cells)
        return np.asarray(np.sqrt(np.maximum(wide, 0.0))[own])

    def _sum(self, firms: Firms, logs: Vector) -> Vector:
        cells, own = self._cells(firms)
        return np.asarray((np.log(self.base) + np.einsum("ij,j->i", cells[:, 1:], logs))[own])

    def _cells(self, firms: Firms) -> tuple[Vector, NDArray[np.int64]]:
        columns = [(each.attribute, each.level) for each in self.effects]
        return _cells(firms, columns)


def fit_frontier(
    firms: Firms, spend: Vector, *, quantile: float = QUANTILE, strength: float = STRENGTH
) -> Frontier:
    """The frontier of a year's spend (above 0) of customers who were there the whole year.

    `strength` of the penalty is in standard deviations of what chance does to a group. Raises `TooFew`.

    >>> kinds, money = ["inn", "shop"] * 40, np.tile([400.0, 100.0], 40) * np.linspace(0.5, 1.5, 80)
    >>> frontier = fit_frontier(Firms.of({"kind": kinds}), money)
    >>> frontier.spend(Firms.of({"kind": ["inn", "shop"]})).round()
    array([504., 135.])
    """
    if len(spend) < LEAST:
        raise TooFew("few", f"a frontier takes {LEAST} customers with a year of spend")
    columns = [
        (name, level)
        for name, levels in firms.levels.items()
        for level, count in zip(
            levels,
            np.bincount(firms.codes[name][firms.codes[name] >= 0], minlength=len(levels)).tolist(),
            strict=True,
        )
        if LEAST_OF_LEVEL <= count <= len(spend) - LEAST_OF_LEVEL
    ]
    if not columns:
        raise TooFew("attributes", "no attribute tells the customers apart")
    cells, own = _cells(firms, columns)
    # Around its own middle, so that the currency changes no digit.
    usual = float(np.quantile(np.log(spend), quantile))
    y = np.log(spend) - usual
    sizes = np.bincount(own, minlength=len(cells)).astype(np.float64)
    counts = np.einsum("i,ij->j", sizes, cells)
    penalties = strength * np.sqrt(quantile * (1 - quantile) * counts)
    penalties[0] = 0.0
    fit = quantile_regression(cells, y, quantile, cells=own, penalties=penalties)
    logs = fit.coefficients
    fitted = np.einsum("ij,j->i", cells, logs)[own]
    alone = check_loss(y, quantile)
    effects = tuple(
        Effect(name, level, float(np.exp(log)), int(count))
        for (name, level), log, count in zip(columns, logs[1:], counts[1:], strict=True)
    )
    return Frontier(
        quantile=quantile,
        base=float(np.exp(logs[0] + usual)),
        effects=effects,
        covariance=_covariance(cells, own, y - fitted, quantile, penalties),
        customers=len(spend),
        gain=1 - fit.loss / alone if alone > 0 else 0.0,
    )


def gain_of(frontier: Frontier, firms: Firms, spend: Vector, otherwise: float) -> float:
    """R¹ on customers or a year that the frontier wasn't fitted to, against `otherwise` for everybody."""
    y = np.log(spend)
    told = check_loss(y - np.log(frontier.spend(firms)), frontier.quantile)
    alone = check_loss(y - np.log(otherwise), frontier.quantile)
    return 1 - told / alone if alone > 0 else 0.0


def _cells(firms: Firms, columns: Sequence[tuple[str, str]]) -> tuple[Vector, NDArray[np.int64]]:
    """The distinct rows of the design, a column of ones first, and which of them each customer has."""
    names = [name for name in firms.levels if any(name == own for own, _level in columns)]
    place = {column: k + 1 for k, column in enumerate(columns)}
    combined = np.zeros(len(firms), dtype=np.int64)
    tables = []
    for name in names:
        of_level = np.array([place.get((name, level), 0) for level in firms.levels[name]] + [0])
        tables.append(of_level)
        combined = combined * len(of_level) + firms.codes[name] % len(of_level)
    distinct, own = _distinct(combined, [len(table) for table in tables])
    cells = np.zeros((len(distinct), len(columns) + 1))
    rest = distinct.copy()
    for table in reversed(tables):
        cells[np.arange(len(distinct)), table[rest % len(table)]] = 1.0
        rest //= len(table)
    cells[:, 0] = 1.0
    return cells, own


def _distinct(
    combined: NDArray[np.int64], sizes: Sequence[int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    whole = int(np.prod([float(size) for size in sizes]))
    if whole > 1_000_000:
        distinct, own = np.unique(combined, return_inverse=True)
        return distinct, own.reshape(-1)
    there = np.bincount(combined, minlength=whole) > 0
    return np.flatnonzero(there), (np.cumsum(there) - 1)[combined]


def _covariance(
    cells: Vector, own: NDArray[np.int64], r: Vector, quantile: float, penalties: Vector
) -> tuple[tuple[float, ...], ...]:
    """Of the coefficients: H⁻¹JH⁻¹ with H by the rows near the frontier (Powell 1991); a penalty holds its
    coefficient as so much evidence would."""
    near = max(float(np.quantile(np.abs(r), NEAR)), 1e-9)
    inside = np.bincount(own[np.abs(r) <= near], minlength=len(cells)) / (2 * near)
    sizes = np.bincount(own, minlength=len(cells)).astype(np.float64)
    falls = np.einsum("ci,c,cj->ij", cells, inside, cells, optimize=False)
    noise = (
        quantile * (1 - quantile) * np.einsum("ci,c,cj->ij", cells, sizes, cells, optimize=False)
    )
    # A Laplace prior of scale 1/λ has the standard deviation √2/λ.
    prior = np.diag(np.square(penalties) / 2)
    inverse = np.linalg.pinv(falls + prior, hermitian=True)
    found = inverse @ (noise + prior) @ inverse
    return tuple(tuple(row) for row in found.tolist())
