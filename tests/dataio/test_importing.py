"""What an import does to the records, that it does it once, and that it can be taken back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import ProtectedError

from cast import NOW, TODAY
from kezhi.audit.models import Change, Entry
from kezhi.catalog.models import Category, Product
from kezhi.core.actor import SYSTEM
from kezhi.core.progress import Stopped
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import create_contact, edit_customer
from kezhi.customers.models import Customer, Standing
from kezhi.dataio.correcting import as_csv, bad_rows
from kezhi.dataio.importing import cancel_import, check, import_rows, in_background, undo_import
from kezhi.dataio.models import BatchState, ImportBatch
from kezhi.dataio.registry import loader_of
from kezhi.dataio.staging import Staging
from kezhi.ledger.models import Order, OrderLine

pytestmark = pytest.mark.django_db

CUSTOMERS = "客户名称,客户编号,城市,账期\n苏州恒泰,K1,苏州,30\n昆山恒润,K2,昆山,\n"
ORDERS = """订单号,客户名称,日期,产品,数量,金额,业务类型
S1,苏州恒泰,2025/1/3,茶,2,100,销售
S1,苏州恒泰,2025/1/3,茶,2,100,销售
S2,昆山恒润,2025年2月3日,茶,1,"￥1,050.5",退货
,昆山恒润,20250304,茶,1,7,销售
"""


def everything() -> dict[str, Any]:
    """What the records are, without their moments."""
    return {
        "customers": list(Customer.objects.order_by("code").values_list("code", "name", "city",
        "payment_days", "owner_id", "version")),
        "products": list(Product.objects.order_by("code").values_list("code", "name", "unit_cost", "version")),
        "categories": list(Category.objects.values_list("name")),
        "orders": list(Order.objects.order_by("number").values_list("number", "customer__code",
        "ordered_on", "amount", "lines_count", "version")),
        "lines": list(OrderLine.objects.order_by("order__number", "line_key").values_list("order__number",
        "line_key", "quantity", "amount", "cost")),
        "standing": Standing.objects.count(),
    }  # fmt: skip


def test_customers_are_created_with_their_standing(bring_in):
    batch = bring_in("customer", CUSTOMERS)
    assert (batch.created, batch.updated, batch.unchanged, batch.bad) == (2, 0, 0, 0)
    suzhou = Customer.objects.get(code="K1")
    assert (suzhou.name, suzhou.city, suzhou.payment_days) == ("苏州恒泰", "苏州", 30)
    assert suzhou.name_key == "su zhou heng tai"
    assert suzhou.standing.run_id is None


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("customer", CUSTOMERS),
        ("customer", "客户名称,城市\n苏州恒泰,苏州\n昆山恒润,昆山\n"),
        ("product", "产品名称,类别,成本\n茶,茶叶,12.5\n杯,器皿,3\n"),
        ("order", ORDERS),
        ("order", "客户编号,日期,金额\nK1,2025-01-03,5\nK1,2025-01-03,5\nK1,2025-01-04,5\n"),
    ],
)
def test_the_same_file_twice_changes_nothing(bring_in, kind, content):
    first = bring_in(kind, content)
    before = everything()
    second = bring_in(kind, content)
    assert everything() == before
    assert (second.created, second.updated, second.unchanged) == (0, 0, first.total)


def test_orders_have_lines_returns_and_their_customers(bring_in):
    batch = bring_in("order", ORDERS)
    assert batch.details == {"orders": 3, "customers": 2, "products": 1}
    orders = {o.number: o for o in Order.objects.select_related("customer")}
    assert (orders["S1"].amount, orders["S1"].lines_count) == (Decimal(200), 2)
    assert orders["S2"].amount == Decimal("-1050.50")
    assert orders["S2"].lines.get().quantity == -1
    unnumbered = next(o for n, o in orders.items() if n not in {"S1", "S2"})
    assert unnumbered.number == f"{unnumbered.customer.code}/20250304"
    assert all(line.customer_id == line.order.customer_id for line in OrderLine.objects.all())


def test_orders_carry_the_owner_of_their_customer(bring_in, anhui_tea, li_wei):
    bring_in("order", "订单号,客户编号,日期,金额\nS1,C-AHTEA,2025-01-03,5\n")
    order = Order.objects.get()
    assert (order.customer, order.owner_id, order.team_id) == (anhui_tea, li_wei.pk, li_wei.team_id)


def test_the_cost_of_goods_comes_from_the_product(bring_in):
    bring_in("product", "产品名称,成本\n茶,12.5\n")
    bring_in("order", "订单号,客户,日期,产品,数量,金额\nS1,甲,2025-01-03,茶,4,100\n")
    assert OrderLine.objects.get().cost == Decimal("50.00")


def test_price_and_quantity_make_the_amount(bring_in):
    bring_in("order", "订单号,客户,日期,数量,单价\nS1,甲,2025-01-03,3,1.115\n")
    assert OrderLine.objects.get().amount == Decimal("3.35")


def test_a_line_with_a_number_is_corrected_and_others_are_added(bring_in):
    head = "订单号,行号,客户,日期,金额\n"
    bring_in("order", head + "S1,1,甲,2025-01-03,5\n")
    batch = bring_in("order", head + "S1,1,甲,2025-01-03,6\nS1,2,甲,2025-01-03,7\n")
    assert (batch.created, batch.updated) == (1, 1)
    assert Order.objects.get().amount == Decimal(13)


def test_an_update_changes_what_the_file_says_and_no_more(bring_in):
    bring_in("customer", CUSTOMERS)
    batch = bring_in("customer", "客户编号,客户名称,账期\nK1,苏州恒泰,45\nK2,昆山恒润,\n")
    assert (batch.updated, batch.unchanged) == (1, 1)
    suzhou = Customer.objects.get(code="K1")
    assert (suzhou.payment_days, suzhou.city, suzhou.version) == (45, "苏州", 2)


def test_customers_are_found_by_credit_code_and_by_name(bring_in):
    code = "91350100M000100Y43"
    bring_in("customer", f"客户名称,客户编号,统一社会信用代码\n苏州恒泰,K1,{code}\n昆山恒润,K2,\n")
    batch = bring_in(
        "customer", f"客户名称,统一社会信用代码,城市\n恒泰,{code},苏州\n昆山恒润,,昆山\n"
    )
    assert (batch.created, batch.updated) == (0, 2)
    assert Customer.objects.get(code="K1").name == "恒泰"


def test_an_owner_is_named_by_name_or_sign_in(bring_in, li_wei, chen_jing):
    bring_in("customer", "客户名称,客户编号,业务员\n甲,1,李伟\n乙,2,CHENJING\n")
    assert Customer.objects.get(code="1").owner == li_wei
    assert Standing.objects.get(customer__code="2").owner_id == chen_jing.pk
    bring_in("order", "订单号,客户编号,日期,金额\nS1,1,2025-01-03,5\n")
    bring_in("customer", "客户名称,客户编号,业务员\n甲,1,陈静\n")
    assert Standing.objects.get(customer__code="1").owner_id == chen_jing.pk
    assert Order.objects.get().owner_id == chen_jing.pk


def test_bad_rows_are_left_out_and_the_others_come_in(bring_in):
    batch = bring_in("customer", CUSTOMERS + "太仓宏达,K3,太仓,很久\n")
    assert (batch.created, batch.bad) == (2, 1)
    assert not Customer.objects.filter(code="K3").exists()


def test_all_or_nothing_means_nothing(checked):
    batch = checked("customer", CUSTOMERS + "太仓宏达,K3,太仓,很久\n", options={"skip_bad": False})
    with pytest.raises(Refused):
        import_rows(batch, actor=SYSTEM, on=TODAY, at=NOW)
    assert not Customer.objects.exists()


def test_unknown_customers_are_refused_when_none_may_be_created(checked):
    batch = checked("order", ORDERS, options={"create_missing": False})
    assert (batch.good, batch.bad) == (0, 4)
    assert batch.causes[0]["code"] == "unknown_reference"


def test_what_only_bad_rows_mention_is_not_created(bring_in):
    content = "订单号,客户,日期,产品,金额\nS1,甲,2025-01-03,茶,5\nS1,乙,2025-01-03,杯,5\n"
    batch = bring_in("order", content)
    assert batch.bad == 1
    assert list(Customer.objects.values_list("name", flat=True)) == ["甲"]
    assert list(Product.objects.values_list("name", flat=True)) == ["茶"]


def test_one_customer_under_code_and_name_is_one(bring_in):
    bring_in("customer", CUSTOMERS)
    content = "订单号,客户编号,客户名称,日期,金额\nS1,K1,,2025-01-03,5\nS1,,苏州恒泰,2025-01-03,6\n"
    batch = bring_in("order", content)
    assert (batch.created, batch.bad) == (2, 0)
    assert Order.objects.get().amount == Decimal(11)


def test_the_check_foretells_and_writes_nothing(checked):
    batch = checked("order", ORDERS)
    assert (batch.state, batch.created) == (BatchState.CHECKED, 4)
    assert everything()["orders"] == []
    assert not Customer.objects.exists()


# ---- taking it back ----


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        ("customer", CUSTOMERS, CUSTOMERS.replace("30", "45") + "太仓宏达,K3,太仓,\n"),
        ("product", "产品名称,成本\n茶,12.5\n", "产品名称,类别,成本\n茶,茶叶,13\n杯,器皿,3\n"),
        ("order", ORDERS, ORDERS + "S1,苏州恒泰,2025-01-03,杯,1,9,\nS9,新客户,2025-05-05,茶,1,9,\n"),
        ("order", "订单号,行号,客户,日期,金额\nS1,1,甲,2025-01-03,5\n",
        "订单号,行号,客户,日期,金额\nS1,1,甲,2025-01-03,6\n"),
    ],
)  # fmt: skip
def test_undo_brings_everything_back_one_import_after_the_other(bring_in, kind, first, second):
    nothing = everything()
    one = bring_in(kind, first)
    between = everything()
    two = bring_in(kind, second)
    assert everything() != between
    undo_import(two, actor=SYSTEM, at=NOW)
    assert everything() == between
    undo_import(one, actor=SYSTEM, at=NOW)
    assert everything() == nothing
    one.refresh_from_db()
    assert one.state == BatchState.UNDONE


def test_undo_is_refused_when_somebody_worked_with_the_records(bring_in):
    batch = bring_in("customer", CUSTOMERS)
    suzhou = Customer.objects.get(code="K1")
    create_contact({"customer": suzhou, "name": "王经理"}, actor=SYSTEM, on=TODAY)
    before = everything()
    with pytest.raises(Refused):
        undo_import(batch, actor=SYSTEM, at=NOW)
    assert everything() == before


def test_undo_is_refused_after_an_edit(bring_in):
    batch = bring_in("customer", CUSTOMERS)
    edit_customer(Customer.objects.get(code="K1"), {"city": "无锡"}, actor=SYSTEM, on=TODAY)
    with pytest.raises(Refused):
        undo_import(batch, actor=SYSTEM, at=NOW)


def test_undo_is_refused_while_orders_stand_on_the_customers(bring_in):
    batch = bring_in("customer", CUSTOMERS)
    orders = bring_in("order", "订单号,客户编号,日期,金额\nS1,K1,2025-01-03,5\n")
    with pytest.raises(Refused):
        undo_import(batch, actor=SYSTEM, at=NOW)
    undo_import(orders, actor=SYSTEM, at=NOW)
    undo_import(batch, actor=SYSTEM, at=NOW)
    assert not Customer.objects.exists()


def test_an_import_is_undone_once(bring_in):
    batch = bring_in("customer", CUSTOMERS)
    undo_import(batch, actor=SYSTEM, at=NOW)
    with pytest.raises(Refused):
        undo_import(batch, actor=SYSTEM, at=NOW)


def test_no_line_ever_refers_to_nothing(bring_in):
    """The database doesn't check it line by line, so the import has to be right."""
    lost = (
        OrderLine.objects.exclude(order__in=Order.objects.all())
        | OrderLine.objects.exclude(customer__in=Customer.objects.all())
        | OrderLine.objects.exclude(product=None).exclude(product__in=Product.objects.all())
    )
    one = bring_in("order", ORDERS)
    two = bring_in(
        "order", ORDERS + "S1,苏州恒泰,2025-01-03,杯,1,9,\nS9,新客户,2025-05-05,茶,1,9,\n"
    )
    assert OrderLine.objects.count() == 6
    assert not lost.exists()
    Order.objects.get(number="S9").delete()
    assert OrderLine.objects.count() == 5
    with pytest.raises(ProtectedError):
        Product.objects.get(name="茶").delete()
    with pytest.raises(Refused):
        undo_import(one, actor=SYSTEM, at=NOW)
    undo_import(two, actor=SYSTEM, at=NOW)
    undo_import(one, actor=SYSTEM, at=NOW)
    assert not OrderLine.objects.exists()


