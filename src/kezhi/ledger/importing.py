"""Orders from a file, one line to a row; returns are negative.

Lines with the same order number are one order; without numbers, what a customer bought on a day is one order.
A line is known by its number in the order, else by its content and how often that content came before in the
order. So the same file twice changes nothing, a corrected line with a number is updated, and a line missing
the first time is added. Customers and products that don't exist yet are created when the importer allows it.
"""

# ruff: noqa: S608  # tables and columns are the code's own names; what a user typed goes as a parameter
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.accounts.models import Company
from kezhi.catalog.importing import NEXT_ID as NEXT_PRODUCT
from kezhi.catalog.importing import delete_products
from kezhi.core.actor import Actor
from kezhi.customers.importing import NEXT_ID as NEXT_CUSTOMER
from kezhi.customers.importing import (
    default_place,
    delete_customers,
    find_customers,
    give_codes,
    give_standing,
)
from kezhi.customers.matching_keeping import keep
from kezhi.dataio.fields import ImportField
from kezhi.dataio.models import ImportBatch
from kezhi.dataio.registry import Counts, Option
from kezhi.dataio.staging import Work
from kezhi.dataio.undoing import created_ids, demand_unchanged, restore
from kezhi.records import FieldKind, registry

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

CUSTOMER_KEY = "coalesce('c' || s.customer_code, 'n' || s.customer_name)"
PRODUCT_KEY = "coalesce('c' || s.product_code, 'n' || s.product_name)"


