"""A colleague leaves: everything goes to successors in one step, and nothing is orphaned."""

from decimal import Decimal

import pytest
from django.apps import apps
from django.db import models

from cast import NOW, TODAY
from kezhi.accounts.delegating import delegate
from kezhi.accounts.models import Delegation, Share, User
from kezhi.audit.models import Entry
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import create_contact, create_customer
from kezhi.customers.following_up import log_interaction, plan_follow_up
from kezhi.customers.handing_over import (
    carry_out_hand_over,
    held_by,
    parts,
    prepare_hand_over,
    start_hand_over,
    take_back_hand_over,
)
from kezhi.customers.holdings import endings, holdings
from kezhi.customers.models import Contact, Customer, FollowUp, HandOver, Standing
from kezhi.customers.sharing import share_customer

pytestmark = pytest.mark.django_db


def customers_of(person, *values, **more):
    made = []
    for number, worth in enumerate(values):
        customer = create_customer({"name": f"客户{number}", **more}, actor=person, on=TODAY)
        Standing.objects.filter(customer=customer).update(potential_value=Decimal(worth))
        made.append(customer)
    return made


def plan(leaver, successor, actor, **more):
    wanted = {"rule": "one", "main_successor": successor, "plan": {}, **more}
    return prepare_hand_over(leaver, wanted, actor=actor, on=TODAY)


def test_everything_goes_to_one_successor_and_the_leaver_is_deactivated(
    anhui_tea, li_wei, sun_yue, owner
):
    create_contact({"customer": anhui_tea, "name": "陈立群"}, actor=li_wei, on=TODAY)
    log_interaction(anhui_tea, "call", "谈价", actor=li_wei, at=NOW)
    plan_follow_up(
        {"customer": anhui_tea, "subject": "回访", "due_on": TODAY}, actor=li_wei, on=TODAY
    )
    done = start_hand_over(plan(li_wei, sun_yue, owner), actor=owner, on=TODAY)
    assert done.state == HandOver.State.DONE
    assert Customer.objects.get(pk=anhui_tea.pk).owner == sun_yue
    place = (sun_yue.pk, sun_yue.team_id, sun_yue.department_id)
    for row in (Standing.objects.get(), Contact.objects.get()):
        assert (row.owner_id, row.team_id, row.department_id) == place
    assert FollowUp.objects.get().assignee == sun_yue
    assert not User.objects.get(pk=li_wei.pk).is_active
    assert Entry.objects.get(deed="hand_over.done").detail["counts"]["customer"] == 1


def test_nothing_points_to_who_left(anhui_tea, li_wei, sun_yue, chen_jing, owner):
    everything_that_points_to(li_wei, anhui_tea, chen_jing, owner)
    held = {str(label): number for label, number in held_by(li_wei)}
    assert all(held.values()), held
    start_hand_over(plan(li_wei, sun_yue, owner), actor=owner, on=TODAY)
    assert not any(number for _label, number in held_by(li_wei))
    assert not any(ending.of(li_wei.pk).exists() for ending in endings())


