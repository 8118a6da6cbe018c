"""One small company whose every record belongs to Li Wei, and everybody who may or may not come near it.

What an actor should be able to do is worked out here from `roles.csv` and from who sits where, not by asking
the product: two answers that agree.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from cast import NOW, PASSWORD, TODAY

ROLES = Path(__file__).parents[2] / "src/kezhi/accounts/reference/roles.csv"
WIDTHS = ("none", "own", "team", "department", "all")


def grants() -> dict[str, dict[str, dict[str, str]]]:
    """Role → kind → action → scope."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    with ROLES.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            role, _name, kind = row.pop("role"), row.pop("name"), row.pop("kind")
            found.setdefault(role, {})[kind] = {a: s for a, s in row.items() if s}
    return found


GRANTS = grants()


@dataclass(frozen=True)
class Actor:
    """Who asks: `closeness` is how near their place is to Li Wei's records."""

    name: str
    role: str = ""
    closeness: str = "all"  # the narrowest scope that reaches Li Wei's records
    shared: str = ""  # "read" or "edit": Li Wei's customer was shared with them
    is_denied_everywhere: bool = False

    def scope(self, action: str, kind: str) -> str:
        return GRANTS.get(self.role, {}).get(kind, {}).get(action, "none")

    def may(self, action: str, kind: str) -> bool:
        return self.scope(action, kind) != "none"

    def reaches(self, action: str, kind: str, belongs_to_customer: bool) -> bool:
        """Whether `action` is theirs on Li Wei's record of that kind."""
        scope = self.scope(action, kind)
        if scope == "none":
            return False
        if WIDTHS.index(scope) >= WIDTHS.index(self.closeness):
            return True
        if not belongs_to_customer:
            return False
        return (action == "read" and bool(self.shared)) or (
            action in ("edit", "create") and self.shared == "edit"
        )


ACTORS = (
    Actor("visitor", is_denied_everywhere=True),
    Actor("deactivated", "owner", is_denied_everywhere=True),
    Actor("half signed in", "owner", is_denied_everywhere=True),
    Actor("owner", "owner"),
    Actor("manager", "manager", "department"),
    Actor("manager elsewhere", "manager"),
    Actor("li_wei", "salesperson", "own"),
    Actor("team mate", "salesperson", "team"),
    Actor("chen_jing", "salesperson"),
    Actor("agent", "service_agent"),
    Actor("analyst", "analyst"),
    Actor("stand-in", "salesperson", "own"),
    Actor("reader of a share", "salesperson", shared="read"),
    Actor("worker on a share", "salesperson", shared="edit"),
    Actor("without a role", "nothing"),
)


@dataclass
class World:
    people: dict[str, Any]
    records: dict[str, Any] = field(default_factory=dict)  # by kind


def build() -> World:
    """In the test's transaction."""
    people = _people()
    world = World(people)
    _records(world)
    return world


def _people() -> dict[str, Any]:
    from kezhi.accounts.arranging import create_department, create_team
    from kezhi.accounts.models import Company, Delegation, Role
    from kezhi.accounts.organising import create_person
    from kezhi.core.actor import SYSTEM

    Company.objects.create(name="远航供应链", currency="CNY", time_zone="Asia/Shanghai")
    Role.objects.create(key="nothing", name="Nothing", grants={})
    head = create_department("总部", None, actor=SYSTEM)
    east = create_department("华东", head, actor=SYSTEM)
    south = create_department("华南", head, actor=SYSTEM)
    one, two = (create_team(name, east, actor=SYSTEM) for name in ("一组", "二组"))
    far = create_team("三组", south, actor=SYSTEM)
    places = {
        "deactivated": {"department": head},
        "half signed in": {"department": head},
        "owner": {"department": head},
        "manager": {"team": two},
        "manager elsewhere": {"team": far},
        "li_wei": {"team": one},
        "team mate": {"team": one},
        "agent": {"department": head},
        "analyst": {"department": head},
        "without a role": {"department": head},
    }
    people = {
        actor.name: create_person(
            {
                "login": actor.name.replace(" ", "_"),
                "name": actor.name,
                "roles": [actor.role],
                "password": PASSWORD,
                **places.get(actor.name, {"team": far}),
            },
            actor=SYSTEM,
        )
        for actor in ACTORS
        if actor.name != "visitor"
    }
    Delegation.objects.create(
        principal=people["li_wei"], delegate=people["stand-in"], since=date(2020, 1, 1)
    )
    return people


