"""Single sign-on against a real provider: who comes in, who is linked, and who is neither."""

import re
from html import unescape

import pytest
from django.utils import timezone

from cast import PASSWORD
from identity_provider import CLIENT_ID, CLIENT_SECRET, identity_provider
from kezhi.accounts import open_id
from kezhi.accounts.models import Company, ExternalIdentity, IdentityProvider, Role, User
from kezhi.accounts.single_sign_on import link_identity, save_provider
from kezhi.audit.models import Change, Entry
from kezhi.core.actor import SYSTEM

pytestmark = pytest.mark.django_db

PEOPLE = {
    "li": {"email": "li.wei@yuanhang.example", "email_verified": True, "name": "李伟"},
    "new": {"email": "Sun.Yue@yuanhang.example", "email_verified": True, "name": "孙悦"},
    "unverified": {"email": "zhao@yuanhang.example", "email_verified": False, "name": "赵"},
    "unsaid": {"email": "qian@yuanhang.example", "name": "钱"},
    "words": {"email": "zhou@yuanhang.example", "email_verified": "true", "name": "周"},
    "foreign": {"email": "wu@elsewhere.example", "email_verified": True, "name": "吴"},
    "below": {"email": "wu@mail.yuanhang.example", "email_verified": True, "name": "吴"},
    "suffix": {"email": "wu@notyuanhang.example", "email_verified": True, "name": "吴"},
    "nobody": {"name": "无"},
    "alike": {"email": "li.weі@yuanhang.example", "email_verified": True, "name": "李伟"},
    "two": {"email": "a@evil.example@yuanhang.example", "email_verified": True, "name": "二"},
    "wide": {"email": "li.wei＠yuanhang.example", "email_verified": True, "name": "宽"},
    "loud": {"email": "LI.WEI@YUANHANG.EXAMPLE", "email_verified": True, "name": "李伟"},
}


@pytest.fixture(scope="module")
def real_provider():
    with identity_provider(PEOPLE, ["http://testserver/sign-in/with/corp/back/"]) as running:
        yield running


@pytest.fixture
def provider(company, real_provider, settings):
    settings.PRIVATE_HOSTS = ["localhost"]
    fields = {
        "name": "Corp",
        "issuer": real_provider.issuer,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "allowed_domains": ["yuanhang.example"],
        "creates_people": True,
        "default_role": Role.objects.get(key="salesperson"),
        "default_team": None,
        "is_second_factor_trusted": False,
        "is_active": True,
    }
    return save_provider(None, fields, actor=SYSTEM)


@pytest.fixture
def travel(client, provider, real_provider):
    """`travel("li")`: from our page to the provider, its forms, and back."""

    def there_and_back(who, **fields):
        page = client.post("/sign-in/with/corp/", fields)
        assert page.status_code == 200, page.content.decode()
        address = unescape(re.search(r'content="0;url=([^"]+)"', page.content.decode())[1])
        back = real_provider.sign_in(address, who, "http://testserver/sign-in/with/corp/back/")
        return client.get(back)

    return there_and_back


def _is_signed_in(client):
    return client.get("/settings/").status_code == 200


def test_a_linked_person_comes_in(client, travel, provider, li_wei):
    link_identity(li_wei, provider.issuer, "li", actor=SYSTEM, at=timezone.now())
    answer = travel("li", next="/settings/profile/")
    assert answer.url == "/settings/profile/"
    assert _is_signed_in(client)
    assert Entry.objects.filter(deed="signed_in", detail__means="single_sign_on").exists()


def test_a_new_colleague_is_created_with_the_role_for_it(client, travel):
    assert travel("new").url == "/"
    person = User.objects.get(login="sun.yue@yuanhang.example")
    assert [role.key for role in person.roles.all()] == ["salesperson"]
    assert not person.has_usable_password()
    client.post("/sign-out/")
    travel("new")
    assert User.objects.filter(email__iexact="sun.yue@yuanhang.example").count() == 1


@pytest.mark.parametrize("who", sorted(set(PEOPLE) - {"new"}))
@pytest.mark.parametrize("place", ["email", "login"])
def test_an_address_alone_never_links_and_only_a_verified_one_of_ours_creates(
    client, travel, li_wei, who, place
):
    setattr(li_wei, place, "li.wei@yuanhang.example")
    li_wei.save()
    people = User.objects.count()
    answer = travel(who)
    assert answer.status_code == 409
    assert not _is_signed_in(client)
    assert User.objects.count() == people
    assert not ExternalIdentity.objects.exists()


def test_without_leave_to_create_nobody_is_created(client, travel, provider):
    IdentityProvider.objects.update(creates_people=False)
    assert travel("new").status_code == 409
    assert not User.objects.exists()


def test_a_signed_in_person_links_their_account_and_unlinks_it(client, travel, li_wei):
    client.post("/sign-in/", {"login": "liwei", "password": PASSWORD})
    assert travel("unverified").url == "/settings/security/"
    identity = ExternalIdentity.objects.get(person=li_wei)
    assert identity.subject == "unverified"
    client.post("/sign-out/")
    assert travel("unverified").url == "/"
    client.post(f"/settings/security/accounts/{identity.pk}/removal/")
    assert not ExternalIdentity.objects.exists()


def test_an_account_belongs_to_one_person_only(client, travel, provider, li_wei, chen_jing):
    link_identity(chen_jing, provider.issuer, "li", actor=SYSTEM, at=timezone.now())
    client.force_login(li_wei)
    assert travel("li").status_code == 409
    assert ExternalIdentity.objects.get().person == chen_jing


