"""Influence and information of a run: who brought whom and what that was worth, the network, what was told.

Referral value and points are known before the measuring: they are measures of the index tree. The network
distributes what the measuring found. All of it stands beside the own value and is never added to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kezhi.insight.bonds import DAY_0, NEVER, NOT_SAID, Bonds, kinds_of_contributions
from kezhi.insight.copying import copy_into
from kezhi.insight.influence_rules import InfluencePolicy
from kezhi.insight.models import Influence, ValueRun
from kezhi.value.influence.information import InformationValue, information_value
from kezhi.value.influence.lineage import LeftOut, lineage
from kezhi.value.influence.network import network_share, personalised_pagerank
from kezhi.value.influence.referral import (
    Referrals,
    ReferralValue,
    brought_by_generation,
    negative_word_of_mouth,
    referral_value,
)
from kezhi.value.measure import Facts
from kezhi.value.realised import Lines

Vector = NDArray[np.float64]
Codes = NDArray[np.int64]

GENERATIONS = 3
STRONGEST = 3
"""The strength of a strong relation."""


@dataclass(frozen=True, slots=True)
class Influences:
    """Figures of a day by party, in the order of `parties` (numbers of customers, rising).

    `referred` counts whom each brought; `brought` is their worth by generation, undiminished. `follower` and
    `leader` are codes of the network's relations with their `strength`. `left_out` are referrals in a circle.
    `warns` tells who of them has reason to warn others, `warners` how many such customers there are, with
    relations or without. `told` counts contributions by kind: all, and those that led to something.
    """

    parties: Codes
    policy: InfluencePolicy
    value: ReferralValue
    was_referred: NDArray[np.bool_]
    referred: NDArray[np.int64]
    brought: tuple[Vector, ...]
    points: Vector
    information: Vector
    follower: NDArray[np.int64]
    leader: NDArray[np.int64]
    strength: Vector
    left_out: tuple[LeftOut, ...]
    warns: NDArray[np.bool_]
    warners: int
    told: dict[str, tuple[int, int]]

    @property
    def has_referrals(self) -> bool:
        return bool(self.was_referred.any())

    @property
    def has_points(self) -> bool:
        return bool(self.points.any())

    def measures(self, customers: pa.Array | pa.ChunkedArray) -> pa.Table | None:
        """Columns for the index tree; a customer of whom nothing is recorded brought and told nothing.

        A column is there as soon as the company records it of anybody; None before.
        """
        columns = {}
        if self.has_referrals:
            columns["referral_value"] = self.value.received
        if self.has_points:
            columns["information_value"] = self.points
        if not columns:
            return None
        everybody = np.asarray(customers.to_numpy(zero_copy_only=False), dtype=np.int64)
        place, known = _places(self.parties, everybody)
        table = {"customer": pa.array(everybody)}
        for name, column in columns.items():
            measure = np.zeros(len(everybody))
            measure[known] = column[place[known]]
            table[name] = pa.array(measure)
        return pa.table(table)


def influences(
    bonds: Bonds, facts: Facts, day: date, policy: InfluencePolicy, rules: Mapping[str, Any]
) -> Influences:
    """What had begun by that day; `rules` are those of the value: margin and discount rate."""
    known = bonds.on(day)
    parties = np.unique(np.concatenate([known.follower, known.leader, known.teller]))
    size = len(parties)
    elder = np.searchsorted(parties, known.leader[known.refers])
    younger = np.searchsorted(parties, known.follower[known.refers])
    money, first_day = _contributions(
        facts, parties, np.unique(younger), day, float(rules["margin_rate"])
    )
    since = known.since[known.refers]
    days = np.where(since == NOT_SAID, first_day[younger], since).astype(np.int32)
    weights = known.strength[known.refers].astype(np.float64)
    settings = policy.referral(float(rules["annual_rate"]))
    value = referral_value(
        Referrals(elder.astype(np.int32), younger.astype(np.int32), days, weights),
        money,
        customers=size,
        settings=settings,
    )
    tree = lineage(elder, younger, days, customers=size, weights=weights)
    told = _information(known, parties, policy)
    last = (day - DAY_0).days
    lives = known.until >= last
    return Influences(
        parties=parties,
        policy=policy,
        value=value,
        was_referred=np.bincount(tree.younger, minlength=size) > 0,
        referred=np.bincount(tree.elder, minlength=size),
        brought=brought_by_generation(value.of_referred, tree, GENERATIONS),
        points=told.points,
        information=told.value,
        follower=np.searchsorted(parties, known.follower[lives]),
        leader=np.searchsorted(parties, known.leader[lives]),
        strength=known.strength[lives].astype(np.float64),
        left_out=value.left_out,
        warns=np.isin(parties, known.warner),
        warners=len(np.unique(known.warner)),
        told=_told(known),
    )


def _information(known: Bonds, parties: Codes, policy: InfluencePolicy) -> InformationValue:
    names = np.array(
        [*kinds_of_contributions(), *(f"{one}_used" for one in kinds_of_contributions())]
    )
    used = (known.answered != NEVER).astype(np.int64)
    return information_value(
        np.searchsorted(parties, known.teller),
        names[known.kind + used * len(kinds_of_contributions())].tolist(),
        points=policy.points,
        rate=policy.money_per_point,
        customers=len(parties),
    )


def _told(known: Bonds) -> dict[str, tuple[int, int]]:
    kinds = kinds_of_contributions()
    used = known.answered != NEVER
    every = np.bincount(known.kind, minlength=len(kinds)).tolist()
    some = np.bincount(known.kind[used], minlength=len(kinds)).tolist()
    return {kind: (every[place], some[place]) for place, kind in enumerate(kinds)}


def _contributions(
    facts: Facts, parties: Codes, referred: Codes, day: date, margin_rate: float
) -> tuple[Lines, NDArray[np.int64]]:
    """Margins after cost to serve of those who were referred, and the day each party first bought."""
    last = (day - DAY_0).days
    first = np.full(len(parties), last, dtype=np.int64)
    if not len(referred):
        return Lines(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0)), first
    ids = pa.array(parties[referred])
    lines = facts.lines.filter(pc.is_in(facts.lines["customer"], value_set=ids))
    codes, days = _coded(lines, parties)
    amount = _floats(lines["amount"])
    rate = np.full(len(amount), margin_rate)
    if "margin_rate" in lines.column_names:
        own = _floats(lines["margin_rate"])
        rate = np.where(np.isnan(own), rate, own)
    margin = amount * rate
    if "cost" in lines.column_names:
        cost = _floats(lines["cost"])
        margin = np.where(np.isnan(cost), margin, amount - cost)
    bought = amount > 0
    np.minimum.at(first, codes[bought], days[bought].astype(np.int64))
    if facts.costs is not None and facts.costs.num_rows:
        costs = facts.costs.filter(pc.is_in(facts.costs["customer"], value_set=ids))
        cost_codes, cost_days = _coded(costs, parties)
        codes, days = np.concatenate([codes, cost_codes]), np.concatenate([days, cost_days])
        margin = np.concatenate([margin, -_floats(costs["amount"])])
    kept = days <= last
    return Lines(codes[kept], days[kept], margin[kept]), first


def _coded(table: pa.Table, parties: Codes) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    ids = np.asarray(table["customer"].to_numpy(), dtype=np.int64)
    days = np.asarray(table["day"].cast(pa.int32()).to_numpy(), dtype=np.int32)
    return np.searchsorted(parties, ids).astype(np.int32), days


def _floats(column: pa.ChunkedArray) -> Vector:
    return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)


def _places(sorted_ids: Codes, wanted: Codes) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Where each of the wanted stands among the sorted ones, and whether it does."""
    place = np.minimum(np.searchsorted(sorted_ids, wanted), max(len(sorted_ids) - 1, 0))
    known = np.zeros(len(wanted), dtype=np.bool_)
    if len(sorted_ids):
        known = sorted_ids[place] == wanted
    return place, known


