"""Studies of survey answers: started from their page, watched, stopped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
from kezhi.web.requests import PersonRequest, must_may

ROWS = 25
PAGES = {Study.Subject.DELIVERED: "value-delivered", Study.Subject.DRIVERS: "loyalty-drivers"}


def page_of(
    request: PersonRequest, subject: str, page: Callable[..., HttpResponse]
) -> HttpResponse:
    """The page of a study. POST: work it out; `page` shows what stands in the way."""
    must_may(request, "read", "survey_answer")
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
    study = Study.objects.newest(subject)
    running = Study.objects.under_way(subject)
    latest = Study.objects.filter(subject=subject).order_by("-id").first()
    newest = SurveyAnswer.objects.order_by("-id").first()
    return {
        "study": study,
        "running": progress(request, running) if running else None,
        "failed": latest if latest and latest.state == Study.State.FAILED else None,
        "sees_company": sees_company(actor),
        "may_study": may_study(actor),
        "may_import": actor.may("import", "survey_answer"),
        "may_write_questions": actor.may("create", "survey_item"),
        "has_questions": SurveyItem.objects.filter(is_active=True).exists(),
        "has_answers": SurveyAnswer.objects.visible_to(actor).exists(),
        "is_behind": bool(study and newest and newest.created_at > study.started_at),
        "answers_url": registry["survey_answer"].list_url(),
        "questions_url": registry["survey_item"].list_url(),
        "refusal": refusal,
        "customer_kind": registry.declared("customer"),
        "scope": _scope_words(actor),
        "labels": dict(SurveyItem.Factor.choices),
        "finding": "",
        "figures": None,
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
    listed, after = _after(request, rows, is_best)
    found = list(listed.select_related("customer")[: ROWS + 1])
    return {
        **_paged(found, is_best, after),
        "orders": [
            {"label": low, "href": "?order=low#customers-h", "current": not is_best},
            {"label": high, "href": "?order=high#customers-h", "current": is_best},
        ],
    }


def _after(
    request: PersonRequest, rows: Any, is_best: bool
) -> tuple[Any, tuple[float, int] | None]:
    """The readings in their order, from where `?after=` says."""
    rows, found = rows.filter(score__isnull=False), _cursor(request.GET.get("after", ""))
    if found:
        score, pk = found
        further = Q(score__lt=score) if is_best else Q(score__gt=score)
        rows = rows.filter(further | Q(score=score, pk__gt=pk))
    return rows.order_by("-score" if is_best else "score", "pk"), found


def _paged(found: list[Any], is_best: bool, came: tuple[float, int] | None) -> dict[str, Any]:
    """One page of readings, with the addresses of the next and of the first."""
    turn = "high" if is_best else "low"
    last = found[ROWS - 1] if len(found) > ROWS else None
    return {
        "readings": found[:ROWS],
        "next": f"?order={turn}&after={last.score!r}~{last.pk}#customers-h" if last else "",
        "first": f"?order={turn}#customers-h" if came else "",
    }


def _cursor(text: str) -> tuple[float, int] | None:
    score, _mark, pk = text.partition("~")
    try:
        found = float(score), int(pk)
    except ValueError:
        return None
    return found if abs(found[0]) < 1e6 and 0 < found[1] < 2**62 else None


def between(low: float | None, high: float | None, digits: int = 0) -> str:
    """An interval, or the sign for none."""
    if low is None or high is None:
        return numbers.none()
    join = "–" if low >= 0 else " ~ "
    return join.join(numbers.number(end, digits, plain=True) for end in (low, high))
