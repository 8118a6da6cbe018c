"""The network around a party: whom it is related to and whom they are, drawn on two rings.

Only relations of which the person may see both ends are there; what doesn't fit is counted, not hidden.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import cos, pi, sin, sqrt
from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from kezhi.core.actor import Actor
from kezhi.customers.models import Customer, Relation
from kezhi.insight import figures
from kezhi.records import registry
from kezhi.web.requests import PersonRequest, must_may

MOST_NEAR, MOST_NODES = 20, 60
READ = 400
WIDTH, HEIGHT = 760, 520
NEAR, FAR = (150, 118), (258, 212)
LABEL = 8
# Where a party has several roles, the colour is that of the one that says most.
TELLING = ("competitor", "supplier", "distributor", "influencer", "internal", "customer")


@dataclass(frozen=True, slots=True)
class Node:
    party: Customer
    step: int
    x: float
    y: float
    side: str
    """Where the name stands: `start` right of the dot, `end` left of it, `middle` below."""
    worth: float | None = None
    """The own value, where the reader may know it."""
    growth: float = 0.0
    """How much larger the dot is for it, from 0 to 1."""

    @property
    def radius(self) -> float:
        return round((15, 8, 6)[self.step] + (7, 9, 6)[self.step] * self.growth, 1)

    @property
    def role(self) -> str:
        return next((role for role in TELLING if role in self.party.roles), "customer")

    @property
    def label(self) -> str:
        """The name, cut to what has room; a Latin letter takes half of a hanzi's."""
        room, shown = LABEL * 2, ""
        for character in self.party.name:
            room -= 1 if character.isascii() else 2
            if room < 0:
                return f"{shown}…"
            shown += character
        return shown

    @property
    def label_x(self) -> float:
        beside = self.radius + 5
        return round(self.x + {"start": beside, "end": -beside}.get(self.side, 0), 1)

    @property
    def label_y(self) -> float:
        below = self.radius + (13 if self.step == 0 else 15)
        return round(self.y + (below if self.side == "middle" else 4), 1)


@dataclass(frozen=True, slots=True)
class Edge:
    """A line from the one to the other, ending short of the dots so that the arrow shows."""

    relation: Relation
    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class Network:
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    left_out: int
    """Parties that found no room."""
    shows_worth: bool = False

    @property
    def roles(self) -> list[tuple[str, str]]:
        """The roles that occur, for the key."""
        shown = {node.role for node in self.nodes}
        return [(key, str(label)) for key, label in Customer.Role.choices if key in shown]


@require_safe
def show(request: PersonRequest, pk: int) -> HttpResponse:
    """The picture and, below it, the same as a table."""
    must_may(request, "read", "relation")
    rows = Customer.objects.visible_to(request.actor).select_related("standing", "owner")
    customer = get_object_or_404(rows, pk=pk)
    network = network_of(customer, request.actor)
    basis = figures.basis_for(request.actor)
    parties = [node.party.pk for node in network.nodes]
    about: dict[str, Any] = {
        "customer": customer,
        "kind": registry["customer"],
        "network": network,
        "basis": basis,
        "influences": figures.influences_of(request.actor, parties, basis) if basis else {},
        "width": WIDTH,
        "height": HEIGHT,
    }
    is_part = request.htmx and request.htmx.target == "network"
    template = "customers/_network.html" if is_part else "customers/network.html"
    return render(request, template, about)


def network_of(customer: Customer, actor: Actor) -> Network:
    """Two steps around the customer, in two queries."""
    first = _relations([customer.pk], actor)
    near = _others(first, [customer])
    shown_near = near[:MOST_NEAR]
    second = _relations([party.pk for party in shown_near], actor) if shown_near else []
    far = _others(second, [customer, *near])
    room = MOST_NODES - 1 - len(shown_near)
    shown_far = far[:room]
    parents = _parents(second, shown_near, shown_far)
    nodes = _placed(customer, shown_near, parents)
    shows_worth = actor.sees("customer", "value")
    if shows_worth:
        nodes = _with_worth(nodes)
    at = {node.party.pk: node for node in nodes}
    relations = {relation.pk: relation for relation in (*first, *second)}
    edges = [
        _edge(relation, at[relation.customer_id], at[relation.other_id])
        for relation in relations.values()
        if relation.customer_id in at and relation.other_id in at
    ]
    left_out = len(near) - len(shown_near) + len(far) - len(shown_far)
    return Network(tuple(nodes), tuple(edges), left_out, shows_worth)


