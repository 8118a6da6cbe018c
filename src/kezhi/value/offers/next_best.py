"""The next best product of each customer: probability × expected contribution, and why.

Candidates are products that go together with what the customer has (`affinity`). One propensity for
all pairs of customer and candidate is learnt from the past: what was known at a day one window ago, and
what was bought within the window after it. The probabilities are calibrated, and where the model is
no better than a base rate, each product's own rate among those who didn't have it is said instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kezhi.value.offers.affinity import Affinity, Purchased, affinity
from kezhi.value.offers.propensity import Propensity, fit_propensity
from kezhi.value.potential.fitting import CannotFit
from kezhi.value.sums import sum_by

Vector = NDArray[np.float64]

FEATURES = ("affinity", "just_before", "popularity", "breadth", "silence")
MOST_PAIRS = 400_000
"""Pairs to learn from; of more customers, evenly spread ones are taken."""
_AT_ONCE = 100_000
_CUSTOMERS_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class OfferSettings:
    """`window_days`: how soon the offer should be taken up. `excluded`: products that the customer
    has ever `bought`, those bought `regularly` (on two or more days), or `none`."""

    window_days: int = 180
    offers: int = 3
    candidates: int = 10
    neighbours: int = 20
    excluded: Literal["bought", "regularly", "none"] = "bought"
    least_lift: float = 1.0

    def __post_init__(self) -> None:
        for name in ("window_days", "offers", "candidates", "neighbours"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}: it must be at least 1")
        if self.excluded not in ("bought", "regularly", "none"):
            raise ValueError(f"{self.excluded!r} is none of bought, regularly, none")


@dataclass(frozen=True, slots=True)
class NextBest:
    """One entry per offer, by customer and falling expected money.

    `probability` that the customer buys `items` within the window, `expected` = probability ×
    contribution of a buyer of it in a window. `because` is the product of the customer's that it goes
    best with, `lift` of the two, and `together` how many customers have both. `model` is None, or
    not used, where each product's own rate stands instead; `note` says why.
    """

    customers: NDArray[np.int32]
    items: NDArray[np.int32]
    probability: Vector
    contribution: Vector
    expected: Vector
    because: NDArray[np.int32]
    lift: Vector
    together: NDArray[np.int64]
    model: Propensity | None
    note: str

    @property
    def is_calibrated(self) -> bool:
        """Whether the probabilities are the model's."""
        return self.model is not None and self.model.is_used


def next_best(
    bought: Purchased, *, as_of: int, settings: OfferSettings = OfferSettings()
) -> NextBest:
    """The next best products of every customer who has bought anything until `as_of`.

    >>> rng = np.random.default_rng(1)
    >>> who = np.repeat(np.arange(300), 2)
    >>> what = np.where(np.arange(600) % 2 == 0, who % 3, 3 + who % 3)  # 0 with 3, 1 with 4, 2 with 5
    >>> when = np.where(np.arange(600) % 2 == 0, rng.integers(0, 200, 600), rng.integers(200, 600, 600))
    >>> found = next_best(Purchased(who, what, when, np.full(600, 50.0), 300, 6), as_of=400)
    >>> len(found.customers) > 0 and bool((found.items == found.because + 3).all())
    True
    """
    cut = as_of - settings.window_days
    model, note = None, ""
    try:
        model = _learnt(bought, cut, as_of, settings)
    except CannotFit as reason:
        note = str(reason)
    if model is not None and not model.is_used:
        note = "the model is no better than the base rate"
    pairs = _candidates(bought, as_of, settings)
    rate = _own_rate(bought, cut, as_of)
    if model is not None and model.is_used:
        probability = model.probability(pairs.features)
    else:
        probability = rate[pairs.items]
    contribution = _contribution(bought, cut, as_of)[pairs.items]
    expected = probability * contribution
    order = np.lexsort((pairs.items, -expected, pairs.customers))
    order = order[expected[order] > 0]
    who = pairs.customers[order]
    first = np.searchsorted(who, who, side="left")
    order = order[np.arange(len(order)) - first < settings.offers]
    return NextBest(
        customers=pairs.customers[order].astype(np.int32),
        items=pairs.items[order].astype(np.int32),
        probability=probability[order],
        contribution=contribution[order],
        expected=expected[order],
        because=pairs.because[order],
        lift=pairs.lift[order],
        together=pairs.together[order],
        model=model,
        note=note,
    )


@dataclass(frozen=True, slots=True)
class _Pairs:
    customers: NDArray[np.int64]
    items: NDArray[np.int64]
    features: Vector
    because: NDArray[np.int32]
    lift: Vector
    together: NDArray[np.int64]


