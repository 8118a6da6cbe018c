"""Costs to serve from a file: whom they belong to, once each, and taken back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from cast import NOW
from kezhi.audit.models import Entry
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import NotAllowed
from kezhi.customers.creating import reassign_customer
from kezhi.customers.models import Customer
from kezhi.dataio.correcting import as_csv, bad_rows, sample_rows
from kezhi.dataio.importing import undo_import
from kezhi.dataio.models import ImportBatch
from kezhi.ledger.models import CostEntry

pytestmark = pytest.mark.django_db

CHINESE = """客户编号,费用类型,日期,金额,备注
C-AHTEA,拜访,2026年3月5日,"￥1,320.50",合肥往返
C-AHTEA,运费,2026/3/6,80,
C-AHTEA,运费,2026/3/6,80,
安徽茶业有限公司,返利,20260331,-200,冲回
"""
ENGLISH = """Customer,Activity,Date,Amount,Remark
C-AHTEA,visit,2026-03-05,1320.50,合肥往返
C-AHTEA,Logistics,2026-03-06,80.00,
C-AHTEA,shipping,2026-03-06,80.00,
C-AHTEA,Rebate,2026-03-31,(200),冲回
"""


def entries() -> list[tuple[Any, ...]]:
    rows = CostEntry.objects.order_by("incurred_on", "entry_key")
    return list(rows.values_list("customer__code", "activity", "amount", "remark", "owner_id"))


@pytest.mark.parametrize("content", [CHINESE, ENGLISH])
def test_costs_go_to_the_customer_by_code_or_name_with_its_owner(
    bring_in, anhui_tea, li_wei, content
):
    batch = bring_in("cost", content)
    assert (batch.created, batch.bad) == (4, 0)
    assert entries() == [
        ("C-AHTEA", "visit", Decimal("1320.50"), "合肥往返", li_wei.pk),
        ("C-AHTEA", "freight", Decimal("80.00"), "", li_wei.pk),
        ("C-AHTEA", "freight", Decimal("80.00"), "", li_wei.pk),
        ("C-AHTEA", "discount", Decimal("-200.00"), "冲回", li_wei.pk),
    ]
    places = CostEntry.objects.values_list("team_id", "department_id").distinct()
    assert list(places) == [(li_wei.team_id, li_wei.department_id)]


def test_the_same_content_twice_changes_nothing_in_whichever_language(bring_in, anhui_tea):
    bring_in("cost", CHINESE)
    before = entries()
    again = bring_in("cost", CHINESE)
    english = bring_in("cost", ENGLISH)
    assert entries() == before
    assert [(b.created, b.unchanged) for b in (again, english)] == [(0, 4), (0, 4)]


def test_a_longer_export_adds_what_is_new(bring_in, anhui_tea):
    bring_in("cost", CHINESE)
    batch = bring_in("cost", CHINESE + "C-AHTEA,运费,2026-03-06,80,\n")
    assert (batch.created, batch.unchanged) == (1, 4)


BAD = {
    "no such customer": ("无此客户,拜访,2026-03-05,1,", 0, "missing_reference"),
    "no customer": (",拜访,2026-03-05,1,", 0, "required"),
    "no such activity": ("C-AHTEA,打猎,2026-03-05,1,", 1, "unknown_choice"),
    "no such day": ("C-AHTEA,拜访,2026-02-30,1,", 2, "no_such_date"),
    "a day to come": ("C-AHTEA,拜访,2026-11-21,1,", 2, "in_future"),
    "no number": ("C-AHTEA,拜访,2026-03-05,不详,", 3, "not_a_number"),
    "another currency": ("C-AHTEA,拜访,2026-03-05,$5,", 3, "other_currency"),
    "a long remark": ("C-AHTEA,拜访,2026-03-05,1," + "长" * 201, 4, "too_long"),
}


@pytest.mark.parametrize("name", list(BAD))
def test_a_bad_row_is_left_out_and_told_with_place_and_remedy(bring_in, anhui_tea, name):
    row, column, code = BAD[name]
    batch = bring_in("cost", f"{CHINESE}{row}\n")
    assert (batch.created, batch.bad) == (4, 1)
    problem = batch.problems.get()
    assert (problem.row, problem.column, problem.code) == (6, column, code)
    reasons = b"".join(as_csv(bad_rows(batch))).decode()
    assert "6," in reasons
    assert row.split(",")[1] in reasons


def test_an_unknown_customer_is_not_created(bring_in, anhui_tea):
    batch = bring_in("cost", "客户,类别,日期,金额\n新客户,拜访,2026-03-05,5\n")
    assert batch.created == 0
    assert Customer.objects.get() == anhui_tea
    assert not CostEntry.objects.exists()


def test_a_name_of_two_customers_asks_for_the_code(bring_in, checked):
    bring_in("customer", "客户名称,客户编号\n恒泰,K1\n恒泰,K2\n")
    batch = checked("cost", "客户,类别,日期,金额\n恒泰,拜访,2026-03-05,5\n")
    assert [cause["code"] for cause in batch.causes] == ["several_references"]


def test_undo_takes_the_costs_of_one_file_back(bring_in, anhui_tea, chen_jing):
    bring_in("cost", CHINESE)
    before = entries()
    more = bring_in("cost", CHINESE + "C-AHTEA,招待费,2026-04-01,66,\n")
    assert len(entries()) == 5
    undo_import(more, actor=SYSTEM, at=NOW)
    assert entries() == before


def test_costs_can_be_undone_after_the_customer_went_to_another_owner(
    bring_in, anhui_tea, chen_jing, owner
):
    batch = bring_in("cost", CHINESE)
    reassign_customer(anhui_tea, chen_jing, actor=owner, on=NOW.date())
    assert {row[-1] for row in entries()} == {chen_jing.pk}
    undo_import(batch, actor=SYSTEM, at=NOW)
    assert entries() == []


def test_who_may_not_import_costs_changes_nothing(take_in, anhui_tea, li_wei, agent):
    before = Entry.objects.count()
    for person in (li_wei, agent):
        with pytest.raises(NotAllowed):
            take_in("cost", CHINESE, actor=person)
    assert not ImportBatch.objects.exists()
    assert not CostEntry.objects.exists()
    assert Entry.objects.count() == before


def test_a_manager_does_not_reach_the_customers_of_another_department(
    bring_in, manager, anhui_tea, chen_jing
):
    bring_in("customer", "客户名称,客户编号,业务员\n佛山铭嘉,F1,陈静\n")
    content = "客户,类别,日期,金额\nF1,拜访,2026-03-05,1\n佛山铭嘉,拜访,2026-03-05,1\n"
    batch = bring_in("cost", content + "C-AHTEA,拜访,2026-03-05,1\n", actor=manager)
    assert (batch.created, batch.bad) == (1, 2)
    assert {cause["code"] for cause in batch.causes} == {"missing_reference"}
    assert CostEntry.objects.get().customer == anhui_tea


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_sample_file_comes_in_as_it_is(bring_in, anhui_tea, language):
    rows = [
        [cell.replace("C-0001", "C-AHTEA") for cell in row] for row in sample_rows("cost", language)
    ]
    batch = bring_in("cost", b"".join(as_csv(rows)))
    assert (batch.created, batch.bad) == (1, 0)
    assert CostEntry.objects.get().activity == "visit"
