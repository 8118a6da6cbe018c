"""Cases are drawn by chance and fairly, reviewed by others, answered; figures say how sure they are."""

from datetime import timedelta
from decimal import Decimal

import pytest

from cast import NOW, TODAY
from kezhi.accounts.models import User
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.models import Standing
from kezhi.ledger.models import Order
from kezhi.service.models import AgentMonth, CaseReview, Clock, Ticket, TrainingRecord
from kezhi.service.quality.counting import keep_month, keep_months
from kezhi.service.quality.figures import figures
from kezhi.service.quality.reviewing import (
    agreement,
    answer_review,
    ask_second_review,
    doubled,
    review_case,
)
from kezhi.service.quality.sampling import Case, draw, draw_round
from kezhi.service.quality.standards import publish_scorecard, score_of, seven_rights
from kezhi.service.quality.teaching import keep_course, matrix, note_training, people_of, set_skill
from kezhi.service.tickets.changing import set_state
from kezhi.service.tickets.opening import open_ticket

pytestmark = pytest.mark.django_db


def card(owner):
    return publish_scorecard("七个对", "Seven rights", seven_rights(), actor=owner, at=NOW)


def solved(customer, worker, days_ago=3, subject="断货", **more):
    at = NOW - timedelta(days=days_ago)
    fields = {"subject": subject, "customer": customer, "type": "inquiry", **more}
    ticket = open_ticket(fields, actor=worker, at=at, text="怎么办")
    Ticket.objects.filter(pk=ticket.pk).update(assignee=worker)
    ticket.refresh_from_db()
    return set_state(ticket, "solved", actor=worker, at=at, solution="补发")


def drawn(owner, *reviewers, per_agent=3, seed=7):
    span = {"begins_on": TODAY - timedelta(days=30), "ends_on": TODAY}
    how = {"per_agent": per_agent, "seed": seed, "actor": owner, "at": NOW}
    return draw_round(card(owner), reviewers, **span, **how)


def test_a_draw_is_repeatable_even_and_spread_over_types_and_tiers():
    cases = [
        Case(agent * 1000 + number, agent, f"{kind} {tier}")
        for agent in range(1, 7)
        for number, (kind, tier) in enumerate(
            (kind, tier) for kind in ("fault", "inquiry") for tier in "SABC" for _n in range(9)
        )
    ]
    first, again = draw(cases, 8, seed=3), draw(list(reversed(cases)), 8, seed=3)
    assert first == again
    assert draw(cases, 8, seed=4) != first
    for agent in range(1, 7):
        mine = [case for case in first if case.agent_id == agent]
        assert len({case.stratum for case in mine}) == len(mine) == 8
    # Over many draws each case of an agent comes up about equally often.
    counts = dict.fromkeys((case.ticket_id for case in cases), 0)
    for seed in range(400):
        for case in draw(cases, 8, seed=seed):
            counts[case.ticket_id] += 1
    assert min(counts.values()) > 20
    assert max(counts.values()) < 80


def test_reviews_are_others_work_and_seen_by_those_who_may(
    owner, agent, manager, li_wei, chen_jing, anhui_tea
):
    tickets = [solved(anhui_tea, agent, subject=f"咨询{n}") for n in range(4)]
    solved(anhui_tea, manager, subject="经理自己的")
    made = drawn(owner, manager)
    reviews = CaseReview.objects.filter(round=made)
    assert made.drawn == 3  # the manager's own case has no reviewer
    assert {each.agent for each in reviews} == {agent}
    with pytest.raises(Refused):
        drawn(owner)
    with pytest.raises(NotAllowed):
        drawn(agent, manager)
    review = reviews.first()
    assert not CaseReview.objects.visible_to(agent).exists()  # not before it is done
    marks = {each["key"]: each["most"] for each in seven_rights()} | {"price": None, "time": 0}
    with pytest.raises(NotAllowed):
        review_case(review, marks, {}, "", actor=agent, at=NOW)
    with pytest.raises(Refused):
        review_case(review, {"want": 9}, {}, "", actor=manager, at=NOW)
    with pytest.raises(Refused):
        review_case(review, {}, {}, "", actor=manager, at=NOW)
    review = review_case(review, marks, {"time": "晚了两天"}, "", actor=manager, at=NOW)
    assert review.score == pytest.approx(100 * 75 / 90)
    with pytest.raises(Refused):
        review_case(review, marks, {}, "", actor=manager, at=NOW)
    assert list(CaseReview.objects.visible_to(agent)) == [review]
    assert not CaseReview.objects.visible_to(li_wei).exists()
    assert not CaseReview.objects.visible_to(chen_jing).exists()
    with pytest.raises(NotAllowed):
        answer_review(review, "不同意", actor=manager, at=NOW)
    assert answer_review(review, "节假日", actor=agent, at=NOW).state == "answered"

    second = ask_second_review(review, owner, actor=owner, at=NOW)
    with pytest.raises(Refused):
        ask_second_review(review, agent, actor=owner, at=NOW)
    review_case(second, {**marks, "want": 4, "time": 2}, {}, "", actor=owner, at=NOW)
    found = agreement(doubled(CaseReview.objects.visible_to(owner)))
    assert (found.cases, found.count, found.same, found.near) == (1, 6, 4, 5)
    assert len(tickets) == 4


