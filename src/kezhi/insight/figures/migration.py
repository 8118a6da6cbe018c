"""Customers by tier at two runs: how many stayed, rose and fell, and who they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, FilteredRelation, Q, Sum
from django.db.models.functions import Coalesce

from kezhi.core.actor import Actor
from kezhi.customers.models.standing import Tier
from kezhi.insight.figures.basis import Basis, number
from kezhi.insight.figures.keeping import kept
from kezhi.insight.models import Snapshot

RANK = {tier: place for place, tier in enumerate([*Tier.values, ""])}


@dataclass(frozen=True, slots=True)
class MigrationCell:
    """`before` or `after` is empty for those who stood in no tier then."""

    before: str
    after: str
    customers: int
    potential_value: float


@dataclass(frozen=True, slots=True)
class Migration:
    """The customers measured at the later run, by the tier they came from and the one they are in."""

    starts_on: date | None
    ends_on: date
    cells: tuple[MigrationCell, ...]

    def cell(self, before: str, after: str) -> MigrationCell:
        """One that nobody is in holds 0."""
        found = (cell for cell in self.cells if (cell.before, cell.after) == (before, after))
        return next(found, MigrationCell(before, after, 0, 0.0))

    @property
    def rose(self) -> int:
        return sum(c.customers for c in self._moved() if RANK[c.after] < RANK[c.before])

    @property
    def fell(self) -> int:
        return sum(c.customers for c in self._moved() if RANK[c.after] > RANK[c.before])

    @property
    def stayed(self) -> int:
        return sum(c.customers for c in self.cells if c.before and c.before == c.after)

    def _moved(self) -> list[MigrationCell]:
        """From one tier to another; a first tier is no move."""
        return [c for c in self.cells if c.before and c.after and c.before != c.after]


@kept
def migration(actor: Actor, basis: Basis) -> Migration:
    """From the compared run of the basis to its run, in one query."""
    rows = (
        _crossed(actor, basis)
        .values_list("was__tier", "tier")
        .annotate(customers=Count("pk"), potential=Sum("potential_value"))
        .order_by()
    )
    cells = [
        MigrationCell(before or "", after, customers, number(potential) or 0.0)
        for before, after, customers, potential in rows
        if before or after
    ]
    by_place: dict[tuple[str, str], MigrationCell] = {}
    for cell in cells:  # not measured then, and measured without a tier, are one row
        known = by_place.get((cell.before, cell.after))
        by_place[cell.before, cell.after] = _together(known, cell) if known else cell
    return Migration(
        starts_on=basis.compared_on,
        ends_on=basis.as_of,
        cells=tuple(sorted(by_place.values(), key=lambda c: (RANK[c.before], RANK[c.after]))),
    )


@dataclass(frozen=True, slots=True)
class Migrant:
    """A customer of one cell, as they stood at the later run."""

    customer_id: int
    name: str
    owner_name: str
    score: float | None
    potential_value: float


def migrants(
    actor: Actor,
    basis: Basis,
    before: str,
    after: str,
    *,
    beyond: tuple[float, int] | None = None,
    limit: int = 50,
) -> list[Migrant]:
    """Who went from one tier to the other, the most valuable first; `beyond` the last one shown."""
    rows = _crossed(actor, basis).filter(tier=after)
    rows = rows.filter(was__tier=before) if before else rows.filter(_nowhere())
    rows = rows.annotate(worth=Coalesce("potential_value", 0, output_field=_money()))
    if beyond:
        worth, pk = beyond
        rows = rows.filter(Q(worth__lt=worth) | Q(worth=worth, customer_id__gt=pk))
    found = rows.order_by("-worth", "customer_id").values_list(
        "customer_id", "customer__name", "customer__owner__name", "score", "worth"
    )
    return [
        Migrant(pk, name, owner or "", score, float(worth))
        for pk, name, owner, score, worth in found[:limit]
    ]


def _crossed(actor: Actor, basis: Basis) -> Any:
    compared = basis.compared.pk if basis.compared else None
    relation = FilteredRelation(
        "customer__snapshots", condition=Q(customer__snapshots__run=compared)
    )
    return Snapshot.objects.visible_to(actor).filter(run=basis.run).annotate(was=relation)


def _nowhere() -> Q:
    return Q(was__tier="") | Q(was__tier=None)


def _money() -> Any:
    return Snapshot._meta.get_field("potential_value")


def _together(one: MigrationCell, other: MigrationCell) -> MigrationCell:
    return MigrationCell(
        one.before,
        one.after,
        one.customers + other.customers,
        one.potential_value + other.potential_value,
    )
