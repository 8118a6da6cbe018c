"""The grammar of a filter: a condition as text, or JSON that joins conditions.

    tier.in.S,A
    {"any": ["industry.eq.食品", "city.eq.合肥"]}      also "all"; and {"not": …}
    {"has": "orders", "where": …, "count": "gte.3", "sum": ["amount", "gte.10000"]}
    {"hasnt": "interactions", "where": "at.within.90d"}

Here it is only taken apart; whether fields and operands are allowed is asked by the `criterion`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import BadRequest
from django.utils.translation import gettext as _

from kezhi.workbench.operands import Unusable

DEEPEST = 5
MOST_LEAVES = 50
LONGEST = 8000


class TooMuch(BadRequest):
    """Deeper or longer than anybody means it: the request is refused, whoever carries it."""


@dataclass(frozen=True)
class Leaf:
    condition: str


@dataclass(frozen=True)
class Group:
    """`mode` is "any" or "all"."""

    mode: str
    nodes: tuple[Node, ...]


@dataclass(frozen=True)
class Not:
    node: Node


@dataclass(frozen=True)
class Has:
    """Whether records of a collection hang on the row: some, or so many, or of such a sum."""

    collection: str
    where: Node | None = None
    count: str = ""
    total: tuple[str, str] | None = None
    is_absent: bool = False


Node = Leaf | Group | Not | Has


def is_tree(source: str) -> bool:
    return source.lstrip().startswith("{")


def parse(source: str) -> Node:
    """The tree that a `w` says; `Unusable` where it can't be read, `TooMuch` where it is too large."""
    if len(source) > LONGEST:
        raise TooMuch(f"a filter of {len(source)} characters")
    if not is_tree(source):
        return Leaf(source)
    try:
        written = json.loads(source)
    except RecursionError:
        raise TooMuch("a filter without a bottom") from None
    except ValueError:
        raise Unusable(_("This filter isn’t complete.")) from None
    node = _node(written, "1", 1)
    if leaves(node) > MOST_LEAVES:
        raise TooMuch(f"a filter of {leaves(node)} conditions")
    return node


def leaves(node: Node) -> int:
    """How many conditions there are, a question about a collection being one."""
    if isinstance(node, Group):
        return sum(leaves(each) for each in node.nodes)
    if isinstance(node, Not):
        return leaves(node.node)
    if isinstance(node, Has) and node.where is not None:
        return 1 + leaves(node.where)
    return 1


def written(node: Node) -> str:
    """The text of a `w` that says this tree, as short as it can be said."""
    said = _said(simplified(node))
    return said if isinstance(said, str) else _json(said)


def simplified(node: Node) -> Node:
    """The same without groups of one, groups in groups of their sort, and double negation."""
    if isinstance(node, Not):
        inner = simplified(node.node)
        return inner.node if isinstance(inner, Not) else Not(inner)
    if isinstance(node, Has) and node.where is not None:
        return Has(node.collection, simplified(node.where), node.count, node.total, node.is_absent)
    if isinstance(node, Group):
        nodes = tuple(_flat(node))
        return nodes[0] if len(nodes) == 1 else Group(node.mode, nodes)
    return node


def _flat(group: Group) -> Iterator[Node]:
    for each in map(simplified, group.nodes):
        if isinstance(each, Group) and each.mode == group.mode:
            yield from each.nodes
        else:
            yield each


def _said(node: Node) -> Any:
    if isinstance(node, Leaf):
        return node.condition
    if isinstance(node, Group):
        return {node.mode: [_said(each) for each in node.nodes]}
    if isinstance(node, Not):
        return {"not": _said(node.node)}
    said: dict[str, Any] = {"hasnt" if node.is_absent else "has": node.collection}
    if node.where is not None:
        said["where"] = _said(node.where)
    if node.count:
        said["count"] = node.count
    if node.total is not None:
        said["sum"] = list(node.total)
    return said


def _json(said: Any) -> str:
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def _node(said: Any, place: str, depth: int) -> Node:
    if isinstance(said, str):
        return Leaf(said)
    if depth > DEEPEST:
        raise TooMuch(f"a filter of more than {DEEPEST} levels")
    if isinstance(said, dict):
        keys = set(said)
        if len(keys) == 1 and keys <= {"any", "all"}:
            (mode,) = keys
            return Group(mode, _nodes(said[mode], place, depth))
        if keys == {"not"}:
            return Not(_node(said["not"], place, depth + 1))
        if "has" in keys and keys <= {"has", "where", "count", "sum"}:
            return _has(said, place, depth)
        if "hasnt" in keys and keys <= {"hasnt", "where"}:
            return _has(said, place, depth)
    raise _unreadable(place)


def _nodes(said: Any, place: str, depth: int) -> tuple[Node, ...]:
    if not isinstance(said, list) or not said:
        raise _unreadable(place)
    if len(said) > MOST_LEAVES:
        raise TooMuch(f"a group of {len(said)} conditions")
    return tuple(
        _node(each, f"{place}.{number}", depth + 1) for number, each in enumerate(said, start=1)
    )


def _has(said: dict[str, Any], place: str, depth: int) -> Has:
    is_absent = "hasnt" in said
    collection = said["hasnt" if is_absent else "has"]
    count, total = said.get("count", ""), said.get("sum")
    if not isinstance(collection, str) or not isinstance(count, str):
        raise _unreadable(place)
    if total is not None:
        is_pair = isinstance(total, list) and len(total) == 2
        if not is_pair or not all(isinstance(part, str) for part in total):
            raise _unreadable(place)
        total = (total[0], total[1])
    where = _node(said["where"], f"{place}.1", depth + 1) if "where" in said else None
    return Has(collection, where, count, total, is_absent)


def _unreadable(place: str) -> Unusable:
    return Unusable(_("The filter can’t be read at %(place)s.") % {"place": place})
