"""Which kinds of record can be searched, and what of them: read from the declarations alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import models

from kezhi.core.scoping import OpenQuerySet, ScopedQuerySet
from kezhi.records import Field, Kind, registry
from kezhi.workbench.searching.lexemes import FINDABLE

MOMENTS = ("updated_at", "at", "created_at", "ordered_on", "incurred_on")


@dataclass(frozen=True)
class Subject:
    """A kind whose records have documents: its findable fields, and where its rows say whose they are."""

    kind: Kind

    @property
    def name(self) -> str:
        return self.kind.name

    @property
    def model(self) -> type[models.Model]:
        return self.kind.model

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        return findable(self.kind)

    @cached_property
    def title(self) -> Field | None:
        return next((each for each in self.fields if each.name == self.kind.title), None)

    @cached_property
    def rows(self) -> Any:
        return self.model._default_manager.all()

    @property
    def is_open(self) -> bool:
        """Whether whoever may read the kind sees all of it."""
        return isinstance(self.rows, OpenQuerySet)

    @cached_property
    def place(self) -> tuple[str, str, str]:
        """The columns of owner, team and department; empty for an open kind."""
        if self.is_open:
            return ("", "", "")
        rows = self.rows
        return tuple(  # type: ignore[return-value]
            self._column(path) for path in (rows.owner_path, rows.team_path, rows.department_path)
        )

    @cached_property
    def customer(self) -> str:
        """The column of the customer's id: `id` for the customer itself, empty where there is none."""
        share = getattr(self.rows, "share_path", "")
        if share:
            return self._column(share)
        belongs = self.kind.belongs_to
        return self._column(belongs) if belongs and "__" not in belongs else ""

    @cached_property
    def attributes(self) -> dict[str, str]:
        """The attribute of a row that holds a column."""
        return {str(each.column): each.attname for each in self.model._meta.fields}

    @cached_property
    def moment(self) -> str:
        """The column that says how new a record is."""
        return next(name for name in MOMENTS if _has(self.model, name))

    @cached_property
    def watched(self) -> tuple[str, ...]:
        """The columns from which a document is made, its place apart: a change of one makes it old.

        A computed field may read any column; then all are watched, and the answer is empty.
        """
        names = {self.moment} - {"updated_at"}
        for each in registry.declared(self.name).fields:
            if not (each.is_searchable and each.kind in FINDABLE):
                continue
            if each.expression is not None or "__" in each.path:
                return ()
            names.add(self._column(each.path))
        if self.kind.is_customizable:
            names.add("custom")
        if self.customer not in ("", "id"):
            names.add(self.customer)
        return tuple(sorted(names))

    def _column(self, path: str) -> str:
        if path == "pk":
            path = self.model._meta.pk.name  # type: ignore[union-attr]
        name = (
            path.removesuffix("_id")
            if path.endswith("_id") and not _has(self.model, path)
            else path
        )
        return str(self.model._meta.get_field(name).column)  # type: ignore[union-attr]


def findable(kind: Kind) -> tuple[Field, ...]:
    """The fields of a kind, as somebody knows it, whose words are in the documents."""
    return tuple(each for each in kind.fields if each.is_searchable and each.kind in FINDABLE)


def subject(name: str) -> Subject | None:
    """The kind as something to search; None when its rows aren't guarded by the common scope."""
    kind = registry[name]
    return Subject(kind) if findable(kind) and _is_guarded_as_usual(kind) else None


def subjects() -> Iterator[Subject]:
    """Every kind that has documents, in the order of declaration."""
    for kind in registry:
        if findable(kind) and _is_guarded_as_usual(kind):
            yield Subject(kind)


def _is_guarded_as_usual(kind: Kind) -> bool:
    """A kind with rules of its own about who sees a row can't say them in lexemes."""
    rows: Any = kind.model._default_manager.all()
    if isinstance(rows, OpenQuerySet):
        return type(rows).visible_to is OpenQuerySet.visible_to
    if not isinstance(rows, ScopedQuerySet):
        return False
    usual = (
        type(rows).visible_to is ScopedQuerySet.visible_to
        and type(rows).within is ScopedQuerySet.within
    )
    paths = (rows.owner_path, rows.team_path, rows.department_path, rows.share_path)
    return (
        usual
        and not any("__" in path for path in paths)
        and any(_has(kind.model, name) for name in MOMENTS)
    )


def _has(model: type[models.Model], name: str) -> bool:
    return any(each.name == name for each in model._meta.fields)
