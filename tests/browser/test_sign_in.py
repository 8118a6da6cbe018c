"""Passkeys with a virtual authenticator, a code app, and a journey to a real identity provider, in Chromium."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from identity_provider import CLIENT_ID, CLIENT_SECRET, identity_provider
from kezhi.accounts.second_factors import code_at, step_at

pytestmark = pytest.mark.browser
PASSWORD = "longjing-2026-spring"


@pytest.fixture(scope="module")
def site(empty_site):
    """Passkeys are bound to a name, so the site is reached by one."""
    empty_site.address = empty_site.address.replace("127.0.0.1", "localhost")
    empty_site.stop()
    empty_site.environment |= {
        "KEZHI_PRIVATE_HOSTS": "localhost",
        "KEZHI_ORIGIN": empty_site.address,
    }
    empty_site.start_web()
    return empty_site


@pytest.fixture
def at_door(site, visit):
    """Opens a window with a virtual authenticator; the company is founded in the first one.

    Whoever asks is the founder in the session that the founding began; all others stand outside.
    """

    def open_window(founder=False, **how):
        visitor = visit(site, **how)
        page = visitor.page
        page.goto(f"{site.address}/setup/?token=browser")
        if page.locator("[name=owner_name]").count():
            for name, typed in {
                "name": "江南茶业",
                "owner_name": "王敏",
                "login": "wangmin",
                "password": PASSWORD,
            }.items():
                page.fill(f"[name={name}]", typed)
            page.click("form[action='/setup/'] button.primary")
            page.wait_for_url("**/imports/")
            site.founder = visitor.context.cookies()
        page.goto("about:blank")  # a page that goes on asking would be refused without its session
        visitor.context.clear_cookies(name=re.compile("session"))
        if founder:
            visitor.context.add_cookies(site.founder)
        visitor.complaints.clear()  # the set-up is gone for the second visitor
        device = visitor.context.new_cdp_session(page)
        device.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        return visitor

    return open_window


def _looked_at(visitor):
    visitor.must_fit()
    visitor.must_be_accessible()
    visitor.must_have_no_complaints()


def _sign_out(page, site):
    # Not before the page has asked for what it shows beside: that needs the session.
    page.goto(f"{site.address}/settings/security/", wait_until="networkidle")
    page.evaluate("document.querySelector('form[action=\"/sign-out/\"]').submit()")
    page.wait_for_url("**/sign-in/")


def test_a_passkey_is_added_signs_in_alone_is_renamed_and_removed(at_door, site):
    visitor = at_door(founder=True)
    page = visitor.page
    page.goto(f"{site.address}/settings/security/")
    _looked_at(visitor)
    page.fill("form[data-passkey=create] [name=name]", "办公室电脑")
    page.click("form[data-passkey=create] button")
    expect(page.locator(".codes li")).to_have_count(10)
    _looked_at(visitor)
    with page.expect_download() as saved:
        page.click("form[action$='/recovery-codes/file/'] button")
    text = saved.value.path().read_text()
    assert page.locator(".codes code").first.inner_text() in text
    page.click(".form-foot a.primary")
    expect(page.locator("main")).to_contain_text("办公室电脑")

    _sign_out(page, site)
    _looked_at(visitor)
    page.click("form[data-passkey=get] button")
    page.wait_for_url(f"{site.address}/")
    page.goto(f"{site.address}/settings/security/")

    page.click("summary:has-text('重命名')")
    page.fill("form.row [name=name]", "家里电脑")
    page.click("form.row button")
    expect(page.locator("main")).to_contain_text("家里电脑")

    _sign_out(page, site)
    page.fill("[name=login]", "wangmin")
    page.fill("[name=password]", PASSWORD)
    page.click("form[action='/sign-in/'] button.primary")
    page.wait_for_url("**/sign-in/second-step/")
    _looked_at(visitor)
    page.click("form[data-passkey=get] button")
    page.wait_for_url(f"{site.address}/")
    visitor.must_have_no_complaints()


def test_a_cancelled_ceremony_says_so_and_another_way_stays_open(at_door, site):
    visitor = at_door()
    page = visitor.page
    page.goto(f"{site.address}/sign-in/")
    page.click("form[data-passkey=get] button")
    expect(page.locator("[data-passkey-trouble]")).to_be_visible()
    expect(page.locator("[name=password]")).to_be_visible()


def test_who_must_sets_up_the_app_before_anything_else_on_a_phone(at_door, site):
    visitor = at_door(width=390, theme="dark")
    page = visitor.page
    _reset(site)
    page.goto(f"{site.address}/sign-in/")
    page.fill("[name=login]", "wangmin")
    page.fill("[name=password]", PASSWORD)
    page.click("form[action='/sign-in/'] button.primary")
    page.wait_for_url("**/sign-in/set-up/")
    _looked_at(visitor)
    page.goto(f"{site.address}/customers/")
    assert "/sign-in/" in page.url
    page.goto(f"{site.address}/sign-in/set-up/code-app/")
    _looked_at(visitor)
    secret = page.locator(".to-copy").inner_text().replace(" ", "")
    page.fill("[name=code]", code_at(secret, step_at(datetime.now(UTC))))
    page.click("form.form button.primary")
    expect(page.locator(".codes li")).to_have_count(10)
    _looked_at(visitor)
    page.click(".form-foot a.primary")
    page.goto(f"{site.address}/settings/security/")
    _looked_at(visitor)


def _reset(site):
    import psycopg

    with psycopg.connect(site.environment["DATABASE_URL"]) as connection:
        for table in ("accounts_codeapp", "accounts_passkey", "accounts_recoverycode"):
            connection.execute(f"DELETE FROM {table}")


def test_the_way_to_a_provider_and_back_keeps_to_the_content_policy(at_door, site):
    back = f"{site.address}/sign-in/with/corp/back/"
    with identity_provider({"wang": {"name": "王敏"}}, [back]) as running:
        visitor = at_door()
        page = visitor.page
        _reset(site)
        page.goto(f"{site.address}/sign-in/")
        page.fill("[name=login]", "wangmin")
        page.fill("[name=password]", PASSWORD)
        page.click("form[action='/sign-in/'] button.primary")
        page.wait_for_url("**/sign-in/set-up/")
        page.click("form[data-passkey=create] button")
        page.click(".form-foot a.primary")

        page.goto(f"{site.address}/settings/sign-in/providers/new/")
        _looked_at(visitor)
        for name, typed in {
            "name": "Corp",
            "issuer": running.issuer,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
        }.items():
            page.fill(f"[name={name}]", typed)
        page.click("form.form button.primary")
        expect(page.locator("main")).to_contain_text(back)
        _looked_at(visitor)
        page.goto(f"{site.address}/settings/sign-in/")
        _looked_at(visitor)
        page.goto(f"{site.address}/settings/security/")
        page.click("form[action='/sign-in/with/corp/'] button")
        _through(page)
        page.wait_for_url("**/settings/security/")
        expect(page.locator("form[action*='/accounts/']")).to_have_count(1)

        _sign_out(page, site)
        page.click("form[action='/sign-in/with/corp/'] button")
        page.wait_for_url(re.compile(r"interaction|second-step"))
        if "interaction" in page.url:
            _through(page)
        page.wait_for_url("**/sign-in/second-step/**")
        page.click("form[data-passkey=get] button")
        page.wait_for_url(f"{site.address}/")
        ours = [line for line in visitor.complaints if not line.startswith(running.issuer)]
        assert ours == []


def _through(page):
    """The provider's own two forms: who, and whether we may know."""
    page.fill("[name=login]", "wang")
    page.fill("[name=password]", "any")
    page.click("button[type=submit], [type=submit]")
    page.wait_for_selector("[name=prompt][value=consent]", state="attached")
    page.click("button[type=submit], [type=submit]")
