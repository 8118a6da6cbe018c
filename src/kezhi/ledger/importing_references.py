"""Whom and what the rows of a file of orders mean: customers and products, found or created."""

# ruff: noqa: S608  # tables and columns are the code's own names; what a user typed goes as a parameter
from __future__ import annotations

from kezhi.catalog.importing import NEXT_ID as NEXT_PRODUCT
from kezhi.customers.importing import NEXT_ID as NEXT_CUSTOMER
from kezhi.customers.importing import default_place, find_customers, give_codes, give_standing
from kezhi.customers.matching_keeping import keep
from kezhi.dataio.staging import Work
from kezhi.ledger.importing_fields import ORDER_FIELDS
from kezhi.records import registry

CUSTOMER_KEY = "coalesce('c' || s.customer_code, 'n' || s.customer_name)"
PRODUCT_KEY = "coalesce('c' || s.product_code, 'n' || s.product_name)"
# What an order without a number is called.
DAY_NUMBER = "coalesce(c.code, i.code) || '/' || to_char(o.ordered_on, 'YYYYMMDD')"


def reject_incomplete(work: Work) -> None:
    if not (work.has("customer_code") and work.has("customer_name")):
        named = "customer_code" if work.has("customer_code") else "customer_name"
        missing = f"s.{named} IS NULL"
    else:
        named, missing = "customer_name", "s.customer_code IS NULL AND s.customer_name IS NULL"
    _reject_blank(work, named, missing)
    priced = "s.quantity IS NOT NULL AND s.unit_price IS NOT NULL"
    field = "amount" if work.has("amount") else "unit_price"
    _reject_blank(work, field, f"s.amount IS NULL AND NOT ({priced})")


def _reject_blank(work: Work, name: str, where: str) -> None:
    label = next(str(field.label) for field in ORDER_FIELDS if field.name == name)
    work.reject(
        "required",
        name,
        "SELECT s.row, ''::text, jsonb_build_object('field', %s::text)"
        f" FROM import_staging s WHERE {where}",
        [label],
    )


def find_customers_named(work: Work) -> None:
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


def find_products_named(work: Work) -> None:
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


# ---- creating what isn't there ----


def create_customers(work: Work) -> None:
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


def create_products(work: Work) -> None:
    if not work.run(f"UPDATE import_products SET new_id = {NEXT_PRODUCT} WHERE product_id IS NULL"):
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
