"""What a file of order lines may contain, and how the systems that export it call each column."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.dataio.fields import ImportField
from kezhi.records import FieldKind

K = FieldKind
RETURN_WORDS = {
    **dict.fromkeys(
        ("退货", "退", "退款", "销售退货", "退单", "退货单", "红字", "红冲", "return", "returned",
        "refund", "credit note", "credit", "是", "yes", "y", "true", "1"),
        "return",
    ),
    **dict.fromkeys(
        ("销售", "正常", "销货", "销售单", "订单", "蓝字", "sale", "sales", "order", "normal", "invoice",
        "否", "no", "n", "false", "0"),
        "sale",
    ),
}  # fmt: skip

ORDER_FIELDS = (
    ImportField(
        "number",
        _("Order number"),
        K.CODE,
        (
            "订单编号", "订单号", "单号", "销售单号", "单据编号", "单据号", "出库单号", "发票号", "交易号",
            "order number", "order no", "order id", "order", "invoice", "invoice no", "invoice number",
            "transaction id",
        ),
        max_length=60,
        example="SO-20250131-01",
        example_zh="SO-20250131-01",
    ),
    ImportField(
        "line_number",
        _("Line number"),
        K.CODE,
        ("行号", "明细行号", "分录号", "line number", "line no", "line"),
        max_length=20,
        example="1",
        example_zh="1",
    ),
    ImportField(
        "customer_code",
        _("Customer code"),
        K.CODE,
        (
            "客户编号", "客户编码", "客户代码", "客户号", "会员号", "会员编号", "会员卡号", "买家账号",
            "customer code", "customer id", "customer no", "customer number", "cust id", "client id",
            "member id", "customer_id",
        ),
        max_length=40,
        example="C-0001",
        example_zh="C-0001",
    ),
    ImportField(
        "customer_name",
        _("Customer name"),
        K.TEXT,
        (
            "客户名称", "客户", "客户全称", "单位名称", "公司名称", "购货单位", "购买方", "买家", "收货人",
            "customer name", "customer", "company", "client", "account", "buyer",
        ),
        max_length=300,
        example="Anhui Tea Co., Ltd.",
        example_zh="安徽茶业有限公司",
    ),
    ImportField(
        "ordered_on",
        _("Order date"),
        K.DATE,
        (
            "订单日期", "日期", "下单日期", "下单时间", "销售日期", "单据日期", "成交日期", "交易日期",
            "付款时间", "开票日期", "订单时间",
            "order date", "date", "invoice date", "ordered on", "transaction date", "order time",
            "purchase date",
        ),
        is_required=True,
        not_after_today=True,
        example="2025-01-31",
        example_zh="2025-01-31",
    ),
    ImportField(
        "due_on",
        _("Due date"),
        K.DATE,
        (
            "到期日", "到期日期", "应付日期", "应收日期", "应收款日期", "应收到期日", "付款到期日",
            "收款到期日", "账期到期日", "约定付款日", "due date", "due on", "payment due",
            "payment due date", "net due date",
        ),
        example="2025-03-02",
        example_zh="2025-03-02",
    ),
    ImportField(
        "paid_on",
        _("Paid date"),
        K.DATE,
        (
            "付款日期", "付清日期", "回款日期", "收款日期", "到账日期", "实付日期", "实际付款日",
            "实际付款日期", "实际收款日期", "核销日期", "付款日", "回款日", "收款日", "paid date",
            "paid on", "date paid", "payment date", "payment received", "settled on", "clearing date",
        ),
        not_after_today=True,
        example="2025-02-27",
        example_zh="2025-02-27",
    ),
    ImportField(
        "promised_on",
        _("Promised delivery"),
        K.DATE,
        (
            "承诺交期", "承诺交货日期", "约定交货日期", "要求交货日期", "预计交货日期", "交货期限", "交期",
            "promised delivery", "promised date", "promised on", "delivery due", "requested delivery date",
        ),
        example="2025-02-03",
        example_zh="2025-02-03",
    ),
    ImportField(
        "delivered_on",
        _("Delivered on"),
        K.DATE,
        (
            "交货日期", "实际交货日期", "实际交货日", "送达日期", "签收日期", "到货日期",
            "delivered on", "delivered date", "delivery date", "date delivered", "signed for on",
        ),
        not_after_today=True,
        example="2025-02-02",
        example_zh="2025-02-02",
    ),
    ImportField(
        "product_code",
        _("Product code"),
        K.CODE,
        (
            "产品编号", "产品编码", "商品编码", "商品编号", "物料编码", "物料编号", "货号", "存货编码",
            "产品代码",
            "product code", "product id", "sku", "item code", "item no", "stock code",
        ),
        max_length=60,
        example="P-1001",
        example_zh="P-1001",
    ),
    ImportField(
        "product_name",
        _("Product name"),
        K.TEXT,
        (
            "产品名称", "商品名称", "品名", "物料名称", "存货名称", "货物名称", "产品", "商品", "宝贝标题",
            "product name", "product", "item", "item name", "description",
        ),
        example="Green tea 250 g",
        example_zh="黄山毛峰 250 克",
    ),
    ImportField(
        "quantity",
        pgettext_lazy("order line", "Quantity"),
        K.QUANTITY,
        ("数量", "销售数量", "件数", "购买数量", "实发数量", "quantity", "qty", "units", "pieces"),
        places=4,
        example="20",
        example_zh="20",
    ),
    ImportField(
        "unit_price",
        _("Unit price"),
        K.MONEY,
        ("单价", "销售单价", "成交价", "未税单价", "unit price", "price"),
        places=4,
        example="128.00",
        example_zh="128.00",
    ),
    ImportField(
        "amount",
        pgettext_lazy("order line", "Amount"),
        K.MONEY,
        (
            "金额", "销售额", "销售金额", "订单金额", "成交金额", "实付金额", "未税金额", "不含税金额",
            "合计金额", "总金额", "总价", "应收金额",
            "amount", "net amount", "sales", "total", "revenue", "spend", "line total", "total amount", "value",
        ),
        example="2560.00",
        example_zh="2560.00",
    ),
    ImportField(
        "cost",
        _("Cost of goods"),
        K.MONEY,
        ("成本", "销售成本", "成本金额", "货品成本", "cost of goods", "cost", "cogs"),
        example="1530.00",
        example_zh="1530.00",
        group="money",
    ),
    ImportField(
        "sort",
        _("Sale or return"),
        K.CHOICE,
        ("是否退货", "退货", "退货标志", "业务类型", "单据类型", "订单类型", "类型", "return",
        "sale or return", "order type", "type", "is return"),
        choices=(
            ("sale", pgettext_lazy("order line", "Sale")),
            ("return", pgettext_lazy("order line", "Return")),
        ),
        words=RETURN_WORDS,
    ),
    ImportField(
        "channel",
        _("Channel"),
        K.TEXT,
        ("渠道", "销售渠道", "平台", "店铺", "店铺名称", "门店", "channel", "store", "shop", "platform"),
        max_length=40,
        example="Distributor",
        example_zh="经销",
    ),
    ImportField(
        "remark",
        _("Remark"),
        K.TEXT,
        ("备注", "订单备注", "remark", "note", "notes", "comment"),
        max_length=300,
    ),
)  # fmt: skip
