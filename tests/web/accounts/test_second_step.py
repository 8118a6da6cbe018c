"""The second step: what a password alone opens (nothing), what a code opens, and how often."""

import re
from uuid import UUID

import pytest
from django.test import Client
from django.urls import get_resolver

from kezhi.accounts.models import Company, Passkey, RecoveryCode, Role
from kezhi.audit.models import Entry

pytestmark = pytest.mark.django_db
STEP = "/sign-in/second-step/"


def test_after_the_password_a_code_is_asked_for(client, li_wei, with_app, code_now, enter):
    secret, _codes = with_app(li_wei)
    assert enter("liwei").url == STEP
    assert client.get("/settings/").status_code == 302
    assert client.get(STEP).status_code == 200
    assert client.post(STEP, {"code": code_now(secret)}).url == "/"
    assert client.get("/settings/").status_code == 200
    assert Entry.objects.filter(deed="signed_in", detail__means="password+code").exists()


def test_the_way_that_was_wanted_is_kept_over_the_second_step(client, li_wei, with_app, code_now):
    from cast import PASSWORD

    secret, _codes = with_app(li_wei)
    typed = {"login": "liwei", "password": PASSWORD, "next": "/settings/profile/"}
    there = client.post("/sign-in/", typed).url
    assert there == f"{STEP}?next=%2Fsettings%2Fprofile%2F"
    assert "/settings/profile/" in client.get(there).content.decode()
    done = client.post(STEP, {"code": code_now(secret), "next": "/settings/profile/"})
    assert done.url == "/settings/profile/"


def _addresses():
    """Every address of the product, with something for each of its parts."""

    def walk(patterns, prefix=""):
        for pattern in patterns:
            route = prefix + str(pattern.pattern)
            if hasattr(pattern, "url_patterns"):
                yield from walk(pattern.url_patterns, route)
            else:
                uuid = re.sub(r"<uuid:[^>]*>", str(UUID(int=1)), route)
                yield "/" + re.sub(r"<[^>]*>", "1", uuid), pattern.callback

    return [
        address
        for address, view in walk(get_resolver().url_patterns)
        if getattr(view, "login_required", True)
    ]


def test_a_password_alone_opens_nothing(client, owner, with_app, enter):
    with_app(owner)
    enter("owner")
    for address in _addresses():
        for method in (client.get, client.post):
            answer = method(address)
            assert answer.status_code == 302, address
            assert answer.url.startswith("/sign-in/?next="), address


def test_the_second_step_is_only_for_who_proved_the_first(client, li_wei):
    for address in (STEP, "/sign-in/set-up/", "/sign-in/set-up/code-app/"):
        assert client.get(address).url == "/sign-in/"
        assert client.post(address, {"code": "123456"}).url == "/sign-in/"
    assert client.post(f"{STEP}passkey/").url == "/sign-in/"


def test_a_half_signed_in_session_can_leave(client, li_wei, with_app, enter):
    with_app(li_wei)
    enter("liwei")
    assert client.post("/sign-out/").url == "/sign-in/"
    assert client.get(STEP).url == "/sign-in/"


def test_who_is_deactivated_meanwhile_stays_out(client, li_wei, with_app, code_now, enter):
    secret, _codes = with_app(li_wei)
    enter("liwei")
    type(li_wei).objects.filter(pk=li_wei.pk).update(is_active=False)
    assert client.post(STEP, {"code": code_now(secret)}).url == "/sign-in/"


def test_a_code_lets_in_once_however_often_it_is_tried(li_wei, with_app, code_now):
    from cast import PASSWORD

    secret, _codes = with_app(li_wei)
    code = code_now(secret)
    let_in = 0
    for number in range(100):
        browser = Client(REMOTE_ADDR=f"10.0.{number}.1")
        browser.post("/sign-in/", {"login": "liwei", "password": PASSWORD})
        answer = browser.post(STEP, {"code": code})
        let_in += answer.status_code == 302 and answer.url == "/"
    assert let_in == 1


def test_a_recovery_code_lets_in_once(client, li_wei, with_app, enter):
    _secret, codes = with_app(li_wei)
    for expected in (302, 422):
        enter("liwei")
        answer = client.post(STEP, {"code": codes[3].lower().replace("-", " ")})
        assert answer.status_code == expected
        client.post("/sign-out/")
    assert RecoveryCode.objects.filter(person=li_wei, used_at=None).count() == 9


