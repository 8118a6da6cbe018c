"""A message holds what the integration may see at the moment of sending, and no more."""

import pytest
from django.utils import timezone
from standardwebhooks.webhooks import Webhook as Reader
from standardwebhooks.webhooks import WebhookVerificationError

from cast import NOW, TODAY
from kezhi.accounts.models import Role
from kezhi.customers.creating import create_customer, delete_customer, edit_customer
from kezhi.customers.following_up import log_interaction
from kezhi.messaging.models import Delivery
from kezhi.messaging.webhooks import keeping
from receivers import a_webhook, an_integration

pytestmark = pytest.mark.django_db
State = Delivery.State


def test_a_message_names_what_changed_and_shows_the_chosen_fields(
    webhook, receivers, anhui_tea, li_wei
):
    edit_customer(anhui_tea, {"city": "黄山", "phone": "055112345678"}, actor=li_wei, on=TODAY)
    receivers.run()
    message = receivers.messages[-1]
    assert message["type"] == "customer.edited"
    assert message["data"] == {
        "kind": "customer",
        "id": anhui_tea.pk,
        "url": f"/customers/{anhui_tea.pk}/",
        "changed": ["city"],
        "record": {"city": "黄山", "name": "安徽茶业有限公司"},
    }


def test_the_signature_is_that_of_standard_webhooks(set_up, receivers, anhui_tea, li_wei, owner):
    webhook, secret = set_up
    edit_customer(anhui_tea, {"city": "黄山"}, actor=li_wei, on=TODAY)
    renewed = keeping.rotate_secret(webhook, actor=owner, at=timezone.now()).secret
    receivers.run()
    _url, headers, body = receivers.came[-1]
    for good in (secret, renewed):  # while the receiver changes over
        assert Reader(good).verify(body, headers)["type"] == "customer.edited"
    with pytest.raises(WebhookVerificationError):
        Reader(secret).verify(body.replace("黄山", "合肥"), headers)
    assert secret not in str(webhook.__dict__)
    assert renewed not in str(webhook.__dict__)


def test_the_former_secret_ends_after_a_day(set_up, receivers, anhui_tea, li_wei, owner):
    webhook, secret = set_up
    keeping.rotate_secret(webhook, actor=owner, at=timezone.now() - timezone.timedelta(hours=25))
    edit_customer(anhui_tea, {"city": "黄山"}, actor=li_wei, on=TODAY)
    receivers.run()
    _url, headers, body = receivers.came[-1]
    with pytest.raises(WebhookVerificationError):
        Reader(secret).verify(body, headers)


def test_what_the_owner_of_the_integration_may_not_see_any_more_is_not_sent(
    receivers, manager, owner, li_wei, chen_jing, anhui_tea
):
    """Asked when it is sent, not when it happened."""
    far = create_customer({"name": "深圳电子", "code": "C-SZ"}, actor=chen_jing, on=TODAY)
    a_webhook(an_integration(manager, owner), owner)
    edit_customer(far, {"city": "深圳"}, actor=chen_jing, on=TODAY)
    edit_customer(anhui_tea, {"city": "黄山"}, actor=li_wei, on=TODAY)
    receivers.run()
    assert [message["data"]["id"] for message in receivers.messages] == [anhui_tea.pk]
    assert Delivery.objects.get(object_id=far.pk).state == State.WITHHELD
    edit_customer(anhui_tea, {"city": "合肥"}, actor=li_wei, on=TODAY)
    manager.roles.set([Role.objects.create(key="nothing", name="Nothing", grants={})])
    receivers.run()
    assert len(receivers.messages) == 1


def test_masks_of_the_role_and_of_the_integration_hold(
    receivers, manager, owner, li_wei, anhui_tea
):
    wanted = {"customer": ["name", "phone"]}
    a_webhook(an_integration(manager, owner, field_rules={"reach": "masked"}), owner, fields=wanted)
    edit_customer(anhui_tea, {"phone": "13812346027"}, actor=li_wei, on=TODAY)
    receivers.run()
    assert receivers.messages[-1]["data"]["record"]["phone"] == "138 **** 6027"
    manager.roles.get().__class__.objects.filter(people=manager).update(
        field_rules={"customer": {"reach": "hidden"}}
    )
    edit_customer(anhui_tea, {"phone": "13812346028"}, actor=li_wei, on=TODAY)
    receivers.run()
    data = receivers.messages[-1]["data"]
    assert data["record"] == {"name": "安徽茶业有限公司"}
    assert data["changed"] == []


def test_a_deletion_is_told_to_whom_the_record_was_visible(
    receivers, manager, owner, li_wei, chen_jing, anhui_tea
):
    far = create_customer({"name": "深圳电子", "code": "C-SZ"}, actor=chen_jing, on=TODAY)
    a_webhook(an_integration(manager, owner), owner)
    for customer in (far, anhui_tea):
        delete_customer(customer, actor=owner, on=TODAY)
    receivers.run()
    [message] = receivers.messages
    assert message["data"] == {"kind": "customer", "id": anhui_tea.pk, "is_deleted": True}


def test_a_kind_that_was_not_given_is_not_told(receivers, owner, li_wei, anhui_tea):
    only_customers = an_integration(owner, grants={"customer": ["read"]})
    a_webhook(only_customers, owner, fields={})
    log_interaction(anhui_tea, "call", "谈了交期", actor=li_wei, at=NOW)
    receivers.run()
    assert receivers.messages == []


def test_what_is_kept_of_a_message_are_the_names_of_its_fields(
    webhook, receivers, anhui_tea, li_wei
):
    edit_customer(anhui_tea, {"city": "黄山"}, actor=li_wei, on=TODAY)
    receivers.run()
    kept = Delivery.objects.get(deed="customer.edited").request
    assert '"record":["city","name"]' in kept
    assert "黄山" not in kept
