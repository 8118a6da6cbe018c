"""A program keeps its own webhooks, and sees no others; what it may not see isn't told on this way either."""

import pytest
from django.utils import timezone

from cast import TODAY
from kezhi.accounts.models import KeptAnswer
from kezhi.customers.creating import create_customer
from kezhi.messaging.models import Delivery, Notice, Webhook
from receivers import ERP, Receivers, a_webhook, an_integration

pytestmark = pytest.mark.django_db
WANTED = {
    "name": "ERP",
    "url": ERP,
    "deeds": ["customer.created"],
    "fields": {"customer": ["city"]},
}


@pytest.fixture
def erp(program, owner):
    return program(owner)


@pytest.fixture
def set_up(erp):
    return erp.post("/webhooks", WANTED).json


def at(webhook, rest=""):
    return f"/webhooks/{webhook['id']}{rest}"


def test_it_is_set_up_tells_and_is_sent_again(erp, owner, set_up):
    assert set_up["secret"].startswith("whsec_")
    assert [each["id"] for each in erp.get("/webhooks").json["items"]] == [set_up["id"]]
    assert "secret" not in erp.get(at(set_up)).json
    customer = create_customer({"name": "黄山毛峰", "city": "黄山"}, actor=owner, on=TODAY)
    receivers = Receivers()
    receivers.run()
    [told] = erp.get(at(set_up, "/deliveries")).json["items"]
    assert (told["type"], told["record"], told["state"]) == (
        "customer.created",
        customer.pk,
        "delivered",
    )
    for wanted in ({"deliveries": [told["id"]]}, {"since": "2020-01-01T00:00:00+08:00"}):
        assert erp.post(at(set_up, "/replay"), wanted).json == {"messages": 1}
        receivers.run()
    assert len(receivers.messages) == 3
    assert Notice.objects.get(kind="webhook.set_up").person_id == owner.pk


def test_it_is_changed_paused_renewed_and_deleted(erp, set_up):
    changed = erp.patch(at(set_up), {"deeds": ["customer.edited"]}, if_match='"1"')
    assert changed.json["deeds"] == ["customer.edited"]
    assert erp.patch(at(set_up), {"name": "x"}, if_match='"1"').status == 412
    assert erp.post(at(set_up, "/pause"), {}).json["paused_because"] == "by_hand"
    assert erp.post(at(set_up, "/ping"), {}).status == 409
    assert erp.post(at(set_up, "/resumption"), {}).json["state"] == "active"
    assert erp.post(at(set_up, "/ping"), {}).json["type"] == "webhook.ping"
    assert erp.post(at(set_up, "/secret"), {}).json["secret"] != set_up["secret"]
    assert erp.delete(at(set_up)).status == 428
    assert erp.delete(at(set_up), if_match="*").status == 204
    assert erp.get(at(set_up)).status == 404


def test_the_secret_is_kept_nowhere(erp):
    first = erp.post("/webhooks", WANTED, idempotency_key="once")
    again = erp.post("/webhooks", WANTED, idempotency_key="once")
    assert again.json["id"] == first.json["id"]
    assert "secret" not in again.json
    assert Webhook.objects.count() == 1
    assert first.json["secret"] not in KeptAnswer.objects.get().body


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"deeds": ["customer.eaten"]}, "/deeds"),
        ({"deeds": [[]]}, "/deeds"),
        ({"url": ""}, "/url"),
        ({"fields": {"customer": "city"}}, "/fields"),
        ({"secret": "whsec_mine"}, "/secret"),
    ],
)
def test_what_is_wrong_is_told_at_its_place(erp, wrong, place):
    answer = erp.post("/webhooks", WANTED | wrong)
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, place)
    assert not Webhook.objects.exists()


def test_only_its_own_and_only_with_the_permission(program, owner, erp, set_up):
    other = a_webhook(an_integration(owner, name="Shop"), owner).webhook
    assert erp.get(f"/webhooks/{other.pk}").status == 404
    assert erp.post(f"/webhooks/{other.pk}/pause", {}).status == 404
    narrow = program(owner, {"customer": ["read"], "webhook": ["read"]}, name="Narrow")
    assert narrow.get("/webhooks").json == {"items": []}
    assert narrow.post("/webhooks", WANTED).status == 403
    without = program(owner, {"customer": ["read"]}, name="Without")
    assert without.get("/webhooks").status == 403
    assert "/webhooks" not in without.get("/openapi.json").json["paths"]


def test_what_it_may_not_see_leaves_no_trace(program, owner, manager, li_wei):
    """Its owner sees their own customers alone; a stranger's was created."""
    for role in li_wei.roles.all():
        role.grants["webhook"] = dict.fromkeys(("read", "create", "edit", "delete"), "own")
        role.save()
    erp = program(li_wei)
    hook = erp.post("/webhooks", WANTED).json
    before = erp.get(at(hook)).json, erp.get(at(hook, "/deliveries")).json
    create_customer({"name": "祁门红茶"}, actor=owner, on=TODAY)
    assert (erp.get(at(hook)).json, erp.get(at(hook, "/deliveries")).json) == before
    Receivers().run()
    assert Delivery.objects.get().state == Delivery.State.WITHHELD
    assert erp.get(at(hook, "/deliveries")).json == before[1]
    replayed = erp.post(at(hook, "/replay"), {"until": timezone.now().isoformat()})
    assert replayed.status == 409
