"""Frozen dataclasses as plain JSON data, and back.

Settings, models and results of the engine are frozen dataclasses; what is stored or sent is plain
data. `to_plain` and `from_plain` are inverse to each other for every dataclass of `kezhi.value`.
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from datetime import date
from typing import Any, TypeVar

T = TypeVar("T")


def to_plain(thing: Any) -> Any:
    """`thing` as dicts, lists, text, numbers, booleans and None: what `json.dumps` accepts.

    Dates become ISO text; a number that is not finite becomes None, since JSON has no other word.

    >>> from kezhi.value.tiers import Border
    >>> to_plain(Border("S", 0.01))
    {'tier': 'S', 'until': 0.01}
    """
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        return {f.name: to_plain(getattr(thing, f.name)) for f in dataclasses.fields(thing)}
    if isinstance(thing, Mapping):
        return {str(key): to_plain(entry) for key, entry in thing.items()}
    if isinstance(thing, (list, tuple)):
        return [to_plain(entry) for entry in thing]
    if isinstance(thing, date):
        return thing.isoformat()
    if hasattr(thing, "tolist"):  # NumPy arrays and scalars
        return to_plain(thing.tolist())
    if isinstance(thing, float) and not math.isfinite(thing):
        return None
    return thing


def from_plain(kind: type[T], plain: Mapping[str, Any]) -> T:
    """The dataclass `kind` that `plain` describes; fields left out keep their defaults.

    Raises ValueError for a field that `kind` doesn't have, and names it.

    >>> from kezhi.value.tiers import Border
    >>> from_plain(Border, {"tier": "S", "until": 0.01})
    Border(tier='S', until=0.01)
    """
    hints = typing.get_type_hints(kind)
    names = {f.name for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(plain) - names)
    if unknown:
        raise ValueError(
            f"{kind.__name__} has no setting {unknown[0]!r}; it has {', '.join(sorted(names))}"
        )
    return kind(**{name: _build(hints[name], entry) for name, entry in plain.items()})


def _build(hint: Any, entry: Any) -> Any:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        if entry is None:
            return None
        return _build(next(kind for kind in inner if kind is not type(None)), entry)
    if origin is tuple:
        if len(inner) == 2 and inner[1] is Ellipsis:
            return tuple(_build(inner[0], one) for one in entry)
        return tuple(_build(kind, one) for kind, one in zip(inner, entry, strict=True))
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        return {key: _build(inner[1], one) for key, one in entry.items()}
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return from_plain(hint, entry)
    if hint is date and isinstance(entry, str):
        return date.fromisoformat(entry)
    if hint is float and isinstance(entry, int) and not isinstance(entry, bool):
        return float(entry)
    return entry
