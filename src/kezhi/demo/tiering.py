"""What the demo company promises each tier, and two tiers that people set by hand."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from kezhi.accounts.models import User
from kezhi.customers.models import Customer
from kezhi.insight.overriding import approve_override, request_override
from kezhi.insight.policies import TierPolicy, publish_tier_policies

ASKS, APPROVES = "wang", "zhou"
POLICIES = (
    TierPolicy(
        "S",
        "总经理 + 大客户经理",
        7,
        2,
        Decimal("0.12"),
        ("call", "visit", "wechat", "email"),
        "总经理亲自维护，每周联系，每季度上门，问题当天解决。",
    ),
    TierPolicy(
        "A",
        "大客户经理",
        14,
        4,
        Decimal("0.08"),
        ("call", "visit", "wechat"),
        "大客户经理专人负责，两周联系一次，优先发货。",
    ),
    TierPolicy(
        "B",
        "客户经理",
        30,
        8,
        Decimal("0.05"),
        ("call", "visit", "wechat"),
        "客户经理每月联系一次，每半年拜访一次。",
    ),
    TierPolicy(
        "C",
        "客户经理",
        60,
        24,
        Decimal("0.03"),
        ("call", "wechat", "email"),
        "客户经理每两个月联系一次，以电话和微信为主。",
    ),
    TierPolicy(
        "D",
        "客服",
        120,
        48,
        Decimal("0"),
        ("wechat", "email"),
        "由客服通过微信和邮件服务，自助下单。",
    ),
)


def promise_tiers(owner: User, *, today: date) -> None:
    """The policies, a tier by hand that is in force, and one that waits for the manager."""
    publish_tier_policies(
        {policy.tier: policy for policy in POLICIES},
        actor=owner,
        on=today,
        reason="年度服务标准，经营会议通过",
    )
    people = {user.login: user for user in User.objects.prefetch_related("roles")}
    asks, approves = people[ASKS], people[APPROVES]
    partner, rising = _candidate(asks, "B"), _candidate(asks, "C")
    if partner:
        override = request_override(
            partner,
            "A",
            actor=asks,
            on=today - timedelta(days=1),
            until=today + timedelta(days=180),
            reason="已签年度框架协议，下半年订单将翻倍，请按 A 级服务",
        )
        approve_override(override, actor=approves, on=today)
    if rising:
        request_override(
            rising,
            "B",
            actor=asks,
            on=today,
            until=today + timedelta(days=90),
            reason="新厂投产，已约定试单，先按 B 级跟进三个月",
        )


def _candidate(owner: User, tier: str) -> Customer | None:
    """The most valuable of a salesperson's customers in a tier."""
    rows = Customer.objects.filter(owner=owner, standing__tier=tier)
    return rows.order_by("-standing__potential_value", "pk").first()
