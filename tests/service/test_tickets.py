"""Tickets: opened once, placed, answered, passed on, solved; by whom the role permits."""

from datetime import timedelta

import pytest

from cast import NOW, TODAY
from kezhi.audit.models import Entry
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import create_contact, create_customer, reassign_customer
from kezhi.customers.models import Standing
from kezhi.messaging.models import Notice
from kezhi.service.models import Ticket, TicketEntry
from kezhi.service.tickets import hooks
from kezhi.service.tickets.answering import answer, receive
from kezhi.service.tickets.changing import (
    assign_ticket,
    change_ticket,
    pass_on_ticket,
    set_state,
)
from kezhi.service.tickets.noting import note_on_ticket
from kezhi.service.tickets.opening import open_ticket

pytestmark = pytest.mark.django_db


def a_ticket(customer, actor, **more):
    fields = {"customer": customer, "subject": "冷链车温度超标", "type": "fault", **more}
    return open_ticket(fields, actor=actor, at=NOW, text="车厢 11.4 ℃，请给说法")


def test_a_ticket_has_a_number_the_customers_place_and_what_is_at_stake(anhui_tea, agent, li_wei):
    Standing.objects.filter(customer=anhui_tea).update(value_at_risk=860_000)
    ticket = a_ticket(anhui_tea, agent)
    assert ticket.number.startswith("T-")
    assert ticket.state == "new"
    assert (ticket.owner_id, ticket.team_id, ticket.at_stake) == (
        li_wei.pk,
        li_wei.team_id,
        860_000,
    )
    entry = ticket.entries.get()
    assert (entry.sort, entry.author, entry.channel) == ("received", agent, "phone")
    assert ticket.customer_wrote_at == NOW
    assert ticket.handling_department_id == agent.department_id
    assert Entry.objects.filter(deed="ticket.opened", subject_id=ticket.pk).exists()


def test_what_comes_twice_is_opened_once_and_answered_once(anhui_tea, agent):
    fields = {"customer": anhui_tea, "subject": "发票", "channel": "api"}
    one, again = (
        open_ticket(fields, actor=agent, at=NOW, text="请补开", key="api:7") for _ in range(2)
    )
    assert one == again
    assert Ticket.objects.count() == 1
    replies = [answer(one, "已补开", actor=agent, at=NOW, key="r:1") for _ in range(2)]
    words = [receive(one, "谢谢", actor=agent, at=NOW, key="m:1") for _ in range(2)]
    assert len({each.pk for each in (*replies, *words)}) == 2


def test_what_the_product_keeps_is_not_taken_from_outside(anhui_tea, agent):
    for name, entry in (("number", "T-1"), ("at_stake", 9), ("opened_at", NOW), ("owner_id", 1)):
        with pytest.raises(Refused):
            open_ticket({"subject": "x", name: entry}, actor=agent, at=NOW)
        with pytest.raises(Refused):
            change_ticket(a_ticket(anhui_tea, agent), {name: entry}, actor=agent, on=TODAY)


def test_an_answer_takes_it_up_and_words_of_the_customer_open_it_again(anhui_tea, agent):
    ticket = a_ticket(anhui_tea, agent, assignee=agent)
    answer(ticket, "已收到", actor=agent, at=NOW + timedelta(minutes=18), minutes=5)
    ticket.refresh_from_db()
    assert ticket.state == "open"
    assert ticket.first_answered_at == NOW + timedelta(minutes=18)
    answer(ticket, "请核对", actor=agent, at=NOW + timedelta(hours=1), state="waiting")
    ticket.refresh_from_db()
    assert ticket.state == "waiting"
    assert ticket.first_answered_at == NOW + timedelta(minutes=18)
    set_state(ticket, "solved", actor=agent, at=NOW + timedelta(hours=2), solution="补发")
    receive(ticket, "还没收到", actor=agent, at=NOW + timedelta(hours=3), channel="email")
    ticket.refresh_from_db()
    assert (ticket.state, ticket.reopened_count, ticket.solved_at) == ("open", 1, None)
    assert ticket.solution == "补发"
    assert "reopened" in ticket.entries.values_list("event", flat=True)


def test_a_ticket_isnt_closed_against_a_reason(anhui_tea, agent, monkeypatch):
    ticket = a_ticket(anhui_tea, agent)
    monkeypatch.setattr(hooks, "MAY_CLOSE", [lambda _ticket: "还没有客户的答复"])
    with pytest.raises(Refused, match="还没有客户的答复"):
        set_state(ticket, "closed", actor=agent, at=NOW)
    set_state(ticket, "waiting", actor=agent, at=NOW)


