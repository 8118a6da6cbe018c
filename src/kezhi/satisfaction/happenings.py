"""Events of the customers' own records after which a survey may be sent; higher apps register theirs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.customers.models import Need, Promise
from kezhi.customers.reaching import home_zone
from kezhi.satisfaction import sending
from kezhi.satisfaction.sending import Event, Happening

# What is settled within so many days of its day: read by the index of that day.
AROUND = timedelta(days=90)


def days_of(since: datetime, until: datetime) -> tuple[date, date]:
    """The company's first and last day of that time, where a happening has a day and no hour."""
    zone = home_zone()
    return since.astimezone(zone).date(), until.astimezone(zone).date()


def _promises(since: datetime, until: datetime) -> Iterator[Happening]:
    first, last = days_of(since, until)
    rows = Promise.objects.filter(
        due_on__range=(first - AROUND, last + AROUND),
        state__in=("kept", "broken"),
        settled_on__range=(first, last),
    )
    for row in rows.order_by("due_on", "pk").iterator(chunk_size=500):
        yield Happening(
            f"promise:{row.pk}",
            row.customer_id,
            row.contact_id,
            "promise",
            row.pk,
            row.made_by_id,
            row.department_id,
            row.state,
        )


def _needs(since: datetime, until: datetime) -> Iterator[Happening]:
    first, last = days_of(since, until)
    rows = Need.objects.filter(
        reply_due_on__range=(first - AROUND, last + AROUND),
        state__in=("answered", "declined"),
        replied_on__range=(first, last),
    )
    for row in rows.order_by("reply_due_on", "pk").iterator(chunk_size=500):
        yield Happening(
            f"need:{row.pk}",
            row.customer_id,
            row.contact_id,
            "need",
            row.pk,
            row.handler_id,
            row.handling_department_id,
            row.state,
        )


def register() -> None:
    sending.register(
        Event(
            "promise.settled",
            _("A promise was kept or broken"),
            (
                ("kept", pgettext_lazy("promise", "Kept")),
                ("broken", pgettext_lazy("promise", "Broken")),
            ),
            _promises,
        )
    )
    sending.register(
        Event(
            "need.answered",
            _("A need was answered"),
            (
                ("answered", pgettext_lazy("need", "Answered")),
                ("declined", pgettext_lazy("need", "Declined")),
            ),
            _needs,
        )
    )