def everything_that_points_to(person, customer, colleague, owner):
    """One row of every kind of holding."""
    from datetime import timedelta

    from kezhi.accounts.models import Department, Team
    from kezhi.customers.models import Draft, Interaction, Mention, Need, Promise, Segment
    from kezhi.customers.models.card import CardBatch
    from kezhi.rights.models import DataRequest
    from kezhi.satisfaction.models import Improvement, Survey
    from kezhi.service.models import (
        Article,
        CaseReview,
        Macro,
        RoutingRule,
        Scorecard,
        ServiceLevels,
        SuccessPlan,
        Ticket,
    )
    from kezhi.workbench.models import Dashboard, Report, ReportSchedule, SavedView

    place = customer.place
    plan_follow_up(
        {"customer": customer, "subject": "回访", "due_on": TODAY}, actor=person, on=TODAY
    )
    Promise.objects.create(
        customer=customer, topic="price", what="九折", made_by=person, made_on=TODAY, due_on=TODAY, **place
    )  # fmt: skip
    Need.objects.create(
        customer=customer, what="样品", handler=person, raised_on=TODAY, reply_due_on=TODAY, **place
    )
    Draft.objects.create(person=person, customer=customer, text="还没写完")
    said = Interaction.objects.create(
        customer=customer, text="@李伟", at=NOW, author=owner, **place
    )
    Mention.objects.create(interaction=said, person=person)
    Segment.objects.create(owner=person, name="重点", audience="private")
    SavedView.objects.create(owner=person, kind="customer", name="我的", audience="everyone")
    kept = Report.objects.create(owner=person, name="我的", asks="of=order", audience="everyone")
    Dashboard.objects.create(owner=person, name="我的", audience="everyone")
    ReportSchedule.objects.create(
        report=kept, owner=person, at_time="08:00", zone="Asia/Shanghai", next_at=NOW
    )
    SuccessPlan.objects.create(
        customer=customer, goal="破损率减半", manager=person, begun_on=TODAY,
        reach_by=TODAY + timedelta(days=90), **place,
    )  # fmt: skip
    ticket = Ticket.objects.create(
        number="T-1", subject="破损", customer=customer, assignee=person, opened_at=NOW, **place
    )
    Improvement.objects.create(title="缩短等待", owner=person, due_on=TODAY)
    Survey.objects.create(
        code="csat", title_zh="满意度", instrument="csat", case_owner=person, low_below=60,
        case_type="complaint",
    )  # fmt: skip
    Article.objects.create(code="KB-0001", title="换缓冲材料", owner=person)
    card = Scorecard.objects.create(name="服务", number=1, published_at=NOW)
    CaseReview.objects.create(
        ticket=ticket, agent=colleague, reviewer=person, scorecard=card, owner_id=colleague.pk
    )
    Macro.objects.create(owner=person, name="补发", text="已补发", is_shared=True)
    RoutingRule.objects.create(name="包装", person=person)
    ServiceLevels.objects.create(
        promises={}, last_resort=person, reason="约定", published_at=NOW, published_by=owner
    )
    CardBatch.objects.create(event="展会", held_on=TODAY, owner=person)
    DataRequest.objects.create(
        sort="access", customer=customer, person_name="张三", channel="email", received_on=TODAY,
        due_on=TODAY, assignee=person,
    )  # fmt: skip
    share_customer(customer, colleague, actor=person, on=TODAY)
    other = create_customer({"name": "别家"}, actor=colleague, on=TODAY)
    share_customer(other, person, actor=colleague, on=TODAY)
    delegate(colleague, person, actor=owner, on=TODAY, since=TODAY, until=None)
    delegate(person, colleague, actor=owner, on=TODAY, since=TODAY, until=TODAY + timedelta(days=3))
    Team.objects.filter(pk=person.team_id).update(lead=person)
    Department.objects.filter(pk=person.department_id).update(head=person)


