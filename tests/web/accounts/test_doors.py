"""Coming in: sign-in, its throttle, the guided first run."""

import pytest
from django.test import Client

from cast import PASSWORD
from kezhi.accounts.models import Company, User
from kezhi.audit.models import Entry

pytestmark = pytest.mark.django_db


def test_a_visitor_is_led_to_the_sign_in_page_and_back(client, li_wei):
    response = client.get("/settings/")
    assert response.url == "/sign-in/?next=/settings/"
    response = client.post(
        "/sign-in/", {"login": "LiWei", "password": PASSWORD, "next": "/settings/"}
    )
    assert response.url == "/settings/"
    assert Entry.objects.filter(deed="signed_in", actor_id=li_wei.pk).exists()


def test_who_has_to_sign_in_while_sending_a_form_goes_on_where_it_stood(client, li_wei):
    sent = {"text": "写了很久的答复"}
    page = "http://testserver/tickets/7/?all=1"
    response = client.post("/tickets/7/words/", sent, headers={"Referer": page})
    assert response.url == "/sign-in/?next=%2Ftickets%2F7%2F%3Fall%3D1"
    response = client.post("/tickets/7/words/", sent, headers={"Referer": "https://evil.example/"})
    assert response.url == "/sign-in/?next=%2F"


def test_an_address_that_takes_forms_only_says_so(client, li_wei):
    client.force_login(li_wei)
    response = client.get("/tickets/7/words/")
    assert (response.status_code, response.headers["Allow"]) == (405, "POST")
    assert "<h1" in response.content.decode()


@pytest.mark.parametrize("login", ["liwei", "nobody"])
def test_a_wrong_password_and_a_wrong_name_read_the_same(client, li_wei, login):
    response = client.post("/sign-in/", {"login": login, "password": "wrong"})
    assert response.status_code == 422
    assert "用户名" not in response.content.decode()
    assert not client.session.get("_auth_user_id")


def test_guessing_is_stopped(client, li_wei):
    for _attempt in range(10):
        client.post("/sign-in/", {"login": "liwei", "password": "wrong"})
    response = client.post("/sign-in/", {"login": "liwei", "password": PASSWORD})
    assert response.status_code == 422
    assert "15" in response.content.decode()


@pytest.mark.parametrize("elsewhere", ["//evil.example/", "https://evil.example/", "\\\\evil"])
def test_sign_in_never_leads_off_the_site(client, li_wei, elsewhere):
    response = client.post("/sign-in/", {"login": "liwei", "password": PASSWORD, "next": elsewhere})
    assert response.url == "/"


def test_someone_who_left_can_not_sign_in(client, li_wei):
    User.objects.filter(pk=li_wei.pk).update(is_active=False)
    assert client.post("/sign-in/", {"login": "liwei", "password": PASSWORD}).status_code == 422


def test_signing_out_ends_the_session(client, li_wei):
    client.force_login(li_wei)
    assert client.get("/settings/").status_code == 200
    client.post("/sign-out/")
    assert client.get("/settings/").status_code == 302


FIRST_RUN = {
    "name": "江南茶业",
    "language": "zh-hans",
    "currency": "CNY",
    "time_zone": "Asia/Shanghai",
    "owner_name": "王敏",
    "login": "wangmin",
    "password": "longjing-2026-spring",
    "token": "key",
}


def test_the_first_run_makes_the_company_and_its_owner(client, settings):
    settings.SETUP_TOKEN = "key"
    assert client.get("/sign-in/").url == "/setup/"
    assert client.post("/setup/", FIRST_RUN).url == "/imports/"
    assert Company.current().name == "江南茶业"
    assert User.objects.get(login="wangmin").is_owner
    assert client.get("/setup/?token=key").status_code == 404


@pytest.mark.parametrize("token", ["", "wrong"])
def test_without_its_key_the_first_run_is_locked(client, settings, token):
    settings.SETUP_TOKEN = "key" if token else ""
    assert client.post("/setup/", {**FIRST_RUN, "token": token}).status_code == 403
    assert Company.current() is None


def test_a_weak_password_is_refused_with_the_form_kept(client, settings):
    settings.SETUP_TOKEN = "key"
    response = client.post("/setup/", {**FIRST_RUN, "password": "12345678"})
    assert response.status_code == 422
    assert "江南茶业" in response.content.decode()
    assert Company.current() is None
    assert not User.objects.exists()


def test_a_form_without_its_token_is_refused(li_wei):
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/sign-in/", {"login": "liwei", "password": PASSWORD}).status_code == 403
