"""Who brings whom: measured in a run from the recorded relations, kept beside the own value."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from django.db.models import Sum

from cast import TODAY
from insight.surveyed import nps_survey, respond
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.models import Need, Relation
from kezhi.insight import figures
from kezhi.insight.influence_rules import (
    InfluencePolicy,
    InvalidInfluence,
    influence_policy,
    publish_influence_rules,
)
from kezhi.insight.models import Influence, Snapshot, ValueRun
from kezhi.insight.publishing import forget_snapshots
from kezhi.satisfaction.models import Improvement, SurveyResponse
from kezhi.service.models import Complaint, ComplaintCause, Idea, Ticket

pytestmark = pytest.mark.django_db


def related(customer, other, nature="refers", **more):
    more.setdefault("since", TODAY - timedelta(days=900))
    return Relation.objects.create(
        customer=customer, other=other, nature=nature, **customer.place, **more
    )


@pytest.fixture
def line(trading):
    """3 brought 4, who brought 5, who brought 6; 7 belongs to 3's group."""
    one = trading[3:8]
    for elder, younger in pairwise(one[:4]):
        related(elder, younger)
    related(one[0], one[4], "parent")
    return one


def of(run, customer):
    return Influence.objects.get(run=run, customer=customer)


def test_without_relations_nothing_is_said_and_nobody_has_a_row(trading, measure):
    run = measure()
    assert not Influence.objects.exists()
    assert run.summary["influence"]["referred"] == 0
    assert "referral" not in run.tree["bounds"]


def test_what_the_brought_ones_bring_goes_up_generation_by_generation(line, measure):
    run = measure()
    rows = [of(run, customer) for customer in line]
    assert [row.referred for row in rows] == [1, 1, 1, 0, 0]
    assert rows[0].brought_1 == rows[1].worth != 0
    assert rows[0].brought_2 == rows[2].worth
    assert rows[0].brought_3 == rows[3].worth
    halves = [rows[n].worth / 2**n for n in (1, 2, 3)]
    assert rows[0].received == pytest.approx(sum(halves), abs=Decimal("0.02"))
    assert rows[4].worth is None


def test_influence_moves_value_and_creates_none(line, measure):
    with_relations = measure()
    rows = Influence.objects.filter(run=with_relations)
    moved = rows.aggregate(got=Sum("received"), gave=Sum("given"), share=Sum("network_share"))
    assert moved["got"] > 0
    assert moved["got"] == pytest.approx(moved["gave"], abs=Decimal("0.05"))
    assert (
        moved["share"] == rows.filter(own_value__gt=0).aggregate(Sum("own_value"))["own_value__sum"]
    )
    totals = [Sum(name) for name in ("current_value", "potential_value", "realised_value")]
    before = Snapshot.objects.filter(run=with_relations).aggregate(*totals)
    Relation.objects.all().delete()
    assert Snapshot.objects.filter(run=measure()).aggregate(*totals) == before


def test_who_brings_others_scores_higher_than_without(trading, measure):
    before = {row.customer_id: row.score for row in Snapshot.objects.filter(run=measure())}
    related(trading[4], trading[5])
    run = measure()
    after = {row.customer_id: row.score for row in Snapshot.objects.filter(run=run)}
    assert "referral" in run.tree["bounds"]
    others = [pk for pk in after if after[pk] is not None and pk != trading[4].pk]
    assert after[trading[4].pk] - before[trading[4].pk] > max(
        after[pk] - before[pk] for pk in others
    )


def test_the_network_ranks_who_leads(line, measure):
    run = measure()
    assert of(run, line[0]).network_rank == 1
    assert of(run, line[3]).network_rank > 1


def test_a_referral_counts_from_its_day_and_within_the_window(trading, measure, owner):
    related(trading[4], trading[5], since=TODAY - timedelta(days=1))
    late = of(measure(), trading[5]).worth
    Relation.objects.update(since=None)
    assert of(measure(), trading[5]).worth > late
    Relation.objects.update(since=TODAY + timedelta(days=1))
    measure()
    assert not Influence.objects.filter(run=ValueRun.objects.latest_published()).exists()


def test_a_circle_is_left_out_and_counted(trading, measure):
    related(trading[4], trading[5], since=TODAY - timedelta(days=9))
    related(trading[5], trading[4], since=TODAY - timedelta(days=8))
    assert measure().summary["influence"]["left_out"] == 1


def test_what_customers_tell_counts_by_points(trading, measure, li_wei, owner):
    need = {"handler": li_wei, "raised_on": TODAY, "reply_due_on": TODAY, **trading[4].place}
    Need.objects.create(customer=trading[4], what="更快的交货", **need)
    Need.objects.create(
        customer=trading[4], what="周末送货", state="answered", replied_on=TODAY, **need
    )
    run = measure()
    row = of(run, trading[4])
    assert (row.points, row.information) == (4.0, None)
    assert "information" in run.tree["bounds"]
    publish_influence_rules(
        InfluencePolicy(money_per_point=50), actor=owner, on=TODAY, reason="试行"
    )
    assert of(measure(), trading[4]).information == 200


