"""Who came through whom: referrals without circles, several referrers sharing a customer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kezhi.value.sums import sum_by

Vector = NDArray[np.float64]

Reason = Literal["circle", "oneself", "twice"]

MOST_GENERATIONS = 100


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A referral that isn't followed, by the codes of its customers, and why."""

    referrer: int
    referred: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class Lineage:
    """Referrals that are followed, one entry each: `elder` brought `younger`, `share` adds up to 1
    for each younger. `first_day` is the day each customer was first referred, −1 for others."""

    elder: NDArray[np.int32]
    younger: NDArray[np.int32]
    share: Vector
    first_day: NDArray[np.int64]
    left_out: tuple[LeftOut, ...]

    def passed_up(self, amounts: Vector) -> Vector:
        """What of the customers' amounts reaches their referrers: one generation."""
        moved = self.share * amounts[self.younger]
        return sum_by(self.elder, moved, len(amounts))

    def reaching(self, reach: Vector) -> Vector:
        """The part of a customer's worth that reaches generation g + 1, from that of their elders
        for generation g."""
        return sum_by(self.younger, self.share * reach[self.elder], len(reach))

    @property
    def generations(self) -> NDArray[np.int32]:
        """How many generations of referrers stand above each customer, by the longest line, up to 100."""
        depth = np.zeros(len(self.first_day), dtype=np.int32)
        for _ in range(MOST_GENERATIONS):
            deeper = depth.copy()
            np.maximum.at(deeper, self.younger, depth[self.elder] + 1)
            if (deeper == depth).all():
                break
            depth = deeper
        return depth


def lineage(
    elder: ArrayLike,
    younger: ArrayLike,
    days: ArrayLike,
    *,
    customers: int,
    weights: ArrayLike | None = None,
) -> Lineage:
    """Referrals by customer code, cleaned: nobody is their own ancestor.

    A referral that names one customer twice, repeats another (the first by date stays) or closes a
    circle with earlier ones is left out and told. Referrals of one day count in the order of codes.

    >>> found = lineage([0, 1, 2, 5], [1, 2, 0, 2], [1, 2, 3, 4], customers=6)
    >>> found.left_out
    (LeftOut(referrer=2, referred=0, reason='circle'),)
    >>> found.share
    array([1. , 0.5, 0.5])
    """
    above = np.asarray(elder, dtype=np.int64)
    below = np.asarray(younger, dtype=np.int64)
    when = np.asarray(days, dtype=np.int64)
    weight = np.ones(len(above)) if weights is None else np.asarray(weights, dtype=np.float64)
    if not (len(above) == len(below) == len(when) == len(weight)):
        raise ValueError("referrers, referred, days and weights must have the same length")
    if not (np.isfinite(weight).all() and (weight > 0).all()):
        raise ValueError("the weight of a referral must be positive")
    for codes in (above, below):
        if len(codes) and not (codes.min() >= 0 and codes.max() < customers):
            raise ValueError(f"a referral names a customer outside 0 … {customers - 1}")
    order = np.lexsort((below, above, when))
    above, below, when, weight = above[order], below[order], when[order], weight[order]
    reasons = np.full(len(above), "", dtype="U7")
    reasons[above == below] = "oneself"
    _, first = np.unique(above * customers + below, return_index=True)
    again = np.ones(len(above), dtype=np.bool_)
    again[first] = False
    reasons[again & (reasons == "")] = "twice"
    kept = np.flatnonzero(reasons == "")
    reasons[kept[_closing(above[kept], below[kept], customers)]] = "circle"
    sound = reasons == ""
    left_out = tuple(
        LeftOut(int(above[k]), int(below[k]), str(reasons[k]))  # type: ignore[arg-type]
        for k in np.flatnonzero(~sound)
    )
    above, below, when, weight = above[sound], below[sound], when[sound], weight[sound]
    whole = sum_by(below, weight, customers)
    first_day = np.full(customers, np.iinfo(np.int64).max)
    np.minimum.at(first_day, below, when)
    first_day[whole == 0] = -1
    return Lineage(
        above.astype(np.int32), below.astype(np.int32), weight / whole[below], first_day, left_out
    )


def _closing(
    above: NDArray[np.int64], below: NDArray[np.int64], customers: int
) -> NDArray[np.intp]:
    """Positions of the referrals that close a circle with those before them.

    Only those inside one strongly connected part can; all others are never looked at.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not len(above):
        return np.zeros(0, dtype=np.intp)
    graph = coo_array((np.ones(len(above), np.int8), (above, below)), shape=(customers,) * 2)
    _, part = connected_components(graph.tocsr(), directed=True, connection="strong")
    elders: dict[int, list[int]] = {}
    closing = []
    for k in np.flatnonzero(part[above] == part[below]).tolist():
        elder, younger = int(above[k]), int(below[k])
        if _is_above(younger, elder, elders):
            closing.append(k)
        else:
            elders.setdefault(younger, []).append(elder)
    return np.array(closing, dtype=np.intp)


def _is_above(candidate: int, start: int, elders: dict[int, list[int]]) -> bool:
    """Whether `candidate` is an ancestor of `start`."""
    seen, ahead = {start}, [start]
    while ahead:
        one = ahead.pop()
        if one == candidate:
            return True
        for elder in elders.get(one, ()):
            if elder not in seen:
                seen.add(elder)
                ahead.append(elder)
    return False
