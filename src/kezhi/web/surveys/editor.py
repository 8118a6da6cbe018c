"""The questions of a draft: added, taken from the bank, changed, moved, removed, weighed."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST

from kezhi.core.ids import record_id
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.satisfaction import designing, questionnaires
from kezhi.satisfaction.models import Survey, SurveyItem, SurveyQuestion
from kezhi.satisfaction.models.survey import told
from kezhi.web.answering import done
from kezhi.web.requests import PersonRequest, typed, typed_number
from kezhi.web.surveys.reaching import back_to, place_of, survey_of

TEXTS = {"code": 40, "text_zh": 300, "text_en": 300, "sort": 20, "dimension": 20}
NUMBERS = ("low", "high", "weight")
OTHERS = ("labels", "item", "after", "is", "than")
Sort = SurveyQuestion.Sort


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: PersonRequest, pk: int) -> HttpResponse:
    """GET: an empty form. POST: the question, at the end of the draft."""
    survey = survey_of(request, pk, "edit")
    if request.method != "POST":
        entries = {"sort": Sort.SCALE, "low": "1", "high": "5", "weight": "1", "is_required": "1"}
        return _form(request, survey, None, entries)
    return _save(request, survey, None)


@require_http_methods(["GET", "HEAD", "POST"])
def change(request: PersonRequest, pk: int, question: int) -> HttpResponse:
    """GET: the question in a form. POST: as it was typed."""
    survey = survey_of(request, pk, "edit")
    found = _question(survey, question)
    if request.method != "POST":
        return _form(request, survey, found, _entries(found))
    return _save(request, survey, found)


@require_POST
def move(request: PersonRequest, pk: int, question: int) -> HttpResponse:
    """POST `to`: the place, counted from 1."""
    survey = survey_of(request, pk, "edit")
    found = _question(survey, question)
    place = typed(request, "to", 4)
    to = int(place) if place.isdecimal() else 1
    return done(
        request,
        lambda: designing.move_question(found, to, actor=request.actor, on=request.today),
        _("Moved"),
        place_of(survey, "questions"),
    )


@require_POST
def remove(request: PersonRequest, pk: int, question: int) -> HttpResponse:
    survey = survey_of(request, pk, "edit")
    found = _question(survey, question)
    return done(
        request,
        lambda: designing.remove_question(found, actor=request.actor, on=request.today),
        _("Removed"),
        place_of(survey, "questions"),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def bank(request: PersonRequest, pk: int) -> HttpResponse:
    """GET: the ready questions by instrument. POST instrument and code: it joins the draft."""
    survey = survey_of(request, pk, "edit")
    if request.method == "POST":
        instrument, code = typed(request, "instrument", 20), typed(request, "code", 40)
        return done(
            request,
            lambda: designing.take_question(
                survey, instrument, code, actor=request.actor, on=request.today
            ),
            _("Added to the draft"),
            place_of(survey, "questions"),
        )
    labels = dict(Survey.Instrument.choices)
    parts = [
        (name, labels[name], [(e["code"], e["text_zh"], e["text_en"]) for e in entries])
        for name, entries in questionnaires.bank().items()
    ]
    return render(request, "surveys/bank.html", {"survey": survey, "parts": parts})


@require_http_methods(["GET", "HEAD", "POST"])
def weights(request: PersonRequest, pk: int) -> HttpResponse:
    """What each dimension of the draft counts for; all empty: the questions' own weights decide."""
    survey = survey_of(request, pk, "edit")
    draft = survey.draft
    if draft is None:
        raise Http404
    labels = dict(SurveyQuestion.Dimension.choices)
    asked = draft.questions.exclude(dimension="").order_by("dimension")
    names = list(asked.values_list("dimension", flat=True).distinct())
    entries = {name: f"{draft.dimension_weights.get(name, ''):}" for name in names}
    errors: dict[str, str] = {}
    status, refusal = 200, ""
    if request.method == "POST":
        entries = {name: typed(request, name, 20) for name in names}
        shares: dict[str, float] = {}
        for name in names:
            if entries[name]:
                number = typed_number(entries[name])
                if number is None:
                    errors[name] = _("Enter a number.")
                else:
                    shares[name] = float(number)
        if not errors:
            try:
                designing.set_weights(survey, shares, actor=request.actor, on=request.today)
                return back_to(survey)
            except NotAllowed as reason:
                raise PermissionDenied from reason
            except Refused as reason:
                refusal = str(reason)
        status = 422
    fields = [(name, labels[name], entries[name], errors.get(name, "")) for name in names]
    about = {"survey": survey, "fields": fields, "refusal": refusal}
    return render(request, "surveys/weights.html", about, status=status)


def _question(survey: Survey, pk: int) -> SurveyQuestion:
    rows = SurveyQuestion.objects.select_related("version__survey", "item")
    found: SurveyQuestion = get_object_or_404(
        rows, pk=pk, version__survey=survey, version__published_at__isnull=True
    )
    return found


