"""Messages arrive: in order, again until they do, and without waiting for slow receivers."""

import itertools
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from cast import TODAY
from kezhi.accounts.integrating import revoke_integration
from kezhi.customers.creating import create_customer, edit_customer
from kezhi.messaging.models import Delivery, Notice, Webhook
from kezhi.messaging.webhooks import delivering, keeping
from kezhi.messaging.webhooks.delivering import Dispatcher, Reply
from receivers import ERP, Receivers, a_webhook

pytestmark = pytest.mark.django_db
State = Delivery.State
CITIES = ("黄山", "合肥", "芜湖", "宣城", "池州")


@pytest.fixture
def customers(li_wei):
    return [
        create_customer({"name": f"客户 {number}", "code": f"C-{number}"}, actor=li_wei, on=TODAY)
        for number in range(4)
    ]


def told(receivers):
    """The cities that arrived, by customer."""
    found = {}
    for message in receivers.messages:
        found.setdefault(message["data"]["id"], []).append(message["data"]["record"]["city"])
    return found


def keys(receivers):
    return [headers["webhook-id"] for _url, headers, _body in receivers.came]


def test_six_hours_without_a_receiver_lose_nothing_and_change_no_order(
    customers, webhook, receivers, li_wei
):
    down_until = receivers.at + timedelta(hours=6)
    receivers.answers[ERP] = lambda _message: 200 if receivers.at >= down_until else 503
    order = {customer.pk: [] for customer in customers}
    for round_, _city in enumerate(CITIES):
        for customer in customers:
            edit_customer(customer, {"city": CITIES[round_]}, actor=li_wei, on=TODAY)
            order[customer.pk].append(Delivery.objects.latest("pk").event_key.hex)
        receivers.pass_time(receivers.at + timedelta(minutes=20), every=timedelta(minutes=5))
    assert receivers.came == []
    receivers.pass_time(down_until + timedelta(minutes=75), every=timedelta(minutes=5))
    arrived = [key.removeprefix("msg_") for key in keys(receivers)]
    assert len(arrived) == len(set(arrived)) == 20
    for wanted in order.values():
        assert [key for key in arrived if key in wanted] == wanted
    assert not Delivery.objects.exclude(state=State.DELIVERED).exists()


def test_attempts_grow_rarer_and_are_never_alike(webhook, receivers, anhui_tea, li_wei):
    receivers.answers[ERP] = 500
    edit_customer(anhui_tea, {"city": "黄山"}, actor=li_wei, on=TODAY)
    receivers.pass_time(receivers.at + timedelta(days=2), every=timedelta(minutes=15))
    tries = [at for at, _url, _key in receivers.tried]
    waits = [later - earlier for earlier, later in itertools.pairwise(tries)]
    assert 7 <= len(tries) <= 13
    assert waits[-1] > 10 * waits[1]
    delays = {delivering.shaken(timedelta(minutes=10)) for _time in range(50)}
    assert len(delays) == 50
    assert all(timedelta(minutes=8) <= delay <= timedelta(minutes=12) for delay in delays)


def test_after_three_days_it_is_paused_and_people_are_told(
    webhook, receivers, anhui_tea, li_wei, owner
):
    receivers.answers[ERP] = 0
    edit_customer(anhui_tea, {"city": "黄山"}, actor=li_wei, on=TODAY)
    receivers.pass_time(receivers.at + timedelta(days=2, hours=20), every=timedelta(minutes=30))
    assert Webhook.objects.get().is_active
    receivers.pass_time(receivers.at + timedelta(days=2), every=timedelta(hours=1))
    assert Webhook.objects.get().pause == Webhook.Pause.NO_ANSWER
    notice = Notice.objects.get(kind="webhook.paused")
    assert (notice.person, notice.words["what"]) == (owner, "ERP")
    tried = len(receivers.tried)
    edit_customer(anhui_tea, {"city": "合肥"}, actor=li_wei, on=TODAY)
    receivers.pass_time(receivers.at + timedelta(days=2), every=timedelta(hours=6))
    assert len(receivers.tried) == tried
    assert Delivery.objects.waiting().count() == 2  # nothing is lost meanwhile


def test_what_waited_while_paused_goes_out_when_it_is_resumed(
    webhook, receivers, anhui_tea, li_wei, owner
):
    keeping.pause_webhook(webhook, actor=owner, at=receivers.at)
    for city in CITIES:
        edit_customer(anhui_tea, {"city": city}, actor=li_wei, on=TODAY)
    receivers.run()
    assert receivers.came == []
    keeping.resume_webhook(webhook, actor=owner, at=receivers.at)
    receivers.run()
    assert len(receivers.came) == len(CITIES)


