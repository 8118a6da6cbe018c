import pytest

from cast import TODAY
from kezhi.audit.models import Entry, Sighting
from kezhi.customers.creating import create_contact, create_customer
from kezhi.customers.models import Contact, Customer, FollowUp, Interaction

pytestmark = pytest.mark.django_db


def test_a_customer_is_created_read_changed_and_deleted(program, manager):
    erp = program(manager)
    made = erp.post("/customers", {"name": "黄山毛峰", "code": "C-HS", "roles": ["customer"]})
    assert made.status == 201
    place = made.headers["Location"].removeprefix("/api/v1")
    read = erp.get(place)
    assert read.json["name"] == "黄山毛峰"
    assert read.json["owner"] == {"id": manager.pk, "name": "周启明"}
    assert erp.get("/customers/key:C-HS").json == read.json
    changed = erp.patch(place, {"city": "黄山"}, if_match=read.headers["ETag"])
    assert (changed.status, changed.json["city"]) == (200, "黄山")
    assert erp.patch(place, {"city": "合肥"}, if_match=read.headers["ETag"]).status == 412
    assert erp.delete(place).status == 428
    assert erp.delete(place, if_match=changed.headers["ETag"]).status == 204
    assert erp.get(place).status == 404


def test_a_strangers_record_isnt_there(program, chen_jing, anhui_tea):
    erp = program(chen_jing)
    for answer in (
        erp.get(f"/customers/{anhui_tea.pk}"),
        erp.get("/customers/key:C-AHTEA"),
        erp.patch(f"/customers/{anhui_tea.pk}", {"city": "南京"}),
        erp.post(f"/customers/{anhui_tea.pk}/tags", {"add": []}),
    ):
        assert answer.status == 404
        assert answer.json["type"] == "urn:kezhi:problem:not-found"
    assert erp.delete(f"/customers/{anhui_tea.pk}", if_match="*").status == 403  # of nobody's
    assert Customer.objects.get().city == "合肥"


@pytest.mark.parametrize(
    ("sent", "at"),
    [
        ({"name": ""}, "/name"),
        ({}, "/name"),
        ({"name": "甲", "owner": 1}, "/owner"),
        ({"name": "甲", "id": 7}, "/id"),
        ({"name": "甲", "roles": ["king"]}, "/roles"),
        ({"name": "甲", "payment_days": 1.5}, "/payment_days"),
        ({"name": "甲", "payment_days": True}, "/payment_days"),
        ({"name": 7}, "/name"),
        ({"name": "甲" * 500}, "/name"),
        ({"name": "甲", "email": "nobody"}, "/email"),
    ],
)
def test_what_isnt_right_is_told_at_its_field(program, li_wei, sent, at):
    answer = program(li_wei).post("/customers", sent)
    assert answer.status == 422
    assert [error["pointer"] for error in answer.json["errors"]] == [at]
    assert not Customer.objects.exists()


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"name": "\\u0000"}', b'"x"', b'{"name": NaN}', b"\xff"]
)
def test_what_isnt_json_is_refused(program, li_wei, body):
    assert program(li_wei).post("/customers", body).status in (400, 422)


def test_links_are_told_by_id_or_by_key(program, li_wei, anhui_tea):
    erp = program(li_wei)
    for customer in (anhui_tea.pk, {"id": anhui_tea.pk}, {"key": "C-AHTEA"}):
        made = erp.post("/contacts", {"customer": customer, "name": "张敏"})
        assert made.status == 201
        assert made.json["customer"] == {
            "id": anhui_tea.pk, "key": "C-AHTEA", "name": "安徽茶业有限公司",
        }  # fmt: skip


def test_a_line_of_the_timeline_is_logged(program, li_wei, anhui_tea):
    erp = program(li_wei)
    sent = {"customer": anhui_tea.pk, "channel": "call", "text": "谈了交期"}
    made = erp.post("/interactions", sent)
    assert made.status == 201
    assert Interaction.objects.get().author == li_wei
    assert erp.patch(f"/interactions/{made.json['id']}", {"text": "改期"}).json["text"] == "改期"
    assert erp.post(f"/interactions/{made.json['id']}/pin", {"is_pinned": True}).status == 200


