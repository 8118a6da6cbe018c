"""A survey is designed: begun from a ready questionnaire, changed as a draft, published as a version."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from kezhi.accounts.models import person
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.refusal import EditConflict, NotAllowed, Refused
from kezhi.satisfaction import questionnaires
from kezhi.satisfaction.models import Survey, SurveyQuestion, SurveyVersion
from kezhi.workbench.customizing.entering import put, settle

MOST_QUESTIONS = 60
MOST_LABELS = 20
CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,38}")
# What the customer’s form calls its own fields.
RESERVED = frozenset({"begun", "shown", "step", "lang", "csrfmiddlewaretoken"})
COPIED = (
    *("position", "code", "text_zh", "text_en", "sort", "low", "high", "labels", "is_reversed"),
    *("dimension", "weight", "is_required", "condition", "item_id"),
)
ENTERED = frozenset(
    {
        *("code", "text_zh", "text_en", "sort", "low", "high", "labels", "is_reversed"),
        *("dimension", "weight", "is_required", "condition", "item"),
    }
)
COMPARISONS = ("at_most", "at_least", "is")
Sort = SurveyQuestion.Sort


@audited("survey.created")
def create_survey(fields: dict[str, Any], *, actor: Actor, on: date) -> Survey:
    """A survey with a draft: the ready questionnaire of its instrument, or an empty one."""
    if not actor.may("create", "survey"):
        raise NotAllowed(_("Your role doesn’t design surveys."))
    instrument = str(fields.get("instrument") or Survey.Instrument.OWN)
    if instrument not in questionnaires.READY:
        raise Refused(_("Choose the instrument from the list."))
    ready = questionnaires.READY[instrument]
    survey = Survey(created_by_id=actor.pk)
    filled = {
        "title_zh": ready.title_zh,
        "title_en": ready.title_en,
        "purpose_zh": ready.purpose_zh,
        "purpose_en": ready.purpose_en,
    }
    given = {name: entry for name, entry in fields.items() if entry not in (None, "")}
    if given.keys() & {"title_zh", "title_en"}:
        filled = {n: e for n, e in filled.items() if not n.startswith("title")}
    anonymous = bool(fields.get("is_anonymous"))
    filled["thanks_zh"] = (
        questionnaires.THANKS_ANONYMOUS_ZH if anonymous else questionnaires.THANKS_ZH
    )
    filled["thanks_en"] = (
        questionnaires.THANKS_ANONYMOUS_EN if anonymous else questionnaires.THANKS_EN
    )
    put("survey", survey, filled | given, actor)
    _check_survey(survey)
    settle("survey", survey)
    survey.save()
    draft = SurveyVersion.objects.create(
        survey=survey, number=1, dimension_weights=dict(ready.dimension_weights)
    )
    SurveyQuestion.objects.bulk_create(
        SurveyQuestion(version=draft, position=place, **questionnaires.made(entry))
        for place, entry in enumerate(ready.questions, start=1)
    )
    return survey


@audited("survey.edited")
def edit_survey(
    survey: Survey, changes: dict[str, Any], *, actor: Actor, on: date, version: int | None = None
) -> Survey:
    """Title, words around the questions, and what follows a low score; the questions are the draft's."""
    survey = claim(survey, actor=actor, action="edit", version=version)
    was_anonymous, instrument = survey.is_anonymous, survey.instrument
    put("survey", survey, changes, actor)
    _check_survey(survey)
    if survey.instrument != instrument:
        raise Refused(_("The instrument of a survey stays. Begin another survey for another one."))
    if survey.is_anonymous != was_anonymous and survey.invitations.exists():
        raise Refused(
            _("People were asked already; whether they answer anonymously can’t be changed.")
        )
    settle("survey", survey)
    note(fields=sorted(changes))
    survey.version += 1
    survey.save()
    return survey


@audited("survey.deleted")
def delete_survey(survey: Survey, *, actor: Actor, on: date) -> None:
    """Only one that was never published: what people answered stays readable."""
    survey = claim(survey, actor=actor, action="delete")
    if survey.versions.filter(published_at__isnull=False).exists():
        raise Refused(_("This survey was published. Take it out of use instead of deleting it."))
    survey.delete()


# ---- the draft ----


