"""A deed on many records is one message; which records, is asked page by page and within one's rights."""

import pytest
from django.utils import timezone

from cast import TODAY
from kezhi.audit.models import Entry
from kezhi.customers.creating import create_customer
from kezhi.customers.handing_over import prepare_hand_over, start_hand_over
from kezhi.messaging.models import Delivery
from kezhi.messaging.webhooks.keeping import create_webhook
from receivers import ERP, Receivers

pytestmark = pytest.mark.django_db


@pytest.fixture
def handed_over(owner, li_wei, sun_yue, program):
    """A program that is told; then all of Li Wei's customers go to a colleague."""
    told = program(owner)
    wanted = {"name": "ERP", "url": ERP, "deeds": ["hand_over.done"], "fields": {}}
    create_webhook(told.integration, wanted, actor=owner, at=timezone.now())
    mine = [
        create_customer({"name": f"客户 {n}", "code": f"C-{n}"}, actor=li_wei, on=TODAY).pk
        for n in range(3)
    ]
    plan = {
        "rule": "one",
        "main_successor": sun_yue,
        "plan": {},
        "message": "",
        "deactivates": False,
    }
    drafted = prepare_hand_over(li_wei, plan, actor=owner, on=TODAY)
    start_hand_over(drafted, actor=owner, on=TODAY)
    return told, mine


def test_one_message_and_the_records_page_by_page(handed_over):
    told, mine = handed_over
    receivers = Receivers()
    receivers.run()
    [message] = receivers.messages
    assert message["data"]["kind"] == "customer"
    address = message["data"]["changes"].removeprefix("/api/v1")
    first = told.get(f"{address}&limit=2").json
    assert first == {"kind": "customer", "ids": sorted(mine)[:2], "next": sorted(mine)[1]}
    rest = told.get(f"{address}&limit=2&after={first['next']}").json
    assert rest == {"kind": "customer", "ids": sorted(mine)[2:], "next": None}


def test_others_do_not_learn_of_it(handed_over, program, owner):
    told, _mine = handed_over
    key = Delivery.objects.get().event_key
    other = program(owner, name="Shop")
    assert other.get(f"/event-changes?event={key}").status == 404
    unheard = Entry.objects.filter(deed="customer.created").first().key
    for wrong in (unheard, "nonsense", ""):
        assert told.get(f"/event-changes?event={wrong}").status == 404
    assert told.get(f"/event-changes?event={key}&limit=5000").status == 400
    assert told.get(f"/event-changes?event={key}&more=1").status == 400


def test_what_the_integration_may_not_see_is_left_out(handed_over, manager, owner, li_wei):
    told, _mine = handed_over
    key = Delivery.objects.get().event_key
    type(told.integration).objects.filter(pk=told.integration.pk).update(
        grants={"product": ["read"]}
    )
    assert told.get(f"/event-changes?event={key}").status == 403
