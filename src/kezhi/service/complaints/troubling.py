"""No selling into trouble: who has an open complaint or a fault that isn't resolved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Min
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kezhi.customers.models import Contact
from kezhi.customers.models.consent import Purpose
from kezhi.customers.reaching import Person
from kezhi.service.models import Complaint, Ticket

SELLING = frozenset({Purpose.MARKETING, Purpose.PROFILING})


@dataclass(frozen=True, slots=True)
class Trouble:
    """How many complaints are open and faults unresolved, and since when the oldest is."""

    complaints: int
    faults: int
    since: datetime

    @property
    def words(self) -> str:
        """In a sentence, without names."""
        found = []
        if self.complaints:
            found.append(
                ngettext(
                    "%(count)s complaint is open.",
                    "%(count)s complaints are open.",
                    self.complaints,
                )
                % {"count": self.complaints}
            )
        if self.faults:
            found.append(
                ngettext(
                    "%(count)s fault isn’t resolved.",
                    "%(count)s faults aren’t resolved.",
                    self.faults,
                )
                % {"count": self.faults}
            )
        return " ".join(found)


def troubles_of(customer_ids: Iterable[int]) -> dict[int, Trouble]:
    """The trouble of those of the customers who have any: one query, whatever their number."""
    ids = list(customer_ids)
    if not ids:
        return {}
    complaints = Complaint.objects.open()
    faults = Ticket.objects.open().filter(type=Ticket.Type.FAULT)
    both = _tallied(complaints, ids, 1, 0).union(_tallied(faults, ids, 0, 1), all=True)
    found: dict[int, Trouble] = {}
    for customer, of_complaints, of_faults, since in both:
        known = found.get(customer, Trouble(0, 0, since))
        found[customer] = Trouble(
            known.complaints + of_complaints, known.faults + of_faults, min(known.since, since)
        )
    return found


def _tallied(rows: Any, ids: list[int], complaint: int, fault: int) -> Any:
    """By customer: how many complaints, how many faults, and when the oldest was opened."""
    grouped = rows.filter(customer_id__in=ids).order_by().values("customer_id")
    counted = grouped.annotate(
        complaints=Count("pk") * complaint, faults=Count("pk") * fault, since=Min("opened_at")
    )
    return counted.values_list("customer_id", "complaints", "faults", "since")


def words_of(customer_ids: Sequence[int]) -> dict[int, str]:
    """In a sentence what isn't settled with those who have trouble."""
    return {pk: trouble.words for pk, trouble in troubles_of(customer_ids).items()}


def why_not_now(customer_id: int) -> str:
    """What stands against selling to this customer; "" where nothing does."""
    found = troubles_of([customer_id]).get(customer_id)
    return found.words if found is not None else ""


def hindrances(
    persons: Sequence[Person], purpose: str, channel: str, at: datetime
) -> dict[int, str]:
    """For `customers.reaching`: nobody in trouble is sold to. Care, service and what is agreed go on."""
    if purpose not in SELLING:
        return {}
    whose = [each.customer_id if isinstance(each, Contact) else each.pk for each in persons]
    found = troubles_of(set(whose))
    return {
        place: _("No marketing now: %(trouble)s") % {"trouble": found[customer].words}
        for place, customer in enumerate(whose)
        if customer in found
    }
