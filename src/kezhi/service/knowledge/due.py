"""Articles that nobody went over for a long time: their keepers are told, once for each date."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy

from kezhi.accounts.models import Company
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.messaging.noticing import NoticeKind, declare, notify
from kezhi.service.knowledge import deflecting, reading
from kezhi.service.models import Article
from kezhi.service.tickets import hooks

MOST_AT_ONCE = 500


def register() -> None:
    """Called once, when the apps are ready."""
    declare(
        NoticeKind(
            "article.review_due",
            gettext_lazy("An article of yours has to be gone over"),
            gettext_lazy("Please go over the article %(what)s"),
            "note",
        )
    )
    hooks.ON_OPENED.append(deflecting.ticket_of_contact)


@audited("articles.tended")
def tend_articles(*, actor: Actor, at: datetime) -> int:
    """Each night: keepers are told what is due, views are added up, old visits forgotten."""
    today = Company.home().today(at)
    due = Article.objects.filter(live__isnull=False, review_due_on__lte=today)
    told = 0
    for article in due.order_by("review_due_on", "pk")[:MOST_AT_ONCE]:
        key = f"article:{article.pk}:{article.review_due_on.isoformat()}"
        words = {"what": str(article)}
        told += len(
            notify(
                [article.owner_id],
                "article.review_due",
                at=at,
                by=actor,
                about=article,
                words=words,
                key=key,
            )
        )
    note(told=told, views=reading.sum_views(), visits=deflecting.forget_old_visits(at=at))
    return told