# ---- stopping it ----


def test_a_cancelled_import_leaves_nothing(checked):
    from kezhi.core.models import JobRun, JobState

    batch = checked("order", ORDERS)
    before = everything()

    def stop_at_the_end(done: int, total: int, message: str = "") -> None:
        if "Finish" in str(message) or "完成" in str(message) or "收尾" in str(message):
            raise Stopped

    stopped = in_background(
        import_rows,
        batch,
        JobRun(),
        actor=SYSTEM,
        on=TODAY,
        at=NOW,
        progress=stop_at_the_end,
    )
    assert stopped == JobState.CANCELLED
    assert everything() == before
    batch.refresh_from_db()
    assert batch.is_open
    import_rows(batch, actor=SYSTEM, on=TODAY, at=NOW)
    assert Order.objects.count() == 3


def test_a_file_that_is_thrown_away_is_gone(take_in, uploads, django_capture_on_commit_callbacks):
    batch = take_in("customer", CUSTOMERS)
    with django_capture_on_commit_callbacks(execute=True):
        cancel_import(batch, actor=SYSTEM)
    assert not list(uploads.iterdir())


# ---- correcting it ----


def test_the_bad_rows_can_be_corrected_and_imported_again(bring_in):
    content = CUSTOMERS + '太仓宏达,K3,"太仓, 港区",很久\n@常熟,K4,常熟,不久\n'
    first = bring_in("customer", content)
    assert (first.created, first.bad) == (2, 2)
    data = b"".join(as_csv(bad_rows(first))).decode("utf-8-sig")
    assert "'@常熟" in data
    second = bring_in("customer", data.replace("很久", "60").replace("不久", "15"))
    assert (second.created, second.bad) == (2, 0)
    assert Customer.objects.get(code="K3").city == "太仓, 港区"
    assert Customer.objects.get(code="K4").name == "@常熟"


