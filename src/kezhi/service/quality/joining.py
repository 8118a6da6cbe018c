"""What a colleague who leaves hands on: articles to keep up to date, cases to review."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy

from kezhi.accounts.models import User
from kezhi.customers import holdings
from kezhi.service.models import Article, CaseReview


def register() -> None:
    """Called once, when the apps are ready."""
    holdings.register(
        holdings.Holding(
            "article",
            gettext_lazy("Articles to keep up to date"),
            lambda person: Article.objects.filter(owner_id=person),
            "owner_id",
        )
    )
    holdings.register(
        holdings.Holding(
            "case_review",
            gettext_lazy("Cases to review"),
            lambda person: CaseReview.objects.filter(
                reviewer_id=person, state=CaseReview.State.OPEN
            ),
            "reviewer_id",
            make_room=_make_room,
        )
    )


def _make_room(rows: QuerySet[Any], before: User, after: int) -> None:
    """Nobody reviews their own case, nor one twice: such a review falls away."""
    twice = CaseReview.objects.filter(reviewer_id=after).values("ticket_id")
    rows.filter(Q(agent_id=after) | Q(ticket_id__in=twice)).delete()
