"""One line of events per customer, from every source, newest first.

Sources keep their own tables; a page is merged from the newest rows of each. The cursor names the last
entry shown, so that an entry written meanwhile moves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, IntegerField, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.audit.models import Entry as Deed
from kezhi.core.actor import Actor
from kezhi.customers.models import Customer, FollowUp, Interaction, Need, Promise, Relation
from kezhi.insight.models import StageMove, TierMove
from kezhi.ledger.models import CostEntry, Order
from kezhi.records.fields import Label
from kezhi.satisfaction.models import SurveyResponse
from kezhi.service.models import Ticket
from kezhi.workbench.models import Attachment

PAGE = 20
# What happened to the customer as a record: told quietly.
RECORD_DEEDS = ("customer.reassigned", "customer.merged", "customer.shared", "customer.confirmed")


@dataclass(frozen=True, slots=True)
class Cursor:
    """The place of an entry: by day, within it by time (facts with a day only come last), then by source."""

    day: date
    at: datetime | None
    rank: int
    pk: int

    def __str__(self) -> str:
        clock = f"{self.at.timestamp():.6f}" if self.at else ""
        return f"{self.day:%Y%m%d}~{clock}~{self.rank}~{self.pk}"

    @classmethod
    def parse(cls, text: str) -> Cursor | None:
        """From the address; None when it isn't one of ours."""
        try:
            day, clock, rank, pk = text.split("~")
            at = (
                datetime.fromtimestamp(float(clock), tz=timezone.get_current_timezone())
                if clock
                else None
            )
            return cls(datetime.strptime(day, "%Y%m%d").date(), at, int(rank), int(pk))
        except (ValueError, OverflowError, OSError):
            return None

    @property
    def key(self) -> tuple[date, float, int, int]:
        return (self.day, self.at.timestamp() if self.at else 0.0, self.rank, self.pk)


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened: `record` is the row itself, `source` says which kind."""

    source: str
    record: Any
    cursor: Cursor

    @property
    def day(self) -> date:
        return self.cursor.day

    @property
    def at(self) -> datetime | None:
        return self.cursor.at


@dataclass(frozen=True, slots=True)
class Source:
    """Where entries come from. `when` is the column of its day or instant."""

    name: str
    rank: int
    when: str
    has_time: bool
    rows: Callable[[Customer, Actor], QuerySet[Any]]

    def newest(
        self, customer: Customer, actor: Actor, before: Cursor | None, limit: int
    ) -> Iterable[Entry]:
        rows = self.rows(customer, actor)
        if before is not None:
            rows = rows.filter(self._older_than(before))
        for row in rows.order_by(f"-{self.when}", "-pk")[:limit]:
            yield Entry(self.name, row, self._place(row))

    def _place(self, row: Any) -> Cursor:
        when = getattr(row, self.when)
        if not self.has_time:
            return Cursor(when, None, self.rank, row.pk)
        local = timezone.localtime(when)
        return Cursor(local.date(), local, self.rank, row.pk)

    def _older_than(self, cursor: Cursor) -> Q:
        if self.has_time and cursor.at is None:
            # What has a time of day stands above what has only the day.
            start = datetime.combine(
                cursor.day, datetime.min.time(), timezone.get_current_timezone()
            )
            return Q(**{f"{self.when}__lt": start})
        if not self.has_time and cursor.at is not None:
            return Q(**{f"{self.when}__lte": cursor.day})
        mark = cursor.at if self.has_time else cursor.day
        older = Q(**{f"{self.when}__lt": mark})
        if self.rank < cursor.rank:
            return older | Q(**{self.when: mark})
        if self.rank == cursor.rank:
            return older | Q(**{self.when: mark, "pk__lt": cursor.pk})
        return older


def _interactions(customer: Customer, actor: Actor) -> QuerySet[Any]:
    rows = Interaction.objects.visible_to(actor).filter(customer=customer)
    return rows.select_related("author", "contact")


def _done(customer: Customer, actor: Actor) -> QuerySet[Any]:
    rows = FollowUp.objects.visible_to(actor).filter(customer=customer, done_at__isnull=False)
    return rows.select_related("done_by")


def _orders(customer: Customer, actor: Actor) -> QuerySet[Any]:
    return Order.objects.visible_to(actor).filter(customer=customer)


def _costs(customer: Customer, actor: Actor) -> QuerySet[Any]:
    rows = CostEntry.objects.visible_to(actor).filter(customer=customer)
    return rows if actor.sees("cost", "money") else rows.none()


def _tier_moves(customer: Customer, actor: Actor) -> QuerySet[Any]:
    rows = TierMove.objects.visible_to(actor).filter(customer=customer)
    return rows if actor.sees("customer", "value") else rows.none()


def _stage_moves(customer: Customer, actor: Actor) -> QuerySet[Any]:
    rows = StageMove.objects.visible_to(actor).filter(customer=customer)
    return rows if actor.sees("customer", "value") else rows.none()


def _promises(customer: Customer, actor: Actor) -> QuerySet[Any]:
    rows = Promise.objects.visible_to(actor).filter(customer=customer)
    return rows.select_related("made_by", "contact")


def _needs(customer: Customer, actor: Actor) -> QuerySet[Any]:
    return Need.objects.visible_to(actor).filter(customer=customer).select_related("handler")


def _tickets(customer: Customer, actor: Actor) -> QuerySet[Any]:
    rows = Ticket.objects.visible_to(actor).filter(customer=customer)
    return rows.exclude(state=Ticket.State.SPAM).select_related("assignee")


def _responses(customer: Customer, actor: Actor) -> QuerySet[Any]:
    rows = SurveyResponse.objects.visible_to(actor).filter(customer=customer)
    return rows.select_related("survey", "contact")


def _files(customer: Customer, actor: Actor) -> QuerySet[Any]:
    """Those on the customer itself; those of an entry stand with the entry."""
    rows = Attachment.objects.filter(kind="customer", object_id=customer.pk)
    return rows.filter(removed_at__isnull=True).defer("text")


def _relations(customer: Customer, actor: Actor) -> QuerySet[Any]:
    ends = Q(customer=customer) | Q(other=customer)
    rows = Relation.objects.visible_to(actor).filter(ends)
    return rows.select_related("customer", "other")


def _deeds(customer: Customer, actor: Actor) -> QuerySet[Any]:
    rows = Deed.objects.filter(subject_kind="customer", subject_id=customer.pk)
    return rows.filter(deed__in=RECORD_DEEDS)


SOURCES = (
    Source("survey_response", 13, "answered_at", True, _responses),
    Source("ticket", 12, "opened_at", True, _tickets),
    Source("interaction", 11, "at", True, _interactions),
    Source("follow_up", 10, "done_at", True, _done),
    Source("file", 9, "created_at", True, _files),
    Source("relation", 8, "created_at", True, _relations),
    Source("deed", 7, "at", True, _deeds),
    Source("promise", 6, "made_on", False, _promises),
    Source("need", 5, "raised_on", False, _needs),
    Source("tier", 4, "moved_on", False, _tier_moves),
    Source("stage", 3, "moved_on", False, _stage_moves),
    Source("order", 2, "ordered_on", False, _orders),
    Source("cost", 1, "incurred_on", False, _costs),
)
# What the tabs above the timeline show: the sources of each.
TABS: dict[str, tuple[Label, tuple[str, ...]]] = {
    "": (pgettext_lazy("timeline", "All"), tuple(source.name for source in SOURCES)),
    "contact": (pgettext_lazy("timeline", "Contacts"), ("interaction", "follow_up")),
    "promises": (_("Promises and needs"), ("promise", "need")),
    "tickets": (_("Tickets"), ("ticket",)),
    "surveys": (_("Surveys"), ("survey_response",)),
    "orders": (_("Orders"), ("order",)),
    "value": (_("Value changes"), ("tier", "stage")),
    "costs": (_("Costs to serve"), ("cost",)),
    "record": (pgettext_lazy("timeline", "The record"), ("file", "relation", "deed")),
}


@dataclass(frozen=True, slots=True)
class Page:
    entries: tuple[Entry, ...]
    older: str
    """Cursor of the next page, or nothing."""
    last_day: date | None = None
    """The day of the entry before the first: it has its divider already."""


def timeline(
    customer: Customer,
    actor: Actor,
    *,
    tab: str = "",
    before: str = "",
    known: Counts | None = None,
) -> Page:
    """The newest entries of the tab that the actor may see, older than the cursor if there is one.

    Sources that are known to have nothing aren't asked again.
    """
    cursor = Cursor.parse(before) if before else None
    shown = TABS.get(tab, TABS[""])[1]
    found = [
        entry
        for source in SOURCES
        if source.name in shown and (known is None or known.by_source[source.name])
        for entry in source.newest(customer, actor, cursor, PAGE + 1)
    ]
    found.sort(key=lambda entry: entry.cursor.key, reverse=True)
    entries = tuple(found[:PAGE])
    older = str(entries[-1].cursor) if len(found) > PAGE else ""
    return Page(entries, older, cursor.day if cursor else None)


@dataclass(frozen=True, slots=True)
class Counts:
    by_source: dict[str, int]
    pinned: int

    @property
    def by_tab(self) -> dict[str, int]:
        return {
            tab: sum(self.by_source[name] for name in names)
            for tab, (_label, names) in TABS.items()
        }


def counts(customer: Customer, actor: Actor) -> Counts:
    """How many entries each source has, in one query."""
    row = (
        Customer.objects.filter(pk=customer.pk)
        .annotate(**{f"n_{s.name}": _count(s.rows(customer, actor)) for s in SOURCES})
        .annotate(n_pinned=_count(_interactions(customer, actor).filter(is_pinned=True)))
        .values("n_pinned", *(f"n_{source.name}" for source in SOURCES))
        .get()
    )
    by_source = {source.name: row[f"n_{source.name}"] for source in SOURCES}
    return Counts(by_source, row["n_pinned"])


def _count(rows: QuerySet[Any]) -> Any:
    """The number of rows as a scalar subquery; 0 for a queryset that is known to be empty."""
    counted = rows.order_by().values(_one=Value(1)).annotate(_n=Count("pk")).values("_n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def pinned(customer: Customer, actor: Actor) -> list[Interaction]:
    """What stands above the rest, the newest first."""
    rows = _interactions(customer, actor).filter(is_pinned=True)
    return list(rows.order_by("-at", "-pk"))


def around(interaction: Interaction) -> str:
    """The address of the timeline that begins with this entry."""
    local = timezone.localtime(interaction.at)
    just_above = Cursor(local.date(), local + timedelta(microseconds=1), 0, 0)
    at = urlencode({"before": str(just_above)})
    return f"/customers/{interaction.customer_id}/?{at}#entry-interaction-{interaction.pk}"