def _save(request: PersonRequest, survey: Survey, question: SurveyQuestion | None) -> HttpResponse:
    entries = {name: typed(request, name, longest) for name, longest in TEXTS.items()}
    entries |= {name: typed(request, name, 20) for name in NUMBERS}
    entries |= {name: typed(request, name, 4000) for name in OTHERS}
    entries["is_required"] = typed(request, "is_required", 1)
    entries["is_reversed"] = typed(request, "is_reversed", 1)
    errors: dict[str, str] = {}
    fields = _read(entries, errors)
    refusal = ""
    if not errors:
        try:
            if question is None:
                designing.add_question(survey, fields, actor=request.actor, on=request.today)
            else:
                designing.edit_question(question, fields, actor=request.actor, on=request.today)
        except NotAllowed as reason:
            raise PermissionDenied from reason
        except Refused as reason:
            refusal = str(reason)
        else:
            return back_to(survey, "questions")
    return _form(request, survey, question, entries, errors=errors, refusal=refusal, status=422)


def _read(entries: Mapping[str, str], errors: dict[str, str]) -> dict[str, Any]:
    """The columns of a question as they were typed; what can't be read is noted in `errors`."""
    fields: dict[str, Any] = {name: entries[name] for name in TEXTS}
    if not fields["code"]:
        del fields["code"]
    for name in NUMBERS:
        number = typed_number(entries[name] or "0")
        if number is None or (name != "weight" and number != int(number)):
            errors[name] = _("Enter a number.") if name == "weight" else _("Enter a whole number.")
        elif abs(number) > 1000:
            errors[name] = _("Enter a smaller number.")
        else:
            fields[name] = Decimal(number) if name == "weight" else int(number)
    fields["is_required"] = entries["is_required"] == "1"
    fields["is_reversed"] = entries["is_reversed"] == "1"
    fields["labels"] = _labels(entries["labels"])
    item = None
    if entries["item"]:
        item = SurveyItem.objects.filter(pk=record_id(entries["item"]) or 0).first()
        if item is None:
            errors["item"] = _("Choose a question from the list.")
    fields["item"] = item
    fields["condition"] = (
        {"question": entries["after"], "is": entries["is"], "than": entries["than"]}
        if entries["after"]
        else {}
    )
    return fields


def _labels(text: str) -> list[dict[str, str]]:
    """One a line: key | Chinese | English. Without a key the lines are numbered."""
    rows = []
    for line in text.splitlines()[:40]:
        parts = [part.strip() for part in line.replace("｜", "|").split("|")]
        if not any(parts):
            continue
        if len(parts) == 1:
            parts = ["", parts[0], ""]
        elif len(parts) == 2:
            parts = ["", *parts]
        rows.append({"at": parts[0], "zh": parts[1], "en": parts[2]})
    return rows


def _entries(question: SurveyQuestion) -> dict[str, str]:
    condition = question.condition
    return {
        "code": question.code,
        "text_zh": question.text_zh,
        "text_en": question.text_en,
        "sort": question.sort,
        "low": str(question.low),
        "high": str(question.high),
        "labels": "\n".join(f"{r['at']} | {r['zh']} | {r['en']}" for r in question.labels),
        "dimension": question.dimension,
        "weight": f"{question.weight.normalize():f}",
        "is_required": "1" if question.is_required else "",
        "is_reversed": "1" if question.is_reversed else "",
        "item": str(question.item_id or ""),
        "after": condition.get("question", ""),
        "is": condition.get("is", ""),
        "than": str(condition.get("than", "")),
    }


def _form(
    request: HttpRequest,
    survey: Survey,
    question: SurveyQuestion | None,
    entries: Mapping[str, str],
    *,
    errors: Mapping[str, str] | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    draft = survey.draft
    if draft is None:
        raise Http404
    before = draft.questions.filter(condition={}).order_by("position")
    if question is not None:
        before = before.filter(position__lt=question.position)
    items = SurveyItem.objects.filter(is_active=True, source="asked", unit="scale")
    about = {
        "survey": survey,
        "question": question,
        "entries": entries,
        "errors": errors or {},
        "refusal": refusal,
        "sorts": Sort.choices,
        "dimensions": [each for each in SurveyQuestion.Dimension.choices if each[0]],
        "items": [
            (str(item.pk), f"{item.code} · {item.text} ({item.low}–{item.high})")
            for item in items.order_by("code")[:200]
        ],
        "before": [(q.code, told(q.text_zh, q.text_en)[:80]) for q in before],
        "comparisons": [
            ("at_most", _("is at most")),
            ("at_least", _("is at least")),
            ("is", pgettext("comparison", "is")),
        ],
    }
    return render(request, "surveys/question.html", about, status=status)
