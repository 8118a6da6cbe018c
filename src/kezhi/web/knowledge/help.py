"""Help pages: customers look for an answer, read it, and say whether it was one.

Each view takes the `Face` of its visitor; `urls` puts them up for everybody, the portal for its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kezhi.accounts.models.sign_in_attempt import network_of
from kezhi.accounts.visitors import is_welcome
from kezhi.core.refusal import Refused
from kezhi.service.knowledge import deflecting, finding, reading
from kezhi.service.knowledge.arranging import Branch, tree
from kezhi.service.knowledge.rendering import html_of
from kezhi.service.models import Article, ArticleRating, ArticleText
from kezhi.web.attachments.views import SANDBOX
from kezhi.web.knowledge.faces import Face, ask_address, key_of, remember, visit_of
from kezhi.web.requests import page_number, typed
from kezhi.workbench.attaching import attachments_of, path_of

SHOWN = 20
SUGGESTED = 4
AT_ONCE, AN_HOUR = 90, 1800
TOO_MANY = 429
NOT_INDEXED = "noindex"


@require_safe
def home(request: HttpRequest, face: Face) -> HttpResponse:
    """`?q=` what is looked for, `?topic=` within which topic."""
    asked = request.GET.get("q", "").replace("\0", "").strip()[:200]
    branches = tree()
    chosen = next((b for b in branches if str(b.topic.pk) == request.GET.get("topic")), None)
    page = page_number(request)
    found, refusal = finding.Found(), ""
    if asked and not _is_welcome(request):
        refusal = _busy()
    elif asked or chosen is not None or page > 1:
        found = finding.search(
            asked,
            face.audience,
            language=face.language,
            topics=chosen.below if chosen else None,
            most=SHOWN,
            skip=(page - 1) * SHOWN,
        )
    about = {
        "face": face,
        "asked": asked,
        "found": found,
        "refusal": refusal,
        "chosen": chosen,
        "topics": filled(branches, face.audience),
        "page": page,
        "has_more": found.total > page * SHOWN,
        "often": []
        if asked or chosen
        else finding.search("", face.audience, language=face.language, most=8).hits,
        "ask": ask_address(request),
    }
    response = render(request, "help/home.html", about, status=TOO_MANY if refusal else 200)
    if asked or page > 1:
        response.headers["X-Robots-Tag"] = NOT_INDEXED
    if asked and found.hits and face.is_counted:
        visit = visit_of(request, face)
        deflecting.note_shown(visit, at=timezone.now())
        remember(response, request, visit)
    return response


@require_safe
def article(request: HttpRequest, face: Face, code: str) -> HttpResponse:
    """One article. Opened after a suggestion it counts for the visit; `?said=` thanks."""
    text = _text(face, code)
    now = timezone.now()
    if face.is_counted:
        reading.count_view(text.article, face.name, on=request.today)  # type: ignore[attr-defined]
    if face.is_counted and key_of(request) is not None:
        visit = visit_of(request, face)
        deflecting.note_opened(visit, text.article, at=now)
    response = render(request, "help/article.html", _shown(request, face, text))
    if face.language != text.language:
        response.headers["X-Robots-Tag"] = NOT_INDEXED
    return response


@require_POST
def rate(request: HttpRequest, face: Face, code: str) -> HttpResponse:
    """POST helped (yes, no), reason, words. Yes says that the question is answered."""
    text = _text(face, code)
    if not _is_welcome(request):
        about = _shown(request, face, text) | {"refusal": _busy()}
        return render(request, "help/article.html", about, status=TOO_MANY)
    is_helpful = typed(request, "helped", 3) == "yes"
    visit, now = visit_of(request, face), timezone.now()
    try:
        reading.rate(
            text.article,
            is_helpful,
            face=face.name,
            language=text.language,
            at=now,
            reason=typed(request, "reason", 20),
            words=typed(request, "words", 500),
            visit_id=visit.pk,
        )
    except Refused as refusal:
        about = _shown(request, face, text) | {"refusal": str(refusal)}
        return render(request, "help/article.html", about, status=422)
    if is_helpful:
        deflecting.note_solved(visit, text.article, at=now)
    said = "yes" if is_helpful else "no"
    response = HttpResponseRedirect(f"{face.article(code)}?said={said}#said")
    return remember(response, request, visit)


@require_POST
def suggestions(request: HttpRequest, face: Face) -> HttpResponse:
    """POST subject and text, as they are typed: what may answer it already, as a part of the form's page."""
    if not _is_welcome(request):
        return HttpResponse(status=TOO_MANY)
    hits = suggested(request, face)
    response = render(request, "help/_suggestions.html", {"hits": hits, "face": face})
    if hits:
        visit = visit_of(request, face)
        deflecting.note_shown(visit, at=timezone.now())
        remember(response, request, visit)
    return response


def suggested(request: HttpRequest, face: Face) -> tuple[finding.Hit, ...]:
    """For forms that ask before they send, where there is no script: what may answer it already."""
    words = f"{typed(request, 'subject', 300)}\n{typed(request, 'text', 2000)}"
    return finding.suggest(words, int(face.audience), SUGGESTED, language=face.language)


@require_safe
def file(request: HttpRequest, face: Face, code: str, pk: int) -> HttpResponse | FileResponse:
    """A file on an article that this visitor may read."""
    text = _text(face, code)
    found = next(
        (each for each in attachments_of("article", text.article_id) if each.pk == pk), None
    )
    if found is None or not path_of(found.stored_as).is_file():
        raise Http404
    response = FileResponse(
        path_of(found.stored_as).open("rb"),
        as_attachment=not found.is_image,
        filename=found.name,
        content_type=found.media_type if found.is_image else "application/octet-stream",
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = SANDBOX
    response["X-Robots-Tag"] = NOT_INDEXED
    return response


def filled(branches: Iterable[Branch], audience: int) -> list[Branch]:
    """Topics under which this audience finds something."""
    live = Article.objects.filter(live__isnull=False, live__audience__gte=audience)
    used = set(live.order_by().values_list("topic_id", flat=True).distinct())
    return [branch for branch in branches if not used.isdisjoint(branch.below)]


def _text(face: Face, code: str) -> ArticleText:
    text = reading.article_for(code, face.audience, face.language)
    if text is None:
        raise Http404
    return text


def _shown(request: HttpRequest, face: Face, text: ArticleText) -> dict[str, Any]:
    files = attachments_of("article", text.article_id)
    code = text.article.code
    pictures = {each.name: face.url("file", code, each.pk) for each in files if each.is_image}
    other = {"zh": "en", "en": "zh"}[face.language]
    return {
        "face": face,
        "text": text,
        "article": text.article,
        "html": html_of(text.body, pictures=pictures, link=face.article),
        "files": [each for each in files if not each.is_image],
        "reasons": ArticleRating.Reason.choices,
        "said": request.GET.get("said", ""),
        "other": reverse("help-article", args=[other, code]) if face.name == "public" else "",
        "ask": ask_address(request),
        "refusal": "",
    }


def _busy() -> str:
    return _("Many people on your network are asking just now. Try again in some minutes.")


def _is_welcome(request: HttpRequest) -> bool:
    who = network_of(request.META.get("REMOTE_ADDR"))
    return is_welcome("help", who, most=AT_ONCE, per_hour=AN_HOUR)
