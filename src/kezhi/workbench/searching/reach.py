"""What an actor may find: kinds, groups of fields and places, as conditions inside the search itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kezhi.core.actor import Actor, Scope
from kezhi.records import Kind
from kezhi.workbench.searching.documents import quoted
from kezhi.workbench.searching.subjects import Subject, findable, subjects
from kezhi.workbench.searching.wording import NEVER, Groups, Wording, content_of


@dataclass(frozen=True)
class Clause:
    """Kinds that the actor may search in the same fields and places; without `marks`, everywhere."""

    kinds: tuple[str, ...]
    groups: tuple[tuple[str, frozenset[str]], ...]
    marks: tuple[str, ...] | None

    def query(self, wording: Wording, *, is_exact: bool, is_shared: bool, is_every: bool) -> str:
        groups: Groups = dict(self.groups)
        parts = wording.query(groups, is_exact=is_exact)
        if not is_every:
            parts.append(_any(f"k:{name}" for name in self.kinds))
        if self.marks is not None and not is_shared:
            parts.append(_any(self.marks))
        return " & ".join(parts)


@dataclass(frozen=True)
class Reach:
    """`kinds` as the actor may know them; `shared` are customers of others, whose records count, too."""

    kinds: dict[str, Kind]
    clauses: tuple[Clause, ...]
    shared: tuple[int, ...]
    is_every: bool

    @classmethod
    def of(cls, actor: Actor, among: Sequence[Subject] | None = None) -> Reach:
        every = list(subjects()) if among is None else among
        kinds: dict[str, Kind] = {}
        alike: dict[
            tuple[tuple[tuple[str, frozenset[str]], ...], tuple[str, ...] | None], list[str]
        ] = defaultdict(list)
        for each in every:
            marks = _marks(each, actor)
            seen = each.kind.seen_by(actor)
            groups = _groups(seen)
            if marks == () or not groups:
                continue
            kinds[each.name] = seen
            alike[groups, marks].append(each.name)
        clauses = tuple(
            Clause(tuple(names), groups, marks) for (groups, marks), names in alike.items()
        )
        # With one clause for all kinds there is nothing to leave out.
        is_every = among is None and len(kinds) == len(every) and len(clauses) == 1
        shared = actor.shared_ids("read") if any(c.marks is not None for c in clauses) else ()
        return cls(kinds, clauses, shared, is_every)

    def query(self, wording: Wording, *, is_exact: bool = False, is_shared: bool = False) -> str:
        """As PostgreSQL reads a tsquery; `is_shared` leaves the place out, for what was shared."""
        ways = [
            clause.query(wording, is_exact=is_exact, is_shared=is_shared, is_every=self.is_every)
            for clause in self.clauses
            if not is_shared or clause.marks is not None
        ]
        return " | ".join(f"({way})" for way in ways) or NEVER


def _groups(seen: Kind) -> tuple[tuple[str, frozenset[str]], ...]:
    held: dict[str, set[str]] = defaultdict(set)
    for each in findable(seen):
        held[each.group].add(content_of(each))
    return tuple(sorted((group, frozenset(contents)) for group, contents in held.items()))


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
