"""The tree of indices: weights, frozen normalisation, score 0-100 and its explanation.

A tree is published once with the bounds of its leaves (`freeze`); from then on a customer's score
depends on that customer's own measures only, never on who else joined.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Direction = Literal["benefit", "cost", "target"]


@dataclass(frozen=True, slots=True)
class Leaf:
    """An index that is measured: `measure` names the column it reads.

    `benefit`: more is better; `cost`: less is better; `target`: the nearer to `target` the better.
    """

    name: str
    weight: float
    measure: str
    direction: Direction = "benefit"
    target: float | None = None

    def __post_init__(self) -> None:
        if self.direction == "target" and self.target is None:
            raise ValueError(f"index {self.name!r} needs a target")
        _check_weight(self.name, self.weight)


@dataclass(frozen=True, slots=True)
class Branch:
    """An index that gathers leaves. Weights count among siblings and need not add up to 1."""

    name: str
    weight: float
    leaves: tuple[Leaf, ...]

    def __post_init__(self) -> None:
        _check_weight(self.name, self.weight)
        if not self.leaves or sum(leaf.weight for leaf in self.leaves) <= 0:
            raise ValueError(f"index {self.name!r} has no leaf with a weight")


def _check_weight(name: str, weight: float) -> None:
    if not 0 <= weight < float("inf"):
        raise ValueError(f"the weight of index {name!r} is {weight}: it must be 0 or more")


@dataclass(frozen=True, slots=True)
class IndexTree:
    """Branches with leaves: the index system of a company.

    >>> [branch.name for branch in DEFAULT_TREE.branches]
    ['current', 'growth', 'loyalty', 'influence', 'information']
    """

    branches: tuple[Branch, ...]
    winsor: float = 0.01

    def __post_init__(self) -> None:
        names = [leaf.name for leaf in self.leaves()]
        if len(set(names)) != len(names):
            raise ValueError("two leaves of the index tree have the same name")
        if not 0 <= self.winsor < 0.5:
            raise ValueError("winsorising cuts a share between 0 and one half at each end")

    def leaves(self) -> Iterator[Leaf]:
        """The leaves from left to right: the order of every array over leaves."""
        for branch in self.branches:
            yield from branch.leaves

    @property
    def leaf_names(self) -> tuple[str, ...]:
        """Names of the leaves from left to right."""
        return tuple(leaf.name for leaf in self.leaves())


DEFAULT_TREE = IndexTree(
    branches=(
        Branch(
            "current",
            0.45,
            (
                Leaf("contribution", 0.50, "contribution_12m"),
                Leaf("continuation", 0.30, "continuation_value"),
                Leaf("payment", 0.20, "payment_behaviour"),
            ),
        ),
        Branch(
            "growth",
            0.25,
            (
                Leaf("wallet_gap", 0.40, "wallet_gap"),
                Leaf("cross_sell", 0.30, "cross_sell"),
                Leaf("trend_of_spend", 0.30, "trend_of_spend"),
            ),
        ),
        Branch(
            "loyalty",
            0.15,
            (
                Leaf("tenure", 0.25, "tenure_months"),
                Leaf("next_purchase", 0.45, "p_purchase_12m"),
                Leaf("satisfaction", 0.30, "satisfaction"),
            ),
        ),
        Branch(
            "influence",
            0.10,
            (
                Leaf("referral", 0.60, "referral_value"),
                Leaf("reputation", 0.40, "reputation"),
            ),
        ),
        Branch("information", 0.05, (Leaf("information", 1.0, "information_value"),)),
    )
)
"""The default index system. Leaves without data take no part until somebody measures them."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a leaf's measure is normalised by, and the mean of the normalised leaf."""

    low: float
    high: float
    mean: float