@audited("survey.draft_begun")
def begin_draft(survey: Survey, *, actor: Actor, on: date) -> SurveyVersion:
    """The next version, as a copy of the one in use; there is one draft at a time."""
    survey = claim(survey, actor=actor, action="edit")
    known = survey.draft
    if known is not None:
        return known
    last = survey.published
    number = (last.number if last else 0) + 1
    draft = SurveyVersion.objects.create(
        survey=survey,
        number=number,
        dimension_weights=dict(last.dimension_weights) if last else {},
    )
    if last is not None:
        SurveyQuestion.objects.bulk_create(
            SurveyQuestion(version=draft, **{name: getattr(row, name) for name in COPIED})
            for row in last.questions.order_by("position")
        )
    return draft


@audited("survey.draft_dropped")
def drop_draft(survey: Survey, *, actor: Actor, on: date) -> None:
    """What was begun is given up; the version in use stays as it is."""
    survey = claim(survey, actor=actor, action="edit")
    draft = _draft(survey)
    if survey.published is None:
        raise Refused(_("The first draft can’t be given up. Delete the survey instead."))
    draft.delete()


@audited("survey.question_added")
def add_question(
    survey: Survey, fields: Mapping[str, Any], *, actor: Actor, on: date
) -> SurveyQuestion:
    """At the end of the draft."""
    survey = claim(survey, actor=actor, action="edit")
    draft = _draft(survey)
    rows = list(draft.questions.order_by("position"))
    if len(rows) >= MOST_QUESTIONS:
        raise Refused(
            _("A survey has %(most)s questions at most: nobody answers more.")
            % {"most": MOST_QUESTIONS}
        )
    question = SurveyQuestion(version=draft, position=(rows[-1].position if rows else 0) + 1)
    _enter(question, {"code": _free_code(rows), **fields}, rows)
    question.save()
    note(code=question.code)
    return question


@audited("survey.question_taken")
def take_question(
    survey: Survey, instrument: str, code: str, *, actor: Actor, on: date
) -> SurveyQuestion:
    """A question of the bank, under a code that is free here."""
    found = next(
        (entry for entry in questionnaires.bank().get(instrument, []) if entry.get("code") == code),
        None,
    )
    if found is None:
        raise Refused(_("There is no such question in the bank."))
    fields = questionnaires.made(found)
    draft = _draft(survey)
    rows = list(draft.questions.all())
    if any(row.code == fields["code"] for row in rows):
        fields["code"] = _free_code(rows, str(fields["code"]))
    if fields.get("condition", {}).get("question") not in {row.code for row in rows}:
        fields["condition"] = {}
    return add_question(survey, fields, actor=actor, on=on)


@audited("survey.question_edited")
def edit_question(
    question: SurveyQuestion, changes: Mapping[str, Any], *, actor: Actor, on: date
) -> SurveyQuestion:
    """Of the draft; a published question never changes."""
    question, rows = _of_draft(question, actor)
    before = question.code
    _enter(question, changes, [row for row in rows if row.pk != question.pk])
    question.save()
    if question.code != before:
        for row in rows:
            if row.condition.get("question") == before:
                row.condition = {**row.condition, "question": question.code}
                row.save(update_fields=["condition"])
    note(fields=sorted(changes))
    return question


@audited("survey.question_moved")
def move_question(question: SurveyQuestion, to: int, *, actor: Actor, on: date) -> None:
    """To a place counted from 1; the others close up."""
    question, rows = _of_draft(question, actor)
    others = [row for row in rows if row.pk != question.pk]
    place = min(max(to, 1), len(rows)) - 1
    ordered = [*others[:place], question, *others[place:]]
    _check_order(ordered)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS survey_question_place DEFERRED")
    for position, row in enumerate(ordered, start=1):
        row.position = position
    SurveyQuestion.objects.bulk_update(ordered, ["position"])


@audited("survey.question_removed")
def remove_question(question: SurveyQuestion, *, actor: Actor, on: date) -> None:
    question, rows = _of_draft(question, actor)
    if any(row.condition.get("question") == question.code for row in rows):
        raise Refused(_("Another question is only asked after this one. Change that one first."))
    question.delete()


@audited("survey.weights_set")
def set_weights(
    survey: Survey, weights: Mapping[str, float], *, actor: Actor, on: date
) -> SurveyVersion:
    """What each dimension counts for in the score; empty: the questions' own weights decide."""
    survey = claim(survey, actor=actor, action="edit")
    draft = _draft(survey)
    asked = set(draft.questions.exclude(dimension="").values_list("dimension", flat=True))
    if any(name not in asked for name in weights):
        raise Refused(_("Give weights only to dimensions that are asked about."))
    if any(not 0 <= share <= 1000 for share in weights.values()):
        raise Refused(_("A weight is a number from 0 to 1000."))
    if weights and not sum(weights.values()):
        raise Refused(_("At least one dimension must count."))
    draft.dimension_weights = {name: float(share) for name, share in weights.items()}
    draft.save()
    return draft


