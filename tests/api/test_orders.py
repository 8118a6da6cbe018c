from decimal import Decimal

import pytest

from kezhi.audit.models import Entry
from kezhi.catalog.models import Product
from kezhi.ledger.models import Order, OrderLine

pytestmark = pytest.mark.django_db

ORDER = {
    "customer": {"key": "C-AHTEA"},
    "ordered_on": "2026-11-02",
    "due_on": "2026-12-02",
    "channel": "shop",
    "lines": [
        {"product": {"key": "P-1"}, "quantity": 12, "unit_price": "88.00", "cost": "600"},
        {"line": "freight", "amount": 30},
    ],
}


@pytest.fixture
def erp(program, owner, anhui_tea):
    Product.objects.create(code="P-1", name="龙井")
    return program(owner)


def test_an_order_is_told_with_its_lines(erp, anhui_tea):
    answer = erp.put("/orders/key:SO-1", ORDER)
    assert answer.status == 201
    assert answer.json["amount"] == "1086.00"
    assert [line["line"] for line in answer.json["lines"]] == ["1", "freight"]
    assert answer.json["lines"][0]["product"]["name"] == "龙井"
    order = Order.objects.get()
    assert (order.owner_id, order.currency) == (anhui_tea.owner_id, "CNY")
    assert OrderLine.objects.filter(customer=anhui_tea, ordered_on=order.ordered_on).count() == 2


def test_told_again_nothing_changes_and_told_otherwise_only_that(erp):
    first = erp.put("/orders/key:SO-1", ORDER)
    again = erp.put("/orders/key:SO-1", ORDER)
    assert (again.status, again.json) == (200, first.json)
    lines = [{"line": "freight", "amount": "45.5"}, {"line": "2", "amount": "-5"}]
    told = erp.put("/orders/key:SO-1", {"paid_on": "2026-11-30", "lines": lines})
    assert told.json["amount"] == "40.50"
    assert told.json["version"] == 2
    assert set(OrderLine.objects.values_list("line_key", flat=True)) == {"#freight", "#2"}
    outcomes = (
        Entry.objects.filter(deed="order.told").order_by("pk").values_list("detail", flat=True)
    )
    assert [each["outcome"] for each in outcomes] == ["created", "unchanged", "updated"]


def test_another_day_moves_the_lines_too(erp):
    erp.put("/orders/key:SO-1", ORDER)
    erp.put("/orders/key:SO-1", {"ordered_on": "2026-11-01"})
    assert {str(day) for day in OrderLine.objects.values_list("ordered_on", flat=True)} == {
        "2026-11-01"
    }


def test_whoever_saw_an_older_order_overwrites_nothing(erp):
    assert erp.put("/orders/key:SO-1", ORDER, if_match='"1"').status == 412
    first = erp.put("/orders/key:SO-1", ORDER)
    erp.put("/orders/key:SO-1", {"remark": "急"}, if_match=first.headers["ETag"])
    again = erp.put("/orders/key:SO-1", {"remark": "缓"}, if_match=first.headers["ETag"])
    assert again.status == 412
    assert Order.objects.get().remark == "急"


def test_an_order_is_new_only_once(erp):
    assert erp.post("/orders", {"number": "SO-1", **ORDER}).status == 201
    assert erp.post("/orders", {"number": "SO-1", **ORDER}).status == 409
    assert Order.objects.count() == 1


def test_an_order_stays_with_its_customer(erp, owner):
    from cast import TODAY
    from kezhi.customers.creating import create_customer

    create_customer({"name": "别家", "code": "C-B"}, actor=owner, on=TODAY)
    erp.put("/orders/key:SO-1", ORDER)
    assert erp.put("/orders/key:SO-1", {**ORDER, "customer": {"key": "C-B"}}).status == 409


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({**ORDER, "lines": []}, 422),
        ({**ORDER, "lines": [{"quantity": 1}]}, 422),
        ({**ORDER, "lines": [{"amount": 1, "margin": 2}]}, 422),
        ({**ORDER, "lines": [{"amount": "1e3"}]}, 422),
        ({**ORDER, "lines": [{"amount": 1, "product": {"key": "none"}}]}, 422),
        ({**ORDER, "lines": [{"line": "a", "amount": 1}, {"line": "a", "amount": 1}]}, 409),
        ({**ORDER, "customer": {"key": "none"}}, 422),
        ({**ORDER, "amount": 5}, 422),
        ({**ORDER, "currency": "USD"}, 422),
        ({**ORDER, "due_on": "2026-11-01"}, 409),
        ({"lines": ORDER["lines"]}, 422),
    ],
)
def test_what_isnt_right_changes_nothing(erp, sent, status):
    assert erp.put("/orders/key:SO-1", sent).status == status
    assert not Order.objects.exists()


def test_who_doesnt_see_costs_neither_reads_nor_writes_them(program, owner, erp):
    erp.put("/orders/key:SO-1", ORDER)
    blind = program(owner, field_rules={"money": "hidden"})
    assert "cost" not in blind.get("/orders/key:SO-1").json["lines"][0]
    assert blind.put("/orders/key:SO-2", ORDER).status == 403


def test_a_strangers_order_isnt_there(program, chen_jing, erp):
    erp.put("/orders/key:SO-1", ORDER)
    stranger = program(chen_jing)
    assert stranger.get("/orders/key:SO-1").status == 404
    told = stranger.put("/orders/key:SO-1", {"lines": [{"amount": 1}]})
    assert told.status in (403, 409)
    assert Order.objects.get().amount == Decimal("1086.00")


def test_many_orders_at_once(erp):
    items = [{"op": "put", "number": f"SO-{n}", "fields": ORDER} for n in range(20)]
    items[7]["fields"] = {"lines": []}
    results = erp.post("/orders/bulk", {"items": items}).json["results"]
    assert [each["status"] for each in results] == [200] * 7 + [422] + [200] * 12
    assert Order.objects.count() == 19