@dataclass(frozen=True)
class OrderLoader:
    kind: str = "order"
    one_of: Sequence[Sequence[str]] = (("customer_code", "customer_name"), ("amount", "unit_price"))
    options: Sequence[Option] = (
        Option("create_missing", _("Create customers and products that don't exist yet"), True),
    )

    @property
    def extra(self) -> dict[str, str]:
        return {}

    def fields(self) -> Sequence[ImportField]:
        return ORDER_FIELDS

    def link(self, batch: ImportBatch) -> str:
        return registry["order"].list_url(sort="-ordered_on")

    # ---- what each row refers to ----

    def resolve(self, work: Work) -> Counts:
        self._reject_incomplete(work)
        self._find_customers(work)
        self._find_products(work)
        self._find_orders(work)
        self._find_lines(work)
        found = dict(work.fetch("SELECT outcome, count(*) FROM import_lines GROUP BY outcome"))
        details = {
            "orders": "SELECT count(*) FROM import_orders WHERE order_id IS NULL",
            "customers": "SELECT count(*) FROM import_customers WHERE customer_id IS NULL",
            "products": "SELECT count(*) FROM import_products WHERE product_id IS NULL",
        }
        return Counts(
            found.get("created", 0),
            found.get("updated", 0),
            found.get("unchanged", 0),
            {name: int(work.fetch(sql)[0][0]) for name, sql in details.items()},
        )

    def _reject_incomplete(self, work: Work) -> None:
        if not (work.has("customer_code") and work.has("customer_name")):
            named = "customer_code" if work.has("customer_code") else "customer_name"
            missing = f"s.{named} IS NULL"
        else:
            named, missing = "customer_name", "s.customer_code IS NULL AND s.customer_name IS NULL"
        self._reject_blank(work, named, missing)
        priced = "s.quantity IS NOT NULL AND s.unit_price IS NOT NULL"
        field = "amount" if work.has("amount") else "unit_price"
        self._reject_blank(work, field, f"s.amount IS NULL AND NOT ({priced})")

    def _reject_blank(self, work: Work, name: str, where: str) -> None:
        label = next(str(field.label) for field in ORDER_FIELDS if field.name == name)
        work.reject(
            "required",
            name,
            "SELECT s.row, ''::text, jsonb_build_object('field', %s::text)"
            f" FROM import_staging s WHERE {where}",
            [label],
        )

    def _find_customers(self, work: Work) -> None:
        work.run(
            f"""CREATE TEMP TABLE import_customers ON COMMIT DROP AS
                SELECT row_number() OVER (ORDER BY min(s.row)) AS ref, {CUSTOMER_KEY} AS key, min(s.row) AS row,
                  s.customer_code AS code, min(s.customer_name) AS name, NULL::text AS name_key,
                  NULL::bigint AS customer_id, NULL::bigint AS new_id, false AS is_hidden, 1 AS hits
                FROM import_staging s
                GROUP BY s.customer_code, {CUSTOMER_KEY}"""
        )
        find_customers(work, "order")
        field = "customer_code" if work.has("customer_code") else "customer_name"
        rows = f"""SELECT s.row, coalesce(i.code, i.name),
                     jsonb_build_object('text', coalesce(i.code, i.name), 'kind', %s::text)
                   FROM import_staging s JOIN import_customers i ON i.key = {CUSTOMER_KEY}"""
        label = str(registry["customer"].label)
        work.reject("several_references", field, f"{rows} WHERE i.hits > 1", [label])
        may_create = work.options.get("create_missing") and work.actor.may("import", "customer")
        unknown = "i.is_hidden" if may_create else "i.is_hidden OR i.customer_id IS NULL"
        work.reject("unknown_reference", field, f"{rows} WHERE {unknown}", [label])
        work.run(f"DELETE FROM import_customers i WHERE i.hits > 1 OR {unknown}")
        _merge_keys(work, "customer")

    def _find_products(self, work: Work) -> None:
        work.run(
            f"""CREATE TEMP TABLE import_products ON COMMIT DROP AS
                SELECT row_number() OVER (ORDER BY min(s.row)) AS ref, {PRODUCT_KEY} AS key, min(s.row) AS row,
                  s.product_code AS code, min(s.product_name) AS name, NULL::text AS name_key,
                  NULL::bigint AS product_id, NULL::bigint AS new_id, NULL::numeric AS unit_cost, 1 AS hits
                FROM import_staging s
                WHERE s.product_code IS NOT NULL OR s.product_name IS NOT NULL
                GROUP BY s.product_code, {PRODUCT_KEY}"""
        )
        work.run(
            """UPDATE import_products i SET product_id = p.id, unit_cost = p.unit_cost
               FROM catalog_product p WHERE p.code = i.code"""
        )
        work.run(
            """UPDATE import_products i SET product_id = n.id, hits = n.hits, unit_cost = n.unit_cost FROM (
                 SELECT i.ref, min(p.id) AS id, min(p.unit_cost) AS unit_cost, count(*) AS hits
                 FROM import_products i JOIN catalog_product p ON p.name = i.name
                 WHERE i.code IS NULL GROUP BY i.ref) n WHERE n.ref = i.ref"""
        )
        # A product without a code is created with its name as code; that code may be there already.
        work.run(
            """UPDATE import_products i SET product_id = p.id, unit_cost = p.unit_cost FROM catalog_product p
               WHERE i.code IS NULL AND i.product_id IS NULL AND p.code = left(i.name, 60)"""
        )
        work.run("ANALYZE import_products")
        field = "product_code" if work.has("product_code") else "product_name"
        rows = f"""SELECT s.row, coalesce(i.code, i.name),
                     jsonb_build_object('text', coalesce(i.code, i.name), 'kind', %s::text)
                   FROM import_staging s JOIN import_products i ON i.key = {PRODUCT_KEY}"""
        label = str(registry["product"].label)
        work.reject("several_references", field, f"{rows} WHERE i.hits > 1", [label])
        if not (work.options.get("create_missing") and work.actor.may("import", "product")):
            work.reject("unknown_reference", field, f"{rows} WHERE i.product_id IS NULL", [label])
            work.run("DELETE FROM import_products WHERE product_id IS NULL")
        _merge_keys(work, "product")

    def _find_orders(self, work: Work) -> None:
        # One row per staged line with its references as numbers: the text keys are compared only once.
        sign = (
            "CASE WHEN s.sort = 'return' THEN -abs({0}) ELSE {0} END" if work.has("sort") else "{0}"
        )
        amount = sign.format("coalesce(s.amount, round(s.quantity * s.unit_price, 2))")
        quantity, cost = sign.format("s.quantity"), sign.format("s.cost")
        work.run(
            f"""CREATE TEMP TABLE import_referring ON COMMIT DROP AS
                SELECT s.row, c.ref AS customer_ref, p.ref AS product_ref, s.number, s.ordered_on,
                  {quantity} AS quantity, {amount} AS amount, {cost} AS cost,
                  s.line_number, s.channel, s.remark,
                  coalesce(s.product_code, s.product_name, '') AS product
                FROM import_staging s JOIN import_customer_keys c ON c.key = {CUSTOMER_KEY}
                LEFT JOIN import_product_keys p ON p.key = {PRODUCT_KEY}"""
        )
        work.run("ANALYZE import_referring")
        conflicts = work.run(
            """CREATE TEMP TABLE import_conflicts ON COMMIT DROP AS
               SELECT number, min(row) AS row FROM import_referring WHERE number IS NOT NULL GROUP BY number
               HAVING min(customer_ref) <> max(customer_ref) OR min(ordered_on) <> max(ordered_on)"""
        )
        if conflicts:
            self._reject_conflicts(
                work,
                """SELECT r.row, r.number, r.customer_ref, r.ordered_on, f.customer_ref AS own_ref,
                     f.ordered_on AS own_day
                   FROM import_conflicts x JOIN import_referring f ON f.row = x.row
                   JOIN import_referring r ON r.number = x.number""",
            )
        work.run(
            """CREATE TEMP TABLE import_orders ON COMMIT DROP AS
               SELECT row_number() OVER (ORDER BY min(row)) AS ref, number AS own_number, number,
                 min(customer_ref) AS customer_ref, min(ordered_on) AS ordered_on, NULL::bigint AS order_id,
                 NULL::bigint AS new_id, min(channel) AS channel, min(remark) AS remark
               FROM import_referring GROUP BY number, CASE WHEN number IS NULL THEN customer_ref END,
                 CASE WHEN number IS NULL THEN ordered_on END"""
        )
        # Without a number, the order is called after its customer and day.
        work.run(
            f"""UPDATE import_orders o SET number = {DAY_NUMBER} FROM import_customers i
                LEFT JOIN customers_customer c ON c.id = i.customer_id
                WHERE o.own_number IS NULL AND i.ref = o.customer_ref AND coalesce(c.code, i.code) IS NOT
                  NULL"""
        )
        work.run("ANALYZE import_orders")
        existing = work.run(
            """UPDATE import_orders i SET order_id = o.id FROM ledger_order o
               WHERE o.number = i.number AND (i.own_number IS NOT NULL OR (o.ordered_on = i.ordered_on
                 AND o.customer_id = (SELECT c.customer_id FROM import_customers c WHERE c.ref =
                   i.customer_ref)))"""
        )
        if existing:
            self._reject_conflicts(
                work,
                """SELECT r.row, o.number, r.customer_ref, r.ordered_on, i.ref AS own_ref,
                     l.ordered_on AS own_day
                   FROM import_orders o JOIN ledger_order l ON l.id = o.order_id
                   JOIN import_referring r ON r.number = o.own_number
                   LEFT JOIN import_customers i ON i.customer_id = l.customer_id""",
            )

    def _reject_conflicts(self, work: Work, rows: str) -> None:
        """Lines that say another customer or another day than the order they belong to."""
        for field, own, other, differs in (
            (
                "customer_code" if work.has("customer_code") else "customer_name",
                "coalesce(mine.code, mine.name)",
                "coalesce(theirs.code, theirs.name, '?')",
                "q.customer_ref IS DISTINCT FROM q.own_ref",
            ),
            ("ordered_on", "q.ordered_on::text", "q.own_day::text", "q.ordered_on <> q.own_day"),
        ):
            rejected = work.reject(
                "two_for_one_order",
                field,
                f"""SELECT q.row, {own}, jsonb_build_object('order', q.number, 'text', {own}, 'other', {other})
                    FROM ({rows}) q LEFT JOIN import_customers mine ON mine.ref = q.customer_ref
                    LEFT JOIN import_customers theirs ON theirs.ref = q.own_ref WHERE {differs}""",
            )
            if rejected:
                work.run("DELETE FROM import_referring r USING import_faults f WHERE f.row = r.row")

    def _find_lines(self, work: Work) -> None:
        rows = " UNION ALL ".join(
            f"""SELECT r.row, o.ref AS order_ref, o.order_id, o.ordered_on, r.customer_ref, r.product_ref,
                  r.quantity, r.amount, r.cost, r.line_number, {CONTENT} AS content
                FROM import_referring r {join}"""
            for join in ((BY_NUMBER, BY_DAY) if work.has("number") else (BY_DAY,))
        )
        work.run(
            f"""CREATE TEMP TABLE import_lines ON COMMIT DROP AS
               SELECT u.*, CASE WHEN line_number IS NOT NULL THEN '#' || line_number
                 ELSE to_hex(content) || '.' || row_number() OVER (PARTITION BY order_ref, content ORDER BY row)
                 END AS line_key, 'created' AS outcome, NULL::bigint AS line_id
               FROM ({rows}) u"""
        )
        if work.has("line_number"):
            self._reject_repeated_lines(work)
        if work.findings.total:
            self._drop_unused(work)
        work.run("ANALYZE import_lines")
        if work.fetch("SELECT 1 FROM import_orders WHERE order_id IS NOT NULL LIMIT 1"):
            work.run(
                """UPDATE import_lines i SET line_id = l.id, outcome = CASE
                     WHEN l.amount = round(i.amount, 2) AND (i.quantity IS NULL OR l.quantity = i.quantity)
                      AND (i.cost IS NULL OR l.cost = round(i.cost, 2))
                      AND (i.product_ref IS NULL OR l.product_id = p.product_id)
                     THEN 'unchanged' ELSE 'updated' END
                   FROM ledger_orderline l, import_lines j LEFT JOIN import_products p ON p.ref = j.product_ref
                   WHERE j.row = i.row AND l.order_id = i.order_id AND l.line_key = i.line_key"""
            )

    def _reject_repeated_lines(self, work: Work) -> None:
        """The same line number twice in an order: equal rows are one, different ones contradict each other."""
        work.run(
            """CREATE TEMP TABLE import_twins ON COMMIT DROP AS SELECT * FROM (
                 SELECT row, line_number, content, first_value(row) OVER same AS first_row,
                   first_value(content) OVER same AS first_content
                 FROM import_lines WHERE line_number IS NOT NULL
                 WINDOW same AS (PARTITION BY order_ref, line_number ORDER BY row)) t WHERE row <> first_row"""
        )
        rejected = work.reject(
            "same_row_again",
            "line_number",
            "SELECT row, line_number, jsonb_build_object('row', first_row, 'key', line_number)"
            " FROM import_twins WHERE content <> first_content",
        )
        if rejected:
            work.run("DELETE FROM import_lines l USING import_faults f WHERE f.row = l.row")
        work.run("UPDATE import_lines l SET outcome = 'unchanged', line_key = NULL FROM import_twins t"
                 " WHERE t.row = l.row")  # fmt: skip

    def _drop_unused(self, work: Work) -> None:
        """What only rejected rows mentioned is not created."""
        for table, column in (
            ("orders", "order_ref"),
            ("customers", "customer_ref"),
            ("products", "product_ref"),
        ):
            work.run(
                f"DELETE FROM import_{table} t WHERE NOT EXISTS"
                f" (SELECT 1 FROM import_lines l WHERE l.{column} = t.ref)"
            )

    # ---- writing ----

    def write(self, work: Work) -> None:
        self._create_customers(work)
        self._create_products(work)
        work.step(str(_("Writing the orders")))
        self._create_orders(work)
        work.step(str(_("Writing the order lines")))
        self._update_lines(work)
        self._create_lines(work)
        self._update_orders(work)

    def _create_customers(self, work: Work) -> None:
        new = "customer_id IS NULL"
        if work.run(f"UPDATE import_customers SET new_id = {NEXT_CUSTOMER} WHERE {new}"):
            give_codes(work, "import_customers", "new_id IS NOT NULL", "code")
            work.run(
                "UPDATE import_customers SET name = code WHERE name IS NULL AND new_id IS NOT NULL"
            )
            work.fill_name_keys("import_customers", "new_id IS NOT NULL")
            owner, place = default_place(work.actor)
            work.run(
                f"""INSERT INTO customers_customer (id, code, name, name_key, form, credit_code, tax_id, phone,
                      email,
                      wechat, website, industry, region, city, address, source, remark, owner_id, team_id,
                      department_id, custom, version, created_at, created_by_id, updated_at)
                    SELECT new_id, code, name, name_key, 'company', '', '', '', '', '', '', '', '', '',
                      '', '', '',
                      {owner}, %s, %s, '{{}}', 1, now(), %s, now()
                    FROM import_customers WHERE new_id IS NOT NULL ORDER BY ref""",
                [*place, work.actor.pk],
            )
            give_standing("SELECT new_id FROM import_customers WHERE new_id IS NOT NULL", work)
            work.keep_created(
                "customers_customer",
                "SELECT new_id FROM import_customers WHERE new_id IS NOT NULL",
            )
            new_ids = work.fetch("SELECT new_id FROM import_customers WHERE new_id IS NOT NULL")
            keep("customer", [row[0] for row in new_ids])
            work.run("UPDATE import_customers SET customer_id = new_id WHERE new_id IS NOT NULL")
            work.run(
                f"""UPDATE import_orders o SET number = {DAY_NUMBER} FROM import_customers i
                    LEFT JOIN customers_customer c ON c.id = i.customer_id
                    WHERE o.number IS NULL AND i.ref = o.customer_ref"""
            )

    def _create_products(self, work: Work) -> None:
        if not work.run(
            f"UPDATE import_products SET new_id = {NEXT_PRODUCT} WHERE product_id IS NULL"
        ):
            return
        work.run(
            """UPDATE import_products SET name = coalesce(name, code), code = coalesce(code, left(name, 60))
               WHERE new_id IS NOT NULL"""
        )
        # Long names that begin alike would share the code.
        work.run(
            """UPDATE import_products i SET code = left(i.code, 48) || '-' || i.new_id FROM import_products j
               WHERE i.new_id IS NOT NULL AND j.code = i.code AND j.ref < i.ref"""
        )
        work.fill_name_keys("import_products", "new_id IS NOT NULL")
        work.run(
            """INSERT INTO catalog_product (id, code, name, name_key, unit, is_active, remark, version,
                 created_at, updated_at)
               SELECT new_id, code, name, name_key, '', true, '', 1, now(), now()
               FROM import_products WHERE new_id IS NOT NULL ORDER BY ref"""
        )
        work.keep_created(
            "catalog_product", "SELECT new_id FROM import_products WHERE new_id IS NOT NULL"
        )
        work.run("UPDATE import_products SET product_id = new_id WHERE new_id IS NOT NULL")

    def _create_orders(self, work: Work) -> None:
        company = Company.current()
        work.run(
            "UPDATE import_orders SET new_id = nextval('ledger_order_id_seq') WHERE order_id IS NULL"
        )
        # Until now new_id was null everywhere: the planner would expect one order and loop over all customers.
        work.run("ANALYZE import_orders")
        work.run(
            """INSERT INTO ledger_order (id, number, customer_id, ordered_on, channel, currency, amount,
                 lines_count,
                 remark, owner_id, team_id, department_id, version, created_at)
               SELECT o.new_id, o.number, c.id, o.ordered_on, coalesce(o.channel, ''), %s, l.amount,
                 l.lines, coalesce(o.remark, ''), c.owner_id, c.team_id, c.department_id, 1, now()
               FROM import_orders o JOIN import_customers i ON i.ref = o.customer_ref
               JOIN customers_customer c ON c.id = i.customer_id
               JOIN (SELECT order_ref, sum(round(amount, 2)) AS amount, count(*) AS lines
                     FROM import_lines WHERE line_key IS NOT NULL GROUP BY order_ref) l ON l.order_ref = o.ref
               WHERE o.new_id IS NOT NULL ORDER BY o.ref""",
            [company.currency if company else "CNY"],
        )
        work.keep_created(
            "ledger_order", "SELECT new_id FROM import_orders WHERE new_id IS NOT NULL"
        )

    def _create_lines(self, work: Work) -> None:
        # The database doesn't check each line, so nobody may delete what the lines refer to before the end.
        for table, ids in (
            ("catalog_product", "SELECT product_id FROM import_products"),
            ("customers_customer", "SELECT customer_id FROM import_customers"),
            ("ledger_order", "SELECT order_id FROM import_orders WHERE order_id IS NOT NULL"),
        ):
            # By index, whatever the statistics say: after a rolled-back import they call a full table empty.
            work.run(
                f"SELECT 1 FROM {table} WHERE id = ANY(ARRAY({ids})) ORDER BY id FOR KEY SHARE"
            )
        work.run(
            """CREATE TEMP TABLE import_added ON COMMIT DROP AS
               SELECT nextval('ledger_orderline_id_seq') AS id, row, order_id
               FROM import_lines WHERE outcome = 'created' AND order_id IS NOT NULL"""
        )
        insert = """INSERT INTO ledger_orderline ({id} order_id, line_key, customer_id, product_id, ordered_on,
                      quantity, amount, cost)
                    SELECT {value} coalesce(o.order_id, o.new_id), l.line_key, c.customer_id, p.product_id,
                      l.ordered_on, l.quantity, round(l.amount, 2),
                      round(coalesce(l.cost, l.quantity * p.unit_cost), 2)
                    FROM import_lines l JOIN import_orders o ON o.ref = l.order_ref
                    JOIN import_customers c ON c.ref = l.customer_ref
                    LEFT JOIN import_products p ON p.ref = l.product_ref {join}
                    WHERE l.outcome = 'created' {where}"""
        work.run(insert.format(id="", value="", join="", where="AND o.new_id IS NOT NULL"))
        # Lines of new orders go with their order; only lines added to older orders are remembered.
        work.run(
            insert.format(
                id="id,", value="a.id,", join="JOIN import_added a ON a.row = l.row", where=""
            )
        )
        work.keep_created("ledger_orderline", "SELECT id FROM import_added")

    def _update_lines(self, work: Work) -> None:
        if not work.keep_before(
            "ledger_orderline",
            "SELECT line_id FROM import_lines WHERE outcome = 'updated'",
            has_version=False,
        ):
            return
        work.run(
            """UPDATE ledger_orderline t SET amount = round(l.amount, 2),
                 quantity = coalesce(l.quantity, t.quantity),
                 cost = coalesce(round(l.cost, 2), t.cost), product_id = coalesce(p.product_id, t.product_id)
               FROM import_lines l LEFT JOIN import_products p ON p.ref = l.product_ref
               WHERE l.outcome = 'updated' AND t.id = l.line_id"""
        )

    def _update_orders(self, work: Work) -> None:
        touched = """SELECT DISTINCT order_id FROM import_lines
                     WHERE order_id IS NOT NULL AND outcome IN ('created', 'updated')"""
        if work.keep_before("ledger_order", touched):
            work.run(
                f"""UPDATE ledger_order o SET amount = l.amount, lines_count = l.lines, version = o.version + 1
                    FROM (SELECT order_id, sum(amount) AS amount, count(*) AS lines FROM ledger_orderline
                          WHERE order_id IN ({touched}) GROUP BY order_id) l WHERE l.order_id = o.id"""
            )

    # ---- taking it back ----

    def undo(self, batch: ImportBatch, *, actor: Actor) -> None:
        orders = created_ids(batch, "ledger_order")
        demand_unchanged("ledger_order", orders)
        restore(batch, "ledger_orderline", except_columns={"id"})
        restore(batch, "ledger_order", except_columns={"id", "created_at"})
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM ledger_orderline WHERE id = ANY(%s)",
                [created_ids(batch, "ledger_orderline")],
            )
            cursor.execute("DELETE FROM ledger_orderline WHERE order_id = ANY(%s)", [orders])
            cursor.execute("DELETE FROM ledger_order WHERE id = ANY(%s)", [orders])
        products = created_ids(batch, "catalog_product")
        demand_unchanged("catalog_product", products)
        delete_products(products)
        delete_customers(created_ids(batch, "customers_customer"))


