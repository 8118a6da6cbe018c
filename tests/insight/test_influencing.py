"""Who brings whom: measured in a run from the recorded relations, kept beside the own value."""

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from django.db.models import Sum

from cast import TODAY
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
