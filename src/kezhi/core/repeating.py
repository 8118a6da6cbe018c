"""A transaction that the database gave up for the sake of another one is done again.

Two people who touch the same rows in another order block each other; PostgreSQL then ends one of them
(deadlock, serialisation failure) and says so. Nothing of it was done: it's repeated, a little later.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from django.db import OperationalError, connection, models
from psycopg.errors import DeadlockDetected, SerializationFailure

TIMES = 3
R = TypeVar("R")
logger = logging.getLogger(__name__)


def repeated(work: Callable[[], R], arguments: Iterable[Any]) -> R:
    """What `work` returns; done up to three times more where the database gave it up.

    Only where it is a transaction of its own: within another one, that one has to be repeated. Records among
    the arguments are set back to what they were; arguments that can be read once only forbid a repetition.
    """
    given = list(arguments)
    if connection.in_atomic_block or any(_is_read_once(each) for each in given):
        return work()
    before = [(each, _state(each)) for each in given if isinstance(each, models.Model)]
    for attempt in range(1, TIMES + 1):
        try:
            return work()
        except OperationalError as error:
            if not gave_way(error):
                raise
            logger.info("A transaction gave way to another one and is repeated (%s).", attempt)
        for record, state in before:
            record.__dict__.clear()
            record.__dict__.update(_copied(state))
        time.sleep(random.uniform(0.01, 0.05) * 2**attempt)  # noqa: S311
    return work()


def gave_way(error: BaseException) -> bool:
    return isinstance(error.__cause__, (DeadlockDetected, SerializationFailure))


def _is_read_once(argument: Any) -> bool:
    return hasattr(argument, "__next__") or hasattr(argument, "chunks")


def _state(record: models.Model) -> dict[str, Any]:
    return _copied(record.__dict__)


def _copied(state: dict[str, Any]) -> dict[str, Any]:
    """Shallow, but for what Django changes in place."""
    copied = {
        name: held.copy() if isinstance(held, (dict, list)) else held
        for name, held in state.items()
    }
    if (inner := state.get("_state")) is not None:
        fresh = type(inner)()
        fresh.__dict__.update(_copied(inner.__dict__))
        copied["_state"] = fresh
    return copied