def test_the_same_subject_of_another_issuer_is_somebody_else(client, travel, provider, li_wei):
    link_identity(li_wei, "https://other.example", "unverified", actor=SYSTEM, at=timezone.now())
    assert travel("unverified").status_code == 409


def test_who_was_deactivated_stays_out(client, travel, provider, li_wei):
    link_identity(li_wei, provider.issuer, "li", actor=SYSTEM, at=timezone.now())
    User.objects.filter(pk=li_wei.pk).update(is_active=False)
    assert travel("li").status_code == 409
    assert not _is_signed_in(client)


def test_a_second_factor_is_asked_for_unless_the_provider_asks_itself(
    client, travel, provider, li_wei, with_app
):
    link_identity(li_wei, provider.issuer, "li", actor=SYSTEM, at=timezone.now())
    with_app(li_wei)
    assert travel("li").url == "/sign-in/second-step/"
    assert not _is_signed_in(client)
    client.post("/sign-out/")
    IdentityProvider.objects.update(is_second_factor_trusted=True)
    assert travel("li").url == "/"
    assert _is_signed_in(client)


def test_the_way_back_counts_once_and_only_in_the_browser_that_left(
    client, provider, real_provider, li_wei
):
    from django.test import Client

    link_identity(li_wei, provider.issuer, "li", actor=SYSTEM, at=timezone.now())
    page = client.post("/sign-in/with/corp/").content.decode()
    address = unescape(re.search(r'content="0;url=([^"]+)"', page)[1])
    back = real_provider.sign_in(address, "li", "http://testserver/")
    assert Client().get(back).status_code == 409
    stranger = Client()
    stranger.post("/sign-in/with/corp/")
    assert stranger.get(back).status_code == 409
    assert client.get(back).url == "/"
    client.post("/sign-out/")
    assert client.get(back).status_code == 409


def test_another_audience_nonce_or_issuer_is_refused(provider, real_provider):
    """What the provider signed for somebody else, or another time, doesn't let anyone in here."""
    from datetime import UTC, datetime

    from kezhi.core.refusal import Refused

    back, now = "http://testserver/sign-in/with/corp/back/", datetime.now(UTC)

    def arrive(**twisted):
        address, journey = open_id.departure(provider, back=back, at=now)
        there = real_provider.sign_in(address, "li", "http://testserver/")
        answer = dict(re.findall(r"(code|state|iss)=([^&]+)", there))
        answer["iss"] = twisted.pop("iss", provider.issuer)
        journey |= {name: new for name, new in twisted.items() if name in journey}
        answer |= {name: new for name, new in twisted.items() if name in answer}
        return open_id.arrival(provider, journey, answer, back=back, at=now)

    assert arrive().subject == "li"
    for twisted in (
        {"nonce": "another"},
        {"iss": "https://other.example"},
        {"verifier": "x" * 64},
        {"code": "made-up"},
        {"at": now.timestamp() - 3600},
    ):
        with pytest.raises(Refused):
            arrive(**twisted)
    _address, journey = open_id.departure(provider, back=back, at=now)
    with pytest.raises(Refused):
        open_id.arrival(provider, journey, {"code": "x", "state": "other"}, back=back, at=now)


def test_the_secret_is_sealed_and_never_shown(client, provider, owner):
    kept = IdentityProvider.objects.get()
    assert CLIENT_SECRET not in kept.client_secret
    client.force_login(owner)
    page = client.get("/settings/sign-in/providers/corp/").content.decode()
    assert kept.client_secret not in page
    assert CLIENT_SECRET not in page
    assert not Change.objects.filter(after__has_key="client_secret").exists()


def test_an_owner_sets_up_a_provider_and_only_an_owner(
    client, owner, manager, real_provider, settings
):
    settings.PRIVATE_HOSTS = ["localhost"]
    typed = {
        "name": "Corp",
        "issuer": real_provider.issuer,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "is_active": "1",
    }
    client.force_login(manager)
    assert client.post("/settings/sign-in/providers/new/", typed).status_code == 403
    assert not IdentityProvider.objects.exists()
    client.force_login(owner)
    assert client.post("/settings/sign-in/providers/new/", typed).status_code == 302
    typed |= {"name": "Firm", "client_secret": ""}
    assert client.post("/settings/sign-in/providers/corp/", typed).status_code == 302
    kept = IdentityProvider.objects.get()
    assert kept.name == "Firm"
    assert kept.client_secret
    client.logout()
    assert "Firm" in client.get("/sign-in/").content.decode()


@pytest.mark.parametrize(
    "issuer",
    [
        "http://localhost:1",
        "https://127.0.0.1",
        "https://[::1]",
        "https://[::ffff:127.0.0.1]",
        "https://0177.0.0.1",
        "https://169.254.169.254",
        "https://10.0.0.1",
        "http://example.com",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "nonsense",
    ],
)
def test_addresses_inside_and_other_schemes_are_not_asked(client, owner, issuer):
    client.force_login(owner)
    typed = {"name": "Corp", "issuer": issuer, "client_id": "x", "is_active": "1"}
    answer = client.post("/settings/sign-in/providers/new/", typed)
    assert answer.status_code == 422
    assert not IdentityProvider.objects.exists()


def test_new_colleagues_never_become_owners_by_signing_in(client, owner, company):
    client.force_login(owner)
    typed = {
        "name": "Corp",
        "issuer": "https://sso.example",
        "client_id": "x",
        "creates_people": "1",
        "allowed_domains": "example.com",
        "default_role": Role.objects.get(key="owner").pk,
    }
    assert client.post("/settings/sign-in/providers/new/", typed).status_code == 422
    assert Company.current() == company
    assert not IdentityProvider.objects.exists()
