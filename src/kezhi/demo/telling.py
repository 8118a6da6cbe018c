"""The demo company's ERP is told what happens, and the shop tells: both as they look after some days of use.

Nothing is sent anywhere: the webhook is paused, and what it had sent is told by notes of ours.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from kezhi.accounts.integrating import create_integration
from kezhi.accounts.models import User
from kezhi.customers.creating import edit_customer
from kezhi.customers.models import Customer
from kezhi.messaging.models import Delivery, InboundWebhook, Received
from kezhi.messaging.webhooks.delivering import Reply, note_reply
from kezhi.messaging.webhooks.inbound import create_inbound
from kezhi.messaging.webhooks.keeping import create_webhook, pause_webhook, ping

ERP = "https://erp.example/kezhi"
DEEDS = ("customer.created", "customer.edited", "customer.reassigned", "value_run.published")
REPLIES = (200, 200, 503, 200, 200, 200, 200)
TELLS = (
    ("account.updated", Received.State.DONE, "S-10021"),
    ("account.updated", Received.State.LATE, "S-10021"),
    ("call.ended", Received.State.DONE, ""),
    ("invoice.paid", Received.State.PASSED, ""),
)


def connect_systems(owner: User, *, at: datetime) -> None:
    """An integration with a webhook out, one in, and some messages of each."""
    integration = create_integration(
        {
            "name": "ERP",
            "purpose": "客户主数据与分级同步",
            "grants": {"customer": ["read", "create", "edit"], "interaction": ["read", "create"]},
            "field_rules": {"reach": "masked"},
        },
        actor=owner,
        on=at.date(),
    )
    webhook = create_webhook(
        integration,
        {
            "name": "ERP",
            "url": ERP,
            "deeds": DEEDS,
            "fields": {"customer": ["name", "code", "city", "tier", "phone"]},
        },
        actor=owner,
        at=at,
    ).webhook
    ping(webhook, actor=owner, at=at)
    for customer in Customer.objects.filter(website="").order_by("pk")[: len(REPLIES) - 1]:
        changes = {"website": f"https://www.{customer.code.lower()}.example"}
        edit_customer(customer, changes, actor=owner, on=at.date())
    waiting = webhook.deliveries.order_by("pk")
    for delivery, status in zip(waiting, REPLIES, strict=False):
        reply = Reply(status, "ok" if status == 200 else "maintenance", 84 + delivery.pk % 60)
        note_reply(webhook.pk, delivery.pk, reply, at=at)
    Delivery.objects.filter(webhook=webhook).update(
        happened_at=at,
        request='{"type":"customer.edited","data":{"kind":"customer","changed":["website"],'
        '"record":["city","code","name","phone","tier"]}}',
    )
    webhook.refresh_from_db()
    pause_webhook(webhook, actor=owner, at=at)
    _shop(
        create_inbound(integration, {"name": "商城", "rules": RULES}, actor=owner, at=at).webhook,
        at,
    )


RULES = [
    {
        "type": "account.updated",
        "kind": "customer",
        "does": "put",
        "number": "data.number",
        "fields": {"name": "data.name", "city": "data.address.city"},
    },
    {
        "type": "call.ended",
        "kind": "interaction",
        "fields": {"customer": "data.account", "channel": "=call", "text": "data.notes"},
    },
]


def _shop(webhook: InboundWebhook, at: datetime) -> None:
    for place, (name, state, number) in enumerate(TELLS):
        came = at - timedelta(hours=len(TELLS) - place)
        Received.objects.create(
            webhook=webhook,
            message_id=f"evt_{8410 + place}",
            type=name,
            sent_at=came,
            received_at=came,
            state=state,
            kind="customer" if number else "",
            number=number,
        )
    InboundWebhook.objects.filter(pk=webhook.pk).update(received_at=at - timedelta(hours=1))
