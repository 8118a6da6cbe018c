"""Eight months of care at the demo company, with a control group, and the goals of its best customers."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal

import numpy as np

from kezhi.accounts.models import User
from kezhi.core.actor import SYSTEM
from kezhi.customers.models import Customer
from kezhi.demo.talking import ZONE
from kezhi.messaging.models import MailAccount
from kezhi.service.care.planning import aim_plan, create_plan
from kezhi.service.care.tending import find_occasions, settle_due
from kezhi.service.models import CarePlan, CareTouch
from kezhi.service.success import planning as success

SEED = 31
SINCE = timedelta(days=240)
EVERY = timedelta(days=12)
STILL_TO_DO = 12  # of what is due now; the rest was done when it was due
PLANS = (
    {
        "name": "到货后回访", "occasion": "delivery", "days": 3, "moment": "after", "attribute": "experience",
        "tiers": ["S", "A", "B"], "subject": "到货回访：{{customer.name}} 的货收得怎么样？",
        "control_share": 20, "rest_days": 60, "window_days": 60,
    },
    {
        "name": "老客户周年问候", "occasion": "anniversary", "days": 0, "moment": "after",
        "attribute": "credence", "tiers": ["S", "A"], "subject": "合作周年：登门道谢",
        "control_share": 10, "rest_days": 0, "window_days": 90,
    },
    {
        "name": "久未联系的重要客户", "occasion": "silence", "days": 0, "moment": "before",
        "attribute": "search", "tiers": ["S", "A", "B"], "subject": "很久没有联系，打个电话问候近况",
        "control_share": 20, "rest_days": 90, "window_days": 90, "within_days": 5,
    },
    {
        "name": "维修后确认", "occasion": "repair", "days": 2, "moment": "after", "attribute": "experience",
        "subject": "故障修复后确认使用正常", "control_share": 0, "rest_days": 0, "window_days": 90,
    },
    {
        "name": "中秋问候", "occasion": "festival", "festival": "mid_autumn", "days": -3, "moment": "after",
        "tiers": ["S", "A"], "way": "letter", "subject": "中秋安康",
        "text": "{{contact.name}}：\n中秋将至，感谢一年来的信任。祝您和家人团圆安康。\n远航供应链",
        "subject_en": "Mid-Autumn greetings",
        "text_en": "Dear {{contact.name}},\nthank you for your trust this year. A happy Mid-Autumn Festival"
        " to you and yours.\nYuanhang Supply Chain",
        "control_share": 10, "rest_days": 0, "window_days": 90,
    },
)  # fmt: skip
GOALS = (
    ("冷链货损率从 2 % 降到 0.5 %", "货损率", "%", 2.0, 0.5, 0.85),
    ("旺季补货提前期缩短到 3 天", "补货提前期", "天", 7.0, 3.0, 0.4),
    ("仓库周转提高到一年 14 次", "库存周转", "次/年", 9.0, 14.0, 0.65),
    ("对账差错每月不超过 2 笔", "对账差错", "笔", 11.0, 2.0, 0.1),
    ("门店缺货率降到 3 %", "缺货率", "%", 8.0, 3.0, 1.0),
    ("退货处理缩短到 48 小时", "退货处理", "小时", 120.0, 48.0, 0.55),
)


def care(owner: User, *, today: date) -> None:
    """Plans that have run for months; what is due now is still to be done."""
    for fields in PLANS:
        plan = create_plan(dict(fields), actor=owner, on=today - SINCE)
        if plan.way == CarePlan.Way.LETTER:
            mailbox = MailAccount.objects.filter(purpose=MailAccount.Purpose.SHARED).first()
            aim_plan(plan, None, mailbox, actor=owner, on=today)
        day = today - SINCE
        while day <= today:
            find_occasions(plan, actor=SYSTEM, on=day)
            day += EVERY
    _look_back(today)
    settle_due(actor=SYSTEM, on=today, at=datetime.combine(today, time(6, 20), ZONE))
    _set_goals(owner, today)


def _look_back(today: date) -> None:
    """What was due before was done then; a few of the latest are left for this morning."""
    waiting = CareTouch.objects.filter(state=CareTouch.State.WAITING).order_by("-due_on", "-pk")
    letters = waiting.filter(plan__way=CarePlan.Way.LETTER)
    sent_at = datetime.combine(today, time(6, 20), ZONE)
    letters.update(state=CareTouch.State.SENT, settled_at=sent_at)
    now = list(waiting.filter(due_on__lte=today).values_list("pk", flat=True)[:STILL_TO_DO])
    waiting.exclude(pk__in=now).update(state=CareTouch.State.GIVEN, settled_at=sent_at)


def _set_goals(owner: User, today: date) -> None:
    rng = np.random.default_rng(SEED)
    best = Customer.objects.filter(standing__tier__in=["S", "A"], owner__isnull=False)
    chosen = list(best.order_by("-standing__potential_value", "pk").select_related("owner")[:18])
    for number, customer in enumerate(chosen):
        goal, name, unit, start, target, way = GOALS[number % len(GOALS)]
        begun = today - timedelta(days=int(rng.integers(60, 200)))
        fields = {
            "customer": customer,
            "goal": goal,
            "manager": customer.owner,
            "begun_on": begun,
            "reach_by": begun + timedelta(days=270),
            "review_on": today + timedelta(days=int(rng.integers(-6, 25))),
        }
        plan = success.create_plan(fields, actor=owner, on=begun)
        success.add_measure(
            plan, name, unit, Decimal(str(start)), Decimal(str(target)), actor=owner, on=begun
        )
        measure = plan.measures.get()
        days = (today - begun).days
        for step in (0.33, 0.66, 0.97):
            done = step * days / 270 * way / 0.7
            figure = Decimal(str(round(start + (target - start) * min(done, 1.0), 1)))
            on = begun + timedelta(days=int(days * step))
            success.read_measure(plan, measure, figure, actor=owner, on=on)
    success.judge_all(actor=SYSTEM, on=today)
