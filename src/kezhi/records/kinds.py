"""Each kind of record is declared once, beside its model; everything generic reads the declaration.

A kind gives: list page, filters, form, property panel, export, import mapping, permission rows and audit
labels. A higher app extends a lower kind by `extend`, never the other way round.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from django.db import models

from kezhi.core.actor import Actor
from kezhi.records.fields import Condition, Field, Label, View


@dataclass(frozen=True)
class Kind:
    """The declaration of one kind of record.

    `create(fields, *, actor, on)` and `edit(record, changes, *, actor, on)` are the kind's deeds; a kind
    without one is not created or edited by hand. `address` is the first part of its URL. `certain` names
    one-to-one rows that every record has from birth: a list sorted by their columns starts from their index.
    """

    name: str
    label: Label
    label_plural: Label
    model: type[models.Model]
    address: str
    icon: str
    fields: Sequence[Field]
    title: str  # the field that names a record
    subtitle: Sequence[str] = ()
    columns: Sequence[str] = ()
    default_sort: str = ""
    views: Sequence[View] = ()
    form: Sequence[str] = ()
    properties: Sequence[str] = ()
    import_key: Sequence[str] = ()
    select_related: Sequence[str] = ()
    certain: Sequence[str] = ()
    empty: Label = ""  # what the kind is for, when there are none yet
    create: Callable[..., Any] | None = None
    edit: Callable[..., Any] | None = None
    delete: Callable[..., Any] | None = None
    record_url: Callable[[Any], str] | None = None
    _by_name: Mapping[str, Field] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {each.name: each for each in self.fields})

    def field(self, name: str) -> Field:
        """The field of that name; KeyError when the kind has none."""
        return self._by_name[name]

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def visible_to(self, actor: Actor, action: str = "read") -> Any:
        """The records on which the actor may do `action`."""
        return self.model._default_manager.visible_to(actor, action)  # type: ignore[attr-defined]

    def list_url(self, *conditions: Condition, sort: str = "", **more: str) -> str:
        """The address of the list behind a figure."""
        query: list[tuple[str, str]] = [("w", str(condition)) for condition in conditions]
        if sort:
            query.append(("sort", sort))
        query.extend(more.items())
        return f"/{self.address}/" + (f"?{urlencode(query)}" if query else "")

    def url_of(self, record: Any) -> str:
        if self.record_url is not None:
            return self.record_url(record)
        return f"/{self.address}/{record.pk}/"


class Registry:
    """All kinds by name, in the order of their declaration."""

    def __init__(self) -> None:
        self._kinds: dict[str, Kind] = {}

    def register(self, kind: Kind) -> Kind:
        if kind.name in self._kinds:
            raise ValueError(f"the kind {kind.name!r} is declared twice")
        self._kinds[kind.name] = kind
        return kind

    def extend(
        self, name: str, *, fields: Sequence[Field] = (), columns: Sequence[str] = ()
    ) -> None:
        """A higher app adds fields to a lower kind."""
        kind = self._kinds[name]
        self._kinds[name] = replace(
            kind, fields=(*kind.fields, *fields), columns=(*kind.columns, *columns)
        )

    def __getitem__(self, name: str) -> Kind:
        return self._kinds[name]

    def __contains__(self, name: object) -> bool:
        return name in self._kinds

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._kinds.values())

    def by_address(self, address: str) -> Kind | None:
        return next((kind for kind in self if kind.address == address), None)


registry = Registry()
