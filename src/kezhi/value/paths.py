"""Paths between what can't be asked directly: PLS path models 偏最小二乘路径模型 (Wold 1982; Lohmöller 1989).

A construct (satisfaction) is known by its indicators (answers); paths say which construct explains
which. Mode A, path weighting scheme, on standardised answers. The retention model of customers:
satisfaction by perceived value, intention by satisfaction, perceived value and switching cost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kezhi.value.drivers import correlations
from kezhi.value.path_design import RETENTION, Construct, Path, PathDesign
from kezhi.value.path_quality import Quality, quality
from kezhi.value.potential.fitting import CannotFit

__all__ = [
    "RETENTION",
    "Bootstrap",
    "Coefficient",
    "Construct",
    "Foresight",
    "Path",
    "PathDesign",
    "PathModel",
    "bootstrap",
    "fit",
    "foresight",
]

Vector = NDArray[np.float64]

TOLERANCE = 1e-10
MOST_ROUNDS = 1000


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A path: its coefficient and variance inflation (None for a total effect); after a bootstrap its
    standard error, interval and t (coefficient ÷ standard error), else None."""

    cause: str
    effect: str
    coefficient: float
    vif: float | None = None
    standard_error: float | None = None
    low: float | None = None
    high: float | None = None
    t: float | None = None


@dataclass(frozen=True, slots=True)
class PathModel:
    """A fitted model: all it takes to score and predict further respondents.

    `weights` and `loadings` go by indicator in the order of `design.indicators`; scores are standardised
    answers × weights, with variance 1 among the `respondents` of the fit. `means` and `deviations` are of
    the answers.
    """

    design: PathDesign
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    weights: tuple[float, ...]
    loadings: tuple[float, ...]
    coefficients: tuple[Coefficient, ...]
    r_squared: Mapping[str, float]
    correlations: tuple[tuple[float, ...], ...]
    respondents: int
    left_out: int
    rounds: int

    def scores(self, answers: ArrayLike) -> Vector:
        """Scores of respondents × constructs, standardised; NaN where an answer is missing."""
        columns = np.asarray(answers, dtype=np.float64)
        z = (columns - np.array(self.means)) / np.array(self.deviations) * np.array(self.weights)
        return np.column_stack([z[:, block].sum(axis=1) for block in self.design.blocks()])

    def index_scores(self, answers: ArrayLike, low: ArrayLike, high: ArrayLike) -> Vector:
        """Scores 0 … 100 by unstandardised weights (as ACSI): `low`, `high` is the scale of answers."""
        columns = np.asarray(answers, dtype=np.float64)
        share = (columns - np.asarray(low)) / (np.asarray(high) - np.asarray(low))
        plain = np.array(self.weights) / np.array(self.deviations)
        return 100 * np.column_stack(
            [
                (share[:, block] * plain[block]).sum(axis=1) / plain[block].sum()
                for block in self.design.blocks()
            ]
        )

    def predict(self, answers: ArrayLike, *, from_first: bool = False) -> Vector:
        """Predicted scores × constructs from the causes' own scores; first causes as they are.

        With `from_first` only the first causes are known: what they explain explains what follows.
        """
        names, own = self.design.names, self.scores(answers)
        found = own.copy()
        for effect in self.design.order():
            into = [one for one in self.coefficients if one.effect == effect]
            if into:
                causes = [names.index(one.cause) for one in into]
                slopes = np.array([one.coefficient for one in into])
                known = found if from_first else own
                found[:, names.index(effect)] = (known[:, causes] * slopes).sum(axis=1)
        return found

    def predict_answers(self, answers: ArrayLike, *, from_first: bool = False) -> Vector:
        """What respondents would answer to every indicator, by the predicted scores of its construct."""
        predicted = self.predict(answers, from_first=from_first)
        found = np.empty((len(predicted), len(self.weights)))
        for place, block in enumerate(self.design.blocks()):
            loadings = np.array(self.loadings[block])
            found[:, block] = predicted[:, [place]] * loadings
        return found * np.array(self.deviations) + np.array(self.means)

    def total_effects(self) -> tuple[tuple[float, ...], ...]:
        """Constructs × constructs: what a deviation more of the row's construct adds to the column's,
        over all paths; the indirect effect is this less the coefficient."""
        names = self.design.names
        direct = np.zeros((len(names), len(names)))
        for one in self.coefficients:
            direct[names.index(one.cause), names.index(one.effect)] = one.coefficient
        total = np.linalg.inv(np.eye(len(names)) - direct) - np.eye(len(names))
        return tuple(tuple(row) for row in total.tolist())

    def quality(self) -> Quality:
        """Reliability and validity of the constructs (see `kezhi.value.path_quality`)."""
        return quality(self.design, self.correlations, self.weights, self.loadings)


