"""The important date as a kind of record."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.customers import remembering
from kezhi.customers.declarations.parts import contact_of, customer_of, part
from kezhi.customers.models import ImportantDate
from kezhi.records import Condition, DataClass, Field, FieldKind, Kind, View

K = FieldKind

FIELDS = (
    Field(
        "name",
        pgettext_lazy("important date", "What is remembered"),
        is_required=True,
        is_editable=True,
        is_searchable=True,
        is_filterable=True,
        is_importable=True,
        max_length=120,
        import_names=("名称", "事项", "name", "occasion name"),
    ),
    customer_of(),
    contact_of(_("Contact")),
    Field(
        "occasion",
        pgettext_lazy("important date", "Occasion"),
        K.CHOICE,
        choices=ImportantDate.Occasion.choices,
        is_required=True,
        is_editable=True,
        is_filterable=True,
        is_importable=True,
        import_names=("类型", "场合", "occasion", "type"),
    ),
    Field(
        "day",
        pgettext_lazy("important date", "Day"),
        K.DATE,
        is_required=True,
        is_editable=True,
        is_filterable=True,
        is_importable=True,
        data_class=DataClass.PERSONAL,
        import_names=("日期", "day", "date"),
    ),
    Field(
        "is_yearly",
        _("Every year"),
        K.BOOLEAN,
        is_editable=True,
        is_filterable=True,
        is_importable=True,
        import_names=("每年", "yearly"),
    ),
    Field(
        "remind_days",
        _("Remind before"),
        K.INTEGER,
        unit=_("days"),
        is_editable=True,
        is_importable=True,
        import_names=("提前天数", "remind days"),
    ),
    Field(
        "next_on",
        pgettext_lazy("important date", "Next time"),
        K.DATE,
        is_sortable=True,
        is_filterable=True,
    ),
    part("remark", _("Remark"), ("备注", "remark", "note"), 300, group="remarks"),
)

KIND = Kind(
    name="important_date",
    label=_("Important date"),
    label_plural=_("Important dates"),
    model=ImportantDate,
    address="important-dates",
    icon="cal",
    fields=FIELDS,
    title="name",
    subtitle=("occasion",),
    columns=("name", "customer", "occasion", "next_on", "is_yearly", "remind_days"),
    default_sort="next_on",
    views=(
        View(
            "coming",
            pgettext_lazy("important dates", "Coming"),
            (Condition("next_on", "gte", "today"),),
            sort="next_on",
        ),
        View("birthdays", _("Birthdays"), (Condition("occasion", "eq", "birthday"),)),
        View("all", pgettext_lazy("view", "All")),
    ),
    form=("customer", "name", "occasion", "contact", "day", "is_yearly", "remind_days", "remark"),
    properties=(
        "customer",
        "contact",
        "occasion",
        "day",
        "is_yearly",
        "next_on",
        "remind_days",
        "remark",
    ),
    import_key=("customer", "name"),
    select_related=("customer", "contact"),
    empty=_("Birthdays, founding days and anniversaries, with a reminder on Today in time."),
    belongs_to="customer",
    is_customizable=True,
    create=remembering.create_important_date,
    edit=remembering.edit_important_date,
    delete=remembering.delete_important_date,
)