@audited("survey.published")
def publish_survey(survey: Survey, *, actor: Actor, at: datetime) -> SurveyVersion:
    """From now on this version is sent. What was answered before stays with the questions of its version."""
    survey = claim(survey, actor=actor, action="edit")
    draft = _draft(survey)
    rows = list(draft.questions.order_by("position"))
    if not rows:
        raise Refused(_("Add a question before you publish."))
    _check_order(rows)
    _check_pairs(rows)
    frozen = [{name: str(getattr(row, name)) for name in COPIED} for row in rows]
    words = json.dumps([frozen, draft.dimension_weights], sort_keys=True, ensure_ascii=False)
    draft.digest = hashlib.sha256(words.encode()).hexdigest()
    draft.published_at, draft.published_by = at, person(actor)
    draft.save()
    note(number=draft.number, questions=len(rows))
    return draft


# ---- what the deeds share ----


def _draft(survey: Survey) -> SurveyVersion:
    draft = survey.draft
    if draft is None:
        raise Refused(_("This survey is published. Begin a new version to change its questions."))
    return draft


def _of_draft(
    question: SurveyQuestion, actor: Actor
) -> tuple[SurveyQuestion, list[SurveyQuestion]]:
    """The question as it is now, and all of its draft in order; the survey is locked."""
    survey = claim(question.version.survey, actor=actor, action="edit")
    rows = list(SurveyQuestion.objects.filter(version_id=question.version_id).order_by("position"))
    found = next((row for row in rows if row.pk == question.pk), None)
    if found is None:
        raise EditConflict(_("Somebody removed this question meanwhile."))
    if found.version.published_at is not None or found.version.survey_id != survey.pk:
        raise Refused(_("This survey is published. Begin a new version to change its questions."))
    return found, rows


def _check_survey(survey: Survey) -> None:
    if not survey.code:
        raise Refused(_("Give the survey a code: files and programs name it so."))
    if Survey.objects.filter(code=survey.code).exclude(pk=survey.pk).exists():
        raise Refused(
            _("The code %(code)s belongs to another survey. Choose another.")
            % {"code": survey.code}
        )
    if not (survey.title_zh.strip() or survey.title_en.strip()):
        raise Refused(_("Give the survey a title in one of the languages."))
    if survey.low_below is not None and not 0 <= survey.low_below <= 100:
        raise Refused(_("A score lies between 0 and 100."))
    if survey.low_below is not None and survey.is_anonymous:
        raise Refused(_("An anonymous survey opens no cases: nobody could be written to."))
    if not 0 <= survey.case_days <= 90:
        raise Refused(_("The deadline lies between 0 and 90 days."))


def _enter(
    question: SurveyQuestion, fields: Mapping[str, Any], others: list[SurveyQuestion]
) -> None:
    for name, entry in fields.items():
        if name not in ENTERED:
            raise Refused(_("A question has no field “%(name)s”.") % {"name": name[:60]})
        setattr(question, name, entry)
    _check_question(question, others)


def _check_question(question: SurveyQuestion, others: list[SurveyQuestion]) -> None:
    if not CODE.fullmatch(question.code) or question.code in RESERVED:
        raise Refused(_("A code begins with a letter and holds letters, digits and _."))
    if any(row.code == question.code for row in others):
        raise Refused(
            _("The code %(code)s belongs to another question. Choose another.")
            % {"code": question.code}
        )
    if not (question.text_zh.strip() or question.text_en.strip()):
        raise Refused(_("Write the question in one of the languages."))
    if question.sort not in Sort.values:
        raise Refused(_("Choose how the question is answered."))
    if question.dimension not in SurveyQuestion.Dimension.values:
        raise Refused(_("Choose the dimension from the list."))
    if question.sort == Sort.NPS:
        question.low, question.high = 0, 10
    elif question.sort in SurveyQuestion.KANO:
        question.low, question.high = 1, 5
        question.labels = question.labels or questionnaires.KANO
    if question.is_scale and not (
        -10 <= question.low < question.high <= 10 and question.high - question.low <= 10
    ):
        raise Refused(_("A scale has 2 to 11 points, such as 1 to 5 or 0 to 10."))
    question.labels = _labels(question)
    if question.sort in (Sort.TEXT, *SurveyQuestion.CHOICES, *SurveyQuestion.KANO):
        question.weight = Decimal(0)
    if not 0 <= question.weight <= 1000:
        raise Refused(_("A weight is a number from 0 to 1000."))
    _check_item(question)
    _check_condition(question, others)


