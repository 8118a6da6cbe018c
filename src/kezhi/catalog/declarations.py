"""Products as a kind of record."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.catalog import stocking
from kezhi.catalog.models import Product
from kezhi.records import Condition, Field, FieldKind, Kind, View, registry

K = FieldKind

PRODUCT_FIELDS = (
    Field(
        "name",
        _("Product name"),
        sort_path="name_key",
        is_required=True,
        is_editable=True,
        is_searchable=True,
        is_sortable=True,
        is_filterable=True,
        is_importable=True,
        import_names=(
            "产品名称",
            "商品名称",
            "品名",
            "物料名称",
            "名称",
            "产品",
            "商品",
            "product",
            "product name",
            "item",
            "item name",
            "name",
            "description",
        ),
    ),
    Field(
        "code",
        _("Product code"),
        K.CODE,
        is_editable=True,
        is_searchable=True,
        is_sortable=True,
        is_filterable=True,
        is_importable=True,
        max_length=60,
        import_names=(
            "产品编号",
            "产品编码",
            "商品编码",
            "物料编码",
            "货号",
            "编码",
            "编号",
            "sku",
            "product code",
            "item code",
            "code",
            "stockcode",
        ),
    ),
    Field(
        "category",
        _("Category"),
        K.TEXT,
        path="category__name",
        is_editable=True,
        is_filterable=True,
        is_sortable=True,
        is_importable=True,
        max_length=80,
        import_names=("类别", "品类", "分类", "产品类别", "category", "group"),
    ),
    Field(
        "unit",
        pgettext_lazy("product", "Unit"),
        is_editable=True,
        is_importable=True,
        max_length=20,
        import_names=("单位", "计量单位", "unit", "uom"),
    ),
    Field(
        "list_price",
        _("List price"),
        K.MONEY,
        is_editable=True,
        is_sortable=True,
        is_filterable=True,
        is_importable=True,
        decimals=2,
        import_names=("单价", "标价", "售价", "价格", "list price", "price", "unit price"),
    ),
    Field(
        "unit_cost",
        _("Unit cost"),
        K.MONEY,
        is_editable=True,
        is_sortable=True,
        is_filterable=True,
        is_importable=True,
        decimals=2,
        import_names=("成本", "成本价", "单位成本", "unit cost", "cost", "cost price"),
        group="money",
    ),
    Field(
        "is_active",
        pgettext_lazy("product", "On sale"),
        K.BOOLEAN,
        is_editable=True,
        is_filterable=True,
        is_importable=True,
        import_names=("在售", "启用", "active"),
    ),
    Field(
        "remark",
        _("Remark"),
        K.LONG_TEXT,
        is_editable=True,
        is_importable=True,
        max_length=4000,
        import_names=("备注", "remark", "note"),
        group="remarks",
    ),
    Field(
        "created_at",
        pgettext_lazy("record", "Created"),
        K.MOMENT,
        is_sortable=True,
        is_filterable=True,
    ),
)


def register() -> None:
    registry.register(
        Kind(
            name="product",
            is_customizable=True,
            label=_("Product"),
            label_plural=_("Products"),
            model=Product,
            address="products",
            icon="box",
            fields=PRODUCT_FIELDS,
            title="name",
            subtitle=("code",),
            columns=("name", "code", "category", "unit", "list_price", "unit_cost", "is_active"),
            default_sort="name",
            views=(
                View("all", pgettext_lazy("view", "All")),
                View(
                    "active",
                    pgettext_lazy("product", "On sale"),
                    (Condition("is_active", "eq", "yes"),),
                ),
            ),
            form=(
                "name",
                "code",
                "category",
                "unit",
                "list_price",
                "unit_cost",
                "is_active",
                "remark",
            ),
            properties=(
                "code",
                "category",
                "unit",
                "list_price",
                "unit_cost",
                "is_active",
                "created_at",
                "remark",
            ),
            import_key=("code",),
            is_taggable=True,
            select_related=("category",),
            empty=_(
                "What you sell, with prices and costs. The cost of goods turns revenue into value."
            ),
            create=stocking.create_product,
            edit=stocking.edit_product,
            delete=stocking.delete_product,
        )
    )
