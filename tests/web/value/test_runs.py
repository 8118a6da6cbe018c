"""Runs on screen: started, watched and stopped by those who may, explained to everybody who reads them."""

from datetime import date

import pytest

from cast import TODAY
from kezhi.core.models import JobState
from kezhi.insight.measuring import start_value_run
from kezhi.insight.models import ValueRun
from kezhi.insight.ruling import current_settings

pytestmark = pytest.mark.django_db


def test_a_run_is_started_and_leads_to_its_page(web, trading, owner):
    answer = web(owner).post("/value/runs/")
    run = ValueRun.objects.get()
    assert answer.url == f"/value/runs/{run.pk}/"
    page = web(owner).get(answer.url)
    assert b"Waiting for a free worker" in page.content
    assert b"Cancel the run" in page.content


def test_a_second_run_at_once_is_refused_with_the_reason(web, trading, owner):
    web(owner).post("/value/runs/")
    answer = web(owner).post("/value/runs/")
    assert answer.status_code == 409
    assert b"under way already" in answer.content
    assert ValueRun.objects.count() == 1


def test_a_salesperson_reads_runs_and_starts_none(web, trading, li_wei, owner):
    web(owner).post("/value/runs/")
    run = ValueRun.objects.get()
    client = web(li_wei)
    assert client.get("/value/runs/").status_code == 200
    assert b"Measure now" not in client.get("/value/runs/").content
    assert client.post("/value/runs/").status_code == 403
    assert client.post(f"/value/runs/{run.pk}/cancellation/").status_code == 403


def test_who_does_not_read_runs_does_not_see_them(web, agent, owner, trading):
    web(owner).post("/value/runs/")
    run = ValueRun.objects.get()
    assert web(agent).get("/value/runs/").status_code == 403
    assert web(agent).get(f"/value/runs/{run.pk}/").status_code == 404


def test_a_waiting_run_is_cancelled_once(web, trading, owner):
    run = start_value_run(actor=owner, on=TODAY)
    address = f"/value/runs/{run.pk}/cancellation/"
    assert web(owner).post(address).status_code == 302
    run.refresh_from_db()
    assert run.state == ValueRun.State.CANCELLED
    assert web(owner).post(address).status_code == 409


def test_the_card_tells_progress_and_reloads_the_page_at_the_end(web, trading, owner):
    run = start_value_run(actor=owner, on=TODAY)
    run.job_run.start()
    run.job_run.done, run.job_run.total, run.job_run.message = 500, 1000, "Fitting"
    run.job_run.save()
    asked = {"HX-Request": "true", "HX-Target": f"job-{run.pk}"}
    card = web(owner).get(f"/value/runs/{run.pk}/", headers=asked)
    assert b"50%" in card.content
    assert b"<html" not in card.content
    run.job_run.finish(JobState.DONE)
    ValueRun.objects.update(state=ValueRun.State.PUBLISHED)
    done = web(owner).get(f"/value/runs/{run.pk}/", headers=asked)
    assert done["HX-Refresh"] == "true"


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_finished_run_explains_itself(web, trading, measure, analyst, language):
    run = measure()
    text = web(analyst, language).get(f"/value/runs/{run.pk}/").content.decode()
    assert run.data_version in text
    assert "MBG/NBD" in text
    for plot in ('data-chart="lines"', 'data-chart="calibration"', 'class="pairs"'):
        assert plot in text
    for name in ("alpha", "gamma"):
        assert f">{name}<" in text


def test_a_failed_run_says_why(web, company, owner):
    run = ValueRun.objects.create(
        as_of=TODAY,
        state=ValueRun.State.FAILED,
        error="There are no orders until that day.",
        value_settings=current_settings(),
    )
    page = web(owner).get(f"/value/runs/{run.pk}/")
    assert b"There are no orders until that day." in page.content


def test_older_runs_are_one_step_away(web, company, owner):
    rules = current_settings()
    ValueRun.objects.bulk_create(
        ValueRun(as_of=TODAY, state=ValueRun.State.PUBLISHED, value_settings=rules)
        for _each in range(60)
    )
    first = web(owner).get("/value/runs/")
    assert first.content.count(b"<tr data-row>") == 50
    older = (
        f"?before={TODAY.isoformat()}~{sorted(ValueRun.objects.values_list('pk', flat=True))[-50]}"
    )
    assert older.encode() in first.content
    assert web(owner).get(f"/value/runs/{older}").content.count(b"<tr data-row>") == 10


def test_a_run_as_of_a_past_day_counts_only_what_happened_until_then(web, trading, owner):
    response = web(owner).post("/value/runs/", {"as_of": "2026-06-30"})
    assert response.status_code == 302
    assert ValueRun.objects.get().as_of == date(2026, 6, 30)


@pytest.mark.parametrize("day", ["2025-13-40", "yesterday"])
def test_a_day_that_is_none_is_refused_in_words(web, trading, owner, day):
    response = web(owner).post("/value/runs/", {"as_of": day})
    assert response.status_code == 422
    assert not ValueRun.objects.exists()
