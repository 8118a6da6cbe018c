"""Webhooks in the settings: set up by who may, tried, paused, sent again; secrets once and never again."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from cast import TODAY
from kezhi.customers.creating import edit_customer
from kezhi.messaging.models import Delivery, Webhook
from receivers import ERP, Receivers, a_webhook, an_integration

pytestmark = pytest.mark.django_db
ASKED = {"name": "ERP", "url": ERP, "d": ["customer.edited"], "f": ["customer.name"]}


@pytest.fixture
def client_of():
    def of(person):
        client = Client()
        client.force_login(person)
        session = client.session
        session["confirmed_at"] = timezone.now().timestamp()
        session.save()
        return client

    return of


@pytest.fixture
def integration(owner):
    return an_integration(owner)


@pytest.fixture
def webhook(integration, owner, anhui_tea):
    return a_webhook(integration, owner).webhook


def one(webhook, rest=""):
    return f"/settings/webhooks/{webhook.pk}/{rest}"


def test_it_is_set_up_and_its_secret_shown_once(client_of, owner, integration):
    client = client_of(owner)
    assert integration.name in client.get("/settings/webhooks/new/").content.decode()
    address = f"/settings/webhooks/new/?integration={integration.pk}"
    assert b"customer.edited" in client.get(address).content
    page = client.post(address, ASKED).content.decode()
    assert re.search(r"whsec_[A-Za-z0-9+/=]{40,}", page)
    webhook = Webhook.objects.get()
    assert (webhook.deeds, webhook.fields) == (["customer.edited"], {"customer": ["name"]})
    assert "whsec_" not in client.get(one(webhook)).content.decode()


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://erp.example/"},
        {"url": "https://user:secret@erp.example/"},
        {"url": "ftp://erp.example/"},
        {"d": []},
        {"d": ["role.changed"]},
        {"f": ["customer.nothing"]},
        {"f": ["cost.amount"]},
        {"name": " "},
    ],
)
def test_what_does_not_fit_is_said_and_keeps_what_was_typed(client_of, owner, integration, wrong):
    response = client_of(owner).post(
        f"/settings/webhooks/new/?integration={integration.pk}", {**ASKED, **wrong}
    )
    assert response.status_code == 422
    assert not Webhook.objects.exists()


def test_the_page_shows_what_became_of_messages(client_of, owner, webhook, anhui_tea, li_wei):
    receivers, client = Receivers(), client_of(owner)
    receivers.answers[ERP] = 503
    edit_customer(anhui_tea, {"city": "黄山"}, actor=li_wei, on=TODAY)
    receivers.run()
    assert "503" in client.get(one(webhook)).content.decode()
    delivery = Delivery.objects.get()
    detail = client.get(one(webhook, f"deliveries/{delivery.pk}/")).content.decode()
    assert "503" in detail
    assert delivery.event_key.hex in detail
    assert "黄山" not in detail
    assert client.get(one(webhook, "?state=failed")).status_code == 200


def test_a_test_message_and_sending_again(client_of, owner, webhook):
    client, receivers = client_of(owner), Receivers()
    client.post(one(webhook, "ping/"))
    receivers.run()
    assert receivers.messages[0]["type"] == "webhook.ping"
    sent = Delivery.objects.get()
    client.post(one(webhook, "replay/"), {"delivery": sent.pk})
    receivers.run()
    day = timezone.now().strftime("%Y-%m-%d")
    client.post(one(webhook, "replay/"), {"since": f"{day}T00:00"})
    receivers.run()
    assert len(receivers.messages) == 3
    assert len({headers["webhook-id"] for _url, headers, _body in receivers.came}) == 1
    assert client.post(one(webhook, "replay/"), {}).status_code == 409


def test_paused_resumed_renewed_and_removed(client_of, owner, webhook):
    client = client_of(owner)
    client.post(one(webhook, "pause/"))
    assert not Webhook.objects.get().is_active
    client.post(one(webhook, "resumption/"))
    assert Webhook.objects.get().is_active
    assert b"whsec_" in client.post(one(webhook, "secret/")).content
    client.post(one(webhook, "removal/"))
    assert not Webhook.objects.exists()


def test_two_who_edit_at_once_are_told(client_of, owner, webhook):
    client = client_of(owner)
    for expected in (302, 409):
        asked = {**ASKED, "version": 1, "name": f"ERP {expected}"}
        assert client.post(one(webhook, "edit/"), asked).status_code == expected


def test_who_does_not_manage_integrations_sees_none(client_of, li_wei, webhook):
    client = client_of(li_wei)
    assert client.get("/settings/webhooks/").status_code == 403
    assert client.get(one(webhook)).status_code == 403
    assert client.post(one(webhook, "removal/")).status_code == 403
    assert Webhook.objects.exists()


def test_the_page_asks_as_much_for_many_messages(
    client_of, owner, webhook, django_assert_max_num_queries, anhui_tea, li_wei
):
    client = client_of(owner)
    client.get(one(webhook))
    for number in range(12):
        edit_customer(anhui_tea, {"city": str(number)}, actor=li_wei, on=TODAY)
    with django_assert_max_num_queries(14):
        client.get(one(webhook))