@dataclass(frozen=True, slots=True)
class _Solution:
    weights: Vector
    loadings: Vector
    scores: Vector  # correlations of the constructs
    slopes: Vector  # causes × effects
    rounds: int


def fit(answers: ArrayLike, design: PathDesign) -> PathModel:
    """The model of `answers`: respondents × `design.indicators`; who left one out takes no part.

    A construct points the way most of its indicators do. Raises CannotFit for fewer complete
    respondents than indicators of a construct or causes need (ten at least), an indicator that doesn't
    differ, causes that are one and the same, or weights that don't settle in 1,000 rounds.
    """
    columns, left_out = _complete(answers, design)
    matrix = _correlations(columns, design)
    found = _solved(matrix, design)
    names = design.names
    coefficients = []
    for path in design.paths:
        causes = [names.index(one) for one in design.causes(path.effect)]
        inverse = np.linalg.inv(found.scores[np.ix_(causes, causes)])
        place = causes.index(names.index(path.cause))
        slope = found.slopes[names.index(path.cause), names.index(path.effect)]
        coefficients.append(
            Coefficient(path.cause, path.effect, float(slope), float(inverse[place, place]))
        )
    explained = (found.slopes * found.scores).sum(axis=0)
    return PathModel(
        design=design,
        means=tuple(columns.mean(axis=0).tolist()),
        deviations=tuple(columns.std(axis=0, ddof=1).tolist()),
        weights=tuple(found.weights.tolist()),
        loadings=tuple(found.loadings.tolist()),
        coefficients=tuple(coefficients),
        r_squared={
            name: float(explained[k]) for k, name in enumerate(names) if design.causes(name)
        },
        correlations=tuple(tuple(row) for row in matrix.tolist()),
        respondents=len(columns),
        left_out=left_out,
        rounds=found.rounds,
    )


def _complete(answers: ArrayLike, design: PathDesign) -> tuple[Vector, int]:
    columns = np.asarray(answers, dtype=np.float64)
    if columns.ndim != 2 or columns.shape[1] != len(design.indicators):
        raise ValueError(f"answers have {len(design.indicators)} columns: one per indicator")
    known = np.isfinite(columns).all(axis=1)
    least = max(
        10,
        *(len(one.indicators) + 2 for one in design.constructs),
        *(len(design.causes(name)) + 3 for name in design.names),
    )
    if known.sum() < least:
        raise CannotFit(
            f"{int(known.sum())} respondents answered everything: this design needs {least} at least"
        )
    return columns[known], int((~known).sum())


def _correlations(columns: Vector, design: PathDesign) -> Vector:
    try:
        return correlations(columns, design.indicators)
    except ValueError as error:
        raise CannotFit(str(error)) from error


