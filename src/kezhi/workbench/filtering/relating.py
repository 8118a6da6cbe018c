"""Conditions on what hangs on a record: orders of the last 90 days, at least three, of such a sum."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, DecimalField, Exists, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import gettext as _

from kezhi.core.actor import Actor
from kezhi.records import Collection, Field, Kind, registry
from kezhi.workbench import operands
from kezhi.workbench.filtering.comparing import SIGNS
from kezhi.workbench.filtering.meaning import aliased
from kezhi.workbench.operands import Unusable

COMPARISONS = ("gte", "lte", "gt", "lt", "eq", "ne")
MOST = 10**9
_MONEY: DecimalField[Any, Any] = DecimalField(max_digits=30, decimal_places=6)


@dataclass(frozen=True)
class Comparison:
    op: str
    amount: Decimal
    shown: str

    @classmethod
    def read(cls, text: str) -> Comparison:
        """`gte.3`, `lt.1.5万`."""
        op, _dot, operand = text.partition(".")
        if op not in COMPARISONS:
            raise Unusable(_("Choose how to compare, and with which number."))
        return cls(op, operands.number(operand), operand.strip())

    @property
    def sign(self) -> str:
        return str(SIGNS[self.op]) or "="

    def holds(self, amount: Decimal) -> bool:
        of: dict[str, bool] = {
            "gte": amount >= self.amount,
            "lte": amount <= self.amount,
            "gt": amount > self.amount,
            "lt": amount < self.amount,
            "eq": amount == self.amount,
            "ne": amount != self.amount,
        }
        return of[self.op]

    def on(self, name: str) -> Q:
        if self.op == "ne":
            return ~Q(**{name: self.amount})
        return Q(**{name if self.op == "eq" else f"{name}__{self.op}": self.amount})


def collections_of(kind: Kind, actor: Actor) -> list[Collection]:
    """What this actor may ask of a record's own records: only kinds that they may read."""
    return [
        each for each in kind.collections if each.kind in registry and actor.may("read", each.kind)
    ]


def collection_of(kind: Kind, name: str, actor: Actor) -> tuple[Collection, Kind]:
    """The collection with its kind as the actor may know it."""
    for each in collections_of(kind, actor):
        if each.name == name:
            return each, registry[each.kind].seen_by(actor)
    raise Unusable(
        _("“%(kind)s” has nothing called “%(name)s” that you could ask for.")
        % {"kind": kind.label, "name": name[:40]}
    )


def addable(kind: Kind) -> list[Field]:
    """The fields whose sum can be asked for."""
    return [
        field
        for field in kind.fields
        if field.is_number
        and field.is_filterable
        and field.kind in ("money", "quantity", "integer")
    ]


def count_of(text: str) -> Comparison:
    wanted = Comparison.read(text)
    if wanted.amount != wanted.amount.to_integral_value() or not 0 <= wanted.amount <= MOST:
        raise Unusable(_("Write a whole number."))
    return wanted


def are_there(kind: Kind, collection: Collection, rows: QuerySet[Any]) -> Q:
    return Q(Exists(rows.filter(**{collection.path: OuterRef("pk")})))


def so_many(kind: Kind, collection: Collection, rows: QuerySet[Any], wanted: Comparison) -> Q:
    return _measured(kind, collection, rows, Count("pk"), wanted)


def of_such_a_sum(
    kind: Kind, collection: Collection, rows: QuerySet[Any], field: Field, wanted: Comparison
) -> Q:
    total = Coalesce(Cast(Sum(field.path), _MONEY), Decimal(0), output_field=_MONEY)
    return _measured(kind, collection, aliased(rows, field), total, wanted)


def _measured(
    kind: Kind, collection: Collection, rows: QuerySet[Any], measure: Any, wanted: Comparison
) -> Q:
    """One pass over the collection, never one per record of the list.

    Where nothing at all would meet the condition, too (at most two orders), those are sought that don't
    meet it, and left out: as an anti-join, because NOT IN over a large set is slow beyond measure.
    """
    grouped = rows.order_by().values(collection.path).annotate(measured=measure)
    if not wanted.holds(Decimal(0)):
        return Q(pk__in=grouped.filter(wanted.on("measured")).values(collection.path))
    others = grouped.exclude(wanted.on("measured")).values(collection.path)
    records = kind.model._default_manager.filter(pk=OuterRef("pk"), pk__in=others)
    return ~Q(Exists(records))
