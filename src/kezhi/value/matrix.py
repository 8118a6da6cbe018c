"""The value matrix: what customers bring now × what they may still bring, in four quadrants.

With a third measure (loyalty, influence) it is a cube of eight cells; and whoever drags a border is
told who moves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

QUADRANTS = ("grow", "keep", "nurture", "self_service")
"""High on both; high current, low potential; low current, high potential; low on both."""


@dataclass(frozen=True, slots=True)
class Split:
    """Where an axis parts into low and high: `by` share so that the share `at` of the customers lies
    below (0.5: the median), `by` figure at the figure `at` itself."""

    by: Literal["share", "figure"] = "share"
    at: float = 0.5

    def __post_init__(self) -> None:
        if self.by not in ("share", "figure"):
            raise ValueError(f"an axis is split by share or by figure, not by {self.by!r}")
        if self.by == "share" and not 0 < self.at < 1:
            raise ValueError("the share of customers below a border lies between 0 and 1")
        if not np.isfinite(self.at):
            raise ValueError("a border is a number")

    def border(self, known: Vector) -> float:
        """The border among these figures; 0 where there are none to take a share of.

        >>> Split("share", 0.75).border(np.array([1.0, 2.0, 3.0, 4.0, 5.0])), Split("figure", 9).border([])
        (4.0, 9.0)
        """
        if self.by == "figure":
            return float(self.at)
        if not len(known):
            return 0.0
        return float(np.median(known) if self.at == 0.5 else np.quantile(known, self.at))


UPS = ("potential_value", "growth_value")
"""What may stand up: potential value whole, or of it growth potential alone, as far as a run measures it."""

THIRDS = ("loyalty_index", "influence_index", "p_alive")
"""What may be the third axis: the indices "loyalty" and "influence" of the tree (0-100), P(alive)."""

DECIMALS = {
    "contribution_12m": 2,
    "current_value": 2,
    "potential_value": 2,
    "growth_value": 2,
    "loyalty_index": 3,
    "influence_index": 3,
    "p_alive": 4,
}
"""With so many the measures of the axes are kept. They are placed as they are kept: where the border is
somebody's own figure (the median of an odd number), that customer stands on it before and after."""


@dataclass(frozen=True, slots=True)
class MatrixSettings:
    """The borders of the axes across (`current`) and up (`potential`), which measure is the third
    (empty: the matrix is flat), and which of `UPS` stands up."""

    current: Split = field(default_factory=Split)
    potential: Split = field(default_factory=Split)
    third: str = ""
    third_split: Split = field(default_factory=Split)
    up: str = "potential_value"

    def __post_init__(self) -> None:
        if self.up not in UPS:
            raise ValueError(f"the axis up is one of {', '.join(UPS)}, not {self.up!r}")
        if self.third and self.third not in THIRDS:
            raise ValueError(f"the third axis is one of {', '.join(THIRDS)}, not {self.third!r}")

    def place(self, rows: Mapping[str, Vector]) -> Placing:
        """Everybody's quadrant by these borders, and the border of the third measure.

        `rows` has `measure_across`, `measure_up` and, where there is one, the third.
        """
        axes = across, up = measure_across(rows), self.measure_up(rows)
        current, potential = (_as_kept(rows, name) for name in axes)
        # A border in money is one of the measure that it was drawn for.
        drawn = self.potential if up == self.up or self.potential.by == "share" else Split()
        known = np.isfinite(current) & np.isfinite(potential)
        flat = value_matrix(
            current,
            potential,
            current_border=self.current.border(current[known]),
            potential_border=drawn.border(potential[known]),
        )
        if rows.get(self.third) is None:
            return Placing(flat, across, up)
        third = _as_kept(rows, self.third)
        if not (known & np.isfinite(third)).any():
            return Placing(flat, across, up)
        among = third[known & np.isfinite(third)]
        return Placing(flat, across, up, self.third, self.third_split.border(among))

    def measure_up(self, rows: Mapping[str, Vector]) -> str:
        """What stands up: growth potential where it was chosen and is measured, else potential value.

        >>> MatrixSettings(up="growth_value").measure_up({"growth_value": np.array([np.nan, 3.0])})
        'growth_value'
        """
        return self.up if np.isfinite(rows["growth_value"]).any() else "potential_value"


@dataclass(frozen=True, slots=True)
class Matrix:
    """`quadrant` as positions in `QUADRANTS` (-1: not measured), and the borders of the axes across
    (`current_border`) and up (`potential_border`)."""

    quadrant: NDArray[np.int8]
    current_border: float
    potential_border: float


@dataclass(frozen=True, slots=True)
class Placing:
    """A matrix by the borders of a company, with the measures of its axes; `third` is empty where there
    is no third measure."""

    matrix: Matrix
    across: str
    up: str
    third: str = ""
    third_border: float | None = None


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


def _as_kept(rows: Mapping[str, Vector], name: str) -> Vector:
    return np.round(rows[name], DECIMALS[name])


def _border(known: Vector, border: float | None) -> float:
    if border is not None:
        return border
    return float(np.median(known)) if len(known) else 0.0
