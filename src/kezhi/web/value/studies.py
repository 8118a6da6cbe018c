"""Studies of survey answers: started from their page, watched, stopped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from kezhi.core.actor import Actor, Scope
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.insight.models import CustomerReading, Study
from kezhi.insight.studying import cancel_study, may_study, sees_company, start_study
from kezhi.records import registry
from kezhi.satisfaction.models import SurveyAnswer, SurveyItem
from kezhi.web import numbers
from kezhi.web.leafing import after_number
from kezhi.web.requests import PersonRequest, must_may

ROWS = 25
PAGES = {
    Study.Subject.DELIVERED: "value-delivered",
    Study.Subject.DRIVERS: "loyalty-drivers",
    Study.Subject.EXPERIENCE: "experience",
    Study.Subject.JOURNEY: "experience-journey",
}


def page_of(
    request: PersonRequest,
    subject: str,
    page: Callable[..., HttpResponse],
    *,
    kind: str = "survey_answer",
) -> HttpResponse:
    """The page of a study, for who may read `kind`. POST: work it out; `page` shows what stands in the way."""
    must_may(request, "read", kind)
    if request.method == "POST":
        return _begin(request, subject, page)
    return page(request)


def _begin(request: PersonRequest, subject: str, page: Callable[..., HttpResponse]) -> HttpResponse:
    try:
        start_study(subject, actor=request.actor, on=request.today)
    except NotAllowed as refusal:
        raise PermissionDenied from refusal
    except Refused as refusal:
        return page(request, refusal=str(refusal), status=409)
    return HttpResponseRedirect(reverse(PAGES[Study.Subject(subject)]))


@require_safe
def show(request: PersonRequest, pk: int) -> HttpResponse:
    """The progress alone, for htmx; everybody else is led to the page of the study."""
    study = _visible(request, pk)
    if not request.htmx:
        return HttpResponseRedirect(reverse(PAGES[Study.Subject(study.subject)]))
    if study.state != Study.State.RUNNING:
        return HttpResponseClientRefresh()
    return render(request, "value/studies/_progress.html", progress(request, study))


@require_POST
def cancel(request: PersonRequest, pk: int) -> HttpResponse:
    """What was kept before stays; one that ended meanwhile is shown."""
    study = _visible(request, pk)
    try:
        cancel_study(study, actor=request.actor, on=request.today)
    except NotAllowed as refusal:
        raise PermissionDenied from refusal
    except Refused:
        pass
    return HttpResponseRedirect(reverse(PAGES[Study.Subject(study.subject)]))


def _visible(request: PersonRequest, pk: int) -> Study:
    must_may(request, "read", "survey_answer")
    rows = Study.objects.visible_to(request.actor).select_related("job_run")
    study: Study = get_object_or_404(rows, pk=pk)
    return study


def progress(request: PersonRequest, study: Study) -> dict[str, Any]:
    """What the card of a study under way shows."""
    job = study.job_run
    return {
        "study": study,
        "may_study": may_study(request.actor),
        "job": {
            "pk": study.pk,
            "title": study.get_subject_display(),
            "state": job.state,
            "done": job.done,
            "total": job.total,
            "message": job.message,
        }
        if job
        else None,
    }


def about(request: PersonRequest, subject: str, refusal: str) -> dict[str, Any]:
    """What every page of a study shows beside its figures."""
    actor = request.actor
    newest = SurveyAnswer.objects.order_by("-id").first()
    return {
        **state_of(request, subject, newest),
        "sees_company": sees_company(actor),
        "may_import": actor.may("import", "survey_answer"),
        "may_write_questions": actor.may("create", "survey_item"),
        "has_questions": SurveyItem.objects.filter(is_active=True).exists(),
        "has_answers": SurveyAnswer.objects.visible_to(actor).exists(),
        "answers_url": registry["survey_answer"].list_url(),
        "questions_url": registry["survey_item"].list_url(),
        "refusal": refusal,
        "customer_kind": registry.declared("customer"),
        "scope": _scope_words(actor),
        "labels": dict(SurveyItem.Factor.choices),
        "finding": "",
        "figures": None,
    }


def state_of(request: PersonRequest, subject: str, newest: Any) -> dict[str, Any]:
    """The study that counts, the one under way, one that failed; `newest` is the latest fact behind them."""
    study = Study.objects.newest(subject)
    running = Study.objects.under_way(subject)
    latest = Study.objects.filter(subject=subject).order_by("-id").first()
    return {
        "study": study,
        "running": progress(request, running) if running else None,
        "failed": latest if latest and latest.state == Study.State.FAILED else None,
        "is_behind": bool(study and newest and newest.created_at > study.started_at),
        "may_study": may_study(request.actor),
    }


def _scope_words(actor: Actor) -> str:
    """Whose customers' answers are told."""
    return {
        Scope.ALL: _("All answers of the last two years"),
        Scope.DEPARTMENT: _("Answers of your department’s customers"),
        Scope.TEAM: _("Answers of your team’s customers"),
        Scope.OWN: _("Answers of your own customers"),
    }.get(actor.scope("read", "survey_answer"), "")


def readings(request: PersonRequest, study: Study, low: str, high: str) -> dict[str, Any]:
    """The customers of this reader who answered, 25 at a time; `low` and `high` name the two orders."""
    rows = CustomerReading.objects.visible_to(request.actor).filter(study=study)
    is_best = request.GET.get("order") == "high"
    given = {"order": "high" if is_best else "low"}
    return {
        **page_of_readings(request, rows.select_related("customer"), given, is_best=is_best),
        "orders": [
            {"label": low, "href": "?order=low#customers-h", "current": not is_best},
            {"label": high, "href": "?order=high#customers-h", "current": is_best},
        ],
    }


def page_of_readings(
    request: PersonRequest, rows: Any, given: dict[str, str], *, is_best: bool = False
) -> dict[str, Any]:
    """25 of these readings from where `?after=` says, the lowest first, with the addresses of the next page
    and of the first; `given` is what else an address asks."""
    after = after_number(request.GET.get("after", ""))
    rows = rows.filter(score__isnull=False)
    if after:
        score, pk = after
        further = Q(score__lt=score) if is_best else Q(score__gt=score)
        rows = rows.filter(further | Q(score=score, pk__gt=pk))
    found = list(rows.order_by("-score" if is_best else "score", "pk")[: ROWS + 1])
    last = found[ROWS - 1] if len(found) > ROWS else None
    next_ = urlencode({**given, "after": f"{last.score!r}~{last.pk}"}) if last else ""
    return {
        "readings": found[:ROWS],
        "next": f"?{next_}#customers-h" if next_ else "",
        "first": f"?{urlencode(given)}#customers-h" if after else "",
    }


def between(low: float | None, high: float | None, digits: int = 0) -> str:
    """An interval, or the sign for none."""
    if low is None or high is None:
        return numbers.none()
    join = "–" if low >= 0 else " ~ "
    return join.join(numbers.number(end, digits, plain=True) for end in (low, high))
