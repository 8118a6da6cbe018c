"""The page of one survey: its questions, when it is sent, by which links, what came back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kezhi.accounts.models import User
from kezhi.core.ids import record_id
from kezhi.records import Condition, registry
from kezhi.satisfaction import cases, designing
from kezhi.satisfaction.models import (
    Survey,
    SurveyInvitation,
    SurveyQuestion,
    SurveyResponse,
    SurveyVersion,
)
from kezhi.satisfaction.sending import BY_HAND, EVENTS
from kezhi.web.answering import done
from kezhi.web.requests import PersonRequest, typed, typed_number
from kezhi.web.surveys.answer import preview_page
from kezhi.web.surveys.reaching import back_to, place_of, survey_of

COUNTED = 10_000
SHOWN_KEPT_BACK = 50
SHOWN_LINKS = 50
SHOWN_SENDINGS = 10
State = SurveyInvitation.State


@dataclass(frozen=True, slots=True)
class Tally:
    """How many were asked and answered, among those that this person sees."""

    sent: int
    opened: int
    answered: int
    kept_back: int
    planned: int
    responses: int
    score: float | None

    @property
    def share(self) -> float | None:
        return self.answered / self.sent if self.sent else None


@require_safe
def show(request: PersonRequest, pk: int) -> HttpResponse:
    survey = survey_of(request, pk)
    may_edit = request.actor.may("edit", "survey")
    versions = list(
        survey.versions.select_related("published_by")
        .annotate(asked=Count("questions"))
        .order_by("-number")[:20]
    )
    draft = next((row for row in versions if row.is_draft), None)
    shown = draft or next((row for row in versions if not row.is_draft), None)
    rules = list(survey.rules.exclude(event=BY_HAND).select_related("segment").order_by("pk"))
    labels = {name: event.label for name, event in EVENTS.items()}
    responses = registry["survey_response"]
    about = {
        "survey": survey,
        "kind": registry["survey"],
        "title": survey.title(),
        "versions": versions,
        "draft": draft,
        "published": next((row for row in versions if not row.is_draft), None),
        "version": shown,
        "questions": list(shown.questions.select_related("item").order_by("position"))
        if shown
        else [],
        "rules": [(rule, labels.get(rule.event, rule.event)) for rule in rules],
        "sendings": list(
            survey.rules.filter(event=BY_HAND)
            .annotate(letters=Count("invitations"))
            .order_by("-pk")[:SHOWN_SENDINGS]
        ),
        "links": list(
            survey.links.annotate(answers=Count("responses")).order_by("-pk")[:SHOWN_LINKS]
        ),
        "tally": _tally(request, survey),
        "responses_url": responses.list_url(Condition("survey", "eq", str(survey.pk)), view="all"),
        "case_type": cases.TYPES.get(survey.case_type),
        "may_edit": may_edit,
        "may_delete": request.actor.may("delete", "survey")
        and not any(not row.is_draft for row in versions),
        "sees_responses": request.actor.may("read", "survey_response"),
        "weights": _weights(shown) if shown else [],
    }
    return render(request, "surveys/survey.html", about)


@require_safe
def preview(request: PersonRequest, pk: int) -> HttpResponse:
    """The draft, else the version in use, as a customer sees it on a phone; `?lang=en` in English."""
    survey = survey_of(request, pk)
    version = survey.draft or survey.published
    chosen = request.GET.get("lang", "")
    language = {"zh": "zh-hans", "en": "en"}.get(chosen, request.LANGUAGE_CODE)
    if version is None:
        return back_to(survey)
    return preview_page(request, version, language)


@require_POST
def publish(request: PersonRequest, pk: int) -> HttpResponse:
    survey = survey_of(request, pk, "edit")
    return done(
        request,
        lambda: designing.publish_survey(survey, actor=request.actor, at=timezone.now()),
        _("Published. From now on this version is sent."),
        place_of(survey),
    )


@require_POST
def begin(request: PersonRequest, pk: int) -> HttpResponse:
    survey = survey_of(request, pk, "edit")
    return done(
        request,
        lambda: designing.begin_draft(survey, actor=request.actor, on=request.today),
        _("A new version is begun. The one in use goes on until you publish."),
        place_of(survey, "questions"),
    )


@require_POST
def drop(request: PersonRequest, pk: int) -> HttpResponse:
    survey = survey_of(request, pk, "edit")
    return done(
        request,
        lambda: designing.drop_draft(survey, actor=request.actor, on=request.today),
        _("The draft is gone. The version in use stays."),
        place_of(survey),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def case(request: PersonRequest, pk: int) -> HttpResponse:
    """What follows a low score: from which score, which sort of case, for whom, by when."""
    survey = survey_of(request, pk, "edit")
    people = User.objects.active().order_by("name")
    entries = {
        "low_below": "" if survey.low_below is None else str(survey.low_below),
        "case_type": survey.case_type,
        "case_owner": str(survey.case_owner_id or ""),
        "case_days": str(survey.case_days),
    }
    about: dict[str, Any] = {
        "survey": survey,
        "types": [(each.name, each.label) for each in cases.TYPES.values()],
        "people": [(str(p.pk), p.name) for p in people],
        "entries": entries,
        "errors": {},
    }
    if request.method != "POST":
        return render(request, "surveys/case.html", about)
    entries |= {name: typed(request, name, 40) for name in entries}
    errors = about["errors"]
    changes: dict[str, Any] = {"low_below": None, "case_type": "", "case_owner": None}
    if entries["low_below"]:
        below, days = typed_number(entries["low_below"]), typed_number(entries["case_days"])
        if below is None or not 0 < below <= 100 or below != int(below):
            errors["low_below"] = _("Enter a whole number from 1 to 100.")
        if days is None or not 0 <= days <= 90 or days != int(days):
            errors["case_days"] = _("Enter a whole number of days, at most 90.")
        if entries["case_type"] not in cases.TYPES:
            errors["case_type"] = _("Choose what is opened.")
        owner = people.filter(pk=record_id(entries["case_owner"])).first()
        if entries["case_owner"] and owner is None:
            errors["case_owner"] = _("Choose a colleague who works here.")
        if not errors:
            changes |= {"low_below": int(below or 0), "case_days": int(days or 0)}
            changes |= {"case_type": entries["case_type"], "case_owner": owner}
    if errors:
        return render(request, "surveys/case.html", about, status=422)
    return done(
        request,
        lambda: designing.edit_survey(survey, changes, actor=request.actor, on=request.today),
        _("Saved"),
        place_of(survey),
    )


@require_safe
def held(request: PersonRequest, pk: int) -> HttpResponse:
    """Who was not asked, and why: the newest first."""
    survey = survey_of(request, pk)
    rows = SurveyInvitation.objects.visible_to(request.actor).filter(
        survey=survey, state=State.KEPT_BACK
    )
    newest = rows.select_related("customer", "contact").order_by("-pk")[:SHOWN_KEPT_BACK]
    about = {"survey": survey, "rows": list(newest), "most": SHOWN_KEPT_BACK}
    return render(request, "surveys/held.html", about)


def _tally(request: PersonRequest, survey: Survey) -> Tally:
    """Of an anonymous survey the counts alone are known; counting ends at ten thousand."""
    rows = SurveyInvitation.objects.visible_to(request.actor).filter(survey=survey)
    newest = rows.order_by("-pk").values_list("state", flat=True)[:COUNTED]
    counts: dict[str, int] = {}
    for state in newest:
        counts[state] = counts.get(state, 0) + 1
    answers = SurveyResponse.objects.visible_to(request.actor).filter(survey=survey)
    kept = answers.order_by("-answered_on", "-pk").values("pk", "score")[:COUNTED]
    scores = [float(row["score"]) for row in kept if row["score"] is not None]
    sent = sum(counts.get(s, 0) for s in (State.SENT, State.OPENED, State.ANSWERED, State.EXPIRED))
    return Tally(
        sent=sent,
        opened=counts.get(State.OPENED, 0) + counts.get(State.ANSWERED, 0),
        answered=counts.get(State.ANSWERED, 0),
        kept_back=counts.get(State.KEPT_BACK, 0),
        planned=counts.get(State.PLANNED, 0),
        responses=len(kept),
        score=sum(scores) / len(scores) if scores else None,
    )


def _weights(version: SurveyVersion) -> list[tuple[str, str, float]]:
    """Dimension, its words, its share of the score: where dimensions have weights."""
    labels = dict(SurveyQuestion.Dimension.choices)
    total = sum(version.dimension_weights.values()) or 1
    return [
        (name, str(labels.get(name, name)), share / total)
        for name, share in version.dimension_weights.items()
    ]
