"""The nightly run: at the company's hour, once a day, and only when there is something to measure."""

from datetime import UTC, datetime

import pytest

from kezhi.core.models import JobRun, JobState
from kezhi.insight.measuring import start_value_run
from kezhi.insight.models import Study, ValueRun, ValueSettings
from kezhi.insight.ruling import current_settings
from kezhi.insight.scheduling import start_nightly_run, start_nightly_studies

pytestmark = pytest.mark.django_db

BEFORE_THREE = datetime(2026, 11, 19, 18, 59, tzinfo=UTC)  # 02:59 in Shanghai
AT_THREE = datetime(2026, 11, 19, 19, 0, tzinfo=UTC)


def end_all_runs():
    ValueRun.objects.update(state=ValueRun.State.FAILED)
    JobRun.objects.update(state=JobState.FAILED)


def test_it_starts_at_the_companys_hour_and_not_before(trading):
    assert start_nightly_run(at=BEFORE_THREE) is None
    run = start_nightly_run(at=AT_THREE)
    assert (run.as_of.isoformat(), run.trigger) == ("2026-11-20", ValueRun.Trigger.SCHEDULE)


def test_it_starts_once_a_night_even_when_it_fails(trading):
    start_nightly_run(at=AT_THREE)
    end_all_runs()
    assert start_nightly_run(at=AT_THREE.replace(hour=22)) is None
    assert start_nightly_run(at=AT_THREE.replace(day=20)) is not None


def test_a_day_measured_by_hand_needs_no_second_run(trading, owner):
    start_value_run(actor=owner, on=AT_THREE.date().replace(day=20))
    end_all_runs()
    assert start_nightly_run(at=AT_THREE) is None


def test_without_orders_or_hour_nothing_starts(company):
    assert start_nightly_run(at=AT_THREE) is None


def test_a_company_may_do_without_nightly_runs(trading):
    ValueSettings.objects.create(rules=current_settings().rules, nightly_hour=None)
    assert start_nightly_run(at=AT_THREE) is None


def test_studies_of_experience_follow_the_nights_run_once(trading):
    assert start_nightly_studies(at=BEFORE_THREE) == []
    start_nightly_run(at=AT_THREE)
    assert start_nightly_studies(at=AT_THREE) == []
    end_all_runs()
    begun = start_nightly_studies(at=AT_THREE)
    assert [study.subject for study in begun] == ["experience", "journey"]
    Study.objects.update(state=Study.State.FAILED)
    assert start_nightly_studies(at=AT_THREE.replace(hour=22)) == []