HISTORY = {
    # who wrote, published, reviewed or drew it stays so; what was learnt is the learner's
    "service.Article.written_by", "service.ArticleVersion.written_by",
    "service.ArticleVersion.published_by", "service.Scorecard.published_by",
    "service.ReviewRound.made_by", "service.CaseReview.agent", "service.SkillLevel.user",
    "service.TrainingRecord.user", "service.AgentMonth.user",
    # what was sent to somebody, and a mailbox that stops with its owner
    "messaging.MailAccount.owner", "messaging.Outgoing.person", "messaging.Sender.person",
    "messaging.PicturedSender.person",
    "messaging.Notice.person", "messaging.NoticePreference.person",
    # what somebody did once stays theirs
    "customers.Interaction.author", "customers.FollowUp.done_by", "customers.Promise.settled_by",
    "customers.HandOver.leaver", "customers.HandOver.main_successor",
    "customers.HandOverItem.successor", "insight.ValueRun.started_by",
    "insight.ValueSettings.published_by", "insight.TierPolicies.published_by",
    "insight.MatrixStrategies.published_by",
    "insight.Study.started_by", "insight.DeliveredRules.published_by",
    "insight.TierOverride.requested_by", "insight.TierOverride.approved_by",
    "insight.TierOverride.ended_by", "insight.IndexDraft.begun_by", "insight.IndexDraft.submitted_by",
    "insight.IndexDraft.decided_by", "insight.IndexJudgement.person",
    "insight.Loss.noted_by", "insight.WinBackRules.published_by",
    "insight.InfluenceRules.published_by",
    "insight.OfferRun.started_by", "insight.OfferAnswer.answered_by",
    "insight.ActivityRate.published_by", "insight.SharedCost.entered_by",
    "insight.CapitalRate.published_by",
    "service.CalendarVersion.saved_by", "service.ServiceLevels.published_by", "service.Clock.person",
    "service.TicketHolding.person", "service.InternalRequest.requester",
    "service.Complaint.responsible", "service.Complaint.proposed_by", "service.Complaint.approved_by",
    "service.ComplaintStep.by", "service.ComplaintParty.employee", "service.ComplaintRules.published_by",
    "service.Compensation.done_by", "service.FeedbackAttempt.by",
    "service.TicketEntry.author", "service.IdeaComment.author", "service.Macro.assignee",
    "service.TicketPresence.person",
    "satisfaction.SurveyVersion.published_by", "satisfaction.SurveyLink.created_by",
}  # fmt: skip


def test_every_key_to_a_person_is_a_holding_or_history():
    """A later app that keeps people on its rows must say what becomes of them when they leave."""
    covered = set()
    for holding in holdings():
        name = holding.column.removesuffix("_id")
        covered.add(f"{holding.of(0).model._meta.label}.{name}")
    covered |= {
        "customers.Customer.owner",
        "accounts.Share.person",
        "accounts.Delegation.principal",
    }
    personal = {"accounts"}  # sign-in, sessions, keys: they go with the account itself
    missing = [
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        if model.__module__.startswith("kezhi.")
        for field in model._meta.fields
        if isinstance(field, models.ForeignKey)
        and field.related_model is User
        and f"{model._meta.label}.{field.name}" not in covered | HISTORY
        and model._meta.app_label not in personal
    ]
    assert missing == []


def test_by_region_each_goes_where_the_rule_says(li_wei, sun_yue, manager, owner):
    [north] = customers_of(li_wei, 10, region="安徽")
    [south] = customers_of(li_wei, 20, region="江苏")
    wanted = plan(
        li_wei,
        manager,
        owner,
        rule="by_field",
        plan={"field": "region", "to": {"安徽": sun_yue.pk}},
    )
    start_hand_over(wanted, actor=owner, on=TODAY)
    assert Customer.objects.get(pk=north.pk).owner == sun_yue
    assert Customer.objects.get(pk=south.pk).owner == manager


def test_evenly_divides_the_value_not_the_number(li_wei, sun_yue, manager, owner):
    customers_of(li_wei, 100, 40, 30, 30)
    wanted = plan(li_wei, sun_yue, owner, rule="evenly", plan={"among": [sun_yue.pk, manager.pk]})
    assert sorted(part.value for part in parts(wanted)) == [100.0, 100.0]
    assert sorted(part.customers for part in parts(wanted)) == [1, 3]


def test_open_work_on_customers_of_others_goes_to_the_main_successor(
    anhui_tea, li_wei, sun_yue, manager, owner
):
    theirs = create_customer({"name": "经理的客户"}, actor=manager, on=TODAY)
    plan_follow_up(
        {"customer": theirs, "subject": "送样", "due_on": TODAY, "assignee": li_wei},
        actor=manager, on=TODAY,
    )  # fmt: skip
    start_hand_over(plan(li_wei, sun_yue, owner), actor=owner, on=TODAY)
    assert FollowUp.objects.get().assignee == sun_yue
    assert Customer.objects.get(pk=theirs.pk).owner == manager


