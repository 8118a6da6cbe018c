"""What happens by the clock."""

import re
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest
from django.utils import timezone
from procrastinate.contrib.django import app

import kezhi
from kezhi.accounts.models import Session, SignInAttempt
from kezhi.core.models import JobRun, JobState
from kezhi.dataio.models import BatchState, ImportBatch
from kezhi.jobs import schedules

pytestmark = pytest.mark.django_db


SOURCE = Path(kezhi.__file__).parent
QUEUED = re.compile(r'queue\.(?:start|defer)\(\s*(?:"([\w.]+)"|([A-Z_]+))')


def _queued() -> set[str]:
    """What the modules of the product queue, by name or by a constant of theirs."""
    found = set()
    for path in SOURCE.rglob("*.py"):
        for literal, constant in QUEUED.findall(path.read_text()):
            module = ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts)
            found.add(literal or getattr(import_module(module), constant))
    return found


def test_every_name_that_is_queued_is_known_to_the_worker():
    queued = _queued()
    assert {"insight.run", "search.fill", "bulk.change"} <= queued
    assert queued | {"dataio.check", "dataio.import"} <= set(app.tasks)


def test_what_runs_by_itself_is_all_listed_here():
    scheduled = {periodic.task.name for periodic in app.periodic_registry.periodic_tasks.values()}
    assert scheduled == {
        "jobs.apply_retention",
        "jobs.remind_of_requests",
        "jobs.book_service_time",
        "jobs.check_search",
        "jobs.clear_sessions",
        "jobs.close_abandoned",
        "jobs.close_search_gaps",
        "jobs.count_analyses",
        "jobs.count_promises",
        "jobs.count_segments",
        "jobs.deliver_mail",
        "jobs.fetch_mail",
        "jobs.follow_tiers",
        "jobs.forget_bulk_runs",
        "jobs.forget_messages",
        "jobs.forget_notices",
        "jobs.forget_old_jobs",
        "jobs.forget_slow_pages",
        "jobs.give_care",
        "jobs.make_backup",
        "jobs.nightly_studies",
        "jobs.nightly_value_run",
        "jobs.roll_important_dates",
        "jobs.score_customers",
        "jobs.score_new_customers",
        "jobs.seal_audit",
        "jobs.send_digests",
        "jobs.send_reports",
        "jobs.send_surveys",
        "jobs.sweep_attachments",
        "jobs.sweep_intake",
        "jobs.sweep_mail",
        "jobs.tell_improvements",
        "jobs.tend_articles",
        "jobs.thin_history",
        "jobs.tidy_portal",
        "jobs.wake_tickets",
        "jobs.watch_clocks",
    }


def test_expired_sessions_go(company):
    now = timezone.now()
    Session.objects.create(session_key="old", session_data="", expire_date=now - timedelta(days=1))
    Session.objects.create(session_key="new", session_data="", expire_date=now + timedelta(days=1))
    schedules.clear_sessions(0)
    assert list(Session.objects.values_list("session_key", flat=True)) == ["new"]


def test_old_failures_to_sign_in_are_forgotten(company):
    now = timezone.now()
    SignInAttempt.objects.create(login="old", failed_at=now - timedelta(days=2))
    SignInAttempt.objects.create(login="new", failed_at=now)
    schedules.clear_sessions(0)
    assert list(SignInAttempt.objects.values_list("login", flat=True)) == ["new"]


def test_an_import_whose_job_was_given_up_can_be_tried_again(company, owner):
    job_run = JobRun.objects.create(name="dataio.import", title="orders.csv", message="三次")
    batch = ImportBatch.objects.create(
        kind="order", file_name="orders.csv", size=1, state=BatchState.IMPORTING, job_run=job_run
    )
    schedules.close_abandoned(0)
    batch.refresh_from_db()
    assert batch.state == BatchState.IMPORTING
    job_run.finish(JobState.FAILED)
    schedules.close_abandoned(0)
    batch.refresh_from_db()
    assert (batch.state, batch.message) == (BatchState.FAILED, "三次")


def test_nothing_by_the_clock_fails_before_the_company_is_set_up(db):
    schedules.nightly_value_run(0)
    schedules.thin_value_history(0)
