"""Who brings others, who leads the network, who tells us most: beside the own value, never added to it.

Who sees all customers reads what the run kept. Anybody else counts only relations of which they see both
ends, worked out anew from what each referred customer's coming was worth: a sum would tell of strangers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.db.models import Count, Q, Sum

from kezhi.core.actor import Actor, Scope
from kezhi.customers.models import Customer, Relation
from kezhi.insight.bonds import DAY_0
from kezhi.insight.figures.basis import Basis, number
from kezhi.insight.influence_rules import InfluencePolicy
from kezhi.insight.models import Influence, ValueRun
from kezhi.value.influence.lineage import lineage
from kezhi.value.influence.referral import brought_by_generation, spread_over_generations

GENERATIONS = 3
MOST_VISIBLE = 5_000
"""Relations of a restricted reader that are followed, the latest first."""


@dataclass(frozen=True, slots=True)
class Bringer:
    """A party and what comes through it. `brought` is by generation, undiminished; `received` and `given` weigh
    the generations. `worth`: what its own coming was worth to who referred it. `share` and `rank` are its place
    in the network, `points` and `information` what it told us. `heard` others hear its warnings, and
    `word_of_mouth`, a minus, might go with them; both 0 for who doesn't see all customers."""

    customer_id: int
    name: str
    tier: str
    owner_name: str
    own: float | None
    worth: float | None
    referred: int
    brought: tuple[float, float, float]
    received: float
    given: float
    share: float | None
    rank: int | None
    points: float
    information: float | None
    heard: int = 0
    word_of_mouth: float = 0.0

    @property
    def brought_all(self) -> float:
        return sum(self.brought)

    @property
    def transferred(self) -> float | None:
        """The own value after what it owes to others and others owe to it: the total stays the same."""
        return None if self.own is None else self.own + self.received - self.given


@dataclass(frozen=True, slots=True)
class InfluenceTotals:
    """Of the company, or of the customers a reader sees. `own`: Σ own value of those concerned.

    `warners` have reason to warn others, `word_of_mouth` might go with those who hear them; `told` counts
    contributions by kind, all and those that led to something: all three of the company alone.
    """

    referred: int
    bringers: int
    brought: float
    received: float
    network: int
    points: float
    information: float | None
    left_out: int
    policy: InfluencePolicy
    warners: int = 0
    heard: int = 0
    word_of_mouth: float = 0.0
    told: dict[str, tuple[int, int]] = field(default_factory=dict)


def influence_totals(actor: Actor, basis: Basis) -> InfluenceTotals:
    """What there is to tell."""
    told = _told(basis)
    policy = _policy(told)
    if _sees_all(actor):
        return InfluenceTotals(
            referred=int(told.get("referred", 0)),
            bringers=int(told.get("bringers", 0)),
            brought=float(told.get("worth", 0.0)),
            received=float(told.get("received", 0.0)),
            network=int(told.get("network", 0)),
            points=float(told.get("points", 0.0)),
            information=told.get("information") if policy.money_per_point else None,
            left_out=int(told.get("left_out", 0)),
            policy=policy,
            warners=int(told.get("warners", 0)),
            heard=int(told.get("heard", 0)),
            word_of_mouth=float(told.get("word_of_mouth", 0.0)),
            told={kind: (every, some) for kind, (every, some) in told.get("told", {}).items()},
        )
    rows = Influence.objects.visible_to(actor).filter(run=basis.run)
    about = rows.aggregate(
        points=Sum("points"), information=Sum("information"), network=Count("network_rank")
    )
    seen = _visible(actor, basis)
    return InfluenceTotals(
        referred=len({younger for _elder, younger in seen.pairs}),
        bringers=len({elder for elder, _younger in seen.pairs}),
        brought=seen.worth,
        received=sum(each[1] for each in seen.moved.values()),
        network=about["network"],
        points=about["points"] or 0.0,
        information=number(about["information"]),
        left_out=0,
        policy=policy,
    )


def bringers(actor: Actor, basis: Basis, limit: int = 50, offset: int = 0) -> list[Bringer]:
    """Who brought others, the most valuable lineage first."""
    rows = _rows(actor, basis)
    if _sees_all(actor):
        chosen = rows.filter(referred__gt=0).order_by("-received", "id")
        return [_bringer(row) for row in chosen[offset : offset + limit]]
    seen = _visible(actor, basis)
    elders = sorted(
        {elder for elder, _younger in seen.pairs}, key=lambda pk: (-seen.moved[pk][1], pk)
    )[offset : offset + limit]
    found = {row.customer_id: row for row in rows.filter(customer__in=elders)}
    return [_bringer(found[pk], seen) for pk in elders if pk in found]


def leaders(actor: Actor, basis: Basis, limit: int = 50, offset: int = 0) -> list[Bringer]:
    """Who leads the network, by the value that depends on it."""
    rows = _rows(actor, basis).filter(network_rank__isnull=False).order_by("network_rank", "id")
    return _with_visible(actor, basis, rows[offset : offset + limit])


def tellers(actor: Actor, basis: Basis, limit: int = 50, offset: int = 0) -> list[Bringer]:
    """Who told us most."""
    rows = _rows(actor, basis).filter(points__gt=0).order_by("-points", "id")
    return _with_visible(actor, basis, rows[offset : offset + limit])