def _labels(question: SurveyQuestion) -> list[dict[str, str]]:
    labels = [
        {name: str(row.get(name, "")).strip()[:120] for name in ("at", "zh", "en")}
        for row in question.labels
        if isinstance(row, Mapping)
    ]
    labels = [row for row in labels if row["zh"] or row["en"]]
    if len(labels) > MOST_LABELS:
        raise Refused(_("A question has %(most)s choices at most.") % {"most": MOST_LABELS})
    if question.sort in SurveyQuestion.CHOICES:
        if len(labels) < 2:
            raise Refused(_("Give at least two choices, one a line."))
        for place, row in enumerate(labels, start=1):
            row["at"] = row["at"] or str(place)
            if not re.fullmatch(r"[A-Za-z0-9_-]{1,20}", row["at"]):
                raise Refused(_("The key of a choice holds letters and digits."))
        if len({row["at"] for row in labels}) < len(labels):
            raise Refused(_("Two choices have the same key."))
    elif question.is_scale:
        points = {str(point) for point in range(question.low, question.high + 1)}
        labels = [row for row in labels if row["at"] in points]
    elif question.sort not in SurveyQuestion.KANO:
        labels = []
    return labels


def _check_item(question: SurveyQuestion) -> None:
    item = question.item
    if item is None:
        return
    if not question.is_scale:
        raise Refused(_("Only answers on a scale are kept as survey answers of a question."))
    if (item.low, item.high) != (question.low, question.high) or item.source != "asked":
        raise Refused(
            _("The question %(item)s is answered from %(low)s to %(high)s; use the same scale.")
            % {"item": item.code, "low": item.low, "high": item.high}
        )


def _check_condition(question: SurveyQuestion, others: list[SurveyQuestion]) -> None:
    if not question.condition:
        question.condition = {}
        return
    asked = {row.code: row for row in others}
    first = asked.get(str(question.condition.get("question", "")))
    comparison = question.condition.get("is")
    if first is None or comparison not in COMPARISONS or first.condition:
        raise Refused(_("Ask it after a question that everybody is asked."))
    if question.position and first.position > question.position:
        raise Refused(_("A question can only depend on one that stands before it."))
    than = question.condition.get("than")
    if first.is_scale or first.sort in SurveyQuestion.KANO:
        try:
            than = int(str(than))
        except ValueError:
            raise Refused(_("Say which answer leads to the question.")) from None
    elif comparison != "is" or not than:
        raise Refused(_("Say which answer leads to the question."))
    question.condition = {"question": first.code, "is": comparison, "than": than}


def _check_order(rows: list[SurveyQuestion]) -> None:
    seen: set[str] = set()
    for row in rows:
        if row.condition and row.condition["question"] not in seen:
            raise Refused(_("A question can only depend on one that stands before it."))
        seen.add(row.code)


def _check_pairs(rows: list[SurveyQuestion]) -> None:
    """Kano questions come in pairs, `x_yes` and `x_no`; expectations and perceptions too, `E01` and `P01`."""
    kano: dict[str, set[str]] = {
        row.code.rpartition("_")[0]: set() for row in rows if row.sort in SurveyQuestion.KANO
    }
    for row in rows:
        if row.sort in SurveyQuestion.KANO:
            kano[row.code.rpartition("_")[0]].add(row.sort)
    if any(len(sorts) < 2 for sorts in kano.values()):
        raise Refused(_("Kano questions come in pairs with codes such as track_yes and track_no."))
    expected = {row.code[1:] for row in rows if row.sort == Sort.EXPECTATION}
    perceived = {row.code[1:] for row in rows if row.sort == Sort.PERCEPTION}
    if expected and expected != perceived:
        raise Refused(_("Each expectation needs its perception: codes such as E01 and P01."))


def _free_code(rows: list[SurveyQuestion], wanted: str = "q") -> str:
    taken = {row.code for row in rows}
    return next(code for n in range(1, 999) if (code := f"{wanted[:30]}{n}") not in taken)
