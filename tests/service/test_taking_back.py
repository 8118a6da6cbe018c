"""A step on a ticket is taken back by who took it: with its clocks, and only while nobody went on."""

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from cast import TODAY
from kezhi.audit.models import Entry
from kezhi.audit.recording import listening
from kezhi.core.refusal import Refused
from kezhi.satisfaction import designing, ruling
from kezhi.satisfaction.models import SurveyInvitation
from kezhi.service.models import Clock, Complaint, Ticket
from kezhi.service.tickets.answering import receive
from kezhi.service.tickets.changing import assign_ticket, change_ticket, set_state
from kezhi.service.tickets.merging import merge_ticket
from kezhi.service.tickets.opening import open_ticket
from kezhi.service.tickets.parting import make_part, settle_with_parts
from kezhi.service.tickets.snoozing import snooze_ticket
from kezhi.workbench.undoing import undo_deeds

pytestmark = pytest.mark.django_db


def a_ticket(customer, actor, **more):
    fields = {"customer": customer, "subject": "封口机漏气", "type": "fault", **more}
    return open_ticket(fields, actor=actor, at=timezone.now() - timedelta(hours=1), text="请给说法")


def undone(act, actor, between=lambda: None):
    with listening() as keys:
        act()
    between()
    return undo_deeds(list(keys), actor=actor, at=timezone.now())


def clocks(ticket):
    columns = ("kind", "state", "due_at", "ended_at", "pauses", "is_breached", "decided_at")
    return list(ticket.clocks.order_by("pk").values(*columns))


def held(ticket):
    fresh = Ticket.objects.get(pk=ticket.pk)
    names = ("state", "type", "priority", "assignee_id", "handling_department_id", "solution")
    names += ("solved_at", "closed_at", "snoozed_until", "due_at", "parent_id", "merged_into_id")
    return {name: getattr(fresh, name) for name in names}


@pytest.fixture
def ticket(anhui_tea, agent):
    return a_ticket(anhui_tea, agent)


@pytest.mark.parametrize("state", ["waiting", "solved", "closed", "spam"])
def test_a_state_comes_back_with_its_clocks(ticket, agent, state):
    ticket.clocks.all().delete()
    began = ticket.opened_at
    for kind in ("first_answer", "solution"):
        Clock.objects.create(
            ticket=ticket, kind=kind, ticket_type="fault", promised_minutes=600, measure="calendar",
            started_at=began, due_at=began + timedelta(minutes=600),
            attend_at=began + timedelta(minutes=450),
        )  # fmt: skip
    Ticket.objects.filter(pk=ticket.pk).update(due_at=began + timedelta(minutes=600))
    before, ran = held(ticket), clocks(ticket)
    step = partial(set_state, ticket, state, actor=agent, solution="换垫圈")
    assert undone(lambda: step(at=timezone.now()), agent).records == 1
    if state != "waiting":
        assert (held(ticket), clocks(ticket)) == (before, ran)
    assert held(ticket)["state"] == "new"
    assert not ticket.clocks.exclude(state="running").exists()
    assert ticket.entries.filter(event="taken_back").count() == 1
    assert Entry.objects.filter(deed="ticket.taken_back", subject_id=ticket.pk).exists()


def test_what_waited_when_it_was_solved_waits_again(ticket, agent):
    set_state(ticket, "waiting", actor=agent, at=timezone.now())
    paused = list(ticket.clocks.filter(state="paused").values_list("kind", "paused_at"))
    undone(lambda: set_state(ticket, "solved", actor=agent, at=timezone.now()), agent)
    assert list(ticket.clocks.filter(state="paused").values_list("kind", "paused_at")) == paused


def test_nobody_elses_work_is_undone(ticket, agent, manager):
    def solve():
        set_state(ticket, "solved", actor=agent, at=timezone.now())

    with pytest.raises(Refused, match="封口机"):
        undone(solve, agent, lambda: receive(ticket, "还漏", actor=agent, at=timezone.now()))
    assert held(ticket)["state"] == "open"
    # What keeps itself is nobody's work.
    rows = Ticket.objects.filter(pk=ticket.pk)
    assert undone(solve, agent, lambda: rows.update(is_breached=True)).records == 1


def test_who_gave_it_away_has_it_back_without_the_right_to_give(ticket, agent, chen_jing, li_wei):
    assign_ticket(ticket, li_wei, actor=agent, at=timezone.now())
    before = held(ticket)
    undone(lambda: assign_ticket(ticket, chen_jing, actor=li_wei, at=timezone.now()), li_wei)
    assert held(ticket) == before


def test_rest_priority_and_place_come_back(ticket, anhui_tea, agent):
    whole = a_ticket(anhui_tea, agent, subject="全线停机")
    before, now = held(ticket), timezone.now()
    for step in (
        lambda: snooze_ticket(ticket, now + timedelta(days=1), actor=agent, at=now),
        lambda: change_ticket(
            ticket, {"priority": 4, "assignee": agent, "state": "open"}, actor=agent, at=now
        ),
        lambda: make_part(ticket, whole, actor=agent, at=now),
    ):
        undone(step, agent)
        assert held(ticket) == before
    make_part(ticket, whole, actor=agent, at=now)
    undone(lambda: settle_with_parts(whole, "solved", actor=agent, at=timezone.now()), agent)
    assert {held(ticket)["state"], held(whole)["state"]} == {"new"}


def test_a_merge_comes_back_with_clocks_and_complaint(ticket, anhui_tea, agent):
    angry = a_ticket(anhui_tea, agent, type="complaint")
    before, ran = held(angry), clocks(angry)
    undone(lambda: merge_ticket(angry, ticket, actor=agent, at=timezone.now()), agent)
    assert (held(angry), clocks(angry)) == (before, ran)
    assert Complaint.objects.open().get().ticket == angry
    assert held(ticket)["type"] == "fault"


def test_a_survey_that_was_planned_is_planned_anew(ticket, agent, owner):
    survey = designing.create_survey({"code": "after", "instrument": "csat"}, actor=owner, on=TODAY)
    designing.publish_survey(survey, actor=owner, at=timezone.now())
    rule = {"name": "结单后", "event": "ticket.solved", "delay_hours": 24, "cap_days": 30}
    ruling.create_rule(survey, rule, actor=owner, at=timezone.now())

    def solve():
        set_state(ticket, "solved", actor=agent, at=timezone.now())

    undone(solve, agent, lambda: SurveyInvitation.objects.get(state="planned"))
    assert not SurveyInvitation.objects.exists()
    solve()
    assert SurveyInvitation.objects.get().state == "planned"
