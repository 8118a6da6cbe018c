"""Who is related to whom, who told us something, who warns others: the facts behind influence and information.

Read in the snapshot of a run, before the measuring; `kezhi.insight.influencing` makes figures of them. Apps
above register what they know (`contribute`, `warn`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
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
# A kind of contribution is one query: customer, the day it was told, the day it led to something ({never}:
# it hasn't). A response leads to the improvement whose period before it falls into.
NEEDS = """
    SELECT customer_id, raised_on - DATE '1970-01-01',
           CASE WHEN state = 'answered' THEN replied_on - DATE '1970-01-01' ELSE {never} END
    FROM customers_need ORDER BY id
"""
FEEDBACK = """
    SELECT r.customer_id, r.answered_on - DATE '1970-01-01',
           coalesce((SELECT min(i.finished_on) FROM satisfaction_improvement i
              WHERE i.survey_id = r.survey_id AND i.state = 'done' AND i.finished_on >= r.answered_on
                AND r.answered_on BETWEEN i.before_from AND i.before_until)
            - DATE '1970-01-01', {never})
    FROM satisfaction_surveyresponse r WHERE r.customer_id IS NOT NULL ORDER BY r.id
"""
# Who warns others is one query: customer, the first and the last day on which it has reason to ({never}: it
# still has). A detractor's answer holds for a year, or until its author answers again.
DETRACTORS = """
    SELECT customer_id, answered_on - DATE '1970-01-01',
           least(answered_on + 365, coalesce(following - 1, answered_on + 365)) - DATE '1970-01-01'
    FROM (SELECT r.id, r.customer_id, r.answered_on, p.number,
            lead(r.answered_on) OVER (PARTITION BY r.customer_id, coalesce(r.contact_id, 0)
              ORDER BY r.answered_on, r.id) AS following
          FROM satisfaction_surveyreply p JOIN satisfaction_surveyquestion q ON q.id = p.question_id
          JOIN satisfaction_surveyresponse r ON r.id = p.response_id
          WHERE q.sort = 'nps' AND p.number IS NOT NULL AND r.customer_id IS NOT NULL) answers
    WHERE number <= 6 AND coalesce(following - 1, answered_on) >= answered_on
    ORDER BY id
"""

_contributions: dict[str, Callable[[], str]] = {"need": lambda: NEEDS, "feedback": lambda: FEEDBACK}
_warnings: list[Callable[[], str]] = [lambda: DETRACTORS]


def contribute(kind: str, query: Callable[[], str]) -> None:
    """An app above makes a kind of contribution known: its points are in the rules of influence."""
    _contributions[kind] = query


def warn(query: Callable[[], str]) -> None:
    """An app above makes known who has reason to warn others."""
    _warnings.append(query)


def kinds_of_contributions() -> tuple[str, ...]:
    """The kinds known, in the order of `Bonds.kind`."""
    return tuple(_contributions)


@dataclass(frozen=True, slots=True)
class Bonds:
    """Relations: `follower` depends on `leader` from `since` (may be unknown) through `until`; those that
    `refers` were brought by their leader. Contributions: who told us, on which day, of which kind (its place
    among `kinds_of_contributions`), and since when it has led to something. `warner` has reason to warn
    others from `warns` through `warned`."""

    follower: Numbers
    leader: Numbers
    refers: NDArray[np.bool_]
    strength: Days
    since: Days
    until: Days
    teller: Numbers
    told: Days
    answered: Days
    kind: Days
    warner: Numbers
    warns: Days
    warned: Days

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
        warns = (self.warns <= last) & (self.warned >= last)
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
            self.kind[told],
            self.warner[warns],
            self.warns[warns],
            self.warned[warns],
        )


def read_bonds() -> Bonds:
    """All of them, as the current transaction sees them."""
    relations = copied(RELATIONS.format(not_said=NOT_SAID, never=NEVER), ("i8", "i8") + ("i4",) * 4)
    follower, leader, refers, strength, since, until = (relations[f"f{n}"] for n in range(6))
    told = [_dated(query()) for query in _contributions.values()]
    kinds = [np.full(len(rows[0]), place, np.int32) for place, rows in enumerate(told)]
    return Bonds(
        *(follower, leader, refers == 1, strength, since, until),
        *_joined(told),
        np.concatenate(kinds),
        *_joined([_dated(query()) for query in _warnings]),
    )


def _dated(query: str) -> tuple[Numbers, Days, Days]:
    rows = copied(query.format(never=NEVER), ("i8", "i4", "i4"))
    return rows["f0"], rows["f1"], rows["f2"]


def _joined(parts: Sequence[tuple[Numbers, Days, Days]]) -> tuple[Numbers, Days, Days]:
    who, first, last = (np.concatenate(column) for column in zip(*parts, strict=True))
    return who, first, last
