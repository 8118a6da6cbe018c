"""The models that a run keeps as plain data: of all customers, and of segments with one of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Plain = Mapping[str, Any]


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
