"""What happens to a ticket moves its clocks; every sum is checked against one made minute by minute."""

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from cast import TODAY
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import Refused
from kezhi.customers.models import Standing
from kezhi.insight.policies import TierPolicy, publish_tier_policies
from kezhi.messaging.models import Delivery, Notice
from kezhi.service.clocks import escalating, recomputing
from kezhi.service.clocks.business_time import Hours
from kezhi.service.clocks.calendars import Entries, save_calendar
from kezhi.service.clocks.keeping import tell_proposal
from kezhi.service.clocks.promising import Promises, publish_service_levels
from kezhi.service.tickets.answering import answer, receive
from kezhi.service.tickets.changing import assign_ticket, change_ticket, set_state
from kezhi.service.tickets.opening import open_ticket
from kezhi.service.tickets.snoozing import snooze_ticket, wake_ticket
from receivers import a_webhook, an_integration
from wall_clocks import A_MINUTE, WEEK, by_the_minute

pytestmark = pytest.mark.django_db
CHINA = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 11, 16, 9, 0, tzinfo=CHINA)
HOUR = timedelta(hours=1)
OFFICE = Hours("Asia/Shanghai", WEEK, "CN")


def levels(owner, minutes, **more):
    wanted = {"step_minutes": 60, "last_resort": owner, "reason": "约定"} | more
    return publish_service_levels(Promises(minutes), actor=owner, at=MONDAY, **wanted)


@pytest.fixture
def calendar(owner):
    return save_calendar(None, Entries("总部", OFFICE), actor=owner, at=MONDAY, reason="办公时间")


@pytest.fixture
def ticket(calendar, owner, anhui_tea, agent, organisation):
    promised = {("fault", "", "first_answer"): 120, ("fault", "", "solution"): 600}
    levels(owner, {**promised, ("fault", "A", "solution"): 300})
    fields = {"type": "fault", "subject": "封口机漏气", "customer": anhui_tea, "assignee": agent}
    return open_ticket(fields, actor=agent, at=MONDAY)


def clock(ticket, kind):
    return ticket.clocks.filter(kind=kind).latest("pk")


def due(moment):
    return datetime(2026, 11, *moment, tzinfo=CHINA)


def test_a_ticket_starts_with_its_promises_and_repeats_the_next(ticket):
    assert clock(ticket, "first_answer").due_at == due((16, 11))
    # Nine to twelve, one to six: ten hours end on Tuesday at eleven.
    assert clock(ticket, "solution").due_at == due((17, 11))
    ticket.refresh_from_db()
    assert (ticket.due_at, ticket.is_breached) == (due((16, 11)), False)


def test_the_solution_waits_while_the_customer_is_asked_and_runs_on_after(ticket, agent):
    answer(ticket, "请发照片", actor=agent, at=MONDAY + HOUR, state="waiting", channel="phone")
    solution = clock(ticket, "solution")
    assert (solution.state, solution.due_at) == ("paused", None)
    assert clock(ticket, "first_answer").state == "done"
    receive(ticket, "照片", actor=agent, at=MONDAY + 25 * HOUR, channel="phone")
    assert clock(ticket, "solution").due_at == due((18, 11))  # nine hours from Tuesday at ten
    assert clock(ticket, "next_answer").due_at == due((17, 12))
    set_state(ticket, "solved", actor=agent, at=MONDAY + 26 * HOUR)
    assert clock(ticket, "solution").elapsed_seconds == 2 * 3600
    set_state(ticket, "open", actor=agent, at=MONDAY + 48 * HOUR)
    # Two of ten hours are spent; on Wednesday at nine eight are left.
    assert clock(ticket, "solution").due_at == due((18, 18))


def test_unwanted_tickets_count_for_nothing(ticket, agent):
    set_state(ticket, "spam", actor=agent, at=MONDAY + 30 * HOUR)
    states = set(ticket.clocks.values_list("state", "is_breached"))
    assert states == {("stopped", False)}
    ticket.refresh_from_db()
    assert ticket.due_at is None


def test_the_first_answer_is_what_the_tier_s_policy_says(calendar, owner, anhui_tea, agent):
    Standing.objects.filter(customer=anhui_tea).update(tier="A")
    policies = {
        tier: TierPolicy(tier, "经理", 30, hours, 0, ("call",), "说明")
        for tier, hours in zip("SABCD", (2, 4, 8, 24, 48), strict=True)
    }
    publish_tier_policies(policies, actor=owner, on=TODAY, reason="约定")
    opened = open_ticket({"subject": "询价", "customer": anhui_tea}, actor=agent, at=MONDAY)
    assert clock(opened, "first_answer").promised_minutes == 240


def test_a_rising_customer_is_promised_more_and_the_ticket_says_so(ticket, anhui_tea, agent):
    Standing.objects.filter(customer=anhui_tea).update(tier="A")
    assert recomputing.recompute_strayed(actor=SYSTEM, at=MONDAY + HOUR) == 1
    assert clock(ticket, "solution").due_at == due((16, 15))
    assert ticket.entries.filter(event="clock_changed").count() == 1
    assert recomputing.recompute_strayed(actor=SYSTEM, at=MONDAY + HOUR) == 0


