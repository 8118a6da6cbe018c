"""The identifier as a kind of record."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.customers.declarations.parts import CREATED, customer_of, part
from kezhi.customers.identifying import DEEDS
from kezhi.customers.models import Identifier
from kezhi.records import Condition, Field, FieldKind, Kind, View

K = FieldKind

FIELDS = (
    Field(
        "number",
        pgettext_lazy("identifier", "Number"),
        K.CODE,
        is_required=True,
        is_editable=True,
        is_searchable=True,
        is_filterable=True,
        is_importable=True,
        max_length=80,
        import_names=("号码", "编号", "代码", "证件号", "number", "identifier", "id"),
        group="identity",
    ),
    customer_of(),
    Field(
        "system",
        pgettext_lazy("identifier", "System"),
        K.CHOICE,
        choices=Identifier.System.choices,
        is_required=True,
        is_editable=True,
        is_filterable=True,
        is_importable=True,
        import_names=("系统", "类型", "证件类型", "system", "type"),
    ),
    part("remark", _("Remark"), ("备注", "remark", "note"), group="remarks"),
    CREATED,
)

KIND = Kind(
    name="identifier",
    label=_("Identifier"),
    label_plural=_("Identifiers"),
    model=Identifier,
    address="identifiers",
    icon="key",
    fields=FIELDS,
    title="number",
    subtitle=("system",),
    columns=("number", "system", "customer", "remark"),
    default_sort="-created_at",
    views=(
        View("all", pgettext_lazy("view", "All")),
        View("erp", _("Numbers in the ERP"), (Condition("system", "eq", "erp"),)),
    ),
    form=("customer", "system", "number", "remark"),
    properties=("customer", "system", "number", "remark", "created_at"),
    import_key=("system", "number"),
    select_related=("customer",),
    empty=_("Under which number registers and other systems know your customers."),
    belongs_to="customer",
    is_customizable=True,
    create=DEEDS.create,
    edit=DEEDS.edit,
    delete=DEEDS.delete,
)
