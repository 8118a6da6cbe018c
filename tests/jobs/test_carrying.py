"""Work that people watch: how it ends, and that it's told."""

import pytest

from kezhi.core.actor import SYSTEM
from kezhi.core.models import JobRun, JobState
from kezhi.core.progress import Stopped
from kezhi.core.refusal import Refused
from kezhi.jobs.carrying import carry_out

pytestmark = pytest.mark.django_db


@pytest.fixture
def job_run(company):
    return JobRun.objects.create(name="test", title="Test")


def ended(job_run, work, **arguments):
    carry_out(work, job_run.pk, arguments)
    job_run.refresh_from_db()
    return job_run


def test_it_gets_its_arguments_and_keeps_the_result(job_run, owner):
    JobRun.objects.update(actor_id=owner.pk)
    seen = {}

    def work(job, number):
        seen.update(actor=job.actor, number=number, state=JobRun.objects.get().state)
        return {"doubled": 2 * number}

    assert ended(job_run, work, number=4).result == {"doubled": 8}
    assert seen == {"actor": owner, "number": 4, "state": JobState.RUNNING}
    assert job_run.state == JobState.DONE
    assert job_run.finished_at >= job_run.started_at


def test_a_refusal_is_told(job_run):
    def work(job):
        raise Refused("下个月再来")

    assert ended(job_run, work).message == "下个月再来"
    assert job_run.state == JobState.FAILED


def test_a_fault_is_told_without_its_insides_and_raised(job_run):
    def work(job):
        raise ZeroDivisionError("secret")

    with pytest.raises(ZeroDivisionError):
        ended(job_run, work)
    job_run.refresh_from_db()
    assert job_run.state == JobState.FAILED
    assert job_run.message
    assert "secret" not in job_run.message


def test_cancelled_while_it_waited_it_ends_at_its_first_word(job_run):
    JobRun.objects.update(cancel_requested=True)

    def work(job):
        job.progress(0, 10)
        pytest.fail("went on")

    assert ended(job_run, work).state == JobState.CANCELLED


def test_cancelled_under_way(job_run):
    def work(job):
        raise Stopped

    assert ended(job_run, work).state == JobState.CANCELLED


def test_what_has_ended_is_not_done_again(job_run):
    job_run.finish(JobState.DONE, {"kept": True})
    assert ended(job_run, lambda job: pytest.fail("worked")).result == {"kept": True}


def test_progress_speaks_the_language_of_who_asked(job_run, owner):
    from django.utils.translation import get_language

    owner.language = "en"
    owner.save()
    JobRun.objects.update(actor_id=owner.pk)
    assert ended(job_run, lambda job: {"spoke": get_language()}).result == {"spoke": "en"}
    other = JobRun.objects.create(name="test", title="Test", actor_id=SYSTEM.pk)
    assert ended(other, lambda job: {"spoke": get_language()}).result == {"spoke": "zh-hans"}
