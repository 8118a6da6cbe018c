"""Invitations and resets by a link that is handed over."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from kezhi.accounts.models import OneTimeLink, User
from kezhi.accounts.one_time_links import living_link
from kezhi.accounts.organising import create_person, deactivate_person
from kezhi.audit.models import Entry
from kezhi.core.actor import SYSTEM

pytestmark = pytest.mark.django_db
NEW = "a phrase nobody guesses 7"


@pytest.fixture
def made(client, owner):
    """`made("liwei")`: the link that an owner's page shows."""
    client.force_login(owner)

    def make(login, **headers):
        answer = client.post(f"/settings/people/{login}/sign-in/link/", **headers)
        found = re.search(r"https?://[^\s<]+/sign-in/link/[\w-]+/", answer.content.decode())
        return found[0] if found else answer

    return make


@pytest.fixture
def invited(organisation):
    return create_person(
        {"login": "sunyue", "name": "孙悦", "roles": ["salesperson"], "password": None},
        actor=SYSTEM,
    )


def _path(link):
    return link.removeprefix("http://testserver")


def test_who_is_invited_sets_a_password_and_signs_in(made, invited):
    visitor = Client()
    answer = visitor.post("/sign-in/", {"login": "sunyue", "password": ""})
    assert answer.status_code == 422
    link = _path(made("sunyue"))
    assert "孙悦" in visitor.get(link).content.decode()
    assert visitor.post(link, {"password": NEW}).url == "/sign-in/"
    assert visitor.get("/settings/").status_code == 302
    assert visitor.post("/sign-in/", {"login": "sunyue", "password": NEW}).url == "/"
    assert Entry.objects.filter(deed="link.used", actor_id=invited.pk).exists()


def test_a_link_works_once(made, invited):
    link = _path(made("sunyue"))
    assert Client().post(link, {"password": NEW}).status_code == 302
    assert Client().post(link, {"password": "another good phrase 8"}).status_code == 404
    assert User.objects.get(pk=invited.pk).check_password(NEW)


def test_looking_spends_nothing_and_a_weak_password_neither(made, invited):
    link = _path(made("sunyue"))
    for _look in range(3):
        assert Client().get(link).status_code == 200
    assert Client().post(link, {"password": "12345678"}).status_code == 422
    assert Client().post(link, {"password": "x" * 129}).status_code == 422
    assert Client().post(link, {"password": NEW}).status_code == 302


def test_only_the_digest_is_kept(made, invited):
    token = made("sunyue").rstrip("/").rpartition("/")[2]
    assert token not in str(list(OneTimeLink.objects.values()))
    assert token not in str(list(Entry.objects.values("detail", "reason", "subject_title")))


@pytest.mark.parametrize(
    "change",
    [
        {"email": "new@example.com"},
        {"login": "other"},
        {"is_active": False},
        {"password": "made-unusable"},
    ],
)
def test_a_link_is_dead_after_a_change_of_what_it_rested_on(made, li_wei, change):
    link = _path(made("liwei"))
    User.objects.filter(pk=li_wei.pk).update(**change)
    assert Client().get(link).status_code == 404
    assert Client().post(link, {"password": NEW}).status_code == 404


def test_a_newer_link_and_a_withdrawal_kill_the_older_one(client, made, li_wei):
    first, second = _path(made("liwei")), _path(made("liwei"))
    assert Client().get(first).status_code == 404
    assert Client().get(second).status_code == 200
    client.post("/settings/people/liwei/sign-in/link/removal/")
    assert Client().get(second).status_code == 404


@pytest.mark.parametrize("login", ["liwei", "sunyue"])
def test_resets_and_invitations_live_an_hour(made, li_wei, invited, login):
    now = timezone.now()
    token = made(login).rstrip("/").rpartition("/")[2]
    assert living_link(token, at=now + timedelta(minutes=59))
    assert living_link(token, at=now + timedelta(minutes=61)) is None


