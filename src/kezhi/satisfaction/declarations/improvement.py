from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.records import Condition, Field, FieldKind, Kind, View, registry
from kezhi.records.fields import Section
from kezhi.satisfaction import improving
from kezhi.satisfaction.models import Improvement, SurveyQuestion

K = FieldKind
BEFORE_AND_AFTER = ("before_from", "before_until", "after_from", "after_until")
STEPS = ("plan", "done", "checked", "acted")

FIELDS = (
    Field(
        "title",
        _("What is to become better"),
        is_required=True,
        is_editable=True,
        is_searchable=True,
        max_length=160,
    ),
    Field(
        "state",
        pgettext_lazy("improvement", "Step"),
        K.CHOICE,
        choices=Improvement.State.choices,
        is_filterable=True,
        is_sortable=True,
    ),
    Field(
        "owner",
        pgettext_lazy("improvement", "Answers for it"),
        K.PERSON,
        is_editable=True,
        is_filterable=True,
    ),
    Field(
        "due_on",
        pgettext_lazy("improvement", "Due"),
        K.DATE,
        is_required=True,
        is_editable=True,
        is_filterable=True,
        is_sortable=True,
    ),
    Field(
        "measure",
        _("What is measured"),
        K.CHOICE,
        choices=Improvement.Measure.choices,
        is_required=True,
        is_editable=True,
        is_filterable=True,
    ),
    Field("survey", _("Survey"), K.LINK, link="survey", is_editable=True, is_filterable=True),
    Field(
        "dimension",
        _("Dimension"),
        K.CHOICE,
        choices=[(key, label) for key, label in SurveyQuestion.Dimension.choices if key],
        is_editable=True,
        is_filterable=True,
    ),
    Field(
        "cause",
        _("Cause of complaints"),
        is_editable=True,
        is_searchable=True,
        is_filterable=True,
        max_length=200,
    ),
    Field(
        "target", pgettext_lazy("improvement", "Target"), K.QUANTITY, is_editable=True, decimals=1
    ),
    Field("before_from", _("Before: first day"), K.DATE, is_editable=True),
    Field("before_until", _("Before: last day"), K.DATE, is_editable=True),
    Field("after_from", _("After: first day"), K.DATE, is_editable=True),
    Field("after_until", _("After: last day"), K.DATE, is_editable=True),
    Field(
        "plan", pgettext_lazy("improvement", "Plan"), K.LONG_TEXT, is_editable=True, max_length=4000
    ),
    Field("done", _("What was done"), K.LONG_TEXT, is_editable=True, max_length=4000),
    Field("checked", _("What came of it"), K.LONG_TEXT, is_editable=True, max_length=4000),
    Field("acted", _("What stays from now on"), K.LONG_TEXT, is_editable=True, max_length=4000),
    Field("finished_on", _("Ended"), K.DATE, is_filterable=True, is_sortable=False),
)


def register() -> None:
    registry.register(
        Kind(
            name="improvement",
            label=_("Improvement"),
            label_plural=_("Improvements"),
            model=Improvement,
            address="improvements",
            icon="refresh",
            fields=FIELDS,
            title="title",
            subtitle=("state",),
            columns=("title", "state", "owner", "due_on", "measure", "survey"),
            default_sort="due_on",
            views=(
                View(
                    "open",
                    pgettext_lazy("improvement view", "Open"),
                    (Condition("state", "in", "plan,do,check,act"),),
                ),
                View("all", pgettext_lazy("view", "All")),
            ),
            form=(
                *("title", "owner", "due_on", "measure", "survey", "dimension", "cause", "target"),
                *BEFORE_AND_AFTER,
                *STEPS,
            ),
            properties=(
                "state",
                "owner",
                "due_on",
                "measure",
                "survey",
                "dimension",
                "cause",
                "target",
            ),
            sections=(
                Section("", ("title", "owner", "due_on")),
                Section(
                    _("Measure"),
                    ("measure", "survey", "dimension", "cause", "target", *BEFORE_AND_AFTER),
                ),
                Section(_("Plan, do, check, act"), STEPS),
            ),
            select_related=("survey", "owner"),
            is_customizable=True,
            has_attachments=True,
            empty=_(
                "What is done so that customers are more content, with a measure before and after."
            ),
            create=improving.create_improvement,
            edit=improving.edit_improvement,
            delete=improving.delete_improvement,
        )
    )
