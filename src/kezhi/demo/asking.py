"""The ways by which customers of the demo company write: a paused service mailbox, a public form, rules."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from kezhi.accounts.models import Department, User
from kezhi.core.actor import SYSTEM
from kezhi.demo.talking import ZONE
from kezhi.demo.writing import raw_letter, shared_mailbox
from kezhi.messaging.fetching import keep_letter
from kezhi.messaging.models import MailAccount, Outgoing
from kezhi.service.intake.desks import open_desk
from kezhi.service.intake.publishing import add_form
from kezhi.service.intake.ruling import add_rule
from kezhi.service.intake.visiting import ask, settle_visitor
from kezhi.service.models import Ticket
from kezhi.service.tickets.answering import answer

# Names that lead nowhere: nothing leaves the demo.
ADDRESS = "service@yuanhang.example"
RULES = (
    (["投诉", "索赔", "complaint", "claim"], "complaint", 3),
    (["破损", "超温", "丢失", "damaged", "broken", "lost"], "fault", 3),
    (["急", "urgent"], "", 4),
    (["希望增加", "能否开通", "could you add"], "need", None),
)
# Who wrote, of what, hours ago, and what we answered.
LETTERS = (
    ("陶经理", "tao@hengtai.example", "车厢超温，货物受损", "昨晚到的车温度记录 11.4 ℃，请给出说法。", 30,
     "已调取全程温度记录，今天下班前给你结论。"),
    ("Anna Weber", "weber@nordfrucht.example", "Delivery window for week 48",
     "Could you add a Saturday window in Hamburg?", 22, ""),
    ("周敏", "zhou@lanhai.example", "对账单 10 月有一笔重复", "运单 4417 出现两次，请核对。", 6, ""),
)  # fmt: skip
FORM = {
    "slug": "contact",
    "title_zh": "联系客服",
    "title_en": "Contact our service",
    "intro_zh": "填写后你会立即得到编号，并可随时查看处理进度。\n紧急情况请拨打 400 电话。",
    "intro_en": "You get a number at once and can follow how it stands.",
    "types": ["inquiry", "fault", "complaint", "need"],
    "asked": ["company", "phone", "order"],
    "required": ["company"],
    "sites": ["https://www.yuanhang.example"],
    "consent_zh": "我同意远航供应链为处理本次请求使用以上信息。",
    "consent_en": "I agree that Yuanhang uses these entries to deal with my request.",
}
VISITORS = (
    ("许琳", "xu@minghua.example", "明华食品", "inquiry", "想了解冷链干线报价",
     "上海到成都，每周两车，5 ℃。", 3),
    ("Tom Reed", "reed@oakdairy.example", "Oak Dairy", "fault", "Pallets arrived wet",
     "Two of twelve pallets arrived wet this morning.", 9),
)  # fmt: skip


def open_the_doors(owner: User, *, today: date) -> None:
    """The same every time."""
    at = datetime.combine(today, time(9, 20), ZONE)
    agent = User.objects.get(login="he")
    department = Department.objects.get(parent=None)
    account = shared_mailbox("客服邮箱", ADDRESS, "远航供应链客服", owner, today)
    settings = {"department": department, "type": "inquiry"}
    open_desk(account, settings, actor=owner, at=at - timedelta(days=40))
    for words, kind, priority in RULES:
        add_rule({"words": words, "type": kind, "priority": priority}, actor=owner)
    for number, (name, address, subject, text, hours, answered) in enumerate(LETTERS, 1):
        moment = at - timedelta(hours=hours)
        raw = raw_letter(name, address, ADDRESS, subject, text, key=f"service-{number}")
        keep_letter(account, number, raw, moment, moment)
        if answered:
            ticket = Ticket.objects.get(requester_email=address)
            answer(ticket, answered, actor=agent, at=moment + timedelta(minutes=40))
    form = add_form({**FORM, "department": department}, actor=owner)
    for number, (name, address, company, kind, subject, text, hours) in enumerate(VISITORS):
        entries = {"name": name, "email": address, "company": company, "type": kind}
        entries |= {"subject": subject, "text": text, "consent": "1"}
        moment = at - timedelta(hours=hours)
        language = "en" if subject.isascii() else "zh-hans"
        link = ask(form, entries, actor=SYSTEM, at=moment, key=f"demo-{number}", language=language)
        settle_visitor(link.ticket, actor=SYSTEM, at=moment)
    # As they would stand if a server had taken them; none of them can leave.
    letters = Outgoing.objects.filter(about_kind="ticket", account=account)
    for letter in letters:
        letter.state, letter.sent_at = Outgoing.State.SENT, letter.created_at
        letter.save(update_fields=["state", "sent_at"])
    MailAccount.objects.filter(pk=account.pk).update(fetched_at=at)
