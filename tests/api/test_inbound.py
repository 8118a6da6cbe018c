"""Messages of other systems: signed, once, the latest counts, by declared rules and within one's rights."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from standardwebhooks.webhooks import Webhook as Signer

from cast import TODAY
from kezhi.accounts.integrating import revoke_integration
from kezhi.core.refusal import Refused
from kezhi.customers.creating import create_contact, create_customer
from kezhi.customers.models import Consent, Customer, Interaction
from kezhi.messaging.models import InboundWebhook, Received
from kezhi.messaging.webhooks import inbound
from receivers import an_integration

pytestmark = pytest.mark.django_db
GRANTS = {"customer": ["read", "create", "edit"], "interaction": ["read", "create"]}
RULES = [
    {
        "type": "account.updated",
        "kind": "customer",
        "does": "put",
        "number": "data.number",
        "fields": {"name": "data.name", "city": "data.place.city"},
    },
    {
        "type": "call.ended",
        "kind": "interaction",
        "fields": {"customer": "data.account", "channel": "=call", "text": "data.notes"},
    },
]


@pytest.fixture
def shop(owner):
    """Another system with its own secret: `shop.tell(type, data)`."""
    integration = an_integration(owner, grants=GRANTS)
    made = inbound.create_inbound(
        integration, {"name": "Shop", "rules": RULES}, actor=owner, at=timezone.now()
    )
    return Shop(*made)


class Shop:
    def __init__(self, webhook, secret):
        self.webhook, self.secret, self.count = webhook, secret, 0
        self.address = f"/api/hooks/{webhook.key}/"

    def tell(self, kind, data, *, key="", at=None, secret="", happened=None, body=""):
        self.count += 1
        key, at = key or f"m-{self.count}", at or datetime.now(UTC)
        happened = happened or at
        body = body or json.dumps({"type": kind, "timestamp": happened.isoformat(), "data": data})
        signed = Signer(secret or self.secret).sign(key, at, body)
        headers = {
            "webhook-id": key,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": signed,
        }
        return Client().post(self.address, body, content_type="application/json", headers=headers)


def test_an_unsubscription_elsewhere_is_a_no_here(owner, li_wei, anhui_tea):
    """Of everybody with the address, also where a later no came first; of nobody it is passed over."""
    fields = {"customer": anhui_tea, "name": "张敏", "email": "zm@ah.example"}
    zhang = create_contact(fields, actor=li_wei, on=TODAY)
    rule = {"type": "unsubscribed", "kind": "consent", "does": "refuse", "number": "data.email"}
    rule["fields"] = {"purpose": "data.list", "channel": "=email", "source": "=link"}
    grants = {"consent": ["read", "edit"], "contact": ["read"], "customer": ["read"]}
    integration = an_integration(owner, grants=grants)
    mailer = Shop(
        *inbound.create_inbound(
            integration, {"name": "Mail", "rules": [rule]}, actor=owner, at=timezone.now()
        )
    )
    now = datetime.now(UTC)
    told = mailer.tell(
        "unsubscribed", {"email": "ZM@ah.example", "list": "marketing"}, happened=now
    )
    assert told.json()["state"] == "done"
    earlier = {"email": "zm@ah.example", "list": "survey"}
    late = mailer.tell("unsubscribed", earlier, happened=now - timedelta(hours=1))
    assert late.json()["state"] == "done"
    assert set(Consent.objects.values_list("contact", "purpose", "state")) == {
        *((zhang.pk, "marketing", "refused"), (zhang.pk, "survey", "refused")),
    }
    nobody = mailer.tell("unsubscribed", {"email": "else@where.example", "list": "survey"})
    assert (nobody.status_code, nobody.json()["state"]) == (200, "passed")
    assert mailer.tell("unsubscribed", {"email": "zm@ah.example", "list": "all"}).status_code == 422


def test_a_refusal_needs_the_right_and_an_address(owner):
    integration = an_integration(owner, grants={"consent": ["read"], "contact": ["read"]})
    rule = {"type": "x", "kind": "consent", "does": "refuse", "fields": {"purpose": "=survey"}}
    with pytest.raises(Refused, match="邮箱的路径"):
        inbound.checked_rules([rule], integration)
    with pytest.raises(Refused, match="consent"):
        inbound.checked_rules([{**rule, "number": "data.email"}], integration)


def account(number="S-1", name="徽州茶庄", city="黄山"):
    return {"number": number, "name": name, "place": {"city": city}}


def test_a_record_is_created_and_then_made_as_told(shop):
    assert shop.tell("account.updated", account()).status_code == 200
    assert Customer.objects.get().city == "黄山"
    shop.tell("account.updated", account(city="合肥"))
    assert [(row.code, row.city) for row in Customer.objects.all()] == [("S-1", "合肥")]


def test_the_same_message_three_times_has_one_effect(shop, li_wei, anhui_tea):
    said = {"account": "C-AHTEA", "notes": "要新报价"}
    answers = [shop.tell("call.ended", said, key="m-same") for _time in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert Interaction.objects.get().text == "要新报价"


def test_out_of_order_the_latest_counts(shop):
    now = datetime.now(UTC)
    for minute, city in ((1, "黄山"), (3, "芜湖"), (2, "合肥")):
        happened = now - timedelta(minutes=10 - minute)
        shop.tell("account.updated", account(city=city), happened=happened)
    assert Customer.objects.get().city == "芜湖"
    assert Received.objects.filter(state=Received.State.LATE).count() == 1


def test_what_is_not_signed_rightly_or_too_old_is_401_and_writes_nothing(shop):
    old = datetime.now(UTC) - timedelta(minutes=6)
    other = "whsec_" + "A" * 43 + "="
    answers = [
        shop.tell("account.updated", account(), at=old),
        shop.tell("account.updated", account(), at=datetime.now(UTC) + timedelta(minutes=6)),
        shop.tell("account.updated", account(), secret=other),
        Client().post(shop.address, "{}", content_type="application/json"),
        Client().post(shop.address, "{}", content_type="application/json",
                      headers={"webhook-id": "m", "webhook-timestamp": "x", "webhook-signature": "v1"}),
        Client().post(shop.address, b"\xff", content_type="application/json",
                      headers={"webhook-id": "m", "webhook-timestamp": "1", "webhook-signature": "v1,%"}),
    ]  # fmt: skip
    assert [answer.status_code for answer in answers] == [401] * 6
    assert not Customer.objects.exists()
    assert not Received.objects.exists()


def test_the_former_secret_counts_for_a_day(shop, owner):
    renewed = inbound.rotate_inbound(shop.webhook, actor=owner, at=timezone.now()).secret
    assert shop.tell("account.updated", account(name="甲")).status_code == 200
    assert shop.tell("account.updated", account(name="乙"), secret=renewed).status_code == 200
    InboundWebhook.objects.update(former_until=timezone.now())
    assert shop.tell("account.updated", account()).status_code == 401


def test_what_no_rule_names_is_passed_over(shop):
    answer = shop.tell("invoice.paid", {})
    assert (answer.status_code, answer.json()["state"]) == (200, "passed")


def test_what_is_refused_says_why_and_may_come_again(shop, owner, chen_jing):
    """A call with a customer that we don't know yet; once it is there, the same message is done."""
    said = {"account": "C-NEW", "notes": "问价"}
    assert shop.tell("call.ended", said, key="m-late").status_code == 422
    kept = Received.objects.get()
    assert (kept.state, "customer" in kept.said) == ("refused", True)
    create_customer({"name": "新客户", "code": "C-NEW"}, actor=owner, on=TODAY)
    assert shop.tell("call.ended", said, key="m-late").json()["state"] == "done"
    assert Interaction.objects.count() == 1


