"""Work on tickets: merged and parted, in parts, resting, by macro, by skill and load, and what it costs."""

from datetime import timedelta
from decimal import Decimal

import pytest

from cast import NOW, TODAY
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import create_customer
from kezhi.customers.models import Standing
from kezhi.insight.models import ActivityRate
from kezhi.insight.serving import publish_rate
from kezhi.ledger.models import CostEntry
from kezhi.messaging.models import Notice
from kezhi.service.models import Macro, Ticket
from kezhi.service.tickets import presence
from kezhi.service.tickets.answering import answer, receive
from kezhi.service.tickets.changing import change_ticket, set_state
from kezhi.service.tickets.costing import book_service_time
from kezhi.service.tickets.macros import add_macro, change_macro, use_macro, words_of
from kezhi.service.tickets.merging import merge_ticket, part_ticket
from kezhi.service.tickets.opening import open_ticket
from kezhi.service.tickets.parting import make_part, settle_with_parts
from kezhi.service.tickets.routing import route_ticket
from kezhi.service.tickets.snoozing import snooze_ticket, wake_due
from kezhi.service.tickets.staking import keep_stakes

pytestmark = pytest.mark.django_db


def a_ticket(customer, actor, subject="冷链车温度超标", **more):
    fields = {"customer": customer, "subject": subject, **more}
    return open_ticket(fields, actor=actor, at=NOW, text=f"{subject}，请给说法")


def test_merged_words_move_and_come_back(anhui_tea, agent, chen_jing):
    one, other = a_ticket(anhui_tea, agent, "温度"), a_ticket(anhui_tea, agent, "还是温度")
    stranger = create_customer({"name": "别处"}, actor=chen_jing, on=TODAY)
    with pytest.raises(Refused):
        merge_ticket(a_ticket(stranger, agent), one, actor=agent, at=NOW)
    merge_ticket(other, one, actor=agent, at=NOW)
    other.refresh_from_db()
    assert (other.state, other.merged_into) == ("merged", one)
    assert set(one.entries.exclude(sort="event").values_list("text", flat=True)) == {
        "温度，请给说法",
        "还是温度，请给说法",
    }
    written = receive(other, "第三次了", actor=agent, at=NOW + timedelta(hours=1))
    assert written.ticket == one
    for refused in (
        lambda: answer(other, "好", actor=agent, at=NOW),
        lambda: merge_ticket(other, one, actor=agent, at=NOW),
        lambda: set_state(other, "open", actor=agent, at=NOW),
    ):
        with pytest.raises(Refused):
            refused()
    part_ticket(other, actor=agent, at=NOW)
    other.refresh_from_db()
    assert (other.state, other.merged_into_id) == ("new", None)
    assert other.entries.filter(text="还是温度，请给说法").exists()
    assert one.entries.filter(text="第三次了").exists()


def test_a_ticket_with_open_parts_is_closed_with_them_or_not_at_all(anhui_tea, agent):
    whole, part = a_ticket(anhui_tea, agent), a_ticket(anhui_tea, agent, "补发")
    make_part(part, whole, actor=agent, at=NOW)
    with pytest.raises(Refused):
        make_part(whole, part, actor=agent, at=NOW)
    with pytest.raises(Refused, match=part.number):
        set_state(whole, "solved", actor=agent, at=NOW)
    settle_with_parts(whole, "solved", actor=agent, at=NOW, solution="已补发")
    assert set(Ticket.objects.values_list("state", "solution")) == {("solved", "已补发")}


def test_a_ticket_rests_until_its_moment_or_until_the_customer_writes(anhui_tea, agent):
    one, other = (a_ticket(anhui_tea, agent, assignee=agent) for _ in range(2))
    with pytest.raises(Refused):
        snooze_ticket(one, NOW - timedelta(hours=1), actor=agent, at=NOW)
    for ticket in (one, other):
        snooze_ticket(ticket, NOW + timedelta(days=1), actor=agent, at=NOW)
    receive(other, "急", actor=SYSTEM, at=NOW + timedelta(hours=1))
    assert wake_due(NOW + timedelta(hours=23)) == 0
    assert wake_due(NOW + timedelta(hours=25)) == 1
    assert not Ticket.objects.filter(snoozed_until__isnull=False).exists()
    assert Notice.objects.get(kind="ticket.woke").about_id == one.pk


