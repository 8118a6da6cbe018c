"""When orders were due and paid: taken from a file, brought up to date by the next, and undone."""

from datetime import date

import pytest

from cast import NOW
from kezhi.core.actor import SYSTEM
from kezhi.dataio.importing import undo_import
from kezhi.ledger.models import Order

pytestmark = pytest.mark.django_db

FIRST = """订单号,客户名称,日期,产品,数量,金额,到期日,回款日期
A1,甲,2025-01-05,茶,2,100,2025-02-04,
A1,甲,2025-01-05,碗,1,50,,
A2,甲,2025-01-06,茶,1,60,2025-02-05,2025-02-01
"""
LATER = FIRST.replace("2025-02-04,\n", "2025-02-04,2025-03-10\n")


def dates(number):
    order = Order.objects.get(number=number)
    return order.due_on, order.paid_on


def test_they_come_with_the_lines_and_are_brought_up_to_date(bring_in):
    assert bring_in("order", FIRST).created == 3
    assert dates("A1") == (date(2025, 2, 4), None)
    assert dates("A2") == (date(2025, 2, 5), date(2025, 2, 1))
    again = bring_in("order", FIRST)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 3)
    before = Order.objects.get(number="A2").version
    batch = bring_in("order", LATER)
    assert (batch.created, batch.updated, batch.unchanged) == (0, 2, 1)
    assert dates("A1") == (date(2025, 2, 4), date(2025, 3, 10))
    assert Order.objects.get(number="A1").amount == 150
    assert Order.objects.get(number="A2").version == before


def test_an_empty_cell_or_no_column_leaves_what_is_known(bring_in):
    bring_in("order", LATER)
    assert bring_in("order", FIRST).unchanged == 3
    plain = "\n".join(",".join(row.split(",")[:6]) for row in FIRST.splitlines())
    assert bring_in("order", plain).unchanged == 3
    assert dates("A1") == (date(2025, 2, 4), date(2025, 3, 10))


def test_a_file_of_whole_orders_brings_the_paid_dates_alone(bring_in):
    bring_in("order", FIRST)
    batch = bring_in(
        "order", "订单号,客户名称,日期,金额,付款日期\nA1,甲,2025-01-05,150,2025-02-20\n"
    )
    assert (batch.created, batch.updated) == (0, 1)
    order = Order.objects.get(number="A1")
    assert (order.amount, order.lines_count, order.paid_on) == (150, 2, date(2025, 2, 20))


def test_undoing_the_later_file_opens_the_order_again(bring_in):
    bring_in("order", FIRST)
    undo_import(bring_in("order", LATER), actor=SYSTEM, at=NOW)
    assert dates("A1") == (date(2025, 2, 4), None)


def test_the_days_of_delivery_come_the_same_way(bring_in):
    told = "订单号,客户名称,日期,产品,数量,金额,承诺交期,交货日期\nA1,甲,2025-01-05,茶,2,100,2025-01-09,\n"
    assert bring_in("order", told).created == 1
    assert bring_in("order", told.replace("01-09,", "01-09,2025-01-11")).updated == 1
    order = Order.objects.get()
    assert (order.promised_on, order.delivered_on) == (date(2025, 1, 9), date(2025, 1, 11))
    refused = bring_in("order", told.replace("01-09,", "01-09,2025-01-02"))
    assert [each.code for each in refused.problems.all()] == ["before_the_order"]
    assert Order.objects.get().delivered_on == date(2025, 1, 11)
