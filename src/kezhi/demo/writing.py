"""Letters to and from customers, what is queued, and what people were told. The mailbox is paused."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from email.message import EmailMessage
from email.policy import SMTP

from kezhi.accounts.models import User
from kezhi.core.actor import SYSTEM
from kezhi.customers.corresponding import send_letter
from kezhi.customers.models import Contact, Customer
from kezhi.demo.talking import ZONE
from kezhi.messaging.fetching import keep_letter
from kezhi.messaging.mailboxes import add_mailbox, pause_mailbox
from kezhi.messaging.merging import add_template
from kezhi.messaging.models import Incoming, MailAccount, Notice, Outgoing
from kezhi.messaging.noticing import change_preference, notify
from kezhi.messaging.signing import change_signature

HOST = "mail.yuanhang.example"
SHARED = "sales@yuanhang.example"
TELLER = "wang"
TEMPLATES = (
    (
        "zh-hans",
        "拜访后致谢",
        "感谢{{contact.name}}百忙中接待",
        "{{contact.name}}您好：\n\n感谢您抽空接待。会上谈到的几点，我会尽快给您书面答复。\n\n{{sender.name}}\n{{company.name}}",
    ),
    (
        "zh-hans",
        "久未联系",
        "好久不见，{{customer.name}}近来可好",
        "{{contact.name}}您好：\n\n好久没有联系，想听听贵司近来的安排，看看有什么我们能帮上忙的。\n\n{{sender.name}}",
    ),
    (
        "zh-hans",
        "交期确认",
        "{{customer.name}}订单交期",
        "{{contact.name}}您好：\n\n您的订单已排产，确切交期确认后第一时间告知。\n\n{{sender.name}}",
    ),
    (
        "en",
        "After a visit",
        "Thank you for your time, {{contact.name}}",
        "Dear {{contact.name}},\n\nthank you for having us. I’ll answer the open points in writing this week."
        "\n\n{{sender.name}}",
    ),
)
# Subject, text, hours ago: from contacts of Wang's customers.
CAME = (
    ("年底备货计划", "王经理好，年底我们想多备两个月的货，能不能先给个排产计划？", 3),
    ("发票抬头更正", "上月两张发票抬头有误，附件是更正后的开票资料，麻烦重开。", 27),
    ("样品收到", "样品已收到，包装比上次好多了。品控测完给你们反馈。", 51),
)
SENT = (
    (
        "年底备货计划",
        "您好，排产计划已和工厂核对，12 月上旬可以先发第一批，详见附件报价。",
        "sent",
        "",
    ),
    (
        "合同续签",
        "您好，明年框架合同的草案已拟好，请您过目，有修改意见直接批注即可。",
        "waiting",
        "paused",
    ),
    ("对账单", "您好，11 月对账单请查收，如无异议请回复确认。", "uncertain", "broken_off"),
    ("新品目录", "您好，明年春季新品目录请查收。", "failed", "recipient"),
)
STRANGERS = (
    (
        "陆敏",
        "lumin@huadong-tea.example",
        "想了解贵司的仓储服务",
        "您好，我们在嘉兴新开了茶叶贸易公司，想了解贵司的仓储报价。",
        "letter",
    ),
    (
        "采购部",
        "purchase@jinling-foods.example",
        "询价：纸箱 5 万只",
        "请报 5 层瓦楞纸箱 400×300×250，5 万只，分三批交货。",
        "letter",
    ),
    ("展会组委会", "news@expo.example", "第十九届食品包装展邀请函", "诚邀贵司参展。", "list"),
)


def correspond(today: date) -> None:
    """The same every time."""
    people = {user.login: user for user in User.objects.prefetch_related("roles")}
    at = datetime.combine(today, time(9, 10), ZONE)
    owner, teller = people["lin"], people[TELLER]
    Notice.objects.all().delete()  # what the making of the company told
    _templates(owner)
    account = shared_mailbox("销售部邮箱", SHARED, "远航供应链", owner, today)
    contacts = _contacts(teller)
    change_signature(f"{teller.name}\n{teller.title}\n远航供应链", actor=teller)
    _letters_that_came(account, contacts, at)
    _letters_sent(account, teller, contacts, at)
    _notices(people, contacts, at)


def _templates(owner: User) -> None:
    for language, name, subject, text in TEMPLATES:
        add_template(
            {"language": language, "name": name, "subject": subject, "text": text}, actor=owner
        )


def shared_mailbox(
    name: str, address: str, sender_name: str, owner: User, today: date
) -> MailAccount:
    """A mailbox of the company, paused: no server of that name answers."""
    entries = {
        "name": name,
        "address": address,
        "sender_name": sender_name,
        "smtp_host": HOST,
        "smtp_user": address,
        "imap_host": HOST,
        "imap_user": address,
    }
    account = add_mailbox("shared", entries, actor=owner, on=today)
    return pause_mailbox(account, actor=owner, is_paused=True)


def _contacts(teller: User) -> list[Contact]:
    """One with an address of each of the teller's most valuable customers."""
    customers = Customer.objects.filter(owner=teller).order_by("-standing__potential_value", "pk")
    found = []
    for customer in customers[:60]:
        contact = customer.contacts.filter(has_left=False).exclude(email="").order_by("pk").first()
        if (
            contact is not None
            and not Contact.objects.filter(email__iexact=contact.email)
            .exclude(pk=contact.pk)
            .exists()
        ):
            found.append(contact)
        if len(found) == max(len(CAME), len(SENT)):
            break
    return found


