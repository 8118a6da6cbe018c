"""Figures of the value screens: right, for whom the actor may see, with a fixed number of queries."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cast import PASSWORD, TODAY
from kezhi.accounts.organising import create_person
from kezhi.core.actor import SYSTEM
from kezhi.customers.models import Standing
from kezhi.insight import figures
from kezhi.insight.models import KeptFigure, Snapshot
from kezhi.ledger.models import Order

pytestmark = pytest.mark.django_db

SCOPED = ("strip", "pyramid", "pareto", "matrix", "cohorts", "flow", "at_risk", "rfm", "trend")


@pytest.fixture
def basis(trading, measure):
    """A year ago and today."""
    measure(TODAY - timedelta(days=365))
    measure()
    return figures.basis()


def total(actor, name):
    rows = Standing.objects.visible_to(actor).values_list(name, flat=True)
    return float(sum(amount for amount in rows if amount is not None))


def test_before_the_first_run_there_is_no_basis(company):
    assert figures.basis() is None


def test_the_latest_day_is_read_whenever_it_was_measured(trading, measure):
    latest = measure()
    measure(TODAY - timedelta(days=10))
    basis = figures.basis(compare_months=1)
    assert (basis.run, basis.compared) == (latest, None)
    month_ago = measure(TODAY - timedelta(days=31))
    assert figures.basis(compare_months=1).compared == month_ago
    assert figures.basis(compare_months=12).compared is None


@pytest.mark.parametrize("who", ["owner", "manager", "li_wei", "chen_jing", "analyst"])
def test_sums_are_those_of_the_customers_one_may_see(basis, request, who):
    actor = request.getfixturevalue(who)
    strip = figures.strip(actor, basis)
    assert strip.customers == Standing.objects.visible_to(actor).count()
    assert strip.customer_asset.now == pytest.approx(total(actor, "potential_value"))
    assert strip.realised_value.now == pytest.approx(total(actor, "realised_value"))
    pyramid = figures.pyramid(actor, basis)
    assert sum(step.customers for step in pyramid.steps) + pyramid.unmeasured == strip.customers
    assert sum(step.contribution for step in pyramid.steps) == pytest.approx(
        total(actor, "contribution_12m")
    )
    assert figures.pareto(actor, basis).total == pytest.approx(total(actor, "contribution_12m"))
    assert sum(link.customers for link in figures.flow(actor, basis).links) == strip.buyers


def test_li_wei_and_chen_jing_share_the_company_between_them(basis, li_wei, chen_jing):
    whole, one, other = (figures.strip(actor, basis) for actor in (SYSTEM, li_wei, chen_jing))
    assert 0 < one.customers < whole.customers
    assert one.customers + other.customers == whole.customers
    assert one.customer_asset.now + other.customer_asset.now == pytest.approx(
        whole.customer_asset.now
    )
    assert one.customer_asset.before + other.customer_asset.before == pytest.approx(
        whole.customer_asset.before
    )
    points = {point.customer_id for point in figures.matrix(chen_jing, basis).points}
    assert points <= set(Standing.objects.visible_to(chen_jing).values_list("pk", flat=True))


def test_who_sees_no_customer_sees_no_figure(basis, organisation):
    fields = {"login": "nobody", "name": "无人", "roles": ["salesperson"], "password": PASSWORD}
    nobody = create_person({**fields, "department": organisation.head}, actor=SYSTEM)
    strip = figures.strip(nobody, basis)
    assert (strip.customers, strip.customer_asset.now) == (0, None)
    assert figures.pareto(nobody, basis).points == ()
    assert figures.matrix(nobody, basis).points == ()
    assert figures.cohorts(nobody, basis).rows == ()
    assert figures.at_risk(nobody, basis).rows == ()
    assert figures.trend(nobody, basis) == ()
    assert figures.tier_moves(nobody, since=TODAY - timedelta(days=400)).rows == ()


@pytest.mark.parametrize("name", SCOPED)
def test_the_number_of_queries_does_not_grow_with_customers(basis, li_wei, name):
    def queries():
        with CaptureQueriesContext(connection) as caught:
            getattr(figures, name)(li_wei, basis)
        return len(caught)

    # Roles, shares and for whom one stands in are asked for once a request.
    assert li_wei.may("read", "customer")
    assert (li_wei.own_ids, li_wei.shared_ids("read")) == ((li_wei.pk,), ())
    # One at risk is there from the beginning: nothing more is asked where there is nobody.
    riskiest = figures.at_risk(SYSTEM, basis).rows[0].customer_id
    Standing.objects.filter(pk=riskiest).update(owner_id=li_wei.pk)
    before = queries()
    Standing.objects.exclude(owner_id=li_wei.pk).update(owner_id=li_wei.pk)
    assert queries() == before <= 5


def test_change_is_against_the_compared_run(basis):
    strip = figures.strip(SYSTEM, basis)
    was = Snapshot.objects.filter(run=basis.compared).values_list("potential_value", flat=True)
    assert strip.customer_asset.before == pytest.approx(float(sum(v for v in was if v is not None)))
    assert strip.customer_asset.change == pytest.approx(
        strip.customer_asset.now / strip.customer_asset.before - 1
    )


def test_retention_counts_those_who_bought_again(basis):
    day = basis.year_ago.as_of
    active = set(
        Order.objects.filter(
            ordered_on__gt=day - timedelta(days=365), ordered_on__lte=day
        ).values_list("customer_id", flat=True)
    )
    since = set(Order.objects.filter(ordered_on__gt=day).values_list("customer_id", flat=True))
    strip = figures.strip(SYSTEM, basis)
    assert strip.retention.now == pytest.approx(len(active & since) / len(active))


def test_the_pareto_curve_rises_to_all_of_it_and_bends_once(basis):
    pareto = figures.pareto(SYSTEM, basis)
    assert pareto.points[0] == (0, 0)
    assert pareto.points[-1] == pytest.approx((1, 1))
    assert len(pareto.points) <= 200
    slopes = [
        (after[1] - before[1]) / (after[0] - before[0]) for before, after in pairwise(pareto.points)
    ]
    assert all(after <= before + 1e-9 for before, after in pairwise(slopes))
    assert pareto.elbow[1] > pareto.elbow[0]
    assert 0 < pareto.gini < 1
    assert [row.contribution for row in pareto.largest] == sorted(
        (row.contribution for row in pareto.largest), reverse=True
    )


def test_the_matrix_places_everybody_who_has_a_cell(basis):
    matrix = figures.matrix(SYSTEM, basis, sample=20)
    assert sum(cell.customers for cell in matrix.cells) == matrix.placed
    assert matrix.placed + matrix.unplaced == 60
    assert len(matrix.points) == 20
    assert (matrix.across, matrix.up) == ("contribution_12m", "potential_value")
    for point in matrix.points:
        is_right, is_high = point.x > matrix.x_border, point.y > matrix.y_border
        expected = {
            (True, True): "grow",
            (True, False): "keep",
            (False, True): "nurture",
            (False, False): "self_service",
        }
        assert point.quadrant == expected[is_right, is_high]


@pytest.mark.parametrize("columns", ["month", "quarter"])
def test_cohorts_say_who_of_a_quarter_bought_again(basis, columns):
    table = figures.cohorts(SYSTEM, basis, columns=columns, rows=6, periods=4)
    assert table.rows
    row = table.rows[0]
    members = Standing.objects.filter(
        first_order_on__gte=row.starts_on, first_order_on__lte=row.until_on
    )
    assert row.customers == members.count()
    length = {"month": 1, "quarter": 3}[columns]

    def period(day):
        return (day.year * 12 + day.month - 1) // length

    again = sum(
        any(
            period(day) == period(member.first_order_on) + 1
            for day in Order.objects.filter(customer_id=member.pk).values_list(
                "ordered_on", flat=True
            )
        )
        for member in members
    )
    assert row.retained[0] == pytest.approx(again / row.customers)
    assert table.rows[-1].retained[-1] is None


def test_the_flow_goes_from_the_stages_then_to_the_stages_now(basis):
    then = dict(Snapshot.objects.filter(run=basis.compared).values_list("customer_id", "stage"))
    now = dict(Standing.objects.filter(occasions__gt=0).values_list("pk", "stage"))
    flow = figures.flow(SYSTEM, basis)
    for link in flow.links:
        expected = [pk for pk in now if now[pk] == link.after and then.get(pk, "") == link.before]
        assert link.customers == len(expected)
    assert sum(node.customers for node in flow.before) == sum(n.customers for n in flow.after)


def test_customers_at_risk_are_those_of_the_list_behind_the_figure(basis):
    found = figures.at_risk(SYSTEM, basis, limit=3)
    listed = Standing.objects.filter(tier__in="SAB", p_alive__lt=0.6)
    assert found.customers == listed.count()
    assert found.value == pytest.approx(float(sum(s.value_at_risk or 0 for s in listed)))
    risks = [row.value_at_risk for row in found.rows]
    assert risks == sorted(risks, reverse=True)
    assert all(set(row.reasons) <= {"overdue", "falling", "declining"} for row in found.rows)


def test_tier_moves_leave_out_first_measurements(basis):
    assert figures.tier_moves(SYSTEM, since=TODAY - timedelta(days=365)).rows
    moves = figures.tier_moves(SYSTEM, since=TODAY, limit=100)
    assert all(row.before for row in moves.rows)
    assert moves.ups + moves.downs == len(moves.rows)
    assert moves.ups == sum(row.is_up for row in moves.rows)


def test_the_explanation_adds_up_to_the_score(basis, li_wei):
    standing = Standing.objects.visible_to(li_wei).exclude(score=None).first()
    found = figures.explanation(li_wei, standing.pk, basis)
    assert found.score == pytest.approx(standing.score, abs=0.01)
    points = sum(
        leaf.points for branch in found.branches for leaf in branch.leaves if leaf.is_measured
    )
    assert found.mean_score + points + found.shift == pytest.approx(found.score)
    leaves = {leaf.name: leaf for branch in found.branches for leaf in branch.leaves}
    assert leaves["contribution"].raw == pytest.approx(float(standing.contribution_12m))
    assert leaves["contribution"].orders_until == TODAY
    assert not leaves["satisfaction"].is_measured
    assert leaves["satisfaction"].points is None
    assert sum(leaf.share for leaf in leaves.values()) == pytest.approx(1)


def test_nobody_explains_a_strangers_customer(basis, chen_jing):
    other = Standing.objects.exclude(owner_id=chen_jing.pk).exclude(score=None).first()
    assert figures.explanation(chen_jing, other.pk, basis) is None
    assert figures.history(chen_jing, other.pk) == ()


def test_history_and_trend_have_a_point_a_run(basis, trading):
    days = [TODAY - timedelta(days=365), TODAY]
    assert [point.as_of for point in figures.trend(SYSTEM, basis)] == days
    oldest = Standing.objects.order_by("first_order_on").first()
    assert [point.as_of for point in figures.history(SYSTEM, oldest.pk)] == days


@pytest.mark.parametrize(
    "name", ["strip", "pyramid", "pareto", "matrix", "cohorts", "flow", "rfm", "trend"]
)
def test_a_large_company_works_a_figure_out_once_a_run(basis, owner, li_wei, monkeypatch, name):
    monkeypatch.setattr("kezhi.insight.figures.keeping.MANY", 10)
    figure = getattr(figures, name)
    fresh, own = figure(owner, basis), figure(li_wei, basis)
    with CaptureQueriesContext(connection) as caught:
        assert figure(owner, basis) == fresh
    assert len(caught) == 1
    assert figure(li_wei, basis) == own != fresh


def test_what_another_version_kept_is_worked_out_anew(basis, owner, monkeypatch):
    monkeypatch.setattr("kezhi.insight.figures.keeping.MANY", 10)
    fresh = figures.strip(owner, basis)
    KeptFigure.objects.update(figure={"dropped_since": 1})
    assert figures.strip(owner, basis) == fresh
    assert "dropped_since" not in KeptFigure.objects.get(key__startswith="strip|").figure


def test_the_next_run_forgets_what_was_kept(basis, owner, measure, monkeypatch):
    monkeypatch.setattr("kezhi.insight.figures.keeping.MANY", 10)
    figures.strip(owner, basis)
    Standing.objects.all().delete()
    assert figures.strip(owner, basis).customers == 60
    measure(TODAY)
    assert figures.strip(owner, figures.basis()).customers == 0


def test_rfm_counts_every_buyer_once(basis):
    rfm = figures.rfm(SYSTEM, basis)
    assert len(rfm.cells) == 25
    assert rfm.measured == Standing.objects.filter(occasions__gt=0).count()
    for cell in rfm.cells:
        found = Standing.objects.filter(
            recency_score=cell.recency, frequency_score=cell.frequency
        ).values_list("contribution_12m", flat=True)
        assert cell.customers == len(found)
        assert cell.contribution_12m == pytest.approx(float(sum(found)))


def test_the_scores_of_a_customer_are_those_of_the_snapshot(basis):
    snapshots = dict(Snapshot.objects.filter(run=basis.run).values_list("customer_id", "rfm"))
    for standing in Standing.objects.all():
        scores = (standing.recency_score, standing.frequency_score, standing.monetary_score)
        said = snapshots.get(standing.pk, "")
        assert scores == (tuple(map(int, said)) if said else (None, None, None))