def test_one_message_that_is_never_taken_holds_up_only_its_own_record(
    customers, webhook, receivers, li_wei
):
    poison = customers[0].pk
    receivers.answers[ERP] = lambda message: 500 if message["data"]["id"] == poison else 200
    for city in CITIES:
        for customer in customers:
            edit_customer(customer, {"city": city}, actor=li_wei, on=TODAY)
    receivers.run()
    assert {pk: len(cities) for pk, cities in told(receivers).items()} == {
        customer.pk: 5 for customer in customers[1:]
    }
    for _half_day in range(16):
        edit_customer(customers[1], {"city": CITIES[_half_day % 5]}, actor=li_wei, on=TODAY)
        receivers.pass_time(receivers.at + timedelta(hours=12), every=timedelta(hours=4))
    assert Delivery.objects.filter(object_id=poison, state=State.FAILED).exists()


def test_gone_for_good_stops_it_at_once(webhook, receivers, anhui_tea, li_wei):
    receivers.answers[ERP] = 410
    edit_customer(anhui_tea, {"city": "黄山"}, actor=li_wei, on=TODAY)
    receivers.run()
    assert Webhook.objects.get().pause == Webhook.Pause.GONE


def test_redirects_are_no_receipt(webhook, receivers, anhui_tea, li_wei):
    receivers.answers[ERP] = 302
    edit_customer(anhui_tea, {"city": "黄山"}, actor=li_wei, on=TODAY)
    receivers.run()
    assert Delivery.objects.get().last_try["status"] == 302
    assert Delivery.objects.waiting().exists()


def test_an_integration_that_is_revoked_takes_its_webhooks_along(
    webhook, integration, receivers, anhui_tea, li_wei, owner
):
    edit_customer(anhui_tea, {"city": "黄山"}, actor=li_wei, on=TODAY)
    revoke_integration(integration, actor=owner, at=timezone.now())
    edit_customer(anhui_tea, {"city": "合肥"}, actor=li_wei, on=TODAY)
    receivers.run()
    assert receivers.tried == []
    assert Webhook.objects.get().state == Webhook.State.ENDED
    assert Delivery.objects.count() == 1


def test_whose_owner_left_sends_nothing(webhook, receivers, anhui_tea, li_wei, owner):
    edit_customer(anhui_tea, {"city": "黄山"}, actor=li_wei, on=TODAY)
    type(owner).objects.filter(pk=owner.pk).update(is_active=False)
    receivers.run()
    assert receivers.tried == []
    assert Webhook.objects.get().pause == Webhook.Pause.NOT_IN_USE


def test_what_was_under_way_when_the_process_died_goes_out_again(
    webhook, receivers, anhui_tea, li_wei
):
    """Between commit and delivery, and between delivery and note: nothing is lost, the id tells twins."""
    edit_customer(anhui_tea, {"city": "黄山"}, actor=li_wei, on=TODAY)
    receivers.dispatcher._settle = lambda: (
        receivers.dispatcher.under_way.clear()
    )  # it never notes it
    receivers.dispatcher.step()
    assert len(receivers.came) == 1
    after = Receivers()
    after.run()
    assert keys(after) == keys(receivers)
    assert Delivery.objects.get().state == State.DELIVERED


def test_a_slow_receiver_delays_nobody_else(integration, owner, anhui_tea, li_wei):
    """It would take 30 seconds; the other gets its messages while it is waited for."""
    slow, quick = "https://slow.example/", "https://quick.example/"
    came, enough = [], threading.Event()

    def send(url, _headers, _body):
        if url == slow:
            enough.wait(30)
        came.append(url)
        return Reply(200, "", 1)

    for url in (slow, quick):
        a_webhook(integration, owner, url=url)
    dispatcher = Dispatcher(clock=lambda: timezone.now() + timedelta(seconds=1), send=send)
    for city in CITIES:
        edit_customer(anhui_tea, {"city": city}, actor=li_wei, on=TODAY)
    while came.count(quick) < len(CITIES):
        dispatcher.step()
    assert slow not in came
    enough.set()
    while Delivery.objects.waiting().exists():
        dispatcher.step()
    assert came.count(slow) == len(CITIES)


def test_one_process_at_a_time_delivers(db):
    with delivering._alone() as is_ours:
        assert is_ours
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
                           " AND objid = %s", [delivering.LOCK])  # fmt: skip
            assert cursor.fetchone()[0] == 1
