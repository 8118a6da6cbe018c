"""What of surveys and improvements belongs to a person, and of what they are told."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kezhi.customers import holdings
from kezhi.customers.holdings import Holding
from kezhi.messaging.noticing import NoticeKind, declare
from kezhi.satisfaction.models import Improvement, Survey


def register() -> None:
    holdings.register(
        Holding(
            "improvement",
            _("Open improvements"),
            lambda person: Improvement.objects.open().filter(owner_id=person),
            "owner_id",
        )
    )
    holdings.register(
        Holding(
            "survey_case",
            _("Surveys whose low scores they get"),
            lambda person: Survey.objects.filter(case_owner_id=person),
            "case_owner_id",
        )
    )
    declare(
        NoticeKind(
            "improvement.assigned",
            _("An improvement is given to you"),
            _("%(who)s gave you the improvement %(what)s"),
            "refresh",
        ),
        NoticeKind(
            "improvement.overdue",
            _("Improvements are overdue"),
            _("Overdue: %(what)s improvements"),
            "clock",
        ),
    )
