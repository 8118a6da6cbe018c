"""What keeping customers is worth: the what-if of churn, from the model and customers of a run.

Customers who are alike in repeats, recency and age are counted together, so that the answer takes as long
for a million of them as for a thousand. The engine's `churn_what_if` does the arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
from django.db.models import Count, F, FloatField, Q, QuerySet, Sum, Value
from django.db.models.functions import Cast, Coalesce, Ln, Round
from numpy.typing import NDArray

from kezhi.core.actor import Actor, Scope
from kezhi.insight import figures
from kezhi.insight.contests import apart, horizon_of, kept_model, of_part
from kezhi.insight.figures.basis import YEAR, Basis
from kezhi.insight.figures.keeping import kept, store, stored
from kezhi.insight.models import KeptFigure, Snapshot, ValueRun
from kezhi.value.durations import DAYS, DAYS_PER_YEAR, days_in
from kezhi.value.economics.what_if import (
    ChurnWhatIf,
    Part,
    acquisition_what_if,
    churn_what_if_of,
    value_of_new_customer,
)
from kezhi.value.measure import Settings
from kezhi.value.plain import from_plain
from kezhi.value.potential.bg_nbd import BGNBD
from kezhi.value.potential.continuation import Horizon
from kezhi.value.potential.fitting import Diagnostics
from kezhi.value.potential.ggom_nbd import GGomNBD
from kezhi.value.potential.mbg_nbd import MBGNBD
from kezhi.value.potential.pareto_nbd import ParetoNBD
from kezhi.value.potential.purchase_model import PurchaseModel
from kezhi.value.potential.regular import RegularNBD

Vector = NDArray[np.float64]

WITH_DROPOUT: dict[str, Any] = {
    model.name: model for model in (BGNBD, MBGNBD, ParetoNBD, GGomNBD, RegularNBD)
}
LEAST = 20
"""Customers who bought below which nothing is said about their churn."""

GROUPS, GROUPS_OF_DRAWS, DRAWS = 300, 32, 16
_STEPS = (0.02, 0.05, 0.08, 0.12, 0.15, 0.18, 0.22, 0.27, 0.33, 0.4, 0.5, 0.75, 1.1, 1.6, 2.5, 4.0)
_STEP_OF_MANY = 0.05
_KEPT_ANSWERS = 200  # of a run: what people ask may not fill the database


class Unknown(StrEnum):
    """Why nothing can be said."""

    NOT_MEASURED = "not_measured"
    NO_DROPOUT = "no_dropout"
    FEW = "few"
    NO_CHURN = "no_churn"


@dataclass(frozen=True, slots=True)
class Alike:
    """Groups of customers who bought. `worth`: what a purchase brings; `customers`: how many alike.

    `buyers` and `mean_worth` are of all together, `new` those who first bought in the last 12 months.
    """

    x: tuple[float, ...]
    t_x: tuple[float, ...]
    T: tuple[float, ...]
    worth: tuple[float, ...]
    customers: tuple[float, ...]
    buyers: int
    mean_worth: float
    new: int


@dataclass(frozen=True, slots=True)
class Kept:
    """Churn a year lower by `points` percentage points: money over the horizon, discounted.

    `years`: what the customers live within the horizon then, added up and discounted like money: a measure
    that costs so much per customer and year costs so many times that.
    """

    points: int
    churn: float
    change: float
    low: float | None
    high: float | None
    relative: float | None
    years: float

    @property
    def break_even(self) -> float | None:
        """What the measure may cost per customer and year at most."""
        return self.change / self.years if self.years > 0 else None

    def net(self, cost: float) -> tuple[float, float | None, float | None]:
        """The change with its interval, less a cost per customer and year."""
        spent = cost * self.years
        low = None if self.low is None else self.low - spent
        high = None if self.high is None else self.high - spent
        return self.change - spent, low, high


@dataclass(frozen=True, slots=True)
class Retention:
    """What less churn brings. `customers`: those who probably still are; `churn`: the share that leaves
    within a year; `profit`: what they bring over the horizon if nothing changes; `new_value`: what a
    new customer brings over it. Points beyond the churn there is are left out. `left_out` are buyers of
    segments whose own model knows no churn: they are in none of the figures."""

    customers: float
    buyers: int
    churn: float
    profit: float
    new: int
    new_value: float
    kept: tuple[Kept, ...]
    level: float
    draws: int
    left_out: int = 0

    def by(self, points: int) -> Kept | None:
        return next((one for one in self.kept if one.points == points), None)


@dataclass(frozen=True, slots=True)
class Winning:
    """What winning customers brings beside it, over the same horizon, for an intake like last year's.

    `as_many`: new customers who bring what the kept ones do (None: one costs more than it brings).
    `cheaper`: profit with costs lower by a tenth; `better`: with a conversion higher by one point.
    """

    net_value: float
    as_many: float | None
    cheaper: float
    better: float | None


def retention(actor: Actor, basis: Basis, months: float, rate: float) -> Retention | Unknown:
    """The what-if over the customers that the actor may see, kept until the next run for the company."""
    if not any(_model(basis.run, segment) for segment in (*apart(basis.run), "")):
        return Unknown.NO_DROPOUT
    if actor.scope("read", "customer") is not Scope.ALL:
        return _worked_out(actor, basis, months, rate)
    key = f"retention|{months:g}|{rate:g}"
    found: Retention | None = stored(basis, key, Retention)
    if found is not None:
        return found
    fresh = _worked_out(actor, basis, months, rate)
    known = KeptFigure.objects.filter(run=basis.run, key__startswith="retention|")
    if isinstance(fresh, Retention) and known.count() < _KEPT_ANSWERS:
        store(basis, key, fresh)
    return fresh


def winning(found: Retention, points: int, cost_of_new: float, conversion: float | None) -> Winning:
    """New customers beside kept ones, from what one costs and, if known, the share of leads won.

    A lead costs the share of a customer that it is: with a better conversion the leads stay as many.
    """
    share = conversion or 1.0
    leads, lead_cost = found.new / share, cost_of_new * share
    others = [min(share + 0.01, 1.0)] if conversion else []
    cases = acquisition_what_if(
        leads, lead_cost, share, found.new_value, conversions=others, costs=[lead_cost * 0.9]
    )
    net, one = found.new_value - cost_of_new, found.by(points)
    return Winning(
        net_value=net,
        as_many=one.change / net if one is not None and net > 0 else None,
        cheaper=cases[-1].change,
        better=cases[1].change if others else None,
    )


def _model(run: ValueRun, segment: str = "") -> tuple[PurchaseModel, Diagnostics | None] | None:
    """The run's model of a segment with how it was fitted; None for one without dropout."""
    stored = kept_model(run, segment)
    kind = WITH_DROPOUT.get(stored.get("chosen", ""))
    if kind is None or not stored.get("parameters"):
        return None
    plain = stored.get("diagnostics")
    diagnostics = None
    if plain and all(entry is not None for row in plain["covariance"] for entry in row):
        diagnostics = from_plain(Diagnostics, plain)
    return kind(**stored["parameters"]), diagnostics


