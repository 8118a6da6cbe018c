"""What a file brought can be found: few records when the import ends, many when their job has run."""

import pytest

from kezhi.core.actor import SYSTEM
from kezhi.core.models import JobRun
from kezhi.workbench.models import SearchDocument, SearchGap
from kezhi.workbench.searching import filling, find

pytestmark = pytest.mark.django_db


def customers(count, city=""):
    rows = "".join(f"极光{n}号食品,N{n:04d},{city}\n" for n in range(count))
    return f"客户名称,客户编号,城市\n{rows}"


def total(text):
    return find(text, by=SYSTEM, kinds=["customer"], is_thorough=True).total


def test_a_short_file_is_found_when_the_import_ends_and_gone_when_it_is_undone(bring_in):
    from cast import NOW
    from kezhi.dataio.importing import undo_import

    batch = bring_in("customer", customers(3))
    assert total("极光") == 3
    assert not SearchGap.objects.exists()
    assert not JobRun.objects.filter(name="search.fill").exists()
    undo_import(batch, actor=SYSTEM, at=NOW)
    assert total("极光") == 0
    assert not SearchDocument.objects.filter(kind="customer").exists()


def test_a_long_file_is_found_when_its_job_has_run(bring_in):
    bring_in("customer", customers(filling.AT_ONCE + 5))
    assert total("极光") == 0
    assert filling.is_behind()
    job = JobRun.objects.get(name="search.fill")
    assert "file.csv" in job.title
    assert filling.close_gaps() == filling.AT_ONCE + 5
    assert total("极光") == filling.AT_ONCE + 5


def test_what_a_file_changes_is_found_as_it_is_now(bring_in):
    bring_in("customer", "客户名称,客户编号\n极光食品,N1\n")
    bring_in("customer", "客户名称,客户编号\n黄山毛峰,N1\n")
    assert (total("极光"), total("huangshan")) == (0, 1)


def test_customers_and_products_that_come_with_orders_are_found(bring_in):
    bring_in(
        "order",
        "订单编号,客户名称,订单日期,产品名称,金额\nSO-77,极光食品,2026-01-05,黄山毛峰,100\n",
    )
    assert total("jiguang") == 1
    assert {group.kind.name for group in find("黄山", by=SYSTEM).groups} == {"product"}
    assert {group.kind.name for group in find("so77", by=SYSTEM).groups} == {"order"}
