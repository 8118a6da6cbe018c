"""Facts for the engine: what they hold, and that only changed months are read again."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from cast import TODAY
from kezhi.catalog.models import Category, Product
from kezhi.customers.creating import create_customer
from kezhi.customers.models import Customer, Standing
from kezhi.insight.facts import read_ledger
from kezhi.ledger.models import CostEntry, Order, OrderLine

pytestmark = pytest.mark.django_db


def read(folder, until=TODAY):
    return read_ledger(folder, until, lambda *_: None)


@pytest.fixture
def line(anhui_tea):
    def add(amount, *, on=TODAY, cost=None, product=None, quantity=None):
        order = Order.objects.create(
            number=f"O-{Order.objects.count()}", customer=anhui_tea, ordered_on=on, currency="CNY"
        )
        return OrderLine.objects.create(
            order=order,
            line_key="1",
            customer=anhui_tea,
            ordered_on=on,
            amount=Decimal(amount),
            cost=cost,
            product=product,
            quantity=quantity,
        )

    return add


def test_a_line_costs_what_it_says_else_its_products_unit_cost(line, tmp_path):
    tea = Product.objects.create(code="P-1", name="红茶", unit_cost=Decimal("12.5"))
    line("100", cost=Decimal("61.01"), product=tea, quantity=2)
    line("100", product=tea, quantity=3)
    line("-40", product=tea, quantity=1)
    line("100", product=tea)
    line("100")
    costs = read(tmp_path).facts.lines["cost"].to_pylist()
    assert costs == [61.01, 37.5, -12.5, None, None]


def test_a_category_lends_its_margin(line, tmp_path):
    category = Category.objects.create(name="茶", margin_rate=Decimal("0.35"))
    line("100", product=Product.objects.create(code="P-1", name="红茶", category=category))
    line("100")
    assert read(tmp_path).facts.lines["margin_rate"].to_pylist() == [0.35, None]


def test_amounts_and_days_come_through_exactly(line, anhui_tea, tmp_path):
    line("9999999999999.99", on=date(1999, 12, 31))
    line("-0.01", on=date(2024, 2, 29))
    CostEntry.objects.create(
        customer=anhui_tea,
        activity="visit",
        incurred_on=TODAY,
        amount=Decimal("12.30"),
        entry_key="1",
    )
    facts = read(tmp_path).facts
    assert facts.lines["day"].to_pylist() == [date(1999, 12, 31), date(2024, 2, 29)]
    assert facts.lines["amount"].to_pylist() == [9999999999999.99, -0.01]
    assert facts.costs.to_pylist() == [
        {"customer": anhui_tea.pk, "day": TODAY, "amount": 12.3, "kind": "visit"}
    ]
    assert facts.customers.to_pylist() == [anhui_tea.pk]


def test_only_changed_months_are_read_again(trading, tmp_path):
    first = read(tmp_path)
    assert first.months_read == len(first.months) > 24
    again = read(tmp_path)
    assert again.months_read == 0
    assert again.facts.lines.equals(first.facts.lines)
    assert again.version(TODAY) == first.version(TODAY)
    changed = OrderLine.objects.order_by("ordered_on").first()
    OrderLine.objects.filter(pk=changed.pk).update(amount=changed.amount + 1)
    third = read(tmp_path)
    assert third.months_read == 1
    assert third.version(TODAY) != first.version(TODAY)
    assert len(list(tmp_path.iterdir())) == len(third.months)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ledger_orderline SET cost = 1 WHERE id = (SELECT min(id) FROM ledger_orderline)",
        "UPDATE ledger_orderline SET customer_id = (SELECT max(id) FROM customers_customer)"
        " WHERE id = (SELECT min(id) FROM ledger_orderline)",
        "DELETE FROM ledger_orderline WHERE id = (SELECT min(id) FROM ledger_orderline)",
        "UPDATE ledger_costentry SET amount = 7 WHERE id = (SELECT min(id) FROM ledger_costentry)",
    ],
)
def test_whatever_changes_the_facts_changes_their_version(trading, tmp_path, change):
    before = read(tmp_path).version(TODAY)
    with connection.cursor() as cursor:
        cursor.execute(change)
    assert read(tmp_path).version(TODAY) != before


def test_a_damaged_file_is_made_again(trading, tmp_path):
    whole = read(tmp_path)
    files = sorted(tmp_path.iterdir())
    files[0].write_bytes(b"PAR1")
    files[1].unlink()
    mended = read(tmp_path)
    assert mended.months_read == 2
    assert mended.facts.lines.equals(whole.facts.lines)


def test_where_no_file_can_be_written_the_facts_are_read_all_the_same(trading, tmp_path):
    (tmp_path / "file").touch()
    assert read(tmp_path / "file" / "folder").facts.lines.equals(read(tmp_path).facts.lines)


def test_the_version_of_a_day_knows_nothing_of_later_months(trading, tmp_path):
    before = read(tmp_path)
    spring = date(2026, 3, 31)
    OrderLine.objects.filter(ordered_on__gt=spring + timedelta(days=40)).delete()
    after = read(tmp_path)
    assert after.version(spring) == before.version(spring)
    assert after.version(TODAY) != before.version(TODAY)


def test_no_facts_at_all(company, tmp_path):
    assert read(tmp_path).lines == 0


def test_who_only_supplies_is_not_measured_but_who_buys_is(line, anhui_tea, li_wei, tmp_path):
    for name in ("包装厂", "也买茶的包装厂"):
        create_customer({"name": name, "roles": ["supplier"]}, actor=li_wei, on=TODAY)
    buyer = Customer.objects.get(name="也买茶的包装厂")
    CostEntry.objects.create(
        customer=buyer, activity="visit", amount=Decimal("10"), incurred_on=TODAY
    )
    line("100")
    measured = read(tmp_path).facts.customers.to_pylist()
    assert sorted(measured) == sorted([anhui_tea.pk, buyer.pk])
    counted = Standing.objects.of_customers().values_list("customer__name", flat=True)
    assert list(counted) == ["安徽茶业有限公司"]