@dataclass(frozen=True, slots=True)
class _Side:
    """Customers whom one model foretells: all, or those of a segment with a model of its own."""

    model: PurchaseModel
    diagnostics: Diagnostics | None
    among: Alike

    def part(self, among: Alike, *, is_drawn: bool = False) -> Part:
        diagnostics = self.diagnostics if is_drawn else None
        columns = (among.x, among.t_x, among.T, among.worth, among.customers)
        return Part(self.model, *columns, diagnostics)


def _worked_out(actor: Actor, basis: Basis, months: float, rate: float) -> Retention | Unknown:
    sides, left_out = [], 0
    for segment in (*apart(basis.run), ""):
        fitted, among = _model(basis.run, segment), alike(actor, basis, segment)
        if fitted is None:
            left_out += among.buyers
        elif among.buyers:
            sides.append(_Side(*fitted, among))
    buyers = sum(side.among.buyers for side in sides)
    if not sides and left_out:
        return Unknown.NO_DROPOUT
    if buyers < LEAST:
        return Unknown.FEW
    rules = Settings.from_json(basis.run.value_settings.rules)
    horizon = horizon_of(basis.run, months, rate)
    upkeep = rules.upkeep_per_month * days_in(rules.unit) / DAYS["month"]
    level = rules.interval_level
    few = [_merged(side.model, side.among, _few(side, len(sides))) for side in sides]
    pairs = list(zip(sides, few, strict=True))
    is_drawn = all(side.diagnostics is not None for side in sides)
    seed = rules.seed
    try:
        found = _what_if([side.part(side.among) for side in sides], horizon, seed, upkeep)
        unpaid = [side.part(replace(own, worth=(0.0,) * len(own.x))) for side, own in pairs]
        lives = _what_if(unpaid, horizon, seed, 1.0)
    except ValueError:  # nobody is a customer any more
        return Unknown.NO_CHURN
    if not found.effects:
        return Unknown.NO_CHURN
    drawn = _what_if(
        [side.part(own, is_drawn=is_drawn) for side, own in pairs], horizon, seed, upkeep, level
    )
    year = days_in(rules.unit) / DAYS_PER_YEAR
    return Retention(
        customers=found.customers_alive,
        buyers=buyers,
        churn=found.churn,
        profit=found.profit,
        new=sum(side.among.new for side in sides),
        new_value=_of_new(sides, horizon),
        kept=_kept(found, lives, drawn, year),
        level=level,
        draws=drawn.draws,
        left_out=left_out,
    )