def store_influences(run: ValueRun, found: Influences, measured: pa.Table) -> dict[str, Any]:
    """Write a row per party, with the network's shares of what was measured; returns what the run tells."""
    own = _own_values(found.parties, measured)
    share, rank = _network(found, own)
    heard, warned = _word_of_mouth(found, own)
    names = ("run_id", "customer_id", "own_value", "worth", "referred")
    brought = {f"brought_{n + 1}": _cents(each) for n, each in enumerate(found.brought)}
    worth = np.where(found.was_referred, found.value.of_referred, np.nan)
    columns = dict(
        zip(
            names,
            (
                pa.array(np.full(len(found.parties), run.pk)),
                pa.array(found.parties),
                _cents(own),
                _cents(worth),
                pa.array(found.referred.astype(np.int64)),
            ),
            strict=True,
        )
    )
    columns |= brought | {
        "received": _cents(found.value.received),
        "given": _cents(found.value.given),
        "network_share": _cents(share),
        "network_rank": pa.array(rank, mask=rank == 0),
        "heard": pa.array(heard),
        "word_of_mouth": _cents(warned),
        "points": pa.array(found.points.round(3)),
        "information": _cents(
            found.information
            if found.policy.money_per_point
            else np.full(len(found.parties), np.nan)
        ),
    }
    if len(found.parties):
        copy_into(Influence._meta.db_table, pa.table(columns))
    return {
        "policy": found.policy.as_json(),
        "referred": int(found.was_referred.sum()),
        "bringers": int((found.referred > 0).sum()),
        "worth": round(float(found.value.of_referred.sum()), 2),
        "left_out": len(found.left_out),
        "received": round(float(found.value.received.sum()), 2),
        "given": round(float(found.value.given.sum()), 2),
        "network": int((rank > 0).sum()),
        "network_value": round(float(np.nansum(share)), 2),
        "warners": found.warners,
        "heard": int((heard > 0).sum()),
        "word_of_mouth": round(float(warned.sum()), 2),
        "told": {kind: list(counts) for kind, counts in found.told.items()},
        "points": round(float(found.points.sum()), 3),
        "information": round(float(found.information.sum()), 2),
    }


