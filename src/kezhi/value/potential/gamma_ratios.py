"""Ratios of Γ and sums over periods that discrete models share, accurate where differences cancel."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from kezhi.value.potential.fitting import Vector

_SHIFTED = 30  # from this argument on Stirling's series is exact to the last digit
_STIRLING = ((1, 1 / 12), (3, -1 / 360), (5, 1 / 1260), (7, -1 / 1680))
_MOST_TERMS = 4000


def log_gamma_ratio(z: ArrayLike, h: ArrayLike) -> Vector:
    """log(Γ(z + h)/Γ(z)) for z > 0 and z + h > 0; exact in relation to h, however small.

    >>> log_gamma_ratio([4.0, 30000.0], [1.0, 1e-12])
    array([1.38629436e+00, 1.03089360e-11])
    """
    z, h = np.broadcast_arrays(*(np.asarray(own, dtype=np.float64) for own in (z, h)))
    below = np.zeros(z.shape)
    z = z.copy()
    for _ in range(_SHIFTED):
        near = np.minimum(z, z + h) < _SHIFTED
        if not near.any():
            break
        below -= np.where(near, np.log1p(h / z), 0.0)
        z += near
    wider = np.log1p(h / z)
    found = (z - 0.5) * wider + h * (np.log(z + h) - 1)
    for power, factor in _STIRLING:
        found = found + factor * np.expm1(-power * wider) / z**power
    return np.asarray(found + below)


def rising_sum(stay: ArrayLike, leave: ArrayLike, periods: ArrayLike) -> Vector:
    """Σ_{k=1}^{m} E[(1 − θ)^k] for θ ~ Beta(leave, stay): periods still lived of the next m.

    In closed form, with its limit at leave = 1.

    >>> rising_sum(3.0, [1.0, 2.0], 2)
    array([1.35, 1.  ])
    """
    stay, leave, periods = (np.asarray(own, np.float64) for own in (stay, leave, periods))
    h = leave - 1
    h = np.where(np.abs(h) < 1e-12, 1e-12, h)
    grown = log_gamma_ratio(stay + 1, h) - log_gamma_ratio(stay + 1 + periods, h)
    return np.asarray(stay * -np.expm1(grown) / h)


def discounted_sum(stay: ArrayLike, leave: ArrayLike, factor: ArrayLike) -> Vector:
    """Σ_{k=0}^∞ v^k E[(1 − θ)^k] for θ ~ Beta(leave, stay) and v = `factor`: ₂F₁(1, b; b + c; v).

    By Gauss's continued fraction, whose parts are all positive. At v = 1 the sum is finite for
    leave > 1 only; raises ValueError where it isn't.

    >>> discounted_sum(3.8061, 0.6681, 1 / 1.1).round(3)
    np.float64(5.922)
    """
    b, leave, v = np.broadcast_arrays(
        *(np.asarray(own, np.float64) for own in (stay, leave, factor))
    )
    if ((v >= 1) & (leave <= 1)).any() or (v > 1).any():
        raise ValueError("a sum without end needs a discount rate above 0")
    c = b + leave
    apart = float(np.sqrt(np.maximum(1 - v, 0)).min(initial=1.0))
    terms = _MOST_TERMS if apart == 0 else int(min(20 + 20 / apart, _MOST_TERMS))
    rest = np.ones(b.shape)
    for k in range(terms, 0, -1):
        odd = k * (leave + k - 1) / ((c + 2 * k - 2) * (c + 2 * k - 1))
        even = (b + k - 1) * (c + k - 2) / ((c + 2 * k - 3) * (c + 2 * k - 2)) if k > 1 else b / c
        rest = 1 - even * v / (1 - odd * v / rest)
    sure = (c - 1) / np.where(v < 1, 1.0, leave - 1)
    return np.asarray(np.where(v < 1, 1 / rest, sure))