def _few(side: _Side, sides: int) -> int:
    return max(8, GROUPS_OF_DRAWS // (side.model.states * sides))


def _of_new(sides: Sequence[_Side], horizon: Horizon) -> float:
    """What a new customer brings, of such as came in the last 12 months; of all, if nobody did."""
    came = sum(side.among.new for side in sides)
    weighed = [(side.among.new if came else side.among.buyers, side) for side in sides]
    whole = sum(many for many, _side in weighed)
    values = (
        many * value_of_new_customer(side.model, side.among.mean_worth, horizon)
        for many, side in weighed
    )
    return sum(values) / whole


def _what_if(
    parts: Sequence[Part], horizon: Horizon, seed: int, upkeep: float, level: float = 0.8
) -> ChurnWhatIf:
    draws = DRAWS if any(part.diagnostics is not None for part in parts) else 0
    return churn_what_if_of(
        parts,
        horizon,
        rng=np.random.default_rng(seed),
        upkeep_per_unit=upkeep,
        level=level,
        draws=draws,
    )


def _kept(
    found: ChurnWhatIf, lives: ChurnWhatIf, drawn: ChurnWhatIf, year: float
) -> tuple[Kept, ...]:
    """The draws tell how far each effect may be off, as a share of it; how large it is, the finer groups."""
    lived = {one.points: -one.profit * year for one in lives.effects}
    spread = {one.points: one for one in drawn.effects}
    rows = []
    for one in found.effects:
        other = spread.get(one.points)
        ends: Sequence[float | None] = (None, None)
        if other is not None and other.low is not None and other.high is not None and other.change:
            ends = sorted(end / other.change * one.change for end in (other.low, other.high))
        rows.append(
            Kept(
                points=int(one.points),
                churn=one.churn,
                change=one.change,
                low=ends[0],
                high=ends[1],
                relative=one.relative,
                years=lived.get(one.points, 0.0),
            )
        )
    return tuple(rows)


@kept
def alike(actor: Actor, basis: Basis, segment: str = "") -> Alike:
    """The customers that the actor may see and who bought, in groups: of a segment with a model of its own,
    or all the others."""
    fitted = _model(basis.run, segment)
    rules = Settings.from_json(basis.run.value_settings.rules)
    theirs = Snapshot.objects.visible_to(actor).filter(run=basis.run, p_alive__isnull=False)
    rows = _worth(theirs.filter(of_part(basis.run, segment)), rules)
    about = rows.aggregate(
        buyers=Count("pk"),
        whole=Sum("worth"),
        new=Count("pk", filter=Q(first_on__gt=basis.as_of - YEAR)),
    )
    buyers = about["buyers"]
    empty = Alike((), (), (), (), (), buyers, 0.0, about["new"])
    if fitted is None or not buyers:
        return empty
    model = fitted[0]
    read = _counted(rows, model) if buyers >= figures.MANY else _each(rows)
    columns = [tuple(column) for column in zip(*read, strict=True)]
    whole = replace(
        empty,
        x=columns[0],
        t_x=columns[1],
        T=columns[2],
        worth=columns[3],
        customers=columns[4],
        mean_worth=float(about["whole"] or 0.0) / buyers,
    )
    most = GROUPS // (model.states * (len(apart(basis.run)) + 1))
    return _merged(model, whole, max(16, most))


def _worth(rows: QuerySet[Snapshot], rules: Settings) -> Any:
    """What a purchase brings: the continuation's margin on expected spend, less the cost of the occasion."""
    cost: Any = Value(rules.cost_per_occasion, output_field=FloatField())
    if rules.cost_per_occasion is None:
        cost = Coalesce(Cast("cost_to_serve", FloatField()), 0.0) / Cast("occasions", FloatField())
    kept_share = 1.0 - Coalesce(F("return_rate"), 0.0)
    worth = Coalesce(F("expected_spend"), 0.0) * Coalesce(F("margin_rate"), 0.0) * kept_share
    return rows.filter(occasions__gt=0).annotate(worth=worth - cost)


def _each(rows: Any) -> list[tuple[float, ...]]:
    found = rows.order_by("customer_id").values_list("repeats", "recency", "age", "worth")
    return [(float(x), t_x, T, worth, 1.0) for x, t_x, T, worth in found]


def _counted(rows: Any, model: PurchaseModel) -> list[tuple[float, ...]]:
    """Very many customers: the database counts those alike together, each by how probably it is there."""

    def steps(expression: Any) -> Any:
        return Round(Ln(1.0 + expression) / _STEP_OF_MANY)

    scale, silence = model.time_scale, F("age") - F("recency")
    found = (
        rows.filter(p_alive__gt=1e-9)
        .annotate(
            by_x=steps(Cast("repeats", FloatField())),
            by_age=steps(F("age") / scale),
            by_silence=steps(silence / scale),
        )
        .values("by_x", "by_age", "by_silence")
        .annotate(
            alive=Sum("p_alive"),
            all_x=Sum(F("p_alive") * F("repeats"), output_field=FloatField()),
            all_t_x=Sum(F("p_alive") * F("recency")),
            all_T=Sum(F("p_alive") * F("age")),
            all_worth=Sum(F("p_alive") * F("worth")),
        )
        .order_by("by_x", "by_age", "by_silence")
        .values_list("all_x", "all_t_x", "all_T", "all_worth", "alive")
    )
    means = np.array([[x / n, t_x / n, T / n, worth / n, n] for x, t_x, T, worth, n in found])
    x, t_x, T, worth, here = means.T
    x = np.rint(x)
    count = here / np.maximum(np.asarray(model.p_alive(x, t_x, T)), 1e-12)
    return [tuple(row) for row in np.stack([x, t_x, T, worth, count], axis=1).tolist()]


def _merged(model: PurchaseModel, among: Alike, most: int) -> Alike:
    """At most so many groups, by the finest steps that give no more.

    Within a group customers count as probably as they are still there, so that how many are, and what a
    purchase of theirs brings, is the same as before.
    """
    x, t_x, T, worth, many = (
        np.asarray(own, dtype=np.float64)
        for own in (among.x, among.t_x, among.T, among.worth, among.customers)
    )
    if len(x) <= most:
        return among
    here = np.asarray(model.p_alive(x, t_x, T), dtype=np.float64)
    weight = np.maximum(many * here, 1e-12)
    index = _binned(x, T, here, model.time_scale, most)
    size = int(index.max()) + 1

    def mean(own: Vector, by: Vector) -> Vector:
        return np.asarray(np.bincount(index, by * own, size) / np.bincount(index, by, size))

    # Whose purchases bring much decides how often the group is taken to buy.
    money = weight * np.maximum(worth, 0.05 * abs(worth.mean()) + 1e-9)
    each_x, age = np.rint(mean(x, money)), mean(T, money)
    last = np.where(each_x > 0, np.clip(mean(t_x, money), 0.0, age), 0.0)
    probability = np.maximum(np.asarray(model.p_alive(each_x, last, age)), 1e-12)
    count = np.bincount(index, weight, size) / probability
    groups = (each_x, last, age, mean(worth, weight), count)
    columns = [tuple(own.tolist()) for own in groups]
    return replace(
        among, x=columns[0], t_x=columns[1], T=columns[2], worth=columns[3], customers=columns[4]
    )


def _binned(x: Vector, T: Vector, here: Vector, scale: float, most: int) -> NDArray[np.int64]:
    index = np.zeros(len(x), dtype=np.int64)
    for step in _STEPS:
        keys = np.stack(
            [
                np.where(x > 0, 1 + np.floor(np.log(np.maximum(x, 1)) / step), 0),
                np.floor(np.log1p(T / scale) / step),
                np.floor(here / min(step, 0.5)),
            ],
            axis=1,
        ).astype(np.int64)
        found, index = np.unique(keys, axis=0, return_inverse=True)
        if len(found) <= most:
            break
    return np.asarray(index.reshape(-1), dtype=np.int64)
