"""What a person holds: everything that must belong to somebody else before the person can leave.

Each kind is registered here by the app that owns it, in its `ready`; a hand-over moves what is registered,
and a test finds every key to a person that is neither here nor history.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Concat, Left
from django.utils.translation import gettext_lazy as _

from kezhi.accounts.models import Delegation, Department, Share, Team, User
from kezhi.customers.drafting import hand_over_drafts
from kezhi.customers.models import Draft, FollowUp, Mention, Need, Promise, Segment
from kezhi.customers.models.card import CardBatch
from kezhi.records.fields import Label
from kezhi.workbench.models import Dashboard, Report, ReportSchedule, SavedView

COUNTED = 10_000


@dataclass(frozen=True)
class Holding:
    """Rows that point to a person by `column` and go to a successor.

    `of` gives those of a person that are still open. Where `customer` names the column with the customer's id,
    a row goes where its customer goes. `make_room` is asked before rows become a successor's; `give` replaces
    the plain change of the column.
    """

    name: str
    label: Label
    of: Callable[[int], QuerySet[Any]]
    column: str
    customer: str = ""
    make_room: Callable[[QuerySet[Any], User, int], None] | None = None
    give: Callable[[list[int], int, int], None] | None = None

    def all_of(self, person: int) -> QuerySet[Any]:
        return self.of(person)

    def hand(self, pks: list[int], before: User, after: int) -> None:
        """These rows are the successor's from now on."""
        if self.give is not None:
            self.give(pks, before.pk, after)
            return
        rows = self.of(before.pk).filter(pk__in=pks)
        if self.make_room is not None:
            self.make_room(rows, before, after)
        rows.update(**{self.column: after})


@dataclass(frozen=True)
class Ending:
    """What nobody inherits: it ends with the person's work."""

    name: str
    label: Label
    of: Callable[[int], QuerySet[Any]]


_holdings: list[Holding] = []
_endings: list[Ending] = []


def register(holding: Holding) -> None:
    _holdings.append(holding)


def holdings() -> Iterable[Holding]:
    return tuple(_holdings)


def endings() -> Iterable[Ending]:
    return tuple(_endings)


def end_all(person: int, on: date) -> dict[str, int]:
    """End what nobody inherits; how many of each."""
    ended = {}
    for ending in _endings:
        rows = ending.of(person)
        ended[ending.name] = sum(1 for row in list(rows) if row.delete())
    return ended


def renamed(rows: QuerySet[Any], before: User, after: int) -> None:
    """The successor may have one of that name: the names of the leaver's say whose they were."""
    model: Any = rows.model
    taken = model.objects.filter(owner_id=after).values("name")
    suffix = f" ({before.name[:20]} #{before.pk})"
    rows.filter(name__in=taken).update(name=Concat(Left("name", 60 - len(suffix)), Value(suffix)))


def _only_new_mentions(rows: QuerySet[Any], before: User, after: int) -> None:
    """Where the successor was called by the same entry, once is enough."""
    twice = Mention.objects.filter(person_id=after).values("interaction_id")
    rows.filter(interaction_id__in=twice).delete()


def _give_drafts(pks: list[int], before: int, after: int) -> None:
    customers = Draft.objects.filter(pk__in=pks).values_list("customer_id", flat=True)
    hand_over_drafts(list(customers), before, after)


def _give_stand_ins(pks: list[int], before: int, after: int) -> None:
    """Nobody stands in for themselves, nor twice for one colleague."""
    rows = Delegation.objects.filter(pk__in=pks)
    known = Delegation.objects.filter(delegate_id=after).values("principal_id")
    rows.filter(Q(principal_id=after) | Q(principal_id__in=known)).delete()
    rows.update(delegate_id=after)


def _shared(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.exclude(audience="private")


def register_own() -> None:
    """What this app and those below know of."""
    for holding in (
        Holding(
            "follow_up",
            _("Open follow-ups"),
            lambda person: FollowUp.objects.open().filter(assignee_id=person),
            "assignee_id",
            "customer_id",
        ),
        Holding(
            "promise",
            _("Open promises"),
            lambda person: Promise.objects.open().filter(made_by_id=person),
            "made_by_id",
            "customer_id",
        ),
        Holding(
            "need",
            _("Open needs"),
            lambda person: Need.objects.open().filter(handler_id=person),
            "handler_id",
            "customer_id",
        ),
        Holding(
            "draft",
            _("Drafts"),
            lambda person: Draft.objects.filter(person_id=person),
            "person_id",
            "customer_id",
            give=_give_drafts,
        ),
        Holding(
            "mention",
            _("Unread mentions"),
            lambda person: Mention.objects.filter(person_id=person, read_at__isnull=True).annotate(
                about_customer=F("interaction__customer_id")
            ),
            "person_id",
            "about_customer",
            make_room=_only_new_mentions,
        ),
        Holding(
            "segment",
            _("Segments"),
            lambda person: Segment.objects.filter(owner_id=person),
            "owner_id",
            make_room=renamed,
        ),
        Holding(
            "view",
            _("Views shown to others"),
            lambda person: _shared(SavedView.objects.filter(owner_id=person)),
            "owner_id",
            make_room=renamed,
        ),
        Holding(
            "report",
            _("Reports shown to others"),
            lambda person: _shared(Report.objects.filter(owner_id=person)),
            "owner_id",
            make_room=renamed,
        ),
        Holding(
            "dashboard",
            _("Dashboards shown to others"),
            lambda person: _shared(Dashboard.objects.filter(owner_id=person)),
            "owner_id",
            make_room=renamed,
        ),
        Holding(
            "report_schedule",
            _("Reports sent by mail"),
            lambda person: ReportSchedule.objects.filter(
                ~Q(report__audience="private"),
                ~Q(dashboard__audience="private"),
                owner_id=person,
            ),
            "owner_id",
        ),
        Holding(
            "card_batch",
            _("Business cards"),
            lambda person: CardBatch.objects.filter(owner_id=person),
            "owner_id",
        ),
        Holding(
            "share_given",
            _("Shares granted"),
            lambda person: Share.objects.filter(granted_by_id=person),
            "granted_by_id",
            "customer_id",
        ),
        Holding(
            "standing_in",
            _("Standing in for others"),
            lambda person: Delegation.objects.filter(delegate_id=person),
            "delegate_id",
            give=_give_stand_ins,
        ),
        Holding(
            "team_lead",
            _("Teams led"),
            lambda person: Team.objects.filter(lead_id=person),
            "lead_id",
        ),
        Holding(
            "department_head",
            _("Departments headed"),
            lambda person: Department.objects.filter(head_id=person),
            "head_id",
        ),
    ):
        register(holding)
    _endings.extend(
        (
            Ending(
                "share_received",
                _("Shares received"),
                lambda person: Share.objects.filter(person_id=person),
            ),
            Ending(
                "delegation",
                _("Colleagues standing in for them"),
                lambda person: Delegation.objects.filter(principal_id=person),
            ),
        )
    )
