"""Each kind of record is declared once, beside its model; everything generic reads the declaration.

A kind gives: list page, filters, form, property panel, export, import mapping, permission rows and audit
labels. A higher app extends a lower kind by `extend`, never the other way round.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Collection as Collection_
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from django.db import models

from kezhi.core.actor import Access, Actor
from kezhi.records.fields import Collection, Condition, Field, Label, Section, View


@dataclass(frozen=True)
class Kind:
    """The declaration of one kind of record.

    `create(fields, *, actor, on)` and `edit(record, changes, *, actor, on)` are the kind's deeds; a kind
    without one is not created or edited by hand. `address` is the first part of its URL. `certain` names
    one-to-one rows that every record has from birth: a list sorted by their columns starts from their index.

    `belongs_to` is the path to the customer whose record it is. A customizable kind has a JSON column
    `custom`; a taggable one shows tags; one with attachments keeps files.
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
    sections: Sequence[Section] = ()  # of form and panel; empty: all fields in one
    import_key: Sequence[str] = ()
    select_related: Sequence[str] = ()
    certain: Sequence[str] = ()
    empty: Label = ""  # what the kind is for, when there are none yet
    belongs_to: str = ""
    collections: Sequence[Collection] = ()
    is_customizable: bool = False
    is_taggable: bool = False
    has_attachments: bool = False
    in_navigation: bool = (
        False  # a place of its own in the side bar, after those that are always there
    )
    create: Callable[..., Any] | None = None
    edit: Callable[..., Any] | None = None
    delete: Callable[..., Any] | None = None
    record_url: Callable[[Any], str] | None = None
    url_takes: Sequence[str] = ()  # the columns that `record_url` looks at, beside the id
    _by_name: Mapping[str, Field] = field(default_factory=dict, repr=False, compare=False)
    _restrictions: dict[Any, Kind] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {each.name: each for each in self.fields})
        object.__setattr__(self, "_restrictions", {})

    def field(self, name: str) -> Field:
        """The field of that name; KeyError when the kind has none."""
        return self._by_name[name]

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def seen_by(self, actor: Actor) -> Kind:
        """The kind as this actor may know it.

        What is hidden isn't there at all; what is masked can be read in part, but neither searched, sorted
        nor filtered by, because the answer would tell the rest. Views that ask for such a field go, too.
        """
        groups = {group for each in self.fields for group in (each.group, *each.derived_from)}
        levels = {group: actor.access(self.name, group) for group in groups}
        if all(level is Access.EDIT for level in levels.values()):
            return self
        return self._restricted(tuple(sorted(levels.items())))

    def _restricted(self, levels: tuple[tuple[str, Access], ...]) -> Kind:
        known = self._restrictions.get(levels)
        if known is None:
            known = self._restrictions[levels] = _restricted(self, dict(levels))
        return known

    def visible_to(self, actor: Actor, action: str = "read", via: str = "") -> Any:
        """The records on which the actor may do `action`; `via` is one of `certain`, see `ScopedQuerySet`."""
        rows: Any = self.model._default_manager
        return rows.visible_to(actor, action, via) if via else rows.visible_to(actor, action)

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


def _restricted(kind: Kind, levels: Mapping[str, Access]) -> Kind:
    def level(each: Field) -> Access:
        return min(levels[group] for group in (each.group, *each.derived_from))

    fields = tuple(
        _seen(each, level(each))
        for each in kind.fields
        # The name of a record can't be hidden: whoever may read it must be able to speak of it.
        if level(each) is not Access.HIDDEN or each.name == kind.title
    )
    names = {each.name for each in fields}
    usable = {each.name for each in fields if each.is_filterable}
    sortable = {each.name for each in fields if each.is_sortable}

    def kept(wanted: Sequence[str]) -> tuple[str, ...]:
        return tuple(name for name in wanted if name in names)

    views = tuple(
        replace(view, columns=kept(view.columns), sort=_sort(view.sort, sortable))
        for view in kind.views
        if all(condition.field in usable for condition in view.conditions)
    )
    editable = {each.name for each in fields if each.access is Access.EDIT}
    return replace(
        kind,
        fields=fields,
        subtitle=kept(kind.subtitle),
        columns=kept(kind.columns),
        default_sort=_sort(kind.default_sort, sortable) or _first_sort(kind, sortable),
        views=views,
        form=tuple(name for name in kind.form if name in editable),
        properties=kept(kind.properties),
        sections=tuple(replace(each, fields=kept(each.fields)) for each in kind.sections),
    )


def _seen(each: Field, level: Access) -> Field:
    if level is Access.EDIT:
        return each
    if level is Access.READ:
        return replace(each, access=level, is_editable=False, is_importable=False)
    return replace(
        each,
        access=max(level, Access.MASKED),
        is_editable=False,
        is_importable=False,
        is_filterable=False,
        is_sortable=False,
        is_searchable=False,
        total="",
    )


def _sort(sort: str, sortable: Collection_[str]) -> str:
    return sort if sort.removeprefix("-") in sortable else ""


def _first_sort(kind: Kind, sortable: Collection_[str]) -> str:
    return next((each.name for each in kind.fields if each.name in sortable), "")


class Registry:
    """All kinds by name, in the order of their declaration.

    `overlay` completes a declared kind with what the company added to it (custom fields, layout); a lower
    layer asks for kinds here and needn't know who answers.
    """

    def __init__(self) -> None:
        self._kinds: dict[str, Kind] = {}
        self.overlay: Callable[[Kind], Kind] = lambda kind: kind

    def register(self, kind: Kind) -> Kind:
        if kind.name in self._kinds:
            raise ValueError(f"the kind {kind.name!r} is declared twice")
        self._kinds[kind.name] = kind
        return kind

    def extend(
        self,
        name: str,
        *,
        fields: Sequence[Field] = (),
        columns: Sequence[str] = (),
        collections: Sequence[Collection] = (),
    ) -> None:
        """A higher app adds fields or collections to a lower kind."""
        kind = self._kinds[name]
        self._kinds[name] = replace(
            kind,
            fields=(*kind.fields, *fields),
            columns=(*kind.columns, *columns),
            collections=(*kind.collections, *collections),
        )

    def __getitem__(self, name: str) -> Kind:
        return self.overlay(self._kinds[name])

    def declared(self, name: str) -> Kind:
        """The kind as the product declares it, without what the company added."""
        return self._kinds[name]

    def __contains__(self, name: object) -> bool:
        return name in self._kinds

    def __iter__(self) -> Iterator[Kind]:
        return (self.overlay(kind) for kind in self._kinds.values())

    def by_address(self, address: str) -> Kind | None:
        return next((kind for kind in self if kind.address == address), None)


registry = Registry()
