"""Why the demo company lost customers, and how it judges winning them back."""

from __future__ import annotations

from datetime import date

from kezhi.accounts.models import User
from kezhi.customers.models import Customer
from kezhi.insight.losing import note_loss, publish_win_back_rules
from kezhi.insight.models import LostCustomer
from kezhi.value.lifetime.win_back import WinBackSettings
from kezhi.value.plain import to_plain

# Every cause with what was said, the most valuable lost customers first.
CAUSES = (
    ("price", "对方报价低 8%，按年招标"),
    ("competitor", "转给同城竞争对手，承诺次日达"),
    ("service", "两次晚点没有回音，采购换了人"),
    ("forgotten", "原负责人离职后半年无人联系"),
    ("need_gone", "自建冷库，不再外包"),
    ("price", "要求账期 90 天，未谈拢"),
    ("quality", "温控记录缺失，拒收一车"),
    ("insolvent", "工商已注销"),
    ("relocated", "工厂迁往越南"),
    ("other", "集团统一采购"),
)


def tell_losses(owner: User, *, today: date) -> None:
    """By those who look after the customers; three of four lost customers stay unexplained."""
    found = LostCustomer.objects.order_by("-second_value", "pk").values_list("pk", flat=True)
    people = {user.pk: user for user in User.objects.prefetch_related("roles")}
    for pk, (cause, said) in zip(found[: 2 * len(CAUSES) : 2], CAUSES, strict=False):
        customer = Customer.objects.get(pk=pk)
        teller = people.get(customer.owner_id or 0, owner)
        note_loss(customer, cause, actor=teller, on=today, remark=said)


def judge_losses(owner: User, *, today: date) -> None:
    """What an attempt and an accepted offer cost, before the first run."""
    publish_win_back_rules(
        to_plain(WinBackSettings(cost_of_attempt=300.0, cost_if_accepted=1500.0, least_gain=0.0)),
        actor=owner,
        on=today,
        reason="一次挽回约半天人工；接受后首单补贴 1,500",
    )
