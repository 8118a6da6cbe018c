"""What is sensitive asks once more who it is."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from cast import PASSWORD
from kezhi.accounts.models import CodeApp, Company, IdentityProvider, Session
from kezhi.accounts.session_store import SIGNED_IN_AT
from kezhi.accounts.signing_in import CONFIRMED_AT

pytestmark = pytest.mark.django_db

SENSITIVE = [
    ("post", "/settings/security/code-app/"),
    ("get", "/settings/security/code-app/"),
    ("post", "/settings/security/code-app/removal/"),
    ("post", "/settings/security/passkeys/options/"),
    ("post", "/settings/security/passkeys/"),
    ("post", "/settings/security/passkeys/1/"),
    ("post", "/settings/security/passkeys/1/removal/"),
    ("post", "/settings/security/recovery-codes/"),
    ("post", "/settings/security/accounts/1/removal/"),
    ("post", "/settings/people/liwei/sign-in/link/"),
    ("post", "/settings/people/liwei/sign-in/link/removal/"),
    ("post", "/settings/people/liwei/sign-in/second-factors/removal/"),
    ("post", "/settings/people/liwei/sign-in/accounts/"),
    ("post", "/settings/sign-in/second-factor/"),
    ("post", "/settings/people/new/"),
    ("post", "/settings/roles/"),
    ("post", "/settings/roles/salesperson/"),
    ("post", "/settings/sign-in/providers/new/"),
    ("post", "/settings/integrations/new/"),
    ("post", "/settings/integrations/1/edit/"),
    ("post", "/settings/integrations/1/tokens/"),
    ("post", "/settings/integrations/1/tokens/1/rotation/"),
]


@pytest.fixture
def aged(client):
    """A session signed in (and confirmed) some minutes ago."""

    def age(person, minutes):
        client.force_login(person)
        session = client.session
        session[SIGNED_IN_AT] = (timezone.now() - timedelta(minutes=minutes)).timestamp()
        session.pop(CONFIRMED_AT, None)
        session.save()
        return client

    return age


@pytest.mark.parametrize(("method", "address"), SENSITIVE)
def test_after_ten_minutes_it_is_asked_again(aged, owner, li_wei, with_app, method, address):
    with_app(owner)
    with_app(li_wei)
    browser = aged(owner, 11)
    answer = getattr(browser, method)(address, {"reason": "x", "name": "x"})
    assert answer.status_code == 302
    assert answer.url.startswith("/settings/security/confirm/?next=")
    assert CodeApp.objects.count() == 2
    assert not IdentityProvider.objects.exists()
    assert not Company.current().is_second_factor_enforced


@pytest.mark.parametrize(("typed", "is_enough"), [(PASSWORD, True), ("wrong", False)])
def test_the_password_confirms_for_ten_minutes(aged, li_wei, with_app, typed, is_enough):
    with_app(li_wei)
    browser = aged(li_wei, 11)
    key = Session.objects.get(person=li_wei).pk
    there = "/settings/security/confirm/"
    answer = browser.post(there, {"password": typed, "next": "/settings/security/code-app/"})
    assert answer.status_code == (302 if is_enough else 422)
    browser.post("/settings/security/code-app/removal/")
    assert CodeApp.objects.exists() is not is_enough
    assert Session.objects.filter(pk=key).exists() is not is_enough


def test_a_code_confirms_too_and_only_once(aged, li_wei, with_app, code_now):
    secret, _codes = with_app(li_wei)
    browser = aged(li_wei, 11)
    code = code_now(secret)
    assert browser.post("/settings/security/confirm/", {"code": code}).status_code == 302
    assert browser.post("/settings/security/confirm/", {"code": code}).status_code == 422


def test_guessing_the_password_there_is_stopped_too(aged, li_wei):
    browser = aged(li_wei, 11)
    for _guess in range(10):
        browser.post("/settings/security/confirm/", {"password": "wrong"})
    assert browser.post("/settings/security/confirm/", {"password": PASSWORD}).status_code == 422


@pytest.mark.parametrize("elsewhere", ["//evil.example/", "https://evil.example/", "\\\\evil"])
def test_it_never_leads_off_the_site(aged, li_wei, elsewhere):
    browser = aged(li_wei, 11)
    typed = {"password": PASSWORD, "next": elsewhere}
    assert browser.post("/settings/security/confirm/", typed).url == "/settings/security/"


def test_a_new_address_asks_once_more_the_name_alone_does_not(aged, li_wei):
    browser = aged(li_wei, 11)
    answer = browser.post("/settings/profile/", {"name": "李伟", "email": "new@example.com"})
    assert answer.url.startswith("/settings/security/confirm/")
    li_wei.refresh_from_db()
    assert li_wei.email == ""
    assert browser.post("/settings/profile/", {"name": "李伟伟", "email": ""}).url == (
        "/settings/profile/"
    )


def test_the_last_factor_stays_where_the_company_asks_for_one(client, owner, with_app):
    Company.objects.update(is_second_factor_enforced=True)
    with_app(owner)
    client.force_login(owner)
    assert client.post("/settings/security/code-app/removal/").status_code == 409
    assert CodeApp.objects.exists()


def test_switching_it_on_signs_out_whom_it_concerns(client, owner, li_wei, organisation):
    from kezhi.accounts.organising import create_person
    from kezhi.core.actor import SYSTEM

    second = create_person(
        {"login": "two", "name": "二", "roles": ["owner"], "password": PASSWORD}, actor=SYSTEM
    )
    for person in (second, li_wei):
        client.force_login(person)
        client.cookies.clear()
    client.force_login(owner)
    client.post("/settings/sign-in/second-factor/", {"is_second_factor_enforced": "1"})
    assert Company.current().is_second_factor_enforced
    assert set(Session.objects.values_list("person", flat=True)) == {owner.pk, li_wei.pk}


def test_codes_are_saved_as_a_file_only_for_whose_they_are(client, li_wei, chen_jing, with_app):
    with_app(li_wei)
    client.force_login(li_wei)
    page = client.post("/settings/security/recovery-codes/").content.decode()
    codes = re.findall(r"<code>([A-Z0-9]{5}-[A-Z0-9]{5})</code>", page)
    file = client.post("/settings/security/recovery-codes/file/", {"code": codes})
    assert "attachment" in file.headers["Content-Disposition"]
    assert all(code in file.content.decode() for code in codes)
    made_up = ["AAAAA-AAAAA"] * 10
    for typed in (made_up, codes[:3], [], ["=1+1"]):
        answer = client.post("/settings/security/recovery-codes/file/", {"code": typed})
        assert answer.status_code == 409


def test_an_owner_resets_lost_factors_with_a_reason(client, owner, li_wei, with_app):
    with_app(li_wei)
    client.force_login(owner)
    address = "/settings/people/liwei/sign-in/second-factors/removal/"
    assert client.post(address, {"reason": " "}).status_code == 409
    assert CodeApp.objects.exists()
    client.post(address, {"reason": "手机丢失，已当面确认"})
    assert not CodeApp.objects.exists()


PERSON = {"name": "李伟", "login": "liwei", "roles": ["salesperson"], "is_active": "1"}


@pytest.mark.parametrize(
    ("change", "asks"),
    [
        ({"roles": ["owner"]}, True),
        ({"password": "a phrase nobody guesses 7"}, True),
        ({"email": "li@example.com"}, True),
        ({"login": "wei"}, True),
        ({"is_active": ""}, True),
        ({"title": "经理"}, False),
    ],
)
def test_what_lets_a_colleague_further_in_asks_once_more(aged, owner, li_wei, change, asks):
    place = {"place": f"team-{li_wei.team_id}"}
    answer = aged(owner, 11).post("/settings/people/liwei/", PERSON | place | change)
    assert answer.url.startswith("/settings/security/confirm/") is asks
    li_wei.refresh_from_db()
    assert [role.key for role in li_wei.roles.all()] == ["salesperson"]
    assert (li_wei.email, li_wei.login, li_wei.is_active) == ("", "liwei", True)
    assert li_wei.check_password(PASSWORD)
    assert li_wei.title == ("" if asks else "经理")


def test_what_no_database_keeps_is_no_error(client, owner, li_wei, with_app):
    """A NUL, or a text without end, in each small form."""
    from kezhi.accounts.models import ExternalIdentity

    with_app(li_wei)
    client.force_login(owner)
    stem = "/settings/people/liwei/sign-in/"
    for text in ("\0", "a\0b", "x" * 5000):
        for address in ("second-factors/removal/", "accounts/"):
            answer = client.post(
                stem + address, {"reason": text, "subject": text, "provider": text}
            )
            assert answer.status_code in (302, 409), address
    assert not ExternalIdentity.objects.exists()
