"""What a little more or less weight would change: scores, tiers, and the least change that counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kezhi.value.index.tree import FrozenTree
from kezhi.value.tiers import TierSettings, assign_tiers

Vector = NDArray[np.float64]

CHANGE = 0.10
STEPS = 16
PRECISION = 1e-6


@dataclass(frozen=True, slots=True)
class Shifted:
    """What happens when one index weighs `change` (a share of its weight) more, its siblings less.

    `movers` are the positions of the customers whose tier changes, `tier` everybody's new tier and
    `tier_before` the present one, as positions in the settings' names; `points` is the new score less
    the present one.
    """

    path: str
    name: str
    weight: float
    change: float
    points: Vector
    tier_before: NDArray[np.int8]
    tier: NDArray[np.int8]
    movers: NDArray[np.intp]


def reweigh(tree: FrozenTree, path: str, weight: float) -> FrozenTree:
    """The published tree with the index at `path` weighing `weight` (0 … 1) among its siblings, who
    share the rest as they did.

    >>> from kezhi.value.index.tree import DEFAULT_TREE, freeze
    >>> tree = reweigh(freeze(DEFAULT_TREE, {}), "0", 0.5)
    >>> [round(w, 3) for w in tree.child_weights("")]
    [0.5, 0.227, 0.136, 0.091, 0.045]
    """
    parent, place = _parent(path)
    shares = weights_among(tree, parent)
    if not 0 <= weight <= 1:
        raise ValueError(f"a weight among siblings lies between 0 and 1, not at {weight:g}")
    others = 1 - shares[place]
    if others <= 0 and weight < 1:
        raise ValueError("an index without siblings of any weight can't weigh less")
    scaled = shares * ((1 - weight) / others if others > 0 else 0.0)
    scaled[place] = weight
    return replace(tree, children={**tree.children, parent: tuple(scaled.tolist())})


def weights_among(tree: FrozenTree, path: str) -> Vector:
    """The weights of the children of the index at `path`, made to add up to 1."""
    weights = np.array(tree.child_weights(path), dtype=np.float64)
    shares: Vector = weights / weights.sum()
    return shares


def shift(
    tree: FrozenTree,
    leaves: Vector,
    path: str,
    *,
    change: float = CHANGE,
    tiers: TierSettings | None = None,
    tie_break: Vector | None = None,
) -> Shifted:
    """Scores and tiers when the index at `path` weighs `change` more (0.10: a tenth more) or less.

    `leaves` are customers × normalised leaves (`FrozenTree.normalise`). Tiers are those of the scores
    alone, before and after: no hysteresis, which would hide what the weight does.
    """
    settings = tiers or TierSettings()
    before = tree.score(leaves)
    held = assign_tiers(before, settings, tie_break=tie_break).tier
    parent, place = _parent(path)
    weight = float(weights_among(tree, parent)[place])
    after = reweigh(tree, path, min(1.0, weight * (1 + change))).score(leaves)
    tier = assign_tiers(after, settings, tie_break=tie_break).tier
    return Shifted(
        path=path,
        name=dict(tree.tree.nodes())[path].name,
        weight=weight,
        change=change,
        points=after - before,
        tier_before=held,
        tier=tier,
        movers=np.flatnonzero(tier != held),
    )


def tornado(
    tree: FrozenTree,
    leaves: Vector,
    *,
    change: float = CHANGE,
    tiers: TierSettings | None = None,
    tie_break: Vector | None = None,
) -> Iterator[tuple[Shifted, Shifted]]:
    """Every index that has siblings with `change` less and `change` more, one after the other."""
    for path, _node in tree.tree.nodes():
        parent, place = _parent(path)
        own = weights_among(tree, parent) if sum(tree.child_weights(parent)) > 0 else np.zeros(0)
        if len(own) > 1 and 0 < own[place] < 1:
            less, more = (
                shift(tree, leaves, path, change=by, tiers=tiers, tie_break=tie_break)
                for by in (-change, change)
            )
            yield less, more


@dataclass(frozen=True, slots=True)
class Least:
    """The smallest change of a weight that moves somebody to another tier.

    `weight` is the present share among siblings; `up` and `down` are the changes in it (0.012 for 1.2
    percentage points more; `down` is negative), None where even all or none of the weight moves nobody.
    """

    path: str
    weight: float
    up: float | None
    down: float | None

    @property
    def smallest(self) -> float | None:
        """The nearer one of both."""
        return min((one for one in (self.up, self.down) if one is not None), key=abs, default=None)


def least_change(
    tree: FrozenTree,
    leaves: Vector,
    path: str,
    *,
    tiers: TierSettings | None = None,
    tie_break: Vector | None = None,
) -> Least:
    """How far the weight of the index at `path` can go before any tier changes, to a millionth.

    Where all customers have all leaves and scores are weighted sums, nothing can move and move back:
    halving finds the border exactly. Elsewhere sixteen steps are looked at first, and a move that is
    undone within one step can be missed.
    """
    settings = tiers or TierSettings()
    parent, place = _parent(path)
    weight = float(weights_among(tree, parent)[place])
    held = assign_tiers(tree.score(leaves), settings, tie_break=tie_break).tier

    def moves(at: float) -> bool:
        score = reweigh(tree, path, min(1.0, max(0.0, at))).score(leaves)
        return bool(np.any(assign_tiers(score, settings, tie_break=tie_break).tier != held))

    def first(towards: float) -> float | None:
        near = weight
        for step in range(1, STEPS + 1):
            far = weight + (towards - weight) * step / STEPS
            if moves(far):
                break
            near = far
        else:
            return None
        while abs(far - near) > PRECISION:
            middle = (near + far) / 2
            near, far = (near, middle) if moves(middle) else (middle, far)
        return far - weight

    alone = len(tree.child_weights(parent)) < 2 or weight >= 1
    return Least(path, weight, None if alone else first(1.0), None if alone else first(0.0))


def _parent(path: str) -> tuple[str, int]:
    parent, _dot, place = path.rpartition(".")
    if not place:
        raise ValueError("the root of the tree has no weight")
    return parent, int(place)
