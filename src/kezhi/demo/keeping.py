"""What serving costs the demo company, why it lost customers, and how it judges winning them back."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from kezhi.accounts.models import User
from kezhi.customers.models import Customer
from kezhi.insight.losing import note_loss, publish_win_back_rules
from kezhi.insight.models import LostCustomer
from kezhi.insight.paying import publish_capital_rate
from kezhi.insight.serving import enter_shared_cost, publish_rate
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


# Activity, what one costs, how many days ago it began to hold, and why.
RATES = (
    ("call", "12", 720, "按客服工资和通话时长测算"),
    ("call", "14", 300, "工资调整"),
    ("message", "4", 720, "按客服工资测算"),
    ("delivery", "18", 540, "单证、装卸协调，每票"),
    ("hour", "86", 540, "客服工资加工位成本，每小时"),
)
HOT_LINE = Decimal(21_600)  # a month
# Rate of capital a year, how many days ago it began to hold, and why.
CAPITAL = (("0.0620", 720, "流动资金贷款利率"), ("0.0545", 200, "续贷后利率下调"))


def price_serving(owner: User, *, today: date) -> None:
    """Rates in versions, also that of capital, and the hot line of the last three months as totals; before the
    first run."""
    for activity, rate, days, reason in RATES:
        since = today - timedelta(days=days)
        publish_rate(activity, Decimal(rate), actor=owner, on=today, since_on=since, reason=reason)
    for share, days, reason in CAPITAL:
        since = today - timedelta(days=days)
        publish_capital_rate(Decimal(share), actor=owner, on=today, since_on=since, reason=reason)
    last = today.replace(day=1) - timedelta(days=1)
    for _month in range(3):
        first = last.replace(day=1)
        enter_shared_cost(
            "service",
            HOT_LINE,
            actor=owner,
            on=today,
            first_on=first,
            last_on=last,
            driver="orders",
            remark="400 热线人工，按下单天数分摊",
        )
        last = first - timedelta(days=1)


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
