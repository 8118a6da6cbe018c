"""What BG/NBD and MBG/NBD have in common.

While alive a customer buys at a rate λ ~ Gamma(r, α); after a purchase the customer leaves with
probability p ~ Beta(a, b). The two models differ in one thing: MBG/NBD lets a customer leave right
after the first purchase, too. With `shift` 0 (BG) or 1 (MBG) every formula is the same, b + x being
b + x + shift. x repeat purchases, the last at t_x, in an age of T, all in one unit of time.

Given that the customer is alive, λ ~ Gamma(r + x, α + T) and p ~ Beta(a, b + x + shift).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, betaln, digamma, expit, gammaln, polygamma

from kezhi.value.potential.fitting import (
    CannotFit,
    Diagnostics,
    Fit,
    Objective,
    Vector,
    diagnose,
    fit_by_newton,
)

PARAMETERS = ("r", "alpha", "a", "b")


@dataclass(frozen=True, slots=True)
class BetaGeometric:
    """The parameters; every method takes arrays and broadcasts them."""

    name: ClassVar[str]
    shift: ClassVar[int]

    r: float
    alpha: float
    a: float
    b: float

    def __post_init__(self) -> None:
        for parameter in PARAMETERS:
            if not 0 < getattr(self, parameter) < np.inf:
                raise ValueError(f"{parameter} is {getattr(self, parameter)}: it must be positive")

    @property
    def parameters(self) -> dict[str, float]:
        """The parameters by name."""
        return {name: getattr(self, name) for name in PARAMETERS}

    def p_alive(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Vector:
        """Probability that the customer is still one, at age T."""
        return expit(-self._log_odds_gone(x, t_x, T))

    def _log_odds_gone(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Vector:
        # In log odds: the power overflows for a customer with hundreds of orders.
        x, t_x, T = _floats(x, t_x, T)
        left = self.b + self.shift + x - 1
        elapsed = np.log1p((T - t_x) / (self.alpha + t_x))
        odds = np.log(self.a / np.where(x + self.shift > 0, left, 1.0)) + (self.r + x) * elapsed
        return np.where(x + self.shift > 0, odds, -np.inf)

    def p_purchase(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, t: ArrayLike) -> Vector:
        """Probability of at least one purchase within the coming time t."""
        x, T, t = _floats(x, T, t)
        buys = -np.expm1(-(self.r + x) * np.log1p(t / (self.alpha + T)))
        return np.asarray(self.p_alive(x, t_x, T) * buys)

    def p_at_least(
        self, n: ArrayLike, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, t: ArrayLike
    ) -> Vector:
        """Probability of n or more purchases within the coming time t."""
        n, x, T, t = _floats(n, x, T, t)
        some = np.maximum(n, 1)
        B = self.b + x + self.shift
        stays = np.exp(betaln(self.a, B + some - 1) - betaln(self.a, B))
        reaches = betainc(some, self.r + x, t / (self.alpha + T + t))
        return np.where(n > 0, self.p_alive(x, t_x, T) * stays * reaches, 1.0)

    def p_count(
        self, n: ArrayLike, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, t: ArrayLike
    ) -> Vector:
        """Probability of exactly n purchases within the coming time t."""
        return np.asarray(np.exp(self.log_p_count(n, x, t_x, T, t)))

    def log_p_count(
        self, n: ArrayLike, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, t: ArrayLike
    ) -> Vector:
        """Log of the probability of exactly n purchases within the coming time t."""
        n, x, T, t = _floats(n, x, T, t)
        B, R, w = self.b + x + self.shift, self.r + x, t / (self.alpha + T + t)
        some = np.maximum(n, 1)
        with np.errstate(divide="ignore"):
            # Alive after n purchases, or gone right after the n-th: two terms, no difference.
            exactly = gammaln(R + n) - gammaln(R) - gammaln(n + 1) + R * np.log1p(-w) + _xlogy(n, w)
            alive = betaln(self.a, B + n) - betaln(self.a, B) + exactly
            gone = (
                betaln(self.a + 1, B + some - 1) - betaln(self.a, B) + np.log(betainc(some, R, w))
            )
            odds = self._log_odds_gone(x, t_x, T)
            bought = np.logaddexp(alive, np.where(n > 0, gone, -np.inf)) - np.logaddexp(0.0, odds)
            left = np.where(n > 0, -np.inf, -np.logaddexp(0.0, -odds))
            return np.asarray(np.logaddexp(bought, left))

    def expected_purchases(
        self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, t: ArrayLike
    ) -> Vector:
        """E[Y(t)]: purchases expected within the coming time t."""
        return np.asarray(self.p_alive(x, t_x, T) * self.expected_if_alive(x, T, t))

    def expected_if_alive(self, x: ArrayLike, T: ArrayLike, t: ArrayLike) -> Vector:
        """Purchases expected within the coming time t, given that the customer is alive."""
        x, T, t = _floats(x, T, t)
        if x.ndim == T.ndim == 1 and t.ndim == 0 and len(x) == len(T) > _MANY:
            x, T, index = _alike(x, T)
            return self._if_alive(x, T, np.broadcast_to(t, x.shape))[index]
        return self._if_alive(*np.broadcast_arrays(x, T, t))

    def _if_alive(self, x: Vector, T: Vector, t: Vector) -> Vector:
        shape = x.shape
        A = (self.alpha + T).ravel()
        return _expected(
            self.r + x.ravel(), A, self.a, self.b + x.ravel() + self.shift, t.ravel() / A
        ).reshape(shape)

    def p_still_alive(self, x: ArrayLike, T: ArrayLike, t: ArrayLike) -> Vector:
        """Probability to be alive after the coming time t, given that the customer is alive now."""
        x, T, t = np.broadcast_arrays(*_floats(x, T, t))
        R, y = self.r + x.ravel(), (t / (self.alpha + T)).ravel()
        B = self.b + x.ravel() + self.shift
        lost = _mean_fall(self.a, B, R, y, _survival_fall)
        return np.asarray(1 - lost).reshape(x.shape)

    def expected_of_new(self, t: ArrayLike) -> Vector:
        """E[X(t)]: repeat purchases of a customer within a time t of the first purchase."""
        return self.expected_purchases(0.0, 0.0, 0.0, t)

    def p_count_of_new(self, n: ArrayLike, t: ArrayLike) -> Vector:
        """P(X(t) = n): n repeat purchases within a time t of the first purchase."""
        return self.p_count(n, 0.0, 0.0, 0.0, t)

    def median_wait(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Vector:
        """Time until which the next purchase has come, more likely than not; infinite: never."""
        x, T = _floats(x, T)
        p = self.p_alive(x, t_x, T)
        with np.errstate(divide="ignore", over="ignore"):
            silent = np.where(p > 0.5, 1 - 0.5 / np.maximum(p, 0.5), 0.0)
            wait = (self.alpha + T) * np.expm1(-np.log(silent) / (self.r + x))
        return np.where(p > 0.5, wait, np.inf)

    def log_likelihood(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Vector:
        """Log-likelihood of each customer."""
        x, t_x, T = _floats(x, t_x, T)
        return np.asarray(
            gammaln(self.r + x)
            - gammaln(self.r)
            + self.r * np.log(self.alpha)
            - (self.r + x) * np.log(self.alpha + T)
            + betaln(self.a, self.b + x + self.shift)
            - betaln(self.a, self.b)
            + np.logaddexp(0.0, self._log_odds_gone(x, t_x, T))
        )


_MANY = 20_000  # customers, from which on those with equal x and T are computed once


def _alike(x: Vector, T: Vector) -> tuple[Vector, Vector, NDArray[np.intp]]:
    """Distinct pairs of x and T, and which of them each customer has."""
    ages, age = np.unique(T, return_inverse=True)
    counts, count = np.unique(x, return_inverse=True)
    key = age * len(counts) + count
    if len(ages) * len(counts) > 8 * len(x):
        found, place = np.unique(key, return_inverse=True)
    else:
        present = np.zeros(len(ages) * len(counts), dtype=np.bool_)
        present[key] = True
        found, place = np.flatnonzero(present), (np.cumsum(present) - 1)[key]
    return counts[found % len(counts)], ages[found // len(counts)], place


def _floats(*arrays: ArrayLike) -> tuple[Vector, ...]:
    return tuple(np.asarray(array, dtype=np.float64) for array in arrays)


def _xlogy(n: Vector, w: Vector) -> Vector:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(n > 0, n * np.log(w), 0.0)


# The expected number of purchases
#
# Given alive, E[Y] = E over p ~ Beta(a, B) of (1 − (1 + p·y)^−R)/p, with y = t/A, A = α + T and
# R = r + x. The papers write it with Gauss's function at C = a + B − 1,
#     C/(a − 1) · [1 − (1 − w)^R · F(R, B; C; w)],  w = y/(1 + y),
# which is 0/0 at a = 1, has a pole at C = 0 (no repeat, a + b = 1) and overflows for large x.
# Euler's transformation turns it into, with ε = a − 1,
#     C · (1 − (1 − w)^ε)/ε − (1 − w)^ε · Σ_{k≥1} (a)_{k−1} (C−R)_k / ((C+1)_{k−1} k!) · w^k,
# finite at both limits, with terms that fall the faster the larger x. C − R doesn't depend on x.
# Where the sum would be slow (w near 1) or cancel, the mean over p is integrated instead.

_SLOW = 0.95
_TERMS = 600
_NEAR_ZERO = 0.2  # of a or B: the beta's tail is too long to integrate over
_CANCELLED = 1e5  # series terms this much larger than their sum: integrate instead


def _expected(R: Vector, A: Vector, a: float, B: Vector, y: Vector) -> Vector:
    w = y / (1 + y)
    found = np.zeros_like(w)
    ask = y > 0
    quick = ask & (w < _SLOW)
    if quick.any():
        found[quick], sound = _by_series(R[quick], a, B[quick], w[quick])
        quick[np.flatnonzero(quick)[~sound]] = False
    slow = ask & ~quick & (B >= _NEAR_ZERO) if a >= _NEAR_ZERO else np.zeros_like(ask)
    if slow.any():
        found[slow] = _mean_bought(a, B[slow], R[slow], y[slow])
    slow = ask & ~quick & ~slow
    if slow.any():
        lost = _mean_fall(a, B[slow], R[slow], y[slow], _purchase_fall)
        found[slow] = R[slow] * y[slow] * (1 - lost)
    return found


def _by_series(R: Vector, a: float, B: Vector, w: Vector) -> tuple[Vector, NDArray[np.bool_]]:
    epsilon = a - 1
    C = a + B - 1
    G = C - R
    ell = np.log1p(-w)
    first = C * (-np.expm1(epsilon * ell) / epsilon if epsilon else -ell)
    term = G * w
    total, largest = term.copy(), np.abs(term)
    live = np.arange(len(w))
    running = term
    for k in range(1, _TERMS):
        running = running * ((a + k - 1) * (G[live] + k) / ((C[live] + k) * (k + 1))) * w[live]
        total[live] += running
        size = np.abs(running)
        largest[live] = np.maximum(largest[live], size)
        going = size > 1e-17 * np.abs(total[live])
        if not going.all():
            live, running = live[going], running[going]
            if len(live) == 0:
                break
    scale = np.exp(epsilon * ell)
    found = first - scale * total
    sound = np.maximum(np.abs(first), scale * largest) < _CANCELLED * np.abs(found)
    sound[live] = False  # not converged
    return found, sound


_Integrand: TypeAlias = Callable[[Vector, Vector, Vector], Vector]  # of p, R, y


def _bought(p: Vector, R: Vector, y: Vector) -> Vector:
    """Purchases expected with a dropout of p."""
    return np.asarray(-np.expm1(-R * np.log1p(p * y)) / p)


def _purchase_fall(p: Vector, R: Vector, y: Vector) -> Vector:
    """The share of purchases that is lost by a dropout of p."""
    return np.asarray(1 - _bought(p, R, y) / (R * y))


def _survival_fall(p: Vector, R: Vector, y: Vector) -> Vector:
    return np.asarray(-np.expm1(-R * np.log1p(p * y)))


def _mean_fall(a: float, B: Vector, R: Vector, y: Vector, fall: _Integrand) -> Vector:
    """E over p ~ Beta(a, B) of `fall(p)`, which rises from 0 at p = 0.

    What is linear in p is taken off first, so that the integrand vanishes at both ends even for a
    or B near 0, where the beta's own tails reach too far.
    """
    whole = fall(np.ones_like(y), R, y)
    centre, spread = _bulk(a, B)
    low = np.maximum(-np.log(np.maximum(1.0, R * y)) - 40, centre - 40 / a - 9 * spread)
    high = np.minimum(40.0, centre + 40 / B + 9 * spread)

    def curved(p: Vector, R: Vector, y: Vector) -> Vector:
        return np.asarray(fall(p, R, y) - fall(np.ones_like(y), R, y) * p)

    return np.asarray(whole * a / (a + B) + _integral(a, B, R, y, low, high, curved))


def _mean_bought(a: float, B: Vector, R: Vector, y: Vector) -> Vector:
    """E over p ~ Beta(a, B) of the purchases: a sum of positive terms, for a and B not near 0."""
    centre, spread = _bulk(a, B)
    low, high = centre - 45 / a - 9 * spread, centre + 45 / B + 9 * spread
    return _integral(a, B, R, y, low, high, _bought)


def _bulk(a: float, B: Vector) -> tuple[Vector, Vector]:
    """Where the beta's mass lies in u = logit p, and how wide."""
    return np.log(a / B), np.sqrt(1 / a + 1 / B)


