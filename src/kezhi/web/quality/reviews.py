"""Samples drawn, cases reviewed and answered, and how alike reviewers judge."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from kezhi.accounts.models import User
from kezhi.core.actor import Scope
from kezhi.core.ids import record_id
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.records import registry
from kezhi.service.models import CaseReview, ReviewRound, Scorecard, Ticket, TicketEntry
from kezhi.service.quality import reviewing, sampling
from kezhi.service.quality.standards import current_scorecards, label_of
from kezhi.web.answering import done, refused_on
from kezhi.web.quality.figures import tabs
from kezhi.web.records.access import visible
from kezhi.web.records.record import PANELS, Panel
from kezhi.web.requests import PersonRequest, must_may, typed, typed_day

SHOWN = 20
SHOWN_ENTRIES = 60
USUAL_DAYS = 30
LARGEST_SEED = 1_000_000


@require_http_methods(["GET", "HEAD", "POST"])
def index(request: PersonRequest) -> HttpResponse:
    """What waits and what was drawn; POST scorecard, begins_on, ends_on, per_agent, reviewers, seed draws."""
    must_may(request, "read", "case_review")
    if request.method == "POST":
        return _draw(request)
    return _page(request)


def _draw(request: PersonRequest) -> HttpResponse:
    if not _may_draw(request):
        raise PermissionDenied
    scorecard = get_object_or_404(
        Scorecard, pk=record_id(typed(request, "scorecard", 20)) or 0, is_current=True
    )
    begins_on = typed_day(typed(request, "begins_on", 10))
    ends_on = typed_day(typed(request, "ends_on", 10))
    chosen = [record_id(each) for each in request.POST.getlist("reviewers")[:50]]
    reviewers = [each for each in _reviewers(request) if each.pk in chosen]
    seed = _whole(typed(request, "seed", 7)) or secrets.randbelow(LARGEST_SEED) + 1
    try:
        if begins_on is None or ends_on is None:
            raise Refused(_("Enter the days from and until."))
        made = sampling.draw_round(
            scorecard,
            reviewers,
            begins_on=begins_on,
            ends_on=ends_on,
            per_agent=_whole(typed(request, "per_agent", 3)),
            seed=seed,
            actor=request.actor,
            at=timezone.now(),
        )
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    except Refused as refusal:
        return _page(request, refusal=str(refusal), status=409)
    messages.success(request, _("Drawn: %(count)s cases.") % {"count": made.drawn})
    return HttpResponseRedirect(reverse("quality-reviews"))


def _page(request: PersonRequest, refusal: str = "", status: int = 200) -> HttpResponse:
    seen = CaseReview.objects.visible_to(request.actor)
    may_draw = _may_draw(request)
    rounds: Any = ReviewRound.objects.select_related("scorecard", "made_by").order_by("-pk")
    if request.actor.scope("read", "case_review") is not Scope.ALL:
        rounds = rounds.filter(department_id__in=request.actor.department_ids)
    about = {
        "own": list(
            CaseReview.objects.filter(reviewer=request.actor, state=CaseReview.State.OPEN)
            .select_related("ticket", "agent")
            .order_by("due_on", "pk")[:SHOWN]
        ),
        "about_me": list(
            seen.filter(agent=request.actor)
            .exclude(state=CaseReview.State.OPEN)
            .select_related("ticket")
            .order_by("-reviewed_at")[:SHOWN]
        ),
        "rounds": list(rounds[:SHOWN]) if may_draw else [],
        "agreement": reviewing.agreement(reviewing.doubled(seen)) if may_draw else None,
        "may_draw": may_draw,
        "scorecards": [
            (each.pk, each.name_in(request.LANGUAGE_CODE)) for each in current_scorecards()
        ],
        "reviewers": _reviewers(request) if may_draw else [],
        "begins_on": request.POST.get("begins_on", "")[:10]
        or (request.today - timedelta(days=USUAL_DAYS)).isoformat(),
        "ends_on": request.POST.get("ends_on", "")[:10] or request.today.isoformat(),
        "kind": registry["case_review"],
        "typed": request.POST,
        "chosen": {record_id(each) for each in request.POST.getlist("reviewers")[:50]}
        if request.method == "POST"
        else {request.actor.pk},
        "refusal": refusal,
        "tabs": tabs(request, "reviews"),
    }
    return render(request, "quality/reviews.html", about, status=status)


def _panel(request: PersonRequest, review: CaseReview) -> Panel:
    """The case as it was, and the form; afterwards the points, the words and the answer."""
    language = request.LANGUAGE_CODE
    entries = TicketEntry.objects.filter(ticket=review.ticket_id).exclude(sort="event")
    is_readable = Ticket.objects.visible_to(request.actor).filter(pk=review.ticket_id).exists()
    may_mark = review.state == CaseReview.State.OPEN and review.reviewer_id in request.actor.own_ids
    # Whoever reviews a case reads it for that, wherever the customer belongs.
    is_read = is_readable or may_mark
    about = {
        "review": review,
        "ticket": review.ticket,
        "ticket_url": registry["ticket"].url_of(review.ticket) if is_readable else "",
        "entries": list(entries.select_related("author").order_by("at", "pk")[:SHOWN_ENTRIES])
        if is_read
        else [],
        "criteria": [
            {
                **each,
                "words": label_of(each, language),
                "mark": review.marks.get(each["key"]),
                "comment": review.comments.get(each["key"], ""),
            }
            for each in review.scorecard.criteria
        ],
        "may_mark": may_mark,
        "may_answer": review.state != CaseReview.State.OPEN and review.agent_id == request.actor.pk,
        "reviewers": [
            (each.pk, each.name)
            for each in _reviewers(request)
            if each.pk not in (review.agent_id, review.reviewer_id)
        ]
        if _may_draw(request) and not review.is_calibration
        else [],
    }
    return Panel("quality/_review_panel.html", about)


@require_POST
def mark(request: PersonRequest, pk: int) -> HttpResponse:
    """POST mark-KEY and comment-KEY by criterion, remark."""

    def deed(review: CaseReview) -> None:
        keys = [each["key"] for each in review.scorecard.criteria]
        entries = {key: typed(request, f"mark-{key}", 3) for key in keys}
        reviewing.review_case(
            review,
            {key: int(entry) if entry.isdecimal() else None for key, entry in entries.items()},
            {key: typed(request, f"comment-{key}", 500) for key in keys},
            typed(request, "remark", 4000),
            actor=request.actor,
            at=timezone.now(),
        )

    return _done(request, pk, deed, _("Reviewed. Your colleague sees it now."))


@require_POST
def answer(request: PersonRequest, pk: int) -> HttpResponse:
    """POST answer."""
    words = typed(request, "answer", 4000)
    return _done(
        request,
        pk,
        lambda review: reviewing.answer_review(
            review, words, actor=request.actor, at=timezone.now()
        ),
        _("Answered."),
    )


@require_POST
def double(request: PersonRequest, pk: int) -> HttpResponse:
    """POST reviewer: who reviews the case once more."""
    chosen = record_id(typed(request, "reviewer", 20))
    person = next((each for each in _reviewers(request) if each.pk == chosen), None)

    def deed(review: CaseReview) -> Any:
        if person is None:
            raise Refused(_("Choose who reviews."))
        return reviewing.ask_second_review(review, person, actor=request.actor, at=timezone.now())

    return _done(request, pk, deed, _("A second colleague reviews the case."))


def _done(
    request: PersonRequest, pk: int, deed: Callable[[CaseReview], Any], told: str
) -> HttpResponse:
    """One deed on a review that the person sees; a refusal is its page, with what was typed."""
    must_may(request, "read", "case_review")
    kind = registry["case_review"].seen_by(request.actor)
    review = visible(request, kind, pk)
    again = refused_on(request, kind, pk)
    return done(request, lambda: deed(review), told, kind.url_of(review), again)


def _may_draw(request: PersonRequest) -> bool:
    return request.actor.scope("create", "case_review") >= Scope.DEPARTMENT


def _reviewers(request: PersonRequest) -> list[User]:
    """Colleagues whose role knows case reviews, of the departments that the person may draw for."""
    people = User.objects.active().prefetch_related("roles").order_by("name_key")
    if request.actor.scope("create", "case_review") is not Scope.ALL:
        people = people.filter(department_id__in=request.actor.department_ids)
    return [each for each in people[:200] if each.may("read", "case_review")]


def _whole(entry: str) -> int:
    return int(entry) if entry.isdecimal() else 0


PANELS["case_review"] = _panel
