"""Pairs of records that share a key, compared and scored: the engine behind the scan and the import.

It takes groups, each a key with the records that have it, from the database one after the other. Memory is
bounded by the pairs found, not by the records compared. A group too large to compare says little (the
switchboard of an office block): it is split by place, then left out and counted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations

from kezhi.customers.matching import IDENTIFIERS
from kezhi.customers.matching_names import Name, taken_apart
from kezhi.customers.matching_scores import (
    LEAST_NAME,
    THRESHOLD,
    WEIGHTS,
    name_likeness,
    score,
)

MOST_SHARING = 20  # records with one phone: beyond that it isn't a mark of anyone
MOST_NAMED = 400  # names compared with each other
MOST_PAIRS = 500_000
Pair = tuple[int, int]


@dataclass
class Pairs:
    """What was found, and honestly what wasn't looked at. Records are ids; a pair has the lower one first."""

    reasons: dict[Pair, dict[str, float]] = field(default_factory=lambda: defaultdict(dict))
    compared: int = 0
    oversized: int = 0  # keys that too many records share
    dropped: int = 0  # pairs beyond the most that are kept

    def add_marks(self, key: str, records: Iterable[tuple[int, str]]) -> None:
        """Records with one identifier, as (id, name); companies' names are compared, too."""
        found = list(dict(records).items())
        if len(found) > MOST_SHARING:
            self.oversized += 1
            return
        for (one, name), (other, named) in combinations(sorted(found), 2):
            self._speak((one, other), key[0], WEIGHTS[key[0]])
            if name and named:
                self._compare((one, taken_apart(name)), (other, taken_apart(named)), LEAST_NAME)

    def add_names(self, records: Iterable[tuple[int, str]]) -> None:
        """Records whose names share a key: compared within a place, and with those that name none."""
        by_place: dict[str, list[tuple[int, Name]]] = defaultdict(list)
        for record, text in dict(records).items():
            name = taken_apart(text)
            by_place[name.place].append((record, name))
        nowhere = by_place.pop("", [])
        self._among(nowhere)
        for place, there in by_place.items():
            self._among(there)
            self._across(there, nowhere)
            if (province := there[0][1].province) != place and province in by_place:
                self._across(there, by_place[province])

    def _among(self, records: list[tuple[int, Name]]) -> None:
        if len(records) > MOST_NAMED:
            self.oversized += 1
            return
        for one, other in combinations(records, 2):
            self._compare(one, other, THRESHOLD)

    def _across(self, some: list[tuple[int, Name]], others: list[tuple[int, Name]]) -> None:
        if len(some) * len(others) > MOST_NAMED * MOST_NAMED // 2:
            self.oversized += 1
            return
        for one in some:
            for other in others:
                self._compare(one, other, THRESHOLD)

    def _compare(self, one: tuple[int, Name], other: tuple[int, Name], least: int) -> None:
        self.compared += 1
        likeness, reason = name_likeness(one[1], other[1])
        if likeness >= least and one[0] != other[0]:
            pair = (one[0], other[0]) if one[0] < other[0] else (other[0], one[0])
            self._speak(pair, reason, likeness / 100)

    def _speak(self, pair: Pair, reason: str, weight: float) -> None:
        if pair not in self.reasons and len(self.reasons) >= MOST_PAIRS:
            self.dropped += 1
            return
        self.reasons[pair][reason] = weight

    def found(self) -> Iterator[tuple[Pair, int, list[str]]]:
        """Pairs sure enough to be shown, with their score and reasons, strongest first."""
        for pair, reasons in self.reasons.items():
            if (points := score(reasons)) >= THRESHOLD:
                yield pair, points, sorted(reasons, key=lambda each: -reasons[each])


def is_mark(key: str) -> bool:
    """Whether a key alone speaks for the same party; the others say whose names are worth comparing."""
    return key[0] in IDENTIFIERS or key[0] == "h"


def components(pairs: Iterable[Pair]) -> dict[int, int]:
    """For each record the lowest id of all that hang together with it."""
    above: dict[int, int] = {}

    def root(record: int) -> int:
        above.setdefault(record, record)
        while above[record] != record:
            above[record] = above[above[record]]
            record = above[record]
        return record

    for one, other in pairs:
        low, high = sorted((root(one), root(other)))
        above[high] = low
    return {record: root(record) for record in list(above)}
