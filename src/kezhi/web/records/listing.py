"""Everything that a list page shows, from its address."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from markupsafe import Markup

from kezhi.records import Field, FieldKind, Kind, registry
from kezhi.web.records.access import asking
from kezhi.web.records.actions import ACTIONS, TONE_READS, TONES, BulkAction, bulk_actions_of
from kezhi.web.records.cells import unit_of
from kezhi.web.records.grouping import Grouping, grouping_of
from kezhi.web.records.marking import marks_of
from kezhi.web.records.rows import RowWriter
from kezhi.web.records.sightings import note_seen
from kezhi.web.requests import PersonRequest
from kezhi.workbench import tagging
from kezhi.workbench.bulk_changing import Verb, offered
from kezhi.workbench.counting import GLANCE, Totals, count, totals
from kezhi.workbench.customizing import linking
from kezhi.workbench.filtering import Criterion, Filter
from kezhi.workbench.list_query import ListQuery
from kezhi.workbench.saving_views import views_beside, views_of
from kezhi.workbench.searching import looking_up
from kezhi.workbench.sorting import Page

K = FieldKind
# What a phone shows of a row beside its name: one figure, and a few short facts.
MAIN_KINDS = (K.MONEY, K.SCORE, K.DATE, K.MOMENT)
LOOSEST = 1_000  # as far as is counted what another filter would find


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
        if self.filter.problems or self.grouping is None or not self.grouping.problem:
            return self.filter.problems
        return (self.grouping.problem,)

    @cached_property
    def grouping(self) -> Grouping | None:
        """The groups of the list, if it is grouped; asked for in one question."""
        if not self.query.shape.group or self.filter.problems:
            return None
        return grouping_of(self)

    def matches(self, action: str = "read") -> QuerySet[Any]:
        """All records behind the list on which the person may do `action`, in no order."""
        order = self.filter.order
        via = order.relation if order is not None and order.relation in self.kind.certain else ""
        rows: QuerySet[Any] = self.kind.visible_to(self.actor, action, via)
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
        rows = self.matches()
        if self.grouping is not None:
            if self.grouping.conditions is None:
                return Page([])
            rows = self._only(rows, self.grouping.conditions)
        if self.kind.name not in TONES or self.kind.name in TONE_READS:
            needed = [*self._needed(), *TONE_READS.get(self.kind.name, ())]
            related = {path.rpartition("__")[0] for path in needed} & {*self.kind.select_related}
            rows = rows.select_related(None)
            rows = (rows.select_related(*related) if related else rows).only(*needed)
        is_wide = self.filter.is_wide
        with looking_up(is_wide=is_wide) if self.query.shape.text else nullcontext():
            return self.filter.order.page(rows, after, before)

    def _only(self, rows: QuerySet[Any], conditions: Sequence[str]) -> QuerySet[Any]:
        return Filter.of(self.kind, asking(self.request), conditions=conditions).apply(rows)

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
    def rows(self) -> list[Markup]:
        """The rows of the table, ready."""
        if any(column.field.kind is K.TAGS for column in self.columns):
            tagging.attach(self.kind.name, self.page.rows)
        self._attach(self.page.rows)
        shown = [column.field for column in self.columns]
        note_seen(self.request, self.kind, self.page.rows, shown, "list")
        self._writer.marks = marks_of(self.kind.name, self.page.rows)
        return [self._writer.write(record) for record in self.page.rows]

    def row_of(self, record: Any) -> Markup:
        """One row, as it stands in this list."""
        self._attach([record])
        self._writer.marks = marks_of(self.kind.name, [record])
        return self._writer.write(record)

    def _attach(self, records: Sequence[Any]) -> None:
        named = (self.kind.title, *self.kind.subtitle)
        fields = [column.field for column in self.columns]
        linking.attach(records, [*fields, *(self.kind.field(name) for name in named)], self.actor)

    @cached_property
    def _writer(self) -> RowWriter:
        return RowWriter(
            self.kind,
            self.columns,
            on=self.request.today,
            selectable=self.is_selectable,
            may_edit=self.actor.may("edit", self.kind.name),
            has_actions=self.has_actions,
            back=self.query.url(),
            sum_field=self.sum_field if self.is_selectable else None,
        )

    @cached_property
    def is_selectable(self) -> bool:
        """Whether there is anything that this person may do with several rows at once."""
        return self.actor.may("export", self.kind.name) or bool(self.bulk_verbs)

    @cached_property
    def sum_field(self) -> Field | None:
        """The column whose sum over the selected rows is told."""
        fields = (column.field for column in self.columns)
        return next((f for f in fields if f.kind is K.MONEY and f.total and not f.is_masked), None)

    @property
    def bulk_actions(self) -> list[BulkAction]:
        """What has a page of its own for several rows."""
        return bulk_actions_of(self.kind.name, self.actor)

    @cached_property
    def bulk_verbs(self) -> list[Verb]:
        """What this person may do with several rows at once, export aside."""
        return offered(self.kind, self.actor)

    @property
    def has_actions(self) -> bool:
        return self.kind.name in ACTIONS and self.actor.may("edit", self.kind.name)

    def _needed(self) -> list[str]:
        """The columns of the tables that the rows show: the rest of a customer isn't fetched for a list."""
        kind = self.kind
        fields = [column.field for column in self.columns]
        fields += [kind.field(name) for name in (kind.title, *kind.subtitle)]
        paths = ["pk", *kind.url_takes]
        for each in fields:
            if each.kind is K.TAGS:
                continue
            if each.reads is not None:
                paths += each.takes
            else:
                paths += [path for path in (each.path, each.before_path, each.since_path) if path]
            if each.kind is K.LINK and each.reads is None:
                linked = registry[each.link]
                named = linked.field(linked.title)
                paths += [
                    f"{each.path}__{path}"
                    for path in (*(named.takes or (named.path,)), *linked.url_takes)
                ]
            if each.kind is K.PERSON and each.reads is None:
                paths.append(f"{each.path}__name")
        return list(dict.fromkeys(paths))

    @property
    def pickable(self) -> list[Field]:
        """The fields that can be shown as columns, those that are first."""
        shown = [field for field in self.query.columns if field.name != self.kind.title]
        names = {self.kind.title, *(field.name for field in shown)}
        return shown + [field for field in self.kind.fields if field.name not in names]

    @property
    def hides_columns(self) -> bool:
        """Whether the view was saved with a column that this person's role doesn't see."""
        if self.query.saved is None:
            return False
        names = QueryDict(self.query.saved.query).get("columns", "").split(",")
        whole = registry[self.kind.name]
        return any(name in whole and name not in self.kind for name in names)

    @property
    def shows_predictions(self) -> bool:
        return any(column.field.is_predicted for column in self.columns)

    @property
    def previous_url(self) -> str:
        return self._leafed(before=self.page.previous) if self.page.previous else ""

    @property
    def next_url(self) -> str:
        return self._leafed(after=self.page.next) if self.page.next else ""

    def _leafed(self, **to: str) -> str:
        """Another page of the rows: of the group that is open, where there are groups."""
        if self.grouping is not None:
            to["open"] = self.grouping.open
        return self.query.url(**to)

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
            (count(self.filter.apply(rows, leaving_out=at), LOOSEST), chip)
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
        # The navigation around the list shows the pinned ones of these.
        self.request.saved_views = views_beside(self.kind, self.actor)
        saved = views_of(self.kind, self.actor, self.request.saved_views)
        return tabs + [self._tab(str(view.pk), view.name, False, with_counts) for view in saved]

    def _tab(self, name: str, label: str, is_alert: bool, with_counts: bool) -> Tab:
        is_current = self.query.view == name
        shown = None
        if with_counts:
            shown = counted(count(self._view_rows(name), GLANCE))
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
    """1,284, or 10,000+ (beside a view 1,000+) where counting stopped."""
    return f"{found.count:,}+" if found.is_capped else f"{found.count:,}"


def _falls(field: Field) -> bool:
    return field.is_number or field.kind in (K.DATE, K.MOMENT)
