"""A person put in as many places as people and the program put one, and the search for them in all of them."""

import zipfile
from decimal import Decimal
from email.mime.text import MIMEText

from django.db import connection

from cast import NOW, TODAY
from kezhi.audit.recording import record
from kezhi.audit.sightings import Seen, note_sighting
from kezhi.core import queue
from kezhi.core.models import JobRun
from kezhi.customers.consenting import give_consent, refuse
from kezhi.customers.creating import create_contact, create_customer, edit_contact
from kezhi.customers.following_up import log_interaction, plan_follow_up
from kezhi.customers.models import Draft
from kezhi.ledger.models import CostEntry, Order
from kezhi.messaging.models import Incoming, MailAccount, Notice, Outgoing
from kezhi.records import registry
from kezhi.workbench.attaching import attach

NAME, PHONE, EMAIL, WECHAT = "朱雀七", "13912340777", "zhuque7@canary.example", "zhuque_seven"
CANARIES = (NAME, PHONE, EMAIL, WECHAT)


def plant(customer, owner, on=TODAY):
    """The person in as many places as people and the program put one."""
    contact = create_contact(
        {"customer": customer, "name": NAME, "phone": PHONE, "email": EMAIL, "wechat": WECHAT},
        actor=owner,
        on=on,
    )
    edit_contact(contact, {"remark": f"{NAME} 喜欢龙井"}, actor=owner, on=on)
    contact.refresh_from_db()
    log_interaction(
        customer, "call", f"{NAME} 说 {PHONE} 可加微信", actor=owner, at=NOW, contact=contact
    )
    other = create_customer({"name": "黄山合作社", "remark": f"找 {EMAIL}"}, actor=owner, on=on)
    log_interaction(other, "note", f"介绍人 {NAME}，电话 139-1234-0777", actor=owner, at=NOW)
    plan_follow_up(
        {"customer": customer, "subject": f"给{NAME}寄样品", "due_on": on}, actor=owner, on=on
    )
    for kind, fields in {
        "promise": {
            "what": f"答应{NAME}月底到货",
            "topic": "delivery",
            "due_on": on,
            "contact": contact,
        },
        "need": {"what": f"{NAME}要小包装", "handler": owner},
        "address": {"city": "合肥", "street": f"长江路 1 号 {NAME}收"},
        "important_date": {
            "occasion": "birthday",
            "name": f"{NAME}生日",
            "day": on,
            "contact": contact,
        },
        "identifier": {"system": "erp", "number": f"K-{WECHAT}"},
        "relation": {"other": other, "nature": "refers", "remark": f"经{NAME}"},
    }.items():
        registry[kind].create({"customer": customer, **fields}, actor=owner, on=on)
    give_consent(
        {"customer": customer, "contact": contact, "purpose": "marketing", "channel": "email",
         "source": "verbal", "source_detail": f"{NAME} 当面", "proof": f"{EMAIL} 可以"},
        actor=owner, on=on,
    )  # fmt: skip
    refuse(contact, "survey", actor=owner, at=NOW, channel="sms", detail=f"{PHONE} TD")
    order = Order.objects.create(
        number="SO-77", customer=customer, ordered_on=on, currency="CNY", amount=Decimal(10),
        custom={"receiver": NAME, "phone": int(PHONE), "who": [EMAIL]}, **customer.place,
    )  # fmt: skip
    CostEntry.objects.create(
        customer=customer, activity="visit", incurred_on=on, amount=Decimal(1), entry_key=f"c-{PHONE}",
        **customer.place,
    )  # fmt: skip
    attach(
        contact, f"{NAME}.txt", [f"{NAME} {EMAIL}".encode()], kind="contact", actor=owner, at=NOW
    )
    attach(
        order.customer, "合同.txt", [f"签字 {NAME}".encode()], kind="customer", actor=owner, at=NOW
    )
    registry["customer"]  # the custom fields are there
    record("contact.exported", actor=owner, subject=contact, rows=[NAME, PHONE])
    note_sighting([Seen("contact", contact.pk, NAME)], actor=owner, on=on, where="page")
    Draft.objects.create(
        customer=customer, author=owner, text=f"{NAME} 草稿"
    ) if _has_draft() else None
    letters(customer, owner)
    JobRun.objects.create(name="x", title=f"Import {NAME}", result={"to": EMAIL})
    queue.defer("workbench.read_attachment", attachment=0, note=f"{NAME} {PHONE}")
    return contact


def letters(customer, owner):
    """What they wrote, what they were written, and what a colleague was told of it."""
    mailbox = MailAccount.objects.create(name="客服", address="cs@tea.example")
    Incoming.objects.create(
        account=mailbox, uid_validity=1, uid=customer.pk, sha256=f"{customer.pk:064}", size=9,
        from_address=EMAIL, from_name=NAME, subject=f"{NAME} 要报价", text=f"电话 {PHONE}",
        to=[[NAME, EMAIL]], customer_id=customer.pk, received_at=NOW,
    )  # fmt: skip
    Outgoing.objects.create(
        account=mailbox, purpose="letter", message_id=f"<{customer.pk}@tea.example>", to=[EMAIL],
        subject="报价", text=f"{NAME} 你好", about_kind="customer", about_id=customer.pk,
        next_try_at=NOW, created_at=NOW,
    )  # fmt: skip
    Notice.objects.create(
        person=owner, kind="letter", words={"from": NAME}, about_kind="customer",
        about_id=customer.pk, created_at=NOW,
    )  # fmt: skip


def _has_draft():
    names = {each.name for each in Draft._meta.concrete_fields}
    return {"customer", "author", "text"} <= names


def files_of_others(folder):
    """What lies about in the data folder: an import in GB18030, a workbook, a log, an export."""
    uploads = folder / "uploads" / "imports"
    uploads.mkdir(parents=True)
    (uploads / "a").write_bytes(f"姓名,电话\n{NAME},{PHONE}\n".encode("gb18030"))
    (uploads / "b").write_bytes(f"{EMAIL}".encode("utf-16"))
    with zipfile.ZipFile(uploads / "c.xlsx", "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/sharedStrings.xml", f"<si><t>{NAME}</t></si>")
    letter = MIMEText(f"{NAME} 敬上", _charset="utf-8")
    letter["Subject"], letter["Message-ID"] = "您好", "<1@canary.example>"
    (folder / "uploads" / "mail").mkdir()
    (folder / "uploads" / "mail" / "d").write_bytes(b"Received: x\n" + letter.as_bytes())
    (folder / "web.log").write_text(f"GET /?q={PHONE}\nGET /other\n", encoding="utf-8")
    (uploads / "others.csv").write_text("姓名\n李四\n", encoding="utf-8")


def hits(folder):
    """Every text of every table, and every file: table or file → which canary."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        tables = [row[0] for row in cursor.fetchall()]
        for table in tables:
            cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text ILIKE ANY(%s)', [LIKE])
            if cursor.fetchone()[0]:
                found.append(table)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            text = path.read_bytes()
            if text[:2] == b"PK":
                with zipfile.ZipFile(path) as packed:
                    text += b"".join(packed.read(name) for name in packed.namelist())
            wanted = [c.encode(e) for c in CANARIES for e in ("utf-8", "gb18030", "utf-16-le")]
            if any(word in text for word in wanted):
                found.append(path.name)
    return found


LIKE = [f"%{each}%" for each in (*CANARIES, "139-1234-0777")]
