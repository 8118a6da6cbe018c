"""What the responses, promises and tickets of the demo company say, worked out after all of them are there."""

from __future__ import annotations

from datetime import date

from django.db.models import OuterRef, QuerySet, Subquery

from kezhi.accounts.models import User
from kezhi.insight.models import Study
from kezhi.insight.studying import begin_study, run_study
from kezhi.ledger.models import Order
from kezhi.satisfaction.models import SurveyResponse
from kezhi.service.models import Ticket


def look_back(owner: User, *, today: date) -> None:
    """The studies behind the pages of customer experience."""
    _say_what_they_are_about()
    for subject in (Study.Subject.EXPERIENCE, Study.Subject.JOURNEY):
        run_study(begin_study(subject, actor=owner, on=today).pk)


def _say_what_they_are_about() -> None:
    """Who was asked to recommend had just got a delivery; who was asked about service had a ticket solved."""
    delivered = Order.objects.filter(
        customer=OuterRef("customer"), amount__gt=0, delivered_on__lte=OuterRef("answered_on")
    )
    solved = Ticket.objects.filter(
        customer=OuterRef("customer"), solved_at__lte=OuterRef("answered_at")
    ).exclude(type=Ticket.Type.COMPLAINT)
    _tie("nps", "order", delivered.order_by("-delivered_on", "-pk"))
    _tie("csat", "ticket", solved.order_by("-solved_at", "-pk"))


def _tie(instrument: str, kind: str, before: QuerySet[Order] | QuerySet[Ticket]) -> None:
    responses = SurveyResponse.objects.filter(survey__instrument=instrument, about_kind="")
    responses.update(about_id=Subquery(before.values("pk")[:1]))
    responses.filter(about_id__isnull=False).update(about_kind=kind)
