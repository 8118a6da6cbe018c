"""A tree of indices as plain data: found, added to, taken from and put in another order by path.

A path is the places among siblings from the top, such as `0.2`; the whole tree's is empty. Children are an
index's leaves, then its groups, as in `kezhi.value.index.shape`.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterator
from typing import Any

from kezhi.value.index.shape import LEVELS, IndexTree
from kezhi.value.plain import from_plain, to_plain

Plain = dict[str, Any]


def is_group(node: Plain) -> bool:
    return "measure" not in node


def children(node: Plain) -> list[Plain]:
    return [*node.get("leaves", ()), *node.get("branches", ())]


def at(tree: Plain, path: str) -> Plain:
    """The index at `path`. Raises LookupError where there is none."""
    node = tree
    for place in path.split(".") if path else ():
        node = children(node)[int(place)]
    return node


def walk(tree: Plain, path: str = "") -> Iterator[tuple[str, Plain]]:
    """Every index below the top with its path, from left to right."""
    for place, child in enumerate(children(at(tree, path))):
        own = below(path, place)
        yield own, child
        if is_group(child):
            yield from walk(tree, own)


def below(path: str, place: int) -> str:
    return f"{path}.{place}" if path else str(place)


def parent_of(path: str) -> tuple[str, int]:
    parent, _dot, place = path.rpartition(".")
    return parent, int(place)


def depth(path: str) -> int:
    """Levels below the top: 1 for the groups that make the score."""
    return path.count(".") + 1 if path else 0


def height(node: Plain) -> int:
    """Levels from the index down to its lowest, itself counted."""
    return 1 + max((height(child) for child in children(node)), default=0)


def add(tree: Plain, path: str, node: Plain) -> str:
    """Put an index last below the group at `path`; returns its path."""
    parent = at(tree, path)
    own = parent.setdefault("branches" if is_group(node) else "leaves", [])
    own.append(node)
    leaves = len(parent.get("leaves", ()))
    return below(path, (leaves if is_group(node) else 0) + len(own) - 1)


def take(tree: Plain, path: str) -> Plain:
    """Take the index at `path` out of the tree, with all that is below it."""
    siblings, place = _among(tree, path)
    return siblings.pop(place)


def shift(tree: Plain, path: str, step: int) -> str:
    """One place up (−1) or down (1) among its kind; returns where it stands now."""
    siblings, place = _among(tree, path)
    other = place + step
    if not 0 <= other < len(siblings):
        return path
    siblings[place], siblings[other] = siblings[other], siblings[place]
    parent, own = parent_of(path)
    return below(parent, own + step)


def groups(tree: Plain) -> Iterator[tuple[str, Plain]]:
    """Every group with its path, the whole tree first."""
    yield "", tree
    yield from ((path, node) for path, node in walk(tree) if is_group(node))


def has_room(path: str, node: Plain) -> bool:
    """Whether the index fits below the group at `path`: a tree has four levels, and groups at the top."""
    return depth(path) + height(node) <= LEVELS and (bool(path) or is_group(node))


def built(tree: Plain) -> IndexTree:
    """The tree of the engine. Raises ValueError for one that doesn't hold together."""
    return from_plain(IndexTree, tree)


def without_judgements(tree: Plain) -> Plain:
    """The tree as a draft keeps it: who judges what stands beside it."""
    bare = copy.deepcopy(tree)
    for _path, group in groups(bare):
        if group.get("weighting"):
            group["weighting"] = {**group["weighting"], "judgements": []}
    return bare


def plain(tree: IndexTree) -> Plain:
    """The engine's tree as plain data."""
    found: Plain = to_plain(tree)
    return found


def same(tree: Plain, other: Plain) -> bool:
    """Whether two plain trees say the same, defaults filled in; an incomplete one is only itself."""
    try:
        return built(tree) == built(other)
    except ValueError:
        return tree == other


def digest(tree: IndexTree) -> str:
    """A short name for exactly this tree."""
    text = json.dumps(to_plain(tree), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def _among(tree: Plain, path: str) -> tuple[list[Plain], int]:
    """The list that the index stands in, of leaves or groups, and its place there."""
    parent_path, place = parent_of(path)
    parent = at(tree, parent_path)
    leaves = parent.setdefault("leaves", []) if parent_path else []
    if place < len(leaves):
        return leaves, place
    groups_here: list[Plain] = parent.setdefault("branches", [])
    return groups_here, place - len(leaves)
