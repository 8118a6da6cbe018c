"""Nothing that came is left lying: letters without a ticket get one, words without an answer go up the tree."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from kezhi.accounts.models import Department
from kezhi.core.actor import SYSTEM
from kezhi.messaging.models import Incoming
from kezhi.messaging.noticing import notify
from kezhi.messaging.storing import stored
from kezhi.service.intake.desks import desks_in_use
from kezhi.service.intake.receiving import take_letter
from kezhi.service.models import IntakeSettings, ServiceMailbox, Ticket

logger = logging.getLogger(__name__)

A_SWEEP = 200
MOST_TOLD = 500


def letters_without_ticket(served: Sequence[ServiceMailbox] | None = None) -> Any:
    """What came to mailboxes that serve tickets and has none: it should be empty.

    Who has asked for the mailboxes already hands them over.
    """
    rows = Incoming.objects.none()
    for desk in desks_in_use()[:100] if served is None else served:
        rows |= Incoming.objects.filter(_waiting_at(desk))
    return rows.select_related("account").order_by("-pk")


def take_in_orphans(at: datetime) -> int:
    """A ticket for each of them. What can't be taken in with everything that belongs to it is taken in bare."""
    taken = 0
    for desk in desks_in_use()[:100]:
        waiting = Incoming.objects.filter(_waiting_at(desk)).order_by("pk")
        for pk in list(waiting.values_list("pk", flat=True)[:A_SWEEP]):
            taken += _taken(pk, desk, at)
    return taken


def tell_of_unanswered(at: datetime) -> int:
    """Tickets that no clock watches and nobody answered: the head of the department is told, then those above.

    Each once, after so many hours, twice as many, and so on up to the root.
    """
    hours = timedelta(hours=IntakeSettings.current().unanswered_hours)
    rows = Ticket.objects.open().filter(
        Q(answered_at__isnull=True) | Q(answered_at__lt=F("customer_wrote_at")),
        customer_wrote_at__lt=at - hours,
        due_at__isnull=True,
    )
    told = 0
    tree = {row.pk: row for row in Department.objects.all()}
    for ticket in rows.select_related("assignee").order_by("customer_wrote_at", "pk")[:MOST_TOLD]:
        wrote = ticket.customer_wrote_at
        if wrote is None:
            continue
        for level, head in enumerate(_heads_above(ticket, tree)[: int((at - wrote) / hours)], 1):
            made = notify(
                [head],
                "ticket.unanswered",
                at=at,
                about=ticket,
                words={"what": str(ticket)},
                key=f"unanswered:{ticket.pk}:{wrote:%Y%m%d%H%M%S}:{level}",
            )
            told += len(made)
    return told


def _waiting_at(desk: ServiceMailbox) -> Q:
    return Q(
        account_id=desk.account_id,
        state__in=[Incoming.State.UNKNOWN, Incoming.State.SEVERAL],
        received_at__gte=desk.since,
    )


def _taken(pk: int, desk: ServiceMailbox, at: datetime) -> int:
    for is_bare in (False, True):
        try:
            with transaction.atomic():
                rows = Incoming.objects.select_for_update(skip_locked=True, of=("self",))
                letter = rows.filter(_waiting_at(desk), pk=pk).first()
                if letter is None:
                    return 0
                raw = stored(letter.stored_as)
                take_letter(letter, desk, raw, actor=SYSTEM, at=at, is_bare=is_bare)
        except Exception:
            logger.exception("A letter could not become a ticket")
        else:
            return 1
    return 0


def _heads_above(ticket: Ticket, tree: dict[int, Department]) -> list[int]:
    """Who answers for it: the head of its department, then those above; each person once."""
    here = ticket.handling_department_id
    if here is None and ticket.assignee is not None:
        here = ticket.assignee.department_id
    here = here or ticket.department_id
    path = (
        tree[here].path if here in tree else [pk for pk, row in tree.items() if not row.parent_id]
    )
    heads = (tree[pk].head_id for pk in reversed(path) if pk in tree)
    return list(dict.fromkeys(head for head in heads if head is not None))
