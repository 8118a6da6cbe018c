"""The segments that the demo company works with, and how they moved through the year that was measured."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

from kezhi.accounts.models import User
from kezhi.core.actor import SYSTEM
from kezhi.customers.counting_segments import count_segments
from kezhi.customers.models import Customer, Segment, Standing
from kezhi.customers.segmenting import Wording, create_segment
from kezhi.demo.talking import ZONE
from kezhi.insight.models import Snapshot, ValueRun
from kezhi.workbench.filtering import Asking

EVERYONE, PRIVATE = Segment.Audience.EVERYONE.value, Segment.Audience.PRIVATE.value
# What the conditions below read of a customer's standing, as every run kept it.
WORDS = ("tier", "stage", "loyalty")
FIGURES = ("p_alive", "revenue_trend", "potential_value", "realised_value", "value_at_risk")
INVITED = 40


@dataclass(frozen=True)
class Planned:
    login: str
    name: str
    description: str
    audience: str
    conditions: tuple[str, ...]


SEGMENTS = (
    Planned(
        "lin",
        "大客户流失预警",
        "S、A、B 级客户，仍会购买的概率低于 60%。每周一晨会逐个过一遍，当天安排回访。",
        EVERYONE,
        ("tier.in.S,A,B", "p_alive.lt.0.6"),
    ),
    Planned(
        "lin",
        "沉睡客户",
        "买过至少两次，最近 180 天没有下单。",
        EVERYONE,
        (
            '{"all":[{"has":"orders","count":"gte.2"},'
            '{"hasnt":"orders","where":"ordered_on.within.180d"}]}',
        ),
    ),
    Planned(
        "lin",
        "新客 90 天",
        "90 天内第一次下单的客户：三个月内促成第二单。",
        EVERYONE,
        (
            '{"all":[{"has":"orders","where":"ordered_on.within.90d"},'
            '{"hasnt":"orders","where":"ordered_on.before.-90d"}]}',
        ),
    ),
    Planned(
        "lin",
        "高频复购",
        "90 天内至少下了三次订单。",
        EVERYONE,
        ('{"has":"orders","where":"ordered_on.within.90d","count":"gte.3"}',),
    ),
    Planned(
        "lin",
        "经销商",
        "既向我们采购、又转售给别人的伙伴。",
        EVERYONE,
        ("roles.any.distributor",),
    ),
    Planned(
        "shen",
        "上升之星",
        "B、C 级客户，营收同比增长两成以上，值得提前投入。",
        EVERYONE,
        ("tier.in.B,C", "revenue_trend.gte.20%"),
    ),
    Planned(
        "zhou",
        "重点客户久未联系",
        "S、A 级客户，60 天内没有任何往来记录。",
        PRIVATE,
        ("tier.in.S,A", '{"hasnt":"interactions","where":"at.within.60d"}'),
    ),
)


def make_segments(*, today: date) -> None:
    """All of them, counted on every day that was measured."""
    people = {person.login: person for person in User.objects.all()}
    for planned in SEGMENTS:
        create_segment(
            Wording(planned.name, planned.description, planned.audience),
            actor=people[planned.login],
            on=today,
            asking=Asking(people[planned.login], today, ZONE),
            conditions=planned.conditions,
        )
    _invite(people["zhou"], today)
    _count_through_the_year(today)


def _invite(manager: User, today: date) -> None:
    """A list that stands still: who is invited to the customers' day."""
    seen = Customer.objects.visible_to(manager).filter(standing__tier__in=["S", "A", "B"])
    best = seen.order_by("-standing__potential_value", "pk").values_list("pk", flat=True)[:INVITED]
    create_segment(
        Wording("客户答谢会邀请名单", "华东区潜力最高的客户，名单由区域经理定，不随条件变化。"),
        actor=manager,
        on=today,
        asking=Asking(manager, today, ZONE),
        chosen=list(best),
    )


def _count_through_the_year(today: date) -> None:
    """As if the job of the night had run: each day with the standing that the run of that day measured."""
    now = {row.pk: row for row in Standing.objects.all()}
    for run in ValueRun.objects.readable().filter(as_of__lt=today).order_by("as_of", "pk"):
        measured = Snapshot.objects.filter(run=run, customer=OuterRef("pk"))
        Standing.objects.update(
            **{name: Subquery(measured.values(name)[:1]) for name in FIGURES},
            **{name: Coalesce(Subquery(measured.values(name)[:1]), Value("")) for name in WORDS},
        )
        count_segments(actor=SYSTEM, on=run.as_of, zone=ZONE)
    Standing.objects.bulk_update(now.values(), [*FIGURES, *WORDS], batch_size=1_000)
    count_segments(actor=SYSTEM, on=today, zone=ZONE)
