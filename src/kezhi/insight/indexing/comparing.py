"""What another index system would do to real customers: tiers and scores by both, from the last run.

Measures are read from the run's snapshots in one statement, and bounds are fixed anew as the next run
would do it. Tiers are those of the scores alone: nobody is held back at a border. What is worked out over
very many customers is a job, and kept until the next run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
from django.db import connection
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from kezhi.core.progress import Progress, silent
from kezhi.insight import figures
from kezhi.insight.figures.keeping import store, stored
from kezhi.insight.indexing import shaping
from kezhi.insight.models import ValueRun
from kezhi.value.index.sensitivity import reweigh, weights_among
from kezhi.value.index.shape import IndexTree, Leaf
from kezhi.value.index.tree import FrozenTree, freeze
from kezhi.value.measure import Settings
from kezhi.value.plain import from_plain
from kezhi.value.tiers import TierSettings, assign_tiers

Vector = NDArray[np.float64]

LISTED = 30
CHANGES = (5, 10, 20, 50)

# Measure: where a snapshot keeps it.
COLUMNS = {
    "occasions": "occasions",
    "repeats": "repeats",
    "recency": "recency",
    "age": "age",
    "tenure_months": "tenure_months",
    "days_since_last": "as_of - last_on",
    "mean_interval_days": "mean_interval_days",
    "mean_spend": "mean_spend",
    "total": "total",
    "return_rate": "return_rate",
    "revenue_12m": "revenue_12m",
    "contribution_12m": "contribution_12m",
    "realised_value": "realised_value",
    "p_alive": "p_alive",
    "p_purchase_12m": "p_purchase_12m",
    "expected_purchases": "expected_purchases",
    "continuation_value": "continuation_value",
    "current_value": "current_value",
    "growth_value": "growth_value",
    "potential_value": "potential_value",
    "value_at_risk": "value_at_risk",
    "trend_of_spend": "revenue_trend",
    "overdue_ratio": "overdue_ratio",
}
NEVER = {"growth_value"}  # a column for what only some companies measure
ALWAYS = ("customer_id", "score", "current_value", "potential_value")
READ = """
    COPY (SELECT {columns} FROM insight_snapshot
          WHERE run_id = {run} AND occasions > 0 ORDER BY customer_id)
    TO STDOUT (FORMAT CSV)
"""


@dataclass(frozen=True, slots=True)
class Mover:
    """A customer by both trees; `points` is the score by the second less that by the first."""

    customer: int
    before: str
    after: str
    score: float
    points: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two index systems on the customers of a run who have bought.

    `flows` counts customers by tier before and after, in the order of `tiers`. `climbers` and `fallers` are
    those who would change tier, the most valuable first, `gains` and `losses` the largest changes of score.
    `weights` are those of the second tree by path of the parent; `unmeasured` its indices without data.
    """

    customers: int
    tiers: tuple[str, ...]
    flows: tuple[tuple[int, ...], ...]
    climbers: tuple[Mover, ...]
    fallers: tuple[Mover, ...]
    gains: tuple[Mover, ...]
    losses: tuple[Mover, ...]
    weights: Mapping[str, tuple[float, ...]]
    unmeasured: tuple[str, ...]
    mean_before: float
    mean_after: float

    @property
    def up(self) -> int:
        return sum(n for i, row in enumerate(self.flows) for j, n in enumerate(row) if j < i)

    @property
    def down(self) -> int:
        return sum(n for i, row in enumerate(self.flows) for j, n in enumerate(row) if j > i)


@dataclass(frozen=True, slots=True)
class Swing:
    """An index whose weight moves by so many per cent: who changes tier. `share` is its weight in the score.

    `less` and `more` count everybody who moves; the lists hold the most valuable of them.
    """

    path: str
    name: str
    weight: float
    share: float
    less: int
    more: int
    less_movers: tuple[Mover, ...]
    more_movers: tuple[Mover, ...]

    @property
    def most(self) -> int:
        return max(self.less, self.more)


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """Every index that has siblings, those that move most customers first."""

    customers: int
    change: int
    swings: tuple[Swing, ...]

    def of(self, path: str) -> Swing | None:
        return next((swing for swing in self.swings if swing.path == path), None)


