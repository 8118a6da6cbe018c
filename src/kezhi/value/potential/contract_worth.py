"""What the rest of a contract's life is worth, and how much of it hangs on the renewals that are near."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from kezhi.value.durations import DAYS_PER_YEAR
from kezhi.value.potential.contract import Contract
from kezhi.value.potential.fitting import Vector

MOST_AHEAD = 120
"""Renewals within the time ahead that are looked at one by one."""


@dataclass(frozen=True, slots=True)
class Worth:
    """Per contract. `if_renewed` is what it is worth should it be renewed the coming time: that payment and
    those expected after it, discounted to today; `residual` is `p_renew` times that, the rest is lost else."""

    p_renew: Vector
    derl: Vector
    if_renewed: Vector
    residual: Vector


def worth_of(
    model: Contract,
    renewals: ArrayLike,
    contribution: ArrayLike,
    months: ArrayLike,
    days_until: ArrayLike,
    annual_rate: float,
) -> Worth:
    """Of contracts with so much contribution a period of so many months, renewed in so many days.

    residual = contribution × DERL × (1 + d)^(−days ÷ 365.25); a renewal that is overdue isn't discounted.

    >>> from kezhi.value.potential.contract import SBG
    >>> found = worth_of(SBG(alpha=0.7041, beta=1.1820), [4.0], [100.0], [12.0], [0.0], 0.1)
    >>> found.residual.round(0), (found.if_renewed * found.p_renew).round(0)
    (array([589.]), array([589.]))
    """
    times, each = np.asarray(renewals, dtype=np.float64), np.asarray(contribution, dtype=np.float64)
    period, wait = np.asarray(months, dtype=np.float64), np.asarray(days_until, dtype=np.float64)
    derl = np.zeros(len(times))
    for length in np.unique(period):
        mine = period == length
        derl[mine] = model.derl(times[mine], annual_rate, periods_per_year=12 / length)
    p_renew = np.asarray(model.retention(times + 1))
    now = (1 + annual_rate) ** (-np.maximum(wait, 0.0) / DAYS_PER_YEAR)
    residual = each * derl * now
    return Worth(p_renew, derl, np.asarray(residual / p_renew), residual)


def at_risk_within(
    model: Contract,
    worth: Worth,
    renewals: ArrayLike,
    months: ArrayLike,
    days_until: ArrayLike,
    within_days: float,
    annual_rate: float,
) -> Vector:
    """Value expected to be lost at the renewals that fall due within so many days.

    Each renewal in that time counts with the probability that the contract ends just there, and with all that
    would have come from it on, discounted to today.

    >>> from kezhi.value.potential.contract import SBG
    >>> model = SBG(alpha=1.0, beta=4.0)
    >>> worth = worth_of(model, [0.0, 0.0], [100.0, 100.0], [12.0, 12.0], [10.0, 400.0], 0.1)
    >>> lost = at_risk_within(model, worth, [0.0, 0.0], [12.0, 12.0], [10.0, 400.0], 90, 0.1)
    >>> bool(np.isclose(lost[0], worth.if_renewed[0] - worth.residual[0])), float(lost[1])
    (True, 0.0)
    """
    times, period = np.asarray(renewals, dtype=np.float64), np.asarray(months, dtype=np.float64)
    wait = np.maximum(np.asarray(days_until, dtype=np.float64), 0.0)
    length = period * DAYS_PER_YEAR / 12
    lost = np.zeros(len(times))
    each = np.divide(
        worth.residual, worth.derl, out=np.zeros(len(times)), where=worth.derl > 0
    )  # a period's contribution, discounted to the coming renewal
    for ahead in range(MOST_AHEAD):
        due = wait + ahead * length <= within_days
        if not due.any():
            break
        at = times[due] + ahead
        there = model.renewal(times[due], ahead)
        goes = there * -np.expm1(model.log_survival(at + 1) - model.log_survival(at))
        lost[due] += (
            goes
            * _from_there(model, at, period[due], annual_rate)
            * each[due]
            * ((1 + annual_rate) ** (-ahead * period[due] / 12))
        )
    return lost


def _from_there(model: Contract, at: Vector, months: Vector, annual_rate: float) -> Vector:
    """Periods that a contract would have brought from a renewal on, had it been renewed."""
    found = np.zeros(len(at))
    for length in np.unique(months):
        mine = months == length
        whole = model.derl(at[mine], annual_rate, periods_per_year=12 / length)
        found[mine] = whole / model.retention(at[mine] + 1)
    return found
