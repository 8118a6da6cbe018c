"""Settings pages: who may open them, and what they change."""

import pytest

from cast import PASSWORD
from kezhi.accounts.models import Company, User
from kezhi.audit.models import Entry

pytestmark = pytest.mark.django_db

PAGES = {
    "/settings/": "owner manager li_wei agent analyst",
    "/settings/profile/": "owner manager li_wei agent analyst",
    "/settings/company/": "owner",
    "/settings/people/": "owner manager li_wei agent analyst",
    "/settings/people/new/": "owner",
    "/settings/people/liwei/": "owner manager li_wei agent analyst",
    "/settings/organisation/": "owner manager li_wei agent analyst",
    "/settings/delegations/": "owner manager li_wei agent",
    "/settings/roles/manager/": "owner manager li_wei agent analyst",
    "/settings/roles/manager/preview/": "owner",
    "/settings/people/liwei/hand-over/": "owner manager",
    "/hand-overs/": "owner manager li_wei agent analyst",
    "/settings/roles/": "owner manager li_wei agent analyst",
    "/settings/audit/": "owner",
}


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("who", ["owner", "manager", "li_wei", "agent", "analyst"])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_each_page_opens_for_whom_it_concerns(client, request, li_wei, path, who, language):
    person = request.getfixturevalue(who)
    User.objects.filter(pk=person.pk).update(language=language)
    client.force_login(person)
    expected = 200 if who in PAGES[path].split() else 403
    assert client.get(path).status_code == expected


def test_an_owner_adds_a_colleague_who_can_sign_in(client, owner, organisation):
    client.force_login(owner)
    fields = {
        "name": "孙悦",
        "login": "sunyue",
        "roles": ["salesperson"],
        "place": f"team-{organisation.east_one.pk}",
        "password": PASSWORD,
        "is_active": "1",
    }
    assert client.post("/settings/people/new/", fields).status_code == 302
    person = User.objects.get(login="sunyue")
    assert (person.team, person.department) == (organisation.east_one, organisation.east)
    client.logout()
    assert client.post("/sign-in/", {"login": "sunyue", "password": PASSWORD}).url == "/"


def test_only_an_owner_adds_people_and_a_refusal_leaves_nothing(client, manager):
    client.force_login(manager)
    before = User.objects.count(), Entry.objects.count()
    response = client.post(
        "/settings/people/new/",
        {"name": "x", "login": "x", "roles": ["owner"], "password": PASSWORD},
    )
    assert response.status_code == 403
    assert (User.objects.count(), Entry.objects.count()) == before


def test_the_last_owner_stays_one(client, owner):
    client.force_login(owner)
    response = client.post(
        f"/settings/people/{owner.login}/",
        {"name": owner.name, "login": owner.login, "roles": ["analyst"], "is_active": "1"},
    )
    assert response.status_code == 422
    assert User.objects.get(pk=owner.pk).is_owner


def test_a_new_password_ends_the_other_sessions(client, li_wei):
    from django.test import Client

    elsewhere = Client()
    elsewhere.force_login(li_wei)
    client.force_login(li_wei)
    client.post("/settings/profile/", {"current": PASSWORD, "new": "another long phrase 9"})
    assert client.get("/settings/").status_code == 200
    assert elsewhere.get("/settings/").status_code == 302


def test_a_wrong_current_password_changes_nothing(client, li_wei):
    client.force_login(li_wei)
    response = client.post("/settings/profile/", {"current": "no", "new": "another long phrase 9"})
    assert response.status_code == 422
    assert User.objects.get(pk=li_wei.pk).check_password(PASSWORD)


def test_the_currency_stays(client, owner):
    client.force_login(owner)
    client.post(
        "/settings/company/",
        {"name": "远航", "language": "en", "time_zone": "UTC", "currency": "USD"},
    )
    company = Company.current()
    assert (company.name, company.currency) == ("远航", "CNY")


def test_the_audit_log_reads_in_words(client, owner, anhui_tea, manager):
    from cast import TODAY
    from kezhi.customers.creating import edit_customer, reassign_customer

    edit_customer(anhui_tea, {"city": "黄山"}, actor=owner, on=TODAY)
    reassign_customer(anhui_tea, manager, actor=owner, on=TODAY, reason="换区")
    client.force_login(owner)
    page = client.get("/settings/audit/").content.decode()
    assert "城市：合肥 → 黄山" in page
    assert "负责人：李伟 → 周启明" in page
    assert "换区" in page
    assert "customers_customer" not in page


def test_every_deed_has_a_name_for_people():
    from kezhi.audit.recording import deeds
    from kezhi.web.accounts.deeds import words_of

    assert [n for n in deeds if not n.startswith("test.") and words_of(n) == n] == []


def test_the_audit_log_asks_the_database_as_often_for_many_rows_as_for_few(
    client, owner, anhui_tea, django_assert_num_queries
):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from cast import TODAY
    from kezhi.customers.creating import edit_customer

    client.force_login(owner)
    client.get("/settings/audit/")
    with CaptureQueriesContext(
        connection,
    ) as few:
        client.get("/settings/audit/")
    for number in range(12):
        edit_customer(anhui_tea, {"city": f"城{number}"}, actor=owner, on=TODAY)
    with django_assert_num_queries(len(few)):
        client.get("/settings/audit/")