def test_a_restricted_reader_counts_only_whom_they_see(trading, measure, owner, li_wei, chen_jing):
    mine, also_mine, hers = trading[4], trading[5], trading[6]
    related(mine, also_mine)
    related(mine, hers)
    measure()
    basis = figures.basis()
    whole = figures.influence_of(owner, mine.pk, basis)
    seen = figures.influence_of(li_wei, mine.pk, basis)
    assert (whole.referred, seen.referred) == (2, 1)
    assert seen.brought[0] == float(of(basis.run, also_mine).worth)
    assert figures.influence_of(chen_jing, mine.pk, basis) is None
    assert [row.customer_id for row in figures.bringers(li_wei, basis)] == [mine.pk]
    assert figures.bringers(chen_jing, basis) == []


def test_forgotten_runs_forget_their_influence(line, measure):
    run = measure()
    forget_snapshots([run.pk])
    assert not Influence.objects.exists()


def test_rules_are_checked_and_published_in_versions(company, owner, li_wei):
    with pytest.raises(NotAllowed):
        publish_influence_rules(InfluencePolicy(reward=5), actor=li_wei, on=TODAY, reason="x")
    with pytest.raises(InvalidInfluence) as invalid:
        publish_influence_rules(InfluencePolicy(share_anyway=2), actor=owner, on=TODAY, reason="")
    assert set(invalid.value.errors) == {"share_anyway", "reason"}
    publish_influence_rules(InfluencePolicy(reward=5), actor=owner, on=TODAY, reason="奖励")
    assert influence_policy().reward == 5
    with pytest.raises(Refused):
        publish_influence_rules(InfluencePolicy(reward=5), actor=owner, on=TODAY, reason="再来")


@pytest.fixture
def recommend(company):
    return nps_survey()


def complained(customer, number, settled=None, answer="", **more):
    """A complaint of ten days ago, settled so many days ago."""
    at = datetime.combine(TODAY - timedelta(days=10), time(3), UTC)
    ticket = Ticket.objects.create(
        number=f"T-{number}",
        subject="?",
        type="complaint",
        customer=customer,
        opened_at=at,
        **customer.place,
    )
    if settled is not None:
        more["settled_at"] = datetime.combine(TODAY - timedelta(days=settled), time(3), UTC)
    return Complaint.objects.create(
        ticket=ticket, customer=customer, step_since=at, answer=answer, **customer.place,
        **({"opened_at": at} | more),
    )  # fmt: skip


def test_a_detractor_may_take_along_whom_it_is_related_to(line, trading, measure, recommend):
    before = measure()
    totals = [Sum(name) for name in ("current_value", "potential_value", "realised_value")]
    values = Snapshot.objects.filter(run=before).aggregate(*totals)
    respond(recommend, line[1], {"nps": 3}, score=30)
    respond(recommend, trading[20], {"nps": 0}, score=0)  # has nobody to tell
    Relation.objects.filter(customer=line[0], nature="refers").update(strength="3")
    run = measure()
    row, one, two = (of(run, customer) for customer in (line[1], line[0], line[2]))
    lost = max(one.own_value, 0) * Decimal("0.05") + max(two.own_value, 0) * Decimal("0.05") * 2 / 3
    assert row.heard == 2
    assert row.word_of_mouth == pytest.approx(-lost, abs=Decimal("0.01"))
    assert row.word_of_mouth < 0
    assert of(run, line[3]).word_of_mouth == 0
    told = run.summary["influence"]
    assert (told["warners"], told["heard"]) == (2, 1)
    # A memo: neither own values nor what moves between customers change by it.
    assert Snapshot.objects.filter(run=run).aggregate(*totals) == values
    moved = Influence.objects.filter(run=run).aggregate(got=Sum("received"), gave=Sum("given"))
    assert moved["got"] == pytest.approx(moved["gave"], abs=Decimal("0.05"))


def test_who_answers_again_warns_no_more_and_a_year_later_nobody_does(line, measure, recommend):
    respond(recommend, line[1], {"nps": 2}, on=TODAY - timedelta(days=300), score=20)
    assert of(measure(), line[1]).heard == 2
    respond(recommend, line[1], {"nps": 9}, on=TODAY - timedelta(days=20), score=90)
    assert of(measure(), line[1]).heard == 0
    SurveyResponse.objects.all().delete()
    respond(recommend, line[1], {"nps": 2}, on=TODAY - timedelta(days=366), score=20)
    assert of(measure(), line[1]).heard == 0


