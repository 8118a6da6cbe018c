"""The tree of departments and teams: arranged on its pages, right at any depth."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cast import TODAY
from kezhi.accounts.arranging import (
    DEEPEST,
    change_department,
    change_team,
    create_department,
    delete_department,
)
from kezhi.accounts.models import Department, Team, User
from kezhi.accounts.organising import change_person, create_person
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import create_contact, create_customer
from kezhi.customers.models import Contact, Customer, Standing

pytestmark = pytest.mark.django_db


@pytest.fixture
def deep(organisation):
    """Forty levels, the head office the first."""
    chain = [organisation.head]
    for level in range(2, 41):
        chain.append(create_department(f"第{level}级", chain[-1], actor=SYSTEM))
    return chain


def paths_are_right():
    for node in Department.objects.select_related("parent"):
        above = node.parent.path if node.parent else []
        assert node.path == [*above, node.pk]


def test_departments_and_teams_grow(web, owner, organisation):
    browser = web(owner)
    address = f"/settings/departments/{organisation.head.pk}/"
    assert browser.post(address, {"deed": "below", "name": "华北"}).status_code == 302
    north = Department.objects.get(name="华北")
    browser.post(f"/settings/departments/{north.pk}/", {"deed": "team", "name": "华北一组"})
    assert Team.objects.get(name="华北一组").department == north
    assert north.path == [organisation.head.pk, north.pk]


def test_forty_levels_move_with_all_below(deep, organisation):
    change_department(deep[10], {"parent": organisation.south}, actor=SYSTEM)
    paths_are_right()
    assert organisation.south.pk in Department.objects.get(pk=deep[39].pk).path
    assert deep[5].pk not in Department.objects.get(pk=deep[39].pk).path


def test_a_deep_tree_is_read_in_a_fixed_number_of_queries(web, owner, organisation):
    browser = web(owner)
    browser.get("/settings/organisation/")
    with CaptureQueriesContext(connection) as few:
        browser.get("/settings/organisation/")
    node = organisation.head
    for level in range(2, 41):
        node = create_department(f"第{level}级", node, actor=SYSTEM)
    with CaptureQueriesContext(connection) as many:
        page = browser.get("/settings/organisation/").content.decode()
    assert len(many) == len(few)
    assert "第40级" in page


def test_no_department_lies_below_itself(deep):
    with pytest.raises(Refused):
        change_department(deep[3], {"parent": deep[20]}, actor=SYSTEM)
    paths_are_right()


def test_a_tree_has_an_end(deep):
    node = deep[-1]
    for level in range(41, DEEPEST + 1):
        node = create_department(f"第{level}级", node, actor=SYSTEM)
    with pytest.raises(Refused):
        create_department("太深", node, actor=SYSTEM)


def test_a_head_of_department_sees_all_levels_below(deep, manager, li_wei):
    User.objects.filter(pk=manager.pk).update(department=deep[1], team=None)
    User.objects.filter(pk=li_wei.pk).update(department=deep[39], team=None)
    customer = create_customer({"name": "深处客户"}, actor=User.objects.get(pk=li_wei.pk), on=TODAY)
    assert customer in Customer.objects.visible_to(User.objects.get(pk=manager.pk))


def test_only_an_empty_department_goes(organisation, li_wei):
    with pytest.raises(Refused):
        delete_department(organisation.east, actor=SYSTEM)
    empty = create_department("临时", organisation.head, actor=SYSTEM)
    delete_department(empty, actor=SYSTEM)
    assert not Department.objects.filter(name="临时").exists()


def test_customers_follow_their_team_to_another_department(anhui_tea, li_wei, organisation):
    create_contact({"customer": anhui_tea, "name": "陈立群"}, actor=li_wei, on=TODAY)
    change_team(organisation.east_one, {"department": organisation.south}, actor=SYSTEM)
    south = organisation.south.pk
    for row in (Customer.objects.get(), Standing.objects.get(), Contact.objects.get()):
        assert row.department_id == south
    assert User.objects.get(pk=li_wei.pk).department_id == south


def test_customers_follow_their_owner_to_another_team(anhui_tea, li_wei, organisation):
    change_person(li_wei, {"team": organisation.south_one}, actor=SYSTEM)
    assert Customer.objects.get().team == organisation.south_one
    assert Standing.objects.get().department_id == organisation.south.pk


def test_many_customers_follow_in_the_background(li_wei, organisation, monkeypatch):
    from kezhi.core.models import JobRun
    from kezhi.jobs.carrying import carry_out
    from kezhi.jobs.tasks import follow_people

    for number in range(3):
        create_customer({"name": f"客户{number}"}, actor=li_wei, on=TODAY)
    monkeypatch.setattr("kezhi.customers.placing.AT_ONCE", 2)
    change_person(li_wei, {"team": organisation.south_one}, actor=SYSTEM)
    job = JobRun.objects.get(name="customers.follow_people")
    assert Customer.objects.filter(team=organisation.south_one).count() == 0
    carry_out(follow_people, job.pk, {"people": [li_wei.pk]})
    assert Customer.objects.filter(team=organisation.south_one).count() == 3


def test_managers_are_found_up_the_tree(organisation, li_wei, manager, owner):
    change_team(organisation.east_one, {"lead": manager}, actor=SYSTEM)
    change_department(organisation.head, {"head": owner}, actor=SYSTEM)
    assert User.objects.get(pk=li_wei.pk).managers == [manager, owner]
    assert User.objects.get(pk=manager.pk).managers == [owner]


def test_only_those_who_manage_people_arrange_the_tree(web, manager, organisation):
    browser = web(manager)
    address = f"/settings/departments/{organisation.east.pk}/"
    for sent in (
        {"deed": "change", "name": "x"},
        {"deed": "delete"},
        {"deed": "team", "name": "y"},
    ):
        assert browser.post(address, sent).status_code == 403
    assert browser.post("/settings/organisation/", {"name": "z"}).status_code == 403
    team = f"/settings/teams/{organisation.east_one.pk}/"
    assert browser.post(team, {"name": "x", "department": organisation.south.pk}).status_code == 403
    assert Department.objects.count() == 3


def test_two_of_one_name_side_by_side_are_refused(web, owner, organisation):
    address = f"/settings/departments/{organisation.head.pk}/"
    assert web(owner).post(address, {"deed": "below", "name": "华东"}).status_code == 409


def test_people_are_found_by_pinyin_skill_and_department(
    web, owner, li_wei, chen_jing, organisation
):
    change_person(li_wei, {"skills": ["德语", "冷链"]}, actor=SYSTEM)
    browser = web(owner)
    for query, found in (
        ("q=li+wei", True), ("q=冷链", True), ("q=nobody", False),
        (f"department={organisation.east.pk}", True), (f"department={organisation.south.pk}", False),
        ("role=manager", False),
    ):  # fmt: skip
        page = browser.get(f"/settings/people/?{query}").content.decode()
        assert ("liwei" in page) is found, query


def test_who_manages_one_department_touches_nobody_elsewhere(manager, chen_jing, li_wei):
    role = manager.roles.get()
    role.grants = {**role.grants, "user": {"read": "all", "edit": "department"}}
    role.save()
    fresh = User.objects.get(pk=manager.pk)
    with pytest.raises(NotAllowed):
        change_person(chen_jing, {"title": "x"}, actor=fresh)
    change_person(li_wei, {"title": "大客户经理"}, actor=fresh)
    with pytest.raises(NotAllowed):
        change_person(User.objects.get(pk=li_wei.pk), {"team": chen_jing.team}, actor=fresh)


def test_one_filter_alone_can_be_sent(web, owner):
    """A browser doesn't send a form in which a required field is empty."""
    page = web(owner).get("/settings/people/").content.decode()
    form = page[page.index('action="/settings/people/"') :]
    assert " required" not in form[: form.index("</form>")]


@pytest.mark.parametrize("login", ["li/wei", "</b>", "..", ".", "New", " "])
def test_a_sign_in_name_that_no_address_can_hold_is_refused(web, owner, li_wei, login):
    with pytest.raises(Refused):
        change_person(li_wei, {"login": login}, actor=owner)
    given = {"login": login, "name": "某人", "roles": ["salesperson"], "password": None}
    with pytest.raises(Refused):
        create_person(given, actor=owner)
    change_person(li_wei, {"login": "li.wei#北京?", "name": "李伟"}, actor=owner)
    assert "李伟" in web(owner).get("/settings/people/").text
    assert web(owner).get("/settings/people/li.wei%23%E5%8C%97%E4%BA%AC%3F/").status_code == 200


def test_a_sign_in_name_that_a_colleague_has_is_refused(owner, li_wei, chen_jing):
    with pytest.raises(Refused):
        change_person(li_wei, {"login": chen_jing.login.upper()}, actor=owner)
    change_person(li_wei, {"login": li_wei.login.upper()}, actor=owner)
