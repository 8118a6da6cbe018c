"""What service keeps, as kinds of record."""

from kezhi.records import registry
from kezhi.service.declarations import (
    article,
    care,
    case_review,
    complaint,
    portal,
    success_plan,
    ticket,
)


def register() -> None:
    """Called once, when the apps are ready."""
    registry.register(ticket.KIND)
    registry.register(article.KIND)
    portal.register()
    complaint.register()
    registry.register(care.PLAN)
    registry.register(care.TOUCH)
    registry.register(success_plan.KIND)
    registry.register(case_review.KIND)
