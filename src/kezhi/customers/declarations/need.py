"""The need as a kind of record."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.customers import answering
from kezhi.customers.declarations.parts import contact_of, customer_of
from kezhi.customers.models import Need
from kezhi.records import Condition, Field, FieldKind, Kind, View

K = FieldKind

FIELDS = (
    Field(
        "what",
        pgettext_lazy("need", "What they ask"),
        is_required=True,
        is_editable=True,
        is_searchable=True,
        is_filterable=True,
        is_importable=True,
        max_length=300,
        import_names=("需求", "需求内容", "诉求", "need", "request", "what"),
    ),
    customer_of(),
    Field(
        "why",
        pgettext_lazy("need", "The reason behind it"),
        K.LONG_TEXT,
        is_editable=True,
        is_searchable=True,
        is_importable=True,
        max_length=4000,
        import_names=("背后原因", "原因", "why", "reason behind"),
    ),
    contact_of(pgettext_lazy("need", "Who asks")),
    Field(
        "product",
        _("Product"),
        K.LINK,
        link="product",
        is_editable=True,
        is_filterable=True,
    ),
    Field(
        "quantity",
        pgettext_lazy("need", "Quantity asked for"),
        K.QUANTITY,
        is_editable=True,
        is_filterable=True,
        is_importable=True,
        import_names=("数量", "quantity"),
        total="sum",
    ),
    Field(
        "handler",
        pgettext_lazy("need", "Who sees to it"),
        K.PERSON,
        is_required=True,
        is_editable=True,
        is_filterable=True,
        is_importable=True,
        import_names=("负责人", "处理人", "经办人", "handler", "owner"),
    ),
    Field(
        "handling_department",
        pgettext_lazy("need", "Department"),
        path="handling_department__name",
        is_filterable=True,
    ),
    Field(
        "state",
        pgettext_lazy("record", "State"),
        K.CHOICE,
        choices=Need.State.choices,
        is_filterable=True,
    ),
    Field(
        "raised_on",
        pgettext_lazy("need", "Raised on"),
        K.DATE,
        is_filterable=True,
        is_importable=True,
        import_names=("提出日期", "raised on", "date"),
    ),
    Field(
        "reply_due_on",
        pgettext_lazy("need", "Reply due"),
        K.DATE,
        is_required=True,
        is_editable=True,
        is_sortable=True,
        is_filterable=True,
        is_importable=True,
        import_names=("答复期限", "reply due", "due"),
    ),
    Field(
        "replied_on",
        pgettext_lazy("need", "Replied on"),
        K.DATE,
        is_filterable=True,
    ),
    Field("reply", pgettext_lazy("need", "Reply"), K.LONG_TEXT, is_searchable=True),
    Field("reason", pgettext_lazy("need", "Why it was declined"), K.LONG_TEXT, max_length=300),
)

OPEN = Condition("state", "in", "open,in_progress")

KIND = Kind(
    name="need",
    label=pgettext_lazy("record", "Need"),
    label_plural=_("Needs"),
    model=Need,
    address="needs",
    icon="inbox",
    fields=FIELDS,
    title="what",
    subtitle=("product",),
    columns=("what", "customer", "product", "state", "reply_due_on", "handler"),
    default_sort="reply_due_on",
    views=(
        View("open", pgettext_lazy("needs", "Open"), (OPEN,), sort="reply_due_on"),
        View(
            "overdue",
            pgettext_lazy("needs", "Reply overdue"),
            (OPEN, Condition("reply_due_on", "before", "today")),
            sort="reply_due_on",
            is_alert=True,
        ),
        View(
            "declined",
            pgettext_lazy("needs", "Declined"),
            (Condition("state", "eq", "declined"),),
            sort="-reply_due_on",
        ),
        View("all", pgettext_lazy("view", "All"), sort="-reply_due_on"),
    ),
    form=(
        "customer",
        "what",
        "why",
        "product",
        "quantity",
        "contact",
        "handler",
        "reply_due_on",
    ),
    properties=(
        "customer",
        "contact",
        "product",
        "quantity",
        "handler",
        "handling_department",
        "state",
        "raised_on",
        "reply_due_on",
        "replied_on",
    ),
    import_key=("customer", "what"),
    select_related=("customer", "contact", "product", "handler", "handling_department"),
    empty=_("What customers ask of anybody here; each has somebody who sees to it."),
    belongs_to="customer",
    is_customizable=True,
    is_taggable=True,
    has_attachments=True,
    create=answering.register_need,
    edit=answering.change_need,
    delete=answering.delete_need,
)