@dataclass(frozen=True, slots=True)
class _Customers:
    """The customers of a run who have bought, in the order of their ids."""

    ids: NDArray[np.int64]
    score: Vector
    worth: Vector
    potential: Vector
    measures: Mapping[str, Vector]


def comparison(
    before: IndexTree, after: IndexTree, run: ValueRun, progress: Progress = silent
) -> Comparison:
    """Both trees on the customers of the run."""
    progress(1, 5, _("Reading what was measured of the customers"))
    known = _customers(run, (before, after))
    tiers = Settings.from_json(run.value_settings.rules).tiers
    progress(2, 5, _("Scores by the index system now"))
    first = _scores(frozen_for(before, run, known.measures), before, run, known)
    progress(3, 5, _("Scores by the other index system"))
    other = frozen_for(after, run, known.measures)
    second = other.score(other.normalise(known.measures))
    progress(4, 5, _("Tiers by both"))
    was, becomes = _tiers(first, known, tiers), _tiers(second, known, tiers)
    both = (was >= 0) & (becomes >= 0)
    size = len(tiers.names)
    flows = np.zeros((size, size), dtype=np.int64)
    np.add.at(flows, (was[both], becomes[both]), 1)
    points = second - first
    by_worth = np.argsort(-np.nan_to_num(known.potential), kind="stable")
    by_points = np.argsort(np.nan_to_num(points), kind="stable")

    def listed(places: NDArray[Any]) -> tuple[Mover, ...]:
        return _movers(places[:LISTED], known, tiers, was, becomes, second, points)

    order = by_worth[both[by_worth]]
    ranked = by_points[np.isfinite(points[by_points])]
    return Comparison(
        customers=int(both.sum()),
        tiers=tiers.names,
        flows=tuple(tuple(row) for row in flows.tolist()),
        climbers=listed(order[becomes[order] < was[order]]),
        fallers=listed(order[becomes[order] > was[order]]),
        gains=listed(ranked[::-1][points[ranked[::-1]] > 0]),
        losses=listed(ranked[points[ranked] < 0]),
        weights=shares_of(other),
        unmeasured=tuple(name for name in after.leaf_names if name not in other.bounds),
        mean_before=_mean(first),
        mean_after=_mean(second),
    )


def sensitivity(
    tree: IndexTree, run: ValueRun, change: int, progress: Progress = silent
) -> Sensitivity:
    """Each weight `change` per cent of itself less and more, its siblings sharing the rest."""
    known = _customers(run, (tree,))
    tiers = Settings.from_json(run.value_settings.rules).tiers
    frozen = frozen_for(tree, run, known.measures)
    leaves = frozen.normalise(known.measures)
    score = frozen.score(leaves)
    was = _tiers(score, known, tiers)
    in_score = _shares_in_score(frozen)
    paths = [path for path, share in in_score.items() if share > 0 and _can_swing(frozen, path)]
    swings = []
    for done, path in enumerate(paths):
        progress(done, len(paths), _("Moving one weight after the other"))
        swings.append(
            _swing(frozen, leaves, path, change, known, tiers, score, was, in_score[path])
        )
    swings.sort(key=lambda swing: (-swing.most, -swing.share, swing.path))
    return Sensitivity(int((was >= 0).sum()), change, tuple(swings))


def weights_now(tree: IndexTree, run: ValueRun) -> Mapping[str, tuple[float, ...]]:
    """The weights of the children of every index, by its path, as publishing today would fix them."""
    return shares_of(frozen_for(tree, run, _customers(run, (tree,)).measures))


def known_measures(run: ValueRun) -> frozenset[str]:
    """The measures that the run had data for, as far as its snapshots and its indices tell."""
    held = held_tree(run)
    leaves = list(held.tree.leaves()) if held is not None else []
    with_data = {leaf.measure for leaf in leaves if held is not None and leaf.name in held.bounds}
    without = {leaf.measure for leaf in leaves} - with_data
    return frozenset((COLUMNS.keys() - NEVER - without) | with_data)


# ---- kept until the next run ----


def comparison_key(before: IndexTree, after: IndexTree) -> str:
    return f"index|compare|{shaping.digest(before)}|{shaping.digest(after)}"