@dataclass(frozen=True, slots=True)
class FrozenTree:
    """A published tree: the bounds of each leaf are fixed with it, as is the mean score.

    `bounds` goes by leaf name; a leaf that had no data when the tree was published isn't in it.
    """

    version: int
    tree: IndexTree
    bounds: Mapping[str, Bounds]
    mean_score: float

    def normalise(self, measures: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        """Customers × leaves, each in [0, 1] (1 is best); NaN where nothing is measured."""
        customers = len(next(iter(measures.values()))) if measures else 0
        leaves = list(self.tree.leaves())
        columns = np.full((customers, len(leaves)), np.nan)
        for position, leaf in enumerate(leaves):
            if leaf.name in self.bounds and leaf.measure in measures:
                columns[:, position] = _normalised(
                    measures[leaf.measure], leaf, self.bounds[leaf.name]
                )
        return columns

    def weights(self, leaves: NDArray[np.float64]) -> NDArray[np.float64]:
        """The share that each leaf has in each customer's score; each row adds up to 1.

        A leaf that isn't measured gives its weight to its siblings, a branch without any measured
        leaf to the other branches. A customer without any leaf has weights 0.
        """
        shares = np.zeros_like(leaves)
        first = 0
        for branch in self.tree.branches:
            span = slice(first, first + len(branch.leaves))
            own = np.array([leaf.weight for leaf in branch.leaves])
            present = np.where(np.isnan(leaves[:, span]), 0.0, own)
            total = present.sum(axis=1, keepdims=True)
            inner = np.divide(present, total, out=np.zeros_like(present), where=total > 0)
            shares[:, span] = branch.weight * inner
            first = span.stop
        total = shares.sum(axis=1, keepdims=True)
        whole: NDArray[np.float64] = np.divide(
            shares, total, out=np.zeros_like(shares), where=total > 0
        )
        return whole

    def unmeasured(self, measures: Mapping[str, NDArray[np.float64]]) -> tuple[str, ...]:
        """Leaves without bounds that have data now: the tree should be published anew."""
        return tuple(
            leaf.name
            for leaf in self.tree.leaves()
            if leaf.name not in self.bounds
            and np.isfinite(np.asarray(measures.get(leaf.measure, ()), dtype=np.float64)).any()
        )

    def score(self, leaves: NDArray[np.float64]) -> NDArray[np.float64]:
        """Score 0-100 of each row of normalised leaves; NaN for a customer without any."""
        shares = self.weights(leaves)
        score = 100.0 * (shares * np.nan_to_num(leaves)).sum(axis=1)
        return np.where(shares.sum(axis=1) > 0, score, np.nan)

    def explain(self, leaves: NDArray[np.float64]) -> Explanation:
        """Why the scores differ from the mean score, leaf by leaf."""
        shares = self.weights(leaves)
        means = np.array(
            [
                self.bounds[name].mean if name in self.bounds else 0.0
                for name in self.tree.leaf_names
            ]
        )
        parts = 100.0 * shares * (np.nan_to_num(leaves) - means)
        score = self.score(leaves)
        return Explanation(
            leaf_names=self.tree.leaf_names,
            mean_score=self.mean_score,
            score=score,
            parts=parts,
            shift=score - self.mean_score - parts.sum(axis=1),
        )


@dataclass(frozen=True, slots=True)
class Explanation:
    """`score = mean_score + parts.sum(axis=1) + shift`, customer by customer.

    A part is w_j (z_ij − z̄_j), in points of score. `shift` is what moved because leaves that others
    have are not measured for this customer, so that their weight went to siblings: 0 where all are.
    """

    leaf_names: tuple[str, ...]
    mean_score: float
    score: NDArray[np.float64]
    parts: NDArray[np.float64]
    shift: NDArray[np.float64]


def freeze(
    tree: IndexTree,
    measures: Mapping[str, NDArray[np.float64]],
    *,
    version: int = 1,
    keep: Mapping[str, Bounds] | None = None,
) -> FrozenTree:
    """Publish `tree` with the bounds of today's customers: winsorised at `tree.winsor` each end.

    Leaves in `keep` keep their bounds: for a leaf that is measured for the first time.

    >>> frozen = freeze(DEFAULT_TREE, {"contribution_12m": np.array([0.0, 50.0, 100.0])})
    >>> frozen.score(frozen.normalise({"contribution_12m": np.array([50.0, 1e9])})).round(1)
    array([ 50., 100.])
    """
    bounds: dict[str, Bounds] = {}
    for leaf in tree.leaves():
        if keep is not None and leaf.name in keep:
            bounds[leaf.name] = keep[leaf.name]
            continue
        known = np.asarray(measures.get(leaf.measure, ()), dtype=np.float64)
        known = known[np.isfinite(known)]
        if len(known) == 0:
            continue
        low, high = np.quantile(known, [tree.winsor, 1 - tree.winsor])
        raw = Bounds(float(low), float(high), 0.0)
        mean = float(_normalised(known, leaf, raw).mean())
        bounds[leaf.name] = Bounds(raw.low, raw.high, mean)
    draft = FrozenTree(version, tree, bounds, 0.0)
    scores = draft.score(draft.normalise(measures))
    known_scores = scores[np.isfinite(scores)]
    mean_score = float(known_scores.mean()) if len(known_scores) else 0.0
    return FrozenTree(version, tree, bounds, mean_score)


def _normalised(measure: NDArray[np.float64], leaf: Leaf, bounds: Bounds) -> NDArray[np.float64]:
    measure = np.asarray(measure, dtype=np.float64)
    width = bounds.high - bounds.low
    if leaf.direction == "target":
        assert leaf.target is not None
        reach = max(abs(bounds.high - leaf.target), abs(bounds.low - leaf.target))
        if reach == 0:
            return np.where(np.isnan(measure), np.nan, (measure == leaf.target).astype(np.float64))
        return np.clip(1 - np.abs(measure - leaf.target) / reach, 0, 1)
    if width == 0:  # all customers were equal: half-way, until somebody differs
        share = np.where(np.isnan(measure), np.nan, 0.5 + 0.5 * np.sign(measure - bounds.low))
    else:
        share = np.clip((measure - bounds.low) / width, 0, 1)
    return share if leaf.direction == "benefit" else 1 - share
