"""A condition after the check: what it means for the database and in words, or what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import and_, or_

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from kezhi.records import Condition, Field, Kind
from kezhi.workbench.filtering import relating
from kezhi.workbench.filtering.comparing import (
    SIGNS,
    WITHOUT_OPERAND,
    comparisons,
    operator_label,
)
from kezhi.workbench.filtering.meaning import Asking, aliased, meaning
from kezhi.workbench.filtering.questions import Question
from kezhi.workbench.filtering.related import field_of
from kezhi.workbench.filtering.tree import Group, Has, Leaf, Node, Not, is_tree, parse
from kezhi.workbench.operands import Unusable


@dataclass(frozen=True)
class Criterion:
    """A condition's meaning for the database and in words, or the problem with it.

    `reads` are the fields that the predicate names: their expressions must be aliased before. A tree of
    conditions is told as a whole in `shown`; its `label` is empty.
    """

    source: str
    label: str
    sign: str = ""
    shown: str = ""
    predicate: Q | None = None
    problem: str = ""
    condition: Condition | None = None
    reads: tuple[Field, ...] = ()

    @property
    def is_valid(self) -> bool:
        return not self.problem

    @property
    def is_tree(self) -> bool:
        return is_tree(self.source)

    @property
    def name(self) -> str:
        """What a reader who can't see the chip calls it."""
        return self.label or self.shown


@dataclass(frozen=True)
class Part:
    """A node of a tree after the check."""

    predicate: Q
    words: str
    reads: tuple[Field, ...] = ()


def check(kind: Kind, source: str, asking: Asking) -> Criterion:
    """The criterion of one `w` of an address.

    Raises nothing but `TooMuch`, for a tree that no person would write.
    """
    try:
        node = parse(source)
    except Unusable as reason:
        return Criterion(source, "", shown=shortened(source), problem=str(reason))
    if isinstance(node, Leaf):
        return _single(kind, node.condition, asking)
    try:
        part = part_of(kind, node, asking)
    except Unusable as reason:
        return Criterion(source, "", shown=_("Several conditions"), problem=str(reason))
    return Criterion(source, "", "", part.words, part.predicate, reads=part.reads)


def part_of(kind: Kind, node: Node, asking: Asking) -> Part:
    """The meaning of a tree; `Unusable` with the sentence of the first condition that isn't allowed."""
    if isinstance(node, Leaf):
        return _leaf(kind, node.condition, asking)
    if isinstance(node, Not):
        inner = part_of(kind, node.node, asking)
        words = pgettext("filter", "not (%(condition)s)") % {"condition": inner.words}
        return Part(~inner.predicate, words, inner.reads)
    if isinstance(node, Has):
        return _has(kind, node, asking)
    return _group(kind, node, asking)


def _group(kind: Kind, group: Group, asking: Asking) -> Part:
    parts = [part_of(kind, each, asking) for each in group.nodes]
    words = [
        pgettext("filter", "(%(condition)s)") % {"condition": part.words}
        if isinstance(each, Group) and len(each.nodes) > 1
        else part.words
        for each, part in zip(group.nodes, parts, strict=True)
    ]
    is_any = group.mode == "any"
    return Part(
        reduce(or_ if is_any else and_, (part.predicate for part in parts)),
        (_or() if is_any else _and()).join(words),
        tuple(field for part in parts for field in part.reads),
    )


def _has(kind: Kind, node: Has, asking: Asking) -> Part:
    collection, other = relating.collection_of(kind, node.collection, asking.actor)
    rows = other.visible_to(asking.actor)
    records = str(collection.label).lower()
    if node.where is not None:
        try:
            where = part_of(other, node.where, asking)
        except Unusable as reason:
            raise Unusable(f"{collection.label}{_(': ')}{reason}") from None
        rows = aliased(rows, *where.reads).filter(where.predicate)
        records = pgettext("filter", "%(records)s (%(condition)s)") % {
            "records": records,
            "condition": where.words,
        }
    if node.is_absent:
        predicate = ~relating.are_there(kind, collection, rows)
        return Part(predicate, pgettext("filter", "has no %(records)s") % {"records": records})
    parts = []
    try:
        if node.count:
            count = relating.count_of(node.count)
            words = pgettext("filter", "%(records)s %(sign)s %(count)s")
            about = {"records": records, "sign": count.sign, "count": count.shown}
            predicate = relating.so_many(kind, collection, rows, count)
            parts.append(Part(predicate, words % about))
        if node.total is not None:
            name, comparison = node.total
            field = next((each for each in relating.addable(other) if each.name == name), None)
            if field is None:
                raise Unusable(_("“%(field)s” can’t be added up.") % {"field": shortened(name)})
            total = relating.Comparison.read(comparison)
            words = pgettext("filter", "%(field)s of %(records)s in total %(sign)s %(amount)s")
            about = {
                "field": str(field.label),
                "records": records,
                "sign": total.sign,
                "amount": total.shown,
            }
            predicate = relating.of_such_a_sum(kind, collection, rows, field, total)
            parts.append(Part(predicate, words % about))
    except Unusable as reason:
        raise Unusable(f"{collection.label}{_(': ')}{reason}") from None
    if not parts:
        predicate = relating.are_there(kind, collection, rows)
        return Part(predicate, pgettext("filter", "has %(records)s") % {"records": records})
    return Part(
        reduce(and_, (part.predicate for part in parts)),
        _and().join(part.words for part in parts),
    )


def _and() -> str:
    return pgettext("between conditions", " and ")


def _or() -> str:
    return pgettext("between conditions", " or ")


def _leaf(kind: Kind, source: str, asking: Asking) -> Part:
    criterion = _single(kind, source, asking)
    if criterion.predicate is None or criterion.condition is None:
        raise Unusable(criterion.problem)
    op = criterion.condition.op
    field = field_of(kind, criterion.condition.field, asking.actor)
    if op in WITHOUT_OPERAND or field is None:
        words = f"{criterion.label} {criterion.shown}"
    else:
        words = f"{criterion.label} {criterion.sign or operator_label(field, op)} {criterion.shown}"
    return Part(criterion.predicate, words, criterion.reads)


def _single(kind: Kind, source: str, asking: Asking) -> Criterion:
    try:
        condition = Condition.parse(source)
    except ValueError:
        return Criterion(source, shortened(source), problem=_("This filter isn’t complete."))
    field = field_of(kind, condition.field, asking.actor)
    if field is None or not field.is_filterable:
        problem = _("This list can’t be filtered by “%(field)s”.")
        name = str(field.label) if field is not None else shortened(condition.field)
        return Criterion(source, name, problem=problem % {"field": name})
    if condition.op not in comparisons(field):
        problem = _("“%(field)s” doesn’t know this kind of comparison.") % {"field": field.label}
        return Criterion(source, str(field.label), problem=problem, condition=condition)
    sign = str(SIGNS.get(condition.op, ""))
    reads: tuple[Field, ...] = (field,)
    try:
        if isinstance(field, Question) and field.means is not None:
            predicate, shown, reads = field.means(condition, asking)
        else:
            predicate, shown = meaning(kind, field, condition, asking)
    except Unusable as reason:
        return Criterion(
            source,
            str(field.label),
            sign,
            shortened(condition.operand),
            problem=f"{field.label}{_(': ')}{reason}",
            condition=condition,
        )
    return Criterion(
        source, str(field.label), sign, shown, predicate, condition=condition, reads=reads
    )


def shortened(text: str) -> str:
    line = "".join(c if c.isprintable() else "·" for c in text)
    return line if len(line) <= 40 else f"{line[:39]}…"
