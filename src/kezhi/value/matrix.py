"""The value matrix: what customers bring now × their potential value, in four quadrants.

With a third measure (loyalty, influence) it is a cube of eight cells; and whoever drags a border is
told who moves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

QUADRANTS = ("grow", "keep", "nurture", "self_service")
"""High on both; high current, low potential; low current, high potential; low on both."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """`quadrant` as positions in `QUADRANTS` (-1: not measured), and the borders of both axes."""

    quadrant: NDArray[np.int8]
    current_border: float
    potential_border: float


def measure_across(rows: Mapping[str, Vector]) -> str:
    """The measure that tells what customers bring now: `current_value` once growth is measured.

    Until then potential value is the continuation alone, which current value contains: the one would
    repeat the other, and `contribution_12m` is taken.

    >>> measure_across({"growth_value": np.array([np.nan, np.nan])})
    'contribution_12m'
    """
    return "current_value" if np.isfinite(rows["growth_value"]).any() else "contribution_12m"


def value_matrix(
    current: Vector,
    potential: Vector,
    *,
    current_border: float | None = None,
    potential_border: float | None = None,
) -> Matrix:
    """Quadrants split at the given borders, by default at the medians; a figure on it is high if it
    is above 0: where most customers bring nothing, nothing is the median and still not much.

    >>> found = value_matrix(np.array([9.0, 8.0, 1.0, 0.0]), np.array([5.0, 1.0, 6.0, 0.0]))
    >>> [QUADRANTS[k] for k in found.quadrant]
    ['grow', 'keep', 'nurture', 'self_service']
    """
    known = np.isfinite(current) & np.isfinite(potential)
    first = _border(current[known], current_border)
    second = _border(potential[known], potential_border)
    low_current = (current < first) | (current <= 0)
    low_potential = (potential < second) | (potential <= 0)
    quadrant = (2 * low_current + low_potential).astype(np.int8)
    return Matrix(np.where(known, quadrant, -1).astype(np.int8), first, second)


@dataclass(frozen=True, slots=True)
class Cube:
    """`cell` is the quadrant (0-3) where the third measure is high, the quadrant + 4 where it is low;
    -1: one of the three isn't measured."""

    cell: NDArray[np.int8]
    current_border: float
    potential_border: float
    third_border: float

    @property
    def quadrant(self) -> NDArray[np.int8]:
        """Positions in `QUADRANTS`."""
        return np.where(self.cell < 0, -1, self.cell % 4).astype(np.int8)

    @property
    def is_high(self) -> NDArray[np.bool_]:
        """Whether the third measure is high."""
        return (self.cell >= 0) & (self.cell < 4)


def value_cube(
    current: Vector,
    potential: Vector,
    third: Vector,
    *,
    current_border: float | None = None,
    potential_border: float | None = None,
    third_border: float | None = None,
) -> Cube:
    """The matrix split once more by a third measure; borders default to the medians of those who have
    all three, and on this axis, too, nothing is never much.

    >>> value_cube(np.array([9.0, 1.0]), np.array([5.0, 0.0]), np.array([0.2, 0.9])).cell.tolist()
    [4, 3]
    """
    known = np.isfinite(third)
    flat = value_matrix(
        np.where(known, current, np.nan),
        potential,
        current_border=current_border,
        potential_border=potential_border,
    )
    border = _border(third[flat.quadrant >= 0], third_border)
    low = (third < border) | (third <= 0)
    cell = np.where(flat.quadrant < 0, -1, flat.quadrant + 4 * low).astype(np.int8)
    return Cube(cell, flat.current_border, flat.potential_border, border)


@dataclass(frozen=True, slots=True)
class Drag:
    """What moving the borders does.

    `movers` are the positions of the customers who change their quadrant. `customers` and `amounts`
    count them and their money by quadrant before (rows) and after (columns), in the order of
    `QUADRANTS`; who stays is on the diagonal.
    """

    before: NDArray[np.int8]
    after: NDArray[np.int8]
    movers: NDArray[np.intp]
    customers: tuple[tuple[int, ...], ...]
    amounts: tuple[tuple[float, ...], ...]

    @property
    def money_moved(self) -> float:
        """The sum over the customers who change their quadrant."""
        return float(
            sum(map(sum, self.amounts)) - sum(row[k] for k, row in enumerate(self.amounts))
        )


def drag(
    current: Vector,
    potential: Vector,
    before: tuple[float, float],
    after: tuple[float, float],
    amounts: Vector | None = None,
) -> Drag:
    """Who moves when the borders (current, potential) go from `before` to `after`.

    `amounts` is the money that moves with a customer, by default what they bring now.

    >>> found = drag(np.array([9.0, 5.0]), np.array([5.0, 5.0]), (6, 3), (4, 3))
    >>> found.movers.tolist(), found.customers[2], found.money_moved
    ([1], (1, 0, 0, 0), 5.0)
    """
    first, second = (
        value_matrix(
            current, potential, current_border=float(one[0]), potential_border=float(one[1])
        ).quadrant
        for one in (before, after)
    )
    known = first >= 0
    cell = first[known].astype(np.int64) * 4 + second[known]
    money = np.nan_to_num(current if amounts is None else amounts)[known]
    counts = np.bincount(cell, minlength=16).reshape(4, 4)
    sums = np.bincount(cell, money, minlength=16).reshape(4, 4)
    return Drag(
        first,
        second,
        np.flatnonzero(first != second),
        tuple(tuple(row) for row in counts.tolist()),
        tuple(tuple(row) for row in sums.tolist()),
    )


def _border(known: Vector, border: float | None) -> float:
    if border is not None:
        return border
    return float(np.median(known)) if len(known) else 0.0