def test_the_next_file_with_these_headings_is_matched_like_this_one(take_in):
    from kezhi.dataio.uploading import match_columns

    content = "甲,乙\n苏州恒泰,K1\n"
    batch = take_in("customer", content)
    assert [entry["field"] for entry in batch.mapping] == ["", ""]
    match_columns(batch, [{"field": "name"}, {"field": "code"}], {}, actor=SYSTEM)
    check(batch, actor=SYSTEM, on=TODAY, at=NOW)
    import_rows(batch, actor=SYSTEM, on=TODAY, at=NOW)
    assert [entry["field"] for entry in take_in("customer", content).mapping] == ["name", "code"]


# ---- who may ----


def test_who_may_not_import_changes_nothing(take_in, li_wei, chen_jing):
    entries = Entry.objects.count()
    with pytest.raises(NotAllowed):
        take_in("customer", CUSTOMERS, actor=li_wei)
    assert not ImportBatch.objects.exists()
    assert Entry.objects.count() == entries


def test_a_manager_does_not_reach_the_customers_of_another_department(
    checked, bring_in, manager, chen_jing
):
    bring_in("customer", "客户名称,客户编号,业务员\n佛山铭嘉,F1,陈静\n")
    batch = checked("customer", "客户名称,客户编号\n别人的,F1\n", actor=manager)
    assert [cause["code"] for cause in batch.causes] == ["not_editable"]
    batch = checked("order", "订单号,客户编号,日期,金额\nS1,F1,2025-01-03,5\n", actor=manager)
    assert [cause["code"] for cause in batch.causes] == ["unknown_reference"]
    assert "佛山" not in str(batch.causes)


