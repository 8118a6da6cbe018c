"""What two hundred customers of the demo company answered: about us, two competitors, and staying."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta

import numpy as np
from numpy.random import Generator

from kezhi.accounts.models import User
from kezhi.demo.loading import Row, import_file
from kezhi.demo.talking import ZONE
from kezhi.demo.world import World
from kezhi.insight.models import Study
from kezhi.insight.studying import begin_study, run_study
from kezhi.insight.weighing import publish_weights
from kezhi.satisfaction.questioning import create_item

SEED = 20
ASKED, WAVE_DAYS, ACTIVE_DAYS, AFTER_DAYS = 200, 24, 200, 180
# Code, question, factor, and how much of a good mood it shows; benefits rise with it, costs fall.
PARTS = (
    ("P1", "产品质量稳定，规格符合要求", "product", 1.0),
    ("P2", "品种齐全，能满足我们的需要", "product", 0.8),
    ("S1", "送货及时，单据准确", "service", 1.2),
    ("S2", "出现问题时处理得快", "service", 1.4),
    ("E1", "业务员专业，懂我们的业务", "personnel", 1.0),
    ("I1", "与他们合作让客户放心", "image", 0.6),
    ("T1", "从下单到收货要花很多时间等待", "time", -1.0),
    ("M1", "对账、开票、沟通很费精力", "mental", -1.1),
    ("B1", "需要自己跑腿、搬运或验货", "physical", -0.6),
)
WEIGHTS = {
    "product": 0.35, "personnel": 0.20, "image": 0.10, "service": 0.35,
    "money": 0.25, "time": 0.40, "mental": 0.25, "physical": 0.10,
}  # fmt: skip
# What a competitor does better or worse than we, by factor, on a scale of ten.
RIVALS = {
    "恒达商贸": {"product": 0.1, "personnel": -0.9, "image": 0.6, "service": -1.0, "time": 0.7,
             "mental": 0.5, "physical": 0.1},
    "鑫源供应链": {"product": -1.1, "personnel": -0.6, "image": -0.9, "service": -0.4, "time": 0.5,
              "mental": 0.2, "physical": 0.4},
}  # fmt: skip
PRICES = {"": 100.0, "恒达商贸": 103.0, "鑫源供应链": 91.0}
# What the same would be worth to them, in the middle, and how much a good mood adds.
WORTHS = {"": 108.0, "恒达商贸": 105.0, "鑫源供应链": 93.0}
MOOD_WORTH = 9.0
LOYALTY = (
    ("V1", "总的来说，他们给我们的价值对得起价格", "perceived_value"),
    ("V2", "与别家相比，和他们合作更划算", "perceived_value"),
    ("V3", "合作带来的好处大于我们的付出", "perceived_value"),
    ("W1", "更换供应商要花很多精力", "switching_cost"),
    ("W2", "更换供应商会影响我们的生产或销售", "switching_cost"),
    ("W3", "重新建立信任需要很长时间", "switching_cost"),
    ("C1", "总体上我们对他们满意", "satisfaction"),
    ("C2", "他们达到了我们的期望", "satisfaction"),
    ("C3", "他们接近我们心目中的理想供应商", "satisfaction"),
    ("R1", "明年还会继续向他们采购", "intention"),
    ("R2", "同类需求会优先考虑他们", "intention"),
    ("R3", "愿意把他们推荐给同行", "intention"),
)


def survey(world: World, owner: User) -> None:
    """The questions, what matters to customers, and the answers by import."""
    today = world.story.today
    reason = "客户访谈：产品和服务最要紧，等待最费事"
    publish_weights(WEIGHTS, None, actor=owner, on=today, reason=reason)
    for code, text, factor, _mood in PARTS:
        create_item({"code": code, "text": text, "factor": factor}, actor=owner, on=today)
    for code, text, factor in LOYALTY:
        fields = {"code": code, "text": text, "factor": factor, "low": 1, "high": 7}
        create_item(fields, actor=owner, on=today)
    price = {"code": "J1", "text": "同样一单货，你们付多少元", "factor": "money", "unit": "money"}
    create_item(price, actor=owner, on=today)
    worth = {"code": "J2", "text": "同样一单货，你们最多愿意付多少元"}
    create_item({**worth, "factor": "product", "unit": "money"}, actor=owner, on=today)
    visits = {"code": "X1", "text": "近 12 个月上门拜访次数", "factor": "physical", "low": 0}
    create_item({**visits, "high": 24, "source": "visits"}, actor=owner, on=today)
    at = datetime.combine(today, time(7, 45), ZONE)
    import_file("survey_answer", "客户满意度调查.csv", _answers(world), owner, today, at)


def study(world: World, owner: User) -> None:
    """After the first value run, which tells what a customer brings."""
    for subject in (Study.Subject.DELIVERED, Study.Subject.DRIVERS):
        run_study(begin_study(subject, actor=owner, on=world.story.today).pk)


def _answers(world: World) -> Iterator[Row]:
    yield "受访者", "客户", "题目", "回答", "日期", "评价对象"
    rng = np.random.default_rng([SEED, len(world.customers)])
    pricing = np.random.default_rng([SEED, len(world.customers), 1])
    last = world.story.day(world.story.today) - AFTER_DAYS - 1
    number = 0
    for customer, came in _asked(world, rng, last):
        people = int(rng.choice([1, 1, 1, 2, 3]))
        shared = rng.normal(0.45 if came else -0.75, 0.75)
        for _person in range(people):
            number += 1
            on = world.story.first + timedelta(days=int(last - rng.integers(0, WAVE_DAYS)))
            who = (f"R{number:04d}", world.customers[customer].code)
            mood = shared + rng.normal(0, 0.35)
            for code, answer, about in _of_one(rng, mood):
                yield *who, code, f"{answer:g}", on.isoformat(), about
                if code == "J1":
                    more = MOOD_WORTH * mood * (1.0 if not about else 0.3)
                    worth = max(round(WORTHS[about] + more + pricing.normal(0, 4), 2), 1)
                    yield *who, "J2", f"{worth:g}", on.isoformat(), about


def _asked(world: World, rng: Generator, last: int) -> list[tuple[int, bool]]:
    """Customers who bought in the months before, and whether they came back after answering."""
    sales = world.sales
    before = (sales.order_day > last - WAVE_DAYS - ACTIVE_DAYS) & (
        sales.order_day < last - WAVE_DAYS
    )
    after = set(sales.order_customer[sales.order_day > last].tolist())
    active = np.unique(sales.order_customer[before])
    chosen = rng.permutation(active)[:ASKED]
    return [(int(each), int(each) in after) for each in sorted(chosen.tolist())]


def _of_one(rng: Generator, mood: float) -> Iterator[tuple[str, float, str]]:
    """All answers of one person about us, and of every other one about the competitors."""
    for code, _text, _factor, share in PARTS:
        yield code, _on(7.4 if share > 0 else 4.2, 1.2 * share * mood, rng, 10), ""
    yield "J1", round(PRICES[""] * rng.normal(1, 0.03), 2), ""
    worth = mood + rng.normal(0, 0.45)
    satisfied = 0.75 * worth + rng.normal(0, 0.5)
    bound = rng.normal(0, 1)
    wants = 0.55 * satisfied + 0.2 * worth + 0.3 * bound + rng.normal(0, 0.4)
    feelings = {"perceived_value": worth, "switching_cost": bound}
    feelings |= {"satisfaction": satisfied, "intention": wants}
    for code, _text, factor in LOYALTY:
        yield code, _on(4.7, 1.1 * feelings[factor], rng, 7), ""
    if rng.random() < 0.5:
        return
    for rival, leads in RIVALS.items():
        for code, _text, factor, share in PARTS:
            middle = (7.5 if share > 0 else 4.1) + leads[factor]
            yield code, _on(middle, 0.3 * share * mood, rng, 10), rival
        yield "J1", round(PRICES[rival] * rng.normal(1, 0.03), 2), rival


def _on(middle: float, away: float, rng: Generator, high: int) -> int:
    """A whole number on a scale from 1."""
    return int(np.clip(round(middle + away + rng.normal(0, 0.7)), 1, high))
