"""The pages on which fields are defined, and what stands on other pages because of them."""

from decimal import Decimal

import pytest

from cast import TODAY
from kezhi.customers.creating import create_customer, edit_customer
from kezhi.customers.models import Customer
from kezhi.workbench.customizing import defining, definitions
from kezhi.workbench.models import CustomField

pytestmark = pytest.mark.django_db
MONEY = {
    "label_zh": "年采购预算", "label_en": "Annual budget", "purpose": "安排拜访", "data_class": "business",
    "group": "custom", "decimals": "2", "is_sortable": "1",
}  # fmt: skip


@pytest.fixture
def as_owner(client, owner):
    client.force_login(owner)
    return client


def test_a_field_is_defined_in_two_steps_and_stands_in_list_form_and_filter(as_owner, anhui_tea):
    assert "as=money" in as_owner.get("/settings/fields/customer/new/").content.decode()
    assert (
        "年采购预算" not in as_owner.get("/settings/fields/customer/new/?as=money").content.decode()
    )
    answer = as_owner.post("/settings/fields/customer/new/?as=money", MONEY)
    assert answer.status_code == 302
    assert "年采购预算" in as_owner.get("/settings/fields/customer/").content.decode()
    key = CustomField.objects.get().key
    form = as_owner.get(f"/customers/{anhui_tea.pk}/edit/").content.decode()
    assert f'name="{key}"' in form
    typed = {
        "name": anhui_tea.name,
        "form": "company",
        "roles": "customer",
        "version": anhui_tea.version,
        key: "1.5万",
    }
    assert as_owner.post(f"/customers/{anhui_tea.pk}/edit/", typed).status_code == 302
    assert Customer.objects.get(pk=anhui_tea.pk).custom == {key: "15000.00"}
    page = as_owner.get(
        f"/customers/?columns=name,{key}&w={key}.gte.1万&sort=-{key}"
    ).content.decode()
    assert "安徽茶业" in page
    assert "15,000.00" in page
    page = as_owner.get(f"/customers/?columns=name,{key}&w={key}.lt.1万").content.decode()
    assert "15,000.00" not in page
    assert "15,000.00" in as_owner.get(f"/customers/totals/?columns=name,{key}").content.decode()


def test_a_faulty_definition_comes_back_as_it_was_typed(as_owner):
    answer = as_owner.post("/settings/fields/customer/new/?as=money", {**MONEY, "purpose": ""})
    assert answer.status_code == 422
    assert "年采购预算" in answer.content.decode()
    formula = {**MONEY, "formula": "1 +", "field_kind": "money"}
    answer = as_owner.post("/settings/fields/customer/new/?as=computed", formula)
    assert answer.status_code == 422
    assert "1 +" in answer.content.decode()
    assert not CustomField.objects.exists()


def test_choices_are_typed_in_rows(as_owner):
    choices = {
        "choice_key": ["", "", ""],
        "choice_zh": ["金", "", "银"],
        "choice_en": ["Gold", "", ""],
    }
    as_owner.post("/settings/fields/customer/new/?as=choice", {**MONEY, **choices})
    assert [c["key"] for c in CustomField.objects.get().choices] == ["gold", "yin"]


def test_a_field_is_changed_retired_restored_and_deleted(as_owner):
    as_owner.post("/settings/fields/customer/new/?as=money", MONEY)
    key = CustomField.objects.get().key
    place = f"/settings/fields/customer/{key}/"
    assert as_owner.post(place, {**MONEY, "label_zh": "预算"}).status_code == 302
    assert CustomField.objects.get().label_zh == "预算"
    assert as_owner.post(f"{place}removal/").status_code == 409
    as_owner.post(f"{place}use/", {"in_use": "no"})
    assert not CustomField.objects.get().is_in_use
    assert f'name="{key}"' not in as_owner.get("/customers/new/").content.decode()
    as_owner.post(f"{place}use/", {"in_use": "yes"})
    assert CustomField.objects.get().is_in_use
    as_owner.post(f"{place}use/", {"in_use": "no"})
    assert as_owner.get(f"{place}removal/").status_code == 200
    assert as_owner.post(f"{place}removal/").status_code == 302


def test_fields_change_places(as_owner, owner):
    for name in ("甲", "乙"):
        as_owner.post(
            "/settings/fields/customer/new/?as=text", {**MONEY, "label_zh": name, "label_en": ""}
        )
    as_owner.post("/settings/fields/customer/order/", {"down": "c_jia"})
    assert list(CustomField.objects.values_list("label_zh", flat=True)) == ["乙", "甲"]


