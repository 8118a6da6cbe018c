"""How tickets are known to the apps below: notices, hand-overs, changes in sets, places that follow owners."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kezhi.customers import holdings, placing
from kezhi.insight import publishing
from kezhi.messaging import noticing
from kezhi.messaging.models import NoticePreference
from kezhi.service.models import Macro, Ticket
from kezhi.service.tickets import (
    changing,
    changing_many,
    costing,
    hooks,
    macros,
    parting,
    routing,
    staking,
    taking_back,
)
from kezhi.workbench import bulk_changing

Way = NoticePreference.Way


def register() -> None:
    """Called once, when the apps are ready."""
    noticing.declare(
        noticing.NoticeKind(
            "ticket.assigned",
            _("A ticket is given to you"),
            _("%(who)s gave you the ticket %(what)s"),
            "ticket",
            Way.HERE,
        ),
        noticing.NoticeKind(
            "ticket.received",
            _("A customer writes on your ticket"),
            _("The customer wrote on the ticket %(what)s"),
            "ticket",
            Way.HERE,
        ),
        noticing.NoticeKind(
            "ticket.woke",
            _("A ticket that rested is back"),
            _("Back in the queue: %(what)s"),
            "clock",
            Way.HERE,
        ),
    )
    holdings.register(
        holdings.Holding(
            "ticket",
            _("Open tickets"),
            lambda person: Ticket.objects.open().filter(assignee_id=person),
            "assignee_id",
            "customer_id",
        )
    )
    holdings.register(
        holdings.Holding(
            "macro",
            _("Macros shown to all"),
            lambda person: Macro.objects.filter(owner_id=person, is_shared=True),
            "owner_id",
            make_room=holdings.renamed,
        )
    )
    placing.on_place.append(follow_owners)
    hooks.MAY_CLOSE.append(parting.open_parts)
    hooks.ROUTING.append(routing.route_by_skill)
    hooks.ON_CHANGED.append(costing.follow_customer)
    publishing.on_published.append(staking.keep_stakes)
    macros.register()
    taking_back.register()
    changing_many.register()
    bulk_changing.ASSIGNING["ticket"] = ("assignee", changing.assign_ticket)


def follow_owners(customer_ids: list[int]) -> None:
    """Tickets repeat the owner, team and department of their customer."""
    placing.follow_in(Ticket._meta.db_table, customer_ids)
