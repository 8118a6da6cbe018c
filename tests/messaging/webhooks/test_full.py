"""Many messages both ways, by chance: out, over a receiver that comes and goes for six simulated hours; in,
three times each, in any order, some forged.

A slice; `./kezhi bench webhooks` does it with ten thousand.
"""

from __future__ import annotations

import http.server
import json
import os
import random
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from standardwebhooks.webhooks import Webhook as Signer

from cast import TODAY
from kezhi.customers.creating import create_customer, edit_customer
from kezhi.customers.models import Customer, Interaction
from kezhi.messaging.models import Delivery
from kezhi.messaging.webhooks import delivering, inbound, keeping
from kezhi.messaging.webhooks.delivering import Dispatcher
from receivers import AtOnce, an_integration

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
CASES = int(os.environ.get("KEZHI_SECURITY_CASES", "20"))
FIRST = int(os.environ.get("KEZHI_SECURITY_FROM", "0"))
SEED = int(os.environ.get("KEZHI_SECURITY_SEED", "20261122"))


class Receiver(http.server.ThreadingHTTPServer):
    """On this machine, which checks the signature; up or down as it is told."""

    def __init__(self, secret: str) -> None:
        self.signer, self.is_up, self.came = Signer(secret), True, []
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.is_up:
            # By hand: the library's check would find that the clock of this test has been turned.
            at = datetime.fromtimestamp(int(self.headers["webhook-timestamp"]), UTC)
            signed = self.server.signer.sign(self.headers["webhook-id"], at, body.decode())
            assert signed in self.headers["webhook-signature"].split(" ")
            self.server.came.append((self.headers["webhook-id"], json.loads(body)["data"]["id"]))
        self.send_response(204 if self.server.is_up else 503)
        self.end_headers()

    def log_message(self, *_about):
        pass


def test_out_none_is_lost_and_each_record_keeps_its_order(webhook, li_wei, owner, settings):
    settings.PRIVATE_HOSTS = ["localhost"]
    dice = random.Random(f"{SEED} {FIRST} out")
    made = keeping.rotate_secret(webhook, actor=owner, at=timezone.now())
    receiver = Receiver(made.secret)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    address = f"http://localhost:{receiver.server_port}/hook"
    keeping.change_webhook(webhook, {"url": address}, actor=owner)
    customers = [
        create_customer({"name": f"客户 {n}", "code": f"C-{n}"}, actor=li_wei, on=TODAY)
        for n in range(max(4, CASES // 50))
    ]
    at = timezone.now() + timedelta(seconds=1)
    end = at + timedelta(hours=6)
    dispatcher = Dispatcher(clock=lambda: at, pool=AtOnce(), send=delivering.send)
    steps = 36
    for step in range(steps):
        receiver.is_up = step in (0, steps - 1) or dice.random() < 0.15
        for _deed in range(CASES // steps + 1):
            customer = dice.choice(customers)
            edit_customer(customer, {"city": str(dice.random())}, actor=li_wei, on=TODAY)
        at += (end - at) / (steps - step)
        while dispatcher.step():
            pass
    receiver.is_up = True
    while Delivery.objects.waiting().exists() and at < end + timedelta(hours=3):
        at += timedelta(minutes=10)
        while dispatcher.step():
            pass
    receiver.shutdown()
    receiver.server_close()
    wanted: dict[int, list[str]] = {}
    for key, pk in Delivery.objects.order_by("pk").values_list("event_key", "object_id"):
        wanted.setdefault(pk, []).append(f"msg_{key.hex}")
    arrived: dict[int, list[str]] = {}
    for key, pk in receiver.came:
        arrived.setdefault(pk, []).append(key)
    assert arrived == wanted


RULES = [
    {
        "type": "account.updated", "kind": "customer", "does": "put", "number": "data.number",
        "fields": {"name": "data.name", "city": "data.city"},
    },
    {
        "type": "call.ended", "kind": "interaction",
        "fields": {"customer": "data.account", "channel": "=call", "text": "data.notes"},
    },
]  # fmt: skip


def test_in_each_has_one_effect_and_the_latest_counts(owner):
    dice = random.Random(f"{SEED} {FIRST} in")
    grants = {"customer": ["read", "create", "edit"], "interaction": ["read", "create"]}
    webhook, secret = inbound.create_inbound(
        an_integration(owner, grants=grants),
        {"name": "Shop", "rules": RULES},
        actor=owner,
        at=timezone.now(),
    )
    create_customer({"name": "安徽茶业", "code": "C-AHTEA"}, actor=owner, on=TODAY)
    now, sent, last = datetime.now(UTC), [], {}
    for number in range(CASES):
        happened = now - timedelta(seconds=dice.randrange(10**6))
        if dice.random() < 0.5:
            code, city = f"S-{dice.randrange(CASES // 10 + 1)}", str(number)
            data = {"number": code, "name": code, "city": city}
            sent += [(f"m-{number}", "account.updated", data, happened)] * 3
            last[code] = max(last.get(code, (happened, city)), (happened, city))
        else:
            data = {"account": "C-AHTEA", "notes": f"note {number}"}
            sent += [(f"m-{number}", "call.ended", data, happened)] * 3
    dice.shuffle(sent)
    client, statuses = Client(), []
    for key, name, data, happened in sent:
        body = json.dumps({"type": name, "timestamp": happened.isoformat(), "data": data})
        forged = dice.random()
        at = datetime.now(UTC) - timedelta(minutes=6 if forged < 0.05 else 0)
        signature = Signer(secret).sign(key, at, body + ("x" if 0.05 <= forged < 0.1 else ""))
        headers = {
            "webhook-id": key,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": signature,
        }
        address = f"/api/hooks/{webhook.key}/"
        for is_good in [True] if forged >= 0.1 else [False, True]:
            if is_good and forged < 0.1:  # the forged one changed nothing; the real one comes after
                at = datetime.now(UTC)
                headers["webhook-timestamp"] = str(int(at.timestamp()))
                headers["webhook-signature"] = Signer(secret).sign(key, at, body)
            answer = client.post(address, body, content_type="application/json", headers=headers)
            statuses.append(answer.status_code == (200 if is_good else 401))
    assert all(statuses)
    texts = sorted(Interaction.objects.values_list("text", flat=True))
    assert texts == sorted(
        {data["notes"] for _key, name, data, _at in sent if name == "call.ended"}
    )
    found = dict(Customer.objects.filter(code__startswith="S-").values_list("code", "city"))
    assert found == {code: city for code, (_happened, city) in last.items()}
