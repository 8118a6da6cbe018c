"""The page of the jobs: one's own and everybody's, stopped, done again, with the reason of a failure."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cast import TODAY
from kezhi.audit.models import Entry
from kezhi.core import queue
from kezhi.core.models import JobRun, JobState
from kezhi.core.refusal import NotAllowed
from kezhi.customers.creating import create_contact
from kezhi.customers.models import CardBatch
from kezhi.operations.minding_jobs import cancel_job, forget_ended_jobs
from kezhi.operations.models import SlowPage
from kezhi.operations.slow_pages import forget_slow_pages, slow_routes
from kezhi.rights.requesting import receive_request
from kezhi.web.operations.jobs import hrefs_of
from kezhi.workbench.customizing.defining import define_field


def ended(job, state, message=""):
    job.message = message
    job.start()
    job.save()
    job.finish(state)
    return job


@pytest.fixture
def work(li_wei, owner):
    """A finished and a failed job of Li Wei's, and one of the owner's under way."""
    ended(queue.start("segments.freeze", "冻结客户群", actor=li_wei, segment=1), JobState.DONE)
    ended(
        queue.start("search.fill", "整理搜索", actor=li_wei), JobState.FAILED, "The disk is full."
    )
    return queue.start("search.fill", "所有者的任务", actor=owner)


def test_people_see_their_own_and_why_something_failed(web, li_wei, work):
    page = web(li_wei).get("/jobs/?of=all").text
    assert "冻结客户群" in page
    assert "The disk is full." in page
    assert "所有者的任务" not in page
    assert "冻结客户群" not in web(li_wei).get("/jobs/?state=failed").text


def test_whoever_looks_after_the_installation_sees_everybodys(web, owner, work):
    assert "冻结客户群" not in web(owner).get("/jobs/").text
    page = web(owner).get("/jobs/?of=all").text
    assert "冻结客户群" in page
    assert "李伟" in page


def test_one_stops_ones_own_and_nobody_elses(web, li_wei, chen_jing, owner, work):
    mine = queue.start("search.fill", "整理", actor=li_wei)
    stranger = web(chen_jing)
    before = Entry.objects.count()
    assert stranger.post(f"/jobs/{mine.pk}/cancellation/").status_code == 404
    assert Entry.objects.count() == before
    assert web(li_wei).post(f"/jobs/{mine.pk}/cancellation/").status_code == 302
    mine.refresh_from_db()
    assert mine.state == JobState.CANCELLED
    assert Entry.objects.filter(deed="job.cancelled").count() == 1
    running = queue.start("search.fill", "又一次", actor=li_wei)
    running.start()
    assert web(owner).post(f"/jobs/{running.pk}/cancellation/").status_code == 302
    running.refresh_from_db()
    assert (running.state, running.cancel_requested) == (JobState.RUNNING, True)
    with pytest.raises(NotAllowed):
        cancel_job(running, actor=chen_jing, on=TODAY)


def test_an_import_is_stopped_by_its_own_deed(web, owner, company, settings, tmp_path):
    from kezhi.dataio.importing import queue_check
    from kezhi.dataio.models import BatchState
    from kezhi.dataio.uploading import upload

    settings.MEDIA_ROOT = tmp_path
    batch = upload("customer", "a.csv", iter([b"name\nA\n"]), actor=owner, on=TODAY)
    queue_check(batch, actor=owner)
    assert web(owner).post(f"/jobs/{batch.job_run_id}/cancellation/").status_code == 302
    batch.refresh_from_db()
    assert batch.state == BatchState.UPLOADED


def test_failed_work_is_done_again_with_what_it_was_given(web, li_wei, company):
    failed = queue.start("customizing.recompute", "客户", actor=li_wei, kind="customer")
    ended(failed, JobState.FAILED)
    assert web(li_wei).post(f"/jobs/{failed.pk}/repetition/").status_code == 302
    again = JobRun.objects.order_by("-pk").first()
    assert (again.name, again.arguments, again.state) == (
        failed.name,
        {"kind": "customer"},
        JobState.QUEUED,
    )
    # While it is under way, once is enough.
    web(li_wei).post(f"/jobs/{failed.pk}/repetition/")
    assert JobRun.objects.under_way().count() == 1


def test_a_list_of_jobs_asks_the_same_however_many_there_are(web, owner, work):
    def asked(times):
        for number in range(times):
            ended(
                queue.start("insight.run", f"run {number}", actor=owner, run=number), JobState.DONE
            )
        browser = web(owner)
        browser.get("/jobs/?of=all")
        with CaptureQueriesContext(connection) as queries:
            browser.get("/jobs/?of=all")
        return len(queries)

    assert asked(2) == asked(30)


def test_the_state_of_the_installation_is_for_who_looks_after_it(
    web, owner, li_wei, settings, tmp_path
):
    settings.BACKUPS = tmp_path
    assert web(li_wei).get("/settings/operations/").status_code == 403
    assert web(li_wei).get("/settings/operations/slow-pages/").status_code == 403
    SlowPage.objects.create(
        at=timezone.now(),
        request_id="ab12", route="/customers/", method="GET", status=200, seconds=2.5,
        database_seconds=2.0, template_seconds=0.3, queries=12, slowest_query_seconds=1.9,
        slowest_query="SELECT 1 < 2",
    )  # fmt: skip
    page = web(owner).get("/settings/operations/")
    assert page.status_code == 200
    assert "kezhi backup key" in page.text
    slow = web(owner).get("/settings/operations/slow-pages/").text
    assert "SELECT 1 &lt; 2" in slow


def test_what_ended_a_month_ago_is_forgotten_with_slow_pages_of_two_weeks(owner, work):
    now = timezone.now()
    JobRun.objects.filter(state=JobState.DONE).update(finished_at=now - timedelta(days=31))
    assert forget_ended_jobs(at=now) == 1
    assert {job.state for job in JobRun.objects.all()} == {JobState.FAILED, JobState.QUEUED}
    about = {"request_id": "a", "route": "/", "method": "GET", "status": 200, "seconds": 2.0,
             "database_seconds": 1.0, "template_seconds": 0.5, "queries": 3, "slowest_query_seconds": 1.0}  # fmt: skip  # noqa: E501
    for days in (1, 15):
        SlowPage.objects.create(at=now - timedelta(days=days), **about)
    assert [each.times for each in slow_routes(at=now)] == [1]
    assert forget_slow_pages(at=now) == 1


def test_work_leads_to_the_page_where_its_result_is(web, owner, li_wei, anhui_tea):
    contact = create_contact({"customer": anhui_tea, "name": "张三"}, actor=owner, on=TODAY)
    wish = {
        "customer": anhui_tea,
        "contact": contact,
        "sort": "access",
        "law": "pipl",
        "channel": "email",
    }
    request = receive_request(wish, actor=owner, on=TODAY)
    batch = CardBatch.objects.create(event="展会", held_on=TODAY, owner=owner)
    field = define_field(
        "customer",
        {"label_zh": "等级", "field_kind": "text", "data_class": "business", "purpose": "试"},
        actor=owner,
        on=TODAY,
    )
    given = {
        "rights.plan": {"request": request.pk},
        "rights.package": {"request": request.pk},
        "rights.erase": {"request": request.pk},
        "rights.evidence": {},
        "customers.read_cards": {"batch": batch.pk},
        "customizing.index": {"field": field.pk},
        "customizing.recompute": {"kind": "customer"},
        "service.recompute_clocks": {},
        "insight.work_out_index": {"here": "/value/index/"},
    }
    jobs = [queue.start(name, name, actor=owner, **about) for name, about in given.items()]
    for name in ("demand", "complaints", "care"):
        jobs.append(queue.start("workbench.analyse", name, actor=owner, analysis=name))
    for job in jobs:
        ended(job, JobState.DONE)
    browser = web(owner)
    page = browser.get("/jobs/").text
    assert page.count("Open the result") == len(jobs)
    hrefs = hrefs_of(jobs, owner)
    for job in jobs:
        assert browser.get(hrefs[job.pk]).status_code == 200, job.name
    # Whoever may not see what the work was about gets no link that leads nowhere.
    assert hrefs_of(jobs[:6], li_wei) == {}
