"""Products from a file: matched by code, else by name; categories come along.

A blank cell never erases what is there. A product without a code gets its name as code.
"""

# ruff: noqa: S608  # tables and columns are the code's own names; what a user typed goes as a parameter
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext as _

from kezhi.catalog.models import Category, Product
from kezhi.core.actor import Actor
from kezhi.core.refusal import Refused
from kezhi.dataio import custom_columns
from kezhi.dataio.fields import ImportField, declared_fields
from kezhi.dataio.models import ImportBatch
from kezhi.dataio.registry import Counts, Option
from kezhi.dataio.staging import Work
from kezhi.dataio.undoing import created_ids, demand_unchanged, restore
from kezhi.records import registry

TABLE = "catalog_product"
EXAMPLES = {
    "name": ("Green tea 250 g", "黄山毛峰 250 克"),
    "code": ("P-1001", "P-1001"),
    "category": ("Tea", "茶叶"),
    "unit": ("tin", "罐"),
    "list_price": ("128.00", "128.00"),
    "unit_cost": ("76.50", "76.50"),
    "is_active": ("yes", "是"),
}
PLAIN = ("name", "unit", "list_price", "unit_cost", "is_active", "remark")


@dataclass(frozen=True)
class ProductLoader:
    kind: str = "product"
    one_of: Sequence[Sequence[str]] = ()
    options: Sequence[Option] = ()

    @property
    def extra(self) -> dict[str, str]:
        return {
            "product_id": "bigint",
            "category_id": "bigint",
            "outcome": "text",
            "name_key": "text",
        }

    @property
    def rows_of(self) -> str:
        return "SELECT row, product_id, outcome FROM import_staging"

    def fields(self) -> Sequence[ImportField]:
        price = {"places": 4, "at_least_zero": True}
        changes = {"list_price": price, "unit_cost": price}
        return declared_fields("product", EXAMPLES, changes, with_custom=True)

    def link(self, batch: ImportBatch) -> str:
        return registry["product"].list_url()

    def resolve(self, work: Work) -> Counts:
        custom_columns.resolve(self.kind, work)
        work.run("UPDATE import_staging SET code = left(name, 60) WHERE code IS NULL AND NOT EXISTS"
                 f" (SELECT 1 FROM {TABLE} p WHERE p.name = import_staging.name)")  # fmt: skip
        self._reject_repeated(work)
        work.run(
            f"UPDATE import_staging s SET product_id = p.id FROM {TABLE} p WHERE p.code = s.code"
        )
        work.reject(
            "several_references",
            "name",
            f"""SELECT s.row, s.name, jsonb_build_object('text', s.name) FROM import_staging s
                JOIN (SELECT name FROM {TABLE} GROUP BY name HAVING count(*) > 1) AS twice USING (name)
                WHERE s.code IS NULL""",
        )
        work.run(
            f"""UPDATE import_staging s SET product_id = p.id FROM {TABLE} p
                WHERE s.code IS NULL AND s.product_id IS NULL AND p.name = s.name"""
        )
        work.reject(
            "same_row_again",
            "name",
            """SELECT row, name, jsonb_build_object('row', first_row, 'key', name) FROM (
                 SELECT row, name, first_value(row) OVER (PARTITION BY product_id ORDER BY row) AS first_row
                 FROM import_staging WHERE product_id IS NOT NULL AND outcome IS NULL) twins
               WHERE row <> first_row""",
        )
        work.run(
            f"""UPDATE import_staging s SET outcome = CASE
                  WHEN s.product_id IS NULL THEN 'created'
                  WHEN EXISTS (SELECT 1 FROM {TABLE} p LEFT JOIN catalog_category g ON g.id = p.category_id
                               WHERE p.id = s.product_id AND ({self._differs(work)}))
                  THEN 'updated' ELSE 'unchanged' END
                WHERE outcome IS NULL"""
        )
        custom_columns.reject_incomplete(self.kind, work)
        return Counts.of(work.counts())

    def _plain(self, work: Work) -> list[str]:
        return [name for name in PLAIN if work.has(name)]

    def _differs(self, work: Work) -> str:
        parts = [
            f'(s."{name}" IS NOT NULL AND p."{name}" IS DISTINCT FROM s."{name}")'
            for name in self._plain(work)
        ]
        if work.has("category"):
            parts.append("(s.category IS NOT NULL AND g.name IS DISTINCT FROM s.category)")
        if custom_columns.matched(self.kind, work):
            parts.append(custom_columns.differs(self.kind, work, "p"))
        return " OR ".join(parts)

    def _reject_repeated(self, work: Work) -> None:
        work.find_twins(
            "coalesce('c' || s.code, 'n' || s.name)", "coalesce(s.code, s.name)", list(work.columns)
        )
        work.fold_twins("code" if work.has("code") else "name")

    def write(self, work: Work) -> None:
        work.run("DELETE FROM import_staging WHERE outcome NOT IN ('created', 'updated')")
        add_categories(work)
        work.fill_name_keys("import_staging")
        if work.keep_before(
            TABLE, "SELECT product_id FROM import_staging WHERE outcome = 'updated'"
        ):
            sets = [f'"{name}" = coalesce(s."{name}", p."{name}")' for name in self._plain(work)]
            sets.append("name_key = coalesce(s.name_key, p.name_key)")
            sets.append(f"custom = p.custom || {custom_columns.entries(self.kind, work)}")
            if work.has("category"):
                sets.append("category_id = coalesce(s.category_id, p.category_id)")
            work.run(
                f"""UPDATE {TABLE} p SET {", ".join(sets)}, version = p.version + 1, updated_at = now()
                    FROM import_staging s WHERE s.outcome = 'updated' AND s.product_id = p.id"""
            )
        work.run(f"UPDATE import_staging SET product_id = {NEXT_ID} WHERE outcome = 'created'")
        work.run(
            f"""INSERT INTO {TABLE} (id, code, name, name_key, category_id, unit, list_price, unit_cost,
                  is_active,
                  remark, custom, version, created_at, updated_at)
                SELECT product_id, code, name, name_key, category_id, coalesce(unit, ''), list_price, unit_cost,
                  coalesce(is_active, true), coalesce(remark, ''),
                  {custom_columns.entries(self.kind, work)}, 1, now(), now()
                FROM import_staging s WHERE outcome = 'created' ORDER BY row"""
        )
        work.keep_created(TABLE, "SELECT product_id FROM import_staging WHERE outcome = 'created'")

    def undo(self, batch: ImportBatch, *, actor: Actor) -> None:
        created = created_ids(batch, TABLE)
        demand_unchanged(TABLE, created)
        restore(batch, TABLE, except_columns={"id", "updated_at", "created_at"})
        delete_products(created)
        categories = Category.objects.filter(pk__in=created_ids(batch, "catalog_category"))
        categories.filter(products=None).delete()


NEXT_ID = "nextval('catalog_product_id_seq')"


def delete_products(ids: list[int]) -> None:
    """Delete products that were never sold; refused when one was."""
    try:
        for start in range(0, len(ids), 1000):
            Product.objects.filter(pk__in=ids[start : start + 1000]).delete()
    except models.ProtectedError as error:
        raise Refused(
            _(
                "Some of the imported products stand in orders now. Undo the import of those orders first."
            )
        ) from error


def add_categories(work: Work) -> None:
    if not work.has("category"):
        return
    new = work.fetch(
        """INSERT INTO catalog_category (name) SELECT DISTINCT category FROM import_staging
           WHERE category IS NOT NULL ORDER BY category ON CONFLICT (name) DO NOTHING RETURNING id"""
    )
    if new:
        ids = ", ".join(f"({row[0]})" for row in new)
        work.keep_created("catalog_category", f"SELECT id FROM (VALUES {ids}) AS new(id)")
    work.run(
        "UPDATE import_staging s SET category_id = g.id FROM catalog_category g WHERE g.name = s.category"
    )
