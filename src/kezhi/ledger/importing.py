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

from kezhi.accounts.models import Company
from kezhi.catalog.importing import delete_products
from kezhi.core.actor import Actor
from kezhi.customers.importing import delete_customers
from kezhi.dataio import custom_columns
from kezhi.dataio.fields import ImportField, own_fields
from kezhi.dataio.models import ImportBatch
from kezhi.dataio.registry import Counts, Option
from kezhi.dataio.staging import Work
from kezhi.dataio.undoing import created_ids, demand_unchanged, restore
from kezhi.ledger import importing_days
from kezhi.ledger.importing_fields import ORDER_FIELDS
from kezhi.ledger.importing_references import (
    CUSTOMER_KEY,
    DAY_NUMBER,
    PRODUCT_KEY,
    create_customers,
    create_products,
    find_customers_named,
    find_products_named,
    reject_incomplete,
)
from kezhi.records import registry


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

    @property
    def rows_of(self) -> str:
        return (
            "SELECT l.row, coalesce(o.order_id, o.new_id), l.outcome FROM import_lines l"
            " JOIN import_orders o ON o.ref = l.order_ref"
        )

    def fields(self) -> Sequence[ImportField]:
        return (*ORDER_FIELDS, *own_fields(self.kind))

    def link(self, batch: ImportBatch) -> str:
        return registry["order"].list_url(sort="-ordered_on")

    # ---- what each row refers to ----

    def resolve(self, work: Work) -> Counts:
        reject_incomplete(work)
        importing_days.reject_dates_before_the_order(work)
        custom_columns.resolve(self.kind, work)
        find_customers_named(work)
        find_products_named(work)
        self._find_orders(work)
        self._find_lines(work)
        found = dict(work.fetch("SELECT outcome, count(*) FROM import_lines GROUP BY outcome"))
        details = {
            "orders": "SELECT count(*) FROM import_orders WHERE order_id IS NULL",
            "customers": "SELECT count(*) FROM import_customers WHERE customer_id IS NULL",
            "products": "SELECT count(*) FROM import_products WHERE product_id IS NULL",
        }
        return Counts.of(found, {name: int(work.fetch(sql)[0][0]) for name, sql in details.items()})

    def _find_orders(self, work: Work) -> None:
        # One row per staged line with its references as numbers: the text keys are compared only once.
        sign = (
            "CASE WHEN s.sort = 'return' THEN -abs({0}) ELSE {0} END" if work.has("sort") else "{0}"
        )
        amount = sign.format("coalesce(s.amount, round(s.quantity * s.unit_price, 2))")
        quantity, cost = sign.format("s.quantity"), sign.format("s.cost")
        has_custom = bool(custom_columns.matched(self.kind, work))
        said = f", {custom_columns.entries(self.kind, work)} AS custom" if has_custom else ""
        said += importing_days.of_rows(work)
        work.run(
            f"""CREATE TEMP TABLE import_referring ON COMMIT DROP AS
                SELECT s.row, c.ref AS customer_ref, p.ref AS product_ref, s.number, s.ordered_on,
                  {quantity} AS quantity, {amount} AS amount, {cost} AS cost,
                  s.line_number, s.channel, s.remark,
                  coalesce(s.product_code, s.product_name, '') AS product{said}
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
            f"""CREATE TEMP TABLE import_orders ON COMMIT DROP AS
               SELECT row_number() OVER (ORDER BY min(row)) AS ref, number AS own_number, number,
                 min(customer_ref) AS customer_ref, min(ordered_on) AS ordered_on, NULL::bigint AS order_id,
                 NULL::bigint AS new_id, min(channel) AS channel, min(remark) AS remark,
                 {FIRST_SAID if has_custom else "'{}'::jsonb"} AS custom
                 {importing_days.of_orders(work)}
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
            """UPDATE import_orders i SET order_id = o.id FROM ledger_order o, import_customers c
               WHERE o.number = i.number AND c.ref = i.customer_ref AND (i.own_number IS NOT NULL
                 OR (o.ordered_on = i.ordered_on AND o.customer_id = c.customer_id))"""
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

            self._recognise_totals(work)
            if custom_columns.matched(self.kind, work):
                work.run(
                    """UPDATE import_lines l SET outcome = 'updated'
                       FROM import_orders i JOIN ledger_order o ON o.id = i.order_id
                       WHERE i.ref = l.order_ref AND l.outcome = 'unchanged'
                         AND (o.custom || i.custom) IS DISTINCT FROM o.custom"""
                )
            importing_days.find_changed(work)

    def _recognise_totals(self, work: Work) -> None:
        """A file of whole orders, such as our own export: a row with the sum of an order is no further line."""
        if not work.has("number") or work.has(*OF_LINES):
            return
        work.run(
            """UPDATE import_lines l SET outcome = 'unchanged' FROM ledger_order o,
                 (SELECT order_id FROM import_lines GROUP BY order_id HAVING count(*) = 1) AS alone
               WHERE alone.order_id = l.order_id AND o.id = l.order_id AND l.outcome = 'created'
                 AND o.amount = round(l.amount, 2)"""
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
        create_customers(work)
        create_products(work)
        work.step(str(_("Writing the orders")))
        self._create_orders(work)
        work.step(str(_("Writing the order lines")))
        self._update_lines(work)
        self._create_lines(work)
        self._update_orders(work)

    def _create_orders(self, work: Work) -> None:
        company = Company.current()
        work.run(
            "UPDATE import_orders SET new_id = nextval('ledger_order_id_seq') WHERE order_id IS NULL"
        )
        # Until now new_id was null everywhere: the planner would expect one order and loop over all customers.
        work.run("ANALYZE import_orders")
        work.run(
            """INSERT INTO ledger_order (id, number, customer_id, ordered_on, due_on, paid_on,
                 promised_on, delivered_on, channel, currency, amount, lines_count, remark, custom, owner_id,
                 team_id, department_id, version, created_at)
               SELECT o.new_id, o.number, c.id, o.ordered_on, o.due_on, o.paid_on,
                 o.promised_on, o.delivered_on, coalesce(o.channel, ''), %s, l.amount, l.lines,
                 coalesce(o.remark, ''), o.custom, c.owner_id, c.team_id, c.department_id, 1, now()
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
            work.run(
                f"""UPDATE ledger_order o SET custom = o.custom || i.custom FROM import_orders i
                    WHERE i.order_id = o.id AND i.custom <> '{{}}' AND o.id IN ({touched})"""
            )
            importing_days.write_changed(work, touched)

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


# Columns that only a file of order lines has.
OF_LINES = ("line_number", "product_code", "product_name", "quantity", "unit_price", "cost", "sort")
# Of the company's own fields of an order counts what the first of its rows says that says anything.
FIRST_SAID = "coalesce((array_agg(custom ORDER BY row) FILTER (WHERE custom <> '{}'))[1], '{}')"
# What a line without a number is known by: 48 bits of its content, unique enough within one order.
CONTENT = """('x' || left(md5(r.product || '|' || coalesce(r.quantity::text, '') || '|' || r.amount::text
             || '|' || coalesce(r.cost::text, '')), 12))::bit(48)::bigint"""
BY_NUMBER = "JOIN import_orders o ON o.own_number = r.number"
BY_DAY = (
    "JOIN import_orders o ON o.own_number IS NULL AND r.number IS NULL"
    " AND o.customer_ref = r.customer_ref AND o.ordered_on = r.ordered_on"
)