def _letters_that_came(account: MailAccount, contacts: list[Contact], at: datetime) -> None:
    arrived = 0
    for contact, (subject, text, hours) in zip(contacts, CAME, strict=False):
        arrived += 1
        key = f"came-{arrived}"
        raw = raw_letter(contact.name, contact.email, SHARED, subject, text, key=key)
        keep_letter(account, arrived, raw, at - timedelta(hours=hours), at)
    for name, address, subject, text, nature in STRANGERS:
        arrived += 1
        key = f"came-{arrived}"
        raw = raw_letter(name, address, SHARED, subject, text, key=key, nature=nature)
        keep_letter(account, arrived, raw, at - timedelta(hours=2 * arrived), at)
    MailAccount.objects.filter(pk=account.pk).update(fetched_at=at)


def raw_letter(
    name: str, address: str, to: str, subject: str, text: str, *, key: str, nature: str = "letter"
) -> bytes:
    """A letter as a server hands it over; `key` makes its Message-ID."""
    message = EmailMessage(policy=SMTP)
    message["From"] = f"{name} <{address}>"
    message["To"] = to
    message["Subject"] = subject
    message["Message-ID"] = f"<{key}@{address.rpartition('@')[2]}>"
    message["Date"] = "Fri, 20 Nov 2026 09:00:00 +0800"
    if nature == "list":
        message["List-Id"] = "<news.expo.example>"
    message.set_content(text)
    return message.as_bytes()


def _letters_sent(
    account: MailAccount, teller: User, contacts: list[Contact], at: datetime
) -> None:
    """Some as they would stand if a server had taken them; none of them can leave."""
    answered = Incoming.objects.filter(account=account).order_by("pk").first()
    for number, (contact, (subject, text, state, problem)) in enumerate(
        zip(contacts, SENT, strict=False)
    ):
        sent_at = at - timedelta(hours=2 + number)
        entry = send_letter(
            contact.customer,
            [contact],
            f"Re: {subject}" if number == 0 else subject,
            text,
            actor=teller,
            at=sent_at,
            account=account,
            answers=answered if answered and answered.customer_id == contact.customer_id else None,
        )
        Outgoing.objects.filter(about_kind="interaction", about_id=entry.pk).update(
            state=state,
            problem=problem,
            sent_at=sent_at if state == "sent" else None,
            said="550 5.1.1 No such user" if state == "failed" else "",
            attempts=0 if state == "waiting" else 1,
        )


def _notices(people: dict[str, User], contacts: list[Contact], at: datetime) -> None:
    """What waits under the bell of the three who sign in most."""
    owner, manager, teller = people["lin"], people["zhou"], people[TELLER]
    for number, contact in enumerate(contacts[:2]):
        follow_up = contact.customer.follow_ups.filter(done_at__isnull=True).first()
        told_at = at - timedelta(hours=1 + 3 * number)
        if follow_up is not None:
            words = {"what": follow_up.subject}
            notify(
                [teller.pk],
                "follow_up.assigned",
                at=told_at,
                by=manager,
                about=follow_up,
                words=words,
            )
        words = {"what": contact.customer.name}
        notify(
            [teller.pk],
            "customer.assigned",
            at=told_at,
            by=manager,
            about=contact.customer,
            words=words,
        )
    notify(
        [owner.pk, manager.pk],
        "job.done",
        at=at,
        by=SYSTEM,
        words={"what": "客户价值计算"},
        path="/value/runs/",
    )
    notify(
        [owner.pk], "approval", at=at, by=teller, words={"what": "人工分级"}, path="/value/tiers/"
    )
    change_preference(
        {"digest": "daily", "digest_hour": 8, "quiet_from": 21, "quiet_until": 8}, actor=teller
    )
