"""Maximum likelihood of BG/NBD and MBG/NBD from grouped customers, with analytic derivatives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaln, digamma, expit, gammaln, polygamma

from kezhi.value.potential.beta_geometric import PARAMETERS, BetaGeometric
from kezhi.value.potential.fitting import (
    CannotFit,
    Diagnostics,
    Fit,
    Objective,
    Vector,
    diagnose,
    fit_by_newton,
)


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
    x, t_x, T = (np.atleast_1d(np.asarray(own, dtype=np.float64)) for own in (x, t_x, T))
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
