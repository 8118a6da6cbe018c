"""The models that a run keeps as plain data: of all customers, and of segments with one of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kezhi.value.durations import DAYS_PER_YEAR
from kezhi.value.plain import from_plain
from kezhi.value.potential.season import Clock, Season

Plain = Mapping[str, Any]

_YEARS_AHEAD = 53  # the longest horizon of the settings is 50 years


def model_of(model: Plain, segment: str) -> Plain:
    """What foretold the customers of a segment, from the `model` of `RunFacts`; "" are those in none.

    >>> own = {"segment": "tea", "chosen": "nbd", "parameters": {"r": 1.0, "alpha": 2.0}}
    >>> kept = {"chosen": "naive", "parameters": {}, "segments": [own]}
    >>> model_of(kept, "tea")["chosen"], model_of(kept, "rice")["chosen"]
    ('nbd', 'naive')
    """
    held = model.get("segments") or ()
    return next((own for own in held if own["segment"] == segment), model)


def own_segments(model: Plain) -> tuple[str, ...]:
    """Segments that something else than the model of all customers foretold.

    >>> same = {"segment": "rice", "chosen": "naive", "parameters": {}}
    >>> other = {"segment": "tea", "chosen": "nbd", "parameters": {"r": 1.0, "alpha": 2.0}}
    >>> own_segments({"chosen": "naive", "parameters": {}, "segments": [same, other]})
    ('tea',)
    """
    return tuple(
        own["segment"]
        for own in model.get("segments") or ()
        if any(own[name] != model.get(name) for name in ("chosen", "parameters"))
    )


def season_of(model: Plain) -> Season | None:
    """The season by which time was counted; None: by the calendar."""
    plain = model.get("season")
    season = from_plain(Season, plain) if plain else None
    return None if season is None or season.is_flat else season


def clock_of(model: Plain, day: int) -> Clock | None:
    """The clock that the run counted by, until beyond every horizon after a day since 1970-01-01.

    >>> clock_of({"season": None}, 20_000) is None
    True
    """
    season = season_of(model)
    return None if season is None else season.clock(0, day + int(_YEARS_AHEAD * DAYS_PER_YEAR))
