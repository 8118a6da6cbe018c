"""Everybody's standing in a table written anew: it must come out as if its rows had been changed one by one."""

import os
import threading
from datetime import timedelta

import psycopg
import pytest
from django.db import connection, connections

from cast import TODAY
from kezhi.core.actor import SYSTEM
from kezhi.core.progress import Stopped
from kezhi.customers.models import Customer, Exemption, Standing
from kezhi.customers.placing import follow_place
from kezhi.insight import standing
from kezhi.insight.measuring import begin_value_run, run_value
from kezhi.insight.models import Snapshot, StageMove, TierMove, TierOverride, ValueRun

WEEK_BEFORE = TODAY - timedelta(days=7)


@pytest.fixture
def anew(monkeypatch):
    """As in a company of a million."""
    monkeypatch.setattr(standing, "MANY_ROWS", 0)
    monkeypatch.setattr(standing, "MANY_CHANGED", -1.0)


def figures():
    return list(Standing.objects.order_by("pk").values())


def described():
    """The table as the database knows it, but for what it was called while it was made."""
    queries = (
        "SELECT relacl::text, reloptions, relowner FROM pg_class WHERE oid = %s::regclass",
        """SELECT attname, format_type(atttypid, atttypmod), attnotnull, attstorage FROM pg_attribute
           WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum""",
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass ORDER BY 1",
        """SELECT pg_get_indexdef(indexrelid), indisprimary FROM pg_index
           WHERE indrelid = %s::regclass ORDER BY 1""",
        """SELECT pg_get_triggerdef(oid) FROM pg_trigger
           WHERE tgrelid = %s::regclass AND NOT tgisinternal ORDER BY 1""",
    )
    with connection.cursor() as cursor:
        found = []
        for query in queries:
            cursor.execute(query, ["customers_standing"])
            found.append(cursor.fetchall())
        return found


@pytest.mark.django_db
def test_it_says_the_same_as_rows_that_are_changed(trading, measure, monkeypatch):
    stranger = Customer.objects.create(
        code="S-1", name="供应商", name_key="gong", roles=["supplier"]
    )
    Standing.objects.create(customer=stranger, tier="B")
    measure(WEEK_BEFORE)
    measure()
    changed = figures()
    Standing.objects.filter(pk__in=[each.pk for each in trading[:30]]).update(score=1, tier="S")
    monkeypatch.setattr(standing, "MANY_ROWS", 0)
    monkeypatch.setattr(standing, "MANY_CHANGED", -1.0)
    run = measure()
    apart = {"run_id": run.pk, "measured_on": TODAY}
    measured = [row | apart if row["run_id"] else row for row in changed]
    assert figures() == measured


@pytest.mark.django_db
def test_the_new_table_has_all_that_the_former_had(trading, measure, anew):
    before = described()
    measure()
    standing.validate_standings()
    assert described() == before
    trading[5].standing.delete()  # the key and the triggers work


@pytest.mark.django_db
def test_cancelled_at_the_last_moment_the_former_table_stays(trading, measure, anew):
    measure(WEEK_BEFORE)
    before = figures()

    def progress(done, total, message=""):
        if ValueRun.objects.filter(state="published").count() == 2:
            raise Stopped

    run = begin_value_run(actor=SYSTEM, on=TODAY, backfill_months=0)
    with pytest.raises(Stopped):
        run_value(run.pk, progress)
    assert figures() == before
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('customers_standing_next')")
        assert cursor.fetchone() == (None,)


@pytest.mark.django_db
def test_while_somebody_reads_for_long_the_rows_are_changed(trading, measure, anew, monkeypatch):
    monkeypatch.setattr(standing, "_exchange", lambda *_: None)
    before = described()
    run = measure()
    assert Standing.objects.filter(run_id=run.pk).count() == 60
    assert described()[1:3] == before[1:3]


@pytest.mark.django_db(transaction=True)
def test_what_others_write_meanwhile_is_in_the_new_table(
    trading, measure, anew, chen_jing, monkeypatch
):
    """A colleague hands over, creates and deletes while the new table is made; a page reads on."""
    moved, gone = trading[10], trading[11]
    measure(WEEK_BEFORE)
    seen = {}

    def meanwhile():
        try:
            Customer.objects.filter(pk=moved.pk).update(owner=chen_jing)
            follow_place([moved.pk])
            new = Customer.objects.create(code="N-1", name="新客", name_key="xin ke")
            Standing.objects.create(customer=new)
            seen["new"] = new.pk
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM ledger_orderline WHERE customer_id = %s", [gone.pk])
                cursor.execute("DELETE FROM ledger_order WHERE customer_id = %s", [gone.pk])
                cursor.execute("DELETE FROM ledger_costentry WHERE customer_id = %s", [gone.pk])
            Customer.objects.get(pk=gone.pk).delete()
            seen["runs"] = set(
                Standing.objects.exclude(run_id=None).values_list("run_id", flat=True)
            )
        finally:
            connections.close_all()

    prepare = standing.prepare_standings

    def prepared(run):
        found = prepare(run)
        colleague = threading.Thread(target=meanwhile)
        colleague.start()
        colleague.join()
        return found

    monkeypatch.setattr(standing, "prepare_standings", prepared)
    run = measure()
    assert run.pk not in seen["runs"]
    assert len(seen["runs"]) == 1
    assert Standing.objects.get(pk=moved.pk).owner_id == chen_jing.pk
    assert Standing.objects.get(pk=seen["new"]).run_id is None
    for model in (Standing, Snapshot, TierMove, StageMove):
        column = "pk" if model is Standing else "customer_id"
        assert not model.objects.filter(**{column: gone.pk}).exists()
    assert Standing.objects.filter(run_id=run.pk).count() == 59


@pytest.mark.django_db
def test_what_people_decide_while_the_table_is_made_holds(trading, measure, anew, monkeypatch):
    """A tier by hand is approved and a customer objects to being judged: the run knows of neither."""
    measure(WEEK_BEFORE)
    raised, objects = trading[20], trading[21]
    prepare = standing.prepare_standings

    def prepared(run):
        found = prepare(run)
        TierOverride.objects.create(
            customer=raised,
            tier="S",
            until=TODAY + timedelta(days=9),
            reason="the CEO knows them",
            state=TierOverride.State.IN_FORCE,
            requested_on=TODAY,
            approved_on=TODAY,
        )
        Exemption.objects.create(customer=objects, since=TODAY, reason="wrote to us", made_by_id=1)
        return found

    monkeypatch.setattr(standing, "prepare_standings", prepared)
    measure()
    assert Standing.objects.get(pk=raised.pk).tier == "S"
    unjudged = Standing.objects.get(pk=objects.pk)
    assert (unjudged.score, unjudged.tier, unjudged.potential_value) == (None, "", None)
    assert unjudged.occasions > 0


def test_the_application_may_exchange_this_table_although_it_may_make_none(clone, worker_id):
    base, _slash, _name = os.environ["KEZHI_TEST_APPLICATION_URL"].rpartition("/")
    name = clone(f"kezhi_standing_{worker_id}")
    with psycopg.connect(f"{base}/{name}") as application:
        application.execute("SELECT kezhi_standing_next()")
        application.execute("INSERT INTO customers_standing_next SELECT * FROM customers_standing")
        application.execute("SELECT kezhi_standing_index()")
        since = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
        gone = application.execute(f"SELECT kezhi_standing_exchange({since}, 0)").fetchone()
        assert gone == ([],)
        application.execute("DELETE FROM customers_standing")
