"""Customers entered twice, as happens everywhere: found, one pair merged. And the cards of a trade fair."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from kezhi.accounts.models import User
from kezhi.customers.carding import Incoming, add_cards, begin_cards, confirm_card, skip_card
from kezhi.customers.carding_parsing import cards_in
from kezhi.customers.carding_pictures import keep_picture
from kezhi.customers.creating import create_customer
from kezhi.customers.deduplicating_scan import find_duplicates
from kezhi.customers.matching_names import HAN, taken_apart
from kezhi.customers.merging import merge_customers
from kezhi.customers.models import Card, Customer, DuplicatePair
from kezhi.demo.talking import ZONE
from kezhi.demo.world import World

TWICE = 9
FAIR, PLACE = "2026 广州物流展", "广州 · 琶洲"
# Name, position, company, mobile, e-mail: as visitors left them at the stand.
VISITORS = (
    ("刘思远", "物流总监", "佛山市鼎新陶瓷有限公司", "13925431807", "liu.sy@dingxin-tc.cn"),
    ("黄嘉敏", "采购经理", "广州汇诚医疗器械有限公司", "13710246538", "huangjm@hc-med.cn"),
    ("梁伟强", "总经理", "东莞市宏泰电子科技有限公司", "13829476125", "liang@hongtai-dz.cn"),
    ("何雨桐", "供应链主管", "深圳市蓝岸跨境电商有限公司", "18665307294", "heyt@lan-an.cn"),
)
PICTURED = (
    ("Daniel Schmitt", "Head of Procurement", "Nordhafen Kuehllogistik GmbH", "+49 40 3398127"),
    ("Grace Tan", "Supply Chain Director", "Straits Cold Chain Pte Ltd", "+65 6738 2145"),
    ("Marco Bellini", "Import Manager", "Bellini Alimentari Srl", "+39 02 8945612"),
)
MECARD = "MECARD:N:陈,卓然;ORG:中山市格远照明有限公司;TIL:外贸经理;TEL:13531289046;EMAIL:chenzr@geyuan.cn;;"


def double(world: World) -> int:
    """Some customers are entered a second time, and cards of a fair come in; the number of deeds."""
    today = world.story.today
    people = {user.login: user for user in User.objects.prefetch_related("roles")}
    manager = people["zhou"]
    deeds = 0
    for number, customer in enumerate(_worth_doubling(manager)):
        create_customer(_again(customer, number), actor=customer.owner or manager, on=today)
        deeds += 1
    return deeds + collect_cards(people, today)


def review(world: World) -> None:
    """Search the whole base, now that values are known, and merge one pair."""
    people = {user.login: user for user in User.objects.prefetch_related("roles")}
    manager = people["zhou"]
    find_duplicates(actor=people["lin"])
    pair = DuplicatePair.objects.visible_to(manager).open().order_by("-second_id").first()
    if pair is not None:
        at = datetime.combine(world.story.today, time(9, 40), ZONE)
        merge_customers(
            pair.first, pair.second, actor=manager, at=at, reason="同一家公司，展会后重复录入"
        )


def _worth_doubling(manager: User) -> list[Customer]:
    """Good customers of the manager's people, whose names have a place."""
    rows = Customer.objects.visible_to(manager).filter(form="company", owner__isnull=False)
    found = []
    for customer in rows.select_related("owner").order_by("pk")[:400]:
        if HAN.search(customer.name) and taken_apart(customer.name).place and customer.phone:
            found.append(customer)
    return found[:: max(1, len(found) // TWICE)][:TWICE]


def _again(customer: Customer, number: int) -> dict[str, str]:
    """As a hurried colleague types it: another legal form, the place in brackets, a phone in other groups."""
    parts = taken_apart(customer.name)
    names = (f"{parts.core}（{parts.place}）", f"{parts.place}{parts.core}公司", parts.core)
    return {
        "name": names[number % 3] if number % 4 else f"{parts.place}{parts.brand}",
        "phone": f"+86 {customer.phone}" if number % 2 else "",
        "city": customer.city,
        "source": FAIR if number % 3 else "电话来访",
    }


def collect_cards(people: dict[str, User], today: date) -> int:
    """The cards of a fair: some are customers already, some wait for somebody to confirm them."""
    seller = people["wang"]
    held_on = today - timedelta(days=4)
    at = datetime.combine(today - timedelta(days=1), time(17, 20), ZONE)
    batch = begin_cards(FAIR, held_on, PLACE, actor=seller)
    incoming = []
    for name, title, company, phone, mail in VISITORS:
        text = f"BEGIN:VCARD\nVERSION:3.0\nFN:{name}\nORG:{company}\nTITLE:{title}\nTEL;TYPE=CELL:{phone}\n"
        for own, fields in cards_in(f"{text}EMAIL:{mail}\nEND:VCARD"):
            incoming.append(Incoming(Card.Source.FILE, "物流展名片.vcf", own, fields))
    incoming += [Incoming(Card.Source.TEXT, "", own, fields) for own, fields in cards_in(MECARD)]
    for number, lines in enumerate(PICTURED, 1):
        stored = keep_picture(_drawn(lines))
        incoming.append(Incoming(Card.Source.PHOTO, f"card-{number}.png", stored_as=stored))
    cards = add_cards(batch, incoming, actor=seller)
    for card in cards[:2]:
        confirm_card(
            card,
            card.fields,
            actor=seller,
            on=today,
            at=at,
            follow_up_on=today + timedelta(days=3),
            reason="展会新客户",
        )
    skip_card(cards[3], actor=seller, at=at)
    return 5


def _drawn(lines: tuple[str, ...]) -> bytes:
    """A plain card; the letters are those that come with the drawing library."""
    name, *rest = lines
    card = Image.new("RGB", (1000, 600), "#fbfaf6")
    draw = ImageDraw.Draw(card)
    draw.rectangle((0, 0, 26, 600), fill="#0e6377")
    draw.text((90, 120), name, fill="#131a1c", font=ImageFont.load_default(size=64))
    for number, line in enumerate(rest):
        draw.text(
            (90, 260 + 80 * number), line, fill="#465257", font=ImageFont.load_default(size=40)
        )
    data = BytesIO()
    card.save(data, "PNG")
    return data.getvalue()