def test_a_manager_sees_the_customers_they_imported(bring_in, manager):
    bring_in("customer", CUSTOMERS, actor=manager)
    assert Customer.objects.visible_to(manager).count() == 2


def test_a_manager_does_not_give_customers_to_another_department(checked, manager, chen_jing):
    batch = checked("customer", "客户名称,业务员\n甲,陈静\n", actor=manager)
    assert [cause["code"] for cause in batch.causes] == ["not_yours_to_assign"]


def test_every_deed_leaves_one_row_and_the_batch_keeps_its_own_changes(bring_in):
    changes = Change.objects.count()
    batch = bring_in("customer", CUSTOMERS)
    undo_import(batch, actor=SYSTEM, at=NOW)
    deeds = list(Entry.objects.order_by("id").values_list("deed", flat=True))
    assert deeds == ["import.uploaded", "import.done", "import.undone"]
    assert not Change.objects.filter(table_name="customers_customer").exists()
    assert Change.objects.count() == changes


def test_cdnow_comes_in(bring_in):
    from importlib.metadata import distribution
    from pathlib import Path

    wheel = distribution("lifetimes")
    found = next(f for f in wheel.files or [] if str(f).endswith("CDNOW_sample.txt"))
    lines = Path(str(wheel.locate_file(found))).read_text().splitlines()
    rows = [line.split() for line in lines if line.strip()]
    content = "customer_id,date,quantity,amount\n" + "".join(
        f"{row[1]},{row[2]},{row[3]},{row[4]}\n" for row in rows
    )
    batch = bring_in("order", content)
    assert (batch.total, batch.bad) == (6919, 0)
    assert Customer.objects.count() == 2357
    assert OrderLine.objects.count() == 6919


