"""Requests are watched: numbers, slow pages, measurements, and a database that goes away for a moment."""

import errno
import json
import logging

import psycopg.errors
import pytest
from django.db import InterfaceError, OperationalError

from kezhi.core import logs
from kezhi.operations.models import SlowPage
from kezhi.web.patience import is_away, is_full


def fault(cause):
    error = OperationalError(str(cause))
    error.__cause__ = cause
    return error


LOST = fault(psycopg.OperationalError("server closed the connection unexpectedly"))
STOPPED = fault(psycopg.errors.AdminShutdown("terminating connection"))


def failing(monkeypatch, error, times):
    """The page of the settings meets this fault so often, then works."""
    from kezhi.web.accounts import settings as page

    calls, areas = [], page.settings_areas

    def sometimes(request):
        calls.append(request.method)
        if len(calls) <= times:
            raise error
        return areas(request)

    monkeypatch.setattr(page, "settings_areas", sometimes)
    monkeypatch.setattr("kezhi.web.watching.AGAIN_AFTER", 0)
    monkeypatch.setattr("kezhi.web.watching.connection.close", lambda: None)
    return calls


@pytest.mark.parametrize("error", [LOST, STOPPED, InterfaceError("connection already closed")])
def test_a_page_read_while_the_database_was_away_a_moment_is_read_again(
    web, owner, monkeypatch, error
):
    calls = failing(monkeypatch, error, 1)
    assert web(owner).get("/settings/").status_code == 200
    assert len(calls) == 2


def test_a_database_that_stays_away_is_told_with_a_time_to_come_back(web, owner, monkeypatch):
    failing(monkeypatch, LOST, 9)
    answer = web(owner).get("/settings/")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "Traceback" not in answer.text


def test_what_changes_something_is_never_sent_twice(web, owner, monkeypatch):
    calls = []

    def away(*arguments, **more):
        calls.append(1)
        raise LOST

    monkeypatch.setattr("kezhi.web.accounts.settings.organising.change_profile", away)
    answer = web(owner).post("/settings/profile/", {"name": "林", "email": owner.email})
    assert (answer.status_code, len(calls)) == (503, 1)


@pytest.mark.parametrize(
    "error", [fault(psycopg.errors.DiskFull("no space")), OSError(errno.ENOSPC, "no space")]
)
def test_a_full_disk_is_told_as_one(web, owner, monkeypatch, error):
    failing(monkeypatch, error, 9)
    answer = web(owner).get("/settings/")
    assert answer.status_code == 507
    assert "disk" in answer.text
    assert is_full(error)


def test_other_faults_of_the_database_are_not_taken_for_its_absence():
    assert not is_away(fault(psycopg.errors.DeadlockDetected("x")))
    assert not is_away(fault(psycopg.errors.QueryCanceled("x")))
    assert not is_away(ValueError())
    assert not is_full(OSError(errno.EACCES, "x"))


def test_a_slow_page_is_kept_without_a_word_about_whose_it_was(web, owner, anhui_tea, settings):
    settings.SLOW_PAGE_SECONDS = 0.000001
    answer = web(owner).get(f"/customers/{anhui_tea.pk}/")
    assert answer.status_code == 200
    kept = SlowPage.objects.get()
    assert kept.route == "/customers/<int:pk>/"
    assert kept.request_id == answer.headers["X-Request-ID"]
    assert kept.queries > 3
    assert kept.seconds >= kept.database_seconds + kept.template_seconds > 0
    assert "安徽" not in kept.slowest_query
    settings.SLOW_PAGE_SECONDS = 10
    web(owner).get("/")
    assert SlowPage.objects.count() == 1


def test_when_everything_is_slow_few_are_kept(web, owner, settings, monkeypatch):
    settings.SLOW_PAGE_SECONDS = 0.000001
    monkeypatch.setattr("kezhi.web.watching.MOST_KEPT_A_MINUTE", 2)
    browser = web(owner)
    for _time in range(4):
        browser.get("/settings/")
    assert SlowPage.objects.count() == 2


def test_machines_are_answered_without_session_host_or_language(client, db, company):
    alive = client.get("/healthz", HTTP_HOST="10.0.0.7:8000")
    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    ready = client.get("/readyz", HTTP_HOST="10.0.0.7:8000")
    assert ready.json() == {"status": "ok", "database": "ok", "migrations": "ok", "queue": "ok"}
    assert not ready.cookies


def test_a_process_without_its_database_lives_but_is_not_ready(client, db, monkeypatch):
    def cursor():
        raise LOST

    with monkeypatch.context() as patch:
        patch.setattr("kezhi.operations.readiness.connection.cursor", cursor)
        assert client.get("/healthz").status_code == 200
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["database"]) == (503, "unreachable")


def test_measurements_are_for_this_machine_or_for_whoever_has_the_token(
    web, owner, client, db, company, settings
):
    web(owner).get("/settings/")
    told = client.get("/metrics").text
    assert 'kezhi_request_seconds_count{method="GET",route="/settings/"}' in told
    for name in (
        "kezhi_queue_jobs",
        "kezhi_database_up 1.0",
        "kezhi_backup_alarm 1.0",
        "kezhi_workers",
    ):
        assert name in told
    assert owner.name not in told
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.9").status_code == 403
    assert client.get("/metrics", HTTP_X_FORWARDED_FOR="127.0.0.1").status_code == 403
    settings.METRICS_TOKEN = "a-long-token"
    assert client.get("/metrics").status_code == 403
    assert client.get("/metrics", HTTP_AUTHORIZATION="Bearer a-long-tokem").status_code == 403
    allowed = client.get(
        "/metrics", HTTP_AUTHORIZATION="Bearer a-long-token", REMOTE_ADDR="203.0.113.9"
    )
    assert allowed.status_code == 200


def test_addresses_that_somebody_typed_make_no_series(client, db, company):
    for number in range(3):
        client.get(f"/nothing-{number}/")
    told = client.get("/metrics").text
    assert "nothing-" not in told


def written(formatter, message, *arguments, **about):
    record = logging.LogRecord("kezhi.x", logging.INFO, "x.py", 1, message, arguments, None)
    with logs.about(**about):
        logs.Context().filter(record)
        return formatter.format(record)


def test_a_line_of_the_log_is_one_line_whatever_was_typed():
    line = written(
        logs.Line(), "signed in: %s", "li\n2026 ERROR forged\r\x1b[31m\u2028x", request="ab"
    )
    assert "\n" not in line
    assert "\r" not in line
    assert "\x1b" not in line
    assert line.endswith("request=ab")
    said = json.loads(written(logs.Json(), "signed in: %s", "li\nx", request="ab", actor=7))
    assert (said["message"], said["request"], said["actor"]) == ("signed in: li\nx", "ab", 7)
    assert said["level"] == "INFO"


@pytest.mark.parametrize(
    "secret",
    ["postgresql://kezhi_app:hidden@db/kezhi", "AGE-SECRET-KEY-1HIDDEN", "Authorization: Bearer hidden-token",
     "password=hidden", '{"token": "hidden"}', "GET /reset/?token=hidden&x=1", "sessionid=hidden; a=b"],
)  # fmt: skip
@pytest.mark.parametrize("formatter", [logs.Line, logs.Json])
def test_secrets_do_not_reach_the_log(secret, formatter):
    assert "hidden" not in written(formatter(), "it said %s", secret).lower()