def test_a_new_password_ends_every_session_and_does_not_pass_by_the_second_factor(
    made, li_wei, with_app
):
    with_app(li_wei)
    elsewhere = Client()
    elsewhere.force_login(li_wei)
    link = _path(made("liwei"))
    visitor = Client()
    visitor.post(link, {"password": NEW})
    assert elsewhere.get("/settings/").status_code == 302
    answer = visitor.post("/sign-in/", {"login": "liwei", "password": NEW})
    assert answer.url == "/sign-in/second-step/"


def test_nobody_is_helped_by_who_may_not(client, manager, li_wei, owner):
    for who in (manager, li_wei):
        client.force_login(who)
        assert client.get("/settings/people/owner/sign-in/").status_code == 403
        for deed in ("link", "second-factors/removal", "sessions/end", "accounts"):
            address = f"/settings/people/owner/sign-in/{deed}/"
            assert client.post(address, {"reason": "x"}).status_code == 403
    assert not OneTimeLink.objects.exists()


def test_who_is_deactivated_gets_no_link(client, made, li_wei, owner):
    deactivate_person(li_wei, actor=owner)
    assert made("liwei").status_code == 409
    assert not OneTimeLink.objects.exists()


CLAIMS = [
    {"HTTP_HOST": "evil.example"},
    {"HTTP_HOST": "testserver.evil.example"},
    {"HTTP_HOST": "testserver@evil.example"},
    {"HTTP_HOST": "evil.example:80"},
    {"HTTP_HOST": "testserver:80@evil.example"},
    {"HTTP_HOST": "testserver#.evil.example"},
    {"HTTP_HOST": "testserver,evil.example"},
    {"HTTP_HOST": "testserver evil.example"},
    {"HTTP_HOST": "[::1]"},
    {"HTTP_HOST": ""},
    {"HTTP_X_FORWARDED_HOST": "evil.example"},
    {"HTTP_X_FORWARDED_HOST": "evil.example, testserver"},
    {"HTTP_X_FORWARDED_SERVER": "evil.example"},
    {"HTTP_X_HOST": "evil.example"},
    {"HTTP_X_ORIGINAL_HOST": "evil.example"},
    {"HTTP_X_REWRITE_URL": "http://evil.example/"},
    {"HTTP_FORWARDED": "host=evil.example;proto=https"},
    {"HTTP_FORWARDED": 'for=1.2.3.4;host="evil.example"'},
    {"HTTP_X_FORWARDED_PROTO": "evil"},
    {"HTTP_X_FORWARDED_PORT": "6666"},
    {"HTTP_ORIGIN": "https://evil.example"},
    {"HTTP_REFERER": "https://evil.example/"},
]


@pytest.mark.parametrize("claims", CLAIMS)
@pytest.mark.parametrize("origin", ["", "https://crm.yuanhang.example"])
def test_no_header_chooses_the_address_in_a_link(made, li_wei, settings, claims, origin):
    settings.ORIGIN = origin
    answer = made("liwei", **claims)
    if isinstance(answer, str):
        assert answer.startswith(origin or "http://testserver/")
    else:
        assert answer.status_code == 400
        assert not OneTimeLink.objects.exists()


def test_a_wildcard_of_hosts_needs_the_address_to_be_said(made, li_wei, settings):
    settings.ALLOWED_HOSTS, settings.ORIGIN = ["*"], ""
    answer = made("liwei", HTTP_HOST="evil.example")
    assert answer.status_code == 409
    assert "KEZHI_ORIGIN" in answer.content.decode()


def test_a_colleague_added_without_a_password_is_invited_next(client, owner, organisation):
    client.force_login(owner)
    fields = {"name": "孙悦", "login": "sunyue", "roles": ["salesperson"], "is_active": "1"}
    there = client.post("/settings/people/new/", fields).url
    assert there == "/settings/people/sunyue/sign-in/"
    assert "邀请" in client.get(there).content.decode()
    assert not User.objects.get(login="sunyue").has_usable_password()