def _learnt(bought: Purchased, cut: int, as_of: int, settings: OfferSettings) -> Propensity:
    pairs = _candidates(bought, cut, settings)
    later = bought.between(cut, as_of).matrix()
    happened = _entries(later, pairs.customers, pairs.items) > 0
    step = max(1, -(-len(happened) // MOST_PAIRS))
    taken = pairs.customers % step == 0
    return fit_propensity(pairs.features[taken], happened[taken], FEATURES)


def _candidates(bought: Purchased, day: int, settings: OfferSettings) -> _Pairs:
    """What goes best with what each customer has on a day, and what was known of it then."""
    past = bought.between(-(2**31), day)
    recent = bought.between(day - settings.window_days, day)
    held = past.matrix()
    near = affinity(held, neighbours=settings.neighbours)
    own = (held > 0).astype(np.float64)
    who, what, score = _nearest(held, own, near, settings)
    because, lift, together = _reasons(own, near, who, what, bought.item_count)
    kept = lift >= settings.least_lift
    who, what, score = who[kept], what[kept], score[kept]
    lately = (recent.matrix() > 0).astype(np.float64)
    just_before = _entries((lately @ near.matrix(near.cosine)).tocsr(), who, what)
    buyers = np.asarray(lately.sum(axis=0), dtype=np.float64).ravel()
    breadth = np.asarray(own.sum(axis=1), dtype=np.float64).ravel()
    last = np.full(bought.customer_count, -(2**31), dtype=np.int64)
    np.maximum.at(last, past.customers, past.days.astype(np.int64))
    features = np.column_stack(
        (
            np.log(score),
            np.log1p(just_before),
            np.log1p(buyers[what]),
            np.log1p(breadth[who]),
            np.log1p((day - last)[who]),
        )
    )
    return _Pairs(who, what, features, because[kept], lift[kept], together[kept])


def _nearest(
    held: Any, own: Any, near: Affinity, settings: OfferSettings
) -> tuple[NDArray[np.int64], NDArray[np.int64], Vector]:
    """Each customer's best candidates by the sum of cosines to what is held; some customers at a
    time, since all pairs together would fill the memory."""
    most = {"bought": 0, "regularly": 1, "none": np.inf}[settings.excluded]
    towards = near.matrix(near.cosine)
    found = []
    for low in range(0, own.shape[0], _CUSTOMERS_AT_ONCE):
        part = slice(low, low + _CUSTOMERS_AT_ONCE)
        scores = (own[part] @ towards).tocoo()
        who, what, score = scores.row.astype(np.int64), scores.col.astype(np.int64), scores.data
        kept = (_entries(held[part], who, what) <= most) & (score > 0)
        who, what, score = who[kept], what[kept], score[kept]
        order = np.lexsort((what, -score, who))
        who, what, score = who[order], what[order], score[order]
        first = np.searchsorted(who, who, side="left")
        kept = np.arange(len(who)) - first < settings.candidates
        found.append((who[kept] + low, what[kept], score[kept]))
    if not found:
        nobody = np.zeros(0, dtype=np.int64)
        return nobody, nobody, np.zeros(0)
    whos, whats, all_scores = zip(*found, strict=True)
    return np.concatenate(whos), np.concatenate(whats), np.concatenate(all_scores)


def _reasons(
    own: Any, near: Affinity, who: NDArray[np.int64], what: NDArray[np.int64], items: int
) -> tuple[NDArray[np.int32], Vector, NDArray[np.int64]]:
    """For each pair the customer's own product with the largest lift towards the candidate."""
    has = own.tocsr()
    has.sort_indices()
    sources = np.repeat(np.arange(items, dtype=np.int64), np.diff(near.starts))
    key = sources * items + near.others
    order = np.argsort(key)
    key = key[order]
    because = np.full(len(who), -1, dtype=np.int32)
    lift, together = np.zeros(len(who)), np.zeros(len(who), dtype=np.int64)
    for low in range(0, len(who), _AT_ONCE):
        pairs = np.arange(low, min(low + _AT_ONCE, len(who)))
        begins, ends = has.indptr[who[pairs]].astype(np.int64), has.indptr[who[pairs] + 1]
        counts = ends - begins
        pair = np.repeat(pairs, counts)
        at = np.arange(len(pair)) - np.repeat(np.cumsum(counts) - counts, counts)
        mine = has.indices[at + np.repeat(begins, counts)].astype(np.int64)
        wanted = mine * items + what[pair]
        place = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
        known = key[place] == wanted
        pair, entry, mine = pair[known], order[place[known]], mine[known]
        by_lift = np.lexsort((mine, -near.lift[entry], pair))
        pair, entry, mine = pair[by_lift], entry[by_lift], mine[by_lift]
        first = np.ones(len(pair), dtype=np.bool_)
        first[1:] = pair[1:] != pair[:-1]
        because[pair[first]] = mine[first]
        lift[pair[first]] = near.lift[entry[first]]
        together[pair[first]] = near.together[entry[first]]
    return because, lift, together


def _entries(matrix: Any, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Vector:
    """Entries of a sparse matrix at places, 0 where there are none."""
    csr = matrix.tocsr()
    csr.sum_duplicates()
    width = csr.shape[1]
    of_row = np.repeat(np.arange(csr.shape[0], dtype=np.int64), np.diff(csr.indptr))
    keys = of_row * width + csr.indices
    if not len(keys):
        return np.zeros(len(rows))
    wanted = rows * width + columns
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, csr.data[place], 0.0).astype(np.float64)


def _own_rate(bought: Purchased, cut: int, as_of: int) -> Vector:
    """Share of those without a product at the cut who bought it in the window after."""
    before = bought.between(-(2**31), cut).matrix() > 0
    after = bought.between(cut, as_of).matrix() > 0
    active = int((np.diff(before.tocsr().indptr) > 0).sum())
    had = np.asarray(before.sum(axis=0), dtype=np.float64).ravel()
    new = np.asarray((after > before).sum(axis=0), dtype=np.float64).ravel()
    return np.minimum((new + 0.5) / (np.maximum(active - had, 0) + 1), 1.0)


def _contribution(bought: Purchased, cut: int, as_of: int) -> Vector:
    """Mean contribution of a buyer of each product in the window, else over all time, else 0."""
    found = np.zeros(bought.item_count)
    for part in (bought.between(-(2**31), as_of), bought.between(cut, as_of)):
        buyers = np.diff((part.matrix() > 0).tocsc().indptr).astype(np.float64)
        money = sum_by(part.items, part.amounts, bought.item_count)
        np.divide(money, buyers, out=found, where=buyers > 0)
    return found
