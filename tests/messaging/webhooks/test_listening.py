"""A deed tells who wants to hear, in its own transaction, and costs nothing where nobody does."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from cast import NOW, TODAY
from kezhi.audit.models import Entry
from kezhi.core.refusal import Refused
from kezhi.customers.creating import create_contact, create_customer, edit_customer
from kezhi.customers.following_up import log_interaction
from kezhi.messaging.models import Delivery
from kezhi.messaging.webhooks import keeping
from kezhi.messaging.webhooks.listening import offered
from kezhi.workbench.attaching import attach

pytestmark = pytest.mark.django_db


def test_where_nobody_listens_a_deed_asks_nothing_more(anhui_tea, li_wei, owner, request):
    def cost(city):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            edit_customer(anhui_tea, {"city": city}, actor=li_wei, on=TODAY)
        return len(asked)

    edit_customer(
        anhui_tea, {"city": "芜湖"}, actor=li_wei, on=TODAY
    )  # what is asked once is asked
    alone = cost("黄山")
    webhook = request.getfixturevalue("webhook")
    keeping.change_webhook(webhook, {"deeds": ["customer.deleted"]}, actor=owner)
    assert cost("合肥") == alone
    keeping.change_webhook(webhook, {"deeds": ["customer.edited"]}, actor=owner)
    assert cost("宣城") == alone + 1


def test_every_receiver_gets_its_own_message_with_the_deed(webhook, li_wei):
    customer = create_customer({"name": "黄山毛峰", "code": "C-HS"}, actor=li_wei, on=TODAY)
    delivery = Delivery.objects.get()
    entry = Entry.objects.filter(deed="customer.created").latest("pk")
    assert (delivery.event_key, delivery.kind, delivery.object_id) == (
        entry.key,
        "customer",
        customer.pk,
    )


def test_what_failed_is_not_told(webhook, anhui_tea, li_wei):
    def half_done():
        with transaction.atomic():
            edit_customer(anhui_tea, {"city": "黄山"}, actor=li_wei, on=TODAY)
            raise Refused("no")

    with pytest.raises(Refused):
        half_done()
    assert not Delivery.objects.filter(deed="customer.edited").exists()


def test_the_record_is_that_which_the_deed_is_named_for(webhook, anhui_tea, li_wei):
    """The deed is given the customer and returns the interaction."""
    entry = log_interaction(anhui_tea, "call", "谈了交期", actor=li_wei, at=NOW)
    delivery = Delivery.objects.get(deed="interaction.logged")
    assert (delivery.kind, delivery.object_id) == ("interaction", entry.pk)


def test_what_nobody_chose_leaves_nothing(webhook, anhui_tea, li_wei):
    create_contact({"customer": anhui_tea, "name": "张敏"}, actor=li_wei, on=TODAY)
    assert not Delivery.objects.filter(kind="contact").exists()


def test_a_file_is_told_with_the_record_that_it_is_on(
    set_up, anhui_tea, li_wei, owner, settings, tmp_path
):
    settings.MEDIA_ROOT = tmp_path
    keeping.change_webhook(set_up.webhook, {"deeds": ["attachment.added"]}, actor=owner)
    attach(anhui_tea, "a.txt", [b"a"], kind="customer", actor=li_wei, at=NOW)
    delivery = Delivery.objects.get()
    assert (delivery.kind, delivery.object_id) == ("customer", anhui_tea.pk)


def test_deeds_are_offered_by_kind_of_record():
    deeds = offered()
    assert "clock.attended" in deeds["ticket"]
    assert "customer.edited" in deeds["customer"]
    assert {"import.done", "hand_over.done", "value_run.published"} <= set(deeds[""])
    assert not any(
        deed.startswith(("role.", "token.", "password."))
        for each in deeds.values()
        for deed in each
    )
