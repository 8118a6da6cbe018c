"""What people did: a few hundred deeds with their real actors, on the days on which they did them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from kezhi.accounts.models import User
from kezhi.customers.creating import edit_customer, reassign_customer
from kezhi.customers.following_up import complete_follow_up, log_interaction, plan_follow_up
from kezhi.customers.models import Contact, Customer
from kezhi.demo import talking
from kezhi.demo.buying import DAYS
from kezhi.demo.loading import Places
from kezhi.demo.people import PEOPLE
from kezhi.demo.tagging import tag_customers
from kezhi.demo.world import World
from kezhi.records import registry
from kezhi.workbench.list_query import Shape
from kezhi.workbench.saving_views import save_view

LATEST_TALK = 120
LATEST_DONE = 60
MOVED, EDITED = 8, 24


@dataclass(frozen=True)
class Split:
    """Which of the world's talk and follow-ups are deeds, and which are copied."""

    talk: Sequence[talking.Interaction]
    older_talk: Sequence[talking.Interaction]
    follow_ups: Sequence[talking.FollowUp]
    older_follow_ups: Sequence[talking.FollowUp]


def split(world: World) -> Split:
    """The latest talk, the latest follow-ups done and all open ones are deeds."""
    done = sorted(
        (each for each in world.follow_ups if each.done_at), key=lambda each: str(each.done_at)
    )
    still_open = [each for each in world.follow_ups if not each.done_at]
    return Split(
        world.interactions[-LATEST_TALK:],
        world.interactions[:-LATEST_TALK],
        [*done[-LATEST_DONE:], *still_open],
        done[:-LATEST_DONE],
    )


def live(world: World, deeds: Split, places: Places) -> int:
    """Do all of it; returns the number of deeds."""
    company = _Company(world, places)
    company.talk(deeds.talk)
    company.plan(deeds.follow_ups)
    company.correct()
    company.hand_over()
    company.keep_views()
    company.deeds += tag_customers(company.people, "lin")
    return company.deeds


class _Company:
    def __init__(self, world: World, places: Places) -> None:
        self.world, self.places = world, places
        self.people = {user.login: user for user in User.objects.prefetch_related("roles")}
        self.deeds = 0

    def customer(self, position: int) -> Customer:
        return Customer.objects.get(pk=self.places.customer[position])

    def talk(self, interactions: Sequence[talking.Interaction]) -> None:
        for each in interactions:
            name = self.world.contacts[each.contact].name
            contact = Contact.objects.get(
                customer_id=self.places.customer[each.customer], name=name
            )
            log_interaction(
                self.customer(each.customer),
                each.channel,
                each.text,
                actor=self.people[each.author],
                at=each.at,
                contact=contact,
            )
            self.deeds += 1

    def plan(self, follow_ups: Sequence[talking.FollowUp]) -> None:
        for each in follow_ups:
            actor = self.people[each.assignee]
            fields = {
                "customer": self.customer(each.customer),
                "subject": each.subject,
                "due_on": each.due_on,
            }
            planned = plan_follow_up(fields, actor=actor, on=each.due_on - timedelta(days=5))
            self.deeds += 1
            if each.done_at:
                complete_follow_up(planned, actor=actor, at=each.done_at, outcome=each.outcome)
                self.deeds += 1

    def correct(self) -> None:
        """Payment terms agreed anew, an address that changed: small edits of the last weeks."""
        rng = np.random.default_rng(len(self.world.customers))
        owned = [
            n for n, each in enumerate(self.world.customers) if each.owner and not each.is_abroad
        ]
        for number, position in enumerate(rng.permutation(owned)[:EDITED].tolist()):
            who = self.world.customers[position]
            changes: dict[str, object] = (
                {"payment_days": 45 if who.payment_days != 45 else 60}
                if number % 3
                else {"remark": "月底前对账，开票信息以合同为准。"}
            )
            on = self.world.story.today - timedelta(days=1 + number)
            edit_customer(self.customer(position), changes, actor=self.people[who.owner], on=on)
            self.deeds += 1

    def hand_over(self) -> None:
        """Managers give customers to a colleague of the same department."""
        managers = [each for each in PEOPLE if each.role == "manager"]
        for number, position in enumerate(self._declining()[:MOVED]):
            who = self.world.customers[position]
            manager = next((m for m in managers if m.department == who.department), None)
            colleagues = [
                each.login
                for each in PEOPLE
                if each.role == "salesperson"
                and each.department == who.department
                and each.login != who.owner
                and each.language == "zh-hans"
            ]
            if manager is None or not colleagues or not who.owner or who.is_abroad:
                continue
            reassign_customer(
                self.customer(position),
                self.people[colleagues[number % len(colleagues)]],
                actor=self.people[manager.login],
                on=self.world.story.today - timedelta(days=3 + number),
                reason="原负责人线路调整，换人跟进",
            )
            self.deeds += 1

    def _declining(self) -> list[int]:
        """Customers who bought a lot and have been lost for a quarter: worth a second try by somebody else."""
        buying = self.world.buying
        last = np.full(len(self.world.customers), -1)
        np.maximum.at(last, buying.customer, buying.day)
        spent = np.bincount(buying.customer, buying.spend, minlength=len(last))
        lost = (last < DAYS - 90) & (last > DAYS - 300)
        return np.argsort(-np.where(lost, spent, 0))[: 3 * MOVED].tolist()

    def keep_views(self) -> None:
        """Lists that people work with; some are pinned for everyone."""
        for login, kind, name, audience, is_pinned, conditions, sort in VIEWS:
            shape = Shape(conditions, "", sort, tuple(registry[kind].columns))
            save_view(
                registry[kind],
                name,
                shape,
                actor=self.people[login],
                audience=audience,
                is_pinned=is_pinned,
            )
            self.deeds += 1


VIEWS: tuple[tuple[str, str, str, str, bool, tuple[str, ...], str], ...] = (
    (
        "lin",
        "customer",
        "S、A 级有流失风险",
        "everyone",
        True,
        ("tier.in.S,A", "p_alive.lt.0.8"),
        "-value_at_risk",
    ),
    (
        "lin",
        "customer",
        "近 30 天首单",
        "everyone",
        True,
        ("first_order_on.within.-30d",),
        "-first_order_on",
    ),
    (
        "zhou",
        "customer",
        "冷链客户",
        "private",
        True,
        ("industry.eq.生鲜冷链",),
        "-potential_value",
    ),
    (
        "wang",
        "customer",
        "超过两倍周期未下单",
        "private",
        True,
        ("overdue_ratio.gt.2",),
        "-value_at_risk",
    ),
    (
        "emma",
        "customer",
        "Overdue, worth a call",
        "private",
        True,
        ("overdue_ratio.gt.1.5",),
        "-value_at_risk",
    ),
    ("chen", "customer", "华南重点", "private", True, ("tier.in.S,A",), "-potential_value"),
    ("shen", "customer", "亏损客户", "private", True, ("realised_value.lt.0",), "realised_value"),
    (
        "shen",
        "order",
        "近 90 天退款",
        "private",
        False,
        ("amount.lt.0", "ordered_on.within.-90d"),
        "-ordered_on",
    ),
    ("he", "contact", "决策人", "private", False, ("decision_role.eq.decider",), "name"),
)
