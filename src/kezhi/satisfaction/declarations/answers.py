"""Survey questions and survey answers as kinds of record."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.customers.declarations.parts import COLUMNS_OF_A_CUSTOMER
from kezhi.records import Collection, Condition, Field, FieldKind, Kind, View, registry
from kezhi.satisfaction import questioning
from kezhi.satisfaction.models import SurveyAnswer, SurveyItem

K = FieldKind

ITEM_FIELDS = (
    Field(
        "code",
        pgettext_lazy("survey question", "Code"),
        K.CODE,
        is_required=True,
        is_editable=True,
        is_searchable=True,
        is_sortable=True,
        is_filterable=True,
        is_importable=True,
        max_length=40,
        import_names=("题目编号", "题号", "编号", "code", "item", "item code", "question code"),
    ),
    Field(
        "text",
        pgettext_lazy("survey question", "Question"),
        is_required=True,
        is_editable=True,
        is_searchable=True,
        is_importable=True,
        max_length=300,
        import_names=("题目", "题目内容", "问题", "text", "question", "wording"),
    ),
    Field(
        "factor",
        pgettext_lazy("survey question", "Tells of"),
        K.CHOICE,
        choices=SurveyItem.Factor.choices,
        is_required=True,
        is_editable=True,
        is_filterable=True,
        is_importable=True,
        import_names=("所属要素", "要素", "维度", "factor", "attribute", "construct", "dimension"),
    ),
    Field(
        "unit",
        pgettext_lazy("survey question", "Answered in"),
        K.CHOICE,
        choices=SurveyItem.Unit.choices,
        is_editable=True,
        is_filterable=True,
        is_importable=True,
        import_names=("单位", "计量", "unit", "answered in"),
    ),
    Field(
        "low",
        _("Lowest answer"),
        K.INTEGER,
        is_editable=True,
        is_importable=True,
        import_names=("最低分", "量表下限", "low", "lowest", "scale low"),
    ),
    Field(
        "high",
        _("Highest answer"),
        K.INTEGER,
        is_editable=True,
        is_importable=True,
        import_names=("最高分", "量表上限", "high", "highest", "scale high"),
    ),
    Field(
        "is_reversed",
        _("A high answer means little of it"),
        K.BOOLEAN,
        is_editable=True,
        is_filterable=True,
        is_importable=True,
        import_names=("反向题", "反向", "reversed", "is reversed"),
    ),
    Field(
        "source",
        pgettext_lazy("survey question", "Comes from"),
        K.CHOICE,
        choices=SurveyItem.Source.choices,
        is_editable=True,
        is_filterable=True,
        is_importable=True,
        import_names=("来源", "数据来源", "source", "comes from"),
    ),
    Field(
        "is_active",
        pgettext_lazy("survey question", "In use"),
        K.BOOLEAN,
        is_editable=True,
        is_filterable=True,
        is_importable=True,
        import_names=("启用", "在用", "active", "in use"),
    ),
)

ANSWER_FIELDS = (
    Field(
        "respondent",
        pgettext_lazy("survey answer", "Respondent"),
        K.CODE,
        is_required=True,
        is_searchable=True,
        is_filterable=True,
        is_importable=True,
        max_length=60,
        import_names=(
            "受访者",
            "受访者编号",
            "答卷人",
            "答卷编号",
            "问卷编号",
            "respondent",
            "respondent id",
            "response id",
        ),
    ),
    Field(
        "customer",
        pgettext_lazy("record", "Customer"),
        K.LINK,
        link="customer",
        is_required=True,
        is_searchable=True,
        is_filterable=True,
        is_importable=True,
        import_names=COLUMNS_OF_A_CUSTOMER,
    ),
    Field(
        "item",
        pgettext_lazy("survey answer", "Question"),
        K.LINK,
        link="survey_item",
        is_required=True,
        is_filterable=True,
        is_importable=True,
        import_names=("题目", "题号", "题目编号", "问题", "item", "question", "item code"),
    ),
    Field(
        "answer",
        pgettext_lazy("survey answer", "Answer"),
        K.QUANTITY,
        is_required=True,
        is_sortable=True,
        is_filterable=True,
        is_importable=True,
        decimals=2,
        import_names=("回答", "答案", "评分", "得分", "分数", "answer", "score", "rating"),
    ),
    Field(
        "answered_on",
        pgettext_lazy("survey answer", "Day"),
        K.DATE,
        is_required=True,
        is_sortable=True,
        is_filterable=True,
        is_importable=True,
        import_names=("日期", "答卷日期", "回答日期", "填写日期", "date", "answered on", "day"),
    ),
    Field(
        "about",
        pgettext_lazy("survey answer", "About"),
        is_searchable=True,
        is_filterable=True,
        is_importable=True,
        max_length=60,
        import_names=("评价对象", "对象", "供应商", "竞争对手", "about", "supplier", "competitor"),
    ),
)


def register() -> None:
    registry.register(
        Kind(
            name="survey_item",
            is_customizable=True,
            label=_("Survey question"),
            label_plural=_("Survey questions"),
            model=SurveyItem,
            address="survey-questions",
            icon="list",
            fields=ITEM_FIELDS,
            title="text",
            subtitle=("code",),
            columns=("code", "text", "factor", "unit", "low", "high", "is_reversed", "is_active"),
            default_sort="code",
            views=(View("all", pgettext_lazy("view", "All")),),
            form=(
                "code",
                "text",
                "factor",
                "unit",
                "low",
                "high",
                "is_reversed",
                "source",
                "is_active",
            ),
            properties=(
                "code",
                "factor",
                "unit",
                "low",
                "high",
                "is_reversed",
                "source",
                "is_active",
            ),
            import_key=("code",),
            empty=_(
                "What customers are asked, on which scale, and what each question tells of."
                " Write the questions first, then import the answers."
            ),
            create=questioning.create_item,
            edit=questioning.edit_item,
            delete=questioning.delete_item,
        )
    )
    registry.register(
        Kind(
            name="survey_answer",
            label=_("Survey answer"),
            label_plural=_("Survey answers"),
            model=SurveyAnswer,
            address="survey-answers",
            icon="chat",
            fields=ANSWER_FIELDS,
            title="respondent",
            columns=("respondent", "customer", "item", "answer", "about", "answered_on"),
            default_sort="-answered_on",
            views=(
                View("all", pgettext_lazy("view", "All")),
                View("ours", _("About us"), (Condition("about", "empty"),)),
                View("others", _("About competitors"), (Condition("about", "filled"),)),
            ),
            properties=("customer", "item", "answer", "about", "answered_on"),
            import_key=("respondent", "item", "about", "answered_on"),
            select_related=("customer", "item"),
            belongs_to="customer",
            empty=_(
                "What customers answered about you and about competitors. Import a table with respondent,"
                " customer, question, answer and day."
            ),
        )
    )
    registry.extend(
        "customer",
        collections=(
            Collection("survey_answers", _("Survey answers"), "survey_answer", "customer"),
        ),
    )
