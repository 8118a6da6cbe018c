"""The value bridge: why the customers are worth more or less than at the last snapshot.

Each customer's change is one part: new, returned, grown, shrunk, lost, or dormant (no customer on either
day, whose value was corrected). What a change of the model did stands apart: it is the difference
between the value now and the value that the former model gives to the same facts. All is counted in
cents, so that start + parts = end holds exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

Part = Literal["new", "returned", "grown", "shrunk", "unchanged", "lost", "dormant"]
PARTS: tuple[Part, ...] = ("new", "returned", "grown", "shrunk", "unchanged", "lost", "dormant")

CENTS = 100


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Customers (numbers or texts, each once), their value, and who is a customer on that day.

    `active` None: who has a value other than 0. `by_former_model`: value of the same facts by the
    settings and model of the snapshot before; None where they are the same.
    """

    customers: NDArray[np.generic]
    value: Vector
    active: NDArray[np.bool_] | None = None
    by_former_model: Vector | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A part of the bridge: how many customers, and by how much they changed the total."""

    part: Part
    customers: int
    change: float


@dataclass(frozen=True, slots=True)
class Bridge:
    """start + Σ steps' change + model_change = end, to the cent.

    `customers`, `part` (positions in `PARTS`), `change` and `model_changes` are of every customer of
    either snapshot, in order.
    """

    start: float
    steps: tuple[Step, ...]
    model_change: float
    end: float
    customers: NDArray[np.generic]
    part: NDArray[np.int8]
    change: Vector
    model_changes: Vector


def value_bridge(before: Snapshot, after: Snapshot) -> Bridge:
    """From one snapshot to the next.

    >>> found = value_bridge(Snapshot(np.array([1, 2, 3]), np.array([100.0, 50, 30])),
    ...     Snapshot(np.array([1, 2, 4]), np.array([120.0, 45, 10]),
    ...     by_former_model=np.array([110.0, 45, 10])))
    >>> [(step.part, step.change) for step in found.steps if step.customers]
    [('new', 10.0), ('grown', 10.0), ('shrunk', -5.0), ('lost', -30.0)]
    >>> found.start, found.model_change, found.end
    (180.0, 10.0, 175.0)
    """
    for snapshot in (before, after):
        if len(np.unique(snapshot.customers)) != len(snapshot.customers):
            raise ValueError("a customer stands twice in a snapshot")
    everybody = np.unique(np.concatenate((before.customers, after.customers)))
    was, had = _placed(everybody, before, before.value)
    is_, has = _placed(everybody, after, after.value)
    by_former = after.value if after.by_former_model is None else after.by_former_model
    _, same = _placed(everybody, after, by_former)
    known = np.isin(everybody, before.customers)
    change = same - had
    part = np.select(
        [
            is_ & ~known,
            is_ & ~was,
            was & ~is_,
            ~was & ~is_,
            change > 0,
            change < 0,
        ],
        [PARTS.index(p) for p in ("new", "returned", "lost", "dormant", "grown", "shrunk")],
        PARTS.index("unchanged"),
    ).astype(np.int8)
    steps = tuple(
        Step(name, int((part == k).sum()), int(change[part == k].sum()) / CENTS)
        for k, name in enumerate(PARTS)
    )
    return Bridge(
        start=int(had.sum()) / CENTS,
        steps=steps,
        model_change=int((has - same).sum()) / CENTS,
        end=int(has.sum()) / CENTS,
        customers=everybody,
        part=part,
        change=change / CENTS,
        model_changes=(has - same) / CENTS,
    )


def _placed(
    everybody: NDArray[np.generic], snapshot: Snapshot, value: Vector
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Who of everybody is active, and the value in cents; unknown values count 0."""
    if len(value) != len(snapshot.customers):
        raise ValueError("a snapshot needs one value for each customer")
    place = np.searchsorted(everybody, snapshot.customers)
    cents = np.zeros(len(everybody), dtype=np.int64)
    cents[place] = np.rint(np.nan_to_num(value, posinf=0, neginf=0) * CENTS).astype(np.int64)
    active = np.zeros(len(everybody), dtype=np.bool_)
    active[place] = (
        np.nan_to_num(snapshot.value) != 0 if snapshot.active is None else snapshot.active
    )
    return active, cents
