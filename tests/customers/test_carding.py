"""Business cards: whatever phones and printers make of them, and whatever strangers send."""

import contextlib
import time
from io import BytesIO

import pytest
from PIL import Image

from cast import NOW, TODAY
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.carding import (
    Incoming,
    add_cards,
    begin_cards,
    confirm_card,
    delete_cards,
    reopen_card,
    skip_card,
)
from kezhi.customers.carding_parsing import MOST_BYTES, cards_in, decoded
from kezhi.customers.carding_pictures import keep_picture, picture_path
from kezhi.customers.models import Card, Contact, Customer, FollowUp, Interaction
from kezhi.workbench.models import Attachment

VCARD = """BEGIN:VCARD
VERSION:3.0
N:王;敏;;;
FN:王敏
ORG:合肥安茗茶叶有限公司;采购部
TITLE:采购经理
TEL;TYPE=CELL:138 1234 5679
TEL;TYPE=WORK,VOICE:0551-62820000
TEL;TYPE=FAX:0551-62820001
EMAIL;TYPE=INTERNET:wang.min@anming-tea.cn
ADR;TYPE=WORK:;;茶叶路88号;合肥市;安徽省;230000;中国
URL:https://www.anming-tea.cn
X-WECHAT:wangmin88
NOTE:展位 B12\\, 要样品
END:VCARD
"""


def read(text):
    return cards_in(text)[0][1]


def test_a_vcard_is_read_whole():
    assert read(VCARD) == {
        "name": "王敏",
        "title": "采购经理",
        "company": "合肥安茗茶叶有限公司",
        "phone": "138 1234 5679",
        "company_phone": "0551-62820000",
        "email": "wang.min@anming-tea.cn",
        "wechat": "wangmin88",
        "website": "https://www.anming-tea.cn",
        "address": "中国安徽省合肥市茶叶路88号",
        "remark": "展位 B12, 要样品",
    }


@pytest.mark.parametrize(
    ("text", "name", "company"),
    [
        ("BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E7=8E=8B;=E6=95=8F\n"
         "ORG;CHARSET=GB2312;ENCODING=QUOTED-PRINTABLE:=B0=B2=\n=DC=F8\nEND:VCARD", "王敏", "安茗"),
        ("BEGIN:VCARD\r\nFN:Emma\r\n  Fischer\r\nitem1.ORG:Fischer GmbH\r\nEND:VCARD",
         "Emma Fischer", "Fischer GmbH"),
        ("BEGIN:VCARD\nN:Fischer;Emma;;Dr.;\nORG:A\\;B Ltd\nEND:VCARD", "Emma Fischer", "A;B Ltd"),
        ("BEGIN:VCARD\nFN:无尾", "无尾", ""),
        ("MECARD:N:王,敏;ORG:安茗茶叶;TEL:13812345679;EMAIL:a@b.cn;;", "王敏", "安茗茶叶"),
        ("王敏 采购经理\n合肥安茗茶叶有限公司\n手机：138 1234 5679", "王敏", "合肥安茗茶叶有限公司"),
        ("Emma Fischer\nHead of Purchasing\nFischer Logistics GmbH\nT: +49 30 1234567",
         "Emma Fischer", "Fischer Logistics GmbH"),
        ("姓名：欧阳娜娜\n公司：天海贸易", "欧阳娜娜", "天海贸易"),
    ],
)  # fmt: skip
def test_forms_that_are_met(text, name, company):
    found = read(text)
    assert (found.get("name", ""), found.get("company", "")) == (name, company)


def test_lines_of_a_card_find_their_fields():
    found = read(
        "安茗茶叶\n合肥安茗茶叶有限公司\n王敏\n采购经理\n地址：合肥市蜀山区茶叶路 88 号\n"
        "手机 138-1234-5679  电话：0551-62820000\nwang.min@anming-tea.cn\n"
        "www.anming-tea.cn\n微信号：wangmin88\n"
        "传真：0551-62820001"
    )
    assert found["name"] == "王敏"
    assert found["title"] == "采购经理"
    assert found["phone"] == "138-1234-5679"
    assert found["company_phone"] == "0551-62820000"
    assert found["wechat"] == "wangmin88"
    assert found["address"] == "合肥市蜀山区茶叶路 88 号"
    assert found["email"] == "wang.min@anming-tea.cn"
    assert "62820001" not in str(found.get("remark", ""))


def test_many_cards_and_old_encodings():
    assert len(cards_in(VCARD * 50)) == 50
    assert decoded(VCARD.encode("gb18030")) == VCARD
    assert decoded(VCARD.encode("utf-16")) == VCARD
    assert decoded(b"\xef\xbb\xbf" + VCARD.encode()) == VCARD


