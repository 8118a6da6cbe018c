"""Who is lost, what they would bring if they came back, and whether an attempt pays."""

from datetime import timedelta

import pytest

from cast import TODAY
from kezhi.audit.models import Entry
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.models import Customer, Standing
from kezhi.insight import figures, losing, winning_back
from kezhi.insight.losing import note_loss, publish_win_back_rules, withdraw_loss
from kezhi.insight.models import Loss, LostCustomer, Snapshot
from kezhi.value.lifetime.win_back import WinBackSettings
from kezhi.value.plain import to_plain

pytestmark = pytest.mark.django_db


@pytest.fixture
def measured(trading, measure):
    return measure()


@pytest.fixture
def lost(measured):
    return LostCustomer.objects.order_by("-second_value").first()


def test_a_run_judges_everybody_who_is_lost_and_nobody_else(measured):
    lost = set(Standing.objects.filter(stage="lost").values_list("pk", flat=True))
    assert lost
    assert set(LostCustomer.objects.values_list("pk", flat=True)) == lost


def test_the_second_value_is_that_of_the_day_of_the_last_purchase(measured, lost):
    """The silence since was absence: it makes the second value no smaller."""
    snapshot = Snapshot.objects.get(run=measured, customer_id=lost.pk)
    assert float(lost.second_value) > float(snapshot.continuation_value)
    model = winning_back.model_of(measured)
    again = winning_back.second_values(
        [[3.0], [0.0], [100.0], [0.3], [0.0], [0.0]], model, measured
    )
    more = winning_back.second_values([[3.0], [0.0], [200.0], [0.3], [0.0], [0.0]], model, measured)
    assert more == pytest.approx(2 * again)


def test_a_cause_is_judged_at_once_and_kept_by_the_next_run(lost, owner, measure):
    customer = Customer.objects.get(pk=lost.pk)
    note_loss(customer, "insolvent", actor=owner, on=TODAY, remark="注销")
    lost.refresh_from_db()
    assert (lost.cause, lost.chance, lost.verdict) == ("insolvent", 0.0, "not_recoverable")
    measure()
    assert LostCustomer.objects.get(pk=lost.pk).cause == "insolvent"
    withdraw_loss(customer, actor=owner, on=TODAY)
    assert LostCustomer.objects.get(pk=lost.pk).cause == ""
    assert Entry.objects.filter(deed="customer.loss_withdrawn").count() == 1


def test_a_cause_noted_before_the_last_purchase_has_been_overtaken(lost, owner, measure):
    customer = Customer.objects.get(pk=lost.pk)
    note_loss(customer, "price", actor=owner, on=lost.last_on - timedelta(days=1))
    measure()
    assert LostCustomer.objects.get(pk=lost.pk).cause == ""
    found = winning_back.win_back_totals(SYSTEM, figures.basis())
    assert found.came_back == 1


def test_rules_are_published_in_versions_and_used_by_the_next_run(measured, owner, measure):
    rules = to_plain(WinBackSettings(cost_of_attempt=1e9))
    publish_win_back_rules(rules, actor=owner, on=TODAY, reason="太贵")
    measure()
    assert not LostCustomer.objects.filter(verdict="worth_it").exists()
    with pytest.raises(Refused):
        publish_win_back_rules(rules, actor=owner, on=TODAY, reason="再来")


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("otherwise", 1.5), ("half_life_months", -1), ("cost_of_attempt", float("nan"))],
)
def test_rules_that_make_no_sense_are_refused_by_field(owner, name, wrong):
    rules = to_plain(WinBackSettings()) | {name: wrong}
    with pytest.raises(losing.InvalidWinBackRules) as refused:
        publish_win_back_rules(rules, actor=owner, on=TODAY, reason="x")
    assert set(refused.value.errors) == {name}


def test_totals_add_up_and_follow_what_one_sees(measured, owner, chen_jing):
    basis = figures.basis()
    whole, own = (winning_back.win_back_totals(who, basis) for who in (owner, chen_jing))
    assert whole.worth_it + whole.let_go == whole.customers == LostCustomer.objects.count()
    assert own.customers < whole.customers
    shown = [
        each.pk
        for show in ("worth", "let-go")
        for each in winning_back.lost_customers(owner, show=show, limit=1000)
    ]
    assert len(shown) == whole.customers


def test_pages_follow_each_other_without_gaps(measured, owner):
    every = [each.pk for each in winning_back.lost_customers(owner, show="unexplained", limit=999)]
    found, after = [], None
    while page := winning_back.lost_customers(owner, show="unexplained", after=after, limit=2):
        found += [each.pk for each in page]
        after = found[-1]
    assert found == every


def test_a_stranger_or_an_unknown_cause_changes_nothing(lost, chen_jing, owner):
    customer = Customer.objects.get(pk=lost.pk)
    if customer.owner_id == chen_jing.pk:
        customer = Customer.objects.exclude(owner=chen_jing).filter(lost_customer__isnull=False)[0]
    with pytest.raises(NotAllowed):
        note_loss(customer, "price", actor=chen_jing, on=TODAY)
    with pytest.raises(losing.InvalidLoss):
        note_loss(customer, "weather", actor=owner, on=TODAY)
    assert not Loss.objects.exists()
