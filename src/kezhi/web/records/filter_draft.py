"""A filter while it is being built: the tree of an address as rows and groups of a form, and back.

Every node has a place ("n_1_2": the second part of the first part of the whole); its inputs are named after
it. A row that isn't complete is no condition yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.http import QueryDict

from kezhi.records import Condition
from kezhi.workbench.filtering import WITHOUT_OPERAND
from kezhi.workbench.filtering.tree import (
    MOST_LEAVES,
    Group,
    Has,
    Leaf,
    Node,
    Not,
    TooMuch,
    parse,
    written,
)
from kezhi.workbench.operands import Unusable

ROOT = "n"
MODES = ("all", "any", "none", "not_all")
MEASURES = ("has", "hasnt", "count", "sum")
MOST_NODES = 120
DEEPEST = 6


@dataclass
class Row:
    field: str = ""
    op: str = ""
    operand: str = ""
    is_new: bool = False

    @property
    def chosen(self) -> list[str]:
        return self.operand.split(",")


@dataclass
class Branch:
    mode: str = "all"
    parts: list[Part] = field(default_factory=list)


@dataclass
class Relation:
    collection: str = ""
    measure: str = "has"
    op: str = "gte"
    number: str = ""
    summed: str = ""
    where: Branch = field(default_factory=Branch)
    is_new: bool = False


Part = Row | Branch | Relation


# ---- from an address, and to it ----


def of_conditions(conditions: Sequence[str]) -> Branch:
    """The whole as one group; what can't be read is left out, its chip said so."""
    nodes = []
    for source in conditions:
        try:
            nodes.append(parse(source))
        except (Unusable, TooMuch):
            continue
    parts = [_part(node) for node in nodes]
    if len(parts) == 1 and isinstance(parts[0], Branch):
        return parts[0]
    return Branch("all", parts)


def conditions_of(whole: Branch) -> list[str]:
    """The `w`s of the address; conditions that must all be met stand beside each other."""
    if whole.mode == "all":
        nodes = [node for part in whole.parts if (node := _node(part)) is not None]
    else:
        node = _node(whole)
        nodes = [node] if node is not None else []
    return list(dict.fromkeys(written(node) for node in nodes))


def _part(node: Node) -> Part:
    if isinstance(node, Group):
        return Branch(node.mode, [_part(each) for each in node.nodes])
    if isinstance(node, Not):
        inner = _part(node.node)
        if isinstance(inner, Branch) and inner.mode in ("any", "all"):
            return Branch("none" if inner.mode == "any" else "not_all", inner.parts)
        return Branch("none", [inner])
    if isinstance(node, Has):
        return _relation(node)
    try:
        condition = Condition.parse(node.condition)
    except ValueError:
        return Row()
    return Row(condition.field, condition.op, condition.operand)


def _relation(node: Has) -> Part:
    where = _part(node.where) if node.where is not None else Branch()
    relation = Relation(
        node.collection, where=where if isinstance(where, Branch) else Branch("all", [where])
    )
    if node.is_absent:
        relation.measure = "hasnt"
    elif node.count:
        relation.measure = "count"
        relation.op, _dot, relation.number = node.count.partition(".")
    if node.total is not None:
        summed, comparison = node.total
        op, _dot, number = comparison.partition(".")
        total = Relation(node.collection, "sum", op, number, summed, relation.where)
        return total if not node.count else Branch("all", [relation, total])
    return relation


def _node(part: Part) -> Node | None:
    if isinstance(part, Row):
        is_complete = part.field and part.op and (part.operand or part.op in WITHOUT_OPERAND)
        return Leaf(str(Condition(part.field, part.op, part.operand))) if is_complete else None
    if isinstance(part, Relation):
        return _has(part)
    nodes = tuple(node for each in part.parts if (node := _node(each)) is not None)
    if not nodes:
        return None
    group = Group("any" if part.mode in ("any", "none") else "all", nodes)
    return Not(group) if part.mode in ("none", "not_all") else group


def _has(relation: Relation) -> Node | None:
    if not relation.collection:
        return None
    where = _node(relation.where)
    if relation.measure in ("has", "hasnt"):
        return Has(relation.collection, where, is_absent=relation.measure == "hasnt")
    if not relation.number.strip():
        return None
    comparison = f"{relation.op}.{relation.number.strip()}"
    if relation.measure == "count":
        return Has(relation.collection, where, count=comparison)
    if not relation.summed:
        return None
    return Has(relation.collection, where, total=(relation.summed, comparison))


# ---- from the form ----


def of_form(data: QueryDict) -> Branch:
    """The draft as the form sends it, after the button that was pressed."""
    places = sorted(
        (name[:-2] for name in data if name.startswith(f"{ROOT}_") and name.endswith("_t")),
        key=_numbers,
    )
    if len(places) > MOST_NODES or any(len(_numbers(place)) > DEEPEST for place in places):
        raise TooMuch("a draft without end")
    whole = Branch(_one_of(data.get(f"{ROOT}_m", ""), MODES))
    made: dict[str, Part] = {ROOT: whole}
    for place in places:
        parent = made.get(place.rpartition("_")[0])
        inside = parent.where if isinstance(parent, Relation) else parent
        if isinstance(inside, Branch):
            made[place] = part = _read(data, place)
            inside.parts.append(part)
    _press(data.get("do", ""), made)
    return whole


def _numbers(place: str) -> tuple[int, ...]:
    parts = place.split("_")[1:]
    if not all(part.isascii() and part.isdigit() and len(part) < 4 for part in parts):
        raise TooMuch("a place that no form has")
    return tuple(int(part) for part in parts)


def _read(data: QueryDict, place: str) -> Part:
    def said(name: str) -> str:
        return data.get(f"{place}_{name}", "")

    sort = said("t")
    if sort == "group":
        return Branch(_one_of(said("m"), MODES))
    if sort == "has":
        return Relation(
            said("c"),
            _one_of(said("k"), MEASURES),
            said("o") or "gte",
            said("n"),
            said("s"),
            Branch(_one_of(said("m"), MODES)),
        )
    operands = [part.strip() for part in data.getlist(f"{place}_v") if part.strip()]
    if said("o") == "within" and said("from") and said("to"):
        operands = [f"{said('from')}..{said('to')}"]
    # The operand belongs to the field for which it was typed.
    is_same = said("f") == said("was")
    return Row(said("f"), said("o") if is_same else "", ",".join(operands) if is_same else "")


def _one_of(word: str, words: Sequence[str]) -> str:
    return word if word in words else words[0]


def _press(pressed: str, made: dict[str, Part]) -> None:
    deed, _space, place = pressed.partition(" ")
    part = made.get(place)
    if part is None:
        return
    if deed == "remove":
        parent = made.get(place.rpartition("_")[0])
        inside = parent.where if isinstance(parent, Relation) else parent
        if isinstance(inside, Branch):
            inside.parts[:] = [each for each in inside.parts if each is not part]
        return
    inside = part.where if isinstance(part, Relation) else part
    if not isinstance(inside, Branch) or len(made) > MOST_LEAVES:
        return
    if deed == "row":
        inside.parts.append(Row(is_new=True))
    elif deed == "group":
        inside.parts.append(Branch("any", [Row(is_new=True)]))
    elif deed == "has":
        inside.parts.append(Relation(is_new=True))


def walk(whole: Branch, place: str = ROOT) -> Iterator[tuple[str, Part]]:
    """Every part with its place, from the top."""
    for number, part in enumerate(whole.parts, start=1):
        here = f"{place}_{number}"
        yield here, part
        if not isinstance(part, Row):
            yield from walk(part.where if isinstance(part, Relation) else part, here)
