"""Who is in a segment, as the actor who asks may know it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from kezhi.core.actor import Actor, Scope
from kezhi.core.ids import record_ids
from kezhi.core.refusal import Refused
from kezhi.customers.models import Customer, Segment, SegmentMember
from kezhi.records import Condition, Field, FieldKind, Kind, registry
from kezhi.records.fields import Label
from kezhi.workbench.filtering import Asking, Filter, field_of
from kezhi.workbench.filtering.meaning import DEEPEST_KEPT
from kezhi.workbench.filtering.relating import addable, collection_of
from kezhi.workbench.filtering.tree import Group, Has, Leaf, Node, Not, leaves, parse
from kezhi.workbench.operands import Unusable

MOST_AT_ONCE = 10  # segments in one condition


class NotOpen(Refused):
    """The segment asks for something that this person may not see."""


def filter_of(segment: Segment, asking: Asking) -> Filter:
    """The segment's filter as this actor may ask it; with problems where they may not."""
    asking = asking.inside(segment.pk, sum(leaves(_parsed(c)) for c in segment.conditions))
    kind = registry["customer"]
    return Filter.of(kind, asking, conditions=segment.conditions, text=segment.text)


def why_closed(segment: Segment, asking: Asking) -> str:
    """Why this actor can't open the segment; empty when they can. It doesn't say which field is hidden."""
    try:
        _opened(segment, asking)
    except NotOpen as reason:
        return str(reason)
    return ""


def may_open(segment: Segment, asking: Asking) -> bool:
    """Whether the actor may ask for all that the filter asks for; without looking anything up, for lists."""
    return segment.is_frozen or _may_ask_all(segment, asking, (), is_kept=False)


def members(segment: Segment, asking: Asking) -> QuerySet[Customer]:
    """The customers of the segment whom the actor may see; `NotOpen` where they may not ask."""
    rows: QuerySet[Customer] = Customer.objects.visible_to(asking.actor)
    opened = _opened(segment, asking)
    return rows.filter(_listed(segment)) if opened is None else opened.apply(rows)


def _opened(segment: Segment, asking: Asking) -> Filter | None:
    """The live segment's filter; None for a frozen one, which asks nothing."""
    if segment.is_frozen:
        return None
    try:
        opened = filter_of(segment, asking)
    except Unusable as reason:
        raise NotOpen(str(reason)) from None
    if opened.problems:
        raise NotOpen(
            _("This segment asks for something that you may not see, so it can’t be opened.")
        )
    return opened


def kept_members(segment: Segment, actor: Actor) -> QuerySet[SegmentMember]:
    """The members when they were last kept, of those whom the actor may see."""
    rows: QuerySet[SegmentMember] = SegmentMember.objects.visible_to(actor)
    return rows.filter(segment=segment)


def may_see_kept(segment: Segment, asking: Asking) -> bool:
    """Whether what was kept at night tells this actor no more than the filter asked by them would.

    At night the whole company is asked. Whoever sees fewer orders than customers would learn from the kept
    members of "more than three orders" what their own question doesn't tell.
    """
    return segment.is_frozen or _may_ask_all(segment, asking, (), is_kept=True)


def _may_ask_all(
    segment: Segment, asking: Asking, within: tuple[int, ...], *, is_kept: bool
) -> bool:
    if segment.pk in within or len(within) > DEEPEST_KEPT:
        return False
    kind = registry["customer"].seen_by(asking.actor)
    inside = (*within, segment.pk)
    return all(
        _may_ask(kind, _parsed(condition), asking, inside, is_kept=is_kept)
        for condition in segment.conditions
    )


def _may_ask(
    kind: Kind, node: Node, asking: Asking, within: tuple[int, ...], *, is_kept: bool
) -> bool:
    actor = asking.actor
    if isinstance(node, Group):
        return all(_may_ask(kind, each, asking, within, is_kept=is_kept) for each in node.nodes)
    if isinstance(node, Not):
        return _may_ask(kind, node.node, asking, within, is_kept=is_kept)
    if isinstance(node, Has):
        try:
            collection, other = collection_of(kind, node.collection, actor)
        except Unusable:
            return False
        if is_kept and actor.scope("read", collection.kind) < actor.scope("read", "customer"):
            return False
        if node.total is not None and node.total[0] not in {each.name for each in addable(other)}:
            return False
        return node.where is None or _may_ask(other, node.where, asking, within, is_kept=is_kept)
    return _may_ask_leaf(kind, node, asking, within, is_kept=is_kept)


