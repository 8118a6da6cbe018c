"""The company's own fields in files: guessed by heading, understood, refused by row, written in sets."""

from decimal import Decimal

import pytest

from cast import NOW, TODAY
from kezhi.catalog.models import Product
from kezhi.customers.creating import edit_customer
from kezhi.customers.models import Contact, Customer
from kezhi.dataio.importing import check, import_rows, undo_import
from kezhi.dataio.uploading import upload
from kezhi.ledger.models import CostEntry, Order
from kezhi.workbench.customizing import defining

pytestmark = pytest.mark.django_db


@pytest.fixture
def define(owner):
    def one(label, kind="quantity", on="customer", **more):
        given = {"label_zh": label, "purpose": "试算", "data_class": "business", "field_kind": kind}
        return defining.define_field(on, {**given, **more}, actor=owner, on=TODAY).key

    return one


@pytest.fixture(autouse=True)
def files_in(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path


def brought(kind, text, actor):
    batch = upload(kind, "a.csv", [text.encode()], actor=actor, on=TODAY)
    check(batch, actor=actor, on=TODAY, at=NOW)
    return import_rows(batch, actor=actor, on=TODAY, at=NOW)


def custom(name):
    return Customer.objects.get(name=name).custom


def test_every_kind_of_entry_comes_in_exactly(define, owner, anhui_tea):
    keys = {
        "预算": define("预算", "money", decimals=2),
        "冷链": define("冷链", "boolean"),
        "面积": define("面积", "integer"),
        "达成": define("达成", "share"),
        "签约": define("签约", "date"),
        "级别": define("级别", "choice", choices=[{"zh": "金", "en": "gold"}, {"zh": "银", "en": "silver"}]),
        "渠道": define("渠道", "multi_choice",
                     choices=[{"zh": "线上", "en": "on"}, {"zh": "线下", "en": "off"}]),
        "经办": define("经办", "person"),
        "上级": define("上级", "link", link="customer"),
        "备注二": define("备注二", "text"),
    }  # fmt: skip
    row = f"新客户,1.5万,是,-120,25%,2026年3月1日,银,线下、线上,{owner.name},C-AHTEA,'=1+1"
    batch = brought("customer", f"客户名称,{','.join(keys)}\n{row}\n", owner)
    assert list(batch.problems.values_list("code", "field")) == []
    assert batch.created == 1
    assert custom("新客户") == {
        keys["预算"]: "15000.00",
        keys["冷链"]: True,
        keys["面积"]: "-120",
        keys["达成"]: "0.25",
        keys["签约"]: "2026-03-01",
        keys["级别"]: "silver",
        keys["渠道"]: ["on", "off"],
        keys["经办"]: owner.pk,
        keys["上级"]: anhui_tea.pk,
        keys["备注二"]: "=1+1",
    }


def test_bad_cells_are_told_by_row(define, owner):
    define("预算", "money")
    define("上级", "link", link="customer")
    text = "客户名称,预算,上级\n甲,多,\n乙,1,不存在的公司\n丙,2,\n"
    batch = brought("customer", text, owner)
    assert (batch.created, batch.bad) == (1, 2)
    assert {(p.row, p.code) for p in batch.problems.all()} == {
        (2, "not_a_number"),
        (3, "missing_reference"),
    }


def test_a_link_to_a_hidden_record_is_as_one_that_isn_t_there(define, owner, li_wei, chen_jing):
    from kezhi.customers.creating import create_customer

    define("上级", "link", link="customer")
    create_customer({"name": "机密客户"}, actor=chen_jing, on=TODAY)
    role = li_wei.roles.get()
    role.grants["customer"]["import"] = "team"
    role.save()
    batch = brought(
        "customer", "客户名称,上级\n甲,机密客户\n", type(li_wei).objects.get(pk=li_wei.pk)
    )
    assert [p.code for p in batch.problems.all()] == ["missing_reference"]


def test_blank_cells_keep_and_others_bring_up_to_date(define, owner, anhui_tea):
    budget, note = define("预算", "money", decimals=2), define("备注二", "text")
    edit_customer(anhui_tea, {budget: Decimal(5), note: "留"}, actor=owner, on=TODAY)
    text = f"客户编号,客户名称,预算,备注二\nC-AHTEA,{anhui_tea.name},7,\n"
    assert brought("customer", text, owner).updated == 1
    assert custom(anhui_tea.name) == {budget: "7.00", note: "留"}
    assert brought("customer", text, owner).unchanged == 1


def test_what_is_computed_follows_and_undoing_brings_it_back(define, owner, anhui_tea):
    budget = define("预算", "money", decimals=2)
    double = define("双倍", "money", decimals=2, formula=f"{budget} * 2")
    edit_customer(anhui_tea, {budget: Decimal(5)}, actor=owner, on=TODAY)
    text = f"客户编号,客户名称,预算\nC-AHTEA,{anhui_tea.name},7\n,新客户,8\n"
    batch = brought("customer", text, owner)
    assert custom(anhui_tea.name)[double] == "14.00"
    assert custom("新客户")[double] == "16.00"
    undo_import(batch, actor=owner, at=NOW)
    assert custom(anhui_tea.name) == {budget: "5.00", double: "10.00"}


def test_new_records_must_have_what_is_required(define, owner, anhui_tea):
    budget = define("预算", "money", decimals=2, is_required=True)
    text = f"客户编号,客户名称,预算\nC-AHTEA,{anhui_tea.name},\n,甲,\n,乙,3\n"
    batch = brought("customer", text, owner)
    assert (batch.created, batch.unchanged, batch.bad) == (1, 1, 1)
    assert batch.problems.get().code == "required"
    assert custom("乙") == {budget: "3.00"}


def test_contacts_products_and_costs_take_them_too(define, owner, anhui_tea):
    on_contact, on_product = define("生日", "date", "contact"), define("产地", "text", "product")
    on_cost = define("单据号", "text", "cost")
    brought("contact", "客户,姓名,生日\nC-AHTEA,王敏,1990-05-01\n", owner)
    assert Contact.objects.get().custom == {on_contact: "1990-05-01"}
    brought("contact", "客户,姓名,生日\nC-AHTEA,王敏,1990-05-02\n", owner)
    assert Contact.objects.get().custom == {on_contact: "1990-05-02"}
    brought("product", "产品编号,产品名称,产地\nP-1,毛峰,黄山\n", owner)
    brought("product", "产品编号,产品名称,产地\nP-1,毛峰,祁门\n", owner)
    assert Product.objects.get().custom == {on_product: "祁门"}
    brought("cost", "客户,活动,日期,金额,单据号\nC-AHTEA,拜访,2026-01-05,20,D-1\n", owner)
    assert CostEntry.objects.get().custom == {on_cost: "D-1"}


def test_a_kind_with_rules_comes_in_through_its_deeds(owner, anhui_tea):
    from kezhi.customers.models import Address

    text = (
        "customer,street,city\nC-AHTEA,茶叶路 88 号,合肥\nC-AHTEA,茶叶路 99 号,合肥\n不存在,x,y\n"
    )
    batch = brought("address", text, owner)
    assert (batch.created, batch.bad) == (2, 1)
    assert set(Address.objects.values_list("street", flat=True)) == {"茶叶路 88 号", "茶叶路 99 号"}
    undo_import(batch, actor=owner, at=NOW)
    assert not Address.objects.exists()


def test_orders_take_the_companys_own_fields(define, owner, anhui_tea):
    key, size = define("项目号", "text", on="order"), define("箱数", "integer", on="order")
    text = f"订单号,客户编号,日期,产品,金额,项目号,箱数\n{{0}},{anhui_tea.code},2025-03-01,茶,10,甲-1,4\n"
    text += f"{{0}},{anhui_tea.code},2025-03-01,酒,20,,\n"
    first = brought("order", text.format("SO-1"), owner)
    assert (first.created, first.bad) == (2, 0), first.causes
    assert Order.objects.get(number="SO-1").custom == {key: "甲-1", size: "4"}
    again = brought("order", text.format("SO-1"), owner)
    assert (again.updated, again.unchanged) == (0, 2)
    changed = brought("order", text.format("SO-1").replace("甲-1", "甲-2"), owner)
    assert changed.updated
    assert Order.objects.get(number="SO-1").custom == {key: "甲-2", size: "4"}
    undo_import(changed, actor=owner, at=NOW)
    assert Order.objects.get(number="SO-1").custom == {key: "甲-1", size: "4"}
