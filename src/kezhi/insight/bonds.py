"""Who is related to whom, and who told us something: the facts behind influence and information.

Read in the snapshot of a run, before the measuring; `kezhi.insight.influencing` makes figures of them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from kezhi.insight.copying import copied

Days = NDArray[np.int32]
Numbers = NDArray[np.int64]

NOT_SAID = np.iinfo(np.int32).min
NEVER = np.iinfo(np.int32).max
DAY_0 = date(1970, 1, 1)

# A relation says who depends on whom: weight flows from the one who follows to the one who leads. People who
# work somewhere and competitors pass no weight on.
RELATIONS = """
    SELECT CASE WHEN nature = 'buys_through' THEN customer_id ELSE other_id END,
           CASE WHEN nature = 'buys_through' THEN other_id ELSE customer_id END,
           (nature = 'refers')::int, strength::int,
           coalesce(since - DATE '1970-01-01', {not_said}),
           coalesce(until - DATE '1970-01-01', {never})
    FROM customers_relation
    WHERE nature IN ('refers', 'parent', 'buys_through', 'supplies', 'advises')
    ORDER BY id
"""
NEEDS = """
    SELECT customer_id, raised_on - DATE '1970-01-01',
           CASE WHEN state = 'answered' THEN replied_on - DATE '1970-01-01' ELSE {never} END
    FROM customers_need ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class Bonds:
    """Relations: `follower` depends on `leader` from `since` (may be unknown) through `until`; those that
    `refers` were brought by their leader. Needs: who told us, on which day, answered on which day."""

    follower: Numbers
    leader: Numbers
    refers: NDArray[np.bool_]
    strength: Days
    since: Days
    until: Days
    teller: Numbers
    told: Days
    answered: Days

    @property
    def version(self) -> str:
        """Equal versions mean equal facts."""
        digest = hashlib.sha256()
        for name in self.__slots__:
            digest.update(np.ascontiguousarray(getattr(self, name)).tobytes())
        return digest.hexdigest()[:32]

    def on(self, day: date) -> Bonds:
        """What had begun by that day; a relation without a day counts as one that always was."""
        last = (day - DAY_0).days
        begun, told = self.since <= last, self.told <= last
        return Bonds(
            self.follower[begun],
            self.leader[begun],
            self.refers[begun],
            self.strength[begun],
            self.since[begun],
            self.until[begun],
            self.teller[told],
            self.told[told],
            np.where(self.answered[told] <= last, self.answered[told], NEVER).astype(np.int32),
        )


def read_bonds() -> Bonds:
    """All of them, as the current transaction sees them."""
    relations = copied(RELATIONS.format(not_said=NOT_SAID, never=NEVER), ("i8", "i8") + ("i4",) * 4)
    needs = copied(NEEDS.format(never=NEVER), ("i8", "i4", "i4"))
    follower, leader, refers, strength, since, until = (relations[f"f{n}"] for n in range(6))
    teller, told, answered = (needs[f"f{n}"] for n in range(3))
    return Bonds(follower, leader, refers == 1, strength, since, until, teller, told, answered)
