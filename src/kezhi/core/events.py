"""Lower apps tell, upper apps listen: one idempotent job per listener, queued in the same transaction."""

from __future__ import annotations

from dataclasses import asdict, is_dataclass
from typing import Any

from kezhi.core import queue

_listeners: dict[type, list[str]] = {}


def listen(event: type, job_name: str) -> None:
    """Called from an `AppConfig.ready`: `job_name` gets the event's fields as arguments."""
    names = _listeners.setdefault(event, [])
    if job_name not in names:
        names.append(job_name)


def publish(event: Any) -> None:
    """Queue a job for each listener; `event` is a frozen dataclass of JSON-able fields."""
    if not is_dataclass(event) or isinstance(event, type):
        raise TypeError("an event is a dataclass instance")
    for name in _listeners.get(type(event), []):
        queue.defer(name, **asdict(event))