DAY_NUMBER = "coalesce(c.code, i.code) || '/' || to_char(o.ordered_on, 'YYYYMMDD')"


def _merge_keys(work: Work, noun: str) -> None:
    """One entry per record, although the file may call it by code here and by name there."""
    work.run(
        f"""CREATE TEMP TABLE import_{noun}_keys ON COMMIT DROP AS
            SELECT key, CASE WHEN {noun}_id IS NULL THEN ref
              ELSE min(ref) OVER (PARTITION BY {noun}_id) END AS ref FROM import_{noun}s"""
    )
    work.run(
        f"DELETE FROM import_{noun}s i WHERE NOT EXISTS"
        f" (SELECT 1 FROM import_{noun}_keys k WHERE k.ref = i.ref)"
    )
    work.run(f"ANALYZE import_{noun}_keys")


# What a line without a number is known by: 48 bits of its content, unique enough within one order.
CONTENT = """('x' || left(md5(r.product || '|' || coalesce(r.quantity::text, '') || '|' || r.amount::text
             || '|' || coalesce(r.cost::text, '')), 12))::bit(48)::bigint"""
BY_NUMBER = "JOIN import_orders o ON o.own_number = r.number"
BY_DAY = (
    "JOIN import_orders o ON o.own_number IS NULL AND r.number IS NULL"
    " AND o.customer_ref = r.customer_ref AND o.ordered_on = r.ordered_on"
)