def test_it_does_no_more_than_the_integration_may(owner, li_wei, chen_jing, anhui_tea):
    """Acting for Chen Jing it doesn't reach Li Wei's customer."""
    integration = an_integration(chen_jing, owner, grants=GRANTS)
    made = inbound.create_inbound(
        integration, {"name": "Shop", "rules": RULES}, actor=owner, at=timezone.now()
    )
    answer = Shop(*made).tell("call.ended", {"account": "C-AHTEA", "notes": "x"})
    assert answer.status_code == 422
    assert not Interaction.objects.exists()


def test_revoked_switched_off_or_guessed_nothing_is_taken(shop, owner):
    assert Client().get(shop.address).status_code == 405
    assert Client().post("/api/hooks/00000000-0000-4000-8000-00000000beef/").status_code == 404
    assert Client().post("/api/hooks/nonsense/").status_code == 404
    revoke_integration(shop.webhook.integration, actor=owner, at=timezone.now())
    assert shop.tell("account.updated", account()).status_code == 404
    assert not Customer.objects.exists()


@pytest.mark.parametrize("body", ["[]", "{}", '{"type": 7}', "nonsense", '{"type": "a\\u0000b"}'])
def test_a_signed_message_that_is_none_is_400(shop, body):
    assert shop.tell("", {}, body=body).status_code == 400


@pytest.mark.parametrize(
    "rules",
    [
        [],
        "nonsense",
        [{"type": "a", "kind": "role", "fields": {"name": "data.a"}}],
        [{"type": "a", "kind": "product", "fields": {"name": "data.a"}}],
        [{"type": "a", "kind": "customer", "fields": {}}],
        [{"type": "a", "kind": "customer", "does": "put", "fields": {"name": "a"}}],
        [{"type": "a", "kind": "customer", "does": "delete", "fields": {"name": "a"}}],
        [{"type": "a", "kind": "customer", "fields": {"name": "a"}, "more": 1}],
        [{"type": "a", "kind": "customer", "fields": {"name": "a"}}] * 2,
    ],
)
def test_rules_that_cannot_work_are_refused(shop, owner, rules):
    with pytest.raises(Refused):
        inbound.change_inbound(shop.webhook, {"rules": rules}, actor=owner)
