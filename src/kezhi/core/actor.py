"""Who acts: a signed-in person, or the system itself in a scheduled job."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol


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


class Actor(Protocol):
    """What deeds and querysets may ask of whoever acts."""

    @property
    def pk(self) -> int | None: ...

    @property
    def name(self) -> str: ...

    @property
    def team_id(self) -> int | None: ...

    @property
    def department_ids(self) -> tuple[int, ...]:
        """The actor's department and all below it."""

    def scope(self, action: str, kind: str) -> Scope: ...

    def may(self, action: str, kind: str) -> bool: ...


@dataclass(frozen=True)
class System:
    """The company's own processes: scheduled runs, migrations, the demo. Sees everything."""

    name: str = "Kezhi"
    pk: None = None
    team_id: None = None
    department_ids: tuple[int, ...] = ()

    def scope(self, action: str, kind: str) -> Scope:
        return Scope.ALL

    def may(self, action: str, kind: str) -> bool:
        return True


SYSTEM = System()
