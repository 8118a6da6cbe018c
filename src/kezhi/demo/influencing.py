"""Who brought whom in the demo company, and by which rules that counts."""

from __future__ import annotations

from datetime import date, timedelta

from kezhi.accounts.models import User
from kezhi.customers.models import Customer, Relation
from kezhi.customers.relating import create_relation
from kezhi.insight.influence_rules import InfluencePolicy, publish_influence_rules

RULES = InfluencePolicy(
    window_months=36,
    share_anyway=0.4,
    saved_acquisition=6000,
    reward=1000,
    money_per_point=200,
)
# Of each salesperson's customers, the oldest first: who referred whom, and who buys through whom.
REFERRALS = ((0, 3), (0, 5), (3, 8), (8, 12), (1, 6), (1, 9), (6, 14), (2, 10))
THROUGH = ((4, 2), (7, 2), (11, 0))
MOST = 15


def tell_influence(owner: User, *, today: date) -> None:
    """Before the first run, so that it measures them."""
    publish_influence_rules(
        RULES, actor=owner, on=today, reason="老客户转介绍政策：奖励 1,000 元，按三年贡献计算"
    )
    for person in User.objects.filter(is_active=True).order_by("pk"):
        rows = Customer.objects.filter(owner=person, roles__contains=["customer"])
        own = list(rows.order_by("pk")[:MOST])
        if len(own) == MOST:
            _relate(own, REFERRALS, "refers", owner, today)
            _relate(own, THROUGH, "buys_through", owner, today)


def _relate(
    own: list[Customer],
    pairs: tuple[tuple[int, int], ...],
    nature: str,
    owner: User,
    today: date,
) -> None:
    for number, (one, other) in enumerate(pairs):
        fields = {"customer": own[one], "other": own[other], "nature": nature}
        if Relation.objects.filter(**fields).exists():
            continue
        since = today - timedelta(days=1000 - 90 * number)
        strength = "3" if number % 3 == 0 else "2"
        create_relation({**fields, "since": since, "strength": strength}, actor=owner, on=today)
