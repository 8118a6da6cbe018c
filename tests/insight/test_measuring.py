"""A value run from the facts in the database to everybody's standing."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from cast import TODAY
from kezhi.audit.models import Entry
from kezhi.core.actor import SYSTEM
from kezhi.core.models import JobRun, JobState
from kezhi.core.progress import Stopped
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.models import Standing
from kezhi.insight import measuring
from kezhi.insight.facts import read_ledger
from kezhi.insight.measuring import (
    NothingToMeasure,
    begin_value_run,
    cancel_value_run,
    recover_value_runs,
    run_value,
    start_value_run,
)
from kezhi.insight.models import Snapshot, StageMove, TierMove, ValueRun
from kezhi.ledger.models import OrderLine
from kezhi.value.measure import Settings
from kezhi.value.measure import measure as engine
from kezhi.value.potential.choose import FITS

pytestmark = pytest.mark.django_db


def state_of_standings():
    return list(Standing.objects.order_by("pk").values())


def test_the_run_publishes_what_the_engine_says_of_the_same_facts(trading, measure, tmp_path):
    run = measure()
    facts = read_ledger(tmp_path / "other", TODAY, lambda *_: None).facts
    expected = {
        row["customer"]: row
        for row in engine(facts, Settings.from_json(run.value_settings.rules), as_of=TODAY)
        .customers.select(
            ["customer", "tier", "score", "potential_value", "realised_value", "p_alive"]
        )
        .to_pylist()
    }
    assert run.state == ValueRun.State.PUBLISHED
    for standing in Standing.objects.all():
        row = expected[standing.pk]
        assert standing.tier == (row["tier"] or "")
        assert standing.p_alive == pytest.approx(row["p_alive"], abs=1e-4)
        assert standing.score == pytest.approx(row["score"], abs=1e-3)
        for name in ("potential_value", "realised_value"):
            money = getattr(standing, name)
            assert (
                float(money) == pytest.approx(row[name], abs=0.01)
                if row[name] is not None
                else (money is None)
            )


def test_a_run_says_what_it_read_and_how_it_came_out(trading, measure):
    run = measure()
    assert (run.customers, run.lines) == (60, OrderLine.objects.count())
    assert run.chosen_model in {*FITS, "naive"}
    assert run.parameters["model"]["parameters"]
    assert len(run.data_version) == 32
    assert run.seconds > 0
    assert run.finished_at is not None
    assert run.tree["bounds"]


def test_customers_without_orders_stand_as_potential_without_tier(trading, measure):
    measure()
    standing = Standing.objects.get(pk=trading[0].pk)
    assert (standing.tier, standing.loyalty, standing.stage) == ("", "potential", "exploration")
    assert standing.score is None
    assert standing.potential_value is None


def test_the_same_day_measured_again_changes_nobody_and_adds_no_move(trading, measure):
    first = measure()
    before = state_of_standings()
    moves = list(TierMove.objects.order_by("pk").values())
    second = measure()
    assert second.data_version == first.data_version
    assert state_of_standings() == before
    assert list(TierMove.objects.order_by("pk").values()) == moves
    assert not Snapshot.objects.filter(run=first).exists()


def test_only_those_who_changed_are_written(trading, measure):
    measure()
    line = OrderLine.objects.filter(customer_id=trading[5].pk).first()
    OrderLine.objects.filter(pk=line.pk).update(amount=line.amount + 1)
    run = measure()
    assert Standing.objects.filter(run_id=run.pk).count() < 60
    assert Standing.objects.get(pk=trading[5].pk).run_id == run.pk


def test_the_first_run_measures_the_year_before_it(trading, measure):
    run = measure(backfill_months=None)
    days = list(run.backfilled.order_by("as_of").values_list("as_of", flat=True))
    assert days[0] == date(2025, 11, 30)
    assert days[-1] == date(2026, 10, 31)
    assert len(days) == 12
    assert ValueRun.objects.latest_published() == run
    past = ValueRun.objects.get(as_of=date(2026, 3, 31))
    assert past.is_backfill
    assert past.lines == OrderLine.objects.filter(ordered_on__lte=past.as_of).count()
    assert not Snapshot.objects.filter(run=past, last_on__gt=past.as_of).exists()
    assert TierMove.objects.exclude(before="").exists()
    assert StageMove.objects.exclude(before="").exists()
    assert measure(backfill_months=None).backfilled.count() == 0


def test_past_months_are_scored_by_todays_bounds(trading, measure):
    run = measure(backfill_months=2)
    assert {str(past.tree["bounds"]) for past in run.backfilled.all()} == {str(run.tree["bounds"])}


def test_moves_lead_from_one_measured_day_to_the_next(trading, measure):
    measure(TODAY - timedelta(days=60))
    run = measure()
    before = dict(
        Snapshot.objects.filter(as_of=TODAY - timedelta(days=60)).values_list("customer_id", "tier")
    )
    after = dict(Snapshot.objects.filter(run=run).values_list("customer_id", "tier"))
    moved = {pk for pk in after if after[pk] and after[pk] != before.get(pk, "")}
    assert set(TierMove.objects.filter(run=run).values_list("customer_id", flat=True)) == moved
    for standing in Standing.objects.exclude(tier=""):
        last = TierMove.objects.filter(customer_id=standing.pk).order_by("-moved_on").first()
        assert (standing.tier_since, standing.previous_tier) == (last.moved_on, last.before)


def test_a_day_measured_afterwards_puts_later_moves_right(trading, measure):
    run = measure()
    assert set(TierMove.objects.filter(run=run).values_list("before", flat=True)) == {""}
    standings = state_of_standings()
    earlier = measure(TODAY - timedelta(days=90))
    assert ValueRun.objects.latest_published() == run
    assert state_of_standings() == standings
    known = set(
        Snapshot.objects.filter(run=earlier).exclude(tier="").values_list("customer_id", flat=True)
    )
    later = TierMove.objects.filter(moved_on=TODAY)
    assert not later.filter(before="", customer_id__in=known).exists()


def test_a_customer_keeps_the_tier_until_the_border_is_crossed_for_good(trading, measure):
    """Between two days, whoever left a tier had crossed its border far enough, or twice."""
    first = measure(TODAY - timedelta(days=30))
    second = measure()
    pending = Snapshot.objects.filter(run=second).exclude(tier_pending="")
    held = dict(Snapshot.objects.filter(run=first).values_list("customer_id", "tier"))
    assert pending.exists()
    for snapshot in pending:
        assert snapshot.tier == held[snapshot.customer_id]


def test_cancelled_it_leaves_nothing(trading):
    run = begin_value_run(actor=SYSTEM, on=TODAY, backfill_months=3)
    asked = []

    def stop(done, total, message=""):
        asked.append(message)
        if done > total * 0.7:
            raise Stopped

    before = state_of_standings()
    with pytest.raises(Stopped):
        run_value(run.pk, stop)
    run.refresh_from_db()
    assert run.state == ValueRun.State.CANCELLED
    assert ValueRun.objects.count() == 1
    assert not Snapshot.objects.exists()
    assert not TierMove.objects.exists()
    assert state_of_standings() == before


def test_cancelled_at_the_last_moment_it_leaves_nothing(trading, measure):
    measure(TODAY - timedelta(days=40))
    before, moves = state_of_standings(), TierMove.objects.count()
    run = begin_value_run(actor=SYSTEM, on=TODAY, backfill_months=0)
    seen = []

    def stop(done, total, message=""):
        seen.append(message)
        if seen.count(measuring.stage_of_work("publish")) == 2:
            raise Stopped

    with pytest.raises(Stopped):
        run_value(run.pk, stop)
    assert state_of_standings() == before
    assert TierMove.objects.count() == moves
    assert not Snapshot.objects.filter(as_of=TODAY).exists()


def test_killed_half_way_it_goes_on_where_it_was(trading):
    run = begin_value_run(actor=SYSTEM, on=TODAY, backfill_months=4)

    class Killed(BaseException):
        """What a signal does, as far as code can see."""

    def kill(done, total, message=""):
        if done > total * 0.6:
            raise Killed

    with pytest.raises(Killed):
        run_value(run.pk, kill)
    kept = set(ValueRun.objects.filter(state=ValueRun.State.MEASURED).values_list("pk", flat=True))
    assert kept
    assert ValueRun.objects.latest_published() is None
    assert run_value(run.pk).state == ValueRun.State.PUBLISHED
    assert kept <= set(run.backfilled.values_list("pk", flat=True))
    assert run.backfilled.count() == 4


def test_a_run_that_has_ended_is_not_done_again(trading, measure):
    run = measure()
    assert run_value(run.pk, lambda *_: pytest.fail("worked")).pk == run.pk


def test_a_second_run_is_refused_while_one_is_under_way(trading, owner):
    start_value_run(actor=owner, on=TODAY)
    with pytest.raises(Refused):
        start_value_run(actor=owner, on=TODAY)
    assert ValueRun.objects.count() == JobRun.objects.count() == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        ValueRun.objects.create(as_of=TODAY, value_settings=ValueRun.objects.get().value_settings)


@pytest.mark.parametrize("who", ["li_wei", "agent"])
def test_who_may_not_measure_changes_nothing(trading, request, who):
    person = request.getfixturevalue(who)
    entries = Entry.objects.count()
    with pytest.raises(NotAllowed):
        start_value_run(actor=person, on=TODAY)
    assert not ValueRun.objects.exists()
    assert not JobRun.objects.exists()
    assert Entry.objects.count() == entries


@pytest.mark.parametrize("who", ["owner", "manager", "analyst"])
def test_who_may_measure_starts_a_run_that_waits_for_a_worker(trading, request, who):
    person = request.getfixturevalue(who)
    run = start_value_run(actor=person, on=TODAY)
    assert (run.started_by, run.job_run.state) == (person, JobState.QUEUED)
    assert Entry.objects.filter(deed="value_run.started", actor_id=person.pk).count() == 1


def test_a_waiting_run_is_cancelled_at_once(trading, owner):
    run = start_value_run(actor=owner, on=TODAY)
    cancel_value_run(run, actor=owner, on=TODAY)
    run.refresh_from_db()
    assert run.state == ValueRun.State.CANCELLED
    assert JobRun.objects.get().state == JobState.CANCELLED
    assert start_value_run(actor=owner, on=TODAY).state == ValueRun.State.RUNNING


def test_a_salesperson_may_not_cancel(trading, owner, li_wei):
    run = start_value_run(actor=owner, on=TODAY)
    with pytest.raises(NotAllowed):
        cancel_value_run(run, actor=li_wei, on=TODAY)
    run.refresh_from_db()
    assert run.state == ValueRun.State.RUNNING


def test_without_orders_it_says_so(company, measure):
    with pytest.raises(NothingToMeasure):
        measure()
    run = ValueRun.objects.get()
    assert run.state == ValueRun.State.FAILED
    assert run.error


def test_an_unexpected_fault_is_told_and_leaves_nothing(trading, measure, monkeypatch):
    def fail(*args, **kwargs):
        raise ZeroDivisionError

    monkeypatch.setattr(measuring.publishing, "write_moves", fail)
    with pytest.raises(ZeroDivisionError):
        measure()
    run = ValueRun.objects.get()
    assert (run.state, bool(run.error)) == (ValueRun.State.FAILED, True)
    assert not Snapshot.objects.exists()


def test_a_run_whose_process_died_makes_room(trading, owner):
    begun = begin_value_run(actor=SYSTEM, on=TODAY)
    assert recover_value_runs() == 1
    begun.refresh_from_db()
    assert begun.state == ValueRun.State.FAILED
    assert start_value_run(actor=owner, on=TODAY).pk


def test_a_run_on_a_day_to_come_is_refused(trading, owner):
    with pytest.raises(Refused):
        start_value_run(actor=owner, on=TODAY, as_of=TODAY + timedelta(days=1))
