"""What people are told of success plans, and who takes them over."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from kezhi.customers import holdings
from kezhi.messaging.noticing import NoticeKind, Way, declare
from kezhi.service.models import SuccessPlan
from kezhi.service.success import endangering


def register() -> None:
    endangering.register()
    declare(
        NoticeKind(
            "success_plan.assigned",
            gettext_lazy("A success plan is given to you"),
            gettext_lazy("%(who)s gave you the success plan %(what)s"),
            "flag",
            Way.DIGEST,
        ),
        NoticeKind(
            "success_plan.behind",
            gettext_lazy("A success plan of yours falls behind"),
            gettext_lazy("%(state)s: %(what)s"),
            "alert",
            Way.DIGEST,
        ),
    )
    holdings.register(
        holdings.Holding(
            "success_plan",
            gettext_lazy("Running success plans"),
            lambda person: SuccessPlan.objects.running().filter(manager_id=person),
            "manager_id",
            customer="customer_id",
        )
    )