@pytest.mark.parametrize(
    "bomb",
    [
        "BEGIN:VCARD\n" * 100_000,
        "BEGIN:VCARD\nFN:" + "A" * 1_000_000 + "\nEND:VCARD",
        "BEGIN:VCARD\nNOTE;ENCODING=QUOTED-PRINTABLE:" + "=\n" * 500_000 + "\nEND:VCARD",
        "BEGIN:VCARD\n" + "FN:x\n" * 200_000 + "END:VCARD",
        "BEGIN:VCARD\nFN" + ";A=B" * 200_000 + ":x\nEND:VCARD",
        "MECARD:" + "N:a;" * 200_000,
        "1" * 1_000_000,
        "a@" * 400_000,
        "(+0-" * 200_000,
        "\\;" * 500_000,
        "BEGIN:VCARD\nADR:" + "\\;" * 400_000 + "\nEND:VCARD",
    ],
)
def test_bombs_are_read_or_refused_at_once(bomb):
    began = time.process_time()
    with contextlib.suppress(Refused):
        cards_in(bomb)
    assert time.process_time() - began < 2


def test_a_file_beyond_the_size_is_refused():
    with pytest.raises(Refused):
        decoded(b"x" * (MOST_BYTES + 1))
    with pytest.raises(Refused):
        cards_in(VCARD.replace("采购经理", "x") * 501)


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>", "=cmd|' /C calc'!A0", "\u202egnp.exe", "../../etc/passwd", "😀"],
)
def test_hostile_names_are_only_text(name):
    found = read(f"BEGIN:VCARD\nFN:{name}\nEND:VCARD")
    assert found.get("name", "") == "".join(c for c in name if c.isprintable())


@pytest.fixture(autouse=True)
def store(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path


def photo(**about):
    data = BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    Image.new("RGB", (900, 540), "white").save(data, "JPEG", exif=exif, **about)
    return data.getvalue()


def test_pictures_are_drawn_anew():
    stored = keep_picture(photo())
    data = picture_path(stored).read_bytes()
    assert b"secret place" not in data
    assert Image.open(BytesIO(data)).size == (900, 540)
    huge = BytesIO()
    Image.new("L", (9_000, 9_000)).save(huge, "PNG")
    for bad in (b"<svg onload=alert(1)>", b"GIF89a", b"", photo()[:200], huge.getvalue()):
        with pytest.raises(Refused):
            keep_picture(bad)


@pytest.fixture
def batch(li_wei):
    return begin_cards("2026 广州物流展", TODAY, "广州", actor=li_wei)


@pytest.mark.django_db
def test_a_card_becomes_customer_contact_and_follow_up(batch, li_wei):
    stored = keep_picture(photo())
    ((text, fields),) = cards_in(VCARD)
    card, other = add_cards(
        batch,
        [Incoming("photo", "a.jpg", text, fields, stored), Incoming("file", "b.vcf", text, fields)],
        actor=li_wei,
    )
    contact = confirm_card(card, fields, actor=li_wei, on=TODAY, at=NOW, follow_up_on=TODAY)
    assert (contact.name, contact.customer.name) == ("王敏", "合肥安茗茶叶有限公司")
    assert contact.customer.source == "2026 广州物流展"
    assert "2026 广州物流展" in Interaction.objects.get().text
    assert FollowUp.objects.get().customer == contact.customer
    (attachment,) = Attachment.objects.all()
    assert (attachment.kind, attachment.object_id, attachment.is_image) == (
        "contact",
        contact.pk,
        True,
    )
    with pytest.raises(Refused):
        confirm_card(card, fields, actor=li_wei, on=TODAY, at=NOW)
    second = confirm_card(
        other, {**fields, "name": "李雷"}, actor=li_wei, on=TODAY, at=NOW, customer=contact.customer
    )
    assert second.customer == contact.customer
    assert Customer.objects.count() == 1
    delete_cards(batch, actor=li_wei)
    assert (Card.objects.count(), Contact.objects.count()) == (0, 2)


@pytest.mark.django_db
def test_cards_are_left_out_and_taken_up_again(batch, li_wei, chen_jing, analyst):
    (card,) = add_cards(batch, [Incoming("text", text="王敏")], actor=li_wei)
    with pytest.raises(NotAllowed):
        skip_card(card, actor=chen_jing, at=NOW)
    assert skip_card(card, actor=li_wei, at=NOW).state == "skipped"
    with pytest.raises(Refused):
        confirm_card(card, {"name": "王敏"}, actor=li_wei, on=TODAY, at=NOW)
    assert reopen_card(card, actor=li_wei).state == "open"
    with pytest.raises(NotAllowed):
        begin_cards("展会", TODAY, actor=analyst)
    with pytest.raises(NotAllowed):
        add_cards(batch, [Incoming("text", text="x")], actor=chen_jing)
