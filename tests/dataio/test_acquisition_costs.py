"""Costs of winning customers from a file: once each, taken back, with a time that makes sense."""

from decimal import Decimal

import pytest

from cast import NOW
from kezhi.core.actor import SYSTEM
from kezhi.dataio.importing import undo_import
from kezhi.ledger.models import AcquisitionCost

pytestmark = pytest.mark.django_db

FILE = """来源,活动,开始日期,结束日期,金额,备注
展会,春季展,2026-03-01,2026-03-31,"￥18,000.00",展位
展会,春季展,2026-03-01,2026-03-31,"￥18,000.00",展位
官网,,2026-03-01,2026-03-31,900,
"""


def test_they_go_in_once_and_come_out_again(bring_in, company):
    batch = bring_in("acquisition_cost", FILE)
    assert (batch.created, batch.bad) == (3, 0)
    assert AcquisitionCost.objects.filter(source="展会").first().amount == Decimal(18_000)
    again = bring_in("acquisition_cost", FILE)
    assert (again.created, again.unchanged) == (0, 3)
    undo_import(batch, actor=SYSTEM, at=NOW)
    assert not AcquisitionCost.objects.exists()


def test_a_time_that_ends_before_it_begins_is_named(bring_in, company):
    batch = bring_in("acquisition_cost", FILE + "官网,,2026-04-02,2026-04-01,5,\n")
    assert (batch.created, batch.bad) == (3, 1)
