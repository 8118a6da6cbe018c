"""The pages of tickets, as those see them who work on them and those who don't."""

import re
from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from cast import TODAY
from kezhi.customers.creating import create_customer
from kezhi.customers.models import Standing
from kezhi.ledger.models import Order
from kezhi.service.models import Macro, Ticket
from kezhi.service.tickets import presence
from kezhi.service.tickets.answering import answer
from kezhi.service.tickets.macros import add_macro
from kezhi.service.tickets.noting import note_on_ticket
from kezhi.service.tickets.opening import open_ticket
from kezhi.workbench.tagging import tags_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket(anhui_tea, agent):
    Standing.objects.filter(customer=anhui_tea).update(
        value_at_risk=860_000, p_alive=0.61, p_alive_before=0.84, tier="A"
    )
    fields = {"customer": anhui_tea, "subject": "冷链车温度超标", "type": "fault"}
    return open_ticket(fields, actor=agent, at=timezone.now(), text="车厢 11.4 ℃ <b>请给说法</b>")


def test_the_page_tells_what_was_said_and_what_is_at_stake(
    client, ticket, agent, li_wei, chen_jing
):
    client.force_login(agent)
    page = client.get(f"/tickets/{ticket.pk}/").content.decode()
    assert "&lt;b&gt;请给说法" in page
    assert ticket.number in page
    client.force_login(li_wei)
    page = client.get(f"/tickets/{ticket.pk}/").content.decode()
    assert "0.61" in page
    assert "86" in page
    client.force_login(chen_jing)
    assert client.get(f"/tickets/{ticket.pk}/").status_code == 404


def test_what_is_written_is_an_answer_a_note_or_the_customers_words(client, ticket, agent):
    client.force_login(agent)
    address = f"/tickets/{ticket.pk}/words/"
    file = SimpleUploadedFile("温度.txt", b"11.4", "text/plain")
    sent = {"mode": "reply", "text": "已收到", "minutes": "5", "state": "waiting", "by_phone": "1"}
    assert client.post(address, {**sent, "file": file}).status_code == 302
    client.post(address, {"mode": "said", "text": "还有照片"})
    client.post(address, {"mode": "note", "text": "查合同"})
    rows = ticket.entries.exclude(sort="event").order_by("pk").values_list("sort", "minutes")
    assert list(rows) == [("received", 0), ("sent", 5), ("received", 0), ("note", 0)]
    ticket.refresh_from_db()
    assert ticket.state == "open"
    assert "温度.txt" in client.get(f"/tickets/{ticket.pk}/").content.decode()
    refused = client.post(address, {"mode": "reply", "text": "{{contact.name}} 你好"})
    assert refused.status_code == 409
    assert "{{contact.name}}" in refused.content.decode()
    assert client.post(address, {"mode": "note", "text": "x", "minutes": "-3"}).status_code == 409


