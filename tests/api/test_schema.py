import pytest

from cast import TODAY
from kezhi.api.operations import operations

pytestmark = pytest.mark.django_db


def test_a_program_is_told_only_what_it_may(program, li_wei):
    erp = program(li_wei, {"customer": ["read"]}, field_rules={"reach": "hidden"})
    told = erp.get("/openapi.json").json
    assert set(told["paths"]) >= {"/customers", "/customers/{id}", "/me"}
    assert set(told["paths"]["/customers"]) == {"get"}
    assert "/orders" not in told["paths"]
    assert "phone" not in told["components"]["schemas"]["customer"]["properties"]
    assert "contact" not in told["components"]["schemas"]


def test_fields_of_the_company_stand_in_it_and_are_written(program, owner, anhui_tea):
    from kezhi.workbench.customizing.defining import define_field

    given = {
        "label_en": "Hectares",
        "label_zh": "公顷",
        "purpose": "Visits",
        "data_class": "business",
    }
    given |= {"field_kind": "quantity", "decimals": 1}
    define_field("customer", given, actor=owner, on=TODAY)
    erp = program(owner)
    told = erp.get("/openapi.json").json["components"]["schemas"]
    (name,) = [
        name
        for name, part in told["customer"]["properties"].items()
        if part.get("title") == "Hectares"
    ]
    assert name in told["customer_edit"]["properties"]
    changed = erp.patch(f"/customers/{anhui_tea.pk}", {name: "12.5"})
    assert float(changed.json[name]) == 12.5
    assert erp.patch(f"/customers/{anhui_tea.pk}", {name: "many"}).status == 422


def test_every_operation_has_a_name_of_its_own():
    names = [operation.name for operation in operations()]
    assert len(names) == len(set(names))


def test_people_read_it_in_both_languages(web_of, li_wei):
    service = web_of(li_wei).get("/api/v1/reference/?of=service").content.decode()
    assert "/api/v1/service-levels" in service
    assert "服务级别与内部请求" in service
    page = web_of(li_wei).get("/api/v1/reference/?of=customer").content.decode()
    assert "/api/v1/customers/{id}" in page
    assert "/api/v1/customers/{id}/standing" in page


@pytest.fixture
def web_of(client):
    def signed_in(person):
        client.force_login(person)
        return client

    return signed_in
