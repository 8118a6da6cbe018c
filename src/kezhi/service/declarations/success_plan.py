"""The success plan as a kind of record."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.customers.declarations.parts import contact_of, customer_of
from kezhi.records import Condition, Field, FieldKind, Kind, View
from kezhi.service.models import SuccessPlan
from kezhi.service.success import planning

K = FieldKind
RUNNING = Condition("state", "in", ",".join(SuccessPlan.RUNNING))

FIELDS = (
    Field(
        "goal",
        pgettext_lazy("success plan", "What they want to reach"),
        is_required=True,
        is_editable=True,
        is_searchable=True,
        is_filterable=True,
        is_importable=True,
        max_length=300,
        import_names=("目标", "客户目标", "goal", "objective"),
    ),
    customer_of(),
    Field(
        "why",
        pgettext_lazy("success plan", "Why they bought"),
        K.LONG_TEXT,
        is_editable=True,
        is_searchable=True,
        is_importable=True,
        max_length=4000,
        import_names=("购买原因", "背景", "why", "reason"),
    ),
    contact_of(pgettext_lazy("success plan", "Who wants it")),
    Field(
        "product",
        _("Product"),
        K.LINK,
        link="product",
        is_editable=True,
        is_filterable=True,
    ),
    Field(
        "manager",
        pgettext_lazy("success plan", "Who answers for it"),
        K.PERSON,
        is_editable=True,
        is_filterable=True,
        is_importable=True,
        import_names=("负责人", "客户成功经理", "manager", "csm"),
    ),
    Field(
        "begun_on",
        pgettext_lazy("success plan", "Begun"),
        K.DATE,
        is_editable=True,
        is_filterable=True,
        is_importable=True,
        import_names=("开始日期", "begun", "start"),
    ),
    Field(
        "reach_by",
        pgettext_lazy("success plan", "To be reached by"),
        K.DATE,
        is_required=True,
        is_editable=True,
        is_sortable=True,
        is_filterable=True,
        is_importable=True,
        import_names=("达成期限", "目标日期", "reach by", "target date"),
    ),
    Field(
        "review_on",
        pgettext_lazy("success plan", "Next review"),
        K.DATE,
        is_editable=True,
        is_filterable=True,
    ),
    Field(
        "renewal_on",
        pgettext_lazy("success plan", "Renewal due"),
        K.DATE,
        is_editable=True,
        is_filterable=True,
        is_importable=True,
        import_names=("续约日期", "renewal", "renewal date"),
    ),
    Field(
        "state",
        pgettext_lazy("record", "State"),
        K.CHOICE,
        choices=SuccessPlan.State.choices,
        is_filterable=True,
    ),
    Field(
        "health",
        pgettext_lazy("success plan", "Health"),
        K.SCORE,
        is_filterable=True,
        help=_("How far the measures are, against how far they should be by now: 0 to 100."),
    ),
    Field("lesson", pgettext_lazy("success plan", "What was learned"), K.LONG_TEXT),
    Field("ended_on", pgettext_lazy("success plan", "Ended"), K.DATE, is_filterable=True),
)

KIND = Kind(
    name="success_plan",
    label=pgettext_lazy("record", "Success plan"),
    label_plural=_("Success plans"),
    model=SuccessPlan,
    address="success-plans",
    icon="flag",
    fields=FIELDS,
    title="goal",
    subtitle=("customer",),
    columns=("goal", "customer", "state", "health", "reach_by", "review_on", "manager"),
    default_sort="reach_by",
    views=(
        View("running", pgettext_lazy("success plans", "Running"), (RUNNING,), sort="reach_by"),
        View(
            "behind",
            pgettext_lazy("success plans", "Behind"),
            (Condition("state", "in", "at_risk,off_track"),),
            sort="reach_by",
            is_alert=True,
        ),
        View(
            "review",
            pgettext_lazy("success plans", "Review due"),
            (RUNNING, Condition("review_on", "before", "today")),
            sort="reach_by",
        ),
        View("all", pgettext_lazy("view", "All"), sort="-reach_by"),
    ),
    form=(
        "customer",
        "goal",
        "why",
        "contact",
        "product",
        "manager",
        "begun_on",
        "reach_by",
        "review_on",
        "renewal_on",
    ),
    properties=(
        "customer",
        "contact",
        "product",
        "manager",
        "state",
        "health",
        "begun_on",
        "reach_by",
        "review_on",
        "renewal_on",
        "ended_on",
        "lesson",
    ),
    import_key=("customer", "goal"),
    select_related=("customer", "contact", "product", "manager"),
    empty=_(
        "What customers bought for, by what they see that they are there, and how far they are."
    ),
    belongs_to="customer",
    is_customizable=True,
    is_taggable=True,
    has_attachments=True,
    create=planning.create_plan,
    edit=planning.change_plan,
    delete=planning.delete_plan,
)
