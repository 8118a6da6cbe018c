"""The page on which a customer answers: by the link's token alone, on a phone, without script, small.

Looking at it changes nothing that counts: what a link fills in is sent by a person who presses the button.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.core import signing
from django.core.signing import b62_decode
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods

from kezhi.accounts.models.sign_in_attempt import network_of
from kezhi.accounts.visitors import is_welcome
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import Refused
from kezhi.customers.consenting import refuse
from kezhi.customers.models.consent import ConsentChannel, ConsentSource, Purpose
from kezhi.satisfaction import answering
from kezhi.satisfaction.answering import Answers
from kezhi.satisfaction.linking import Row, path_of, row_by
from kezhi.satisfaction.models import SurveyInvitation, SurveyLink, SurveyQuestion, SurveyVersion
from kezhi.web.intake.visitors import public

SALT = "kezhi.web.surveys.begun"
LANGUAGES = {"zh": "zh-hans", "en": "en"}
SENT = {"most": 40, "per_hour": 240}
MOST_FIELDS = 400
LONGEST = 4_000
A_STEP = 14  # questions on a page


@public
@require_http_methods(["GET", "HEAD", "POST"])
def fill_in(request: HttpRequest, token: str) -> HttpResponse:
    """GET: the questions, `?CODE=POINT` filled in. POST: the answers; what follows from them is asked next."""
    row = row_by(token)
    with translation.override(_language(request, row)):
        if row is None:
            return _told(request, "ended", status=404)
        if isinstance(row, SurveyInvitation) and row.state == SurveyInvitation.State.ANSWERED:
            return _told(request, "thanks", row)
        version = row.survey_version if isinstance(row, SurveyInvitation) else row.survey.published
        now = timezone.now()
        if version is None or not answering.is_open(row, timezone.localdate(now), now):
            return _told(request, "ended", row, status=410)
        questions = list(version.questions.order_by("position"))
        if request.method != "POST":
            if isinstance(row, SurveyInvitation) and request.method == "GET":
                answering.note_opening(row, now)
            answers = answering.read(questions, _of(request.GET))
            answers.errors.clear()
            return _page(request, row, version, questions, answers, _begun())
        if not is_welcome("survey", network_of(request.META.get("REMOTE_ADDR")) or "-", **SENT):
            return _told(request, "too_many", row, status=429)
        return _send(request, row, version, questions)


@public
@require_http_methods(["GET", "HEAD", "POST"])
def no_more(request: HttpRequest, token: str) -> HttpResponse:
    """GET: asks whether. POST: no more surveys to this person by mail."""
    row = row_by(token)
    with translation.override(_language(request, row)):
        if not isinstance(row, SurveyInvitation):
            return _told(request, "ended", status=404)
        if request.method != "POST":
            return render(request, "surveys/public/no_more.html", _about(request, row))
        if not is_welcome("survey", network_of(request.META.get("REMOTE_ADDR")) or "-", **SENT):
            return _told(request, "too_many", row, status=429)
        refuse(
            row.person,
            Purpose.SURVEY,
            actor=SYSTEM,
            at=timezone.now(),
            channel=ConsentChannel.EMAIL,
            by=ConsentSource.LINK,
        )
        return _told(request, "no_more_noted", row)


def _send(
    request: HttpRequest, row: Row, version: SurveyVersion, questions: list[SurveyQuestion]
) -> HttpResponse:
    key, seconds = _key_of(request)
    if not key:
        return _page(
            request,
            row,
            version,
            questions,
            answering.read(questions, _of(request.POST)),
            _begun(),
            status=422,
            is_late=True,
        )
    answers = answering.read(questions, _of(request.POST))
    shown = set(request.POST.getlist("shown"))
    begun = request.POST.get("begun", "")
    steps = _steps(questions)
    step = _step_of(request, steps)
    if "back" in request.POST:
        answers.errors.clear()
        step = step if shown else max(step - 1, 0)
        return _page(request, row, version, questions, answers, begun, step=step)
    done = [q for each in steps[: step + 1] for q in each]
    answering.demand(done, answers)
    if wrong := next((q for q in done if q.code in answers.errors), None):
        step = next(n for n, each in enumerate(steps) if wrong in each)
        return _page(request, row, version, questions, answers, begun, step=step, status=422)
    if step + 1 < len(steps):
        return _page(request, row, version, questions, answers, begun, step=step + 1)
    follow = [q for q in questions if q.condition and answering.applies(q, answers)]
    if any(q.code not in shown for q in follow):
        return _page(request, row, version, questions, answers, begun, follow=follow)
    answering.demand(follow, answers)
    if answers.errors:
        return _page(request, row, version, questions, answers, begun, follow=follow, status=422)
    about: dict[str, Any] = {
        "actor": SYSTEM,
        "at": timezone.now(),
        "seconds": seconds,
        "language": get_language() or "",
        "key": key,
    }
    try:
        if isinstance(row, SurveyLink):
            answering.take_response(row.survey, answers, link=row, **about)
        else:
            answering.take_response(row.survey, answers, invitation=row, **about)
    except Refused:
        return _told(request, "ended", row, status=410)
    return _told(request, "thanks", row)


def _page(
    request: HttpRequest,
    row: Row | None,
    version: SurveyVersion,
    questions: Sequence[SurveyQuestion],
    answers: Answers,
    begun: str,
    *,
    step: int = 0,
    follow: Sequence[SurveyQuestion] = (),
    status: int = 200,
    is_late: bool = False,
    survey: Any = None,
) -> HttpResponse:
    """A step of what everybody is asked, or what follows from the answers; those given elsewhere go along."""
    steps = _steps(questions)
    step = len(steps) if follow else step
    asked = list(follow) or steps[step]
    kept = [q for each in steps for q in each if q not in asked]
    about = _about(request, row, survey or version.survey) | {
        "questions": [_shown(q, answers) for q in asked],
        "kept": [(q.code, entry) for q in kept for entry in _entries(q, answers)],
        "shown": [q.code for q in follow],
        "begun": begun,
        "errors": answers.errors,
        "is_late": is_late,
        "is_second": bool(follow),
        "step": min(step, len(steps) - 1),
        "steps": len(steps),
        "chosen": _chosen([q for each in steps for q in each], answers),
    }
    return render(request, "surveys/public/answer.html", about, status=status)


def _chosen(questions: Sequence[SurveyQuestion], answers: Answers) -> str:
    """What was chosen so far, for the link to the other language; typed words stay out of addresses."""
    asked = [q for q in questions if q.sort != SurveyQuestion.Sort.TEXT]
    chosen = [(q.code, entry) for q in asked for entry in _entries(q, answers)]
    return f"&{urlencode(chosen)}" if chosen else ""


def _steps(questions: Sequence[SurveyQuestion]) -> list[list[SurveyQuestion]]:
    """What everybody is asked, in pages that a slow line carries and a thumb doesn't tire of."""
    everybody = [q for q in questions if not q.condition]
    return [everybody[at : at + A_STEP] for at in range(0, len(everybody), A_STEP)] or [[]]


