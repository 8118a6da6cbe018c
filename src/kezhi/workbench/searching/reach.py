"""What an actor may find: kinds, groups of fields and places, as conditions inside the search itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from kezhi.core.actor import Actor, Scope
from kezhi.records import Kind
from kezhi.workbench.searching.documents import ANYONE, quoted
from kezhi.workbench.searching.subjects import Subject, findable, subjects
from kezhi.workbench.searching.wording import NEVER, Wording, content_of

Contents = dict[str, frozenset[str]]


@dataclass(frozen=True)
class Clause:
    """Kinds that the actor may search in the same fields and places; without `marks`, everywhere."""

    kinds: tuple[str, ...]
    groups: tuple[tuple[str, frozenset[str]], ...]
    marks: tuple[str, ...] | None

    def query(self, wording: Wording, *, is_exact: bool, is_shared: bool) -> str:
        parts = wording.query(dict(self.groups), is_exact=is_exact)
        if self.marks is not None and not is_shared:
            parts.append(_any(self.marks))
        return " & ".join(parts)


@dataclass(frozen=True)
class Reach:
    """`kinds` as the actor may know them; `shared` are customers of others, whose records count, too.

    The index is asked once, for all groups that may be searched anywhere: it answers slowly when kinds and
    places are told apart by OR. What must be told apart is then asked of the rows that it names.
    """

    kinds: dict[str, Kind]
    clauses: tuple[Clause, ...]
    shared: tuple[int, ...]
    is_every: bool  # no kind has to be left out

    @classmethod
    def of(cls, actor: Actor, among: Sequence[Subject] | None = None) -> Reach:
        every = list(subjects()) if among is None else among
        kinds: dict[str, Kind] = {}
        marks: dict[str, tuple[str, ...] | None] = {}
        for each in every:
            found, seen = _marks(each, actor), each.kind.seen_by(actor)
            if found != () and findable(seen):
                kinds[each.name], marks[each.name] = seen, found
        clauses = _clauses(every, kinds, marks)
        shared = actor.shared_ids("read") if any(c.marks is not None for c in clauses) else ()
        return cls(kinds, clauses, shared, among is None and len(kinds) == len(every))

    def query(
        self,
        wording: Wording,
        *,
        is_exact: bool = False,
        is_shared: bool = False,
        besides: Sequence[str] = (),
    ) -> str:
        """For the index: as PostgreSQL reads a tsquery; `is_shared` leaves the place out.

        `besides` leaves out the records of those kinds.
        """
        if not self.clauses:
            return NEVER
        groups: dict[str, set[str]] = defaultdict(set)
        for clause in self.clauses:
            for group, contents in clause.groups:
                groups[group] |= contents
        marks: list[str] | None = []
        for clause in self.clauses:
            marks = None if marks is None or clause.marks is None else [*marks, *clause.marks]
        merged = tuple((group, frozenset(contents)) for group, contents in groups.items())
        every = Clause((), merged, None if marks is None else tuple(dict.fromkeys(marks)))
        query = every.query(wording, is_exact=is_exact, is_shared=is_shared)
        # A kind with few records among many of others.
        alone = [quoted(f"k:{kind}") for kind in self.kinds if len(self.kinds) == 1]
        others = [f"!{quoted(f'k:{kind}')}" for kind in besides]
        return " & ".join([query, *alone, *others])

    @property
    def is_narrow(self) -> bool:
        """Whether the actor sees a part of the records of each kind."""
        return all(clause.marks is not None for clause in self.clauses)

    def condition(
        self, wording: Wording, *, is_exact: bool = False, is_shared: bool = False
    ) -> tuple[str, list[Any]]:
        """For the rows that the index names: SQL that begins with AND, and its parameters."""
        if len(self.clauses) == 1:
            return (
                ("", []) if self.is_every else (" AND d.kind || '' = ANY(%s)", [list(self.kinds)])
            )
        ways, params = [], list[Any]()
        for clause in self.clauses:
            if is_shared and clause.marks is None:
                continue
            ways.append("(d.kind = ANY(%s) AND d.tokens @@ %s::tsquery)")
            params += [
                list(clause.kinds),
                clause.query(wording, is_exact=is_exact, is_shared=is_shared),
            ]
        return f" AND ({' OR '.join(ways)})", params


def _clauses(
    every: Sequence[Subject],
    kinds: dict[str, Kind],
    marks: dict[str, tuple[str, ...] | None],
) -> tuple[Clause, ...]:
    """Kinds together whose groups don't contradict each other and whose places are the same."""
    seen = {name: _contents(kind) for name, kind in kinds.items()}
    hidden = {
        each.name: set(_contents(each.kind)) - set(seen[each.name])
        for each in every
        if each.name in kinds
    }
    open_kinds = [each.name for each in every if each.is_open and each.name in kinds]
    alike: dict[tuple[str, ...] | None, list[str]] = defaultdict(list)
    for name in kinds:
        if name not in open_kinds:
            alike[marks[name]].append(name)
    if open_kinds:
        # Their documents are marked as anyone's, so that they go with any places.
        alike[next(iter(alike), None)] += open_kinds
    made: list[Clause] = []
    for places, names in alike.items():
        if places is not None and any(name in open_kinds for name in names):
            places = (*places, ANYONE)
        for together in _compatible(names, seen, hidden):
            groups: dict[str, set[str]] = defaultdict(set)
            for name in together:
                for group, contents in seen[name].items():
                    groups[group] |= contents
            told = tuple(sorted((group, frozenset(held)) for group, held in groups.items()))
            made.append(Clause(tuple(together), told, places))
    return tuple(made)


def _compatible(
    names: Iterable[str], seen: dict[str, Contents], hidden: dict[str, set[str]]
) -> list[list[str]]:
    """A group that is hidden of one kind must not be asked together with a kind that shows it."""
    sets: list[tuple[list[str], set[str], set[str]]] = []
    for name in names:
        for members, shown, kept in sets:
            if not (shown & hidden[name] or kept & set(seen[name])):
                members.append(name)
                shown |= set(seen[name])
                kept |= hidden[name]
                break
        else:
            sets.append(([name], set(seen[name]), set(hidden[name])))
    return [members for members, _shown, _kept in sets]


def _contents(kind: Kind) -> Contents:
    held: dict[str, set[str]] = defaultdict(set)
    for each in findable(kind):
        held[each.group].add(content_of(each))
    return {group: frozenset(contents) for group, contents in held.items()}


def _marks(subject: Subject, actor: Actor) -> tuple[str, ...] | None:
    """The lexemes of the places that the actor sees; None for all of them, empty for none.

    Says what `ScopedQuerySet.within` says.
    """
    scope = actor.scope("read", subject.name)
    if scope is Scope.NONE:
        return ()
    if subject.is_open or scope is Scope.ALL:
        return None
    if actor.pk is None:
        return ()
    marks = [f"o:{pk}" for pk in actor.own_ids]
    if scope is Scope.DEPARTMENT and actor.department_ids:
        marks += [f"d:{pk}" for pk in actor.department_ids]
    elif scope >= Scope.TEAM and actor.team_id is not None:
        marks.append(f"t:{actor.team_id}")
    return tuple(marks)


def _any(lexemes: Iterable[str]) -> str:
    return f"({' | '.join(quoted(each) for each in lexemes)})"
