"""The fields that the demo company added for its account plans, filled for the customers that have one."""

# ruff: noqa: S608  # the table is the model's own name
from __future__ import annotations

import json
import random
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection

from kezhi.accounts.models import User
from kezhi.audit.recording import as_one_batch
from kezhi.core.actor import SYSTEM
from kezhi.customers.models import Customer
from kezhi.workbench.customizing import carrying_out, defining
from kezhi.workbench.customizing.laying_out import change_layout

PLANNED = 0.4  # of the customers with revenue have an account plan
PLAN = "年度客户计划"
FIELDS: tuple[dict[str, Any], ...] = (
    {
        "label_zh": "合作等级备注",
        "label_en": "Cooperation note",
        "field_kind": "text",
        "is_searchable": True,
        "purpose": "季度复盘时说明为什么给这个合作等级",
    },
    {
        "label_zh": "年采购预算",
        "label_en": "Annual budget",
        "field_kind": "money",
        "decimals": 0,
        "is_sortable": True,
        "purpose": f"{PLAN}：客户今年打算向我们采购多少",
    },
    {
        "label_zh": "冷链需求",
        "label_en": "Needs cold chain",
        "field_kind": "boolean",
        "purpose": "排车时决定用不用冷藏车",
    },
    {
        "label_zh": "仓储面积",
        "label_en": "Storage area",
        "field_kind": "quantity",
        "decimals": 0,
        "unit": "m²",
        "is_sortable": True,
        "purpose": "判断一次能收多少货",
    },
    {
        "label_zh": "预算完成率",
        "label_en": "Budget used",
        "field_kind": "share",
        "decimals": 0,
        "formula": "revenue_12m / c_annual_budget",
        "is_sortable": True,
        "purpose": f"{PLAN}：近 12 个月已经用掉预算的多少",
    },
)
NOTES = ("两年长约，价格每季度议一次", "新品优先试销", "账期谈到 45 天", "总部统一采购，分店只收货",
         "竞品报价低 3%，看重交期", "旺季提前一个月备货")  # fmt: skip
AREAS = (120, 300, 450, 800, 1_200, 2_600, 5_000)
SECTIONS = (
    ("基本信息", "Basics", ("name", "code", "roles", "form", "industry", "source", "owner")),
    ("联系方式", "How to reach them", ("phone", "email", "wechat", "website", "region", "city", "address")),
    ("账户计划", "Account plan", ("c_cooperation_note", "c_annual_budget", "c_budget_used",
                                "c_needs_cold_chain", "c_storage_area", "payment_days")),
)  # fmt: skip


def customize(owner: User, *, today: date, seed: int) -> None:
    """Define the fields, fill them in as an import would, lay out the form."""
    for given in FIELDS:
        field = {"data_class": "business", **given}
        defining.define_field("customer", field, actor=owner, on=today)
    _fill(random.Random(f"{seed} plans"))  # noqa: S311 - an imagined company
    carrying_out.recompute("customer", actor=SYSTEM)
    sections = [{"zh": zh, "en": en, "fields": names} for zh, en, names in SECTIONS]
    change_layout("customer", {"sections": sections}, actor=owner, on=today)


def _fill(dice: random.Random) -> None:
    plans: dict[int, dict[str, Any]] = {}
    rows = Customer.objects.filter(standing__revenue_12m__gt=0).order_by("code")
    for pk, revenue in rows.values_list("pk", "standing__revenue_12m"):
        if dice.random() < PLANNED:
            plans[pk] = _plan(revenue, dice)
    with as_one_batch(), connection.cursor() as cursor:
        cursor.execute(
            f"""UPDATE {Customer._meta.db_table} t SET custom = t.custom || n.custom::jsonb
                FROM unnest(%s::bigint[], %s::text[]) AS n(id, custom) WHERE t.id = n.id""",
            [list(plans), [json.dumps(plan, ensure_ascii=False) for plan in plans.values()]],
        )


def _plan(revenue: Decimal, dice: random.Random) -> dict[str, Any]:
    used = Decimal(dice.choice((45, 60, 72, 85, 96, 104, 120)))
    budget = max(Decimal(1000), (revenue * 100 / used / 1000).quantize(Decimal(1)) * 1000)
    plan: dict[str, Any] = {
        "c_annual_budget": str(budget),
        "c_needs_cold_chain": dice.random() < 0.3,
    }
    if dice.random() < 0.7:
        plan["c_storage_area"] = str(dice.choice(AREAS))
    if dice.random() < 0.5:
        plan["c_cooperation_note"] = dice.choice(NOTES)
    return plan
