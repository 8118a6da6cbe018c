"""What the company knows of its parties beyond orders: roles, network, places, promises, needs, days, files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from kezhi.accounts.models import User
from kezhi.audit.recording import as_one_batch
from kezhi.catalog.models import Product
from kezhi.core.actor import SYSTEM
from kezhi.customers import answering, promising
from kezhi.customers.addressing import DEEDS as ADDRESS
from kezhi.customers.completing import confirm_customer, score_all
from kezhi.customers.creating import create_customer, edit_contact, edit_customer
from kezhi.customers.drafting import keep_draft
from kezhi.customers.following_up import log_interaction, pin_interaction
from kezhi.customers.identifying import DEEDS as IDENTIFIER
from kezhi.customers.matching_keeping import keep
from kezhi.customers.models import Contact, Customer, Interaction, Need, Promise, Relation
from kezhi.customers.relating import create_relation
from kezhi.customers.remembering import create_important_date
from kezhi.demo.loading import Places
from kezhi.demo.parties import NEEDS, PARTIES, PROMISES, RELATIONS, Asked, Said
from kezhi.demo.talking import ZONE
from kezhi.demo.world import World
from kezhi.workbench.attaching import attach, keep_text

TELLER = "wang"
PLACES_OF, NUMBERED = 40, 30
SPREAD = 10  # customers over whom promises and needs are spread


@dataclass
class Knowledge:
    """Writes it down by the deeds of those who know it."""

    world: World
    places: Places
    today: date
    people: dict[str, User] = field(default_factory=dict)
    parties: dict[str, Customer] = field(default_factory=dict)
    own: list[Customer] = field(default_factory=list)

    def on(self, days: int) -> date:
        return self.today + timedelta(days=days)

    def at(self, days: int, hour: int = 10) -> datetime:
        return datetime.combine(self.on(days), time(hour, 20), ZONE)


def know(world: World, places: Places) -> None:
    """All of it, the same every time."""
    told = Knowledge(world, places, world.story.today)
    told.people = {user.login: user for user in User.objects.prefetch_related("roles")}
    told.own = _best_of(told, TELLER)
    _parties(told)
    _relations(told)
    _addresses(told)
    _identifiers(told)
    _people_and_days(told)
    _promises(told)
    _needs(told)
    _files(told)
    _mentions_and_drafts(told)
    for customer in told.own[2:6]:
        confirm_customer(customer, actor=told.people[TELLER], on=told.on(-20))
    _gaps(told)
    score_all(actor=SYSTEM, on=told.today)


def _gaps(told: Knowledge) -> None:
    """Of some customers little more than the name was ever written down."""
    ids = told.places.customer[5::17]
    blank = {"phone": "", "email": "", "address": "", "source": "", "payment_days": None}
    with as_one_batch():
        Customer.objects.filter(pk__in=ids).update(**blank)
        keep("customer", ids)


def _best_of(told: Knowledge, login: str) -> list[Customer]:
    """The customers of one salesperson, those who spent most first."""
    buying = told.world.buying
    spent = np.bincount(buying.customer, buying.spend, minlength=len(told.world.customers))
    ranked = np.argsort(-spent, kind="stable").tolist()
    ids = [told.places.customer[n] for n in ranked if told.world.customers[n].owner == login]
    known = Customer.objects.filter(owner_id=told.people[login].pk).in_bulk(ids[:30])
    return [known[pk] for pk in ids[:30] if pk in known]


def _parties(told: Knowledge) -> None:
    for number, party in enumerate(PARTIES):
        owner = told.people[party.owner]
        actor = owner if owner.may("create", "customer") else told.people["lin"]
        told.parties[party.name] = create_customer(
            {
                "name": party.name,
                "roles": [party.role],
                "industry": party.industry,
                "region": party.region,
                "city": party.city,
                "remark": party.remark,
                "source": "业务往来",
                "owner": owner,
            },
            actor=actor,
            on=told.on(-400 + number),
        )
    for customer in told.own[3:5]:
        edit_customer(
            customer,
            {"roles": ["customer", "distributor"]},
            actor=told.people[TELLER],
            on=told.on(-60),
        )


def _party(told: Knowledge, name: str) -> Customer | None:
    if not name.startswith("*"):
        return told.parties[name]
    place = int(name[1:])
    return told.own[place] if place < len(told.own) else None


def _relations(told: Knowledge) -> None:
    for number, (name, nature, other, strength) in enumerate(RELATIONS):
        customer, another = _party(told, name), _party(told, other)
        if customer is not None and another is not None:
            relation = create_relation(
                {
                    "customer": customer,
                    "other": another,
                    "nature": nature,
                    "strength": strength,
                    "since": told.on(-900 + 30 * number),
                },
                actor=told.people["lin"],
                on=told.on(-200 + number),
            )
            # On the timeline they stand where they were learnt.
            Relation.objects.filter(pk=relation.pk).update(created_at=told.at(-200 + number))


def _addresses(told: Knowledge) -> None:
    customers = [*told.own, *_best_of(told, "chen"), *_best_of(told, "li")][:PLACES_OF]
    uses = ("delivery", "warehouse", "invoice", "registered", "visit")
    for number, customer in enumerate(customers):
        for use in uses[: 1 + number % 3]:
            ADDRESS.create(
                {
                    "customer": customer,
                    "use": use,
                    "province": customer.region,
                    "city": customer.city,
                    "district": ("高新区", "经开区", "城南区")[number % 3],
                    "street": f"{('创业', '港口', '迎宾', '科技')[number % 4]}路 {18 + 7 * number} 号",
                    "is_main": True,
                    "contact_name": ("张师傅", "李主管", "陈库管")[number % 3],
                },
                actor=SYSTEM,
                on=told.on(-300),
            )


def _identifiers(told: Knowledge) -> None:
    for number, customer in enumerate(told.own[:NUMBERED]):
        IDENTIFIER.create(
            {"customer": customer, "system": "erp", "number": f"K{10_200 + 7 * number}"},
            actor=SYSTEM,
            on=told.on(-300),
        )
        if number % 4 == 0:
            IDENTIFIER.create(
                {
                    "customer": customer,
                    "system": "duns",
                    "number": f"54-{400 + number}-{7301 + number}",
                },
                actor=SYSTEM,
                on=told.on(-300),
            )


def _people_and_days(told: Knowledge) -> None:
    """Deciders with birthdays soon, founding days, anniversaries of contracts, and one who left."""
    for number, customer in enumerate(told.own[:12]):
        contact = Contact.objects.filter(customer=customer).order_by("pk").first()
        if contact is None:
            continue
        birthday = told.on(2 + 9 * number).replace(year=1978 + number)
        edit_contact(
            contact,
            {
                "birthday": birthday,
                "preferences": ("喜欢黄山毛峰，不喝酒", "早上 9 点前不接电话", "发微信比打电话快")[
                    number % 3
                ],
                "decision_role": "decider" if number % 2 == 0 else contact.decision_role,
                "has_left": number == 11,
            },
            actor=told.people[TELLER],
            on=told.on(-30),
        )
        create_important_date(
            {
                "customer": customer,
                "occasion": "contract" if number % 2 else "founding",
                "name": "年度合同周年" if number % 2 else f"{customer.name[:6]}成立日",
                "day": told.on(4 + 11 * number).replace(year=2019, day=min(28, told.on(4).day)),
                "remind_days": 14,
            },
            actor=told.people[TELLER],
            on=told.on(-30),
        )


def _promises(told: Knowledge) -> None:
    for number, said in enumerate(PROMISES):
        # The first ones, contradictory and overdue, are all to the best customer.
        customer = told.own[0 if number < 4 else number % min(SPREAD, len(told.own))]
        _promise(told, said, customer)


def _promise(told: Knowledge, said: Said, customer: Customer) -> None:
    maker = told.people[said.by]
    contact = Contact.objects.filter(customer=customer).order_by("pk").first()
    promise = promising.make_promise(
        {
            "customer": customer,
            "topic": said.topic,
            "subject": said.subject,
            "what": said.what,
            "figure": Decimal(said.figure) if said.figure else None,
            "unit": said.unit,
            "contact": contact,
            "made_by": maker,
            "made_on": told.on(-said.ago),
            "due_on": max(told.on(said.due_in), told.on(-said.ago)),
        },
        actor=told.people["lin"],
        on=told.on(-said.ago),
    )
    if said.state != Promise.State.OPEN:
        promising.settle_promise(
            promise,
            said.state,
            actor=told.people["lin"],
            on=told.on(min(0, said.due_in)),
            reason=said.reason,
        )


def _needs(told: Knowledge) -> None:
    goods = list(Product.objects.order_by("pk")[:8])
    for number, asked in enumerate(NEEDS):
        for turn in range(2 if number % 3 == 0 else 1):
            customer = told.own[(number + 5 * turn) % min(SPREAD, len(told.own))]
            _need(told, asked, customer, goods)


def _need(told: Knowledge, asked: Asked, customer: Customer, goods: Sequence[Product]) -> None:
    actor = told.people["lin"]
    raised = told.on(min(asked.due_in, 0) - 3)
    product = goods[asked.product % len(goods)] if asked.product is not None and goods else None
    need = answering.register_need(
        {
            "customer": customer,
            "what": asked.what,
            "why": asked.why,
            "product": product,
            "quantity": Decimal(asked.quantity) if asked.quantity else None,
            "contact": Contact.objects.filter(customer=customer).order_by("pk").first(),
            "handler": told.people[TELLER],
            "reply_due_on": told.on(asked.due_in),
            "raised_on": raised,
        },
        actor=actor,
        on=raised,
    )
    if asked.handler != TELLER:
        need = answering.pass_on_need(
            need, told.people[asked.handler], actor=actor, on=raised, reason="由该部门答复"
        )
    _settle(told, need, asked, actor)


def _settle(told: Knowledge, need: Need, asked: Asked, actor: User) -> None:
    on = told.on(min(asked.due_in, 0))
    if asked.state == Need.State.IN_PROGRESS:
        answering.start_need(need, actor=actor, on=on)
    elif asked.state == Need.State.ANSWERED:
        answering.answer_need(need, asked.outcome, actor=actor, on=on)
    elif asked.state == Need.State.DECLINED:
        answering.decline_need(need, actor=actor, on=on, reason=asked.outcome)


def _files(told: Knowledge) -> None:
    """A contract, a photo of a delivery, a note and a table: small, and made here."""
    first, second = told.own[0], told.own[1 % len(told.own)]
    latest = Interaction.objects.filter(customer=first).order_by("-at").first()
    files: list[tuple[Any, str, str, bytes]] = [
        (first, "customer", "冷链运输年度框架协议.pdf", _pdf("Framework agreement 2026")),
        (first, "customer", "到货现场照片.png", _picture()),
        (second, "customer", "报价说明.md", "# 报价说明\n\n按托盘计费，含装卸。\n".encode()),
    ]
    if latest is not None:
        table = "线路,单价\n上海-合肥,4.60\n上海-南京,4.10\n"
        files.append((latest, "interaction", "线路价格.csv", table.encode("utf-8-sig")))
    for record, kind, name, content in files:
        kept = attach(record, name, [content], kind=kind, actor=told.people[TELLER], at=told.at(-2))
        keep_text(kept.pk)


def _mentions_and_drafts(told: Knowledge) -> None:
    customer, another = told.own[0], told.own[1 % len(told.own)]
    pinned = log_interaction(
        customer,
        "visit",
        "到访总部，见到采购总监。对方明年要把三家承运商合并为两家，11 月底前定名单。@周启明 需要你出面谈一次。",
        actor=told.people[TELLER],
        at=told.at(-4, 15),
    )
    pin_interaction(pinned, actor=told.people[TELLER], is_pinned=True)
    log_interaction(
        customer,
        "call",
        "客户反映昨晚温度曲线有两段缺失，已让仓配部补发记录。@王浩然 周五前请再确认一次。",
        actor=told.people["he"],
        at=told.at(-1, 16),
    )
    log_interaction(
        another,
        "note",
        "@林晓雯 这家的账期申请已补充材料，请审批。",
        actor=told.people[TELLER],
        at=told.at(-1, 11),
    )
    for writer, about, text in (
        (TELLER, another, "客户同意先试两条线路，细节待"),
        (TELLER, told.own[2 % len(told.own)], "电话未接，下午再打。另外问一下节前运力"),
        ("lin", customer, "与采购总监约了下周二"),
    ):
        keep_draft(told.people[writer], about, text, {"channel": "call"})


def _picture() -> bytes:
    image = Image.new("RGB", (640, 420), (226, 231, 230))
    draw = ImageDraw.Draw(image)
    draw.rectangle((60, 160, 420, 330), fill=(14, 99, 119))
    draw.rectangle((420, 210, 560, 330), fill=(70, 82, 87))
    for x in (140, 330, 490):
        draw.ellipse((x - 32, 305, x + 32, 369), fill=(19, 26, 28))
    drawn = BytesIO()
    image.save(drawn, "PNG")
    return drawn.getvalue()


def _pdf(line: str) -> bytes:
    """One page with one line, in the fewest objects that a reader accepts."""
    stream = f"BT /F1 20 Tf 72 760 Td ({line}) Tj ET".encode("ascii")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    written, starts = BytesIO(), []
    written.write(b"%PDF-1.4\n")
    for number, each in enumerate(objects, 1):
        starts.append(written.tell())
        written.write(b"%d 0 obj\n%s\nendobj\n" % (number, each))
    table = written.tell()
    written.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    for start in starts:
        written.write(b"%010d 00000 n \n" % start)
    written.write(
        b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    )
    return written.getvalue()