def _own_values(parties: Codes, measured: pa.Table) -> Vector:
    """What each party is worth itself, NaN for who was not measured or never bought."""
    customers = np.asarray(measured["customer"].to_numpy(), dtype=np.int64)
    place, known = _places(customers, parties)
    current = np.asarray(
        measured["current_value"].cast(pa.float64()).to_numpy(zero_copy_only=False),
        dtype=np.float64,
    )
    own = np.full(len(parties), np.nan)
    own[known] = current[place[known]]
    return own


def _network(found: Influences, own: Vector) -> tuple[Vector, NDArray[np.int64]]:
    """The own value of everybody in the network, distributed along its relations, and the rank by it."""
    share = np.full(len(found.parties), np.nan)
    rank = np.zeros(len(found.parties), dtype=np.int64)
    members = np.unique(np.concatenate([found.follower, found.leader]))
    worth = np.maximum(np.nan_to_num(own[members]), 0.0)
    if not len(members):
        return share, rank
    ranked = personalised_pagerank(
        np.searchsorted(members, found.follower),
        np.searchsorted(members, found.leader),
        customers=len(members),
        weights=found.strength,
        personalisation=worth if worth.any() else None,
    )
    share[members] = network_share(ranked.scores, round(float(worth.sum()), 2))
    order = members[np.lexsort((members, -ranked.scores))]
    rank[order] = np.arange(1, len(order) + 1)
    return share, rank


def _word_of_mouth(found: Influences, own: Vector) -> tuple[NDArray[np.int64], Vector]:
    """How many hear each warner, and what might go with them: own value × exposure, by the strength of the
    relation. Of two relations of a pair the stronger counts. A memo: the loss would be the hearer's."""
    size = len(found.parties)
    ends = np.concatenate([found.follower, found.leader])
    others = np.concatenate([found.leader, found.follower])
    strength = np.concatenate([found.strength, found.strength])
    order = np.lexsort((-strength, others, ends))
    pairs = ends[order] * size + others[order]
    _distinct, first = np.unique(pairs, return_index=True)
    chosen = order[first]
    chosen = chosen[found.warns[ends[chosen]] & (ends[chosen] != others[chosen])]
    lost = negative_word_of_mouth(
        ends[chosen],
        np.nan_to_num(own[others[chosen]]),
        found.policy.exposure * strength[chosen] / STRONGEST,
        customers=size,
    )
    return np.bincount(ends[chosen], minlength=size), lost


def _cents(column: Vector) -> pa.Array:
    return pc.round(pa.array(column, mask=~np.isfinite(column)), ndigits=2)
