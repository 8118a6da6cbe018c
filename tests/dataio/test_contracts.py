"""Contracts from the file of another system: words understood, mistakes told at their rows, taken back."""

from datetime import date
from decimal import Decimal

import pytest

from cast import NOW
from kezhi.core.actor import SYSTEM
from kezhi.dataio.importing import undo_import
from kezhi.ledger.models import Contract

pytestmark = pytest.mark.django_db

FILE = """合同编号,合同名称,客户名称,生效日期,合同到期日,合同周期,合同金额,合同状态,流失原因,续签次数
HT-1,冷库保养,甲公司,2023-03-01,2026-02-28,12,"￥36,000.00",履行中,,
HT-2,仓储,乙公司,2024-01-01,2024-12-31,12,8000,未续约,价格高,1
"""
MISTAKES = """HT-3,仓储,甲公司,2024-01-01,2023-12-31,12,1,履行中,,
HT-4,仓储,没有的公司,2024-01-01,2024-12-31,12,1,履行中,,
HT-5,仓储,甲公司,2024-01-01,2024-12-31,12,-1,履行中,,
HT-6,仓储,甲公司,2024-01-01,2024-12-31,12,1,不知道,,
HT-7,仓储,甲公司,,2024-12-31,12,1,履行中,,
"""


@pytest.fixture(autouse=True)
def two_customers(bring_in):
    bring_in("customer", "编号,客户名称\nC-1,甲公司\nC-2,乙公司\n")


def test_columns_and_words_of_other_systems_are_understood(bring_in):
    batch = bring_in("contract", FILE)
    assert (batch.created, batch.bad) == (2, 0), batch.causes
    running, lost = Contract.objects.order_by("number")
    assert (running.state, running.amount, running.renewals) == ("running", Decimal(36_000), 2)
    assert (lost.state, lost.cause, lost.ended_on) == ("lost", "price", date(2024, 12, 31))
    assert (lost.renewed_before, lost.renewals) == (1, 1)
    again = bring_in("contract", FILE)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 2)


def test_a_later_file_renews_what_is_there(bring_in):
    bring_in("contract", FILE)
    renewed = bring_in("contract", FILE.replace("2026-02-28", "2027-02-28"))
    assert (renewed.updated, renewed.bad) == (1, 0), renewed.causes
    assert Contract.objects.get(number="HT-1").renewals == 3


def test_each_mistake_is_told_and_the_other_rows_go_in(bring_in):
    batch = bring_in("contract", FILE + MISTAKES)
    assert (batch.created, batch.bad) == (2, 5)
    assert {cause["code"] for cause in batch.causes} >= {"refused", "unknown_choice"}


def test_an_import_is_taken_back(bring_in):
    batch = bring_in("contract", FILE)
    undo_import(batch, actor=SYSTEM, at=NOW)
    assert not Contract.objects.exists()
