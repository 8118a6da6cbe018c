"""Who went from which tier to which between two runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Migration:
    """Customers by tier before (rows) and after (columns); the last row and column is "none": new
    customers, customers who left. `amounts` is the same in money where it was given, else zeros.

    Tiers are ordered from best to lowest: below the diagonal customers rose.
    """

    names: tuple[str, ...]
    customers: tuple[tuple[int, ...], ...]
    amounts: tuple[tuple[float, ...], ...]
    rose: int
    fell: int
    stayed: int
    joined: int
    left: int

    @property
    def shares(self) -> tuple[tuple[float | None, ...], ...]:
        """Of the customers of each tier before, the share that is in each tier now; None: nobody."""
        return tuple(
            tuple(one / sum(row) if sum(row) else None for one in row) for row in self.customers
        )


def migration(
    before: ArrayLike, after: ArrayLike, names: tuple[str, ...], amounts: ArrayLike | None = None
) -> Migration:
    """Both as positions in `names` (-1: none), one customer a row; `amounts` is any measure in money.

    >>> found = migration([0, 1, 1, -1], [0, 0, 1, 1], ("S", "A"), [9.0, 5.0, 1.0, 2.0])
    >>> found.customers, found.rose, found.joined
    (((1, 0, 0), (1, 1, 0), (0, 1, 0)), 1, 1)
    """
    first, second = np.asarray(before, dtype=np.int64), np.asarray(after, dtype=np.int64)
    size = len(names) + 1
    if first.shape != second.shape:
        raise ValueError("the tiers before and after are of the same customers, in the same order")
    if len(first) and (
        min(first.min(), second.min()) < -1 or max(first.max(), second.max()) >= size - 1
    ):
        raise ValueError(f"tiers are positions among {', '.join(names)}, or -1 for none")
    cell = np.where(first < 0, size - 1, first) * size + np.where(second < 0, size - 1, second)
    counts = np.bincount(cell, minlength=size * size).reshape(size, size)
    money = np.zeros(len(first)) if amounts is None else np.nan_to_num(np.asarray(amounts, float))
    sums = np.bincount(cell, money, minlength=size * size).reshape(size, size)
    inner = counts[:-1, :-1]
    return Migration(
        names=names,
        customers=tuple(tuple(row) for row in counts.tolist()),
        amounts=tuple(tuple(row) for row in sums.tolist()),
        rose=int(np.tril(inner, -1).sum()),
        fell=int(np.triu(inner, 1).sum()),
        stayed=int(np.trace(inner)),
        joined=int(counts[-1, :-1].sum()),
        left=int(counts[:-1, -1].sum()),
    )
