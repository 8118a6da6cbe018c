"""What search engines may read: the public help pages, and nothing else."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_safe

RULES = """User-agent: *
Disallow: /
Allow: /help/
Allow: /static/
"""


@login_not_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    return HttpResponse(RULES, content_type="text/plain; charset=utf-8")


@login_not_required
@require_safe
def to_own_language(request: HttpRequest) -> HttpResponse:
    """The help pages in the visitor's language."""
    language = "en" if str(request.LANGUAGE_CODE).startswith("en") else "zh"  # type: ignore[attr-defined]
    return HttpResponseRedirect(reverse("help", args=[language]))
