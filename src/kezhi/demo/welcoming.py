"""The demo company's customer portal: who signs in there, what they asked, and ideas with votes."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.contrib.auth.hashers import make_password
from django.db.models import Count

from kezhi.accounts.models import User
from kezhi.core.actor import SYSTEM
from kezhi.customers.creating import create_contact
from kezhi.customers.models import Contact, Customer
from kezhi.demo.people import PASSWORD, PORTAL_SIGN_INS
from kezhi.demo.talking import ZONE
from kezhi.service.models import IdeaVote, PortalAccount, Ticket
from kezhi.service.portal import asking, proposing
from kezhi.service.portal.actors import PortalActor
from kezhi.service.portal.furnishing import change_settings
from kezhi.service.tickets.answering import answer
from kezhi.service.tickets.changing import set_state
from kezhi.service.tickets.enclosing import enclose
from kezhi.workbench.attaching import attach

# Name, address, title, what they reach, language. The first two come to every demo by these addresses.
GUESTS = (
    ("孟佳", PORTAL_SIGN_INS[0][0], "物流主管", "customer", "zh-hans"),
    ("Laura Klein", PORTAL_SIGN_INS[1][0], "Logistics manager", "customer", "en"),
    ("邵文", "shao@portal.example", "仓库主管", "own", "zh-hans"),
    ("齐放", "qi@portal.example", "采购", "own", "zh-hans"),
    ("苗青", "miao@portal.example", "客服", "customer", "zh-hans"),
)
# Who (of GUESTS), hours ago, type, subject, text, our answer, the state afterwards.
MATTERS = (
    (0, 50, "fault", "冷藏车到货晚了六小时", "昨天的车晚到六小时，仓库已下班，请说明原因。",
     "抱歉。京沪高速封路三小时，我们没有及时通知。今天起晚点超过一小时由调度电话告知。", "solved"),
    (0, 20, "inquiry", "能否改为周六送货", "年底前库存紧张，想改为每周六上午送货。",
     "可以。请告诉我们哪几个门店需要，下周六开始。", "waiting"),
    (0, 3, "need", "希望提供每箱温度记录", "超市要求每箱附温度记录，能否随货提供？", "", ""),
    (1, 30, "complaint", "Two pallets arrived wet", "Two of twelve pallets were wet on arrival.",
     "We are sorry. The door seal of the trailer is being replaced; a credit note follows.", "open"),
    (1, 100, "inquiry", "Copy of the November statement", "Please send the statement once more.",
     "Here it is; the last line is the amount still open.", "solved"),
    (2, 9, "fault", "扫码枪无法登录预约", "预约系统提示过期，请处理。", "", ""),
)  # fmt: skip
# What went with our answer, by the subject.
ENCLOSED = {
    "Copy of the November statement": (
        "Statement-2026-11.csv",
        "Date,Order,Amount\n2026-11-02,SO-2611-00053,15947.82\n2026-11-05,SO-2611-00190,17609.14\n",
    ),
}
# Who, days ago, title, text, state, published, our answer, votes.
IDEAS = (
    (0, 40, "到货前一小时短信提醒", "司机到之前能提醒，我们好安排人手。", "planned", True,
     "计划明年第一季度上线，先在华东试行。", 4),
    (1, 33, "Temperature log as a download", "A CSV for each delivery would save us an hour a week.",
     "considered", True, "", 3),
    (2, 25, "周末也能预约卸货", "周末人少，反而好卸。", "done", True, "本月起开放周六上午。", 3),
    (3, 15, "运费按月汇总开票", "每单一张票太多。", "declined", True,
     "税务要求逐单开票，暂时做不到；已改为每周寄送一次。", 1),
    (4, 5, "小程序里查物流", "在手机上看更方便。", "considered", True, "", 2),
    (2, 1, "预约时可选月台", "我们有三个月台，只有一个能卸冷藏车。", "new", False, "", 0),
)  # fmt: skip
WELCOME = {
    "welcome_zh": "在这里查看订单和事项、给我们留言。紧急情况请拨打 400 电话。",
    "welcome_en": "See your orders and matters here, and write to us. In a hurry, call us.",
}


def open_the_portal(owner: User, *, today: date) -> None:
    """Settings, accounts, matters with our answers, ideas; the same every time."""
    at = datetime.combine(today, time(9, 0), ZONE)
    change_settings({"is_open": True, "title": "远航客户中心", **WELCOME}, actor=owner)
    actors = [PortalActor(each) for each in _accounts(owner, today, at)]
    agent = User.objects.get(login="he")
    for who, hours, sort, subject, text, reply, state in MATTERS:
        _ask(actors[who], agent, at - timedelta(hours=hours), (sort, subject, text), reply, state)
    for row in IDEAS:
        _propose(row, actors, owner, at)


def _accounts(owner: User, today: date, at: datetime) -> list[PortalAccount]:
    """At companies that order; with the password that the start prints. Nobody is written to."""
    buying = Customer.objects.filter(form=Customer.Form.COMPANY).annotate(bought=Count("orders"))
    customers = list(buying.order_by("-bought", "pk")[: len(GUESTS)])
    password, made = make_password(PASSWORD), []
    for place, (customer, guest) in enumerate(zip(customers, GUESTS, strict=True)):
        name, login, title, reach, language = guest
        contact = create_contact(
            {"customer": customer, "name": name, "email": login, "title": title},
            actor=SYSTEM,
            on=today,
        )
        made.append(_account(contact, login, reach, language, password, at, place, owner))
    waiting = Contact.objects.filter(email__gt="", has_left=False).exclude(
        pk__in=[account.contact_id for account in made]
    )
    for contact in waiting.select_related("customer").order_by("pk")[:2]:
        _account(contact, contact.email, "own", "", "", at, 0, owner)
    return made


def _account(
    contact: Contact,
    login: str,
    reach: str,
    language: str,
    password: str,
    at: datetime,
    place: int,
    owner: User,
) -> PortalAccount:
    state = PortalAccount.State.ACTIVE if password else PortalAccount.State.INVITED
    invited = at - timedelta(days=60 - 9 * place if password else 1)
    return PortalAccount.objects.create(
        contact=contact,
        customer=contact.customer,
        login=login,
        password=password,
        state=state,
        reach=reach,
        language=language,
        invited_at=invited,
        activated_at=invited + timedelta(hours=2) if password else None,
        signed_in_at=at - timedelta(hours=5 + 30 * place) if password else None,
        created_by_id=owner.pk,
        **contact.customer.place,
    )


def _ask(
    actor: PortalActor,
    agent: User,
    at: datetime,
    words: tuple[str, str, str],
    reply: str,
    state: str,
) -> None:
    sort, subject, text = words
    order = actor.customer.orders.order_by("-ordered_on", "-pk").first()
    ticket = asking.ask(
        {
            "type": sort,
            "subject": subject,
            "text": text,
            "order": order if sort == "fault" and actor.is_of_whole_customer else None,
        },
        actor=actor,
        at=at,
        key=f"demo:{subject}",
    )
    if not reply:
        return
    replied = at + timedelta(hours=2)
    entry = answer(ticket, reply, actor=agent, at=replied, state="" if state == "solved" else state)
    if subject in ENCLOSED:
        name, table = ENCLOSED[subject]
        kept = attach(ticket, name, [table.encode()], kind="ticket", actor=agent, at=replied)
        enclose(entry, [kept.pk])
    if state == "solved":
        ticket = set_state(Ticket.objects.get(pk=ticket.pk), state, actor=agent, at=replied)
        asking.rate(ticket, 4, actor=actor, at=replied + timedelta(hours=1), remark="")


def _propose(row: tuple[object, ...], actors: list[PortalActor], owner: User, at: datetime) -> None:
    who, days, title, text, state, is_published, reply, votes = row
    when = at - timedelta(days=int(str(days)))
    idea = proposing.submit(
        str(title), str(text), actor=actors[int(str(who))], at=when, on=when.date()
    )
    changes = {"state": state, "is_published": is_published, "answer": reply}
    idea = proposing.moderate(idea, changes, actor=owner, on=when.date() + timedelta(days=2))
    for actor in actors[: int(str(votes))]:
        IdeaVote.objects.create(idea=idea, account=actor.account, at=when + timedelta(days=3))
    if state == "planned":
        proposing.comment(idea, "华东的试点门店已经选好。", actor=owner, at=at - timedelta(days=2))
