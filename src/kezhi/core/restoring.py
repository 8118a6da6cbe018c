"""What has to be put right after a backup was restored: each app says what, `kezhi restore` does it.

Between backup and restore people were signed out, keys were revoked, persons were erased: the backup
doesn't know. A step runs in a transaction of its own on the restored, migrated database. It may be run again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Restored:
    """The backup that was taken at `taken_at`, restored at `at`; `source` is its name."""

    taken_at: datetime
    at: datetime
    source: str


Step = Callable[[Restored], int]
_steps: dict[str, Step] = {}


def after_restore(name: str) -> Callable[[Step], Step]:
    """Register `step(restored) -> how many rows it put right`, in `AppConfig.ready` or on import.

    Steps run in the order of their names.
    """

    def register(step: Step) -> Step:
        _steps[name] = step
        return step

    return register


def steps() -> list[tuple[str, Step]]:
    return sorted(_steps.items())