def test_deeds_are_done_by_name(program, li_wei, anhui_tea):
    erp = program(li_wei)
    planned = erp.post(
        "/follow-ups", {"customer": anhui_tea.pk, "subject": "回访", "due_on": "2026-12-01"}
    )
    done = erp.post(f"/follow-ups/{planned.json['id']}/completion", {"outcome": "谈妥"})
    assert done.json["outcome"] == "谈妥"
    assert FollowUp.objects.get().is_done
    tagged = erp.post(f"/customers/{anhui_tea.pk}/tags", {"add": ["茶"]})
    assert tagged.json["tags"] == ["茶"] or tagged.status == 422
    entry = Entry.objects.filter(deed="follow_up.done").get()
    assert entry.detail["by_integration_name"] == "ERP"


def test_two_customers_are_merged(program, manager, li_wei, anhui_tea):
    other = create_customer({"name": "安徽茶业", "code": "C-2"}, actor=li_wei, on=TODAY)
    answer = program(manager).post(
        f"/customers/{anhui_tea.pk}/merge", {"merged": {"key": "C-2"}, "take": ["name"]}
    )
    assert answer.status == 200
    assert answer.json["name"] == "安徽茶业"
    assert not Customer.objects.filter(pk=other.pk).exists()


def test_a_customer_is_given_to_another_owner(program, manager, li_wei, sun_yue, anhui_tea):
    answer = program(manager).post(
        f"/customers/{anhui_tea.pk}/assignment", {"owner": {"key": "sunyue"}, "reason": "换人"}
    )
    assert answer.json["owner"]["id"] == sun_yue.pk
    refused = program(li_wei).post(f"/customers/{anhui_tea.pk}/assignment", {"owner": li_wei.pk})
    assert refused.status in (403, 404)


def test_what_is_hidden_or_masked_stays_so(program, li_wei, anhui_tea):
    create_contact(
        {"customer": anhui_tea, "name": "张敏", "phone": "13812346027"}, actor=li_wei, on=TODAY
    )
    pk = Contact.objects.get().pk
    grants = {"customer": ["read"], "contact": ["read", "edit"]}
    masked = program(li_wei, grants, field_rules={"reach": "masked"})
    read = masked.get(f"/contacts/{pk}")
    assert "12346" not in str(read.json)
    assert read.json["phone"].startswith("138")
    assert masked.patch(f"/contacts/{pk}", {"phone": "13900000000"}).status == 422
    assert masked.get("/contacts?w=phone.contains.1234").status == 400
    assert masked.get("/contacts?sort=phone").status == 400
    hidden = program(li_wei, grants, field_rules={"reach": "hidden"})
    assert "phone" not in hidden.get(f"/contacts/{pk}").json
    assert hidden.get("/contacts?fields=phone").status == 400
    assert not Sighting.objects.filter(object_id=pk).exists()
    assert program(li_wei, grants).get(f"/contacts/{pk}").json["phone"] == "13812346027"
    assert Sighting.objects.filter(kind="contact", object_id=pk, where="api").exists()


def test_errors_are_told_in_the_callers_language(program, li_wei):
    erp = program(li_wei)
    answer = erp.get("/customers/1", accept_language="zh-CN,zh;q=0.9")
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.json["title"] != erp.get("/customers/1").json["title"] == "Not found"


def test_a_wrong_method_names_the_right_ones(program, li_wei):
    answer = program(li_wei).put("/customers", {})
    assert answer.status == 405
    assert answer.headers["Allow"] == "GET, POST"


@pytest.mark.parametrize("secret", ["", "kz_wrong", "kz_" + "x" * 43, "x" * 5000])
def test_without_a_valid_token_nothing_is_told(program, li_wei, secret):
    erp = program(li_wei)
    erp.secret = secret
    for path in ("/customers", "/me", "/openapi.json", "/nothing"):
        answer = erp.get(path)
        assert answer.status == 401
        assert "Bearer" in answer.headers["WWW-Authenticate"]
