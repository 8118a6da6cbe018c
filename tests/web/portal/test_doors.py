"""Invited, signed in, out again; and nobody else."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from cast import NOW, PASSWORD, TODAY
from kezhi.accounts.models import Session, SignInAttempt
from kezhi.audit.models import Entry
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import edit_contact
from kezhi.customers.models import Contact
from kezhi.messaging.models import Outgoing
from kezhi.service.models import PortalAccount, PortalLink, PortalSession
from kezhi.service.portal.inviting import end_account, invite, invite_again, tidy_accounts
from kezhi.service.portal.linking import MAKER, forget_words, make_link, write_letter
from kezhi.service.portal.signing_in import send_letter
from portal_people import a_contact, open_portal, signed_in

pytestmark = pytest.mark.django_db
NEW = "a phrase nobody guesses 7"


def link_in(outgoing):
    """As the letter has it when it leaves."""
    made = write_letter(outgoing, timezone.now())
    address = next(part.address for part in made.parts if hasattr(part, "address"))
    return re.sub(r"^https?://[^/]+", "", address)


def test_an_invited_contact_sets_a_password_and_comes_in(anhui_tea, li_wei, company):
    open_portal()
    contact = a_contact(anhui_tea, "张敏", "Zhang@Tea.example")
    account = invite({"contact": contact, "reach": "own"}, actor=li_wei, on=TODAY)
    outgoing = Outgoing.objects.get(maker=MAKER)
    assert outgoing.to == ["Zhang@Tea.example"]
    assert "/portal/link/" not in outgoing.text + outgoing.html  # the outbox never holds the link
    link, client = link_in(outgoing), Client()
    assert "张敏" in client.get(link).content.decode()
    assert client.post(link, {"password": "12345678"}).status_code == 422
    assert client.post(link, {"password": NEW}).url == "/portal/sign-in/"
    assert client.post(link, {"password": NEW + "8"}).status_code == 404  # it works once
    answer = client.post(
        "/portal/sign-in/", {"login": "ZHANG@tea.example", "password": NEW, "next": "/portal/data/"}
    )
    assert answer.url == "/portal/data/"
    cookie = answer.cookies["kezhi_portal"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/portal/", True, "Lax")
    assert client.get("/portal/").status_code == 200
    account.refresh_from_db()
    assert account.state == "active"
    assert account.signed_in_at is not None
    entry = Entry.objects.get(deed="portal.signed_in")
    assert "张敏" in entry.actor_name
    outgoing.text = "with a link"
    outgoing.save()
    forget_words(outgoing, NOW)
    outgoing.refresh_from_db()
    assert outgoing.text == outgoing.html == ""


def test_only_who_may_edit_the_contact_invites(portal, chen_jing, agent):
    contact = a_contact(portal.customer, "赵一", "zhao@tea.example")
    with pytest.raises(NotAllowed):
        invite({"contact": contact, "reach": "own"}, actor=chen_jing, on=TODAY)
    with pytest.raises(Refused, match="已有门户账号"):
        invite({"contact": portal.contacts.zhang, "reach": "own"}, actor=SYSTEM, on=TODAY)
    for column in ("password", "login", "state", "customer", "owner_id"):
        with pytest.raises(Refused):
            invite({"contact": contact, "reach": "own", column: "x"}, actor=SYSTEM, on=TODAY)


def test_links_expire_die_with_a_newer_one_and_with_the_account(portal):
    now, client = timezone.now(), Client()
    old = make_link(portal.zhang, at=now)
    new = make_link(portal.zhang, at=now)
    assert client.get(f"/portal/link/{old}/").status_code == 404
    assert client.get(f"/portal/link/{new}/").status_code == 200
    PortalLink.objects.update(expires_at=now - timedelta(seconds=1))
    assert client.get(f"/portal/link/{new}/").status_code == 404
    dead = make_link(portal.zhang, at=now)
    end_account(portal.zhang, actor=SYSTEM, at=now)
    assert client.get(f"/portal/link/{dead}/").status_code == 404
    with pytest.raises(Refused):
        invite_again(portal.wu, actor=SYSTEM, at=now)


def test_a_contacts_new_address_changes_no_login(portal):
    edit_contact(portal.contacts.zhang, {"email": "thief@else.example"}, actor=SYSTEM, on=TODAY)
    assert signed_in(portal.zhang).get("/portal/").status_code == 200
    Outgoing.objects.update(state="sent")
    for typed in ("thief@else.example", "zhang@tea.example"):
        send_letter(typed, actor=SYSTEM, at=timezone.now())
    letters = Outgoing.objects.filter(maker=MAKER, details__sort="reset")
    assert [each.to for each in letters] == [["zhang@tea.example"]]


@pytest.mark.parametrize(
    "change", [{"has_left": True}, {"customer": "other"}, {"state": "ended"}], ids=str
)
def test_who_left_is_out_at_once_and_for_good(portal, zhang, change):
    if "state" in change:
        end_account(portal.zhang, actor=SYSTEM, at=timezone.now())
    else:
        wanted = {"customer": portal.other} if "customer" in change else change
        Contact.objects.filter(pk=portal.contacts.zhang.pk).update(**wanted)
    assert zhang.get("/portal/").url.startswith("/portal/sign-in/")
    assert (
        Client()
        .post("/portal/sign-in/", {"login": "zhang@tea.example", "password": PASSWORD})
        .status_code
        == 422
    )
    tidy_accounts(actor=SYSTEM, at=timezone.now())
    account = PortalAccount.objects.get(pk=portal.zhang.pk)
    assert (account.state, account.password) == ("ended", "")
    assert not PortalSession.objects.filter(account=account).exists()


def test_the_realms_know_nothing_of_each_other(portal, zhang, owner, client):
    assert zhang.get("/customers/").url.startswith("/sign-in/")
    client.force_login(owner)
    assert client.get("/portal/").url.startswith("/portal/sign-in/")
    # Either key under the other's name, and both at once.
    key = zhang.cookies["kezhi_portal"].value
    forger = Client()
    forger.cookies["sessionid"] = key
    assert forger.get("/customers/").url.startswith("/sign-in/")
    forger.cookies["kezhi_portal"] = Session.objects.get(person=owner).session_key
    assert forger.get("/portal/").url.startswith("/portal/sign-in/")
    client.cookies["kezhi_portal"] = key
    page = client.get("/portal/", headers={"accept-language": "en"}).content.decode()
    assert "张敏" in page
    assert owner.name not in page


def test_known_and_unknown_addresses_get_the_same_answers(portal):
    def plain(answer):
        text = re.sub(r'value="[^"]*"', "", answer.content.decode())
        return answer.status_code, text

    def asked(address, **fields):
        return plain(Client().post(address, fields))

    pairs = [
        ("/portal/sign-in/", {"password": "wrong password"}),
        ("/portal/sign-in/forgotten/", {}),
    ]
    for address, fields in pairs:
        known = asked(address, login="zhang@tea.example", **fields)
        for login in ("nobody@tea.example", "zhаng@tea.example", "zhang+1@tea.example"):
            assert asked(address, login=login, **fields) == known
    Outgoing.objects.all().delete()
    for login in ("nobody@tea.example", "zhаng@tea.example", "zhang+1@tea.example"):
        assert not send_letter(login, actor=SYSTEM, at=timezone.now())
    assert not Outgoing.objects.exists()


def test_ten_wrong_passwords_lock_this_network_and_not_a_colleagues_door(portal, owner):
    def guess(address, password):
        return Client(REMOTE_ADDR=address).post(
            "/portal/sign-in/", {"login": "zhang@tea.example", "password": password}
        )

    for _try in range(10):
        assert guess("203.0.113.7", "wrong").status_code == 422
    assert guess("203.0.113.9", PASSWORD).status_code == 422
    assert guess("198.51.100.1", PASSWORD).status_code == 302
    assert set(SignInAttempt.objects.values_list("step", flat=True)) == {"portal"}


def test_a_new_password_ends_other_sessions_and_the_key_changes(portal, zhang):
    elsewhere = signed_in(portal.zhang)
    before = zhang.cookies["kezhi_portal"].value
    wrong = zhang.post("/portal/account/password/", {"current": "no", "new": NEW})
    assert wrong.status_code == 422
    zhang.post("/portal/account/password/", {"current": PASSWORD, "new": NEW})
    assert zhang.cookies["kezhi_portal"].value != before
    assert zhang.get("/portal/").status_code == 200
    assert elsewhere.get("/portal/").status_code == 302
    zhang.post("/portal/account/sessions/end/")
    assert not PortalSession.objects.filter(account=portal.zhang).exists()


def test_a_session_left_alone_ends_and_a_planted_key_gives_nothing(portal, zhang, settings):
    client = Client()
    client.cookies["kezhi_portal"] = "planted"
    client.post("/portal/sign-in/", {"login": "bai@maofeng.example", "password": PASSWORD})
    planted = Client()
    planted.cookies["kezhi_portal"] = "planted"
    assert planted.get("/portal/").status_code == 302
    idle = timedelta(seconds=settings.SESSION_IDLE_SECONDS + 1)
    PortalSession.objects.update(seen_at=timezone.now() - idle)
    assert zhang.get("/portal/").status_code == 302


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example/portal/",
        "/customers/",
        "/portal/../x",
        "/portal\\x",
    ],
)
def test_nobody_is_led_out_of_the_portal(portal, wanted):
    answer = Client().post(
        "/portal/sign-in/",
        {"login": "zhang@tea.example", "password": PASSWORD, "next": wanted},
    )
    assert answer.url == "/portal/"
    answer = Client().post("/portal/appearance/", {"language": "en", "next": wanted})
    assert answer.url == "/portal/"


def test_forms_need_their_token_and_pages_are_kept_by_nobody(portal):
    client = Client(enforce_csrf_checks=True)
    fields = {"login": "zhang@tea.example", "password": PASSWORD}
    assert client.post("/portal/sign-in/", fields).status_code == 403
    page = signed_in(portal.zhang).get("/portal/")
    assert "no-store" in page["Cache-Control"]
    assert page["X-Robots-Tag"] == "noindex, nofollow"
    assert "script-src 'self'" in page["Content-Security-Policy"]
    assert page["X-Frame-Options"] == "DENY"


def test_a_closed_portal_is_nowhere(portal, zhang):
    open_portal(is_open=False)
    for address in ("/portal/", "/portal/sign-in/", "/portal/link/x/"):
        assert zhang.get(address).status_code == 404
    assert not PortalSession.objects.exists()