def test_a_scorecard_gets_versions_and_old_reviews_keep_theirs(owner, agent):
    first = card(owner)
    changed = [{**each, "weight": 10} for each in first.criteria[:3]]
    second = publish_scorecard(first.name, "", changed, actor=owner, at=NOW)
    first.refresh_from_db()
    assert (first.is_current, second.number, len(first.criteria)) == (False, 2, 7)
    assert score_of(second.criteria, {}) is None
    for wrong in ([], [{"label": "x", "weight": 0, "most": 5}], [{**changed[0]}, {**changed[0]}]):
        with pytest.raises(Refused):
            publish_scorecard("x", "", wrong, actor=owner, at=NOW)
    with pytest.raises(NotAllowed):
        publish_scorecard("x", "", changed, actor=agent, at=NOW)


def test_who_lacks_a_course_shows_until_it_is_passed_and_again_when_it_ends(
    owner, agent, manager, li_wei
):
    set_skill(agent, "家电维修", 3, actor=owner, on=TODAY, certificate="电工证")
    assert User.objects.get(pk=agent.pk).skills == ["家电维修"]
    course = keep_course(
        None, "安全用电", "", skill="家电维修", valid_months=12, is_required=True,
        actor=owner, on=TODAY,
    )  # fmt: skip

    def lacking(day):
        _skills, rows = matrix([agent, li_wei], on=day)
        return [(row.user, [each.name for each in row.lacking]) for row in rows]

    agent.refresh_from_db()
    assert lacking(TODAY) == [(agent, ["安全用电"]), (li_wei, [])]
    for result in ("failed", "passed"):
        note_training(course, [agent], result, day=TODAY, actor=owner, on=TODAY)
    assert TrainingRecord.objects.get().result == "passed"
    assert lacking(TODAY)[0] == (agent, [])
    assert lacking(TODAY + timedelta(days=366))[0] == (agent, ["安全用电"])
    assert people_of(agent) == [agent]
    with pytest.raises(NotAllowed):
        set_skill(agent, "x", 4, actor=agent, on=TODAY)
    with pytest.raises(NotAllowed):
        note_training(course, [agent], "passed", day=TODAY, actor=li_wei, on=TODAY)
    set_skill(agent, "家电维修", 0, actor=owner, on=TODAY)
    assert User.objects.get(pk=agent.pk).skills == []


def test_value_is_kept_where_the_customer_buys_again_in_their_rhythm(
    owner, agent, manager, li_wei, anhui_tea, company
):
    month = TODAY.replace(day=1)
    at = NOW.replace(day=1)
    ago = (NOW - at).days
    for number in range(2):
        solved(anhui_tea, agent, days_ago=ago, subject=f"漏发{number}")
    Standing.objects.filter(customer=anhui_tea).update(
        occasions=5,
        first_order_on=month - timedelta(days=44),
        last_order_on=month - timedelta(days=4),
        value_at_risk=Decimal(9000),
    )
    Ticket.objects.update(reopened_count=1)
    Clock.objects.filter(kind="first_answer").delete()
    keep_month(month, company.zone, at=NOW)
    row = AgentMonth.objects.get(user=agent)
    bought = (row.solved, row.reopened, row.customers, row.came_back, row.value_kept)
    assert bought == (2, 2, 1, 0, 0)
    assert row.value_at_stake == 9000
    order = {"customer": anhui_tea, "currency": "CNY", "amount": 500}
    Order.objects.create(number="R-0", ordered_on=at.date() + timedelta(days=16), **order)
    keep_month(month, company.zone, at=NOW)
    assert AgentMonth.objects.get(user=agent).value_kept == 0  # ten days, and five more, are over
    Order.objects.create(number="R-1", ordered_on=at.date() + timedelta(days=14), **order)
    keep_months(actor=owner, at=NOW)
    row = AgentMonth.objects.get(user=agent)
    assert (row.came_back, row.value_kept) == (1, 9000)

    people, _teams, together = figures(owner, month - timedelta(days=60))
    assert [(each.name, each.solved, each.value_kept) for each in people] == [
        (agent.name, 2, Decimal(9000))
    ]
    assert together is None
    assert people[0].came_back.count == 1
    assert people[0].came_back.low < 0.5
    assert [each.name for each in figures(agent, month)[0]] == [agent.name]
    assert figures(li_wei, month)[0] == []
