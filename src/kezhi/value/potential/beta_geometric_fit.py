"""Maximum likelihood of BG/NBD and MBG/NBD from grouped customers, with analytic derivatives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaln, digamma, gammaln, polygamma

from kezhi.value.potential.alike import blocks
from kezhi.value.potential.beta_geometric import PARAMETERS, BetaGeometric
from kezhi.value.potential.fitting import (
    Diagnostics,
    Fit,
    Objective,
    Vector,
    diagnose,
    fit_by_newton,
    maximise,
)
from kezhi.value.potential.grouping import MANY_GROUPS, Groups, coarser, dot, read_customers


def _objective(data: Groups, shift: int) -> Objective:
    distinct, counts = data.shares, data.counts
    customers = float(data.weight.sum())
    n_by_age = np.bincount(data.T_index, data.weight, minlength=len(data.T_distinct))
    x_by_age = np.bincount(data.T_index, data.weight * data.x, minlength=len(data.T_distinct))

    def objective(theta: Vector) -> tuple[float, Vector, Vector]:
        if np.max(np.abs(theta)) > 60:
            return -np.inf, np.zeros(4), np.zeros((4, 4))
        r, alpha, a, b = np.exp(theta)
        age = alpha + data.T_distinct
        log_age, inverse_age = np.log(age), 1 / age
        by_age = r * n_by_age + x_by_age
        # Parts that depend on x alone: Γ(r+x)/Γ(r) and B(a, b+x+shift)/B(a, b).
        upper, whole = b + shift + distinct, a + b + shift + distinct
        logs = gammaln(r + distinct) - gammaln(r) + betaln(a, upper) - betaln(a, b)
        gone = _gone(data, shift, r, alpha, a, b)
        found = (
            counts @ logs + customers * r * np.log(alpha) - by_age @ log_age + gone.log_likelihood
        )
        psi_b, psi_ab = digamma(b), digamma(a + b)
        tri_b, tri_ab = polygamma(1, b), polygamma(1, a + b)
        psi_whole, tri_whole = digamma(whole), polygamma(1, whole)
        g = gone.gradient + np.array(
            [
                counts @ (digamma(r + distinct) - digamma(r))
                + customers * np.log(alpha)
                - n_by_age @ log_age,
                customers * r / alpha - by_age @ inverse_age,
                counts @ (psi_ab - psi_whole),
                counts @ (digamma(upper) - psi_whole - psi_b + psi_ab),
            ]
        )
        h = np.zeros((4, 4))
        h[0, 0] = counts @ (polygamma(1, r + distinct) - polygamma(1, r))
        h[0, 1] = h[1, 0] = customers / alpha - n_by_age @ inverse_age
        h[1, 1] = -customers * r / alpha**2 + by_age @ inverse_age**2
        h[2, 2] = counts @ (tri_ab - tri_whole)
        h[2, 3] = h[3, 2] = counts @ (tri_ab - tri_whole)
        h[3, 3] = counts @ (polygamma(1, upper) - tri_whole - tri_b + tri_ab)
        h += gone.hessian
        scale = np.array([r, alpha, a, b])
        return float(found), g * scale, h * np.outer(scale, scale) + np.diag(g * scale)

    return objective


@dataclass(slots=True)
class _Gone:
    """What the chance to have left adds: Σ log(1 + odds) with its derivatives by r, α, a, b."""

    log_likelihood: float
    gradient: Vector
    hessian: Vector


def _gone(data: Groups, shift: int, r: float, alpha: float, a: float, b: float) -> _Gone:
    """The only part that needs every group: everything else is known by x or by age."""
    age, last = alpha + data.T_distinct, alpha + data.t_distinct
    log_age, log_last, inverse_age, inverse_last = np.log(age), np.log(last), 1 / age, 1 / last
    left = b + shift - 1 + np.maximum(data.shares, 1 - shift)
    log_odds, inverse_left = np.log(a / left), 1 / left
    if not shift:
        # BG/NBD: without a repeat nobody has had the chance to leave.
        log_odds[data.shares == 0] = -np.inf
    found, g, h = 0.0, np.zeros(4), np.zeros((4, 4))
    for part in blocks(len(data.x)):
        weight, own = data.weight[part], data.x_index[part]
        old, until = data.T_index[part], data.t_index[part]
        R = r + data.x[part]
        apart = log_age[old] - log_last[until]
        narrower = inverse_age[old] - inverse_last[until]
        wider = inverse_age[old] ** 2 - inverse_last[until] ** 2
        less = inverse_left[own]
        z = R * apart
        z += log_odds[own]
        fall = np.exp(-np.abs(z))
        rest = 1 + fall
        gone = np.where(z > 0, 1.0, fall) / rest
        ws = weight * gone
        wv = ws * (1 - gone)
        R_narrower = R * narrower
        found += dot(weight, np.maximum(z, 0.0) + np.log(rest))
        sums = float(ws.sum())
        slow, steep = dot(ws, apart), dot(ws, less)
        g += (slow, dot(ws, R_narrower), sums / a, -steep)
        by = (apart, R_narrower, less)
        places = (0, 1, 3)
        for i, one in zip(places, by, strict=True):
            scaled = wv * one
            h[i, 2] += scaled.sum() / a
            for j, other in zip(places, by, strict=True):
                if j >= i:
                    h[i, j] += dot(scaled, other)
        h[2, 2] += wv.sum() / a**2 - sums / a**2
        h[0, 1] += dot(ws, narrower)
        h[1, 1] -= dot(ws, R * wider)
        h[3, 3] += dot(ws, less**2)
    # ∂z/∂b is −1/left, not 1/left; only its products with the others change their sign.
    h[0, 3], h[1, 3], h[3, 2] = -h[0, 3], -h[1, 3], -h[3, 2]
    h[2, 3] = h[3, 2]
    h[2, 0], h[2, 1] = h[0, 2], h[1, 2]
    h[1, 0], h[3, 0], h[3, 1] = h[0, 1], h[0, 3], h[1, 3]
    return _Gone(found, g, h)


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
    near = None
    if len(data.x) > MANY_GROUPS:
        rough = maximise(_objective(coarser(data), kind.shift), start)
        near = rough.theta if rough.converged else None
    optimum, used, led = fit_by_newton(
        objective, start, informative=data.repeating, penalty=penalty, near=near
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
