"""Who leads what, who stands in, what is shared, and how a colleague who left was succeeded."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.db.models import F

from kezhi.accounts.arranging import change_department, change_team
from kezhi.accounts.delegating import delegate
from kezhi.accounts.granting import change_role, create_role
from kezhi.accounts.models import Department, Role, Team, User
from kezhi.accounts.organising import change_person, create_person
from kezhi.customers.creating import reassign_customer
from kezhi.customers.following_up import plan_follow_up
from kezhi.customers.handing_over import prepare_hand_over, start_hand_over
from kezhi.customers.models import Contact, Customer
from kezhi.customers.revealing import reveal
from kezhi.customers.sharing import share_customer
from kezhi.demo.people import EAST, HEAD, PASSWORD, SOUTH, WEST
from kezhi.demo.talking import ZONE
from kezhi.demo.world import World
from kezhi.records import registry

HEADS = {HEAD: "lin", EAST: "zhou", SOUTH: "liang"}
LEADS = {"华东一组": "wang", "华东二组": "li", "华南组": "chen", "华北组": "liu", "中西部组": "wu"}
SKILLS = {
    "wang": ("冷链", "招投标"),
    "zhao": ("快消", "粤语"),
    "li": ("外贸单证", "英语"),
    "emma": ("English", "Deutsch", "key accounts"),
    "chen": ("跨境电商", "粤语"),
    "liu": ("大宗商品", "俄语"),
    "wu": ("农产品", "仓配方案"),
    "he": ("投诉处理", "质量认证"),
    "shen": ("SQL", "客户价值模型"),
}
LEFT = "sunyue"
HERS = 6
SHARES = (
    # who, with whom (a colleague or a team), to work on it, days, why
    ("wang", "li", True, 60, "联合投标，需要外贸单证支持"),
    ("wang", "华东二组", False, 30, "两组共同客户，先看资料"),
    ("chen", "wu", False, None, "中西部有分公司，同步进展"),
)


def arrange(world: World, owner: User) -> None:
    """After the value was measured: a hand-over divides value."""
    company = _Company(world, owner)
    company.lead()
    company.learn()
    company.share()
    company.stand_in()
    company.outsource()
    company.succeed()


class _Company:
    def __init__(self, world: World, owner: User) -> None:
        self.owner, self.today = owner, world.story.today
        self.people = {person.login: person for person in User.objects.all()}
        self.departments = {each.name: each for each in Department.objects.all()}
        self.departments[HEAD] = Department.objects.get(parent=None)
        self.teams = {each.name: each for each in Team.objects.all()}

    def lead(self) -> None:
        for name, login in HEADS.items():
            changes = {"head": self.people[login]}
            change_department(self.departments[name], changes, actor=self.owner)
        for name, login in LEADS.items():
            change_team(self.teams[name], {"lead": self.people[login]}, actor=self.owner)

    def learn(self) -> None:
        for login, words in SKILLS.items():
            change_person(self.people[login], {"skills": list(words)}, actor=self.owner)

    def share(self) -> None:
        for number, (login, side, may_edit, days, reason) in enumerate(SHARES):
            actor = self._fresh(login)
            customers = self._best_of(login, number + 1)
            if customers:
                share_customer(
                    customers[-1],
                    self.people[side] if side in self.people else self.teams[side],
                    actor=actor,
                    on=self.today,
                    may_edit=may_edit,
                    until=self.today + timedelta(days=days) if days else None,
                    reason=reason,
                )

    def stand_in(self) -> None:
        """Emma is on leave; her colleague of the same team looks after her customers."""
        emma = self._fresh("emma")
        delegate(
            emma,
            self._fresh("li"),
            actor=emma,
            on=self.today,
            since=self.today,
            until=self.today + timedelta(days=12),
            reason="Annual leave",
        )

    def outsource(self) -> None:
        """A service provider's people see telephone numbers in part and no value at all."""
        source = Role.objects.get(key="service_agent")
        role = create_role("外包客服", actor=self.owner, copy_of=source)
        rules = {
            "customer": {"reach": "masked", "value": "hidden"},
            "contact": {"reach": "masked"},
            "cost": {"money": "hidden"},
        }
        change_role(role, {"field_rules": rules}, actor=self.owner)
        daniel = change_person(self.people["daniel"], {"roles": [role.key]}, actor=self.owner)
        known = Contact.objects.exclude(phone="").order_by("pk")[:2]
        at = datetime.combine(self.today, time(9, 20), ZONE)
        for contact in known:
            reveal(contact, registry["contact"], "phone", actor=daniel, at=at)

    def succeed(self) -> None:
        """孙悦 left last week; what she had went to two colleagues by value."""
        on = self.today - timedelta(days=6)
        sun_yue = create_person(
            {
                "login": LEFT,
                "name": "孙悦",
                "title": "客户经理",
                "roles": ["salesperson"],
                "password": PASSWORD,
                "language": "zh-hans",
                "department": self.departments[WEST],
                "team": self.teams["中西部组"],
            },
            actor=self.owner,
        )
        for customer in self._best_of("wu", HERS):
            reassign_customer(
                customer, sun_yue, actor=self.owner, on=on, reason="新同事接手部分线路"
            )
            plan_follow_up(
                {"customer": customer, "subject": "新客户经理拜访", "due_on": self.today},
                actor=sun_yue,
                on=on,
            )
        wanted = {
            "rule": "evenly",
            "main_successor": self._fresh("wu"),
            "plan": {"among": [self.people["wu"].pk, self.people["liu"].pk]},
            "message": "合同都在续签期，先联系决策人；已约的拜访照常。",
            "deactivates": True,
        }
        plan = prepare_hand_over(sun_yue, wanted, actor=self.owner, on=on)
        start_hand_over(plan, actor=self.owner, on=on)

    def _best_of(self, login: str, number: int) -> list[Customer]:
        rows = Customer.objects.filter(owner=self.people[login])
        worth = F("standing__potential_value").desc(nulls_last=True)
        return list(rows.order_by(worth, "pk")[:number])

    def _fresh(self, login: str) -> User:
        """Without what was asked about the person before."""
        return User.objects.get(login=login)
