"""What people of the demo company agreed to and ask of their data, who gets it, and one closed incident."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from kezhi.accounts.models import Role, User
from kezhi.core.actor import SYSTEM
from kezhi.customers.consenting import give_consent, publish_text, refuse
from kezhi.customers.models import Contact, Customer, Standing
from kezhi.demo.talking import ZONE
from kezhi.insight.exempting import exempt_customer
from kezhi.rights import registering, requesting
from kezhi.rights.deadlines import change_rules
from kezhi.rights.models import DataRequest
from kezhi.rights.retaining import set_rule

TEXTS = {
    "marketing": (
        "我同意远航供应链通过我选择的渠道向我介绍新品和活动。我可以随时撤回，回复 TD 即可。",
        "I agree that Yuanhang tells me of new products and events by the channel I chose. "
        "I may withdraw at any time; replying TD is enough.",
    ),
    "survey": (
        "我同意远航供应链就交货和服务向我提问。回答与否由我决定。",
        "I agree that Yuanhang asks me about delivery and service. Whether I answer is up to me.",
    ),
    "sensitive": (
        "我单独同意远航供应链为开票保存我的证件信息，仅财务人员可见。",
        "I agree separately that Yuanhang keeps my identity papers for invoices; only finance sees them.",
    ),
}
CHANNELS = ("email", "wechat", "sms", "call")
AGREED, REFUSED = 60, 6
REQUESTS = (
    ("access", "email", 12),
    ("export", "email", 9),
    ("correct", "call", 7),
    ("delete", "letter", 5),
    ("restrict", "email", 4),
    ("object", "wechat", 3),
    ("explain", "call", 2),
)


def ask_for_consent(owner: User, *, today: date) -> None:
    """Texts, consents, refusals, a request of each sort, registers; by deeds, the same every time."""
    at = datetime.combine(today, time(9, 10), ZONE)
    for purpose, (chinese, english) in TEXTS.items():
        publish_text(purpose, chinese, english, actor=owner, on=today - timedelta(days=400))
    contacts = list(
        Contact.objects.filter(has_left=False, email__gt="").order_by("pk")[
            : AGREED + len(REQUESTS)
        ]
    )
    asked, people = contacts[: len(REQUESTS)], contacts[len(REQUESTS) :]
    for place, contact in enumerate(people):
        for purpose in ("marketing", "survey")[: 1 + place % 2]:
            give_consent(
                {
                    "customer": contact.customer,
                    "contact": contact,
                    "purpose": purpose,
                    "channel": CHANNELS[place % len(CHANNELS)],
                    "source": ("form", "written", "verbal")[place % 3],
                    "source_detail": (
                        "yuanhang.example/hello",
                        "2026 春季订货会",
                        "李伟，客户会议室",
                    )[place % 3],
                    "given_on": today - timedelta(days=20 + 5 * place),
                },
                actor=SYSTEM,
                on=today,
            )
    for contact in people[:REFUSED]:
        refuse(contact, "marketing", actor=SYSTEM, at=at - timedelta(days=2), detail="TD")
    _requests(asked, owner, today)
    # Two decide on an erasure: the second in this company.
    User.objects.get(login="daniel").roles.add(Role.objects.get(key="data_protection"))
    _registers(owner, today, at)
    worst = Standing.objects.filter(tier="C", occasions__gt=2).order_by("pk").first()
    if worst is not None:
        customer = Customer.objects.get(pk=worst.customer_id)
        exempt_customer(
            customer, actor=owner, on=today, reason="来信反对自动评分", channel="letter"
        )


def _requests(contacts: list[Contact], owner: User, today: date) -> None:
    for contact, (sort, channel, days) in zip(contacts, REQUESTS, strict=False):
        day = today - timedelta(days=days)
        request = requesting.receive_request(
            {
                "contact": contact,
                "customer": contact.customer,
                "sort": sort,
                "law": DataRequest.Law.PIPL,
                "channel": channel,
                "received_on": day,
                "assignee": owner,
            },
            actor=owner,
            on=today,
        )
        if days > 3:
            request = requesting.check_identity(
                request, "call_back", "回拨登记的手机，本人确认", actor=owner, on=today
            )
        if sort == "correct":
            requesting.carry_out(
                request, actor=owner, on=today, outcome="更正了职务，已电话告知本人"
            )
        elif sort == "delete":
            requesting.propose_erasure(request, actor=owner, on=today)


def _registers(owner: User, today: date, at: datetime) -> None:
    change_rules(
        {
            "pipl_working_days": 15,
            "gdpr_days": 30,
            "package_days": 14,
            "transfer_limit": 100_000,
            "sensitive_limit": 10_000,
        },
        "何静，privacy@yuanhang.example",
        actor=owner,
    )
    set_rule("customers_interaction", 5 * 365, "服务客户、处理争议", actor=owner, at=at)
    mailer = registering.RECIPIENT.create(
        {
            "name": "Nordwind Mail GmbH",
            "sort": "processor",
            "purpose": "发送电子邮件通讯",
            "fields_sent": "姓名、邮箱",
            "country": "DE",
            "contract": "委托处理协议 2026-014",
            "contract_on": today - timedelta(days=300),
            "contact": "dpo@nordwind.example",
        },
        actor=owner,
        on=today,
    )
    reached = Contact.objects.filter(email__gt="").order_by("pk")[:40]
    registering.note_transfer(mailer, list(reached), actor=owner, on=today)
    registering.ASSESSMENT.create(
        {
            "title": "客户价值评分的影响评估",
            "occasion": "automated",
            "necessity": "用订单和服务成本测算客户价值，决定服务频次；不使用敏感信息。",
            "effects": "评分低的客户可能联系较少；不影响价格和合同。",
            "measures": "可随时反对；每个分数可解释；分级可由人更改。",
            "conclusion": "风险较低，可以实施。",
            "decided_on": today - timedelta(days=200),
            "decided_by": owner.name,
            "review_on": today + timedelta(days=165),
        },
        actor=owner,
        on=today,
    )
    incident = registering.INCIDENT.create(
        {
            "title": "客户名单误发给错误的收件人",
            "what": "一份含 38 位联系人姓名和电话的名单误发给了另一家客户。",
            "grade": "general",
            "begun_on": today - timedelta(days=91),
            "ended_on": today - timedelta(days=90),
            "found_at": at - timedelta(days=90),
            "in_china": True,
            "effects": "可能收到陌生来电。",
            "measures": "对方已书面确认删除；名单导出改为须批准。",
        },
        actor=owner,
        on=today,
    )
    incident = registering.report_incident(
        incident, actor=owner, at=at - timedelta(days=89), told_people=True
    )
    registering.close_incident(
        incident, actor=owner, on=today - timedelta(days=80), lessons="导出前由第二人核对收件人。"
    )