@pytest.mark.parametrize(
    ("settled", "answer", "heard"),
    [(None, "", 1), (2, "accepted", 0), (2, "partly", 0), (2, "refused", 1), (2, "silent", 1)],
)
def test_a_complaint_warns_until_the_customer_accepts(line, measure, settled, answer, heard):
    complained(line[4], 1, settled, answer)
    assert of(measure(), line[4]).heard == heard


def test_the_exposure_is_a_rule_of_the_company(line, measure, owner):
    complained(line[4], 1)
    usual = of(measure(), line[4]).word_of_mouth
    publish_influence_rules(InfluencePolicy(exposure=0.1), actor=owner, on=TODAY, reason="Asked")
    assert of(measure(), line[4]).word_of_mouth == pytest.approx(2 * usual, abs=Decimal("0.02"))


def test_the_share_who_would_have_come_anyway_is_taken_from_those_asked(line, measure, owner):
    stated = of(measure(), line[1]).worth
    policy = InfluencePolicy(anyway_asked=20, anyway_said=2)
    publish_influence_rules(policy, actor=owner, on=TODAY, reason="Asked twenty")
    share, low, high = policy.anyway
    assert low < share < high
    assert share == pytest.approx(2.5 / 21)
    asked = of(measure(), line[1]).worth
    assert asked == pytest.approx(stated * Decimal(1 - share) / Decimal("0.5"), abs=Decimal("0.02"))
    with pytest.raises(InvalidInfluence) as invalid:
        publish_influence_rules(
            InfluencePolicy(anyway_asked=2, anyway_said=3), actor=owner, on=TODAY, reason="x"
        )
    assert set(invalid.value.errors) == {"anyway_said"}


def test_reputation_is_how_readily_a_customer_recommends(trading, measure, recommend):
    assert "reputation" not in measure().tree["bounds"]
    respond(recommend, trading[4], {"nps": 10}, score=100)
    respond(recommend, trading[5], {"nps": 1}, score=10)
    run = measure()
    assert "reputation" in run.tree["bounds"]
    leaves = [leaf["name"] for branch in run.tree["tree"]["branches"] for leaf in branch["leaves"]]
    place = leaves.index("reputation")
    high, low, none = (
        Snapshot.objects.get(run=run, customer=trading[n]).leaves[place] for n in (4, 5, 6)
    )
    assert (high, low, none) == (1, 0, None)


def test_responses_complaints_and_ideas_are_information_and_more_so_when_used(
    trading, measure, owner, recommend
):
    respond(recommend, trading[4], {"nps": 8}, on=TODAY - timedelta(days=100), score=80)
    respond(recommend, trading[5], {"nps": 8}, on=TODAY - timedelta(days=20), score=80)
    Idea.objects.create(
        customer=trading[6], title="周末送货", submitted_on=TODAY, **trading[6].place
    )
    done = Idea.objects.create(
        customer=trading[7],
        title="电子对账",
        state="done",
        answered_on=TODAY,
        submitted_on=TODAY,
        **trading[7].place,
    )
    cause = ComplaintCause.objects.create(name="包装破损", name_en="Damaged", category="transport")
    complained(trading[8], 1, cause=cause)
    complained(trading[9], 2, cause=cause, verdict="unjustified")
    points = {of(measure(), trading[n]).points for n in (4, 5)}
    assert points == {0.5}
    assert of(measure(), trading[6]).points == 1
    assert of(measure(), trading[7]).points == 5
    assert of(measure(), trading[8]).points == 0.5
    assert not Influence.objects.filter(customer=trading[9], points__gt=0).exists()
    days = {"before_from": TODAY - timedelta(days=120), "before_until": TODAY - timedelta(days=60)}
    fields = {"owner": owner, "due_on": TODAY, "state": "done", "finished_on": TODAY}
    Improvement.objects.create(title="快一点", survey=recommend, **fields, **days)
    days = {"before_from": TODAY - timedelta(days=30), "before_until": TODAY - timedelta(days=1)}
    Improvement.objects.create(
        title="包装", measure="complaints", cause="damaged", **fields, **days
    )
    run = measure()
    assert [of(run, trading[n]).points for n in (4, 5, 8)] == [3, 0.5, 3]
    assert run.summary["influence"]["told"] == {
        "need": [0, 0], "feedback": [2, 1], "complaint": [1, 1], "idea": [2, 1],
    }  # fmt: skip
    assert done.pk


def test_warnings_are_listed_for_who_sees_all_customers(line, measure, owner, li_wei):
    complained(line[4], 1)
    measure()
    basis = figures.basis()
    assert [row.customer_id for row in figures.warners(owner, basis)] == [line[4].pk]
    assert figures.warners(li_wei, basis) == []
    seen = figures.influence_of(li_wei, line[4].pk, basis)
    assert seen is None or (seen.heard, seen.word_of_mouth) == (0, 0)