def _step_of(request: HttpRequest, steps: list[list[SurveyQuestion]]) -> int:
    given = request.POST.get("step", "")
    return min(int(given), len(steps) - 1) if given.isdecimal() and len(given) < 3 else 0


def preview_page(request: HttpRequest, version: SurveyVersion, language: str) -> HttpResponse:
    """As a customer would see it, with all questions and nothing to send."""
    questions = list(version.questions.order_by("position"))
    with translation.override(language):
        about = _about(request, None, version.survey) | {
            "questions": [_shown(q, Answers()) for q in questions],
            "kept": [],
            "shown": [],
            "begun": "",
            "errors": {},
            "is_preview": True,
        }
        return render(request, "surveys/public/answer.html", about)


def _shown(question: SurveyQuestion, answers: Answers) -> dict[str, Any]:
    language = get_language() or ""
    words = {row["at"]: _word(row, language) for row in question.labels}
    if question.sort in SurveyQuestion.CHOICES or question.sort in SurveyQuestion.KANO:
        points = [(row["at"], words[row["at"]]) for row in question.labels]
    else:
        points = [(str(n), words.get(str(n), "")) for n in range(question.low, question.high + 1)]
    return {
        "code": question.code,
        "text": question.text(language),
        "sort": question.sort,
        "is_scale": question.is_scale,
        "is_text": question.sort == SurveyQuestion.Sort.TEXT,
        "is_multi": question.sort == SurveyQuestion.Sort.MULTI,
        "is_required": question.is_required,
        "points": points,
        "low": words.get(str(question.low), ""),
        "high": words.get(str(question.high), ""),
        "chosen": set(_entries(question, answers)),
        "text_typed": answers.texts.get(question.code, ""),
        "error": answers.errors.get(question.code, ""),
    }


def _word(row: Mapping[str, str], language: str) -> str:
    first, second = ("zh", "en") if language.startswith("zh") else ("en", "zh")
    return row.get(first) or row.get(second, "")


def _entries(question: SurveyQuestion, answers: Answers) -> list[str]:
    if question.code in answers.numbers:
        return [str(int(answers.numbers[question.code]))]
    if question.code in answers.choices:
        return list(answers.choices[question.code])
    return [answers.texts[question.code]] if question.code in answers.texts else []


def _about(request: HttpRequest, row: Row | None, survey: Any = None) -> dict[str, Any]:
    survey = survey or (row.survey if row is not None else None)
    language = get_language() or ""
    return {
        "title": survey.title(language) if survey else "",
        "purpose": survey.purpose(language) if survey else "",
        "thanks": survey.thanks(language) if survey else "",
        "is_anonymous": bool(survey and survey.is_anonymous),
        "path": path_of(row) if row is not None else "",
        "lang": "zh" if language.startswith("zh") else "en",
        "is_preview": False,
        "is_late": False,
        "is_second": False,
        "step": 0,
        "steps": 1,
        "chosen": "",
    }


def _told(
    request: HttpRequest, what: str, row: Row | None = None, status: int = 200
) -> HttpResponse:
    """How it ended. Of a token that nobody gave out the page says the same as of one that has ended."""
    about = _about(request, row) | {"what": what}
    if what == "ended":
        about |= {"title": "", "path": ""}
    return render(request, "surveys/public/told.html", about, status=status)


def _language(request: HttpRequest, row: Row | None) -> str:
    chosen = LANGUAGES.get(request.GET.get("lang", ""))
    if chosen:
        return chosen
    if isinstance(row, SurveyInvitation) and row.language:
        return "zh-hans" if row.language.startswith("zh") else "en"
    return get_language() or "zh-hans"


def _of(query: Any) -> dict[str, list[str]]:
    names = list(query)[:MOST_FIELDS]
    return {name: [each[:LONGEST] for each in query.getlist(name)[:30]] for name in names}


def _begun() -> str:
    return signing.TimestampSigner(salt=SALT).sign(secrets.token_hex(16))


def _key_of(request: HttpRequest) -> tuple[str, int]:
    """The key of the opened form, which makes a second press the same answer, and how long it was open."""
    given = request.POST.get("begun", "")[:200]
    try:
        key = signing.TimestampSigner(salt=SALT).unsign(given, max_age=7 * 24 * 3600)
    except signing.BadSignature:
        return "", 0
    return key, int(time.time()) - b62_decode(given.rsplit(":", 2)[1])