def test_who_is_there_lapses_by_itself(anhui_tea, agent, li_wei):
    ticket = a_ticket(anhui_tea, agent)
    presence.come(ticket, agent, NOW, is_writing=True)
    [there] = presence.others(ticket, li_wei, NOW)
    assert (there.person, there.is_writing) == (agent, True)
    assert presence.others(ticket, agent, NOW) == []
    assert presence.others(ticket, li_wei, NOW + presence.LASTS) == []
    assert presence.forget_lapsed(NOW + timedelta(hours=1)) == 1


def test_a_macro_writes_and_changes_in_one_step(anhui_tea, agent, li_wei, owner):
    entries = {
        "name": "补发",
        "text": "{{contact.name}}：{{ticket.number}} 已补发。{{sender.name}}",
        "state": "waiting",
        "priority": 3,
        "takes": True,
    }
    macro = add_macro(entries, actor=agent)
    ticket = a_ticket(anhui_tea, agent, requester_name="顾晓峰")
    filled = words_of(macro, ticket, agent, TODAY)
    assert filled.text == f"顾晓峰：{ticket.number} 已补发。{agent.name}"
    use_macro(ticket, macro, filled.text, actor=agent, at=NOW)
    ticket.refresh_from_db()
    assert (ticket.state, ticket.priority, ticket.assignee) == ("waiting", 3, agent)
    assert not Macro.objects.visible_to(li_wei).exists()
    for refused in (
        lambda: use_macro(ticket, macro, "x", actor=li_wei, at=NOW),
        lambda: change_macro(macro, {"name": "x"}, actor=li_wei, version=1),
        lambda: add_macro({"name": "x", "text": "x", "is_shared": True}, actor=agent),
    ):
        with pytest.raises(NotAllowed):
            refused()
    with pytest.raises(Refused):
        add_macro({"name": "y", "text": "{{customer.password}}"}, actor=agent)
    shared = add_macro({"name": "x", "text": "好", "is_shared": True}, actor=owner)
    assert list(Macro.objects.visible_to(li_wei)) == [shared]


def test_who_has_the_skill_and_least_to_do_gets_it(anhui_tea, agent, li_wei, sun_yue):
    for person in (agent, sun_yue):
        person.skills = ["冷链"]
        person.save()
    a_ticket(anhui_tea, agent, assignee=agent)
    by_itself = a_ticket(anhui_tea, SYSTEM, channel="email")
    assert (by_itself.assignee, by_itself.skills) == (sun_yue, ["冷链"])
    assert a_ticket(anhui_tea, SYSTEM, "发票", channel="email").assignee is None
    noted = a_ticket(anhui_tea, agent)
    assert noted.assignee is None
    route_ticket(noted, actor=agent, at=NOW)
    noted.refresh_from_db()
    assert noted.assignee == agent
    with pytest.raises(Refused):
        route_ticket(noted, actor=agent, at=NOW)


def test_stakes_follow_the_last_value_run(anhui_tea, agent):
    ticket, done = a_ticket(anhui_tea, agent), a_ticket(anhui_tea, agent)
    set_state(done, "closed", actor=agent, at=NOW)
    Standing.objects.filter(customer=anhui_tea).update(value_at_risk=5_000)
    assert keep_stakes() == 1
    ticket.refresh_from_db()
    done.refresh_from_db()
    assert (ticket.at_stake, done.at_stake) == (5_000, 0)


def test_minutes_become_cost_once_and_follow_the_customer(anhui_tea, agent, owner, li_wei):
    ticket = a_ticket(anhui_tea, agent)
    answer(ticket, "查", actor=agent, at=NOW, minutes=90)
    assert book_service_time(actor=SYSTEM, on=TODAY) == 0
    publish_rate(
        ActivityRate.Activity.HOUR,
        Decimal(120),
        actor=owner,
        on=TODAY,
        since_on=TODAY - timedelta(days=1),
        reason="工资",
    )
    assert [book_service_time(actor=SYSTEM, on=TODAY) for _ in range(2)] == [1, 0]
    cost = CostEntry.objects.get()
    assert (cost.customer, cost.amount, cost.activity, cost.incurred_on) == (
        anhui_tea,
        180,
        "service",
        TODAY,
    )
    other = create_customer({"name": "苏州恒泰"}, actor=li_wei, on=TODAY)
    for wanted in (other, anhui_tea):
        change_ticket(ticket, {"customer": wanted}, actor=agent, at=NOW)
        sums = {
            name: sum(CostEntry.objects.filter(customer=each).values_list("amount", flat=True))
            for name, each in (
                ("here", wanted),
                ("there", {other, anhui_tea}.difference({wanted}).pop()),
            )
        }
        assert sums == {"here": 180, "there": 0}
    assert book_service_time(actor=SYSTEM, on=TODAY) == 0
