"""The address as a kind of record."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.customers.addressing import DEEDS
from kezhi.customers.declarations.parts import CREATED, customer_of, part
from kezhi.customers.models import Address
from kezhi.records import Condition, DataClass, Field, FieldKind, Kind, View

K = FieldKind

FIELDS = (
    Field("line", _("Whole address"), is_searchable=True, is_filterable=True, max_length=500),
    customer_of(),
    Field(
        "use",
        pgettext_lazy("address", "Used for"),
        K.CHOICE,
        choices=Address.Use.choices,
        is_editable=True,
        is_filterable=True,
        is_importable=True,
        import_names=("地址类型", "用途", "类型", "use", "address type", "type"),
    ),
    part("country", _("Country"), ("国家", "country"), 60, is_filterable=True),
    part(
        "province",
        pgettext_lazy("address", "Province or region"),
        ("省份", "省", "province", "state", "region"),
        60,
        is_filterable=True,
    ),
    part("city", _("City"), ("城市", "市", "city", "town"), 60, is_filterable=True),
    part("district", pgettext_lazy("address", "District"), ("区县", "区", "县", "district"), 60),
    part(
        "street", pgettext_lazy("address", "Street and number"), ("详细地址", "街道", "street"), 200
    ),
    part("postcode", _("Postcode"), ("邮编", "邮政编码", "postcode", "zip"), 20, kind=K.CODE),
    Field(
        "contact_name",
        pgettext_lazy("address", "Contact there"),
        is_editable=True,
        is_importable=True,
        data_class=DataClass.PERSONAL,
        max_length=100,
        import_names=("收货人", "联系人", "contact", "recipient"),
        group="reach",
    ),
    Field(
        "phone",
        _("Phone"),
        K.PHONE,
        is_editable=True,
        is_searchable=True,
        is_importable=True,
        data_class=DataClass.PERSONAL,
        max_length=40,
        import_names=("电话", "联系电话", "phone", "tel"),
        group="reach",
    ),
    Field(
        "is_main",
        _("Main address for this use"),
        K.BOOLEAN,
        is_editable=True,
        is_filterable=True,
        is_importable=True,
        import_names=("默认地址", "主要地址", "main", "default"),
    ),
    part("remark", _("Remark"), ("备注", "remark", "note"), 300, group="remarks"),
    CREATED,
)

KIND = Kind(
    name="address",
    label=_("Address"),
    label_plural=_("Addresses"),
    model=Address,
    address="addresses",
    icon="map",
    fields=FIELDS,
    title="line",
    subtitle=("use",),
    columns=("line", "customer", "use", "is_main", "contact_name", "phone"),
    default_sort="-created_at",
    views=(
        View("all", pgettext_lazy("view", "All")),
        View("delivery", _("Delivery addresses"), (Condition("use", "eq", "delivery"),)),
    ),
    form=(
        "customer",
        "use",
        "is_main",
        "country",
        "province",
        "city",
        "district",
        "street",
        "postcode",
        "contact_name",
        "phone",
        "remark",
    ),
    properties=(
        "customer",
        "use",
        "is_main",
        "line",
        "contact_name",
        "phone",
        "remark",
        "created_at",
    ),
    import_key=("customer", "use", "street"),
    select_related=("customer",),
    empty=_("Where parties are registered, take deliveries and invoices, and are visited."),
    belongs_to="customer",
    is_customizable=True,
    create=DEEDS.create,
    edit=DEEDS.edit,
    delete=DEEDS.delete,
)