def warners(actor: Actor, basis: Basis, limit: int = 50, offset: int = 0) -> list[Bringer]:
    """Who warns others, the most that might go with them first; for who sees all customers: whom a customer
    knows, and what they are worth, would tell of strangers."""
    if not _sees_all(actor):
        return []
    rows = _rows(actor, basis).filter(heard__gt=0).order_by("word_of_mouth", "id")
    return [_bringer(row) for row in rows[offset : offset + limit]]


def influence_of(actor: Actor, customer_id: int, basis: Basis) -> Bringer | None:
    """One party; None where nothing was recorded of it, or the actor may not see it."""
    row = _rows(actor, basis).filter(customer=customer_id).first()
    if row is None:
        return None
    return _with_visible(actor, basis, [row])[0]


def influences_of(actor: Actor, customers: Iterable[int], basis: Basis) -> dict[int, Bringer]:
    """Some parties, by number: for the picture of a network."""
    rows = _rows(actor, basis).filter(customer__in=list(customers))
    return {each.customer_id: each for each in _with_visible(actor, basis, rows)}


def _told(basis: Basis) -> dict[str, Any]:
    summary = ValueRun.objects.only("summary").get(pk=basis.run.pk).summary
    found: dict[str, Any] = summary.get("influence", {})
    return found


def _policy(told: dict[str, Any]) -> InfluencePolicy:
    return InfluencePolicy.from_json(told.get("policy", {}))


def _sees_all(actor: Actor) -> bool:
    return actor.scope("read", "customer") is Scope.ALL


def _rows(actor: Actor, basis: Basis) -> Any:
    rows = Influence.objects.visible_to(actor).filter(run=basis.run)
    return rows.select_related("customer__owner", "customer__standing")


def _with_visible(actor: Actor, basis: Basis, rows: Iterable[Influence]) -> list[Bringer]:
    if _sees_all(actor):
        return [_bringer(row) for row in rows]
    seen = _visible(actor, basis)
    return [_bringer(row, seen) for row in rows]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What comes through whom, by the relations that a reader sees. `moved`: brought by generation, received,
    given; `worth`: of all who were referred."""

    pairs: frozenset[tuple[int, int]]
    moved: dict[int, tuple[tuple[float, float, float], float, float]]
    worth: float


def _visible(actor: Actor, basis: Basis) -> _Seen:
    known = Customer.objects.visible_to(actor).values("pk")
    begun = Q(since__lte=basis.as_of) | Q(since=None)
    read = list(
        Relation.objects.visible_to(actor)
        .filter(begun, nature=Relation.Nature.REFERS, customer__in=known, other__in=known)
        .order_by("-id")
        .values_list("customer_id", "other_id", "since", "strength")[:MOST_VISIBLE]
    )
    if not read:
        return _Seen(frozenset(), {}, 0.0)
    ids = sorted({pk for row in read for pk in row[:2]})
    code = {pk: n for n, pk in enumerate(ids)}
    rows = Influence.objects.filter(run=basis.run, customer__in=ids, worth__isnull=False)
    worth = np.zeros(len(ids))
    for pk, amount in rows.values_list("customer_id", "worth"):
        worth[code[pk]] = float(amount)
    tree = lineage(
        [code[row[0]] for row in read],
        [code[row[1]] for row in read],
        [(row[2] - DAY_0).days if row[2] else 0 for row in read],
        customers=len(ids),
        weights=[float(row[3]) for row in read],
    )
    worth[np.bincount(tree.younger, minlength=len(ids)) == 0] = 0.0
    decay = _policy(_told(basis)).generation_decay
    received, given = spread_over_generations(worth, tree, decay)
    by_generation = brought_by_generation(worth, tree, GENERATIONS)
    return _Seen(
        pairs=frozenset(
            (ids[elder], ids[younger])
            for elder, younger in zip(tree.elder.tolist(), tree.younger.tolist(), strict=True)
        ),
        moved={
            pk: (
                (
                    float(by_generation[0][n]),
                    float(by_generation[1][n]),
                    float(by_generation[2][n]),
                ),
                float(received[n]),
                float(given[n]),
            )
            for pk, n in code.items()
        },
        worth=float(worth.sum()),
    )


def _bringer(row: Influence, seen: _Seen | None = None) -> Bringer:
    customer = row.customer
    brought = (float(row.brought_1), float(row.brought_2), float(row.brought_3))
    received, given, referred = float(row.received), float(row.given), row.referred
    was_seen = True
    if seen is not None:
        brought, received, given = seen.moved.get(row.customer_id, ((0.0, 0.0, 0.0), 0.0, 0.0))
        referred = sum(elder == row.customer_id for elder, _younger in seen.pairs)
        was_seen = any(younger == row.customer_id for _elder, younger in seen.pairs)
    return Bringer(
        customer_id=row.customer_id,
        name=customer.name,
        tier=customer.standing.tier,
        owner_name=customer.owner.name if customer.owner else "",
        own=number(row.own_value),
        worth=number(row.worth) if was_seen else None,
        referred=referred,
        brought=brought,
        received=received,
        given=given,
        share=number(row.network_share) if seen is None else None,
        rank=row.network_rank,
        points=row.points,
        information=number(row.information),
        heard=row.heard if seen is None else 0,
        word_of_mouth=float(row.word_of_mouth) if seen is None else 0.0,
    )
