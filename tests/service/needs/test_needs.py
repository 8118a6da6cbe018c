"""A need and its ticket are one matter; requests between departments are promised, answered and judged."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from cast import TODAY
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.answering import (
    answer_need,
    change_need,
    decline_need,
    pass_on_need,
    register_need,
    reopen_need,
)
from kezhi.customers.models import Need, Promise
from kezhi.messaging.models import Notice
from kezhi.service.clocks import holding
from kezhi.service.models import Ticket
from kezhi.service.needs.binding import date_reply, need_of, ticket_of
from kezhi.service.needs.finding import save_rule
from kezhi.service.needs.requesting import add_words, rate_request, request_internally, save_level
from kezhi.service.tickets.answering import answer
from kezhi.service.tickets.changing import assign_ticket, change_ticket, pass_on_ticket, set_state
from kezhi.service.tickets.opening import open_ticket

pytestmark = pytest.mark.django_db
CHINA = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=CHINA)


@pytest.fixture
def need(anhui_tea, li_wei):
    fields = {"customer": anhui_tea, "what": "要 50 克小包装", "why": "展会试用", "quantity": 2000}
    return register_need(fields, actor=li_wei, on=TODAY)


@pytest.fixture
def ticket(anhui_tea, agent):
    fields = {"type": "need", "subject": "要冷链配送", "customer": anhui_tea, "assignee": agent}
    return open_ticket(fields, actor=agent, at=NOON, text="夏天茶饮怕热")


def test_a_registered_need_has_one_ticket_with_clocks_and_one_notice(need, li_wei, sun_yue):
    ticket = ticket_of(need)
    assert (ticket.type, ticket.subject, ticket.assignee) == ("need", "要 50 克小包装", li_wei)
    assert ticket.clocks.filter(kind="first_answer").count() == 1
    pass_on_need(need, sun_yue, actor=li_wei, on=TODAY, reason="归孙悦")
    assert ticket_of(need).assignee == sun_yue
    assert [held.person for held in holding.held_by(ticket, NOON)] == ["李伟", "孙悦"]
    assert (Ticket.objects.count(), Need.objects.count()) == (1, 1)


def test_a_need_ticket_registers_the_need_and_both_change_together(ticket, agent, li_wei):
    need = need_of(ticket)
    assert (need.what, need.why, need.handler) == ("要冷链配送", "夏天茶饮怕热", agent)
    change_ticket(ticket, {"subject": "要夏季冷链"}, actor=agent, at=NOON)
    assert Need.objects.get().what == "要夏季冷链"
    change_need(Need.objects.get(), {"what": "要全年冷链"}, actor=li_wei, on=TODAY)
    assert Ticket.objects.get().subject == "要全年冷链"
    assign_ticket(Ticket.objects.get(), li_wei, actor=agent, at=NOON)
    assert Need.objects.get().handler == li_wei


def test_answering_the_one_answers_the_other(need, ticket, agent, li_wei):
    answer_need(need, "下月上架", actor=li_wei, on=TODAY)
    mirrored = ticket_of(need)
    assert mirrored.state == "solved"
    assert [each.text for each in mirrored.entries.filter(sort="sent")] == ["下月上架"]
    answer(ticket, "本周起可配", actor=agent, at=NOON, state="solved", channel="phone")
    answered = need_of(ticket)
    assert (answered.state, answered.reply, answered.replied_on) == (
        "answered",
        "本周起可配",
        TODAY,
    )
    reopen_need(answered, actor=li_wei, on=TODAY)
    assert Ticket.objects.get(pk=ticket.pk).state == "open"
    decline_need(need_of(ticket), actor=li_wei, on=TODAY, reason="量太小")
    assert Ticket.objects.get(pk=ticket.pk).state == "solved"


def test_a_need_isn_t_closed_without_an_answer(ticket, agent):
    with pytest.raises(Refused):
        set_state(ticket, "closed", actor=agent, at=NOON)


def test_the_customer_is_told_a_day_and_we_have_promised_it(ticket, agent, owner):
    day = TODAY.replace(day=27)
    date_reply(ticket, day, "我们 27 日前答复", actor=owner, at=NOON)
    assert need_of(ticket).reply_due_on == day
    assert Promise.objects.get().due_on == day
    assert ticket.entries.filter(event="reply_dated").exists()
    with pytest.raises(Refused):
        date_reply(ticket, TODAY.replace(day=1), "昨天", actor=owner, at=NOON)


def test_rules_find_who_gets_a_need_and_nobody_passes_it_into_nothing(
    anhui_tea, li_wei, chen_jing, owner, agent, organisation
):
    rule = {"name": "包装", "types": ["need"], "words": ["包装"], "person": chen_jing}
    save_rule(None, rule, actor=owner)
    found = register_need({"customer": anhui_tea, "what": "换包装"}, actor=li_wei, on=TODAY)
    assert (found.handler, ticket_of(found).assignee) == (chen_jing, chen_jing)
    agent.skills = ["冷链"]
    agent.save()
    by_skill = {"name": "冷链", "types": ["need"], "words": ["冷链"], "skill": "冷链"}
    save_rule(None, by_skill, actor=owner)
    cold = open_ticket(
        {"type": "need", "subject": "冷链", "customer": anhui_tea}, actor=li_wei, at=NOON
    )
    assert cold.assignee == agent
    other = open_ticket(
        {"type": "need", "subject": "别的", "customer": anhui_tea}, actor=li_wei, at=NOON
    )
    assert other.assignee == owner  # the person named, while nobody else is
    pass_on_ticket(other, organisation.south, actor=owner, at=NOON, reason="归华南")
    assert need_of(other).handler == owner
    with pytest.raises(NotAllowed):
        save_rule(None, rule, actor=agent)
    assert not Notice.objects.filter(person=agent, kind="ticket.assigned").exists()


def test_a_department_asks_another_by_what_they_agreed(li_wei, owner, manager, organisation):
    entries = {
        "providing": organisation.south,
        "requesting": organisation.east,
        "solution_minutes": 240,
        "agreement": "半天内出样",
    }
    save_level(None, entries, actor=owner)
    organisation.south.head = owner
    organisation.south.save()
    request = request_internally(organisation.south, "要样品", "三款", actor=li_wei, at=NOON)
    ticket = request.ticket
    assert (ticket.assignee, request.requesting) == (owner, organisation.east)
    assert ticket.clocks.get(kind="solution").promised_minutes == 240
    with pytest.raises(Refused):
        rate_request(request, 5, actor=li_wei, at=NOON)
    answer(ticket, "已寄出", actor=owner, at=NOON, state="solved", channel="colleague")
    with pytest.raises(NotAllowed):
        rate_request(request, 5, actor=manager, at=NOON)
    assert rate_request(request, 4, actor=li_wei, at=NOON, comment="快").rating == 4
    add_words(request, "少一款", actor=li_wei, at=NOON)
    assert Ticket.objects.get(pk=ticket.pk).state == "open"
