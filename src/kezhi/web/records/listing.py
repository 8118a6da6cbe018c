"""Everything that a list page shows, from its address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from kezhi.records import Field, FieldKind, Kind
from kezhi.web.records.access import asking
from kezhi.web.records.actions import Action, actions_of, tones_of
from kezhi.web.records.cells import Cell, cell, subtitle_of, title_of, unit_of
from kezhi.web.requests import PersonRequest
from kezhi.workbench.counting import Totals, count, totals
from kezhi.workbench.filtering import Criterion, Filter
from kezhi.workbench.list_query import ListQuery
from kezhi.workbench.saving_views import views_of
from kezhi.workbench.sorting import Page

K = FieldKind
# What a phone shows of a row beside its name: one figure, and a few short facts.
MAIN_KINDS = (K.MONEY, K.SCORE, K.DATE, K.MOMENT)
MOST_META = 4


@dataclass(frozen=True)
class Column:
    """A column's heading: where a click on it sorts, and how it is sorted now."""

    field: Field
    unit: str
    href: str = ""
    direction: str = ""
    is_title: bool = False
    is_main: bool = False


@dataclass(frozen=True)
class Row:
    pk: int
    title: str
    subtitle: str
    href: str
    cells: Sequence[Cell]
    meta: Sequence[Cell]
    actions: Sequence[Action]


@dataclass(frozen=True)
class Chip:
    """A filter in force; `remove` is the list without it, `edit` the list with its form open."""

    criterion: Criterion
    remove: str
    edit: str


@dataclass(frozen=True)
class Tab:
    label: str
    href: str
    current: bool
    alert: bool = False
    edited: bool = False
    count: str | None = None