def _solved(matrix: Vector, design: PathDesign) -> _Solution:
    """All of PLS lives in the correlations of the indicators: no respondent is looked at again."""
    blocks, names = design.blocks(), design.names
    into = [[names.index(cause) for cause in design.causes(name)] for name in names]
    linked = np.zeros((len(names), len(names)), dtype=np.bool_)
    for effect, causes in enumerate(into):
        linked[causes, effect] = True
    weights = np.zeros((len(matrix), len(names)))
    for place, block in enumerate(blocks):
        weights[block, place] = 1.0
    weights = _turned(_scaled(weights, matrix), matrix, blocks)
    rounds = 0
    while True:
        if rounds == MOST_ROUNDS:
            raise CannotFit(f"the weights don't settle within {MOST_ROUNDS} rounds")
        rounds += 1
        between = weights.T @ matrix @ weights
        inner = np.where(linked.T, between, 0.0)  # effects by correlation
        for effect, causes in enumerate(into):
            if causes:  # causes by regression
                inner[causes, effect] = _regression(between, causes, effect)
        proxies = matrix @ weights @ inner
        ahead = np.zeros_like(weights)
        for place, block in enumerate(blocks):
            ahead[block, place] = proxies[block, place]
        if np.any(np.abs(ahead).max(axis=0) < 1e-12):
            raise CannotFit("a construct has nothing in common with those it is linked to")
        ahead = _turned(_scaled(ahead, matrix), matrix, blocks)
        moved = float(np.abs(ahead - weights).max())
        weights = ahead
        if moved < TOLERANCE:
            break
    between = weights.T @ matrix @ weights
    slopes = np.zeros_like(between)
    for effect, causes in enumerate(into):
        if causes:
            slopes[causes, effect] = _regression(between, causes, effect)
    loadings = matrix @ weights
    return _Solution(
        weights=np.concatenate([weights[block, k] for k, block in enumerate(blocks)]),
        loadings=np.concatenate([loadings[block, k] for k, block in enumerate(blocks)]),
        scores=between,
        slopes=slopes,
        rounds=rounds,
    )


def _scaled(weights: Vector, matrix: Vector) -> Vector:
    """Scores of variance 1."""
    variance = np.einsum("ij,ik,kj->j", weights, matrix, weights)
    return np.asarray(weights / np.sqrt(np.maximum(variance, 1e-300)))


def _turned(weights: Vector, matrix: Vector, blocks: Sequence[slice]) -> Vector:
    """Every construct the way most of its indicators point."""
    loadings = matrix @ weights
    signs = np.array(
        [1.0 if loadings[block, k].sum() >= 0 else -1.0 for k, block in enumerate(blocks)]
    )
    return np.asarray(weights * signs)


def _regression(between: Vector, causes: list[int], effect: int) -> Vector:
    among = between[np.ix_(causes, causes)]
    if np.linalg.eigvalsh(among)[0] < 1e-10:
        raise CannotFit("two causes of one construct are one and the same")
    return np.asarray(np.linalg.solve(among, between[causes, effect]))


@dataclass(frozen=True, slots=True)
class Foresight:
    """How well a model predicts respondents it wasn't fitted to (Shmueli et al. 2016, PLSpredict).

    By indicator of the explained constructs: `q_squared`, 1 − squared error ÷ that of the mean answer of
    the others (above 0: the model knows something), and `rmse` in units of the answer.
    """

    q_squared: Mapping[str, float]
    rmse: Mapping[str, float]
    folds: int


def foresight(
    answers: ArrayLike, design: PathDesign, *, folds: int = 10, seed: int = 1
) -> Foresight:
    """Every respondent is predicted by the model of the other folds, from the first causes alone.

    Raises CannotFit as `fit` does, of a fold, too.
    """
    columns, _left_out = _complete(answers, design)
    if not 2 <= folds <= len(columns):
        raise ValueError(f"{len(columns)} respondents fall into 2 to {len(columns)} folds")
    fold = np.random.default_rng(seed).permutation(len(columns)) % folds
    missed, plain = np.zeros(columns.shape[1]), np.zeros(columns.shape[1])
    for one in range(folds):
        held = fold == one
        model = fit(columns[~held], design)
        guess = model.predict_answers(columns[held], from_first=True)
        missed += ((columns[held] - guess) ** 2).sum(axis=0)
        plain += ((columns[held] - columns[~held].mean(axis=0)) ** 2).sum(axis=0)
    explained = [
        place
        for construct, block in zip(design.constructs, design.blocks(), strict=True)
        if design.causes(construct.name)
        for place in range(block.start, block.stop)
    ]
    names = design.indicators
    return Foresight(
        {names[k]: float(1 - missed[k] / plain[k]) for k in explained},
        {names[k]: float(np.sqrt(missed[k] / len(columns))) for k in explained},
        folds,
    )


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """What drawing respondents anew says: `coefficients` and `total_effects` with standard errors and
    percentile intervals, loadings' and R²'s intervals, and how many draws could be fitted."""

    coefficients: tuple[Coefficient, ...]
    total_effects: tuple[Coefficient, ...]
    loadings_low: tuple[float, ...]
    loadings_high: tuple[float, ...]
    r_squared: Mapping[str, tuple[float, float]]
    draws: int
    failed: int