def _may_ask_leaf(
    kind: Kind, leaf: Leaf, asking: Asking, within: tuple[int, ...], *, is_kept: bool
) -> bool:
    try:
        condition = Condition.parse(leaf.condition)
    except ValueError:
        return False
    field = field_of(kind, condition.field, asking.actor)
    if field is None or not field.is_filterable:
        return False
    if is_kept and field.kind is FieldKind.LINK:
        # The record that is named may be a stranger's.
        return asking.actor.scope("read", field.link) is Scope.ALL
    named = _named(leaf.condition) if kind.name == "customer" else []
    return all(
        pk in _visible(asking)
        and (
            _visible(asking)[pk].is_frozen
            or _may_ask_all(_visible(asking)[pk], asking, within, is_kept=is_kept)
        )
        for pk in named
    )


def _visible(asking: Asking) -> dict[int, Segment]:
    """All segments that the actor sees, fetched once for whatever is asked together."""
    known: dict[int, Segment] | None = asking.memo.get("segments")
    if known is None:
        known = asking.memo["segments"] = {
            row.pk: row for row in Segment.objects.visible_to(asking.actor)
        }
    return known


def _listed(segment: Segment) -> Q:
    return Q(Exists(SegmentMember.objects.filter(segment=segment, customer=OuterRef("pk"))))


def _parsed(condition: str) -> Node:
    try:
        return parse(condition)
    except Unusable:
        return Leaf(condition)


def _named(condition: str) -> list[int]:
    """The segments that a condition names."""
    try:
        asked = Condition.parse(condition)
    except ValueError:
        return []
    if asked.field != "segment":
        return []
    return record_ids(part.strip() for part in asked.operand.split(","))


# ---- the filter "is in the segment" ----


def meaning(condition: Condition, asking: Asking) -> tuple[Q, str, tuple[Field, ...]]:
    parts = [part.strip() for part in condition.operand.split(",") if part.strip()]
    if not parts or len(parts) > MOST_AT_ONCE:
        raise Unusable(_("Choose one to %(count)d segments.") % {"count": MOST_AT_ONCE})
    ids = record_ids(parts)
    if len(ids) < len(parts):
        raise Unusable(_("Choose one of the entries."))
    found = {row.pk: row for row in Segment.objects.visible_to(asking.actor).filter(pk__in=ids)}
    if any(pk not in found for pk in ids):
        raise Unusable(_("What it was set to doesn’t exist, or you can’t see it."))
    some = Q(pk__in=[])
    reads: list[Field] = []
    for pk in ids:
        predicate, fields = _condition(found[pk], asking)
        some |= predicate
        reads.extend(fields)
    shown = "、".join(f"“{found[pk].name}”" for pk in ids)
    return (~some if condition.op == "none" else some), shown, tuple(reads)


def _condition(segment: Segment, asking: Asking) -> tuple[Q, tuple[Field, ...]]:
    if segment.is_frozen:
        return _listed(segment), ()
    inner = filter_of(segment, asking)
    if inner.problems:
        raise Unusable(
            _("This segment asks for something that you may not see, so it can’t be opened.")
        )
    return inner.predicate, inner.reads


def options(actor: Actor) -> Sequence[tuple[str, Label]]:
    rows = Segment.objects.visible_to(actor).order_by("name")[:200]
    return [(str(pk), name) for pk, name in rows.values_list("pk", "name")]


# ---- what conditions name ----


def asked_by(conditions: Iterable[str]) -> set[int]:
    """The segments that conditions name, in whatever branch."""
    found: set[int] = set()

    def look(node: Node) -> None:
        if isinstance(node, Group):
            for each in node.nodes:
                look(each)
        elif isinstance(node, Not):
            look(node.node)
        elif isinstance(node, Leaf):
            found.update(_named(node.condition))

    for condition in conditions:
        look(_parsed(condition))
    return found


def reached_by(conditions: Iterable[str]) -> set[int]:
    """The segments that conditions name, and those that these name."""
    reached: set[int] = set()
    waiting = asked_by(conditions)
    while waiting:
        reached |= waiting
        named = Segment.objects.filter(pk__in=waiting, is_frozen=False)
        waiting = {
            pk for found in named.values_list("conditions", flat=True) for pk in asked_by(found)
        }
        waiting -= reached
    return reached


def with_names(kind: Kind, node: Node, asking: Asking) -> Node:
    """With the person instead of "me": a segment means the same whoever reads it."""
    if isinstance(node, Group):
        return Group(node.mode, tuple(with_names(kind, each, asking) for each in node.nodes))
    if isinstance(node, Not):
        return Not(with_names(kind, node.node, asking))
    if isinstance(node, Has):
        if node.where is None:
            return node
        _collection, other = collection_of(kind, node.collection, asking.actor)
        return replace(node, where=with_names(other, node.where, asking))
    condition = Condition.parse(node.condition)
    field = field_of(kind, condition.field, asking.actor)
    if (
        field is None
        or field.kind is not FieldKind.PERSON
        or condition.op not in ("eq", "ne", "in")
    ):
        return node
    people = [part.strip() for part in condition.operand.split(",")]
    named = ",".join(str(asking.actor.pk) if part == "me" else part for part in people)
    return Leaf(str(replace(condition, operand=named)))
