"""The kinds that can be imported. `dataio` lies below their owners, so they register a loader each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from kezhi.core.actor import Actor
from kezhi.dataio.fields import ImportField, Label
from kezhi.records import registry as records

if TYPE_CHECKING:
    from kezhi.dataio.models import ImportBatch
    from kezhi.dataio.staging import Work


@dataclass(frozen=True)
class Counts:
    """What becomes of the good rows. `details` counts records that come along (customers of orders)."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    details: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, found: Mapping[str, int], details: Mapping[str, int] | None = None) -> Counts:
        """Of the rows by outcome; a row that repeats another, or is left out, changes nothing."""
        unchanged = sum(found.get(name, 0) for name in ("unchanged", "repeated", "left_out"))
        return cls(found.get("created", 0), found.get("updated", 0), unchanged, dict(details or {}))


@dataclass(frozen=True)
class Option:
    """A question that the user answers before the import: yes or no, or one of `choices`."""

    name: str
    label: Label
    default: bool | str = False
    choices: Sequence[tuple[str, Label]] = ()

    def understood(self, said: Any) -> bool | str:
        """What was said, if it is an answer; else the default."""
        if not self.choices:
            return bool(said)
        return said if said in dict(self.choices) else self.default


class Loader(Protocol):
    """Brings the staged rows of one kind into its tables, by set-based SQL in the deed's transaction.

    `one_of` names groups of fields of which at least one must be matched. `extra` are further columns of the
    staging table, name and SQL type.
    """

    @property
    def kind(self) -> str: ...

    @property
    def one_of(self) -> Sequence[Sequence[str]]: ...

    @property
    def options(self) -> Sequence[Option]: ...

    @property
    def extra(self) -> dict[str, str]: ...

    @property
    def rows_of(self) -> str:
        """A query: staged row, id of its record once there is one, and outcome."""

    def fields(self) -> Sequence[ImportField]: ...

    def resolve(self, work: Work) -> Counts:
        """Find what each staged row refers to, reject those that can't go in, and say what the rest will do."""

    def write(self, work: Work) -> None:
        """Write the staged rows; `resolve` ran before in the same transaction."""

    def undo(self, batch: ImportBatch, *, actor: Actor) -> None:
        """Take everything back, or raise `Refused` when later changes depend on it."""

    def link(self, batch: ImportBatch) -> str:
        """The list of imported records."""


_loaders: dict[str, Loader] = {}
# Asked before the rows of a file are compared with what is there: a guard rejects those that may not come in,
# whoever's kind it is (`guard(kind, work)`).
guards: list[Callable[[str, Work], None]] = []
# What loads kinds that need no loader of their own; set by the app.
for_declared: list[Callable[[str], Loader]] = []


def register(loader: Loader) -> None:
    """Called from the `ready` of the app that owns the kind."""
    _loaders[loader.kind] = loader


def loader_of(kind: str) -> Loader:
    """The loader of a kind; KeyError when the kind can't be imported."""
    if kind in _loaders:
        return _loaders[kind]
    if kind not in kinds():
        raise KeyError(kind)
    return for_declared[0](kind)


def kinds() -> list[str]:
    """What can be imported: kinds with a loader of their own, and those that say how rows are matched."""
    declared = (
        each.name
        for each in records
        if for_declared and each.import_key and each.create and each.name not in _loaders
    )
    return [*_loaders, *declared]


def answers(loader: Loader) -> dict[str, tuple[Any, Callable[[Any], Any]]]:
    """Every option's default and how an answer to it is understood."""
    own = {option.name: (option.default, option.understood) for option in loader.options}
    return {"skip_bad": (True, bool), **own}


def default_options(loader: Loader) -> dict[str, Any]:
    return {"skip_bad": True, **{option.name: option.default for option in loader.options}}
