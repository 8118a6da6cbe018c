"""What of the customers' work concerns a person: told in the morning, and in the digest."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezhi.accounts.models import Company, User
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.customers.models import FollowUp, Promise
from kezhi.messaging.digesting import SECTIONS, SHOWN, Period, Section
from kezhi.messaging.letters import Row
from kezhi.messaging.noticing import address, notify
from kezhi.records import registry

MORNING = 8
AHEAD = timedelta(days=1)


@audited("follow_ups.told")
def tell_what_is_due(*, actor: Actor, at: datetime) -> int:
    """At eight by the company's clock: how many follow-ups are due, once a day to each person."""
    company = Company.current()
    if company is None or at.astimezone(company.zone).hour != MORNING:
        return 0
    day = at.astimezone(company.zone).date()
    due = FollowUp.objects.filter(done_at__isnull=True, due_on__lte=day)
    counts = due.values_list("assignee").annotate(Count("pk")).order_by("assignee")
    told = 0
    for person, number in counts:
        key = f"due:{day.isoformat()}"
        told += len(notify([person], "follow_up.due", at=at, words={"what": number}, key=key))
    note(people=told)
    return told


def register() -> None:
    SECTIONS.append(Section(gettext_lazy("Follow-ups due"), _follow_ups))
    SECTIONS.append(Section(gettext_lazy("Promises due"), _promises))


def _follow_ups(person: User, period: Period) -> list[Row]:
    day = period.at.astimezone(period.company.zone).date()
    rows = FollowUp.objects.visible_to(person).filter(
        assignee=person, done_at__isnull=True, due_on__lte=day + AHEAD
    )
    kind = registry["follow_up"]
    return [
        Row(
            f"{row.customer.name}: {row.subject}",
            _("overdue since %(day)s") % {"day": row.due_on.isoformat()}
            if row.due_on < day
            else row.due_on.isoformat(),
            address(kind.url_of(row)),
        )
        for row in rows.select_related("customer").order_by("due_on", "pk")[:SHOWN]
    ]


def _promises(person: User, period: Period) -> list[Row]:
    if not person.may("read", "promise"):
        return []
    day = period.at.astimezone(period.company.zone).date()
    rows = Promise.objects.visible_to(person).open()
    rows = rows.filter(made_by=person, due_on__lte=day + AHEAD).select_related("customer")
    kind = registry["promise"]
    return [
        Row(f"{row.customer.name}: {row.what}", row.due_on.isoformat(), address(kind.url_of(row)))
        for row in rows.order_by("due_on", "pk")[:SHOWN]
    ]