def test_parties_come_with_their_roles(bring_in):
    table = "客户编号,客户名称,关系角色\nK1,苏州恒泰,客户、供应商\nK2,昆山恒润,\nK3,速达,竞争对手\n"
    bring_in("customer", table)
    roles = dict(Customer.objects.values_list("code", "roles"))
    assert roles == {"K1": ["customer", "supplier"], "K2": ["customer"], "K3": ["competitor"]}
    again = bring_in("customer", table)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 3)
    bring_in("customer", "客户编号,客户名称,关系角色\nK2,昆山恒润,经销商\n")
    assert Customer.objects.get(code="K2").roles == ["distributor"]


HOW_ROWS_ARE_FOUND = [
    ("customer", "customers_customer t ON t.code = s.code", "customers_customer_code"),
    (
        "customer",
        "customers_customer t ON t.credit_code = s.credit_code AND t.credit_code <> ''",
        "customers_credit_code",
    ),
    ("customer", "customers_customer t ON t.name = s.name", "customers_name"),
    ("order", "ledger_order t ON t.number = s.number", "ledger_order_number"),
    ("order", "customers_customer t ON t.code = s.customer_code", "customers_customer_code"),
    ("product", "catalog_product t ON t.code = s.code", "catalog_product_code"),
]


def test_what_a_row_names_is_found_by_an_index(bring_in):
    """A text in another collation than the table's is found by reading all of a million rows."""
    names = "".join(f"K{n},客户{n}\n" for n in range(400))
    bring_in("customer", f"客户编号,客户名称\n{names}")
    bring_in("product", "编码,名称\n" + "".join(f"P{n},零件{n}\n" for n in range(400)))
    sold = "".join(f"SO{n},K{n},2026-01-05,10\n" for n in range(400))
    bring_in("order", f"订单号,客户编号,日期,金额\n{sold}")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ANALYZE customers_customer, catalog_product, ledger_order")
        for way in ("seqscan", "hashjoin", "mergejoin", "bitmapscan", "sort"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
        for kind, lookup, index in HOW_ROWS_ARE_FOUND:
            loader = loader_of(kind)
            Staging(loader.fields(), loader.extra)
            cursor.execute(f"EXPLAIN (COSTS OFF) SELECT t.id FROM import_staging s JOIN {lookup}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
            assert f"using {index}" in plan, lookup
            assert "Index Cond" in plan.partition(index)[2], lookup
