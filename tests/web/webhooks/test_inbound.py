"""Inbound webhooks in the settings: address, secret once, rules that are checked, what came."""

import json
import re

import pytest

from kezhi.messaging.models import InboundWebhook
from receivers import an_integration

pytestmark = pytest.mark.django_db
GRANTS = {"customer": ["read", "create", "edit"], "interaction": ["read", "create"]}
RULE = {"type": "a", "kind": "customer", "fields": {"name": "data.name"}}


@pytest.fixture
def page(client, owner):
    """Set up as an owner does it; gives the client and the webhook's address."""
    client.force_login(owner)
    integration = an_integration(owner, grants=GRANTS)
    address = f"/settings/webhooks/inbound/new/?integration={integration.pk}"
    assert "account.updated" in client.get(address).content.decode()
    answer = client.post(address, {"name": "Shop", "rules": json.dumps([RULE])})
    webhook = InboundWebhook.objects.get()
    content = answer.content.decode()
    assert re.search(r"whsec_[A-Za-z0-9+/=]{40,}", content)
    assert f"/api/hooks/{webhook.key}/" in content
    return client, f"/settings/webhooks/inbound/{webhook.pk}/"


def test_the_secret_stands_on_one_answer_only(page):
    client, address = page
    assert "whsec_" not in client.get(address).content.decode()
    assert "whsec_" in client.post(f"{address}secret/").content.decode()


def test_it_is_changed_switched_off_and_removed(page):
    client, address = page
    wanted = {"name": "Store", "rules": json.dumps([RULE]), "version": "1"}
    assert client.post(f"{address}edit/", wanted).status_code == 302
    assert (InboundWebhook.objects.get().name, InboundWebhook.objects.get().is_active) == (
        "Store",
        False,
    )
    assert client.post(f"{address}edit/", wanted).status_code == 409
    client.post(f"{address}removal/")
    assert not InboundWebhook.objects.exists()


@pytest.mark.parametrize("rules", ["", "nonsense", "[" * 100_000, '[{"type": "a"}]', "{}"])
def test_rules_that_cannot_work_are_said_and_kept_as_typed(page, rules):
    client, address = page
    answer = client.post(f"{address}edit/", {"name": "Shop", "rules": rules, "version": "1"})
    assert answer.status_code == 422
    assert rules[:100].replace('"', "&#34;") in answer.content.decode()


def test_the_list_shows_both_ways(page):
    client, _address = page
    assert "Shop" in client.get("/settings/webhooks/").content.decode()
