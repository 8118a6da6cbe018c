"""Tags in a file: as the export writes them, joined to what a record has, and taken off again by undo."""

from datetime import UTC

import pytest

from cast import NOW
from kezhi.core.actor import SYSTEM
from kezhi.customers.models import Contact, Customer
from kezhi.dataio.importing import undo_import
from kezhi.records import registry
from kezhi.workbench import tagging
from kezhi.workbench.exporting import export
from kezhi.workbench.models import Tag, Tagging

pytestmark = pytest.mark.django_db
ROWS = "编号,客户名称,标签\nT-1,甲公司,重点; 茶\nT-2,乙公司,茶；vip\nT-3,丙公司,\n"


def tags(record, kind="customer"):
    record = type(record).objects.get(pk=record.pk)
    return [tag.name for tag in tagging.tags_of(kind, record)]


def test_tags_are_created_and_put_on_new_records(bring_in):
    batch = bring_in("customer", ROWS)
    assert (batch.created, batch.bad) == (3, 0)
    assert sorted(tags(Customer.objects.get(code="T-1"))) == ["茶", "重点"]
    assert sorted(tags(Customer.objects.get(code="T-2"))) == ["vip", "茶"]
    assert tags(Customer.objects.get(code="T-3")) == []
    assert Tag.objects.get(name="vip").letters == "vip"


def test_the_same_file_again_changes_nothing_and_a_new_tag_is_a_change(bring_in):
    bring_in("customer", ROWS)
    again = bring_in("customer", ROWS)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 3)
    more = bring_in("customer", ROWS.replace("丙公司,", "丙公司,VIP"))
    assert (more.updated, more.unchanged) == (1, 2)
    assert tags(Customer.objects.get(code="T-3")) == [
        "vip"
    ]  # the tag that is there, whatever its case


def test_a_tag_that_a_record_has_stays_on_it(bring_in, anhui_tea, owner):
    own = tagging.create_tag("老客户", actor=owner)
    tagging.tag_record("customer", anhui_tea, [own], [], actor=owner)
    bring_in("customer", f"编号,客户名称,标签\n{anhui_tea.code},{anhui_tea.name},茶\n")
    assert sorted(tags(anhui_tea)) == ["老客户", "茶"]


def test_undo_takes_the_tags_off_and_leaves_the_others(bring_in, anhui_tea, owner):
    own = tagging.create_tag("老客户", actor=owner)
    tagging.tag_record("customer", anhui_tea, [own], [], actor=owner)
    row = f"编号,客户名称,标签\n{anhui_tea.code},{anhui_tea.name},茶; 老客户\n"
    batch = bring_in("customer", row)
    assert (batch.updated, batch.is_undoable) == (1, True)
    undo_import(batch, actor=SYSTEM, at=NOW)
    assert tags(anhui_tea) == ["老客户"]
    assert list(Tag.objects.values_list("name", flat=True)) == ["老客户"]


def test_undoing_new_records_leaves_no_tag_behind(bring_in):
    undo_import(bring_in("customer", ROWS), actor=SYSTEM, at=NOW)
    assert not Tagging.objects.exists()
    assert not Tag.objects.exists()


def test_who_may_not_create_tags_is_told_at_the_row(bring_in, owner, monkeypatch):
    tagging.create_tag("茶", actor=owner)
    may = type(owner).may
    monkeypatch.setattr(
        type(owner), "may", lambda self, a, k: (a, k) != ("create", "tag") and may(self, a, k)
    )
    batch = bring_in("customer", ROWS, owner)
    assert (batch.created, batch.bad) == (1, 2)
    assert {problem.text for problem in batch.problems.all()} == {"重点", "vip"}
    assert Tag.objects.count() == 1


def test_too_many_or_too_long_tags_are_told(bring_in):
    many = "; ".join(f"标签{number}" for number in range(51))
    batch = bring_in("customer", f"编号,客户名称,标签\nT-1,甲公司,{many}\nT-2,乙公司,{'长' * 61}\n")
    assert [problem.code for problem in batch.problems.order_by("row")] == [
        "too_many_tags",
        "too_long",
    ]


def test_equal_rows_with_other_tags_contradict_each_other(bring_in):
    batch = bring_in("customer", "编号,客户名称,标签\nT-1,甲公司,茶\nT-1,甲公司,酒\n")
    assert (batch.created, batch.bad) == (1, 1)


def test_contacts_and_needs_take_tags_too(bring_in, anhui_tea, li_wei):
    bring_in("contact", f"客户,姓名,标签\n{anhui_tea.code},王敏,决策; 茶\n")
    assert sorted(tags(Contact.objects.get(name="王敏"), "contact")) == ["决策", "茶"]
    text = f"客户,需求,负责人,答复期限,标签\n{anhui_tea.code},要春茶,{li_wei.login},2030-01-31,茶\n"
    need = bring_in("need", text)
    assert (need.created, need.bad) == (1, 0), need.causes
    again = bring_in("need", text)
    assert (again.updated, again.unchanged) == (0, 1)
    assert Tagging.objects.filter(kind="need").count() == 1
    undo_import(need, actor=SYSTEM, at=NOW)
    assert not Tagging.objects.filter(kind="need").exists()


def test_orders_take_tags(bring_in, anhui_tea):
    text = (
        "订单号,客户编号,日期,金额,标签\nSO-1,{0},2025-03-01,10,急单\nSO-1,{0},2025-03-01,20,急单\n"
    )
    text = text.format(anhui_tea.code)
    first = bring_in("order", text)
    assert (first.created, first.bad) == (2, 0), first.causes
    assert Tagging.objects.get(kind="order").tag.name == "急单"
    again = bring_in("order", text)
    assert (again.updated, again.unchanged) == (0, 2)


def test_an_export_with_tags_comes_back_unchanged(bring_in, owner):
    bring_in("customer", ROWS)
    kind = registry["customer"]
    fields = [kind.field(name) for name in ("code", "name", "tags")]
    rows = Customer.objects.order_by("pk")
    lines = b"".join(export(kind, rows, fields, actor=owner, zone=UTC, form="csv"))
    batch = bring_in("customer", lines)
    assert (batch.unchanged, batch.bad) == (batch.total, 0), batch.causes
