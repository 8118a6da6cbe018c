"""Fields of the records that a record points to: of an order its customer's tier.

`customer:tier` names them: links of the declaration, then a field. What the actor may not read of the other
kind doesn't exist here, and a record that they may not see meets no condition.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from kezhi.core.actor import Actor
from kezhi.records import Condition, Field, FieldKind, Kind, registry
from kezhi.workbench.filtering.comparing import OPERATORS
from kezhi.workbench.filtering.meaning import aliased, meaning
from kezhi.workbench.filtering.questions import Answer, Question, questions_of

if TYPE_CHECKING:
    from kezhi.workbench.filtering.meaning import Asking

BETWEEN = ":"
MOST_HOPS = 2


@dataclass(frozen=True)
class Hop:
    """From a kind over one of its links to another kind, each as the actor may know it."""

    link: Field
    kind: Kind


@dataclass(frozen=True)
class Way:
    """The hops from a kind to the field that is asked for; none when it is the kind's own."""

    start: Kind
    hops: tuple[Hop, ...]
    field: Field

    @property
    def kind(self) -> Kind:
        return self.hops[-1].kind if self.hops else self.start

    @property
    def prefix(self) -> str:
        return "".join(f"{hop.link.path}__" for hop in self.hops)

    @property
    def name(self) -> str:
        return BETWEEN.join((*(hop.link.name for hop in self.hops), self.field.name))

    @property
    def label(self) -> str:
        return " › ".join((*(str(hop.link.label) for hop in self.hops), str(self.field.label)))


def links_of(kind: Kind, actor: Actor) -> list[Hop]:
    """Where one may go on from a record, by columns of its own table."""
    return [
        Hop(field, registry[field.link].seen_by(actor))
        for field in kind.fields
        if field.kind is FieldKind.LINK
        and field.is_filterable
        and field.expression is None
        and field.link in registry
        and actor.may("read", field.link)
    ]


def way_to(kind: Kind, name: str, actor: Actor) -> Way | None:
    """The way that a name says, as far as this actor may go; `kind` as they may know it."""
    *steps, last = name.split(BETWEEN)
    if len(steps) > MOST_HOPS:
        return None
    hops: list[Hop] = []
    here = kind
    for step in steps:
        hop = next((each for each in links_of(here, actor) if each.link.name == step), None)
        if hop is None:
            return None
        hops.append(hop)
        here = hop.kind
    field = own_field(here, last, actor)
    return Way(kind, tuple(hops), field) if field is not None else None


def own_field(kind: Kind, name: str, actor: Actor) -> Field | None:
    if name in kind:
        return kind.field(name)
    return next((each for each in questions_of(kind, actor) if each.name == name), None)


def field_of(kind: Kind, name: str, actor: Actor) -> Field | None:
    """The field or question of that name by which this actor may filter; None when there is none."""
    if BETWEEN not in name:
        return own_field(kind, name, actor)
    way = way_to(kind, name, actor)
    if way is None or not way.field.is_filterable:
        return None
    return asked(way)


def asked(way: Way) -> Question:
    """The field at the end of the way, as a question to the records where it begins."""
    field = way.field
    question = field if isinstance(field, Question) else None
    return Question(
        name=way.name,
        label=way.label,
        kind=field.kind,
        choices=field.choices,
        link=field.link,
        unit=field.unit,
        is_filterable=True,
        comparisons=question.comparisons if question else OPERATORS[field.kind],
        means=partial(_means, way),
        options=question.options if question else None,
    )


def _means(way: Way, condition: Condition, asking: Asking) -> Answer:
    here = Condition(way.field.name, condition.op, condition.operand)
    reads: tuple[Field, ...] = (way.field,)
    if isinstance(way.field, Question) and way.field.means is not None:
        predicate, shown, reads = way.field.means(here, asking)
    else:
        predicate, shown = meaning(way.kind, way.field, here, asking)
    for hop in reversed(way.hops):
        rows: Any = aliased(hop.kind.visible_to(asking.actor), *reads).filter(predicate)
        predicate, reads = Q(**{f"{hop.link.path}__in": rows.values("pk")}), ()
    return predicate, shown, reads
