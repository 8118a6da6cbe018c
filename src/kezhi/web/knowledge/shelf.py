"""What colleagues find: the search over all articles, topics, and what waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kezhi.core.ids import record_id
from kezhi.records import registry
from kezhi.service.knowledge import finding
from kezhi.service.knowledge.arranging import add_topic, change_topic, delete_topic, tree
from kezhi.service.models import Article, ArticleTopic
from kezhi.web.answering import done
from kezhi.web.knowledge.help import filled
from kezhi.web.requests import PersonRequest, must_may, page_number, typed

SHOWN = 25
COUNTED = 1000


@require_safe
def index(request: PersonRequest) -> HttpResponse:
    """`?q=` what is looked for, `?topic=` within which topic; without either, what is opened most."""
    must_may(request, "read", "article")
    asked = request.GET.get("q", "").replace("\0", "").strip()[:200]
    branches = tree()
    chosen = next((b for b in branches if str(b.topic.pk) == request.GET.get("topic")), None)
    page = page_number(request)
    found = finding.search(
        asked,
        Article.Audience.INTERNAL,
        language=request.LANGUAGE_CODE,
        topics=chosen.below if chosen else None,
        most=SHOWN,
        skip=(page - 1) * SHOWN,
    )
    due = Article.objects.filter(live__isnull=False, review_due_on__lt=request.today)
    about = {
        "asked": asked,
        "found": found,
        "chosen": chosen,
        "topics": filled(branches, 0),
        "page": page,
        "has_more": found.total > page * SHOWN,
        "overdue": due[:COUNTED].count(),
        "waiting": Article.objects.filter(state=Article.State.REVIEW)[:COUNTED].count(),
        "may_write": request.actor.may("create", "article"),
        "audiences": dict(Article.Audience.choices),
        "kind": registry["article"],
    }
    template = "knowledge/_found.html" if request.htmx else "knowledge/index.html"
    return render(request, template, about)


@require_http_methods(["GET", "HEAD", "POST"])
def topics(request: PersonRequest) -> HttpResponse:
    """The tree; POST name, name_en, parent adds a topic."""
    must_may(request, "create", "article")
    if request.method == "POST":
        return _done(
            request,
            lambda: add_topic(
                typed(request, "name", 80),
                typed(request, "name_en", 80),
                _topic(typed(request, "parent", 20)),
                actor=request.actor,
                on=request.today,
            ),
            _("The topic is there."),
        )
    about = {"topics": tree(), "options": _options(), "typed": {}, "opened": 0}
    return render(request, "knowledge/topics.html", about)


@require_POST
def topic(request: PersonRequest, pk: int) -> HttpResponse:
    """POST name, name_en, parent; or `remove`."""
    must_may(request, "create", "article")
    found = get_object_or_404(ArticleTopic, pk=pk)
    if "remove" in request.POST:
        return _done(
            request,
            lambda: delete_topic(found, actor=request.actor, on=request.today),
            _("The topic is gone."),
            opened=pk,
        )
    return _done(
        request,
        lambda: change_topic(
            found,
            typed(request, "name", 80),
            typed(request, "name_en", 80),
            _topic(typed(request, "parent", 20)),
            actor=request.actor,
            on=request.today,
        ),
        _("Saved."),
        opened=pk,
    )


def _topic(entry: str) -> ArticleTopic | None:
    pk = record_id(entry)
    return get_object_or_404(ArticleTopic, pk=pk) if pk else None


def _options() -> list[tuple[int, str]]:
    return [(each.topic.pk, "　" * each.depth + each.topic.name) for each in tree()]


def _done(
    request: PersonRequest, deed: Callable[[], Any], told: str, *, opened: int = 0
) -> HttpResponse:
    """Back to the tree: 409 with the reason where it isn't possible, and what was typed where it was typed."""

    def again(reason: str) -> HttpResponse:
        typed_now = {name: typed(request, name, 80) for name in ("name", "name_en", "parent")}
        about = {"topics": tree(), "options": _options(), "refusal": reason}
        about |= {"typed": typed_now, "opened": opened}
        return render(request, "knowledge/topics.html", about, status=409)

    return done(request, deed, told, reverse("knowledge-topics"), again)