def test_every_step_is_heard(anhui_tea, agent, li_wei, monkeypatch):
    heard = []
    for name in ("OPENED", "ANSWERED", "RECEIVED", "STATE", "ASSIGNED", "CHANGED"):
        hear = lambda ticket, *rest, name=name: heard.append(name)  # noqa: E731
        monkeypatch.setattr(hooks, f"ON_{name}", [hear])
    ticket = a_ticket(anhui_tea, agent)
    answer(ticket, "已收到", actor=agent, at=NOW)
    receive(ticket, "好", actor=agent, at=NOW)
    assign_ticket(ticket, li_wei, actor=agent, at=NOW)
    change_ticket(ticket, {"type": "complaint", "priority": "4"}, actor=agent, on=TODAY)
    assert heard == ["OPENED", "ANSWERED", "STATE", "RECEIVED", "ASSIGNED", "CHANGED"]
    ticket.refresh_from_db()
    assert (ticket.type, ticket.priority) == ("complaint", 4)


def test_it_is_passed_on_with_a_reason_and_the_head_is_told(anhui_tea, agent, manager, li_wei):
    ticket = a_ticket(anhui_tea, agent)
    department = li_wei.department
    department.head = manager
    department.save()
    with pytest.raises(Refused):
        pass_on_ticket(ticket, department, actor=agent, at=NOW, reason=" ")
    with pytest.raises(Refused):
        pass_on_ticket(ticket, department, actor=agent, at=NOW, reason="商务问题", worker=agent)
    pass_on_ticket(ticket, department, actor=agent, at=NOW, reason="商务问题")
    ticket.refresh_from_db()
    assert (ticket.handling_department, ticket.assignee) == (department, None)
    assert Notice.objects.filter(person=manager, kind="ticket.assigned").exists()


def test_who_may_what(anhui_tea, agent, li_wei, sun_yue, chen_jing, manager, analyst, owner):
    elsewhere = create_customer({"name": "别处"}, actor=chen_jing, on=TODAY)
    mine, theirs = a_ticket(anhui_tea, agent), a_ticket(elsewhere, agent)
    unknown = open_ticket({"subject": "谁？"}, actor=agent, at=NOW)
    sees = {
        person.name: set(Ticket.objects.visible_to(person))
        for person in (owner, agent, analyst, manager, li_wei, chen_jing)
    }
    assert sees[owner.name] == sees[agent.name] == sees[analyst.name] == {mine, theirs, unknown}
    assert sees[li_wei.name] == sees[manager.name] == {mine}
    assert sees[chen_jing.name] == {theirs}
    assign_ticket(theirs, li_wei, actor=agent, at=NOW)
    assert theirs in set(Ticket.objects.visible_to(li_wei))
    for deed in (
        lambda: answer(mine, "hi", actor=chen_jing, at=NOW),
        lambda: note_on_ticket(mine, "hi", actor=analyst, at=NOW),
        lambda: change_ticket(mine, {"customer": elsewhere}, actor=li_wei, on=TODAY),
        lambda: a_ticket(elsewhere, sun_yue),
        lambda: a_ticket(anhui_tea, analyst),
        lambda: assign_ticket(mine, sun_yue, actor=li_wei, at=NOW),
    ):
        with pytest.raises(NotAllowed):
            deed()
    assign_ticket(mine, li_wei, actor=li_wei, at=NOW)  # what nobody has, one may take
    assign_ticket(mine, sun_yue, actor=li_wei, at=NOW)  # and one's own work hand on


def test_a_salesperson_keeps_sight_of_what_they_wrote_down(li_wei):
    ticket = open_ticket({"subject": "陌生来电"}, actor=li_wei, at=NOW, text="询价")
    assert ticket.assignee == li_wei
    assert ticket in set(Ticket.objects.visible_to(li_wei))


def test_colleagues_called_in_a_note_are_told_if_they_see_it(anhui_tea, agent, li_wei, chen_jing):
    ticket = a_ticket(anhui_tea, agent)
    note_on_ticket(ticket, f"@{li_wei.name} @{chen_jing.name} 看一下", actor=agent, at=NOW)
    told = Notice.objects.filter(kind="mention").values_list("person", flat=True)
    assert list(told) == [li_wei.pk]
    ticket.refresh_from_db()
    assert ticket.state == "new"
    assert ticket.answered_at is None


def test_tickets_follow_the_owner_of_their_customer(anhui_tea, agent, chen_jing, owner):
    ticket = a_ticket(anhui_tea, agent)
    reassign_customer(anhui_tea, chen_jing, actor=owner, on=TODAY)
    ticket.refresh_from_db()
    assert (ticket.owner_id, ticket.department_id) == (chen_jing.pk, chen_jing.department_id)


def test_parts_belong_to_the_same_customer(anhui_tea, agent, chen_jing):
    elsewhere = create_customer({"name": "别处"}, actor=chen_jing, on=TODAY)
    stranger = create_contact({"customer": elsewhere, "name": "陈"}, actor=chen_jing, on=TODAY)
    with pytest.raises(Refused):
        a_ticket(anhui_tea, agent, contact=stranger)
    ticket = open_ticket({"subject": "x", "contact": stranger}, actor=agent, at=NOW)
    assert ticket.customer == elsewhere
    assert TicketEntry.objects.filter(ticket=ticket, event="opened").exists()
