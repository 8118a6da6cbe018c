"""The shape of an index system: leaves that are measured, branches that gather them, any weights.

A tree has at most four levels below its root. Every branch, and the root, says how its children are
weighed (`Weighting`) and put together (`sum` or `topsis`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from kezhi.value.index.weighing import DataMethod

Direction = Literal["benefit", "cost", "target"]
Aggregation = Literal["sum", "topsis"]
Matrix = tuple[tuple[float | None, ...], ...]

LEVELS = 4
"""Levels below the root: more can't be judged by anybody."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """An index that is measured: `measure` names the column it reads.

    `benefit`: more is better; `cost`: less is better; `target`: the nearer to `target` the better.
    `normalisation`: `bounds` maps the winsorised range of the measure to 0 … 1, `z` three standard
    deviations to either side of the mean.
    """

    name: str
    weight: float
    measure: str
    direction: Direction = "benefit"
    target: float | None = None
    normalisation: Literal["bounds", "z"] = "bounds"

    def __post_init__(self) -> None:
        if self.direction == "target" and self.target is None:
            raise ValueError(f"index {self.name!r} needs a target")
        if self.normalisation not in ("bounds", "z"):
            raise ValueError(f"index {self.name!r} is normalised by bounds or z")
        _check_weight(self.name, self.weight)


@dataclass(frozen=True, slots=True)
class Weighting:
    """How the children of an index are weighed against each other.

    `fixed`: by their own weights. `ahp`: by `judgements`, a matrix over the children for each person
    who judged (None: not judged), children in order, leaves before branches. `entropy`, `critic`,
    `merec`: from the data on the day the tree is published. `combined`: judgements (or, without any,
    the fixed weights) to the power `theta` times the weights by `data` to the power 1 − `theta`.
    """

    method: Literal["fixed", "ahp", "entropy", "critic", "merec", "combined"] = "fixed"
    judgements: tuple[Matrix, ...] = ()
    data: DataMethod = "entropy"
    theta: float = 0.5

    def __post_init__(self) -> None:
        if self.method not in ("fixed", "ahp", "entropy", "critic", "merec", "combined"):
            raise ValueError(f"{self.method!r} is no way to weigh")
        if self.data not in ("entropy", "critic", "merec"):
            raise ValueError(f"{self.data!r} is no way to weigh by data")
        if self.method == "ahp" and not self.judgements:
            raise ValueError("weights by judgements need at least one matrix of them")
        if not 0 <= self.theta <= 1:
            raise ValueError("theta lies between 0 (data alone) and 1 (judgement alone)")


FIXED = Weighting()


@dataclass(frozen=True, slots=True)
class Branch:
    """An index that gathers leaves and further branches; weights count among siblings.

    The weights need not add up to 1. `scale` is how TOPSIS brings its children to one scale: `vector`
    (raw measures ÷ √Σx²) or `bounds` (0 … 1 as they are normalised): it can change who is best.
    """

    name: str
    weight: float
    leaves: tuple[Leaf, ...] = ()
    branches: tuple[Branch, ...] = ()
    weighting: Weighting = FIXED
    aggregation: Aggregation = "sum"
    scale: Literal["vector", "bounds"] = "vector"

    def __post_init__(self) -> None:
        _check_weight(self.name, self.weight)
        _check_children(f"index {self.name!r}", self)

    @property
    def children(self) -> tuple[Leaf | Branch, ...]:
        """Leaves first, then branches: the order of weights and judgements."""
        return (*self.leaves, *self.branches)

    def all_leaves(self) -> Iterator[Leaf]:
        """The leaves below this index at any level, from left to right."""
        yield from self.leaves
        for branch in self.branches:
            yield from branch.all_leaves()


@dataclass(frozen=True, slots=True)
class IndexTree:
    """Branches with leaves: the index system of a company.

    >>> [branch.name for branch in DEFAULT_TREE.branches]
    ['current', 'growth', 'loyalty', 'influence', 'information']
    """

    branches: tuple[Branch, ...]
    winsor: float = 0.01
    weighting: Weighting = FIXED
    aggregation: Aggregation = "sum"
    scale: Literal["vector", "bounds"] = "vector"

    def __post_init__(self) -> None:
        names = self.leaf_names
        if len(set(names)) != len(names):
            raise ValueError("two leaves of the index tree have the same name")
        if not 0 <= self.winsor < 0.5:
            raise ValueError("winsorising cuts a share between 0 and one half at each end")
        if _depth(self.branches) > LEVELS:
            raise ValueError(f"an index tree has at most {LEVELS} levels")
        _check_judgements("the index tree", self)

    @property
    def children(self) -> tuple[Branch, ...]:
        """The branches: what the root gathers."""
        return self.branches

    def leaves(self) -> Iterator[Leaf]:
        """The leaves from left to right: the order of every array over leaves."""
        for branch in self.branches:
            yield from branch.all_leaves()

    @property
    def leaf_names(self) -> tuple[str, ...]:
        """Names of the leaves from left to right."""
        return tuple(leaf.name for leaf in self.leaves())

    def nodes(self) -> Iterator[tuple[str, Leaf | Branch]]:
        """Every index below the root with its path: places among siblings, such as `0.2`.

        >>> [path for path, node in DEFAULT_TREE.nodes()][:3]
        ['0', '0.0', '0.1']
        """
        for place, branch in enumerate(self.branches):
            yield from _nodes(str(place), branch)

    def is_sum(self) -> bool:
        """Whether the score is a weighted sum of the leaves: no index is put together by TOPSIS."""
        return self.aggregation == "sum" and not any(
            isinstance(node, Branch) and node.aggregation != "sum" for _path, node in self.nodes()
        )


Parent = IndexTree | Branch


def _nodes(path: str, node: Leaf | Branch) -> Iterator[tuple[str, Leaf | Branch]]:
    yield path, node
    if isinstance(node, Branch):
        for place, child in enumerate(node.children):
            yield from _nodes(f"{path}.{place}", child)


def _depth(branches: tuple[Branch, ...]) -> int:
    below = [1 + max(int(bool(one.leaves)), _depth(one.branches)) for one in branches]
    return max(below, default=0)


def _check_weight(name: str, weight: float) -> None:
    if not 0 <= weight < float("inf"):
        raise ValueError(f"the weight of index {name!r} is {weight}: it must be 0 or more")


def _check_children(name: str, parent: Branch) -> None:
    if not parent.children or (
        parent.weighting.method == "fixed" and sum(child.weight for child in parent.children) <= 0
    ):
        raise ValueError(f"{name} has no leaf with a weight")
    _check_judgements(name, parent)


def _check_judgements(name: str, parent: Parent) -> None:
    if parent.aggregation not in ("sum", "topsis") or parent.scale not in ("vector", "bounds"):
        raise ValueError(f"{name} is put together by sum or topsis, on vector or bounds")
    size = len(parent.children)
    for matrix in parent.weighting.judgements:
        if len(matrix) != size or any(len(row) != size for row in matrix):
            raise ValueError(f"{name} has {size} children: its judgements are {size} × {size}")


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
