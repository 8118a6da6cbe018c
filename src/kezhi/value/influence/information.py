"""Information value: what customers tell, in points by kind of contribution, and in money by a rate.

An estimate by the company's own scale (ideas, test reports, market news, case studies), not a
measurement; every figure is flagged as such.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kezhi.value.sums import sum_by

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class InformationValue:
    """Per customer: points, and their money by the rate. `unknown` are kinds without points, with
    how many contributions were left out for that. It is always an estimate."""

    points: Vector
    value: Vector
    unknown: dict[str, int]
    is_estimate: bool = True


def information_value(
    codes: ArrayLike,
    kinds: Sequence[str],
    *,
    points: Mapping[str, float],
    rate: float,
    customers: int,
    quantities: ArrayLike | None = None,
) -> InformationValue:
    """Points of each customer's contributions and `rate` money for a point.

    A row for each contribution: customer code, kind, and how many there were (one where not given).

    >>> found = information_value([0, 0, 2], ["idea", "case", "rumour"], points={"idea": 5, "case": 20},
    ...     rate=10, customers=3)
    >>> found.points, found.value, found.unknown
    (array([25.,  0.,  0.]), array([250.,   0.,   0.]), {'rumour': 1})
    """
    who = np.asarray(codes, dtype=np.int64)
    names = np.asarray(kinds, dtype=object)
    many = np.ones(len(who)) if quantities is None else np.asarray(quantities, dtype=np.float64)
    if not len(who) == len(names) == len(many):
        raise ValueError("customers, kinds and quantities must have the same length")
    distinct, kind = np.unique(names.astype(str), return_inverse=True)
    scale = np.array([points.get(str(name), np.nan) for name in distinct], dtype=np.float64)
    worth = scale[kind] * many if len(names) else np.zeros(0)
    known = ~np.isnan(worth)
    total = sum_by(who[known], worth[known], customers)
    unknown = {
        str(name): int((kind == k).sum()) for k, name in enumerate(distinct) if np.isnan(scale[k])
    }
    return InformationValue(total, total * rate, unknown)