def test_salespeople_and_strangers_stay_out(client, li_wei, manager, owner):
    defining.define_field("customer", {**MONEY, "decimals": 2, "field_kind": "money", "is_sortable": False},
                          actor=owner, on=TODAY)  # fmt: skip
    key = CustomField.objects.get().key
    for address in (
        "",
        "customer/",
        "customer/new/",
        f"customer/{key}/",
        f"customer/{key}/removal/",
    ):
        client.force_login(li_wei)
        assert client.get(f"/settings/fields/{address}").status_code == 403
    client.force_login(manager)
    assert client.get("/settings/fields/customer/").status_code == 200
    assert client.post(f"/settings/fields/customer/{key}/", MONEY).status_code == 403
    assert client.post(f"/settings/fields/customer/{key}/use/", {"in_use": "no"}).status_code == 403
    assert client.post("/settings/layouts/customer/", {"do": "save"}).status_code == 403
    client.force_login(owner)
    for address in ("fields/nothing/", "fields/customer/c_none/", "layouts/user/"):
        assert client.get(f"/settings/{address}").status_code == 404


def test_the_pages_ask_as_often_for_many_fields_as_for_few(
    as_owner, owner, django_assert_max_num_queries
):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def asked():
        counts = []
        for address in ("fields/", "fields/customer/", "layouts/customer/"):
            as_owner.get(f"/settings/{address}")
            with CaptureQueriesContext(
                connection,
            ) as queries:
                as_owner.get(f"/settings/{address}")
            counts.append(len(queries))
        return counts

    def define(count):
        for number in range(count):
            given = {"label_en": f"Field {number}", "purpose": "x", "data_class": "business"}
            defining.define_field(
                "customer", {**given, "field_kind": "text"}, actor=owner, on=TODAY
            )

    define(2)
    few = asked()
    define(10)
    assert asked() == few


def test_five_hundred_fields_stay_right_and_a_list_reads_only_what_it_shows(
    as_owner, owner, li_wei
):
    rows = [
        CustomField(kind="customer", key=f"c_f{n}", label_zh=f"字段{n}", label_en=f"Field {n}",
                    field_kind="quantity", purpose="x", data_class="business", position=n)
        for n in range(499)
    ]  # fmt: skip
    CustomField.objects.bulk_create(rows)
    given = {"label_en": "Last", "purpose": "x", "data_class": "business", "field_kind": "text"}
    defining.define_field("customer", given, actor=owner, on=TODAY)
    entries = {f"c_f{n}": Decimal(n) for n in range(499)}
    customer = create_customer({"name": "甲", **entries}, actor=li_wei, on=TODAY)
    assert Customer.objects.get(pk=customer.pk).custom["c_f498"] == "498.00"
    page = as_owner.get("/customers/?columns=name,c_f498").content.decode()
    assert "498" in page
    edit_customer(customer, {"c_f7": Decimal("7.5")}, actor=li_wei, on=TODAY)
    page = as_owner.get(f"/customers/{customer.pk}/edit/").content.decode()
    assert page.count('name="c_f') == 499
    assert as_owner.get("/settings/layouts/customer/").status_code == 200


def test_a_list_with_links_asks_as_often_for_many_rows_as_for_few(as_owner, owner, li_wei):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    base = {"purpose": "x", "data_class": "business"}
    for given in ({"label_en": "Above", "field_kind": "link", "link": "customer"},
                  {"label_en": "Clerk", "field_kind": "person"}):  # fmt: skip
        defining.define_field("customer", {**base, **given}, actor=owner, on=TODAY)
    above = create_customer({"name": "母公司"}, actor=li_wei, on=TODAY)

    def asked(count):
        for number in range(count):
            create_customer({"name": f"客户{count}{number}", "c_above": above, "c_clerk": li_wei},
                            actor=li_wei, on=TODAY)  # fmt: skip
        as_owner.get("/customers/?columns=name,c_above,c_clerk")
        with CaptureQueriesContext(connection) as queries:
            page = as_owner.get("/customers/?columns=name,c_above,c_clerk").content.decode()
        assert "母公司" in page
        return len(queries)

    few = asked(2)
    assert asked(15) == few


def test_the_audit_log_tells_of_entries_in_words(as_owner, owner, anhui_tea):
    as_owner.post("/settings/fields/customer/new/?as=money", MONEY)
    key = CustomField.objects.get().key
    with definitions.as_of_now():
        edit_customer(anhui_tea, {key: Decimal(5)}, actor=owner, on=TODAY)
    page = as_owner.get("/settings/audit/").content.decode()
    assert "年采购预算：— → 5.00" in page
    assert [line for line in page.splitlines() if key in line] == []
