"""A complaint goes through its ten steps; none is left out, nothing closes before the customer was heard."""

from datetime import timedelta
from decimal import Decimal

import pytest

from cast import NOW, TODAY
from kezhi.accounts.models import Department
from kezhi.audit.models import Entry
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.ledger.models import CostEntry
from kezhi.service.complaints import (
    apportioning,
    compensating,
    concluding,
    feeding_back,
    judging,
    proposing,
    recording,
    ruling,
    stepping,
)
from kezhi.service.complaints.apportioning import Part
from kezhi.service.complaints.proposing import Given
from kezhi.service.models import Compensation, Complaint, ComplaintCause, Ticket
from kezhi.service.tickets.changing import change_ticket, set_state
from kezhi.service.tickets.opening import open_ticket

Step = Complaint.Step
LATER = NOW + timedelta(days=1)


@pytest.fixture
def ticket(anhui_tea, agent):
    fields = {"type": "complaint", "subject": "46 箱乳制品被拒收", "customer": anhui_tea}
    return open_ticket(fields, actor=agent, at=NOW, text="车厢温度 11.4 ℃，46 箱已拒收。")


@pytest.fixture
def complaint(ticket):
    return ticket.complaint


def cause():
    return ComplaintCause.objects.get(name="温控失效")


def recorded(complaint, actor, **more):
    fields = {"category": "transport", "loss": Decimal("38640"), "lane": "苏州 – 合肥", **more}
    return recording.record_complaint(complaint, fields, actor=actor, at=NOW)


def parts(complaint, *shares):
    entry = complaint.ticket.entries.first()
    department = Department.objects.get(name="华东")
    outside = Part("partner", Decimal(shares[0]), name="迅驰冷运", entry=entry)
    inside = Part("department", Decimal(shares[1]), department=department, entry=entry)
    return [outside, inside]


def upto_proposal(complaint, agent):
    complaint = recorded(complaint, agent)
    complaint = judging.judge(complaint, "justified", actor=agent, at=NOW, reason="温度记录属实")
    complaint = apportioning.apportion(
        complaint, parts(complaint, "0.7", "0.3"), actor=agent, at=NOW
    )
    return judging.name_cause(complaint, cause(), actor=agent, at=NOW, words="制冷机组故障，无备机")


def proposed(complaint, agent, amount="800"):
    complaint = upto_proposal(complaint, agent)
    given = [Given("money", Decimal(amount), "赔付货损"), Given("apology", words="书面致歉")]
    return proposing.propose(complaint, given, actor=agent, at=NOW, words="赔付并致歉")


def settled(complaint, agent, manager):
    complaint = proposing.approve(proposed(complaint, agent), actor=manager, at=NOW)
    for each in complaint.compensations.all():
        compensating.carry_out(each, actor=agent, at=NOW, on=TODAY)
    complaint.refresh_from_db()
    return feeding_back.note_answer(
        complaint, "accepted", actor=agent, at=LATER, words="可以，谢谢"
    )


def test_the_ten_steps_end_in_a_summary_with_each_step_kept(complaint, agent, manager):
    complaint = settled(complaint, agent, manager)
    assert complaint.settled_at == LATER
    complaint = concluding.review(complaint, actor=agent, at=LATER, words="有效")
    complaint = concluding.summarise(complaint, actor=agent, at=LATER, words="承运商须装备机")
    assert complaint.step == Step.DONE
    assert complaint.closed_at == LATER
    assert list(complaint.steps.order_by("pk").values_list("step", flat=True)) == list(Step)[:-1]
    events = complaint.ticket.entries.filter(event="complaint_step")
    assert events.count() == 10
    assert Entry.objects.filter(deed="complaint.judged").count() == 1


def test_a_step_out_of_turn_is_refused_and_changes_nothing(complaint, agent):
    recorded(complaint, agent)
    with pytest.raises(Refused, match="Judge"):
        proposing.propose(complaint, [], actor=agent, at=NOW, words="道歉")
    complaint.refresh_from_db()
    assert complaint.step == Step.JUDGE
    assert complaint.proposal == ""


def test_shares_make_exactly_100_per_cent_and_each_has_evidence(complaint, agent):
    complaint = recorded(complaint, agent)
    complaint = judging.judge(complaint, "partly", actor=agent, at=NOW, reason="部分属实")
    for wrong in (("0.7", "0.2999"), ("0.7", "0.31")):
        with pytest.raises(Refused, match="100"):
            apportioning.apportion(complaint, parts(complaint, *wrong), actor=agent, at=NOW)
    bare = [Part("partner", Decimal(1), name="迅驰冷运")]
    with pytest.raises(Refused, match="evidence"):
        apportioning.apportion(complaint, bare, actor=agent, at=NOW)
    assert complaint.parties.count() == 0
    found = apportioning.apportion(
        complaint, parts(complaint, "0.6667", "0.3333"), actor=agent, at=NOW
    )
    assert found.step == Step.CAUSE
    assert sum(p.share for p in found.parties.all()) == 1


def test_nobody_approves_their_own_proposal_nor_more_than_their_role(
    complaint, agent, manager, owner
):
    complaint = proposed(complaint, agent, amount="5000")
    with pytest.raises(NotAllowed):
        proposing.approve(complaint, actor=agent, at=NOW)
    ruling.publish_limits(Decimal(100), Decimal(4000), actor=owner, on=TODAY, reason="先从紧")
    with pytest.raises(NotAllowed):
        proposing.approve(complaint, actor=manager, at=NOW)
    with pytest.raises(NotAllowed):
        ruling.publish_limits(Decimal(1), Decimal(2), actor=manager, on=TODAY, reason="放宽")
    complaint.refresh_from_db()
    assert complaint.step == Step.APPROVE
    assert complaint.approved_by is None
    assert proposing.approve(complaint, actor=owner, at=NOW).step == Step.ACT


