"""Linear quantile regression (Koenker & Bassett 1978), exact, also for very many rows.

    min over β of Σ w·ρ_τ(y − x'β) + Σ λ_j·|β_j|,   ρ_τ(u) = u·(τ − 1{u < 0})

The linear programme is solved by the Frisch–Newton method of Portnoy & Koenker (1997), which also gave
the way to many rows: those that surely lie above or below are counted as one each, and looked at
afterwards. Penalties are rows of their own, |u| = ρ_τ(u) + ρ_τ(−u), so that the penalised programme
is the same one (Koenker 2004). Rows that have the same x are a cell, whose x is kept once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vector = NDArray[np.float64]
Codes = NDArray[np.integer]

MANY = 40_000
"""Rows above which most are first put aside."""
SAMPLE = 12_000
KEPT = 20_000
STEPS = 2
NEAR = 0.05
"""Share of the rows by which the density around the answer is told."""
ROUNDS = 60
SMALL_PRODUCT, SMALL_SUM = 200_000, 8_000
"""So many multiplications BLAS does in one thread: for matrices like these several only wait for each other,
and the digits would depend on how many there are."""
TOLERANCE = 1e-11
BACK = 0.99995
ALONE = 1e-7


class CannotSolve(ValueError):
    """There is no one answer: too few rows, columns that say the same, or no numbers."""


@dataclass(frozen=True, slots=True)
class QuantileFit:
    """`coefficients` of the columns of x; `loss` is Σ w·ρ_τ without penalties."""

    quantile: float
    coefficients: Vector
    loss: float
    rounds: int


def check_loss(residuals: ArrayLike, quantile: float, weights: ArrayLike = 1.0) -> float:
    """Σ w·ρ_τ(residual): what quantile regression makes as small as can be.

    >>> check_loss([2.0, -1.0], 0.75)
    1.75
    """
    own = np.asarray(residuals, dtype=np.float64)
    each = own * (quantile - (own < 0))
    return float((np.asarray(weights, dtype=np.float64) * each).sum())


def quantile_regression(
    x: ArrayLike,
    y: ArrayLike,
    quantile: float,
    *,
    cells: Codes | None = None,
    weights: ArrayLike | None = None,
    penalties: ArrayLike | None = None,
) -> QuantileFit:
    """The coefficients that leave the share `quantile` of the rows below x'β.

    `x` has a row for each y, or for each cell if `cells` tells each y's. A column of ones is not added.
    `penalties` λ_j pull coefficients to 0 (0: none). Raises `CannotSolve`.

    >>> fit = quantile_regression(np.ones((5, 1)), [1.0, 2.0, 3.0, 4.0, 50.0], 0.5)
    >>> fit.coefficients.round(9)
    array([3.])
    """
    design = np.ascontiguousarray(x, dtype=np.float64)
    target = np.asarray(y, dtype=np.float64)
    if not 0 < quantile < 1:
        raise ValueError("a quantile lies between 0 and 1")
    own = np.arange(len(target)) if cells is None else np.asarray(cells, dtype=np.int64)
    if design.ndim != 2 or len(own) != len(target) or (cells is None and len(design) != len(own)):
        raise ValueError("every row needs one y and one x")
    given = np.ones(len(target)) if weights is None else np.asarray(weights, dtype=np.float64)
    if len(target) == 0 or not (np.isfinite(target).all() and np.isfinite(design).all()):
        raise CannotSolve("there are no rows, or not all of them are numbers")
    if given.min() <= 0:
        raise ValueError("weights are above 0")
    scale = float(np.abs(target).max()) or 1.0
    problem = _Problem(design, own, target / scale, given, quantile)
    if penalties is not None:
        problem = problem.penalised(np.asarray(penalties, dtype=np.float64))
    _demand_full_rank(problem)
    beta, rounds = _solve_many(problem) if len(target) > MANY else _solve(problem)
    found = beta * scale
    loss = check_loss(target - _times(design, found)[own], quantile, given)
    return QuantileFit(quantile, found, loss, rounds)


@dataclass(frozen=True, slots=True)
class _Problem:
    """Rows (cell, y, weight) over a table of cells; `pairs` rows at the end are penalties."""

    x: Vector
    cells: Codes
    y: Vector
    w: Vector
    quantile: float
    pairs: int = 0

    def penalised(self, penalties: Vector) -> _Problem:
        own = np.flatnonzero(penalties > 0)
        if not len(own):
            return self
        # Of about the size of the rows, so that the programme is well scaled.
        rows = np.zeros((2 * len(own), self.x.shape[1]))
        rows[np.arange(len(own)), own] = 1.0
        rows[len(own) + np.arange(len(own)), own] = -1.0
        count = len(self.x)
        return _Problem(
            np.concatenate((self.x, rows)),
            np.concatenate((self.cells, count + np.arange(len(rows)))),
            np.concatenate((self.y, np.zeros(len(rows)))),
            np.concatenate((self.w, penalties[own], penalties[own])),
            self.quantile,
            len(rows),
        )

    def times(self, beta: Vector) -> Vector:
        return np.asarray(_times(self.x, beta)[self.cells])

    def sums(self, rows: Vector) -> Vector:
        """X' of something per row."""
        return _times(self.x.T, np.bincount(self.cells, rows, len(self.x)).astype(np.float64))

    def squares(self, rows: Vector) -> Vector:
        """X' diag(rows) X."""
        mass, found = np.bincount(self.cells, rows, len(self.x)), np.zeros((self.x.shape[1],) * 2)
        own = max(1, SMALL_PRODUCT // len(found) ** 2)
        for first in range(0, len(self.x), own):
            part = self.x[first : first + own]
            found += (part.T * mass[first : first + own]) @ part
        return found

    def only(self, rows: Codes, weights: Vector | None = None) -> _Problem:
        own = self.w[rows] if weights is None else weights
        return _Problem(self.x, self.cells[rows], self.y[rows], own, self.quantile)


def _sum(one: Vector, other: Vector) -> float:
    """The sum of the products, in one thread."""
    return float(np.einsum("i,i->", one, other))


def _times(matrix: Vector, vector: Vector) -> Vector:
    """matrix × vector, in parts."""
    rows, columns = matrix.shape
    if rows * columns <= SMALL_SUM:
        return np.asarray(matrix @ vector)
    if rows >= columns:
        own = max(1, SMALL_SUM // columns)
        return np.concatenate([matrix[k : k + own] @ vector for k in range(0, rows, own)])
    own = max(1, SMALL_SUM // rows)
    found = np.zeros(rows)
    for k in range(0, columns, own):
        found += matrix[:, k : k + own] @ vector[k : k + own]
    return found


def _demand_full_rank(problem: _Problem) -> None:
    squares = problem.squares(problem.w)
    size = np.sqrt(np.maximum(np.diag(squares), 1e-300))
    if np.linalg.matrix_rank(squares / np.outer(size, size), hermitian=True) < len(squares):
        raise CannotSolve("columns of x say the same as others, or there are too few rows")


def _solve(problem: _Problem) -> tuple[Vector, int]:
    """Primal and dual at once: u in [0, w] are the weights of the rows, β is their price."""
    y, w, tau = problem.y, problem.w, problem.quantile
    u, s = (1 - tau) * w, tau * w
    b = problem.sums(u)
    beta = _weighed(problem, w, problem.sums(w * y))
    r = y - problem.times(beta)
    r = np.where(r == 0, 1e-3, r)
    # The residual is what lies above (w's multiplier) less what lies below.
    above, below = np.maximum(r, 0.0), np.maximum(-r, 0.0)
    rounds = 0
    size = 1.0 + float(np.abs(w * y).sum())
    while rounds < ROUNDS and _sum(u, below) + _sum(s, above) > TOLERANCE * size:
        rounds += 1
        q = 1.0 / (below / u + above / s)
        r = y - problem.times(beta)
        lacking = b - problem.sums(u)
        step = _weighed(problem, q, problem.sums(q * r) - lacking)
        du = q * (r - problem.times(step))
        below_step, above_step = -below * (1 + du / u), -above * (1 - du / s)
        first = min(_reach(u, du), _reach(s, -du))
        second = min(_reach(below, below_step), _reach(above, above_step))
        if min(first, second) < 1:
            mu = _sum(u, below) + _sum(s, above)
            ahead = _sum(below + second * below_step, u + first * du)
            ahead += _sum(above + second * above_step, s - first * du)
            mu *= (ahead / mu) ** 3 / (2 * len(y))
            one, other = du * below_step, -du * above_step
            pull = mu * (1 / u - 1 / s)
            bent = r + pull - one / u + other / s
            step = _weighed(problem, q, problem.sums(q * bent) - lacking)
            du = q * (bent - problem.times(step))
            below_step = (mu - one - below * du) / u - below
            above_step = (mu - other + above * du) / s - above
            first = min(_reach(u, du), _reach(s, -du))
            second = min(_reach(below, below_step), _reach(above, above_step))
        u, s = u + first * du, s - first * du
        beta = beta + second * step
        below, above = below + second * below_step, above + second * above_step
    return _at_vertex(problem, beta), rounds


def _weighed(problem: _Problem, q: Vector, right: Vector) -> Vector:
    squares = problem.squares(q)
    size = 1.0 / np.sqrt(np.maximum(np.diag(squares), 1e-300))
    whole = squares * np.outer(size, size)
    try:
        found = np.linalg.solve(whole, right * size)
    except np.linalg.LinAlgError:
        found = np.linalg.lstsq(whole, right * size, rcond=None)[0]
    return np.asarray(found * size)


def _reach(own: Vector, step: Vector) -> float:
    """How far one may go before something becomes 0, and not quite so far."""
    falling = step < 0
    if not falling.any():
        return 1.0
    return min(1.0, BACK * float((-own[falling] / step[falling]).min()))


def _at_vertex(problem: _Problem, beta: Vector) -> Vector:
    """The corner next to an answer: as many rows as coefficients lie exactly on it.

    Where several corners are as good, the middle between them stays: it doesn't jump.
    """
    near = np.abs(problem.y - problem.times(beta))
    count = len(beta)
    first = np.argsort(near, kind="stable")[: 40 * count]
    basis: list[int] = []
    frame = np.zeros((0, count))
    for row in first.tolist():
        own = problem.x[problem.cells[row]]
        rest = own - frame.T @ (frame @ own)
        rest -= frame.T @ (frame @ rest)
        size = float(np.linalg.norm(rest))
        if size > 1e-7 * float(np.linalg.norm(own)):
            frame = np.vstack((frame, rest / size))
            basis.append(row)
        if len(basis) == count:
            break
    if len(basis) < count:
        return beta
    corner: Vector = np.asarray(np.linalg.solve(problem.x[problem.cells[basis]], problem.y[basis]))
    before, after = (
        check_loss(problem.y - problem.times(own), problem.quantile, problem.w)
        for own in (beta, corner)
    )
    if after > before * (1 + 1e-13):
        return beta
    # Another corner is as good where a row of this one pulls with all its weight.
    pull = problem.w * (problem.quantile - (problem.y - problem.times(corner) < 0))
    pull[basis] = 0.0
    own = np.linalg.solve(problem.x[problem.cells[basis]].T, -problem.sums(pull))
    share = own / problem.w[basis] + 1 - problem.quantile
    return corner if ((share > ALONE) & (share < 1 - ALONE)).all() else beta


def _solve_many(problem: _Problem) -> tuple[Vector, int]:
    """A sample tells about where the answer lies, a step over all rows where it lies more closely; rows
    far from it are counted as two: one above it, one below. Whatever turns out to lie on the other side
    is looked at row by row, so that the answer is that of all rows."""
    count = len(problem.y) - problem.pairs
    always = count + np.arange(problem.pairs)
    sample = np.sort(np.random.default_rng(0).choice(count, SAMPLE, replace=False))
    part = SAMPLE / count
    few = problem.only(
        np.concatenate((sample, always)),
        np.concatenate((problem.w[sample], problem.w[always] * part)),
    )
    beta, rounds = _solve(_held(few))  # what a sample lacks altogether is held at 0 there
    for _step in range(STEPS):
        beta = _stepped(problem, beta)
    r = problem.y - problem.times(beta)
    distance = np.abs(r)
    distance[count:] = -1.0
    kept = np.zeros(len(r), dtype=np.bool_)
    kept[np.argpartition(distance, KEPT)[:KEPT]] = True
    above = r > 0
    while True:
        beta, more = _solve(_with_two(problem, kept, above))
        rounds += more
        r = problem.y - problem.times(beta)
        wrong = ~kept & ((r > 0) != above)
        if not wrong.any():
            return beta, rounds
        # Beside those that were wrong, as many more of those nearest now.
        distance = np.where(kept, np.inf, np.abs(r))
        kept |= wrong
        kept[np.argpartition(distance, KEPT)[:KEPT]] = True


def _stepped(problem: _Problem, beta: Vector) -> Vector:
    """A Newton step over all rows, where it makes the loss smaller: X'(τ − 1{r < 0}) must become 0, and
    how fast it falls is told by the rows near the answer."""
    data = slice(None, len(problem.y) - problem.pairs)
    w, r = problem.w.copy(), problem.y - problem.times(beta)
    w[data.stop :] = 0.0
    near = float(np.quantile(np.abs(r[data]), NEAR))
    falls = problem.squares(np.where(np.abs(r) <= near, w, 0.0)) / (2 * near)
    pull = problem.sums(w * (problem.quantile - (r < 0)))
    penalties = np.zeros(len(beta))
    rows = problem.x[problem.cells[data.stop :]]
    penalties += (np.maximum(rows, 0.0) * problem.w[data.stop :, None]).sum(axis=0)
    free = np.flatnonzero((penalties == 0) | (np.abs(beta) > 1e-9))
    right = pull[free] - penalties[free] * np.sign(beta[free])
    step = np.zeros(len(beta))
    step[free] = np.linalg.pinv(falls[np.ix_(free, free)], rcond=1e-10, hermitian=True) @ right
    before, after = (
        check_loss(problem.y - problem.times(own), problem.quantile, problem.w)
        for own in (beta, beta + step)
    )
    return beta + step if after < before else beta


def _held(problem: _Problem) -> _Problem:
    """With a feather's weight on each coefficient, so that there is an answer."""
    return problem.penalised(np.full(problem.x.shape[1], 1e-3))


def _with_two(problem: _Problem, kept: NDArray[np.bool_], above: NDArray[np.bool_]) -> _Problem:
    cells, rows = [problem.x], np.flatnonzero(kept)
    own, y, w = [problem.cells[rows]], [problem.y[rows]], [problem.w[rows]]
    for side in (above, ~above):
        chosen = ~kept & side
        if chosen.any():
            masses = np.where(chosen, problem.w, 0.0)
            whole = float(masses.sum())
            own.append(np.array([sum(map(len, cells))]))
            cells.append((problem.sums(masses) / whole)[None])
            y.append(np.array([_sum(masses, problem.y) / whole]))
            w.append(np.array([whole]))
    return _Problem(
        np.concatenate(cells),
        np.concatenate(own),
        np.concatenate(y),
        np.concatenate(w),
        problem.quantile,
    )