def test_the_small_deeds(client, ticket, agent, li_wei, manager, owner):
    client.force_login(agent)
    at = f"/tickets/{ticket.pk}"
    client.post(f"{at}/taking/")
    ticket.refresh_from_db()
    assert ticket.assignee == agent
    client.post(f"{at}/assignee/", {"worker": li_wei.pk, "reason": "熟"})
    until = (timezone.localtime() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    client.post(f"{at}/rest/", {"until": until})
    ticket.refresh_from_db()
    assert (ticket.assignee, bool(ticket.snoozed_until)) == (li_wei, True)
    client.post(f"{at}/rest/", {"wake": "1"})
    client.post(f"{at}/state/", {"state": "solved", "solution": "补发", "next": "/tickets/board/"})
    ticket.refresh_from_db()
    assert (ticket.state, ticket.solution, ticket.snoozed_until) == ("solved", "补发", None)
    assert client.post(f"{at}/state/", {"state": "merged"}).status_code == 409
    ticket.refresh_from_db()
    assert ticket.state == "solved"


def test_a_note_may_end_a_ticket_and_a_refusal_keeps_what_was_typed(
    client, ticket, anhui_tea, agent
):
    client.force_login(agent)
    client.post(
        f"/tickets/{ticket.pk}/words/", {"mode": "note", "text": "自动好了", "state": "solved"}
    )
    ticket.refresh_from_db()
    assert ticket.state == "solved"
    fields = {"customer": anhui_tea, "subject": "拒收", "type": "complaint"}
    complaint = open_ticket(fields, actor=agent, at=timezone.now(), text="赔")
    early = {"state": "solved", "solution": "换了制冷机组"}
    refused = client.post(f"/tickets/{complaint.pk}/state/", early)
    assert refused.status_code == 409
    assert "换了制冷机组</textarea>" in refused.content.decode()
    handed = {"worker": "999999", "reason": "他更熟悉"}
    refused = client.post(f"/tickets/{complaint.pk}/assignee/", handed)
    assert refused.status_code == 409
    assert 'value="他更熟悉"' in refused.content.decode()


def test_a_ticket_is_opened_by_hand_and_merged_and_parted(client, ticket, anhui_tea, agent):
    client.force_login(agent)
    assert (
        client.get(f"/tickets/new/?customer={anhui_tea.pk}&parent={ticket.pk}").status_code == 200
    )
    fields = {
        "tags": "急件",
        "subject": "又超标",
        "customer": anhui_tea.pk,
        "type": "fault",
        "priority": "3",
    }
    done = client.post(
        "/tickets/new/", {**fields, "text": "第二车", "channel": "phone", "minutes": "4"}
    )
    made = Ticket.objects.get(subject="又超标")
    assert [tag.name for tag in tags_of("ticket", made)] == ["急件"]
    assert done.status_code == 302
    assert (made.priority, made.entries.get().minutes) == (3, 4)
    assert client.post("/tickets/new/", {**fields, "subject": ""}).status_code == 422
    assert made.number in client.get(f"/tickets/{ticket.pk}/merge/").content.decode()
    assert client.post(f"/tickets/{ticket.pk}/merge/", {"into": "T-99999"}).status_code == 422
    client.post(f"/tickets/{ticket.pk}/merge/", {"into": made.number.lower()})
    ticket.refresh_from_db()
    assert ticket.merged_into == made
    client.post(f"/tickets/{ticket.pk}/parting/")
    client.post(f"/tickets/{made.pk}/parent/", {"parent": ticket.number})
    made.refresh_from_db()
    assert made.parent == ticket
    assert made.number in client.get(f"/tickets/{ticket.pk}/").content.decode()


def test_who_else_is_there_is_told(client, ticket, agent, li_wei):
    presence.come(ticket, agent, timezone.now(), is_writing=True)
    client.force_login(li_wei)
    assert agent.name in client.get(f"/tickets/{ticket.pk}/presence/?writing=1").content.decode()
    assert presence.others(ticket, agent, timezone.now())[0].is_writing


def test_a_macro_stands_in_the_composer_and_does_its_steps(client, ticket, agent, li_wei):
    client.force_login(agent)
    sent = {"name": "补发", "sort": "reply", "text": "{{ticket.number}} 已补发", "state": "solved"}
    assert client.post("/tickets/macros/new/", {**sent, "assignee": "me"}).status_code == 302
    macro = Macro.objects.get()
    page = client.get(
        f"/tickets/{ticket.pk}/?macro={macro.pk}",
        headers={"HX-Request": "true", "HX-Target": "composer"},
    ).content.decode()
    assert f"{ticket.number} 已补发" in page
    assert "<html" not in page
    words = {
        "mode": "reply",
        "text": "已补发",
        "macro": macro.pk,
        "state": "solved",
        "by_phone": "1",
    }
    client.post(f"/tickets/{ticket.pk}/words/", words)
    ticket.refresh_from_db()
    assert (ticket.state, ticket.assignee) == ("solved", agent)
    assert client.post(f"/tickets/macros/{macro.pk}/", {**sent, "version": "0"}).status_code == 422
    other = add_macro({"name": "x", "text": "x"}, actor=li_wei)
    assert client.get(f"/tickets/macros/{other.pk}/").status_code == 404
    assert client.post(f"/tickets/macros/{macro.pk}/removal/").status_code == 302


def test_queue_board_and_page_ask_as_much_for_many_as_for_few(
    client, ticket, anhui_tea, agent, django_assert_max_num_queries
):
    client.force_login(agent)
    # An empty list asks what would be found without a filter.
    mine = {"customer": anhui_tea, "subject": "我的", "assignee": agent}
    open_ticket(mine, actor=agent, at=timezone.now(), text="说")
    addresses = (
        "/tickets/",
        "/tickets/?view=mine",
        "/tickets/board/",
        f"/tickets/{ticket.pk}/",
    )
    counts = []
    for _round in range(2):
        found = []
        for address in addresses:
            with django_assert_max_num_queries(80) as asked:
                assert client.get(address).status_code == 200
            found.append(len(asked))
        counts.append(found)
        for number in range(4):
            fields = {"customer": anhui_tea, "subject": f"第 {number} 件", "assignee": agent}
            open_ticket(fields, actor=agent, at=timezone.now(), text="说")
            answer(ticket, f"答 {number}", actor=agent, at=timezone.now(), channel="phone")
    assert counts[0] == counts[1]


def test_many_tickets_change_at_once_and_each_refusal_is_told(client, ticket, anhui_tea, agent):
    client.force_login(agent)
    now = timezone.now()
    fields = {"customer": anhui_tea, "subject": "货损", "type": "complaint"}
    angry = open_ticket(fields, actor=agent, at=now, text="赔")
    both = {"selected": [ticket.pk, angry.pk]}
    assert "换垫圈" not in client.post("/tickets/bulk/state/", both).content.decode()
    assert client.post("/tickets/bulk/state/", {**both, "go": "1"}).status_code == 422
    wanted = {**both, "state": "closed", "solution": "换垫圈", "go": "1"}
    told = client.post("/tickets/bulk/state/", wanted, follow=True).content.decode()
    assert "货损" in told  # the complaint stays, and the page says why
    rows = Ticket.objects.filter(pk__in=both["selected"]).order_by("pk")
    assert list(rows.values_list("state", "solution")) == [("closed", "换垫圈"), ("new", "")]
    undo = re.search(r'action="(/undo/[^"]+)"', told)
    client.post(undo[1])
    assert list(rows.values_list("state", "solution")) == [("new", ""), ("new", "")]
    until = (timezone.localtime() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    client.post("/tickets/bulk/rest/", {**both, "until": until, "go": "1"})
    assert rows.filter(snoozed_until__isnull=False).count() == 2
    client.post("/tickets/bulk/rest/", {**both, "soon": "wake", "go": "1"})
    assert not rows.filter(snoozed_until__isnull=False).exists()
    client.post("/tickets/bulk/edit/", {**both, "field": "priority", "priority": "4", "go": "1"})
    client.post("/tickets/bulk/assign/", {**both, "person": agent.pk, "go": "1"})
    assert list(rows.values_list("priority", "assignee")) == [(4, agent.pk)] * 2


def test_the_message_after_a_step_offers_its_undo(client, ticket, anhui_tea, agent):
    client.force_login(agent)
    at = f"/tickets/{ticket.pk}"
    other = open_ticket(
        {"customer": anhui_tea, "subject": "又漏"}, actor=agent, at=timezone.now(), text="漏"
    )
    for address, sent in (
        ("taking/", {}),
        ("state/", {"state": "solved"}),
        ("merge/", {"into": other.number}),
    ):
        page = client.post(f"{at}/{address}", sent, follow=True).content.decode()
        back = client.post(re.search(r'action="(/undo/[^"]+)"', page)[1], follow=True)
        assert back.status_code == 200
        ticket.refresh_from_db()
        assert (ticket.state, ticket.assignee, ticket.merged_into) == ("new", None, None)
    told = client.post(f"{at}/merge/", {"into": other.number, "tells": "1"}, follow=True)
    assert "/undo/" not in told.content.decode()


def test_the_order_is_named_among_those_one_sees(client, ticket, anhui_tea, agent, chen_jing):
    mine = Order.objects.create(
        number="SO-1", customer=anhui_tea, ordered_on=date(2026, 10, 1), currency="CNY", amount=9,
        promised_on=date(2026, 10, 8), delivered_on=date(2026, 10, 11), **anhui_tea.place,
    )  # fmt: skip
    theirs = create_customer({"name": "别处"}, actor=chen_jing, on=TODAY)
    strange = Order.objects.create(
        number="SO-2", customer=theirs, ordered_on=date(2026, 10, 1), currency="CNY"
    )
    client.force_login(agent)
    at = f"/tickets/{ticket.pk}/"
    note_on_ticket(ticket, "SO-1 到货超温", actor=agent, at=timezone.now())
    page = client.get(at).content.decode()
    assert "往来内容中提到的订单" in page
    assert f'name="order" value="{mine.pk}"' in page
    client.post(f"{at}order/", {"order": strange.pk})
    ticket.refresh_from_db()
    assert ticket.order is None
    page = client.post(f"{at}order/", {"order": mine.pk}, follow=True).content.decode()
    assert "晚交 3 天" in page
    client.post(f"{at}order/", {"order": ""})
    ticket.refresh_from_db()
    assert ticket.order is None