def _integral(
    a: float, B: Vector, R: Vector, y: Vector, low: Vector, high: Vector, integrand: _Integrand
) -> Vector:
    """Mean over p ~ Beta(a, B) by the trapezoidal rule in u = logit p between `low` and `high`.

    It converges exponentially here; steps are bounded by the beta's width and by how near the
    power's singularity lies.
    """
    low = np.minimum(low, high - 1)
    step = np.minimum(0.25, 0.6 * _bulk(a, B)[1])
    steps = int(np.max(np.ceil((high - low) / step))) + 1
    mean = np.empty_like(y)
    size = max(1, 2_000_000 // steps)
    grid = (np.arange(steps) + 0.5) / steps
    for start in range(0, len(y), size):
        part = slice(start, start + size)
        width = (high - low)[part]
        u = low[part, None] + width[:, None] * grid
        density = a * u - (a + B[part, None]) * np.logaddexp(0.0, u) - betaln(a, B[part])[:, None]
        terms = np.exp(density) * integrand(expit(u), R[part, None], y[part, None])
        mean[part] = terms.sum(axis=1) * width / steps
    return mean


# Fitting


@dataclass(frozen=True, slots=True)
class _Groups:
    """Customers with equal (x, t_x, T) counted once; logs are taken of distinct ages only."""

    weight: Vector
    x: Vector
    shares: Vector  # distinct x and their weights
    counts: Vector
    t_distinct: Vector
    t_index: NDArray[np.intp]
    T_distinct: Vector
    T_index: NDArray[np.intp]


_GRIDS = (1.0, 7.0, 365.25 / 12)  # days in a unit: data on the day grid, in any of the units


def _group(x: Vector, t_x: Vector, T: Vector, weights: Vector | None) -> _Groups:
    for days in _GRIDS:
        age, last = np.rint(T * days), np.rint(t_x * days)
        if _on_grid(T * days, age) and _on_grid(t_x * days, last):
            break
    else:
        days = 0.0
    if days:
        whole = int(age.max()) + 1
        key = (x.astype(np.int64) * whole + age.astype(np.int64)) * whole + last.astype(np.int64)
        key, weight = _tally(key, weights)
        t_x, T = (key % whole) / days, (key // whole % whole) / days
        x = (key // whole // whole).astype(np.float64)
    else:
        weight = np.ones_like(x) if weights is None else weights
    distinct, where = np.unique(x, return_inverse=True)
    shared = np.bincount(where, weight).astype(np.float64)
    t_distinct, t_index = np.unique(t_x, return_inverse=True)
    T_distinct, T_index = np.unique(T, return_inverse=True)
    return _Groups(weight, x, distinct, shared, t_distinct, t_index, T_distinct, T_index)


def _tally(key: NDArray[np.int64], weights: Vector | None) -> tuple[NDArray[np.int64], Vector]:
    """Distinct keys in order, and the weight of each."""
    if int(key.max(initial=0)) < max(1 << 22, 16 * len(key)):  # counting needs no sorting
        counts = np.bincount(key, weights).astype(np.float64)
        found = np.flatnonzero(counts).astype(np.int64)
        return found, counts[found]
    if weights is None:
        found, whole = np.unique(key, return_counts=True)
        return found, whole.astype(np.float64)
    found, place = np.unique(key, return_inverse=True)
    return found, np.bincount(place, weights).astype(np.float64)


def _on_grid(days: Vector, whole: Vector) -> bool:
    # Ages and weeks of billions of days don't occur; the key below must fit 63 bits.
    return bool(np.max(np.abs(days - whole)) < 1e-6 and np.max(whole) < 1_000_000)


def _dot(one: Vector, other: Vector) -> float:
    # Not by BLAS: its threads cost more than they bring here, and round differently by their number.
    return float(np.einsum("i,i->", one, other))


def _objective(data: _Groups, shift: int) -> Objective:
    x, weight, distinct, counts = data.x, data.weight, data.shares, data.counts
    customers = float(weight.sum())
    single = None if shift else np.flatnonzero(x == 0)

    def objective(theta: Vector) -> tuple[float, Vector, Vector]:
        if np.max(np.abs(theta)) > 60:
            return -np.inf, np.zeros(4), np.zeros((4, 4))
        r, alpha, a, b = np.exp(theta)
        age, last = alpha + data.T_distinct, alpha + data.t_distinct
        log_age = np.log(age)
        R = r + x
        apart = log_age[data.T_index] - np.log(last)[data.t_index]
        inverse_age, inverse_last = 1 / age, 1 / last
        narrower = inverse_age[data.T_index] - inverse_last[data.t_index]
        left = b + shift - 1 + np.maximum(x, 1 - shift)
        z = np.log(a / left) + R * apart
        if single is not None:
            z[single] = -np.inf  # BG/NBD: without a repeat nobody has had the chance to leave
        gone = expit(z)
        ws = weight * gone
        wv = ws * (1 - gone)
        by_age = np.bincount(data.T_index, weight * R, minlength=len(age))
        n_by_age = np.bincount(data.T_index, weight, minlength=len(age))
        # Parts that depend on x alone: Γ(r+x)/Γ(r) and B(a, b+x+shift)/B(a, b).
        upper, whole = b + shift + distinct, a + b + shift + distinct
        logs = gammaln(r + distinct) - gammaln(r) + betaln(a, upper) - betaln(a, b)
        found = (
            counts @ logs
            + customers * r * np.log(alpha)
            - by_age @ log_age
            + _dot(weight, np.logaddexp(0.0, z))
        )
        psi_b, psi_ab = digamma(b), digamma(a + b)
        tri_b, tri_ab = polygamma(1, b), polygamma(1, a + b)
        psi_whole, tri_whole = digamma(whole), polygamma(1, whole)
        n_log_age = n_by_age @ log_age
        n_inverse = n_by_age @ inverse_age
        g = np.array(
            [
                counts @ (digamma(r + distinct) - digamma(r))
                + customers * np.log(alpha)
                - n_log_age
                + _dot(ws, apart),
                customers * r / alpha - by_age @ inverse_age + _dot(ws, R * narrower),
                counts @ (psi_ab - psi_whole) + ws.sum() / a,
                counts @ (digamma(upper) - psi_whole - psi_b + psi_ab) - _dot(ws, 1 / left),
            ]
        )
        wider = (inverse_age**2)[data.T_index] - (inverse_last**2)[data.t_index]
        dz = (apart, R * narrower, np.full_like(x, 1 / a), -1 / left)
        h = np.empty((4, 4))
        for i in range(4):
            scaled = wv * dz[i]
            for j in range(i, 4):
                h[i, j] = h[j, i] = _dot(scaled, dz[j])
        h[0, 0] += counts @ (polygamma(1, r + distinct) - polygamma(1, r))
        h[0, 1] += customers / alpha - n_inverse + _dot(ws, narrower)
        h[1, 1] += -customers * r / alpha**2 + by_age @ inverse_age**2 - _dot(ws, R * wider)
        h[2, 2] += counts @ (tri_ab - tri_whole) - ws.sum() / a**2
        h[2, 3] += counts @ (tri_ab - tri_whole)
        h[3, 3] += counts @ (polygamma(1, upper) - tri_whole - tri_b + tri_ab) + _dot(
            ws, 1 / left**2
        )
        h[1, 0], h[3, 2] = h[0, 1], h[2, 3]
        scale = np.array([r, alpha, a, b])
        return float(found), g * scale, h * np.outer(scale, scale) + np.diag(g * scale)

    return objective


Model = TypeVar("Model", bound=BetaGeometric)


def fit_beta_geometric(
    kind: type[Model],
    x: ArrayLike,
    t_x: ArrayLike,
    T: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    penalty: float | None = None,
) -> Fit[Model]:
    """Maximum likelihood from the customers' x, t_x, T; see `bg_nbd.fit` and `mbg_nbd.fit`."""
    x, t_x, T = (np.atleast_1d(array) for array in _floats(x, t_x, T))
    counted: Vector | None = None if weights is None else np.asarray(weights, dtype=np.float64)
    _check(x, t_x, T)
    data = _group(x, t_x, T, counted)
    bought, lived = (
        float(data.counts @ data.shares),
        _dot(data.weight, data.T_distinct[data.T_index]),
    )
    if bought <= 0 or lived <= 0:
        raise CannotFit("no customer has bought a second time: there is no rhythm to estimate")
    r = 0.7
    start = np.log([r, r * lived / bought, 0.8, 2.5])
    objective = _objective(data, kind.shift)
    repeating = int(data.counts[data.shares > 0].sum())
    optimum, used, led = fit_by_newton(objective, start, informative=repeating, penalty=penalty)
    model = kind(*np.exp(optimum.theta).tolist())
    diagnostics: Diagnostics = diagnose(
        optimum,
        PARAMETERS,
        log_likelihood=optimum.objective if used == 0 else objective(optimum.theta)[0],
        customers=round(float(data.weight.sum())),
        groups=len(data.x),
        penalty=used,
        degenerate=_degenerate(*np.exp(led).tolist()),
    )
    return Fit(model, diagnostics)


def _check(x: Vector, t_x: Vector, T: Vector) -> None:
    if len(x) == 0:
        raise CannotFit("there is no customer to fit a model to")
    if not (np.isfinite(x).all() and np.isfinite(t_x).all() and np.isfinite(T).all()):
        raise ValueError("x, t_x and T must be finite numbers")
    if (x != np.floor(x)).any():
        raise ValueError("x counts purchases: it must be whole")
    if (x < 0).any() or (t_x < 0).any() or (t_x > T * (1 + 1e-12) + 1e-12).any():
        raise ValueError("x ≥ 0 and 0 ≤ t_x ≤ T must hold for every customer")


def _degenerate(r: float, alpha: float, a: float, b: float) -> tuple[str, ...]:
    """What a reader must know about an optimum at the edge of the parameters."""
    found = []
    if r > 100:
        found.append("no_heterogeneity")
    if a / (a + b) < 1e-3:
        found.append("no_dropout")
    elif a + b > 1e4 or max(a, b) < 1e-3:
        found.append("dropout_not_identified")
    return tuple(found)