def sensitivity_key(tree: IndexTree, change: int) -> str:
    return f"index|sensitivity|{shaping.digest(tree)}|{change}"


def kept_comparison(basis: figures.Basis, before: IndexTree, after: IndexTree) -> Comparison | None:
    """What is known already; of a company that isn't very large it is worked out on the spot."""
    found: Comparison | None = stored(basis, comparison_key(before, after), Comparison)
    if found is None and basis.run.customers < figures.MANY:
        found = store(basis, comparison_key(before, after), comparison(before, after, basis.run))
    return found


def kept_sensitivity(basis: figures.Basis, tree: IndexTree, change: int) -> Sensitivity | None:
    found: Sensitivity | None = stored(basis, sensitivity_key(tree, change), Sensitivity)
    if found is None and basis.run.customers < figures.MANY:
        found = store(basis, sensitivity_key(tree, change), sensitivity(tree, basis.run, change))
    return found


def work_out(
    after: Mapping[str, Any], before: Mapping[str, Any] | None, change: int, progress: Progress
) -> None:
    """For a job: compare the plain trees, or without `before` move the weights of one."""
    basis = figures.basis()
    if basis is None:
        return
    tree = from_plain(IndexTree, after)
    if before is None:
        found = sensitivity(tree, basis.run, change, progress)
        store(basis, sensitivity_key(tree, change), found)
        return
    first = from_plain(IndexTree, before)
    store(basis, comparison_key(first, tree), comparison(first, tree, basis.run, progress))


# ---- steps ----


def frozen_for(tree: IndexTree, run: ValueRun, measures: Mapping[str, Vector]) -> FrozenTree:
    """The tree with its bounds: the run's where it is the tree of the run, else those of its customers."""
    held = held_tree(run)
    return held if held is not None and held.tree == tree else freeze(tree, measures)


def held_tree(run: ValueRun) -> FrozenTree | None:
    """The tree that the run went by, with its bounds."""
    plain = ValueRun.objects.filter(pk=run.pk).values_list("tree", flat=True).first()
    return from_plain(FrozenTree, plain) if plain else None


def _scores(frozen: FrozenTree, tree: IndexTree, run: ValueRun, known: _Customers) -> Vector:
    """The scores of the run itself where the tree is that of the run."""
    held = held_tree(run)
    if held is not None and held.tree == tree:
        return known.score
    return frozen.score(frozen.normalise(known.measures))


def _tiers(score: Vector, known: _Customers, tiers: TierSettings) -> NDArray[np.int8]:
    return assign_tiers(score, tiers, tie_break=known.worth, worth=known.worth).tier


def shares_of(frozen: FrozenTree) -> dict[str, tuple[float, ...]]:
    """The weights of the children of every index that has any, by its path, adding up to 1 each."""
    paths = ["", *(path for path, node in frozen.tree.nodes() if hasattr(node, "children"))]
    return {path: _shares(frozen, path) for path in paths}


def _shares(frozen: FrozenTree, path: str) -> tuple[float, ...]:
    if sum(frozen.child_weights(path)) <= 0:
        return frozen.child_weights(path)
    return tuple(weights_among(frozen, path).tolist())


def _can_swing(frozen: FrozenTree, path: str) -> bool:
    parent, place = shaping.parent_of(path)
    shares = _shares(frozen, parent)
    return len(shares) > 1 and 0 < shares[place] < 1


def _swing(
    frozen: FrozenTree,
    leaves: Vector,
    path: str,
    change: int,
    known: _Customers,
    tiers: TierSettings,
    score: Vector,
    was: NDArray[np.int8],
    share: float,
) -> Swing:
    parent, place = shaping.parent_of(path)
    weight = float(_shares(frozen, parent)[place])
    found: list[tuple[int, tuple[Mover, ...]]] = []
    for by in (-change, change):
        moved = reweigh(frozen, path, min(1.0, weight * (1 + by / 100))).score(leaves)
        becomes = _tiers(moved, known, tiers)
        movers = np.flatnonzero(becomes != was)
        movers = movers[np.argsort(-np.nan_to_num(known.potential[movers]), kind="stable")]
        listed = _movers(movers[:LISTED], known, tiers, was, becomes, moved, moved - score)
        found.append((len(movers), listed))
    return Swing(
        path=path,
        name=dict(frozen.tree.nodes())[path].name,
        weight=weight,
        share=share,
        less=found[0][0],
        more=found[1][0],
        less_movers=found[0][1],
        more_movers=found[1][1],
    )


