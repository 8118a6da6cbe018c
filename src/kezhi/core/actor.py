"""Who acts: a signed-in person, or the system itself in a scheduled job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple, Protocol


class Scope(IntEnum):
    """How far a permission reaches, from nothing to the whole company; a wider one contains the narrower."""

    NONE = 0
    OWN = 1
    TEAM = 2
    DEPARTMENT = 3
    ALL = 4

    @classmethod
    def named(cls, name: str) -> Scope:
        return cls[name.upper()]


class Access(IntEnum):
    """What an actor may do with a group of fields; a wider one contains the narrower."""

    HIDDEN = 0
    MASKED = 1
    READ = 2
    EDIT = 3

    @classmethod
    def named(cls, name: str) -> Access:
        return cls[name.upper()]


class Principal(NamedTuple):
    """Somebody whom an actor stands in for."""

    pk: int
    name: str


@dataclass(frozen=True)
class Program:
    """A program outside that acts for a person, and what it was given of the person's rights.

    Kinds with the actions permitted there, and the widest access to groups of fields; a group that isn't
    named is seen as the person sees it. It reads so many rows a day.
    """

    pk: int
    name: str
    grants: Mapping[str, frozenset[str]] = field(default_factory=dict)
    levels: Mapping[str, Access] = field(default_factory=dict)
    rows_a_day: int = 0

    def allows(self, action: str, kind: str) -> bool:
        return action in self.grants.get(kind, ())

    def access(self, kind: str, group: str) -> Access:
        if not self.allows("read", kind):
            return Access.HIDDEN
        return self.levels.get(group, Access.EDIT)


class Actor(Protocol):
    """What deeds and querysets may ask of whoever acts."""

    @property
    def pk(self) -> int | None: ...

    @property
    def name(self) -> str: ...

    @property
    def program(self) -> Program | None:
        """The program that acts for the person; the audit names both."""

    @property
    def team_id(self) -> int | None: ...

    @property
    def department_id(self) -> int | None: ...

    @property
    def department_ids(self) -> tuple[int, ...]:
        """The actor's department and all below it."""

    @property
    def own_ids(self) -> tuple[int, ...]:
        """The actor, and those for whom it stands in today."""

    def shared_ids(self, action: str) -> tuple[int, ...]:
        """Customers of others that were shared with the actor for `action`."""

    def acts_for(self, owner_id: int | None) -> Principal | None:
        """Whom the actor stands in for on a record of that owner, if anyone."""

    def scope(self, action: str, kind: str) -> Scope: ...

    def may(self, action: str, kind: str) -> bool: ...

    def access(self, kind: str, group: str) -> Access:
        """What the actor may do with a group of fields of a kind."""

    def sees(self, kind: str, group: str) -> bool:
        """Whether the actor may read a group of fields in full: pages that aren't made of fields ask this."""


@dataclass(frozen=True)
class System:
    """The company's own processes: scheduled runs, migrations, the demo. Sees everything."""

    name: str = "Kezhi"
    pk: None = None
    program: None = None
    team_id: None = None
    department_id: None = None
    department_ids: tuple[int, ...] = ()
    own_ids: tuple[int, ...] = ()

    def shared_ids(self, action: str) -> tuple[int, ...]:
        return ()

    def acts_for(self, owner_id: int | None) -> Principal | None:
        return None

    def scope(self, action: str, kind: str) -> Scope:
        return Scope.ALL

    def may(self, action: str, kind: str) -> bool:
        return True

    def access(self, kind: str, group: str) -> Access:
        return Access.EDIT

    def sees(self, kind: str, group: str) -> bool:
        return True


SYSTEM = System()
