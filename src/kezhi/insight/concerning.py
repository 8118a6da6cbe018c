"""What the measuring of value has for a person's digest: whose tier moved, and who may be leaving."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezhi.accounts.models import User
from kezhi.customers.models import Customer, Standing
from kezhi.insight.figures.work_list import listed
from kezhi.insight.models import TierMove
from kezhi.messaging.digesting import SECTIONS, SHOWN, Period, Section
from kezhi.messaging.letters import Row
from kezhi.messaging.noticing import address
from kezhi.records import registry

BEST_FIRST = "SABCD"


def register() -> None:
    SECTIONS.append(Section(gettext_lazy("Tiers that moved"), _tier_moves))
    SECTIONS.append(Section(gettext_lazy("Most value at risk"), _at_risk))


def _tier_moves(person: User, period: Period) -> list[Row]:
    """Of the person's own customers since the last digest, those that fell first."""
    if not person.sees("customer", "value"):
        return []
    since = period.since.astimezone(period.company.zone).date()
    rows = TierMove.objects.visible_to(person).filter(
        customer__owner=person, moved_on__gt=since, before__in=list(BEST_FIRST)
    )
    moves = list(rows.select_related("customer").order_by("-moved_on", "pk")[: SHOWN * 5])
    moves.sort(key=lambda move: BEST_FIRST.find(move.before) - BEST_FIRST.find(move.after))
    return [
        Row(move.customer.name, f"{move.before} → {move.after}", _link(move.customer))
        for move in moves[:SHOWN]
    ]


def _at_risk(person: User, period: Period) -> list[Row]:
    """The person's own customers on the work list, the most value at risk first."""
    if not person.sees("customer", "value"):
        return []
    rows = listed(person).filter(owner_id=person.pk).select_related("customer")
    return [
        Row(each.customer.name, _worth(each, period), _link(each.customer))
        for each in rows.order_by("-value_at_risk", "customer_id")[:SHOWN]
    ]


def _worth(standing: Standing, period: Period) -> str:
    return _("%(amount)s %(currency)s at risk") % {
        "amount": f"{standing.value_at_risk:,.0f}",
        "currency": period.company.currency,
    }


def _link(customer: Customer) -> str:
    return address(registry["customer"].url_of(customer))