def test_a_hand_over_can_be_taken_back(anhui_tea, li_wei, sun_yue, chen_jing, owner):
    everything_that_points_to(li_wei, anhui_tea, chen_jing, owner)
    done = start_hand_over(plan(li_wei, sun_yue, owner), actor=owner, on=TODAY)
    take_back_hand_over(done, actor=owner, on=TODAY)
    assert User.objects.get(pk=li_wei.pk).is_active
    assert Customer.objects.get(pk=anhui_tea.pk).owner == li_wei
    assert FollowUp.objects.get().assignee == li_wei
    assert HandOver.objects.get().state == HandOver.State.TAKEN_BACK


def test_who_may_not_give_customers_away_hands_nothing_over(anhui_tea, li_wei, sun_yue, chen_jing):
    for actor in (sun_yue, chen_jing, li_wei):
        with pytest.raises(NotAllowed):
            plan(li_wei, sun_yue, actor)
    assert not HandOver.objects.exists()


def test_a_manager_hands_over_in_the_own_department_but_deactivates_nobody(
    anhui_tea, li_wei, sun_yue, manager
):
    with pytest.raises(NotAllowed):
        plan(li_wei, sun_yue, manager)
    done = start_hand_over(
        plan(li_wei, sun_yue, manager, deactivates=False), actor=manager, on=TODAY
    )
    assert done.state == HandOver.State.DONE
    assert User.objects.get(pk=li_wei.pk).is_active


def test_a_manager_elsewhere_reaches_nothing(anhui_tea, li_wei, chen_jing, manager):
    with pytest.raises(NotAllowed):
        plan(chen_jing, li_wei, manager, deactivates=False)


def test_nobody_hands_over_to_themselves_or_to_who_left(anhui_tea, li_wei, sun_yue, owner):
    with pytest.raises(Refused):
        plan(li_wei, li_wei, owner)
    User.objects.filter(pk=sun_yue.pk).update(is_active=False)
    with pytest.raises(Refused):
        plan(li_wei, sun_yue, owner)


def test_a_failure_leaves_everything_as_it_was(anhui_tea, li_wei, sun_yue, owner, monkeypatch):
    wanted = plan(li_wei, sun_yue, owner)
    monkeypatch.setattr(
        "kezhi.customers.handing_over.end_all", lambda *args: (_ for _ in ()).throw(RuntimeError)
    )
    with pytest.raises(RuntimeError):
        carry_out_hand_over(wanted, actor=owner, on=TODAY)
    assert Customer.objects.get(pk=anhui_tea.pk).owner == li_wei
    assert HandOver.objects.get().state == HandOver.State.DRAFT


def test_views_of_one_name_stay_apart(li_wei, sun_yue, owner):
    from kezhi.workbench.models import SavedView

    for person in (li_wei, sun_yue):
        SavedView.objects.create(owner=person, kind="customer", name="重点", audience="everyone")
    start_hand_over(plan(li_wei, sun_yue, owner), actor=owner, on=TODAY)
    names = sorted(SavedView.objects.filter(owner=sun_yue).values_list("name", flat=True))
    assert names[0] == "重点"
    assert "李伟" in names[1]


def test_many_customers_go_in_the_background(li_wei, sun_yue, owner, monkeypatch):
    monkeypatch.setattr("kezhi.customers.handing_over.AT_ONCE", 2)
    customers_of(li_wei, 1, 2, 3)
    started = start_hand_over(plan(li_wei, sun_yue, owner), actor=owner, on=TODAY)
    assert started.state == HandOver.State.UNDER_WAY
    from kezhi.jobs.carrying import carry_out
    from kezhi.jobs.tasks import hand_over_everything

    carry_out(hand_over_everything, started.job_run_id, {"hand_over": started.pk})
    assert HandOver.objects.get().state == HandOver.State.DONE
    assert Customer.objects.filter(owner=sun_yue).count() == 3
    assert Share.objects.count() == Delegation.objects.count() == 0