def _shares_in_score(frozen: FrozenTree) -> dict[str, float]:
    """What every index really weighs in the score of a customer who has all that is measured at all."""
    names = frozen.tree.leaf_names
    row = np.array([[0.5 if name in frozen.bounds else np.nan for name in names]])
    own = dict(zip(names, frozen.weights(row)[0].tolist(), strict=True))
    return {
        path: own[node.name]
        if isinstance(node, Leaf)
        else sum(own[leaf.name] for leaf in node.all_leaves())
        for path, node in frozen.tree.nodes()
    }


def _movers(
    places: NDArray[Any],
    known: _Customers,
    tiers: TierSettings,
    was: NDArray[np.int8],
    becomes: NDArray[np.int8],
    score: Vector,
    points: Vector,
) -> tuple[Mover, ...]:
    names = (*tiers.names, "")  # −1 is the last: no tier
    return tuple(
        Mover(
            customer=int(known.ids[place]),
            before=names[was[place]],
            after=names[becomes[place]],
            score=float(score[place]),
            points=float(points[place]),
        )
        for place in places
    )


def _mean(score: Vector) -> float:
    known = score[np.isfinite(score)]
    return float(known.mean()) if len(known) else 0.0


def _customers(run: ValueRun, trees: tuple[IndexTree, ...]) -> _Customers:
    """What the trees need, by COPY; what snapshots don't keep comes from the run's own index of it."""
    wanted = {leaf.measure for tree in trees for leaf in tree.leaves()}
    columns = dict.fromkeys([*ALWAYS, *sorted(COLUMNS[name] for name in wanted if name in COLUMNS)])
    sources = list(columns)
    held = held_tree(run)
    indices = list(_kept_as_index(held, wanted))
    sources += [f"leaves[{place + 1}]" for place, _name in indices]
    names = [f"c{number}" for number in range(len(sources))]
    out = BytesIO()
    statement = READ.format(columns=", ".join(sources), run=int(run.pk))
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for block in copy:
            out.write(block)
    if not out.tell():
        empty = np.zeros(0)
        return _Customers(np.zeros(0, np.int64), empty, empty, empty, {})
    table = pacsv.read_csv(
        pa.BufferReader(out.getvalue()),
        read_options=pacsv.ReadOptions(column_names=names),
        convert_options=pacsv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.float64()), null_values=[""]
        ),
    )
    read = {
        source: np.asarray(table[name].to_numpy(), dtype=np.float64)
        for source, name in zip(sources, names, strict=True)
    }
    measures = {name: read[COLUMNS[name]] for name in wanted if name in COLUMNS}
    for place, name in indices:
        assert held is not None
        measures[name] = _measure_again(held, name, read[f"leaves[{place + 1}]"])
    return _Customers(
        ids=read["customer_id"].astype(np.int64),
        score=read["score"],
        worth=read["current_value"],
        potential=read["potential_value"],
        measures=measures,
    )


def _kept_as_index(held: FrozenTree | None, wanted: set[str]) -> Iterator[tuple[int, str]]:
    """Place among the run's indices, and measure: of those that only the indices of the run tell."""
    told: set[str] = set(COLUMNS)
    for place, leaf in enumerate(held.tree.leaves() if held else ()):
        assert held is not None
        if (
            leaf.measure in wanted - told
            and leaf.direction != "target"
            and leaf.name in held.bounds
        ):
            told.add(leaf.measure)
            yield place, leaf.measure


def _measure_again(held: FrozenTree, measure: str, share: Vector) -> Vector:
    leaf = next(leaf for leaf in held.tree.leaves() if leaf.measure == measure)
    bounds = held.bounds[leaf.name]
    upwards = share if leaf.direction == "benefit" else 1 - share
    return bounds.low + upwards * (bounds.high - bounds.low)
