"""Where a value run does its work: in this process, or on an Apache Spark cluster.

An engine opens facts and answers what `measure` asks of them per customer; the measures themselves
are written once. `compute.cluster` holds the other engine: it needs the extra `spark`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from kezhi.value.facts import Facts, OpenFacts, Plan, read_facts

__all__ = ["LOCAL", "Engine", "EngineUnavailable", "LocalEngine", "engine_at"]


Heartbeat = Callable[[], None]


def silent() -> None:
    """Nobody waits."""


class Engine(Protocol):
    """What opens the facts of a run."""

    def open(self, facts: Facts, plan: Plan, alive: Heartbeat = silent) -> OpenFacts:
        """The facts until the day of the run. Raises `reading.Unreadable` where they aren't sound.

        `alive` is called now and then while others do the work; what it raises stops them.
        """


class LocalEngine:
    """Everything in the memory of this process, by its own kernels."""

    def open(self, facts: Facts, plan: Plan, alive: Heartbeat = silent) -> OpenFacts:
        """The facts as arrays."""
        return read_facts(facts, as_of=plan.as_of)


LOCAL = LocalEngine()


class EngineUnavailable(RuntimeError):
    """A cluster that can't be used; the message says why and what helps.

    `key` names the reason for those who tell it in another language, `detail` what it speaks of.
    """

    def __init__(self, key: str, message: str, **detail: str) -> None:
        super().__init__(message)
        self.key, self.detail = key, detail


@contextmanager
def engine_at(address: str, shared: Path | None = None) -> Iterator[Engine]:
    """The engine that an address names: `local`, or spark://HOST:PORT with a folder `shared` with it.

    >>> with engine_at("local") as engine:
    ...     engine is LOCAL
    True
    """
    if address in ("", "local"):
        yield LOCAL
        return
    if not address.startswith("spark://"):
        raise EngineUnavailable(
            "no_address",
            f"{address!r} names no engine: write `local`, or spark://HOST:PORT.",
            address=address,
        )
    if shared is None:
        raise EngineUnavailable(
            "no_shared",
            "A run on Spark needs a folder that this machine and all workers see at the same path.",
        )
    from kezhi.value.compute.cluster import SparkEngine

    with SparkEngine(address, shared) as engine:
        yield engine