def bootstrap(
    answers: ArrayLike,
    design: PathDesign,
    *,
    draws: int = 500,
    level: float = 0.95,
    seed: int = 1,
    told: Callable[[int], None] | None = None,
) -> tuple[PathModel, Bootstrap]:
    """The model, and intervals from `draws` samples of its respondents (of the same `seed`, the same).

    A construct that comes out upside down in a draw is turned to fit the model (its loadings' sum of
    products is made positive). `told` hears how many draws are done.
    Raises CannotFit where fewer than half of the draws can be fitted.
    """
    model = fit(answers, design)
    columns, _left_out = _complete(answers, design)
    rng = np.random.default_rng(seed)
    names = design.names
    ends = [(names.index(path.cause), names.index(path.effect)) for path in design.paths]
    anchor = np.array(model.loadings)
    slopes, totals, loadings, explained = [], [], [], []
    for done in range(draws):
        if told is not None:
            told(done)
        rows = rng.integers(0, len(columns), len(columns))
        try:
            found = _solved(_correlations(columns[rows], design), design)
        except CannotFit:
            continue
        turn = np.array([np.sign(found.loadings[b] @ anchor[b]) or 1.0 for b in design.blocks()])
        own = found.slopes * turn[:, None] * turn
        slopes.append([own[cause, effect] for cause, effect in ends])
        totals.append(np.linalg.inv(np.eye(len(names)) - own) - np.eye(len(names)))
        loadings.append(
            np.concatenate([found.loadings[b] * turn[k] for k, b in enumerate(design.blocks())])
        )
        explained.append((found.slopes * found.scores).sum(axis=0))
    if 2 * len(slopes) < draws or len(slopes) < 2:
        raise CannotFit(f"of {draws} samples of the respondents only {len(slopes)} can be fitted")
    edges = [(1 - level) / 2, (1 + level) / 2]
    direct = np.array(slopes)
    whole = np.array(totals)
    effect_of = np.array(model.total_effects())
    reached = [(i, j) for i, j in np.argwhere(np.abs(whole).max(axis=0) > 0).tolist()]
    low, high = np.quantile(np.array(loadings), edges, axis=0)
    spread = np.quantile(np.array(explained), edges, axis=0)
    return model, Bootstrap(
        coefficients=tuple(
            _with_interval(one, direct[:, k], edges) for k, one in enumerate(model.coefficients)
        ),
        total_effects=tuple(
            _with_interval(
                Coefficient(names[i], names[j], float(effect_of[i, j])),
                whole[:, i, j],
                edges,
            )
            for i, j in reached
        ),
        loadings_low=tuple(low.tolist()),
        loadings_high=tuple(high.tolist()),
        r_squared={
            name: (float(spread[0, k]), float(spread[1, k]))
            for k, name in enumerate(names)
            if design.causes(name)
        },
        draws=draws,
        failed=draws - len(slopes),
    )


def _with_interval(one: Coefficient, drawn: Vector, edges: list[float]) -> Coefficient:
    error = float(drawn.std(ddof=1))
    low, high = (float(edge) for edge in np.quantile(drawn, edges))
    t = one.coefficient / error if error > 0 else None
    return Coefficient(one.cause, one.effect, one.coefficient, one.vif, error, low, high, t)
