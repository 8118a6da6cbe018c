"""The second step of the portal: chosen by the account or asked for by the company, and no way around it."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from cast import PASSWORD
from kezhi.accounts.second_factors import code_at, step_at
from kezhi.audit.models import Entry
from kezhi.core.actor import SYSTEM
from kezhi.service.models import PortalAccount, PortalCodeApp, PortalRecoveryCode, PortalSession
from kezhi.service.portal.inviting import end_account
from portal_people import open_portal, signed_in

pytestmark = pytest.mark.django_db
ADD = "/portal/account/second-factor/"
STEP, SET_UP = "/portal/sign-in/second-step/", "/portal/sign-in/set-up/"


def code_of(page, steps=0):
    """What an app that read this page shows; `steps` of half a minute from now."""
    secret = re.search(r'class="to-copy">([A-Z2-7 ]+)<', page.content.decode())[1]
    return code_at(secret.replace(" ", ""), step_at(timezone.now()) + steps)


def set_up(client, address=ADD, **fields):
    page = client.get(address)
    answer = client.post(address, {"code": code_of(page), **fields})
    assert answer.status_code == 200, answer.content.decode()
    codes = re.findall(r"<code>([A-Z2-9]{5}-[A-Z2-9]{5})</code>", answer.content.decode())
    assert len(codes) == 10
    return codes, page


def at_the_door(account, **headers):
    client = Client(**headers)
    answer = client.post(
        "/portal/sign-in/",
        {"login": account.login, "password": PASSWORD, "next": "/portal/orders/"},
    )
    return client, answer


def test_after_the_app_is_set_up_the_password_alone_opens_nothing(portal, zhang):
    elsewhere = signed_in(portal.zhang)
    assert zhang.post(ADD, {"code": "000000"}).status_code == 422
    codes, page = set_up(zhang)
    assert elsewhere.get("/portal/").status_code == 302  # other sessions have ended
    assert zhang.get("/portal/account/").status_code == 200
    secrets = str(PortalCodeApp.objects.values_list("secret")) + str(
        PortalRecoveryCode.objects.values_list("digest")
    )
    assert not [code for code in codes if code.replace("-", "") in secrets]
    client, answer = at_the_door(portal.zhang)
    assert answer.url == f"{STEP}?next=%2Fportal%2Forders%2F"
    assert "One more step" in client.get(STEP).content.decode()
    PortalAccount.objects.update(language="zh-hans")
    assert "还差一步" in client.get(STEP).content.decode()
    PortalAccount.objects.update(language="")
    for address in ("/portal/", "/portal/tickets/", "/portal/account/", "/portal/confirm/"):
        assert client.get(address).url.startswith("/portal/sign-in/?")
    assert client.get(SET_UP).url == "/portal/sign-in/"
    assert client.post("/portal/tickets/new/", {"text": "x"}).status_code == 302
    # The code that set the app up was spent by that; the next one counts, once.
    assert client.post(STEP, {"code": code_of(page)}).status_code == 422
    key = client.cookies["kezhi_portal"].value
    done = client.post(STEP, {"code": code_of(page, 1), "next": "/portal/orders/"})
    assert (done.status_code, done.url) == (302, "/portal/orders/")
    assert client.cookies["kezhi_portal"].value != key
    assert client.get("/portal/").status_code == 200
    again, _answer = at_the_door(portal.zhang)
    assert again.post(STEP, {"code": code_of(page, 1)}).status_code == 422
    assert again.post(STEP, {"code": codes[0].lower()}).status_code == 302
    once_more, _answer = at_the_door(portal.zhang)
    assert once_more.post(STEP, {"code": codes[0]}).status_code == 422
    means = [entry.detail["means"] for entry in Entry.objects.filter(deed="portal.signed_in")]
    assert {"password", "password+code", "password+recovery"} == set(means)
    assert Entry.objects.filter(deed="portal.code_refused").count() == 3


def test_guesses_at_the_code_are_counted_and_a_half_session_ends(portal, zhang):
    codes, _page = set_up(zhang)
    client, _answer = at_the_door(portal.zhang, REMOTE_ADDR="203.0.113.7")
    for _try in range(10):
        assert client.post(STEP, {"code": "000000"}).status_code == 422
    # Now the right one doesn't count either; from another network it does.
    assert "Too many failed attempts" in client.post(STEP, {"code": codes[0]}).content.decode()
    elsewhere, _answer = at_the_door(portal.zhang, REMOTE_ADDR="192.0.2.4")
    assert elsewhere.post(STEP, {"code": codes[0]}).url == "/portal/"
    other, _answer = at_the_door(portal.zhang, REMOTE_ADDR="198.51.100.1")
    PortalSession.objects.exclude(awaits="").update(
        signed_in_at=timezone.now() - PortalSession.HALF_LIFE
    )
    assert other.post(STEP, {"code": codes[1]}).url == "/portal/sign-in/"
    end_account(portal.zhang, actor=SYSTEM, at=timezone.now())
    assert not PortalCodeApp.objects.exists()
    assert not PortalRecoveryCode.objects.exists()


def test_the_company_may_ask_for_it_and_then_nobody_comes_in_without(portal, zhang, bai):
    codes, _page = set_up(zhang)
    open_portal(asks_second_factor=True)
    assert zhang.get("/portal/").status_code == 200  # has one
    assert bai.get("/portal/").status_code == 302
    client, answer = at_the_door(portal.bai)
    assert answer.url.startswith(SET_UP)
    assert client.get("/portal/").status_code == 302
    assert client.post(SET_UP, {"code": "123"}).status_code == 422
    set_up(client, SET_UP)
    assert client.get("/portal/").status_code == 200
    client.post("/portal/account/second-factor/removal/")
    assert PortalCodeApp.objects.filter(account=portal.bai).exists()
    open_portal(asks_second_factor=False)
    new = re.findall(
        r"<code>(.{11})</code>", client.post("/portal/account/recovery-codes/").content.decode()
    )
    assert len(set(new) - set(codes)) == 10
    client.post("/portal/account/second-factor/removal/")
    assert not PortalCodeApp.objects.filter(account=portal.bai).exists()
    assert not PortalRecoveryCode.objects.filter(account=portal.bai).exists()


def test_who_typed_the_password_long_ago_types_it_again_before_the_step_changes(portal, zhang):
    set_up(zhang)
    PortalSession.objects.update(confirmed_at=timezone.now() - timedelta(minutes=11))
    for address in (ADD, f"{ADD}removal/", "/portal/account/recovery-codes/"):
        assert zhang.post(address, {"code": "1"}).url.startswith("/portal/confirm/")
    assert PortalCodeApp.objects.filter(account=portal.zhang).exists()


def test_colleagues_take_it_away_with_a_reason(portal, web, zhang, li_wei, chen_jing):
    set_up(zhang)
    address = f"/portal-accounts/{portal.zhang.pk}/second-factor/removal/"
    assert web(chen_jing).post(address, {"reason": "x"}).status_code == 404
    client = web(li_wei)
    client.post(address, {"reason": " "})
    assert PortalCodeApp.objects.exists()
    client.post(address, {"reason": "手机丢了，电话核实过"})
    assert not PortalCodeApp.objects.exists()
    assert zhang.get("/portal/").status_code == 302
    entry = Entry.objects.get(deed="portal_account.second_factor_reset")
    assert (entry.actor_id, entry.reason) == (li_wei.pk, "手机丢了，电话核实过")
    _client, answer = at_the_door(portal.zhang)
    assert answer.url == "/portal/orders/"
