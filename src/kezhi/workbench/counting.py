"""How many there are, and what they add up to: honest, and never dearer than ten thousand rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Avg, Count, QuerySet, Sum

from kezhi.records import Field

CAP = 10_000
GLANCE = 1_000
"""Where many numbers stand side by side (views, columns of a board), "1,000+" says enough of each."""
_AGGREGATES = {"sum": Sum, "avg": Avg}


@dataclass(frozen=True)
class Totals:
    """`amounts` by field name; empty when there are more rows than are added up."""

    count: int
    is_capped: bool = False
    amounts: dict[str, Any] = field(default_factory=dict)


def count(queryset: QuerySet[Any], cap: int = CAP) -> Totals:
    """The number of rows up to `cap`; beyond it only that there are more."""
    found = queryset.order_by()[: cap + 1].count()
    return Totals(min(found, cap), found > cap)


def totals(queryset: QuerySet[Any], fields: Sequence[Field], cap: int = CAP) -> Totals:
    """Count, and the sum or mean of the fields that declare one; no sum of a part passes for the whole."""
    wanted = {
        f"total_{each.name}": _AGGREGATES[each.total](each.path) for each in fields if each.total
    }
    # Selected, not aliased: what is added up must be among the columns of the rows that are cut off.
    own = {f.path: f.expression for f in fields if f.total and f.expression is not None}
    rows = queryset.annotate(**own) if own else queryset
    found = rows.order_by()[: cap + 1].aggregate(total_rows=Count("pk"), **wanted)
    if found["total_rows"] > cap:
        return Totals(cap, True)
    amounts = {each.name: found[f"total_{each.name}"] for each in fields if each.total}
    return Totals(found["total_rows"], False, amounts)
