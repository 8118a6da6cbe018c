from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.customers.declarations.parts import COLUMNS_OF_A_CUSTOMER
from kezhi.records import Collection, Condition, Field, FieldKind, Kind, View, registry
from kezhi.satisfaction import responding
from kezhi.satisfaction.models import AskingChannel, SurveyResponse

K = FieldKind

FIELDS = (
    Field(
        "survey",
        _("Survey"),
        K.LINK,
        link="survey",
        is_required=True,
        is_editable=True,
        is_filterable=True,
        is_importable=True,
        import_names=("问卷", "问卷编号", "survey", "survey code", "questionnaire"),
    ),
    Field(
        "customer",
        pgettext_lazy("record", "Customer"),
        K.LINK,
        link="customer",
        is_required=True,
        is_editable=True,
        is_searchable=True,
        is_filterable=True,
        is_importable=True,
        import_names=COLUMNS_OF_A_CUSTOMER,
    ),
    Field("contact", _("Contact"), K.LINK, link="contact", is_editable=True, is_filterable=True),
    Field(
        "answered_at",
        pgettext_lazy("survey response", "Answered"),
        K.MOMENT,
        is_sortable=True,
        is_filterable=True,
    ),
    Field(
        "answered_on",
        pgettext_lazy("survey response", "Day"),
        K.DATE,
        is_editable=True,
        is_filterable=True,
        is_importable=True,
        import_names=("日期", "回答日期", "填写日期", "date", "answered on", "day"),
    ),
    Field(
        "answers",
        pgettext_lazy("survey response", "Answers"),
        K.LONG_TEXT,
        is_required=True,
        is_editable=True,
        is_importable=True,
        max_length=20_000,
        help=_("As code=answer, parted by semicolons: recommend=9; comment=Fast."),
        import_names=("回答", "答案", "answers", "replies"),
    ),
    Field("score", pgettext_lazy("survey response", "Score"), K.SCORE, is_filterable=True),
    Field("comment", _("Comment"), K.LONG_TEXT, is_searchable=True, is_filterable=True),
    Field(
        "channel",
        pgettext_lazy("survey response", "Channel"),
        K.CHOICE,
        choices=AskingChannel.choices,
        is_filterable=True,
    ),
    Field("language", pgettext_lazy("survey response", "Language"), K.CODE, is_filterable=True),
    Field("seconds", _("Seconds taken"), K.INTEGER, is_filterable=True),
    Field(
        "case_state",
        pgettext_lazy("survey response", "Case"),
        K.CHOICE,
        choices=SurveyResponse.Case.choices,
        is_filterable=True,
    ),
)


def register() -> None:
    registry.register(
        Kind(
            name="survey_response",
            label=_("Survey response"),
            label_plural=_("Survey responses"),
            model=SurveyResponse,
            address="survey-responses",
            icon="chat",
            fields=FIELDS,
            title="survey",
            subtitle=("customer",),
            columns=(
                "survey",
                "customer",
                "score",
                "comment",
                "channel",
                "answered_at",
                "case_state",
            ),
            default_sort="-answered_at",
            views=(
                View("all", pgettext_lazy("view", "All")),
                View("low", _("Low scores"), (Condition("score", "lt", "50"),), is_alert=True),
                View("said", _("With a comment"), (Condition("comment", "filled"),)),
            ),
            properties=(
                *("survey", "customer", "contact", "score", "comment", "channel", "language"),
                *("answered_at", "seconds", "case_state"),
            ),
            select_related=("survey", "customer", "contact"),
            belongs_to="customer",
            form=("survey", "customer", "contact", "answered_on", "answers"),
            create=responding.create_response,
            empty=_(
                "What people answered when they were asked. Publish a survey, then send it by a rule, to"
                " a segment, or by a link."
            ),
            delete=responding.delete_response,
        )
    )
    registry.extend(
        "customer",
        collections=(
            Collection("survey_responses", _("Survey responses"), "survey_response", "customer"),
        ),
    )
