"""The consistency of all judgements of a tree, level by level 层次总排序一致性检验."""

from __future__ import annotations

from dataclasses import dataclass

from kezhi.value.index import ahp
from kezhi.value.index.sensitivity import weights_among
from kezhi.value.index.shape import Branch
from kezhi.value.index.tree import FrozenTree


@dataclass(frozen=True, slots=True)
class Level:
    """CI, RI and CR of a level: 1 is what the root gathers. `judged` counts its matrices."""

    level: int
    consistency_index: float
    random_index: float
    consistency_ratio: float
    judged: int


def levels(tree: FrozenTree) -> tuple[Level, ...]:
    """CR = Σ a_j CI_j / Σ a_j RI_j of every level, a_j the weight of a parent within the whole.

    Parents whose children nobody judged take no part.

    >>> from kezhi.value.index.tree import DEFAULT_TREE, freeze
    >>> levels(freeze(DEFAULT_TREE, {}))[0]
    Level(level=1, consistency_index=0.0, random_index=0.0, consistency_ratio=0.0, judged=0)
    """
    found: list[Level] = []
    parents = {"": 1.0}
    nodes = dict(tree.tree.nodes())
    while parents:
        shares: list[float] = []
        matrices: list[ahp.Priorities] = []
        below: dict[str, float] = {}
        for path, share in parents.items():
            node = nodes.get(path, tree.tree)
            weighting = node.weighting  # type: ignore[union-attr]
            if weighting.judgements and weighting.method in ("ahp", "combined"):
                shares.append(share)
                matrices.append(ahp.priorities(ahp.together(weighting.judgements)))
            for place, weight in enumerate(weights_among(tree, path)):
                child = f"{path}.{place}" if path else str(place)
                if isinstance(nodes[child], Branch):
                    below[child] = share * float(weight)
        found.append(Level(len(found) + 1, *ahp.level(shares, matrices), len(matrices)))
        parents = below
    return tuple(found)