def _records(world: World) -> None:
    """One record of every kind, all of them Li Wei's."""
    from kezhi.accounts.models import Share
    from kezhi.catalog.models import Product
    from kezhi.customers.creating import create_contact, create_customer
    from kezhi.customers.following_up import log_interaction, plan_follow_up
    from kezhi.ledger.models import AcquisitionCost, CostEntry, Order, OrderLine
    from kezhi.records import registry
    from kezhi.satisfaction.models import SurveyAnswer, SurveyItem
    from kezhi.service.models import CarePlan, CareTouch, Compensation, ComplaintCause

    owner = world.people["li_wei"]
    customer = create_customer(
        {"name": "安徽茶业有限公司", "code": "C-AHTEA", "city": "合肥", "phone": "055112345678"},
        actor=owner,
        on=TODAY,
    )
    other = create_customer({"name": "黄山毛峰合作社", "code": "C-HSMF"}, actor=owner, on=TODAY)
    contact = create_contact(
        {"customer": customer, "name": "张敏", "phone": "13812346027"}, actor=owner, on=TODAY
    )
    made = {
        "customer": customer,
        "contact": contact,
        "interaction": log_interaction(customer, "call", "谈了交期", actor=owner, at=NOW),
        "follow_up": plan_follow_up(
            {"customer": customer, "subject": "回访", "due_on": TODAY}, actor=owner, on=TODAY
        ),
        "product": Product.objects.create(code="P-1", name="龙井"),
        "order": Order.objects.create(
            number="SO-1",
            customer=customer,
            ordered_on=TODAY,
            currency="CNY",
            amount=Decimal(100),
            **customer.place,
        ),
        "cost": CostEntry.objects.create(
            customer=customer,
            activity="visit",
            incurred_on=TODAY,
            amount=Decimal(10),
            entry_key="k-1",
            **customer.place,
        ),
    }
    made["order_line"] = OrderLine.objects.create(
        order=made["order"],
        customer=customer,
        ordered_on=TODAY,
        line_key="l-1",
        product=made["product"],
        amount=Decimal(100),
    )
    made["acquisition_cost"] = AcquisitionCost.objects.create(
        source="展会", begins_on=TODAY, ends_on=TODAY, amount=Decimal(100), entry_key="k-2"
    )
    made["survey_item"] = SurveyItem.objects.create(code="Q1", text="满意吗", factor="product")
    made["survey_answer"] = SurveyAnswer.objects.create(
        customer=customer,
        respondent="R1",
        item=made["survey_item"],
        answer=Decimal(8),
        answered_on=TODAY,
        **customer.place,
    )
    simple: dict[str, dict[str, Any]] = {
        "address": {"customer": customer, "city": "合肥", "street": "长江路 1 号"},
        "identifier": {"customer": customer, "system": "erp", "number": "E-77"},
        "relation": {"customer": customer, "other": other, "nature": "refers"},
        "important_date": {
            "customer": customer,
            "occasion": "founding",
            "name": "成立日",
            "day": TODAY,
        },
        "promise": {
            "customer": customer,
            "what": "月底前到货",
            "topic": "delivery",
            "due_on": TODAY + timedelta(days=9),
        },
        "need": {"customer": customer, "what": "小包装", "handler": owner},
        "ticket": {"customer": customer, "subject": "破损", "text": "三箱破损", "type": "fault"},
        "complaint": {"customer": customer, "subject": "迟到", "category": "transport"},
        "success_plan": {
            "customer": customer,
            "goal": "破损率减半",
            "reach_by": TODAY + timedelta(days=200),
        },
        "contract": {
            "customer": customer,
            "number": "HT-1",
            "title": "冷库年度保养",
            "starts_on": TODAY,
            "ends_on": TODAY + timedelta(days=364),
            "amount": Decimal(12000),
        },
        "consent": {
            "customer": customer,
            "contact": contact,
            "purpose": "marketing",
            "channel": "email",
            "source": "written",
        },
    }
    for kind, fields in simple.items():
        if kind in registry and registry[kind].create is not None:
            made[kind] = registry[kind].create(fields, actor=owner, on=TODAY)
    made |= _registers(contact, customer)
    made["complaint_cause"] = ComplaintCause.objects.order_by("pk").first()
    made["compensation"] = Compensation.objects.create(
        customer=customer, complaint=made["complaint"], sort="apology", **customer.place
    )
    made |= _portal(contact, customer)
    made |= _surveys(customer, contact, owner)
    made["care_plan"] = CarePlan.objects.create(
        name="到货回访", occasion="delivery", subject="到货回访", begun_on=TODAY
    )
    made["care_touch"] = CareTouch.objects.create(
        plan=made["care_plan"],
        customer=customer,
        occasion_key="order:1",
        happened_on=TODAY,
        due_on=TODAY,
        **customer.place,
    )
    made |= _service(made["ticket"], owner, world.people["owner"])
    world.records = made
    for name, may_edit in (("reader of a share", False), ("worker on a share", True)):
        Share.objects.create(
            customer_id=customer.pk,
            person=world.people[name],
            may_edit=may_edit,
            since=date(2020, 1, 1),
        )


