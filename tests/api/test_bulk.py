import pytest

from kezhi.audit.models import Entry
from kezhi.customers.models import Customer, Standing

pytestmark = pytest.mark.django_db


def test_each_item_has_its_own_result_in_order(program, manager, anhui_tea):
    erp = program(manager)
    items = [
        {"op": "create", "fields": {"name": "甲", "code": "A1"}},
        {"op": "create", "fields": {"name": ""}},
        {"op": "edit", "key": "C-AHTEA", "fields": {"city": "黄山"}},
        {"op": "edit", "id": anhui_tea.pk, "version": 1, "fields": {"city": "芜湖"}},
        {"op": "create", "fields": {"name": "乙", "code": "A1"}},
        {"op": "edit", "key": "A1", "fields": {"city": "北京"}},
        {"op": "delete", "id": 987654},
        {"op": "drop"},
        {"op": "delete", "key": "A1"},
        7,
    ]
    results = erp.post("/customers/bulk", {"items": items}).json["results"]
    statuses = [each["status"] for each in results]
    assert statuses == [201, 422, 200, 412, 409, 200, 404, 422, 204, 422]
    assert results[1]["problem"]["errors"][0]["pointer"] == "/items/1/fields/name"
    anhui_tea.refresh_from_db()
    assert anhui_tea.city == "黄山"
    assert not Customer.objects.filter(code="A1").exists()


def test_a_thousand_customers_are_created_as_one_set(program, li_wei):
    items = [
        {"op": "create", "fields": {"name": f"客户 {n}", "phone": f"1380000{n:04d}"}}
        for n in range(120)
    ]
    answer = program(li_wei).post("/customers/bulk", {"items": items})
    results = answer.json["results"]
    assert {each["status"] for each in results} == {201}
    by_id = Customer.objects.in_bulk([each["id"] for each in results])
    assert [by_id[each["id"]].name for each in results] == [f"客户 {n}" for n in range(120)]
    assert Standing.objects.filter(owner_id=li_wei.pk).count() == 120
    assert Customer.objects.filter(owner=li_wei, completeness__isnull=False).count() == 120
    assert Entry.objects.filter(deed="customer.created").count() == 120


def test_one_that_cant_be_leaves_the_others(program, li_wei):
    items = [
        {"op": "create", "fields": {"name": f"客户 {n}", "code": f"K{n % 19}"}} for n in range(20)
    ]
    answer = program(li_wei).post("/customers/bulk", {"items": items})
    assert [each["status"] for each in answer.json["results"]] == [201] * 19 + [409]


@pytest.mark.parametrize(
    "body", [{}, {"items": []}, {"items": [{}] * 1001}, {"items": 7}, {"x": 1}]
)
def test_what_isnt_a_list_of_items_is_refused(program, li_wei, body):
    assert program(li_wei).post("/customers/bulk", body).status == 422


def test_who_may_do_none_of_it_is_refused_as_a_whole_else_item_by_item(program, analyst, li_wei):
    items = [{"op": "create", "fields": {"name": "甲"}}] * 12
    assert program(analyst).post("/customers/bulk", {"items": items}).status == 403
    editor = program(li_wei, {"customer": ["read", "edit"]})
    results = editor.post("/customers/bulk", {"items": items}).json["results"]
    assert {each["status"] for each in results} == {403}
    assert not Customer.objects.exists()
