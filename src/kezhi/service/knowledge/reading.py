"""What readers do with articles: open them, and say whether they helped. Nothing about who they are is kept."""

from __future__ import annotations

from datetime import date, datetime

from django.db import connection, transaction
from django.utils.translation import gettext as _

from kezhi.core.refusal import Refused
from kezhi.service.models import Article, ArticleRating, ArticleText

LONGEST_WORDS = 500


def article_for(code: str, audience: int, language: str) -> ArticleText | None:
    """The published words of an article for a reader of that audience, in their language if it is there."""
    texts = ArticleText.objects.filter(article__code=code, audience__gte=audience)
    rows = list(texts.select_related("article__topic", "article__live").order_by("language"))
    return next((row for row in rows if row.language == language[:2]), rows[0] if rows else None)


def count_view(article: Article, face: str, *, on: date) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO service_articleviews AS v (article_id, "on", face, views) VALUES (%s, %s, %s, 1)
               ON CONFLICT (article_id, "on", face) DO UPDATE SET views = v.views + 1""",
            [article.pk, on, face],
        )


def rate(
    article: Article,
    is_helpful: bool,
    *,
    face: str,
    language: str,
    at: datetime,
    reason: str = "",
    words: str = "",
    author_id: int | None = None,
    visit_id: int | None = None,
) -> ArticleRating:
    """Whether it helped. Said twice by the same reader of the same version, the last one counts."""
    if reason and reason not in ArticleRating.Reason.values:
        raise Refused(_("Choose one of the reasons."))
    with transaction.atomic():
        article = Article.objects.select_for_update(of=("self",)).get(pk=article.pk)
        if article.live is None:
            raise Refused(_("This article isn't there any more."))
        number = article.live.number
        whose = {"author_id": author_id} if author_id is not None else {"visit_id": visit_id}
        before = None
        if author_id is not None or visit_id is not None:
            before = article.ratings.filter(number=number, **whose).first()
        rating = before or ArticleRating(article=article, number=number, **whose)
        _count(article, before, -1)
        rating.is_helpful, rating.face, rating.language, rating.at = is_helpful, face, language, at
        rating.reason = "" if is_helpful else reason
        rating.words = "" if is_helpful else words.strip()[:LONGEST_WORDS]
        rating.save()
        _count(article, rating, 1)
        Article.objects.filter(pk=article.pk).update(
            helped=article.helped, not_helped=article.not_helped
        )
        article.texts.update(helpfulness=article.helpfulness)
    return rating


def _count(article: Article, rating: ArticleRating | None, by: int) -> None:
    if rating is not None:
        name = "helped" if rating.is_helpful else "not_helped"
        setattr(article, name, max(getattr(article, name) + by, 0))


def sum_views() -> int:
    """At night: how often each article was opened in all; those whose number changed."""
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE service_article a SET views = s.views
               FROM (SELECT article_id, sum(views) AS views FROM service_articleviews GROUP BY 1) s
               WHERE s.article_id = a.id AND a.views <> s.views"""
        )
        return int(cursor.rowcount)
