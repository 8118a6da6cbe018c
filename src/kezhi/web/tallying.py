"""What one request costs: questions to the database, and time in templates."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

counting: ContextVar[Tally | None] = ContextVar("kezhi_tally", default=None)


@dataclass
class Tally:
    """What one request has cost so far."""

    queries: int = 0
    database: float = 0.0
    slowest: float = 0.0
    slowest_query: str = ""
    templates: float = 0.0

    def __call__(
        self, execute: Callable[..., Any], query: Any, parameters: Any, many: bool, context: Any
    ) -> Any:
        began = time.perf_counter()
        try:
            return execute(query, parameters, many, context)
        finally:
            took = time.perf_counter() - began
            self.queries += 1
            self.database += took
            if took > self.slowest:
                self.slowest, self.slowest_query = took, str(query)


@contextmanager
def rendering() -> Iterator[None]:
    """Time of templates, without that of the questions that they cause."""
    tally = counting.get()
    if tally is None:
        yield
        return
    began, asked = time.perf_counter(), tally.database
    try:
        yield
    finally:
        tally.templates += time.perf_counter() - began - (tally.database - asked)