class Listing:
    """A list as this person sees it; what costs a query is fetched when the page asks for it."""

    def __init__(self, request: PersonRequest, kind: Kind) -> None:
        self.request, self.kind, self.actor = request, kind, request.actor
        self.query = ListQuery.read(kind, request.GET, request.actor)
        self.filter = self._filter(self.query)

    def _filter(self, query: ListQuery) -> Filter:
        shape = query.shape
        return Filter.of(
            self.kind,
            asking(self.request),
            conditions=shape.conditions,
            text=shape.text,
            sort=shape.sort,
        )

    @property
    def problems(self) -> tuple[str, ...]:
        return self.filter.problems

    def matches(self, action: str = "read") -> QuerySet[Any]:
        """All records behind the list on which the person may do `action`, in no order."""
        rows: QuerySet[Any] = self.kind.visible_to(self.actor, action)
        return self.filter.apply(rows.select_related(*self.kind.select_related))

    def ordered(self, action: str = "read") -> QuerySet[Any]:
        rows = self.matches(action)
        return self.filter.order.apply(rows) if self.filter.order else rows

    # ---- the table ----

    @cached_property
    def page(self) -> Page:
        if self.filter.order is None or self.problems:
            return Page([])
        after, before = self.request.GET.get("after", ""), self.request.GET.get("before", "")
        return self.filter.order.page(self.matches(), after, before)

    @cached_property
    def columns(self) -> list[Column]:
        fields = self.query.columns
        candidates = [f for f in fields if f.kind in MAIN_KINDS and f.name != self.kind.title]
        main = min(candidates, key=lambda field: MAIN_KINDS.index(field.kind), default=None)
        return [self._column(field, field is main) for field in fields]

    def _column(self, field: Field, is_main: bool) -> Column:
        href = direction = ""
        if field.is_sortable:
            order = self.filter.order
            is_current = order is not None and order.field is field
            # Figures and days are wanted from the top first, names from the beginning.
            descends = not (order and order.is_descending) if is_current else _falls(field)
            href = self.query.sorted(f"-{field.name}" if descends else field.name).url()
            if is_current and order is not None:
                direction = "descending" if order.is_descending else "ascending"
        unit = unit_of(field, self.request.company.currency)
        return Column(field, unit, href, direction, field.name == self.kind.title, is_main)

    @cached_property
    def rows(self) -> list[Row]:
        may_act = self.actor.may("edit", self.kind.name)
        return [self._row(record, may_act) for record in self.page.rows]

    def _row(self, record: Any, may_act: bool) -> Row:
        today = self.request.today
        tones = tones_of(self.kind.name, record, today)
        cells = [
            cell(each.field, record, tones.get(each.field.name, ""), today) for each in self.columns
        ]
        plain = [
            each
            for each, column in zip(cells, self.columns, strict=True)
            if not (column.is_title or column.is_main or each.is_empty)
        ]
        return Row(
            record.pk,
            title_of(self.kind, record),
            subtitle_of(self.kind, record, self.query.shape.columns),
            self.kind.url_of(record),
            cells,
            plain[:MOST_META],
            actions_of(self.kind.name, record) if may_act else [],
        )

    @property
    def pickable(self) -> list[Field]:
        """The fields that can be shown as columns, those that are first."""
        shown = [field for field in self.query.columns if field.name != self.kind.title]
        names = {self.kind.title, *(field.name for field in shown)}
        return shown + [field for field in self.kind.fields if field.name not in names]

    @property
    def shows_predictions(self) -> bool:
        return any(column.field.is_predicted for column in self.columns)

    @property
    def has_actions(self) -> bool:
        return any(row.actions for row in self.rows)

    @property
    def previous_url(self) -> str:
        return self.query.url(before=self.page.previous) if self.page.previous else ""

    @property
    def next_url(self) -> str:
        return self.query.url(after=self.page.next) if self.page.next else ""

    @cached_property
    def totals(self) -> Totals:
        return totals(self.matches(), [column.field for column in self.columns])

    # ---- the filters ----

    @cached_property
    def chips(self) -> list[Chip]:
        return [
            Chip(criterion, self.query.without(at).url(), self.query.url(edit=str(at)))
            for at, criterion in enumerate(self.filter.criteria)
        ]

    @property
    def sort_shown(self) -> str:
        order = self.filter.order
        if order is None:
            return ""
        field = order.field
        if field.is_number or field.kind in (K.TIER, K.CHOICE):
            # Choices stand in the order of their declaration, the highest first.
            high_first = order.is_descending == field.is_number
            words = _("%(field)s, high to low") if high_first else _("%(field)s, low to high")
        elif field.kind in (K.DATE, K.MOMENT):
            latest = order.is_descending
            words = _("%(field)s, latest first") if latest else _("%(field)s, earliest first")
        else:
            words = _("%(field)s, Z to A") if order.is_descending else _("%(field)s, A to Z")
        return words % {"field": field.label}

    @cached_property
    def loosest(self) -> tuple[Chip, str] | None:
        """Of an empty list: the filter without which most is found, and how much that is."""
        if not self.filter.criteria or self.problems:
            return None
        rows = self.kind.visible_to(self.actor)
        found = [
            (count(self.filter.apply(rows, leaving_out=at)), chip)
            for at, chip in enumerate(self.chips)
        ]
        best, chip = max(found, key=lambda pair: (pair[0].is_capped, pair[0].count))
        return (chip, counted(best)) if best.count else None

    @property
    def is_all_well(self) -> bool:
        """Whether this is a view that warns, as it was made, and it has nothing to warn of."""
        view = next((view for view in self.kind.views if view.name == self.query.view), None)
        is_asked_plainly = not (self.query.is_edited or self.filter.text)
        return view is not None and view.is_alert and is_asked_plainly

    @property
    def looked_at(self) -> str:
        return counted(count(self.kind.visible_to(self.actor)))

    @cached_property
    def is_first_use(self) -> bool:
        """Whether the person has no record of this kind at all, filters aside."""
        return not self.kind.visible_to(self.actor).exists()

    # ---- the views ----

    def tabs(self, with_counts: bool = False) -> list[Tab]:
        tabs = [
            self._tab(view.name, str(view.label), view.is_alert, with_counts)
            for view in self.kind.views
        ]
        saved = views_of(self.kind, self.actor)
        return tabs + [self._tab(str(view.pk), view.name, False, with_counts) for view in saved]

    def _tab(self, name: str, label: str, is_alert: bool, with_counts: bool) -> Tab:
        is_current = self.query.view == name
        shown = None
        if with_counts:
            shown = counted(count(self._view_rows(name)))
        return Tab(
            label,
            f"/{self.kind.address}/?view={name}",
            is_current,
            is_alert,
            is_current and self.query.is_edited,
            shown,
        )

    def _view_rows(self, name: str) -> QuerySet[Any]:
        query = ListQuery.read(self.kind, QueryDict(f"view={name}"), self.actor)
        return self._filter(query).apply(self.kind.visible_to(self.actor))


def counted(found: Totals) -> str:
    """1,284, or 10,000+ where counting stopped."""
    return f"{found.count:,}+" if found.is_capped else f"{found.count:,}"


def _falls(field: Field) -> bool:
    return field.is_number or field.kind in (K.DATE, K.MOMENT)
