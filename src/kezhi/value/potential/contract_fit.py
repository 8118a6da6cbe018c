"""Maximum likelihood of sBG and BdW from counts of who was still there, with analytic derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import digamma, polygamma

from kezhi.value.potential.contract import SBG, BdW
from kezhi.value.potential.fitting import (
    CannotFit,
    Fit,
    Objective,
    Optimum,
    Vector,
    diagnose,
    fit_by_newton,
)


@dataclass(frozen=True, slots=True)
class Renewals:
    """What is known of all contracts together: how many ended at which renewal, and who is left.

    `ended[t]` contracts ended at renewal t + 1; `left[t]` were last seen after t renewals, still
    running.
    """

    ended: Vector
    left: Vector

    @classmethod
    def of_cohorts(cls, cohorts: Sequence[ArrayLike]) -> Renewals:
        """From rows of counts: who began, who was there after 1, 2, … renewals.

        Cohorts may be of different lengths: younger ones have been seen for fewer periods.

        >>> found = Renewals.of_cohorts([[100, 60, 50], [80, 50]])
        >>> found.ended, found.left
        (array([70., 10.]), array([ 0., 50., 50.]))
        """
        if not cohorts:
            raise CannotFit("there is no cohort to fit a model to")
        rows = [np.asarray(own, dtype=np.float64) for own in cohorts]
        longest = max(len(row) for row in rows)
        ended, left = np.zeros(max(longest - 1, 0)), np.zeros(longest)
        for row in rows:
            if row.ndim != 1 or len(row) == 0 or not np.isfinite(row).all() or (row < 0).any():
                raise ValueError("a cohort is a row of counts, none of them negative")
            if (np.diff(row) > 0).any():
                raise ValueError("a cohort can't grow: each count is at most the one before")
            ended[: len(row) - 1] -= np.diff(row)
            left[len(row) - 1] += row[-1]
        return cls(ended, left)

    @classmethod
    def of_customers(cls, renewals: ArrayLike, is_ended: ArrayLike) -> Renewals:
        """From a row per customer: how often the contract was renewed, and whether it has ended.

        >>> found = Renewals.of_customers([0, 0, 2, 3], [True, False, True, False])
        >>> found.ended, found.left
        (array([1., 0., 1.]), array([1., 0., 0., 1.]))
        """
        times, over = np.asarray(renewals, dtype=np.float64), np.asarray(is_ended, dtype=np.bool_)
        if times.shape != over.shape or times.ndim != 1:
            raise ValueError("renewals and is_ended have one entry per customer")
        if (times < 0).any() or (times != np.floor(times)).any():
            raise ValueError("renewals count: they must be whole and not negative")
        whole = times.astype(np.int64)
        size = max(int((whole + over).max(initial=0)), 1)
        return cls(
            np.bincount(whole[over], minlength=size).astype(np.float64),
            np.bincount(whole[~over], minlength=size + 1).astype(np.float64),
        )

    @classmethod
    def of_spells(
        cls, since: ArrayLike, renewals: ArrayLike, is_ended: ArrayLike, counts: ArrayLike
    ) -> Renewals:
        """From contracts of which some began as the renewal of another: `since` renewals came before.

        Each counts from there on, as one of those who had come so far: log S(renewals) − log S(since). A
        contract told in pieces says the same as told in one. `counts` is how many there are of a row.

        >>> found = Renewals.of_spells([0, 2], [1, 3], [True, False], [5, 2])
        >>> found.ended, found.left, found.reached
        (array([0., 5., 0.]), array([ 0.,  0., -2.,  2.]), array([5., 5., 2.]))
        """
        begun, times = np.asarray(since, dtype=np.int64), np.asarray(renewals, dtype=np.int64)
        over, weights = np.asarray(is_ended, dtype=np.bool_), np.asarray(counts, dtype=np.float64)
        if (begun < 0).any() or (times < begun).any():
            raise ValueError("a contract can't have fewer renewals than when it began")
        size = max(int((times + over).max(initial=0)), 1)
        # Whoever was there from the first period on takes nothing away: S(0) = 1.
        late = begun > 0
        left = _total(times[~over], weights[~over], size + 1) - _total(
            begun[late], weights[late], size + 1
        )
        return cls(_total(times[over], weights[over], size), left)

    @property
    def customers(self) -> float:
        """How many contracts there are."""
        return float(self.ended.sum() + self.left.sum())

    @property
    def reached(self) -> Vector:
        """How many came to each renewal."""
        beyond = np.append(self.ended, 0.0) + self.left
        return np.asarray(beyond[::-1].cumsum()[::-1][:-1] - self.left[:-1])


def _total(times: NDArray[np.int64], weights: Vector, size: int) -> Vector:
    """How many there are at each time; numbers also where there is nobody."""
    return np.bincount(times, weights, minlength=size).astype(np.float64)


def fit_sbg(data: Renewals, *, penalty: float | None = None) -> Fit[SBG]:
    """Maximum likelihood of sBG; raises `CannotFit` where no contract ended or came to a second renewal.

    The diagnostics say `no_heterogeneity` where all customers leave with the same probability.
    `penalty` as in `bg_nbd.fit`.

    >>> fit = fit_sbg(Renewals.of_cohorts([[1000, 631, 468, 382, 326, 289, 262, 241]]))
    >>> {name: round(own, 3) for name, own in fit.model.parameters.items()}
    {'alpha': 0.704, 'beta': 1.182}
    """
    optimum, used, led = _fit(data, 2, penalty)
    return Fit(
        SBG(*np.exp(optimum.theta).tolist()),
        diagnose(
            optimum,
            ("alpha", "beta"),
            log_likelihood=_objective(data, 2)(optimum.theta)[0],
            customers=round(data.customers),
            groups=int((data.ended > 0).sum() + (data.left > 0).sum()),
            penalty=used,
            degenerate=_degenerate(led),
        ),
    )


def fit_bdw(data: Renewals, *, penalty: float | None = None) -> Fit[BdW]:
    """Maximum likelihood of BdW, with the arguments of `fit_sbg`.

    >>> fit = fit_bdw(Renewals.of_cohorts([[1000, 869, 743, 653, 593]]))
    >>> {name: round(own, 2) for name, own in fit.model.parameters.items()}
    {'alpha': 0.26, 'beta': 1.72, 'c': 1.58}
    """
    optimum, used, led = _fit(data, 3, penalty)
    return Fit(
        BdW(*np.exp(optimum.theta).tolist()),
        diagnose(
            optimum,
            ("alpha", "beta", "c"),
            log_likelihood=_objective(data, 3)(optimum.theta)[0],
            customers=round(data.customers),
            groups=int((data.ended > 0).sum() + (data.left > 0).sum()),
            penalty=used,
            degenerate=_degenerate(led),
        ),
    )


def _fit(data: Renewals, size: int, penalty: float | None) -> tuple[Optimum, float, Vector]:
    reached = data.reached
    seen = int((reached > 0).sum())
    if seen < size:
        raise CannotFit(f"contracts have come to {seen} renewals; it takes {size} for this model")
    if not data.ended.sum() > 0:
        raise CannotFit("no contract has ended: there is nothing to estimate")
    first = float(data.ended.sum() / reached.sum())
    start = np.log([1.5 * first, 1.5 * (1 - first), 1.0][:size])
    return fit_by_newton(
        _objective(data, size), start, informative=int(data.ended.sum()), penalty=penalty
    )


def _objective(data: Renewals, size: int) -> Objective:
    """Σ ended · log(S(t−1) − S(t)) + Σ left · log S(t), with c = 1 where `size` is 2."""
    ended, left = data.ended, data.left
    times = np.arange(len(left), dtype=np.float64)
    logs = np.log(np.maximum(times, 1.0))

    def objective(theta: Vector) -> tuple[float, Vector, Vector]:
        if np.max(np.abs(theta)) > 40:
            return -np.inf, np.zeros(size), np.zeros((size, size))
        alpha, beta, c = (*np.exp(theta), 1.0)[:3]
        log_s = BdW(alpha, beta, c).log_survival(times)
        g, h = _derivatives(alpha, beta, c, times, logs, size)
        step = log_s[1:] - log_s[:-1]
        lost = -np.expm1(step)  # of those who were there
        with np.errstate(divide="ignore", invalid="ignore"):
            log_p = np.where(ended > 0, log_s[:-1] + np.log(lost), 0.0)
            before, after = 1 / lost, np.exp(step) / lost
        found = float(np.einsum("t,t->", ended, log_p) + np.einsum("t,t->", left, log_s))
        if not np.isfinite(found):
            return -np.inf, np.zeros(size), np.zeros((size, size))
        before, after = (np.where(ended > 0, own, 0.0) for own in (before, after))
        of_end = before * g[:, :-1] - after * g[:, 1:]
        outer = h + g[:, None] * g[None]
        of_ends = before * outer[..., :-1] - after * outer[..., 1:]
        of_ends -= of_end[:, None] * of_end[None]
        gradient = np.einsum("it,t->i", of_end, ended) + np.einsum("it,t->i", g, left)
        hessian = np.einsum("ijt,t->ij", of_ends, ended) + np.einsum("ijt,t->ij", h, left)
        return found, gradient, hessian

    return objective


def _derivatives(
    alpha: float, beta: float, c: float, times: Vector, logs: Vector, size: int
) -> tuple[Vector, Vector]:
    """Of log S by the log-parameters: (size × times) and (size × size × times)."""
    risen = times**c
    own, whole = beta + risen, alpha + beta + risen
    psi, tri = digamma(own), polygamma(1, own)
    psi_whole, tri_whole = digamma(whole), polygamma(1, whole)
    psi_both, tri_both = digamma(alpha + beta), polygamma(1, alpha + beta)
    by_alpha = psi_both - psi_whole
    by_beta = psi - psi_whole - digamma(beta) + psi_both
    by_u = np.where(times > 0, psi - psi_whole, 0.0)
    grows = risen * c * logs  # du/d(log c)
    first = np.array([alpha * by_alpha, beta * by_beta, by_u * grows])
    of_pair = tri_both - tri_whole
    second = np.empty((3, 3, len(times)))
    second[0, 0] = alpha**2 * of_pair + first[0]
    second[0, 1] = alpha * beta * of_pair
    second[1, 1] = beta**2 * (of_pair + tri - polygamma(1, beta)) + first[1]
    second[0, 2] = -alpha * tri_whole * grows
    second[1, 2] = beta * (tri - tri_whole) * grows
    second[2, 2] = (tri - tri_whole) * grows**2 + by_u * grows * (1 + c * logs)
    for i in range(3):
        for j in range(i):
            second[i, j] = second[j, i]
    return first[:size], second[:size, :size]


def _degenerate(theta: Vector) -> tuple[str, ...]:
    alpha, beta = np.exp(theta[:2])
    return ("no_heterogeneity",) if alpha + beta > 1000 else ()
