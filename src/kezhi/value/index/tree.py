"""The published tree of indices: frozen weights and normalisation, score 0-100 and its explanation.

A tree is published once with the bounds of its leaves, with weights that come from data or judgements
and with the ideals of TOPSIS (`freeze`); from then on a customer's score depends on that customer's
own measures only, never on who else joined.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from kezhi.value.index import ahp
from kezhi.value.index.shape import (
    DEFAULT_TREE,
    Branch,
    Direction,
    IndexTree,
    Leaf,
    Parent,
    Weighting,
)
from kezhi.value.index.shapley import shapley
from kezhi.value.index.topsis import closeness_of
from kezhi.value.index.weighing import by_data, combine

__all__ = [
    "DEFAULT_TREE",
    "Bounds",
    "Branch",
    "Direction",
    "Explanation",
    "FrozenTree",
    "IndexTree",
    "Leaf",
    "Weighting",
    "freeze",
]

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a leaf's measure is normalised by, and the mean of the normalised leaf."""

    low: float
    high: float
    mean: float


@dataclass(frozen=True, slots=True)
class Ideal:
    """A child of an index that TOPSIS puts together: its worst and best (`low`, `high`, normalised
    0 … 1) and the length that `vector` divides by."""

    low: float
    high: float
    norm: float