def _with_worth(nodes: list[Node]) -> list[Node]:
    """The dots grow with the own value: their area, as with any circle that stands for an amount."""
    worth = {node.party.pk: node.party.standing.current_value for node in nodes}
    most = max((float(amount) for amount in worth.values() if amount), default=0.0)
    return [
        replace(
            node,
            worth=None if amount is None else float(amount),
            growth=sqrt(max(float(amount), 0.0) / most) if amount and most > 0 else 0.0,
        )
        for node in nodes
        for amount in [worth[node.party.pk]]
    ]


def _relations(ids: list[int], actor: Actor) -> list[Relation]:
    ends = Q(customer__in=ids) | Q(other__in=ids)
    rows = (
        Relation.objects.visible_to(actor)
        .filter(ends)
        .select_related("customer__standing", "other__standing")
    )
    # The strong ones first: those are drawn when there is no room for all.
    return list(rows.order_by("-strength", "pk")[:READ])


def _others(relations: list[Relation], known: list[Customer]) -> list[Customer]:
    """The parties of these relations that aren't known yet, in their order."""
    seen = {party.pk for party in known}
    found = []
    for relation in relations:
        for party in (relation.customer, relation.other):
            if party.pk not in seen:
                seen.add(party.pk)
                found.append(party)
    return found


def _parents(
    relations: list[Relation], near: list[Customer], far: list[Customer]
) -> dict[int, list[Customer]]:
    """For each party of the inner ring those of the outer one that hang on it first."""
    inner, outer = {party.pk for party in near}, {party.pk: party for party in far}
    children: dict[int, list[Customer]] = {party.pk: [] for party in near}
    for relation in relations:
        for here, there in (
            (relation.customer_id, relation.other_id),
            (relation.other_id, relation.customer_id),
        ):
            if here in inner and there in outer:
                children[here].append(outer.pop(there))
    return children


def _placed(
    customer: Customer, near: list[Customer], children: dict[int, list[Customer]]
) -> list[Node]:
    """Each of the inner ring gets a sector as wide as what hangs on it."""
    nodes = [Node(customer, 0, WIDTH / 2, HEIGHT / 2, "middle")]
    weights = [max(1, len(children[party.pk])) for party in near]
    whole, turn = sum(weights) or 1, -pi / 2
    for party, weight in zip(near, weights, strict=True):
        sector = 2 * pi * weight / whole
        hanging = children[party.pk]
        nearer = _node(party, 1, turn + sector / 2, NEAR)
        # Beside the dot the name would run into those that hang on it.
        nodes.append(replace(nearer, side="middle") if hanging else nearer)
        for place, child in enumerate(hanging):
            angle = turn + sector * (place + 0.5) / len(hanging)
            nodes.append(_node(child, 2, angle, FAR))
        turn += sector
    return nodes


def _node(party: Customer, step: int, angle: float, radii: tuple[int, int]) -> Node:
    x, y = WIDTH / 2 + radii[0] * cos(angle), HEIGHT / 2 + radii[1] * sin(angle)
    side = "start" if cos(angle) > 0.35 else "end" if cos(angle) < -0.35 else "middle"
    return Node(party, step, round(x, 1), round(y, 1), side)


def _edge(relation: Relation, a: Node, b: Node) -> Edge:
    dx, dy = b.x - a.x, b.y - a.y
    length = max((dx * dx + dy * dy) ** 0.5, 1.0)
    start, end = (a.radius + 3) / length, (b.radius + 5) / length
    return Edge(
        relation,
        round(a.x + dx * start, 1),
        round(a.y + dy * start, 1),
        round(b.x - dx * end, 1),
        round(b.y - dy * end, 1),
    )
