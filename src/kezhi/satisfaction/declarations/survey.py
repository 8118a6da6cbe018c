from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.records import Condition, Field, FieldKind, Kind, View, registry
from kezhi.records.fields import Section
from kezhi.satisfaction import designing
from kezhi.satisfaction.models import Survey

K = FieldKind

FIELDS = (
    Field(
        "code",
        pgettext_lazy("survey", "Code"),
        K.CODE,
        is_required=True,
        is_editable=True,
        is_searchable=True,
        is_sortable=True,
        is_filterable=True,
        max_length=40,
    ),
    Field(
        "title",
        pgettext_lazy("survey", "Title"),
        path="title_zh",
        reads=lambda survey: survey.title(),
        takes=("title_zh", "title_en"),
        is_sortable=True,
    ),
    Field(
        "title_zh",
        _("Title in Chinese"),
        is_editable=True,
        is_searchable=True,
        is_filterable=True,
        max_length=120,
    ),
    Field(
        "title_en",
        _("Title in English"),
        is_editable=True,
        is_searchable=True,
        is_filterable=True,
        max_length=120,
    ),
    Field(
        "instrument",
        _("Instrument"),
        K.CHOICE,
        choices=Survey.Instrument.choices,
        is_required=True,
        is_editable=True,
        is_filterable=True,
        is_sortable=True,
    ),
    Field(
        "purpose_zh",
        _("What it is for, in Chinese"),
        K.LONG_TEXT,
        is_editable=True,
        max_length=400,
    ),
    Field(
        "purpose_en",
        _("What it is for, in English"),
        K.LONG_TEXT,
        is_editable=True,
        max_length=400,
    ),
    Field("thanks_zh", _("Thanks, in Chinese"), K.LONG_TEXT, is_editable=True, max_length=400),
    Field("thanks_en", _("Thanks, in English"), K.LONG_TEXT, is_editable=True, max_length=400),
    Field(
        "is_anonymous",
        _("Anonymous"),
        K.BOOLEAN,
        is_editable=True,
        is_filterable=True,
        help=_("Keeps no link between a person and what they answered."),
    ),
    Field(
        "is_active",
        pgettext_lazy("survey", "In use"),
        K.BOOLEAN,
        is_editable=True,
        is_filterable=True,
    ),
    Field(
        "created_at",
        pgettext_lazy("survey", "Begun"),
        K.MOMENT,
        is_sortable=True,
        is_filterable=True,
    ),
)
WORDS = ("purpose_zh", "purpose_en", "thanks_zh", "thanks_en")


def register() -> None:
    registry.register(
        Kind(
            name="survey",
            label=_("Survey"),
            label_plural=_("Surveys"),
            model=Survey,
            address="surveys",
            icon="list",
            fields=FIELDS,
            title="title",
            subtitle=("code",),
            columns=("title", "code", "instrument", "is_anonymous", "is_active", "created_at"),
            default_sort="-created_at",
            views=(
                View("all", pgettext_lazy("view", "All")),
                View(
                    "active",
                    pgettext_lazy("survey view", "In use"),
                    (Condition("is_active", "eq", "yes"),),
                ),
            ),
            form=(
                "code",
                "instrument",
                "title_zh",
                "title_en",
                "is_anonymous",
                "is_active",
                *WORDS,
            ),
            properties=("code", "instrument", "is_anonymous", "is_active", "created_at"),
            sections=(
                Section(
                    "", ("code", "instrument", "title_zh", "title_en", "is_anonymous", "is_active")
                ),
                Section(_("Words around the questions"), WORDS),
            ),
            is_customizable=True,
            empty=_(
                "Ask customers after a delivery, a repair or a complaint, or once a year. Begin with a"
                " ready questionnaire: satisfaction, recommendation, effort, service quality, features."
            ),
            create=designing.create_survey,
            edit=designing.edit_survey,
            delete=designing.delete_survey,
        )
    )