@dataclass(frozen=True, slots=True)
class FrozenTree:
    """A published tree: the bounds of each leaf are fixed with it, as is the mean score.

    `bounds` goes by leaf name; a leaf that had no data when the tree was published isn't in it.
    `children` are the weights of the children of every index that isn't weighed by fixed weights, and
    `ideals` what TOPSIS compares with, both by path (see `IndexTree.nodes`; the root's is empty).
    """

    version: int
    tree: IndexTree
    bounds: Mapping[str, Bounds]
    mean_score: float
    children: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    ideals: Mapping[str, tuple[Ideal, ...]] = field(default_factory=dict)

    def measure_behind(self, leaf: Leaf, normalised: float) -> tuple[float, str] | None:
        """The measure that a normalised leaf stands for, by its bounds; with "<" or ">" where it was cut off
        there: at most, at least. None where more than one gives it, as with nearness to a target.

        >>> leaf = Leaf("revenue", 1, "revenue")
        >>> tree = freeze(IndexTree((Branch("value", 1, (leaf,)),)), {"revenue": np.array([5.0, 9.0])},
        ...     keep={"revenue": Bounds(0, 100, 0.5)})
        >>> tree.measure_behind(leaf, 0.25), tree.measure_behind(leaf, 1.0)
        ((25.0, ''), (100.0, '>'))
        """
        bounds = self.bounds.get(leaf.name)
        if bounds is None or leaf.direction == "target" or not np.isfinite(normalised):
            return None
        share = normalised if leaf.direction == "benefit" else 1 - normalised
        if bounds.high == bounds.low:
            return (bounds.low, "") if share == 0.5 else None
        cut = "<" if share <= 0 else ">" if share >= 1 else ""
        return bounds.low + share * (bounds.high - bounds.low), cut

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

    def child_weights(self, path: str) -> tuple[float, ...]:
        """The weights of the children of the index at `path` (the root: empty) among each other."""
        held = self.children.get(path)
        if held is not None:
            return held
        return tuple(child.weight for child in _at(self.tree, path).children)

    def weights(self, leaves: NDArray[np.float64]) -> NDArray[np.float64]:
        """The share that each leaf has in each customer's score; each row adds up to 1.

        A leaf that isn't measured gives its weight to its siblings, a branch without any measured
        leaf to the other branches. A customer without any leaf has weights 0. Under TOPSIS these are
        the weights that go into the distances.
        """
        return self._shares(self.tree, "", leaves)

    def _shares(self, parent: Parent, path: str, leaves: Vector) -> Vector:
        shares = np.zeros_like(leaves)
        own = self.child_weights(path)
        for place, (child, span) in enumerate(_spans(parent)):
            if isinstance(child, Leaf):
                shares[:, span] = np.where(np.isnan(leaves[:, span]), 0.0, own[place])
            else:
                inner = self._shares(child, _below(path, place), leaves[:, span])
                shares[:, span] = own[place] * inner
        total = shares.sum(axis=1, keepdims=True)
        whole: Vector = np.divide(shares, total, out=np.zeros_like(shares), where=total > 0)
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
        if not self.tree.is_sum():
            return 100.0 * self._merit(self.tree, "", leaves)
        shares = self.weights(leaves)
        score = 100.0 * (shares * np.nan_to_num(leaves)).sum(axis=1)
        return np.where(shares.sum(axis=1) > 0, score, np.nan)

    def merits(self, leaves: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """What each index of every level gives, 0 … 1 by path; NaN where nothing below is measured."""
        found: dict[str, Vector] = {}
        self._merit(self.tree, "", leaves, found)
        return found

    def merit(self, name: str, leaves: NDArray[np.float64]) -> NDArray[np.float64]:
        """What the branch of that name directly below the root gives, 0 … 1; NaN where nothing below
        it is measured, and for everybody where the tree has no such branch."""
        for place, (branch, span) in enumerate(_spans(self.tree)):
            if isinstance(branch, Branch) and branch.name == name:
                return self._merit(branch, str(place), leaves[:, span])
        return np.full(len(leaves), np.nan)

    def _merit(
        self, parent: Parent, path: str, leaves: Vector, told: dict[str, Vector] | None = None
    ) -> Vector:
        columns = []
        for place, (child, span) in enumerate(_spans(parent)):
            if isinstance(child, Leaf):
                column = leaves[:, span.start]
            else:
                column = self._merit(child, _below(path, place), leaves[:, span], told)
            if told is not None:
                told[_below(path, place)] = column
            columns.append(column)
        merits = np.column_stack(columns) if columns else np.zeros((len(leaves), 0))
        own = np.array(self.child_weights(path), dtype=np.float64)
        shares = np.where(np.isnan(merits), 0.0, own)
        total = shares.sum(axis=1, keepdims=True)
        shares = np.divide(shares, total, out=np.zeros_like(shares), where=total > 0)
        if parent.aggregation == "topsis":
            found = _closeness(merits, shares, self.ideals.get(path))
        else:
            found = (shares * np.nan_to_num(merits)).sum(axis=1)
        return np.where(total[:, 0] > 0, found, np.nan)

    def explain(self, leaves: NDArray[np.float64], *, seed: int = 1) -> Explanation:
        """Why the scores differ from the mean score, leaf by leaf.

        Where every index is a weighted sum, a part is w_j (z_ij − z̄_j). Where one is put together by
        TOPSIS, parts are Shapley values against the customer whose every leaf is the mean: exact for
        up to twelve leaves, else from permutations drawn with `seed` (`Explanation.is_sampled`).
        """
        means = np.array(
            [
                self.bounds[name].mean if name in self.bounds else 0.0
                for name in self.tree.leaf_names
            ]
        )
        score = self.score(leaves)
        sampled = False
        if self.tree.is_sum():
            parts = 100.0 * self.weights(leaves) * (np.nan_to_num(leaves) - means)
        else:
            parts = np.zeros_like(leaves)
            for row in np.flatnonzero(np.isfinite(score)):
                known = np.flatnonzero(np.isfinite(leaves[row]))
                found = shapley(
                    _scores_of(self, known), leaves[row, known], means[known], seed=seed
                )
                parts[row, known] = found.parts
                sampled |= not found.is_exact
        return Explanation(
            leaf_names=self.tree.leaf_names,
            mean_score=self.mean_score,
            score=score,
            parts=parts,
            shift=score - self.mean_score - parts.sum(axis=1),
            is_sampled=sampled,
        )


@dataclass(frozen=True, slots=True)
class Explanation:
    """`score = mean_score + parts.sum(axis=1) + shift`, customer by customer.

    A part is in points of score. `shift` is what moved because leaves that others have are not measured
    for this customer, so that their weight went to siblings: 0 where all are. Under TOPSIS it also
    holds the distance between the mean score and the score of the mean customer.
    """

    leaf_names: tuple[str, ...]
    mean_score: float
    score: NDArray[np.float64]
    parts: NDArray[np.float64]
    shift: NDArray[np.float64]
    is_sampled: bool = False


def freeze(
    tree: IndexTree,
    measures: Mapping[str, NDArray[np.float64]],
    *,
    version: int = 1,
    keep: Mapping[str, Bounds] | None = None,
) -> FrozenTree:
    """Publish `tree` with the bounds of today's customers: winsorised at `tree.winsor` each end.

    Leaves in `keep` keep their bounds: for a leaf that is measured for the first time. Weights by
    judgement or data and the ideals of TOPSIS are frozen, too; an index whose children the data can't
    tell apart keeps its fixed weights. Raises `ahp.Inconsistent` for judgements with CR ≥ .10.

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
        raw = _bounds(known, leaf, tree.winsor)
        mean = float(_normalised(known, leaf, raw).mean())
        bounds[leaf.name] = Bounds(raw.low, raw.high, mean)
    draft = FrozenTree(version, tree, bounds, 0.0)
    leaves = draft.normalise(measures)
    children: dict[str, tuple[float, ...]] = {}
    ideals: dict[str, tuple[Ideal, ...]] = {}
    draft = replace(draft, children=children, ideals=ideals)
    _settle(draft, tree, "", leaves, measures, children, ideals)
    scores = draft.score(leaves)
    known_scores = scores[np.isfinite(scores)]
    mean_score = float(known_scores.mean()) if len(known_scores) else 0.0
    return replace(draft, mean_score=mean_score)


def _bounds(known: Vector, leaf: Leaf, winsor: float) -> Bounds:
    low, high = (float(one) for one in np.quantile(known, [winsor, 1 - winsor]))
    if low == high and (known != low).any():
        # So few differ that all of them would be cut off, as with referrals: they span the measure.
        ends = np.quantile(known[known != low], [winsor, 1 - winsor])
        low, high = min(low, float(ends[0])), max(high, float(ends[1]))
    if leaf.normalisation == "z":
        cut = np.clip(known, low, high)
        reach = 3 * float(cut.std(ddof=1)) if len(cut) > 1 else 0.0
        low, high = float(cut.mean()) - reach, float(cut.mean()) + reach
    return Bounds(low, high, 0.0)


def _settle(
    draft: FrozenTree,
    parent: Parent,
    path: str,
    leaves: Vector,
    measures: Mapping[str, Vector],
    children: dict[str, tuple[float, ...]],
    ideals: dict[str, tuple[Ideal, ...]],
) -> None:
    """Fill in weights and ideals below `parent`, then its own, which rest on what is below."""
    merits, raws, costs = [], [], []
    for place, (child, span) in enumerate(_spans(parent)):
        if isinstance(child, Leaf):
            merit = leaves[:, span.start]
            is_raw = child.direction != "target" and child.measure in measures
            raw = np.asarray(measures[child.measure], dtype=np.float64) if is_raw else merit
            raw = np.where(np.isfinite(raw), raw, np.nan)
        else:
            own_path, own = _below(path, place), leaves[:, span]
            _settle(draft, child, own_path, own, measures, children, ideals)
            merit = raw = draft._merit(child, own_path, own)
        merits.append(merit)
        raws.append(raw)
        costs.append(isinstance(child, Leaf) and child.direction == "cost")
    if not merits:
        return
    if parent.weighting.method != "fixed":
        children[path] = _weighed(
            parent, np.column_stack(raws), np.column_stack(merits), np.array(costs)
        )
    if parent.aggregation == "topsis":
        ideals[path] = tuple(
            _ideal(child, merit, draft, parent.scale)
            for child, merit in zip(parent.children, merits, strict=True)
        )


def _weighed(
    parent: Parent, raw: Vector, merits: Vector, costs: NDArray[np.bool_]
) -> tuple[float, ...]:
    weighting, fixed = parent.weighting, np.array([child.weight for child in parent.children])
    judged = fixed / fixed.sum() if fixed.sum() > 0 else np.full(len(fixed), 1 / len(fixed))
    if weighting.judgements and weighting.method in ("ahp", "combined"):
        matrix = ahp.together(weighting.judgements)
        names = [child.name for child in parent.children]
        judged = np.array(ahp.weigh(matrix, names=names).weights)
    if weighting.method == "ahp":
        return tuple(judged.tolist())
    method = weighting.data if weighting.method == "combined" else weighting.method
    told = by_data(raw, merits, costs, method)  # type: ignore[arg-type]
    if told.sum() <= 0:
        return tuple(judged.tolist())
    if weighting.method == "combined" and (judged * told).sum() > 0:
        told = combine(judged, told, weighting.theta)
    return tuple(told.tolist())


def _ideal(child: Leaf | Branch, merit: Vector, draft: FrozenTree, scale: str) -> Ideal:
    """In normalised units: a leaf spans 0 … 1, and its raw vector's length is divided by its width."""
    known = merit[np.isfinite(merit)]
    if len(known) == 0:
        return Ideal(0.0, 1.0, 1.0)
    if isinstance(child, Leaf):
        low, high, bounds = 0.0, 1.0, draft.bounds[child.name]
        width = bounds.high - bounds.low
        if child.direction != "target" and width > 0:
            upwards = known if child.direction == "benefit" else 1 - known
            known = bounds.low / width + upwards
    else:
        low, high = float(known.min()), float(known.max())
    norm = float(np.sqrt((known * known).sum())) if scale == "vector" else 1.0
    return Ideal(low, high, norm if norm > 0 else 1.0)


def _closeness(merits: Vector, shares: Vector, ideals: tuple[Ideal, ...] | None) -> Vector:
    held = ideals or (Ideal(0.0, 1.0, 1.0),) * merits.shape[1]
    low, high, norm = (np.array([getattr(one, name) for one in held]) for name in Ideal.__slots__)
    inside = np.clip(np.where(np.isnan(merits), low, merits), low, high)
    d_plus = np.sqrt(((shares * (high - inside) / norm) ** 2).sum(axis=1))
    d_minus = np.sqrt(((shares * (inside - low) / norm) ** 2).sum(axis=1))
    return closeness_of(d_plus, d_minus)


def _scores_of(tree: FrozenTree, known: NDArray[np.intp]):  # type: ignore[no-untyped-def]
    def scores(rows: Vector) -> Vector:
        leaves = np.full((len(rows), len(tree.tree.leaf_names)), np.nan)
        leaves[:, known] = rows
        return tree.score(leaves)

    return scores


def _spans(parent: Parent) -> Iterator[tuple[Leaf | Branch, slice]]:
    """The children of an index and the columns of its leaves that each one covers."""
    first = 0
    for child in parent.children:
        width = 1 if isinstance(child, Leaf) else sum(1 for _leaf in child.all_leaves())
        yield child, slice(first, first + width)
        first += width


def _below(path: str, place: int) -> str:
    return f"{path}.{place}" if path else str(place)


def _at(tree: IndexTree, path: str) -> Parent:
    node: Parent | Leaf = tree
    for place in path.split(".") if path else ():
        if isinstance(node, Leaf):
            raise ValueError(f"there is no index at {path!r}")
        node = node.children[int(place)]
    if isinstance(node, Leaf):
        raise ValueError(f"the index at {path!r} is a leaf: it has no children")
    return node


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
