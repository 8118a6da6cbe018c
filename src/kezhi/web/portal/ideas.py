"""Ideas: what customers wish, what the company answers, one vote each."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kezhi.core.refusal import Refused
from kezhi.service.models import Idea
from kezhi.service.portal import proposing
from kezhi.web.portal.visiting import PortalRequest, page
from kezhi.web.requests import page_number, typed

A_PAGE = 20
TONES = {"new": "", "considered": "acc", "planned": "plan", "done": "good", "declined": ""}


@page
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: PortalRequest) -> HttpResponse:
    """`?show=mine`: one's own; else the published ones. POST title, text: a new idea."""
    _demand_shown(request)
    title, text, refusal = typed(request, "title", 150), typed(request, "text", 5_000), ""
    if request.method == "POST":
        try:
            proposing.submit(title, text, actor=request.portal, at=timezone.now(), on=request.today)
        except Refused as refused:
            refusal = str(refused)
        else:
            messages.success(
                request, _("Thank you. We read it first; then others can vote for it.")
            )
            return HttpResponseRedirect(reverse("portal-ideas") + "?show=mine")
    is_mine, number = request.GET.get("show") == "mine", page_number(request)
    rows = proposing.ideas_for(request.portal)
    rows = (
        rows.filter(account=request.portal.account).order_by("-pk")
        if is_mine
        else rows.filter(is_published=True).order_by("-votes_count", "-pk")
    )
    start = (number - 1) * A_PAGE
    found = list(rows[start : start + A_PAGE + 1])
    about = {
        "ideas": found[:A_PAGE],
        "is_mine": is_mine,
        "number": number,
        "has_more": len(found) > A_PAGE,
        "title": title,
        "text": text,
        "refusal": refusal,
        "tones": TONES,
    }
    return render(request, "portal/ideas.html", about, status=422 if refusal else 200)


@page
@require_safe
def show(request: PortalRequest, pk: int) -> HttpResponse:
    idea = _idea(request, pk)
    about = {
        "idea": idea,
        "is_mine": idea.account_id == request.portal.account.pk,
        "comments": list(idea.comments.select_related("author").order_by("at", "pk")[:100]),
        "tones": TONES,
    }
    return render(request, "portal/idea.html", about)


@page
@require_POST
def vote(request: PortalRequest, pk: int) -> HttpResponse:
    """POST; with `back`, the vote is taken back."""
    idea = _idea(request, pk)
    try:
        if "back" in request.POST:
            proposing.take_vote_back(idea, actor=request.portal)
        else:
            proposing.vote(idea, actor=request.portal, at=timezone.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
    return HttpResponseRedirect(reverse("portal-idea", args=[idea.pk]))


def _idea(request: PortalRequest, pk: int) -> Idea:
    _demand_shown(request)
    found = proposing.ideas_for(request.portal).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _demand_shown(request: PortalRequest) -> None:
    if not request.shop.shows_ideas:
        raise Http404
