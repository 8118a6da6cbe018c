"""What two records of one party have in common, whoever typed them."""

import pytest

from cast import TODAY
from kezhi.core.actor import SYSTEM
from kezhi.customers.creating import (
    create_contact,
    create_customer,
    delete_contact,
    edit_contact,
    edit_customer,
)
from kezhi.customers.identifying import DEEDS
from kezhi.customers.matching import email, host, keys_of, phones, register_keys
from kezhi.customers.matching_keeping import keep_missing
from kezhi.customers.matching_names import taken_apart
from kezhi.customers.models import Customer, MatchKey, Standing

TEA = "安茗茶叶"


@pytest.mark.parametrize(
    ("name", "core", "place"),
    [
        ("合肥安茗茶叶有限公司", TEA, "合肥"),
        ("合肥安茗茶叶有限责任公司", TEA, "合肥"),
        ("合肥市安茗茶葉股份有限公司", TEA, "合肥"),
        ("安徽省合肥市安茗茶叶（集团）有限公司", TEA, "合肥"),
        ("安茗茶叶(合肥)有限公司", TEA, "合肥"),
        ("中国安茗茶叶集团公司", TEA, ""),
        (" 安茗　茶叶 ", TEA, ""),
        ("安徽茶业有限公司", "茶业", "安徽"),
        ("北京公司", "北京", ""),
        ("台州市", "台州市", ""),
        ("ＡＮＨＵＩ　Ｔｅａ　Co., Ltd.", "anhui tea", ""),
        ("Anhui Tea Company Limited", "anhui tea", ""),
        ("Müller & Söhne G.m.b.H.", "muller sohne", ""),
        ("臺灣積體電路製造股份有限公司", "积体电路制造", "台湾"),
        ("广西壮族自治区南宁市荣光物流", "荣光物流", "南宁"),
    ],
)
def test_a_name_keeps_its_core_whatever_stands_around_it(name, core, place):
    parts = taken_apart(name)
    assert (parts.core, parts.place) == (core, place)


def test_a_branch_is_not_its_company():
    assert taken_apart("顺丰速运有限公司合肥分公司").core != taken_apart("顺丰速运有限公司").core


@pytest.mark.parametrize("name", ["", "😀", "！！", "公司", "\u202e\u200d", "有" * 300])
def test_no_name_is_too_strange(name):
    assert isinstance(taken_apart(name).core, str)


def test_names_that_sound_alike_share_a_key():
    one, other = (
        keys_of({"name": name, "form": "company"})
        for name in ("合肥安茗茶叶有限公司", "合肥安铭茶业公司")
    )
    assert one & other


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("138 1234 5679", ["13812345679"]),
        ("+86 138-1234-5679", ["13812345679"]),
        ("0086 13812345679", ["13812345679"]),
        ("86 13812345679", ["13812345679"]),
        ("１３８１２３４５６７９", ["13812345679"]),
        ("13812345679转8", ["13812345679"]),
        ("0551-62820000", ["055162820000"]),
        ("(0551) 6282 0000-801", ["055162820000"]),
        ("+86 (0)551 62820000", ["055162820000"]),
        ("+86-551-62820000", ["055162820000"]),
        ("010-88886666 ext 12", ["01088886666"]),
        ("400-820-8820", ["4008208820"]),
        ("13812345679/0551-62820000", ["13812345679", "055162820000"]),
        ("+49 30 1234567", ["+49301234567"]),
        ("0049 30 1234567", ["+49301234567"]),
        ("62820000", []),
        ("00000000", []),
        ("13800138000", []),
        ("无", []),
    ],
)
def test_phones_come_into_one_form(typed, normal):
    assert phones(typed) == normal


def test_the_other_marks():
    assert email(" Wang.Min+expo@Example.COM ") == "wang.min@example.com"
    assert email("nobody") == ""
    assert host("HTTPS://www.anming-tea.cn:8080/about?x=1") == "anming-tea.cn"
    assert host("https://anming.1688.com/") == ""
    assert set(register_keys("91340100MA2N0T7C0M")) == {"c:91340100MA2N0T7C0M", "o:MA2N0T7C0"}
    assert set(register_keys("MA2N0T7C-0")) == {"o:MA2N0T7C0"}
    assert set(register_keys("340100MA2N0T7C0")) == {"t:340100MA2N0T7C0", "o:MA2N0T7C0"}


def keys(customer):
    return set(MatchKey.objects.filter(customer=customer).values_list("key", flat=True))


def test_keys_follow_the_records(anhui_tea, li_wei):
    edit_customer(anhui_tea, {"phone": "0551-62820000"}, actor=li_wei, on=TODAY)
    assert "p:055162820000" in keys(anhui_tea)
    fields = {"customer": anhui_tea, "name": "王敏", "phone": "138 1234 5679"}
    contact = create_contact(fields, actor=li_wei, on=TODAY)
    assert "p:13812345679" in keys(anhui_tea)
    contact = edit_contact(contact, {"phone": "139 1234 5679"}, actor=li_wei, on=TODAY)
    assert "p:13912345679" in keys(anhui_tea)
    assert "p:13812345679" not in keys(anhui_tea)
    delete_contact(contact, actor=SYSTEM, on=TODAY)
    edit_customer(anhui_tea, {"phone": ""}, actor=li_wei, on=TODAY)
    assert {key[0] for key in keys(anhui_tea)} == {"b", "y"}


def test_numbers_in_registers_are_marks_too(anhui_tea, li_wei):
    fields = {"customer": anhui_tea, "system": "tax_id", "number": "340100-MA2N0T7C0"}
    identifier = DEEDS.create(fields, actor=li_wei, on=TODAY)
    assert "o:MA2N0T7C0" in keys(anhui_tea)
    DEEDS.delete(identifier, actor=SYSTEM, on=TODAY)
    assert "o:MA2N0T7C0" not in keys(anhui_tea)


def test_the_name_of_a_person_is_no_mark(li_wei):
    person = create_customer({"name": "王敏", "form": "person"}, actor=li_wei, on=TODAY)
    assert keys(person) == set()


def test_customers_who_came_past_the_deeds_get_their_keys(anhui_tea, li_wei):
    bare = Customer.objects.create(name="徽州茶行", code="C-BARE", phone="0559-2312345")
    Standing.objects.create(customer=bare)
    assert keep_missing() == 1
    assert "p:05592312345" in keys(bare)
