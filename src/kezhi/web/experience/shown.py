"""Scores in words: each instrument's own unit, with its interval."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy

from kezhi.customers.models.standing import Tier
from kezhi.satisfaction.analysing.figures import LEAST_OF_GROUP, GroupReading, Reading
from kezhi.satisfaction.models import Survey
from kezhi.web import numbers

UNITS = {
    Survey.Instrument.NPS: gettext_lazy("net promoter score, −100 to 100"),
    Survey.Instrument.CSAT: gettext_lazy("share of satisfied responses"),
}
MEAN = gettext_lazy("mean score, 0 to 100")
DIMENSIONS = {
    "tier": gettext_lazy("Tier"),
    "region": gettext_lazy("Region"),
    "industry": gettext_lazy("Industry"),
    "employee": gettext_lazy("Employee"),
    "product": gettext_lazy("Product"),
}


def unit(instrument: str) -> Any:
    return UNITS.get(Survey.Instrument(instrument), MEAN)


def score(instrument: str, amount: float | None, *, plain: bool = False) -> str:
    if instrument == Survey.Instrument.CSAT:
        return numbers.percent(None if amount is None else amount / 100, plain=plain)
    digits = 0 if instrument == Survey.Instrument.NPS else 1
    return numbers.number(amount, digits, plain=plain)


def interval(instrument: str, reading: Reading) -> str:
    """From where to where the score lies, or the sign for none."""
    if reading.low is None or reading.high is None:
        return numbers.none()
    join = "–" if reading.low >= 0 else " ~ "
    ends = (score(instrument, end, plain=True) for end in (reading.low, reading.high))
    return join.join(ends)


def place(instrument: str, amount: float) -> float:
    """Where a score lies on a picture from 0 to 100 per cent."""
    share = (amount + 100) / 2 if instrument == Survey.Instrument.NPS else amount
    return round(min(max(share, 0.0), 100.0), 2)


def group_label(dimension: str, group: GroupReading) -> str:
    if dimension == "tier":
        return str(dict(Tier.choices).get(group.key, group.key))
    return group.label


def whisker(instrument: str, reading: Reading) -> dict[str, Any]:
    """A reading as a point with its interval on a line of 0 to 100 per cent."""
    low = place(instrument, reading.low) if reading.low is not None else None
    high = place(instrument, reading.high) if reading.high is not None else None
    return {
        "at": None if reading.score is None else place(instrument, reading.score),
        "low": low,
        "width": None if low is None or high is None else round(high - low, 2),
        "shown": score(instrument, reading.score),
        "between": interval(instrument, reading),
        "is_small": reading.count < LEAST_OF_GROUP,
        "count": numbers.number(reading.count),
    }
