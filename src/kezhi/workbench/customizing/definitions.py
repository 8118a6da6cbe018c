"""The company's own fields and layouts as all processes see them, and the kinds completed with them.

`Company.definitions_version` counts up with every change; whoever begins a request or a job says which version
counts (`as_of`), so that a change is seen everywhere at once and costs no query where nothing changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from kezhi.accounts.models import Company
from kezhi.records import Kind, registry
from kezhi.workbench.customizing.building import completed
from kezhi.workbench.models import CustomField, Layout

FIRST = 1  # of a company that has never defined anything
KEPT = 4


@dataclass(frozen=True)
class Definitions:
    """What one version says; `kinds` remembers the kinds that were completed from it."""

    fields: Mapping[str, tuple[CustomField, ...]] = field(default_factory=dict)
    layouts: Mapping[str, Layout] = field(default_factory=dict)
    kinds: dict[str, tuple[Kind, Kind]] = field(default_factory=dict)
    plans: dict[str, Any] = field(default_factory=dict)  # of `computing`, by kind

    def completed(self, kind: Kind) -> Kind:
        known = self.kinds.get(kind.name)
        if known is None or known[0] is not kind:
            whole = completed(kind, self.fields.get(kind.name, ()), self.layouts.get(kind.name))
            known = self.kinds[kind.name] = (kind, whole)
        return known[1]


NOTHING = Definitions()
_version: ContextVar[int] = ContextVar("kezhi_definitions_version", default=FIRST)
_known: dict[int, Definitions] = {}


@contextmanager
def as_of(version: int) -> Iterator[None]:
    """Within, the kinds have the fields and layouts of this version."""
    token = _version.set(version)
    try:
        yield
    finally:
        _version.reset(token)


@contextmanager
def as_of_now() -> Iterator[None]:
    """For work that doesn't begin with a request: the version that the company has now."""
    version = Company.objects.filter(pk=1).values_list("definitions_version", flat=True).first()
    with as_of(version or FIRST):
        yield


def version() -> int:
    return _version.get()


def current() -> Definitions:
    """The definitions that count here, read once per version and process."""
    number = _version.get()
    if number == FIRST:
        return NOTHING
    known = _known.get(number)
    if known is None:
        known = _known[number] = _read()
        for old in sorted(_known)[:-KEPT]:
            _known.pop(old, None)
    return known


def _read() -> Definitions:
    fields: dict[str, list[CustomField]] = {}
    for each in CustomField.objects.all():
        fields.setdefault(each.kind, []).append(each)
    return Definitions(
        {kind: tuple(each) for kind, each in fields.items()},
        {layout.kind: layout for layout in Layout.objects.all()},
    )


def complete(kind: Kind) -> Kind:
    """The overlay of the registry."""
    return current().completed(kind) if kind.is_customizable else kind


def unarranged(name: str) -> Kind:
    """The kind with the company's fields, all of them, in the order of the declaration."""
    kind = registry[name]
    known = current().kinds.get(name)
    return completed(known[0] if known else kind, current().fields.get(name, ()), None)


def change() -> None:
    """Within a deed: from here on, and for everyone after the commit, the definitions are read anew.

    The number comes from a sequence, which a rollback doesn't turn back: no two states share one.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_company SET definitions_version = nextval('workbench_definitions_seq')"
            " WHERE id = 1 RETURNING definitions_version"
        )
        row = cursor.fetchone()
    if row is not None:
        _version.set(row[0])


def forget() -> None:
    """For tests: as if the process had just begun."""
    _version.set(FIRST)
    _known.clear()
