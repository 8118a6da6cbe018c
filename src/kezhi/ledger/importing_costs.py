"""Costs to serve from a file. Customers are named by code or exact name and never created.

Entries are facts and never changed: a correction is a further, negative entry. An entry is known by its whole
content and by how often that content came before in the file. So the same file twice changes nothing, and two
deliveries of one day at one price are two.
"""

# ruff: noqa: S608  # tables and columns are the code's own names; what a user typed goes as a parameter
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kezhi.core.actor import Actor
from kezhi.customers.importing import hold_customers, refer_to_customers
from kezhi.dataio import custom_columns
from kezhi.dataio.fields import ImportField, declared_fields
from kezhi.dataio.models import ImportBatch
from kezhi.dataio.registry import Counts, Option
from kezhi.dataio.staging import Work
from kezhi.dataio.undoing import delete_created
from kezhi.records import registry

TABLE = "ledger_costentry"
EXAMPLES = {
    "customer": ("C-0001", "C-0001"),
    "activity": ("Visits", "拜访"),
    "incurred_on": ("2025-01-31", "2025-01-31"),
    "amount": ("320.00", "320.00"),
    "remark": ("Train to Hefei", "合肥往返车票"),
}
# Beside the labels of the reader's language.
ACTIVITY_WORDS = {
    **dict.fromkeys(
        ("服务工时", "服务", "工时", "人工", "客服", "售后", "售后服务", "安装", "调试", "服务费",
        "service hours", "service", "services", "hours", "support", "labour", "labor"),
        "service",
    ),
    **dict.fromkeys(
        ("拜访", "客户拜访", "走访", "上门", "出差", "差旅", "差旅费", "visits", "visit", "travel", "trip"),
        "visit",
    ),
    **dict.fromkeys(
        ("运输配送", "运费", "物流", "物流费", "运输", "运输费", "配送", "配送费", "快递", "快递费",
        "freight and delivery", "freight", "delivery", "shipping", "logistics", "transport"),
        "freight",
    ),
    **dict.fromkeys(
        ("价外折扣", "折扣", "返利", "返点", "让利", "优惠", "discounts outside the price", "discount",
        "discounts", "rebate", "rebates"),
        "discount",
    ),
    **dict.fromkeys(
        ("营销触达", "营销", "营销费", "市场", "市场活动", "推广", "推广费", "广告", "促销",
        "marketing touches", "marketing", "campaign", "campaigns", "promotion", "advertising"),
        "campaign",
    ),
    **dict.fromkeys(
        ("费用报销", "报销", "报销单", "招待", "招待费", "业务招待费", "礼品", "expense reports",
        "expense report", "expense", "expenses", "entertainment", "gifts"),
        "expense",
    ),
    **dict.fromkeys(
        ("投诉赔付", "赔付", "赔偿", "赔款", "理赔", "compensation for complaints", "compensation", "redress",
        "damages"),
        "redress",
    ),
    **dict.fromkeys(("其他", "其它", "other", "others", "misc", "miscellaneous"), "other"),
}  # fmt: skip
# The only free text stands last: no two contents give the same string.
CONTENT = "concat_ws('|', s.customer_id, s.activity, to_char(s.incurred_on, 'YYYYMMDD'), round(s.amount, 2))"


@dataclass(frozen=True)
class CostLoader:
    kind: str = "cost"
    one_of: Sequence[Sequence[str]] = ()
    options: Sequence[Option] = ()

    @property
    def extra(self) -> dict[str, str]:
        return {"customer_id": "bigint", "entry_key": "text", "outcome": "text"}

    @property
    def rows_of(self) -> str:
        return (
            "SELECT s.row, e.id, s.outcome FROM import_staging s"
            f" LEFT JOIN {TABLE} e ON e.entry_key = s.entry_key"
        )

    def fields(self) -> Sequence[ImportField]:
        return declared_fields(
            "cost",
            EXAMPLES,
            {
                "activity": {"words": ACTIVITY_WORDS},
                "incurred_on": {"not_after_today": True},
            },
            with_custom=True,
        )

    def link(self, batch: ImportBatch) -> str:
        return registry["cost"].list_url(sort="-incurred_on")

    def resolve(self, work: Work) -> Counts:
        refer_to_customers(work, "cost")
        custom_columns.resolve(self.kind, work)
        work.run(
            f"""UPDATE import_staging s SET entry_key =
                  encode(sha256(convert_to(concat_ws('|', n.content, n.nth, n.remark), 'UTF8')), 'hex')
                FROM (SELECT row, content, remark,
                        row_number() OVER (PARTITION BY content, remark ORDER BY row) AS nth
                      FROM (SELECT s.row, {CONTENT} AS content, coalesce(s.remark, '') AS remark
                            FROM import_staging s) AS said) AS n
                WHERE n.row = s.row"""
        )
        work.run(
            f"""UPDATE import_staging s SET outcome = CASE
                  WHEN EXISTS (SELECT 1 FROM {TABLE} e WHERE e.entry_key = s.entry_key)
                  THEN 'unchanged' ELSE 'created' END"""
        )
        custom_columns.reject_incomplete(self.kind, work)
        return Counts.of(work.counts())

    def write(self, work: Work) -> None:
        work.run("DELETE FROM import_staging WHERE outcome <> 'created'")
        hold_customers(work)
        work.run(
            f"""INSERT INTO {TABLE} (customer_id, activity, incurred_on, amount, remark, entry_key,
                  custom, owner_id, team_id, department_id, created_at)
                SELECT c.id, s.activity, s.incurred_on, round(s.amount, 2), coalesce(s.remark, ''), s.entry_key,
                  {custom_columns.entries(self.kind, work)},
                  c.owner_id, c.team_id, c.department_id, now()
                FROM import_staging s JOIN customers_customer c ON c.id = s.customer_id ORDER BY s.row"""
        )
        work.keep_created(
            TABLE, f"SELECT e.id FROM {TABLE} e JOIN import_staging s ON s.entry_key = e.entry_key"
        )

    def undo(self, batch: ImportBatch, *, actor: Actor) -> None:
        delete_created(batch, TABLE)
