"""What the address of a list says: view, conditions, text, order, columns. Everything a list shows is in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.http import QueryDict

from kezhi.core.actor import Actor
from kezhi.core.ids import record_id
from kezhi.records import Field, Kind, View
from kezhi.workbench.models import SavedView

LONGEST_QUERY = 8000


class NoSuchView(LookupError):
    """The view doesn't exist for this actor."""


@dataclass(frozen=True)
class Shape:
    """Filter, order and columns: what a view keeps under its name."""

    conditions: tuple[str, ...] = ()
    text: str = ""
    sort: str = ""
    columns: tuple[str, ...] = ()
    group: str = ""  # by what the rows are put together, as a report's dimension

    @classmethod
    def of_view(cls, kind: Kind, view: View) -> Shape:
        conditions = tuple(str(condition) for condition in view.conditions)
        columns = tuple(view.columns or kind.columns)
        return cls(conditions, "", view.sort or kind.default_sort, columns)

    @classmethod
    def of_saved(cls, kind: Kind, saved: SavedView) -> Shape:
        return _read(
            kind, QueryDict(saved.query), cls(sort=kind.default_sort, columns=_kind_columns(kind))
        )

    def pairs(self) -> list[tuple[str, str]]:
        """In full, as a saved view keeps it."""
        pairs = [("w", condition) for condition in self.conditions]
        pairs += [("sort", self.sort), ("columns", ",".join(self.columns))]
        pairs += [("group", self.group)] if self.group else []
        return pairs + ([("q", self.text)] if self.text else [])

    def query(self) -> str:
        return urlencode(self.pairs())


@dataclass(frozen=True)
class ListQuery:
    """A list's address, taken apart, unchecked; `base` is what its view keeps."""

    kind: Kind
    view: str
    base: Shape
    shape: Shape
    saved: SavedView | None = None

    @classmethod
    def read(cls, kind: Kind, query: QueryDict, actor: Actor) -> ListQuery:
        """Without a view the first one is meant, unless there are conditions: then none is.

        Raises `NoSuchView` for a view that isn't there or belongs to somebody else.
        """
        view = query.get("view", "")
        if not view and "w" not in query and kind.views:
            view = kind.views[0].name
        saved = None
        if (pk := record_id(view)) is not None:
            saved = SavedView.objects.visible_to(actor).filter(pk=pk, kind=kind.name).first()
            if saved is None:
                raise NoSuchView(view)
            base = Shape.of_saved(kind, saved)
        elif view:
            built_in = next((each for each in kind.views if each.name == view), None)
            if built_in is None:
                raise NoSuchView(view)
            base = Shape.of_view(kind, built_in)
        else:
            base = Shape(sort=kind.default_sort, columns=_kind_columns(kind))
        return cls(kind, view, base, _read(kind, query, base), saved)

    @property
    def columns(self) -> list[Field]:
        """The fields to show, the one that names the record always among them."""
        names = list(self.shape.columns)
        if self.kind.title not in names:
            names.insert(0, self.kind.title)
        return [self.kind.field(name) for name in dict.fromkeys(names)]

    @property
    def is_edited(self) -> bool:
        """Whether the list differs from the view it started from, the search text aside."""
        return replace(self.shape, text="") != replace(self.base, text="")

    def url(self, path: str = "", *, text: str | None = None, **more: str) -> str:
        """The address of this list, or of `path` below it; `more` are parameters beside."""
        query = urlencode([*self.pairs(text=text), *more.items()])
        return f"/{self.kind.address}/{path}" + (f"?{query}" if query else "")

    def pairs(self, *, text: str | None = None) -> list[tuple[str, str]]:
        """The parameters that say what differs from the view."""
        pairs: list[tuple[str, str]] = [("view", self.view)] if self.view else []
        if self.shape.conditions != self.base.conditions or not self.view:
            # An empty `w` says that the view's conditions were all taken away.
            pairs += [("w", condition) for condition in self.shape.conditions or ("",)]
        if self.shape.sort != self.base.sort:
            pairs.append(("sort", self.shape.sort))
        if self.shape.columns != self.base.columns:
            pairs.append(("columns", ",".join(self.shape.columns)))
        if self.shape.group != self.base.group:
            pairs.append(("group", self.shape.group))
        text = self.shape.text if text is None else text
        if text != self.base.text:
            pairs.append(("q", text))
        return pairs

    def without(self, place: int) -> ListQuery:
        kept = tuple(c for at, c in enumerate(self.shape.conditions) if at != place)
        return self._with(conditions=kept)

    def only(self, conditions: Iterable[str]) -> ListQuery:
        return self._with(conditions=tuple(conditions))

    def adding(self, condition: str) -> ListQuery:
        known = self.shape.conditions
        return self if condition in known else self._with(conditions=(*known, condition))

    def sorted(self, sort: str) -> ListQuery:
        return self._with(sort=sort)

    def showing(self, columns: Sequence[str]) -> ListQuery:
        return self._with(columns=tuple(columns))

    def grouped(self, group: str) -> ListQuery:
        return self._with(group=group)

    def searching(self, text: str) -> ListQuery:
        return self._with(text=text)

    def _with(
        self,
        conditions: tuple[str, ...] | None = None,
        text: str | None = None,
        sort: str | None = None,
        columns: tuple[str, ...] | None = None,
        group: str | None = None,
    ) -> ListQuery:
        shape = self.shape
        return replace(
            self,
            shape=Shape(
                shape.conditions if conditions is None else conditions,
                shape.text if text is None else text,
                shape.sort if sort is None else sort,
                shape.columns if columns is None else columns,
                shape.group if group is None else group,
            ),
        )


def _kind_columns(kind: Kind) -> tuple[str, ...]:
    return tuple(kind.columns)


def _read(kind: Kind, query: QueryDict, base: Shape) -> Shape:
    conditions = tuple(w for w in query.getlist("w") if w) if "w" in query else base.conditions
    columns = tuple(name for name in query.get("columns", "").split(",") if name in kind)
    return Shape(
        tuple(dict.fromkeys(conditions)),
        query.get("q", base.text),
        query.get("sort") or base.sort,
        columns or base.columns,
        query.get("group", base.group)[:120],
    )