def test_compensation_is_booked_once_and_its_correction_stands_against_it(
    complaint, agent, manager
):
    complaint = proposing.approve(proposed(complaint, agent), actor=manager, at=NOW)
    money = complaint.compensations.get(sort="money")
    compensating.carry_out(money, actor=agent, at=NOW, on=TODAY)
    with pytest.raises(Refused):
        compensating.carry_out(money, actor=agent, at=NOW, on=TODAY)
    booked = CostEntry.objects.get(activity="redress")
    assert (booked.amount, booked.customer) == (Decimal(800), complaint.customer)
    compensating.take_back(money, actor=manager, at=NOW, on=TODAY, reason="重复赔付")
    amounts = CostEntry.objects.filter(activity="redress").values_list("amount", flat=True)
    assert sorted(amounts) == [Decimal(-800), Decimal(800)]
    complaint.refresh_from_db()
    assert complaint.compensated == 0


def test_nothing_closes_before_the_customer_was_heard(complaint, ticket, agent, manager):
    with pytest.raises(Refused, match="feedback"):
        set_state(ticket, "closed", actor=agent, at=NOW)
    complaint = proposing.approve(proposed(complaint, agent), actor=manager, at=NOW)
    for each in complaint.compensations.all():
        compensating.carry_out(each, actor=agent, at=NOW, on=TODAY)
    complaint.refresh_from_db()

    def attempt(days, channel):
        tried = NOW + timedelta(days=days)
        feeding_back.note_attempt(
            complaint, channel, actor=agent, at=tried, tried_at=tried, words="无人接听"
        )

    attempt(1, "phone")
    attempt(1, "email")
    attempt(2, "phone")
    with pytest.raises(Refused, match="hasn’t answered"):
        set_state(ticket, "solved", actor=agent, at=NOW + timedelta(days=2))
    # Different days and different channels: by phone on the first, by e-mail on the third.
    assert feeding_back.may_give_up(complaint)
    complaint.attempts.filter(channel="email").delete()
    with pytest.raises(Refused):
        feeding_back.note_answer(complaint, "silent", actor=agent, at=LATER, words="")
    attempt(3, "email")
    feeding_back.note_answer(complaint, "silent", actor=agent, at=NOW + timedelta(days=3), words="")
    assert set_state(ticket, "closed", actor=agent, at=NOW + timedelta(days=3)).state == "closed"


def test_only_who_judges_says_that_it_is_none(complaint, ticket, agent, li_wei):
    assert complaint.is_open
    with pytest.raises(NotAllowed):
        change_ticket(ticket, {"type": "inquiry"}, actor=li_wei, at=NOW)
    with pytest.raises(NotAllowed):
        set_state(ticket, "spam", actor=li_wei, at=NOW)
    complaint.refresh_from_db()
    ticket.refresh_from_db()
    assert complaint.is_open
    assert ticket.type == Ticket.Type.COMPLAINT
    change_ticket(ticket, {"type": "inquiry"}, actor=agent, at=NOW)
    complaint.refresh_from_db()
    assert not complaint.is_open
    change_ticket(ticket, {"type": "complaint"}, actor=agent, at=NOW)
    assert Complaint.objects.open().filter(pk=complaint.pk).exists()


def test_a_salesperson_notes_complaints_of_their_customers_and_decides_nothing(
    anhui_tea, li_wei, chen_jing
):
    fields = {"subject": "外箱破损", "customer": anhui_tea, "category": "quality"}
    complaint = recording.open_complaint(fields, actor=li_wei, at=NOW)
    assert complaint.step == Step.JUDGE
    with pytest.raises(NotAllowed):
        judging.judge(complaint, "unjustified", actor=li_wei, at=NOW, reason="没有的事")
    assert not Complaint.objects.visible_to(chen_jing).exists()
    with pytest.raises(NotAllowed):
        recording.open_complaint(fields, actor=chen_jing, at=NOW)
    assert Complaint.objects.count() == 1
    assert complaint.steps.count() == 1


def test_what_is_not_justified_is_explained_and_needs_no_approval(complaint, agent):
    complaint = recorded(complaint, agent)
    complaint = judging.judge(complaint, "unjustified", actor=agent, at=NOW, reason="温度合格")
    assert complaint.step == Step.PROPOSAL
    complaint = proposing.propose(complaint, [], actor=agent, at=NOW, words="说明检测结果")
    assert complaint.step == Step.FEED_BACK
    assert not Compensation.objects.exists()


def test_a_case_goes_back_with_a_reason_and_is_open_again(complaint, agent, manager):
    complaint = settled(complaint, agent, manager)
    with pytest.raises(Refused):
        stepping.go_back(complaint, "propose", actor=agent, at=LATER, reason=" ")
    complaint = stepping.go_back(complaint, "propose", actor=agent, at=LATER, reason="客户反悔")
    assert complaint.is_open
    assert complaint.step == Step.PROPOSAL
    assert complaint.compensated == Decimal(800)
    assert complaint.steps.filter(is_back=True, note="客户反悔").count() == 1


def test_merged_tickets_keep_the_complaint(complaint, ticket, anhui_tea, agent):
    from kezhi.service.complaints.beginning import follow_merged

    onwards = open_ticket({"subject": "同一批货", "customer": anhui_tea}, actor=agent, at=NOW)
    ticket.merged_into = onwards
    follow_merged(ticket, SYSTEM, NOW)
    complaint.refresh_from_db()
    onwards.refresh_from_db()
    assert complaint.ticket == onwards
    assert onwards.type == Ticket.Type.COMPLAINT