def bring_files(world: World) -> None:
    """On every record that keeps files, one that is there and one that was removed."""
    from kezhi.core.actor import SYSTEM
    from kezhi.records import registry
    from kezhi.workbench.attaching import attach, remove_attachment

    for kind in registry:
        record = world.records.get(kind.name)
        if not kind.has_attachments or record is None:
            continue
        by: dict[str, Any] = {"kind": kind.name, "actor": SYSTEM, "at": NOW}
        attach(record, "a.txt", [b"kept"], **by)
        gone = attach(record, "b.txt", [b"removed"], **by)
        remove_attachment(gone, actor=SYSTEM, at=NOW)


def _service(ticket: Any, seller: Any, reviewer: Any) -> dict[str, Any]:
    """An article, and a finished review of a case that is Li Wei's."""
    from kezhi.service.models import Article, CaseReview, Scorecard
    from kezhi.service.quality.sampling import place_of
    from kezhi.service.quality.standards import seven_rights

    card = Scorecard.objects.create(
        name="七个对", number=1, criteria=list(seven_rights()), published_at=NOW
    )
    return {
        "article": Article.objects.create(
            code="KB-0001", title="破损怎么报", body="先拍照", owner=seller
        ),
        "case_review": CaseReview.objects.create(
            ticket=ticket,
            agent=seller,
            reviewer=reviewer,
            scorecard=card,
            state="done",
            score=80,
            reviewed_at=NOW,
            **place_of(seller),
        ),
    }


def _surveys(customer: Any, contact: Any, seller: Any) -> dict[str, Any]:
    """A published survey with a draft, a rule, a link, an invitation and a response."""
    from kezhi.core.actor import SYSTEM
    from kezhi.satisfaction import designing, improving, ruling, sending
    from kezhi.satisfaction.models import SurveyInvitation, SurveyResponse

    by: dict[str, Any] = {"actor": SYSTEM, "on": TODAY}
    survey = designing.create_survey({"code": "after", "instrument": "csat"}, **by)
    version = designing.publish_survey(survey, actor=SYSTEM, at=NOW)
    designing.begin_draft(survey, **by)
    rule = ruling.create_rule(
        survey, {"name": "答复后", "event": "need.answered"}, actor=SYSTEM, at=NOW
    )
    ruling.create_link(survey, "送货单", **by)
    invitation = sending.invitation_for(rule, version, customer, contact, NOW)
    invitation.key, invitation.state = "world", SurveyInvitation.State.SENT
    invitation.save()
    response = SurveyResponse.objects.create(
        survey=survey,
        survey_version=version,
        customer=customer,
        key="world",
        answered_at=NOW,
        answered_on=TODAY,
        channel="hand",
        score=20,
        **customer.place,
    )
    fields = {"title": "更快回电", "owner": seller, "due_on": TODAY, "survey": survey}
    improvement = improving.create_improvement(fields, **by)
    return {"survey": survey, "survey_response": response, "improvement": improvement}


def _registers(contact: Any, customer: Any) -> dict[str, Any]:
    """What the company keeps about data protection; nobody owns it."""
    from kezhi.rights.models import Assessment, DataRequest, Incident, Recipient

    return {
        "data_request": DataRequest.objects.create(
            sort="access",
            person_name="张敏",
            contact=contact,
            customer=customer,
            channel="email",
            received_on=TODAY,
            due_on=TODAY,
        ),
        "recipient": Recipient.objects.create(
            name="云信",
            sort="processor",
            purpose="短信",
            fields_sent="手机",
            country="CN",
            contract="C-1",
        ),
        "assessment": Assessment.objects.create(
            title="评分",
            occasion="automated",
            necessity="n",
            effects="e",
            measures="m",
            decided_on=TODAY,
            decided_by="林晓雯",
        ),
        "incident": Incident.objects.create(
            title="误发", what="名单误发", begun_on=TODAY, ended_on=TODAY, found_at=NOW
        ),
    }


def _portal(contact: Any, customer: Any) -> dict[str, Any]:
    """The portal is open; the contact signs in there and has had an idea that others read."""
    from django.contrib.auth.hashers import make_password

    from kezhi.service.models import Idea, PortalAccount, PortalSettings

    PortalSettings.objects.create(is_open=True)
    account = PortalAccount.objects.create(
        contact=contact,
        customer=customer,
        login="zhang@tea.example",
        password=make_password(PASSWORD),
        state="active",
        reach="customer",
        invited_at=NOW,
        **customer.place,
    )
    idea = Idea.objects.create(
        customer=customer,
        contact=contact,
        account=account,
        title="小包装",
        submitted_on=TODAY,
        **customer.place,
    )
    return {"portal_account": account, "idea": idea}
