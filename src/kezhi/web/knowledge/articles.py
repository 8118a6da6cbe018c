"""The page of an article: what is read, what is worked on, its versions, and each step on the way."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kezhi.catalog.models import Product
from kezhi.core.ids import record_id
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.records import registry
from kezhi.service.knowledge import reading, writing
from kezhi.service.knowledge.arranging import tree
from kezhi.service.knowledge.rendering import html_of
from kezhi.service.models import Article, ArticleRating, ArticleTopic, ArticleVersion, Ticket
from kezhi.web.answering import done
from kezhi.web.attachments.views import SANDBOX
from kezhi.web.records.record import PANELS, Panel
from kezhi.web.requests import PersonRequest, must_may, typed
from kezhi.workbench.attaching import attachments_of, path_of

SHOWN_RATINGS = 8
SHOWN_VERSIONS = 30
STATE_TONES = {"draft": "warn", "review": "plan", "published": "good", "retired": ""}


def _panel(request: PersonRequest, article: Article) -> Panel:
    may_edit = request.actor.may("edit", "article")
    files = attachments_of("article", article.pk)
    pictures = {
        each.name: reverse("article-file", args=[article.pk, each.pk])
        for each in files
        if each.is_image
    }
    parts = [("中文", article.title, article.body), ("English", article.title_en, article.body_en)]
    about = {
        "article": article,
        "tone": STATE_TONES[article.state],
        "texts": [
            (language, title, html_of(body, pictures=pictures, link=_address))
            for language, title, body in parts
            if title or body
        ],
        "live": article.live,
        "versions": list(
            article.versions.select_related("written_by", "published_by").order_by("-number")[
                :SHOWN_VERSIONS
            ]
        ),
        "products": list(article.products.order_by("name")),
        "topics": [(each.topic.pk, "　" * each.depth + each.topic.name) for each in tree()],
        "ratings": list(article.ratings.filter(is_helpful=False).order_by("-at")[:SHOWN_RATINGS]),
        "own_rating": article.ratings.filter(author_id=request.actor.pk).order_by("-at").first(),
        "reasons": ArticleRating.Reason.choices,
        "may_edit": may_edit,
        "may_publish": may_edit and article.written_by_id != request.actor.pk,
        "today": request.today,
    }
    if article.live_id is not None:
        reading.count_view(article, "agent", on=request.today)
    return Panel("knowledge/_article_panel.html", about)


def _address(code: str) -> str:
    return reverse("article-by-code", args=[code])


@require_safe
def by_code(request: PersonRequest, code: str) -> HttpResponse:
    """The article that another one names."""
    must_may(request, "read", "article")
    article = get_object_or_404(Article.objects.visible_to(request.actor), code=code)
    return HttpResponseRedirect(registry["article"].url_of(article))


@require_safe
def file(request: PersonRequest, pk: int, attachment: int) -> FileResponse:
    """A picture in the text."""
    article = _found(request, pk)
    found = [each for each in attachments_of("article", article.pk) if each.pk == attachment]
    if not found or not found[0].is_image or not path_of(found[0].stored_as).is_file():
        raise Http404
    response = FileResponse(
        path_of(found[0].stored_as).open("rb"), content_type=found[0].media_type
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = SANDBOX
    return response


@require_POST
def submit(request: PersonRequest, pk: int) -> HttpResponse:
    return _step(
        request,
        pk,
        lambda each: writing.submit_article(each, actor=request.actor, at=timezone.now()),
        _("A colleague can review it now."),
    )


@require_POST
def publish(request: PersonRequest, pk: int) -> HttpResponse:
    """POST remark: what is new."""
    remark = typed(request, "remark", 500)
    return _step(
        request,
        pk,
        lambda each: writing.publish_article(
            each, actor=request.actor, at=timezone.now(), remark=remark
        ),
        _("Published. Readers find it now."),
    )


@require_POST
def send_back(request: PersonRequest, pk: int) -> HttpResponse:
    """POST remark: what has to be done."""
    remark = typed(request, "remark", 500)
    return _step(
        request,
        pk,
        lambda each: writing.send_back(each, remark, actor=request.actor, at=timezone.now()),
        _("Sent back."),
    )


@require_POST
def confirm(request: PersonRequest, pk: int) -> HttpResponse:
    return _step(
        request,
        pk,
        lambda each: writing.confirm_article(each, actor=request.actor, on=request.today),
        _("Confirmed for another year."),
    )


@require_POST
def retire(request: PersonRequest, pk: int) -> HttpResponse:
    """POST reason."""
    reason = typed(request, "reason", 500)
    return _step(
        request,
        pk,
        lambda each: writing.retire_article(
            each, actor=request.actor, at=timezone.now(), reason=reason
        ),
        _("Readers find it no more."),
    )


@require_POST
def take_back(request: PersonRequest, pk: int) -> HttpResponse:
    """POST number: the version whose words become the draft."""
    number = record_id(typed(request, "number", 10)) or 0
    return _step(
        request,
        pk,
        lambda each: writing.take_version_back(
            each, number, actor=request.actor, at=timezone.now()
        ),
        _("The draft has the words of that version. Send it for review."),
    )


@require_POST
def place(request: PersonRequest, pk: int) -> HttpResponse:
    """POST topic and products (codes, with commas between)."""
    chosen = record_id(typed(request, "topic", 20))
    topic = get_object_or_404(ArticleTopic, pk=chosen) if chosen else None
    entry = typed(request, "products", 2000).replace("，", ",").replace("、", ",")
    codes = [code.strip() for code in entry.split(",") if code.strip()]
    products = list(Product.objects.visible_to(request.actor).filter(code__in=codes))

    def deed(article: Article) -> Article:
        missing = sorted(set(codes) - {product.code for product in products})
        if missing:
            raise Refused(
                _("There is no product with the code %(code)s.") % {"code": missing[0][:40]}
            )
        return writing.place_article(
            article, topic, products, actor=request.actor, on=request.today
        )

    return _step(request, pk, deed, _("Saved."))


@require_POST
def rate(request: PersonRequest, pk: int) -> HttpResponse:
    """POST helped (yes, no), reason, words: a colleague says whether it helped."""
    article = _found(request, pk)

    def deed(each: Article) -> Any:
        return reading.rate(
            each,
            typed(request, "helped", 3) == "yes",
            face="agent",
            language=request.LANGUAGE_CODE[:2],
            at=timezone.now(),
            reason=typed(request, "reason", 20),
            words=typed(request, "words", 500),
            author_id=request.actor.pk,
        )

    home = registry["article"].url_of(article)
    return done(request, lambda: deed(article), _("Thank you. It counts."), home)


@require_safe
def versions(request: PersonRequest, pk: int) -> HttpResponse:
    """Two versions side by side; `?from=` and `?to=` are their numbers, 0 for the draft."""
    article = _found(request, pk)
    every = list(article.versions.order_by("-number")[:SHOWN_VERSIONS])
    by_number: dict[int, Article | ArticleVersion] = {each.number: each for each in every}
    by_number[0] = article
    latest = every[0].number if every else 0
    to = _number(request.GET.get("to", ""), by_number, 0)
    since = _number(request.GET.get("from", ""), by_number, latest)
    before, after = by_number[since], by_number[to]
    about = {
        "article": article,
        "title": article.name,
        "options": [(0, _("The draft"))]
        + [(each.number, _("Version %(number)s") % {"number": each.number}) for each in every],
        "since": since,
        "to": to,
        "parts": [
            (label, changes(_words_of(before, ending), _words_of(after, ending)))
            for label, ending in (("中文", ""), ("English", "_en"))
        ],
        "may_edit": request.actor.may("edit", "article"),
        "kind": registry["article"],
    }
    return render(request, "knowledge/versions.html", about)


@require_POST
def from_ticket(request: PersonRequest, pk: int) -> HttpResponse:
    """A draft from what solved this ticket."""
    ticket = get_object_or_404(Ticket.objects.visible_to(request.actor), pk=pk)
    must_may(request, "create", "article")
    try:
        article = writing.draft_from_ticket(ticket, actor=request.actor, on=request.today)
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    except Refused as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(registry["ticket"].url_of(ticket))
    return HttpResponseRedirect(f"{registry['article'].url_of(article)}edit/")


def changes(before: str, after: str) -> list[list[tuple[str, str]]]:
    """Lines of two texts as parts: `same`, `gone` or `new`; of a changed line, the words that changed."""
    old, new = before.splitlines(), after.splitlines()
    found: list[list[tuple[str, str]]] = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            found += [[("same", line)] for line in old[a:b]]
        elif tag == "replace" and b - a == d - c:
            found += [_within(was, is_) for was, is_ in zip(old[a:b], new[c:d], strict=True)]
        else:
            found += [[("gone", line)] for line in old[a:b]]
            found += [[("new", line)] for line in new[c:d]]
    return found


def _within(was: str, became: str) -> list[tuple[str, str]]:
    parts: list[tuple[str, str]] = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, was, became, autojunk=False).get_opcodes():
        if tag == "equal":
            parts.append(("same", was[a:b]))
            continue
        if b > a:
            parts.append(("gone", was[a:b]))
        if d > c:
            parts.append(("new", became[c:d]))
    return parts


def _words_of(each: Article | ArticleVersion, ending: str) -> str:
    title, body = getattr(each, f"title{ending}"), getattr(each, f"body{ending}")
    return f"{title}\n\n{body}" if title or body else ""


def _number(entry: str, known: dict[int, Any], usual: int) -> int:
    number = int(entry) if entry.isdecimal() and len(entry) < 6 else usual
    return number if number in known else usual


def _found(request: PersonRequest, pk: int) -> Article:
    must_may(request, "read", "article")
    return get_object_or_404(Article.objects.visible_to(request.actor), pk=pk)  # type: ignore[no-any-return]


def _step(
    request: PersonRequest, pk: int, deed: Callable[[Article], Any], told: str
) -> HttpResponse:
    article = _found(request, pk)
    must_may(request, "edit", "article")
    return done(request, lambda: deed(article), told, registry["article"].url_of(article))


PANELS["article"] = _panel
