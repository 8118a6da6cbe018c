"""Where a value run does its work: in this process, or on an Apache Spark cluster.

An engine opens facts and answers what `measure` asks of them per customer; the measures themselves
are written once. `compute.cluster` holds the other engine: it needs the extra `spark`.
"""

from __future__ import annotations

from typing import Protocol

from kezhi.value.facts import Facts, OpenFacts, Plan, read_facts

__all__ = ["LOCAL", "Engine", "EngineUnavailable", "LocalEngine"]


class Engine(Protocol):
    """What opens the facts of a run."""

    def open(self, facts: Facts, plan: Plan) -> OpenFacts:
        """The facts until the day of the run. Raises `reading.Unreadable` where they aren't sound."""


class LocalEngine:
    """Everything in the memory of this process, by its own kernels."""

    def open(self, facts: Facts, plan: Plan) -> OpenFacts:
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
