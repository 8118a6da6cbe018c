"""Maximum likelihood of BG/NBD and MBG/NBD from grouped customers, with analytic derivatives."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaln, digamma, expit, gammaln, polygamma

from kezhi.value.potential.beta_geometric import PARAMETERS, BetaGeometric
from kezhi.value.potential.fitting import (
    Diagnostics,
    Fit,
    Objective,
    Vector,
    diagnose,
    fit_by_newton,
)
from kezhi.value.potential.grouping import Groups, dot, read_customers


def _objective(data: Groups, shift: int) -> Objective:
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
            + dot(weight, np.logaddexp(0.0, z))
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
                + dot(ws, apart),
                customers * r / alpha - by_age @ inverse_age + dot(ws, R * narrower),
                counts @ (psi_ab - psi_whole) + ws.sum() / a,
                counts @ (digamma(upper) - psi_whole - psi_b + psi_ab) - dot(ws, 1 / left),
            ]
        )
        wider = (inverse_age**2)[data.T_index] - (inverse_last**2)[data.t_index]
        dz = (apart, R * narrower, np.full_like(x, 1 / a), -1 / left)
        h = np.empty((4, 4))
        for i in range(4):
            scaled = wv * dz[i]
            for j in range(i, 4):
                h[i, j] = h[j, i] = dot(scaled, dz[j])
        h[0, 0] += counts @ (polygamma(1, r + distinct) - polygamma(1, r))
        h[0, 1] += customers / alpha - n_inverse + dot(ws, narrower)
        h[1, 1] += -customers * r / alpha**2 + by_age @ inverse_age**2 - dot(ws, R * wider)
        h[2, 2] += counts @ (tri_ab - tri_whole) - ws.sum() / a**2
        h[2, 3] += counts @ (tri_ab - tri_whole)
        h[3, 3] += counts @ (polygamma(1, upper) - tri_whole - tri_b + tri_ab) + dot(
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
    data = read_customers(x, t_x, T, weights)
    r = 0.7
    start = np.log([r, r * data.lived / data.bought, 0.8, 2.5])
    objective = _objective(data, kind.shift)
    optimum, used, led = fit_by_newton(
        objective, start, informative=data.repeating, penalty=penalty
    )
    model = kind(*np.exp(optimum.theta).tolist())
    diagnostics: Diagnostics = diagnose(
        optimum,
        PARAMETERS,
        log_likelihood=optimum.objective if used == 0 else objective(optimum.theta)[0],
        customers=data.customers,
        groups=len(data.x),
        penalty=used,
        degenerate=degenerate(*np.exp(led).tolist()),
    )
    return Fit(model, diagnostics)


def degenerate(r: float, alpha: float, a: float, b: float) -> tuple[str, ...]:
    """What a reader must know about an optimum at the edge of the parameters."""
    found = []
    if r > 100:
        found.append("no_heterogeneity")
    if a / (a + b) < 1e-3:
        found.append("no_dropout")
    elif a + b > 1e4 or max(a, b) < 1e-3:
        found.append("dropout_not_identified")
    return tuple(found)
