"""Sessions: their keys change when they must, they end when they must, and people see their own."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from cast import PASSWORD
from kezhi.accounts.models import Session, User
from kezhi.accounts.organising import change_person, deactivate_person
from kezhi.core.actor import SYSTEM

pytestmark = pytest.mark.django_db
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0 Safari/537.36"


def _browser(login="liwei"):
    browser = Client(HTTP_USER_AGENT=CHROME)
    browser.post("/sign-in/", {"login": login, "password": PASSWORD})
    return browser


def _key(browser):
    return browser.cookies["sessionid"].value


def test_a_planted_session_gives_nothing(li_wei, with_app):
    """Whoever set the cookie before the sign-in doesn't come in with it afterwards."""
    with_app(li_wei)
    victim = Client()
    victim.post("/sign-in/passkey/options/")
    planted = _key(victim)
    victim.post("/sign-in/", {"login": "liwei", "password": PASSWORD})
    half = _key(victim)
    assert half != planted
    attacker = Client()
    attacker.cookies["sessionid"] = planted
    assert attacker.get("/settings/").status_code == 302
    assert attacker.get("/sign-in/second-step/").status_code == 302


def test_the_key_changes_at_sign_in_second_factor_and_password(
    client, li_wei, with_app, code_now, enter
):
    secret, _codes = with_app(li_wei)
    keys = []
    client.post("/sign-in/passkey/options/")
    keys.append(_key(client))
    enter("liwei")
    keys.append(_key(client))
    client.post("/sign-in/second-step/", {"code": code_now(secret)})
    keys.append(_key(client))
    client.post("/settings/profile/", {"current": PASSWORD, "new": "another long phrase 9"})
    keys.append(_key(client))
    assert len(set(keys)) == 4
    assert client.get("/settings/").status_code == 200
    for former in keys[:3]:
        stranger = Client()
        stranger.cookies["sessionid"] = former
        assert stranger.get("/settings/").status_code == 302


def test_the_key_changes_with_the_roles_and_the_work_goes_on(li_wei, owner):
    browser = _browser()
    before = _key(browser)
    change_person(li_wei, {"roles": ["salesperson", "analyst"]}, actor=SYSTEM)
    assert browser.get("/settings/").status_code == 200
    assert _key(browser) != before
    stranger = Client()
    stranger.cookies["sessionid"] = before
    assert stranger.get("/settings/").status_code == 302
    after = _key(browser)
    assert browser.get("/settings/").status_code == 200
    assert _key(browser) == after


def test_deactivation_ends_everything_at_once(li_wei, owner):
    browser = _browser()
    assert browser.get("/settings/").status_code == 200
    deactivate_person(li_wei, actor=owner)
    assert not Session.objects.filter(person=li_wei).exists()
    assert browser.get("/settings/").status_code == 302


def test_even_a_row_that_stayed_opens_nothing_for_who_left(li_wei):
    browser = _browser()
    User.objects.filter(pk=li_wei.pk).update(is_active=False)
    assert browser.get("/settings/").status_code == 302


def test_a_session_left_alone_ends(li_wei, settings):
    browser = _browser()
    row = Session.objects.get(person=li_wei)
    Session.objects.filter(pk=row.pk).update(
        seen_at=timezone.now() - timedelta(seconds=settings.SESSION_IDLE_SECONDS + 60)
    )
    assert browser.get("/settings/").status_code == 302


def test_a_session_ends_some_days_after_its_sign_in_however_busy_it_is(li_wei, settings):
    browser = _browser()
    row = Session.objects.get(person=li_wei)
    assert row.expire_date - row.signed_in_at == timedelta(seconds=settings.SESSION_COOKIE_AGE)
    browser.post("/settings/security/confirm/", {"password": PASSWORD})
    later = Session.objects.get(person=li_wei)
    assert later.pk != row.pk
    assert later.expire_date == row.expire_date


def test_where_and_when_it_was_used_is_noted_at_most_once_a_minute(
    li_wei, django_assert_num_queries
):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    browser = _browser()
    row = Session.objects.get(person=li_wei)
    with CaptureQueriesContext(connection) as usual:
        browser.get("/settings/", REMOTE_ADDR="10.9.8.7")
    assert Session.objects.get().address == "127.0.0.1"
    long_ago = timezone.now() - timedelta(minutes=2)
    Session.objects.filter(pk=row.pk).update(seen_at=long_ago)
    with django_assert_num_queries(len(usual) + 1):
        browser.get("/settings/", REMOTE_ADDR="10.9.8.7")
    seen = Session.objects.get()
    assert (seen.address, seen.seen_at > long_ago) == ("10.9.8.7", True)


def test_people_see_their_devices_and_end_one_or_all_others(li_wei):
    here, there, elsewhere = _browser(), _browser(), _browser()
    page = here.get("/settings/security/").content.decode()
    assert page.count("Chrome · Windows") == 3
    assert not any(key in page for key in Session.objects.values_list("session_key", flat=True))
    reference = Session.objects.get(session_key=_key(there)).reference
    here.post(f"/settings/security/sessions/{reference}/end/")
    assert there.get("/settings/").status_code == 302
    assert elsewhere.get("/settings/").status_code == 200
    here.post("/settings/security/sessions/end/")
    assert elsewhere.get("/settings/").status_code == 302
    assert here.get("/settings/").status_code == 200


def test_nobody_ends_the_sessions_of_others(li_wei, chen_jing):
    mine, theirs = _browser(), _browser("chenjing")
    reference = Session.objects.get(person=chen_jing).reference
    assert mine.post(f"/settings/security/sessions/{reference}/end/").status_code == 409
    assert mine.post("/settings/people/chenjing/sign-in/sessions/end/").status_code == 403
    assert theirs.get("/settings/").status_code == 200


def test_an_owner_sees_and_ends_the_sessions_of_a_colleague(client, owner, li_wei):
    theirs = _browser()
    client.force_login(owner)
    assert "Chrome · Windows" in client.get("/settings/people/liwei/sign-in/").content.decode()
    client.post("/settings/people/liwei/sign-in/sessions/end/")
    assert theirs.get("/settings/").status_code == 302


def test_the_page_asks_the_database_as_often_for_many_sessions_as_for_few(
    li_wei, django_assert_num_queries
):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    here = _browser()
    here.get("/settings/security/")
    with CaptureQueriesContext(connection) as asked:
        here.get("/settings/security/")
    few = len(asked)
    for _number in range(12):
        _browser()
    with django_assert_num_queries(few):
        page = here.get("/settings/security/").content.decode()
    assert len(re.findall("Chrome · Windows", page)) == 13