def test_recovery_codes_are_kept_hashed(li_wei, with_app):
    _secret, codes = with_app(li_wei)
    kept = " ".join(RecoveryCode.objects.values_list("digest", flat=True))
    assert not any(code in kept or code.replace("-", "") in kept for code in codes)


@pytest.mark.parametrize(
    "code", ["", "000000", "abc", "１２３４５６", "9" * 400, "AAAAA-AAAAA", "\0"]
)
def test_nonsense_is_no_code(client, li_wei, with_app, enter, code):
    with_app(li_wei)
    enter("liwei")
    assert client.post(STEP, {"code": code}).status_code == 422


def test_guessing_codes_is_stopped(client, li_wei, with_app, code_now, enter):
    secret, _codes = with_app(li_wei)
    enter("liwei")
    for _guess in range(10):
        client.post(STEP, {"code": "000000"})
    assert client.post(STEP, {"code": code_now(secret)}).status_code == 422
    assert Entry.objects.filter(deed="second_factor.refused").count() == 10


def test_codes_of_others_do_not_count(client, li_wei, chen_jing, with_app, code_now, enter):
    with_app(li_wei)
    secret, codes = with_app(chen_jing)
    enter("liwei")
    assert client.post(STEP, {"code": code_now(secret)}).status_code == 422
    assert client.post(STEP, {"code": codes[0]}).status_code == 422


@pytest.fixture
def enforced(company):
    Company.objects.update(is_second_factor_enforced=True)


def test_an_owner_without_a_second_factor_is_led_to_one(client, owner, enforced, enter):
    assert enter("owner").url == "/sign-in/set-up/"
    assert client.get("/settings/").url.startswith("/sign-in/")
    assert client.get("/sign-in/set-up/").status_code == 200


def test_setting_up_the_app_signs_in_and_shows_the_codes_once(
    client, owner, enforced, enter, code_now
):
    enter("owner")
    page = client.get("/sign-in/set-up/code-app/").content.decode()
    secret = re.search(r'class="to-copy">([A-Z2-7 ]+)<', page)[1].replace(" ", "")
    assert client.get("/settings/").status_code == 302
    wrong = client.post("/sign-in/set-up/code-app/", {"code": "000000"})
    assert wrong.status_code == 422
    assert secret in wrong.content.decode().replace(" ", "")
    done = client.post("/sign-in/set-up/code-app/", {"code": code_now(secret)})
    codes = re.findall(r"<code>([A-Z0-9]{5}-[A-Z0-9]{5})</code>", done.content.decode())
    assert len(codes) == 10
    assert "no-store" in done.headers["Cache-Control"]
    assert client.get("/settings/").status_code == 200
    client.post("/sign-out/")
    assert enter("owner").url == STEP


def test_roles_that_need_none_are_not_asked(client, owner, li_wei, enforced, enter):
    assert enter("liwei").url == "/"
    Role.objects.filter(key="salesperson").update(is_second_factor_required=True)
    client.post("/sign-out/")
    assert enter("liwei").url == "/sign-in/set-up/"


def test_the_first_run_enforces_it_from_the_second_sign_in_on(client, settings):
    settings.SETUP_TOKEN = "key"
    typed = {
        "name": "江南茶业",
        "language": "zh-hans",
        "currency": "CNY",
        "time_zone": "Asia/Shanghai",
        "owner_name": "王敏",
        "login": "wangmin",
        "password": "longjing-2026-spring",
        "token": "key",
    }
    client.post("/setup/", typed)
    assert client.get("/settings/").status_code == 200
    client.post("/sign-out/")
    answer = client.post("/sign-in/", {"login": "wangmin", "password": typed["password"]})
    assert answer.url == "/sign-in/set-up/"


def test_a_passkey_is_a_second_factor_too(client, li_wei, enter):
    from django.utils import timezone

    Passkey.objects.create(
        person=li_wei,
        name="Key",
        credential_id=b"1",
        handle=b"2",
        public_data=b"3",
        added_at=timezone.now(),
    )
    assert enter("liwei").url == STEP
    options = client.post(f"{STEP}passkey/options/").json()["publicKey"]
    assert options["allowCredentials"][0]["id"] == "MQ"
    assert client.post(f"{STEP}passkey/", {"answer": "{}"}).status_code == 422
    assert client.post(f"{STEP}passkey/", {"answer": "{}"}).status_code == 422
    assert client.get("/settings/").status_code == 302
