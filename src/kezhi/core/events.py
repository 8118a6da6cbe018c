"""What was done is told upwards: every deed is an event, and whoever wants to hear of it says so beforehand.

The wish lies in the database, so that all processes hear alike, and a deed reads it with a question that it
asks anyway: where nobody listens, nothing is asked more and nothing is made. A listener is called within the
deed's transaction. What it writes is there when the deed is, and gone when the deed failed; it must be quick,
and leaves the real work to what comes after the commit.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.db import models

from kezhi.core.models import Listening


@dataclass(frozen=True, slots=True)
class Event:
    """A deed that was done. `key` is that of its row in the audit log, by which the changes are found.

    `records` are those that the deed was given and, last, the one it returned.
    """

    key: uuid.UUID
    deed: str
    records: Sequence[models.Model]


Listener = Callable[[Event], None]
_listeners: dict[str, Listener] = {}


def listen(name: str, listener: Listener) -> None:
    """Called by a higher app once, in its `ready`; what it hears of, `want` says."""
    _listeners[name] = listener


def want(name: str, deeds: Iterable[str]) -> None:
    """From the next deed on `name` is told of these, and of no others."""
    Listening.objects.update_or_create(name=name, defaults={"deeds": sorted(set(deeds))})


def tell(names: Iterable[str], event: Event) -> None:
    """Those of `names` that this program knows hear of the deed."""
    for name in names:
        listener = _listeners.get(name)
        if listener is not None:
            listener(event)
