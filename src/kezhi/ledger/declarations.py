"""Orders and costs to serve as kinds of record."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.customers.declarations.parts import COLUMNS_OF_A_CUSTOMER
from kezhi.ledger import acquiring, entering
from kezhi.ledger.models import AcquisitionCost, CostEntry, Order, OrderLine
from kezhi.records import Collection, Condition, Field, FieldKind, Kind, View, registry

K = FieldKind

ORDER_FIELDS = (
    Field(
        "number",
        _("Order number"),
        K.CODE,
        is_searchable=True,
        is_sortable=True,
        is_filterable=True,
    ),
    Field(
        "customer",
        pgettext_lazy("record", "Customer"),
        K.LINK,
        link="customer",
        is_searchable=True,
        is_filterable=True,
    ),
    Field("ordered_on", _("Order date"), K.DATE, is_sortable=True, is_filterable=True),
    Field("due_on", _("Due date"), K.DATE, is_sortable=True, is_filterable=True),
    Field("paid_on", _("Paid date"), K.DATE, is_sortable=True, is_filterable=True),
    Field("promised_on", _("Promised delivery"), K.DATE, is_sortable=True, is_filterable=True),
    Field("delivered_on", _("Delivered on"), K.DATE, is_sortable=True, is_filterable=True),
    Field(
        "amount",
        pgettext_lazy("order", "Amount"),
        K.MONEY,
        is_sortable=True,
        is_filterable=True,
        decimals=2,
        total="sum",
    ),
    Field("lines_count", _("Lines"), K.INTEGER, is_filterable=True),
    Field("channel", _("Channel"), is_filterable=True),
    Field("currency", _("Currency"), K.CODE, is_filterable=True),
    Field("remark", _("Remark"), K.LONG_TEXT),
)

LINE_FIELDS = (
    Field("number", _("Order number"), K.CODE, path="order__number", is_filterable=True),
    Field("entry", pgettext_lazy("order line", "Entry"), K.INTEGER, path="id", is_sortable=True),
    Field("order", pgettext_lazy("record", "Order"), K.LINK, link="order", is_filterable=True),
    Field(
        "customer",
        pgettext_lazy("record", "Customer"),
        K.LINK,
        link="customer",
        is_filterable=True,
    ),
    Field(
        "product", pgettext_lazy("record", "Product"), K.LINK, link="product", is_filterable=True
    ),
    Field("ordered_on", _("Order date"), K.DATE, is_filterable=True),
    Field(
        "quantity",
        pgettext_lazy("order line", "Quantity"),
        K.QUANTITY,
        is_filterable=True,
        total="sum",
    ),
    Field(
        "amount",
        pgettext_lazy("order", "Amount"),
        K.MONEY,
        is_filterable=True,
        decimals=2,
        total="sum",
    ),
    Field(
        "cost",
        pgettext_lazy("order line", "Cost of goods"),
        K.MONEY,
        is_filterable=True,
        decimals=2,
        total="sum",
        group="money",
    ),
)

COST_FIELDS = (
    Field(
        "customer",
        pgettext_lazy("record", "Customer"),
        K.LINK,
        link="customer",
        is_searchable=True,
        is_required=True,
        is_editable=True,
        is_filterable=True,
        is_importable=True,
        import_names=COLUMNS_OF_A_CUSTOMER,
    ),
    Field(
        "activity",
        _("Activity"),
        K.CHOICE,
        choices=CostEntry.Activity.choices,
        is_required=True,
        is_editable=True,
        is_filterable=True,
        is_importable=True,
        import_names=(
            "费用类型",
            "费用类别",
            "费用项目",
            "类别",
            "活动",
            "activity",
            "cost type",
            "category",
        ),
    ),
    Field(
        "incurred_on",
        pgettext_lazy("cost", "Date"),
        K.DATE,
        is_required=True,
        is_editable=True,
        is_sortable=True,
        is_filterable=True,
        is_importable=True,
        import_names=("日期", "发生日期", "费用日期", "单据日期", "date", "incurred on"),
    ),
    Field(
        "amount",
        pgettext_lazy("cost", "Amount"),
        K.MONEY,
        is_required=True,
        is_editable=True,
        is_sortable=True,
        is_filterable=True,
        is_importable=True,
        decimals=2,
        total="sum",
        group="money",
        import_names=("金额", "费用", "费用金额", "成本", "amount", "cost"),
    ),
    Field(
        "remark",
        _("Remark"),
        is_editable=True,
        is_importable=True,
        import_names=("备注", "摘要", "说明", "remark", "note"),
        group="remarks",
    ),
)


ACQUISITION_FIELDS = (
    Field(
        "source",
        pgettext_lazy("customer", "Source"),
        help=_("Written as the source of the customers is, so that the two are found together."),
        is_required=True,
        is_editable=True,
        is_sortable=True,
        is_filterable=True,
        is_searchable=True,
        is_importable=True,
        max_length=60,
        import_names=("来源", "渠道", "获客渠道", "客户来源", "source", "channel"),
    ),
    Field(
        "campaign",
        pgettext_lazy("acquisition", "Campaign"),
        is_editable=True,
        is_sortable=True,
        is_filterable=True,
        is_importable=True,
        max_length=120,
        import_names=("活动", "活动名称", "推广活动", "campaign"),
    ),
    Field(
        "begins_on",
        _("Spent from"),
        K.DATE,
        is_required=True,
        is_editable=True,
        is_sortable=True,
        is_filterable=True,
        is_importable=True,
        import_names=("开始日期", "起始日期", "费用开始", "from", "begins on", "start"),
    ),
    Field(
        "ends_on",
        _("Spent until"),
        K.DATE,
        help=_("The money counts evenly from the first to the last day."),
        is_required=True,
        is_editable=True,
        is_sortable=True,
        is_filterable=True,
        is_importable=True,
        import_names=("结束日期", "截止日期", "费用结束", "until", "ends on", "end"),
    ),
    Field(
        "amount",
        pgettext_lazy("cost", "Amount"),
        K.MONEY,
        is_required=True,
        is_editable=True,
        is_sortable=True,
        is_filterable=True,
        is_importable=True,
        decimals=2,
        total="sum",
        group="money",
        import_names=("金额", "费用", "花费", "投入", "amount", "cost", "spend"),
    ),
    Field(
        "remark",
        _("Remark"),
        is_editable=True,
        is_importable=True,
        max_length=200,
        import_names=("备注", "说明", "remark", "note"),
        group="remarks",
    ),
)


def register() -> None:
    registry.register(
        Kind(
            name="order",
            is_customizable=True,
            label=_("Order"),
            label_plural=_("Orders"),
            model=Order,
            address="orders",
            icon="order",
            fields=ORDER_FIELDS,
            title="number",
            columns=("number", "customer", "ordered_on", "amount", "lines_count", "channel"),
            default_sort="-ordered_on",
            views=(
                View("all", pgettext_lazy("view", "All")),
                View("recent", _("Last 30 days"), (Condition("ordered_on", "within", "30d"),)),
                View("returns", _("Returns"), (Condition("amount", "lt", "0"),)),
                View(
                    "overdue",
                    _("Overdue"),
                    (
                        Condition("due_on", "before", "today"),
                        Condition("paid_on", "empty"),
                        Condition("amount", "gt", "0"),
                    ),
                    sort="due_on",
                    columns=("number", "customer", "ordered_on", "due_on", "amount", "channel"),
                ),
                View(
                    "undelivered",
                    pgettext_lazy("orders", "Delivery overdue"),
                    (
                        Condition("promised_on", "before", "today"),
                        Condition("delivered_on", "empty"),
                    ),
                    sort="promised_on",
                    columns=(
                        "number",
                        "customer",
                        "ordered_on",
                        "promised_on",
                        "amount",
                        "channel",
                    ),
                ),
            ),
            properties=(
                "customer",
                "ordered_on",
                "due_on",
                "paid_on",
                "promised_on",
                "delivered_on",
                "amount",
                "lines_count",
                "channel",
                "currency",
                "remark",
            ),
            import_key=("number",),
            is_taggable=True,
            has_attachments=True,
            select_related=("customer",),
            empty=_(
                "What was bought, when and for how much: the facts that value is measured from."
            ),
        )
    )
    registry.register(
        Kind(
            name="order_line",
            label=_("Order line"),
            label_plural=_("Order lines"),
            model=OrderLine,
            address="order-lines",
            icon="order",
            fields=LINE_FIELDS,
            title="number",
            columns=("number", "customer", "product", "ordered_on", "quantity", "amount"),
            default_sort="-entry",
            views=(
                View("all", pgettext_lazy("view", "All")),
                View("returns", _("Returns"), (Condition("amount", "lt", "0"),)),
            ),
            properties=("order", "customer", "product", "ordered_on", "quantity", "amount", "cost"),
            belongs_to="customer",
            select_related=("order", "customer", "product"),
            empty=_("Which products were bought: the lines of all orders."),
        )
    )
    registry.register(
        Kind(
            name="cost",
            is_customizable=True,
            label=_("Cost to serve"),
            label_plural=_("Costs to serve"),
            model=CostEntry,
            address="costs",
            icon="receipt",
            fields=COST_FIELDS,
            title="activity",
            columns=("incurred_on", "customer", "activity", "amount", "remark"),
            default_sort="-incurred_on",
            views=(View("all", pgettext_lazy("view", "All")),),
            form=("customer", "activity", "incurred_on", "amount", "remark"),
            properties=("customer", "activity", "incurred_on", "amount", "remark"),
            select_related=("customer",),
            empty=_("Service hours, visits, freight and other costs of serving a customer."),
            create=entering.enter_cost,
        )
    )
    registry.register(
        Kind(
            name="acquisition_cost",
            label=_("Acquisition cost"),
            label_plural=_("Acquisition costs"),
            model=AcquisitionCost,
            address="acquisition-costs",
            icon="mega",
            fields=ACQUISITION_FIELDS,
            title="source",
            subtitle=("campaign",),
            columns=("source", "campaign", "begins_on", "ends_on", "amount", "remark"),
            default_sort="-begins_on",
            views=(View("all", pgettext_lazy("view", "All")),),
            form=("source", "campaign", "begins_on", "ends_on", "amount", "remark"),
            properties=("source", "campaign", "begins_on", "ends_on", "amount", "remark"),
            empty=_("What winning customers costs: advertising, fairs, campaigns, commissions."),
            create=acquiring.enter_acquisition_cost,
            edit=acquiring.edit_acquisition_cost,
            delete=acquiring.delete_acquisition_cost,
        )
    )
    registry.extend(
        "customer",
        collections=(
            Collection("orders", _("Orders"), "order", "customer"),
            Collection("costs", _("Costs to serve"), "cost", "customer"),
        ),
    )
