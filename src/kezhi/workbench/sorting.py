"""The order of a list and its pages: by key, so that page 900 costs what page 1 costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core import signing
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.utils.translation import gettext as _

from kezhi.records import Field, FieldKind, Kind
from kezhi.workbench.operands import Unusable

PAGE = 50
KEY = "sort_key"
RANKED = (FieldKind.CHOICE, FieldKind.TIER)


@dataclass(frozen=True)
class Page:
    """Rows, and the cursors of the pages beside this one (empty where there is none)."""

    rows: Sequence[Any]
    previous: str = ""
    next: str = ""


@dataclass(frozen=True)
class Order:
    """By one field, what is not known last, then by id."""

    kind: Kind
    field: Field
    is_descending: bool

    @classmethod
    def of(cls, kind: Kind, sort: str) -> Order:
        name = sort.removeprefix("-")
        if name not in kind or not kind.field(name).is_sortable:
            known = kind.field(name).label if name in kind else name[:40]
            raise Unusable(_("This list can’t be sorted by “%(field)s”.") % {"field": known})
        return cls(kind, kind.field(name), sort.startswith("-"))

    def __str__(self) -> str:
        return f"-{self.field.name}" if self.is_descending else self.field.name

    @property
    def relation(self) -> str:
        """The one-to-one row that is sorted by, or the record's own table: nothing."""
        return self.field.path.split("__")[0] if "__" in self.field.path else ""

    def page(
        self, queryset: QuerySet[Any], after: str = "", before: str = "", size: int = PAGE
    ) -> Page:
        """The page that follows or precedes a cursor; the first when the cursor isn't one of ours."""
        keyed = self._keyed(queryset)
        if position := self._opened(before):
            rows = list(self._cut(keyed, position, True)[: size + 1])
            more = len(rows) > size
            rows = rows[:size][::-1]
            return self._page(rows, has_previous=more, has_next=True)
        position = self._opened(after)
        rows = list(self._cut(keyed, position, False)[: size + 1])
        return self._page(rows[:size], has_previous=position is not None, has_next=len(rows) > size)

    def is_mine(self, cursor: str) -> bool:
        """Whether we made this cursor, for a list in this order."""
        return self._opened(cursor) is not None

    def apply(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """All rows in this order."""
        return self._cut(self._keyed(queryset), None, False)

    def _keyed(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.relation in self.kind.certain:
            # An inner join, so that the database may walk the index of the other table in order.
            queryset = queryset.filter(**{f"{self.relation}__isnull": False})
        return self._with_key(queryset)

    def _with_key(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.field.expression is not None:
            queryset = queryset.alias(**{self.field.path: self.field.expression})
        return queryset.annotate(**{KEY: self._key()})

    def beside(self, queryset: QuerySet[Any], pk: int) -> tuple[int | None, int | None]:
        """The ids of the rows before and after this one; (None, None) when it isn't among them."""
        keyed = self._with_key(queryset)
        here = keyed.filter(pk=pk).values_list(KEY).first()
        if here is None:
            return None, None
        before, after = (
            self._cut(keyed, (here[0], pk), backwards).values_list("pk", flat=True)[:1]
            for backwards in (True, False)
        )
        return before.first(), after.first()

    def ahead_of(self, queryset: QuerySet[Any], pk: int, most: int) -> int | None:
        """How many rows stand before this one, counted up to `most`; None when it isn't among them."""
        keyed = self._with_key(queryset)
        here = keyed.filter(pk=pk).values_list(KEY).first()
        if here is None:
            return None
        return self._cut(keyed, (here[0], pk), True)[:most].count()

    def _key(self) -> Any:
        """What is sorted by. Choices go in the order of their declaration: S before A, not after D."""
        if self.field.kind in RANKED:
            whens = [
                When(**{self.field.path: key, "then": Value(place)})
                for place, (key, _label) in enumerate(self.field.choices)
            ]
            return Case(*whens, output_field=models.IntegerField(null=True))
        return F(self.field.sort_path or self.field.path)

    def _cut(
        self, queryset: QuerySet[Any], position: tuple[Any, int] | None, backwards: bool
    ) -> QuerySet[Any]:
        if position is not None:
            queryset = queryset.filter(self._beyond(*position, backwards=backwards))
        return queryset.order_by(
            self._direction(F(KEY), self.is_descending, backwards),
            "-pk" if self._id_descends != backwards else "pk",
        )

    def _direction(self, key: F, descends: bool, backwards: bool) -> Any:
        descends = descends != backwards
        if not self._may_be_null:
            # Said without NULLS LAST, so that an index of the column serves.
            return key.desc() if descends else key.asc()
        nulls = {"nulls_first": True} if backwards else {"nulls_last": True}
        return key.desc(**nulls) if descends else key.asc(**nulls)

    def _beyond(self, key: Any, pk: int, *, backwards: bool) -> Q:
        """The rows after this position, or before it."""
        farther = Q(**{"pk__lt" if self._id_descends != backwards else "pk__gt": pk})
        if key is None:
            same = Q(**{f"{KEY}__isnull": True}) & farther
            return same | Q(**{f"{KEY}__isnull": False}) if backwards else same
        beyond = Q(**{f"{KEY}__{'lt' if self.is_descending != backwards else 'gt'}": key})
        beyond |= Q(**{KEY: key}) & farther
        if self._may_be_null and not backwards:
            beyond |= Q(**{f"{KEY}__isnull": True})
        return beyond

    @property
    def _id_descends(self) -> bool:
        """As the indexes have it: own columns with the id in the same direction, joined ones ascending."""
        return self.is_descending and "__" not in self.field.path

    @property
    def _may_be_null(self) -> bool:
        if (
            self.field.kind in RANKED
            or "__" in self.field.path
            or self.field.expression is not None
        ):
            return True
        try:
            column = self.kind.model._meta.get_field(self.field.sort_path or self.field.path)
        except FieldDoesNotExist:
            return True
        return bool(getattr(column, "null", True))

    def _page(self, rows: list[Any], *, has_previous: bool, has_next: bool) -> Page:
        if not rows:
            return Page(rows)
        return Page(
            rows,
            self._sealed(rows[0]) if has_previous else "",
            self._sealed(rows[-1]) if has_next else "",
        )

    @property
    def _salt(self) -> str:
        return f"kezhi.cursor.{self.kind.name}.{self}"

    def _sealed(self, row: Any) -> str:
        return signing.dumps([*_packed(getattr(row, KEY)), row.pk], salt=self._salt)

    def _opened(self, cursor: str) -> tuple[Any, int] | None:
        if not cursor:
            return None
        try:
            kind, text, pk = signing.loads(cursor, salt=self._salt)
        except (signing.BadSignature, ValueError):
            return None
        return _unpacked(kind, text), pk


def _packed(key: Any) -> tuple[str, str | None]:
    """As exact text; a number that lost a digit would skip rows or repeat them."""
    if key is None:
        return "none", None
    if isinstance(key, datetime | date):
        return type(key).__name__, key.isoformat()
    if isinstance(key, float):
        return "float", repr(key)
    return type(key).__name__, str(key)


def _unpacked(kind: str, text: str | None) -> Any:
    if text is None:
        return None
    readers: dict[str, Any] = {
        "datetime": datetime.fromisoformat,
        "date": date.fromisoformat,
        "float": float,
        "int": int,
        "Decimal": Decimal,
    }
    return readers.get(kind, str)(text)