def test_another_type_has_other_promises(ticket, agent):
    change_ticket(ticket, {"type": "inquiry"}, actor=agent, at=MONDAY + HOUR)
    assert clock(ticket, "solution").state == "stopped"
    assert clock(ticket, "first_answer").promised_minutes == 480


def test_broken_promises_climb_the_tree_each_level_once(
    ticket, agent, manager, li_wei, owner, organisation
):
    organisation.east.head = manager
    organisation.east.save()
    organisation.head.head = owner
    organisation.head.save()
    assign_ticket(ticket, li_wei, actor=owner, at=MONDAY)
    for minute in range(0, 9 * 60, 15):
        escalating.attend(MONDAY + timedelta(minutes=minute))
        escalating.attend(MONDAY + timedelta(minutes=minute))
    told = Notice.objects.filter(key__startswith=f"clock:{clock(ticket, 'first_answer').pk}:")
    assert list(told.order_by("pk").values_list("person_id", "kind", "created_at")) == [
        (li_wei.pk, "clock.warned", due((16, 10, 30))),
        (li_wei.pk, "clock.breached", due((16, 11, 15))),
        (manager.pk, "clock.breached", due((16, 13, 15))),
        (owner.pk, "clock.breached", due((16, 14, 15))),
    ]
    ticket.refresh_from_db()
    assert ticket.is_breached
    first = clock(ticket, "first_answer")
    assert (first.breached_at, first.attend_at, first.person) == (due((16, 11)), None, li_wei)


def test_receivers_hear_what_is_warned_of_and_what_broke(ticket, owner):
    told_of = {"deeds": ["clock.attended"], "fields": {"ticket": ["number", "is_breached"]}}
    a_webhook(an_integration(owner, grants={"ticket": ["read"]}), owner, **told_of)
    escalating.attend(MONDAY + HOUR)
    assert not Delivery.objects.exists()
    escalating.attend(MONDAY + 3 * HOUR)
    delivery = Delivery.objects.order_by("pk").first()
    assert (delivery.kind, delivery.object_id) == ("ticket", ticket.pk)


def test_an_answer_at_the_last_moment_is_kept_and_one_later_is_not(ticket, agent):
    answer(ticket, "已查", actor=agent, at=MONDAY + 2 * HOUR, channel="phone")
    assert not clock(ticket, "first_answer").is_breached
    receive(ticket, "还漏", actor=agent, at=MONDAY + 2 * HOUR, channel="phone")
    late = MONDAY + 5 * HOUR + timedelta(seconds=1)
    answer(ticket, "再查", actor=agent, at=late, channel="phone")
    assert clock(ticket, "next_answer").is_breached
    assert clock(ticket, "next_answer").breached_at == due((16, 14))


@pytest.mark.parametrize("seed", range(4))
def test_any_history_gives_the_clock_that_a_count_of_minutes_gives(ticket, agent, seed):
    chance = random.Random(seed)
    at, ran, was_running, begun = MONDAY, timedelta(), True, MONDAY
    for _step in range(8):
        at += timedelta(minutes=chance.randint(1, 300))
        state = chance.choice(["waiting", "open", "solved"])
        set_state(ticket, state, actor=agent, at=at)
        if was_running:
            ran += by_the_minute(OFFICE, begun.astimezone(UTC), at.astimezone(UTC))
        was_running, begun = state == "open", at
    set_state(ticket, "open", actor=agent, at=at)
    solution, left, end = clock(ticket, "solution"), timedelta(hours=10) - ran, at.astimezone(UTC)
    assert solution.is_breached == (left < timedelta())
    for _minute in range(14 * 1440):
        if left <= timedelta():
            break
        left -= by_the_minute(OFFICE, end, end + A_MINUTE)
        end += A_MINUTE
    assert solution.is_breached or solution.due_at == end


def test_a_rest_that_the_customer_wished_pauses_and_another_doesn_t(ticket, agent):
    snooze_ticket(ticket, MONDAY + 30 * HOUR, actor=agent, at=MONDAY + HOUR)
    assert clock(ticket, "solution").state == "running"
    wake_ticket(ticket, actor=agent, at=MONDAY + HOUR)
    until = MONDAY + 24 * HOUR
    snooze_ticket(ticket, until, actor=agent, at=MONDAY + HOUR, is_wished=True)
    assert clock(ticket, "solution").state == "paused"
    assert clock(ticket, "first_answer").state == "running"
    wake_ticket(ticket, actor=agent, at=until)
    assert clock(ticket, "solution").due_at == due((18, 10))


def test_a_proposal_is_awaited_until_it_is_told(owner, calendar, anhui_tea, agent):
    levels(owner, {("fault", "", "proposal"): 60})
    fields = {"type": "fault", "subject": "漏气", "customer": anhui_tea, "assignee": agent}
    opened = open_ticket(fields, actor=agent, at=MONDAY)
    tell_proposal(opened, actor=agent, at=MONDAY + HOUR)
    assert (clock(opened, "proposal").state, clock(opened, "proposal").is_breached) == (
        "done",
        False,
    )
    with pytest.raises(Refused):
        tell_proposal(opened, actor=agent, at=MONDAY + HOUR)
