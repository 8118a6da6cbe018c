"""Roles are edited by those who may, never beyond what they have themselves, and tried out first."""

import pytest

from cast import TODAY
from kezhi.accounts.granting import change_role, create_role, delete_role, grantable
from kezhi.accounts.models import Role, User
from kezhi.accounts.organising import change_person, create_person, set_password
from kezhi.audit.models import Entry
from kezhi.core.actor import Scope
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import create_customer
from kezhi.records import registry

pytestmark = pytest.mark.django_db


@pytest.fixture
def personnel(owner, organisation):
    """Who manages people and roles, but sees few customers."""
    from cast import PASSWORD

    role = create_role("人事", actor=owner)
    grants = {
        "user": {"read": "all", "create": "all", "edit": "all"},
        "role": {"read": "all", "create": "all", "edit": "all", "delete": "all"},
        "customer": {"read": "own"},
        "contact": {"read": "own"},
    }
    change_role(
        role, {"grants": grants, "field_rules": {"contact": {"reach": "masked"}}}, actor=owner
    )
    return create_person(
        {"login": "hr", "name": "人事", "roles": [role.key], "password": PASSWORD,
         "department": organisation.head},
        actor=owner,
    )  # fmt: skip


def test_the_editor_shows_every_kind_of_record(web, owner):
    page = web(owner).get("/settings/roles/salesperson/").content.decode()
    for kind in registry:
        assert f'name="g.{kind.name}.read"' in page
    assert 'name="f.contact.reach"' in page


def test_a_role_is_changed_and_the_log_tells_what(web, owner, li_wei):
    browser = web(owner)
    role = Role.objects.get(key="salesperson")
    sent = {f"g.{kind}.{action}": scope
            for kind, grants in role.grants.items() for action, scope in grants.items()}  # fmt: skip
    sent |= {"name": "销售", "g.customer.export": "own", "f.contact.reach": "masked"}
    assert browser.post("/settings/roles/salesperson/", sent).status_code == 302
    fresh = User.objects.get(pk=li_wei.pk)
    assert fresh.scope("export", "customer") is Scope.OWN
    assert not fresh.sees("contact", "reach")
    page = browser.get("/settings/audit/").content.decode()
    assert "— → own" in page
    assert "editable → masked" in page


def test_people_have_the_widest_of_their_roles(li_wei, owner):
    change_person(li_wei, {"roles": ["salesperson", "analyst"]}, actor=owner)
    fresh = User.objects.get(pk=li_wei.pk)
    assert fresh.scope("read", "customer") is Scope.ALL
    assert fresh.scope("edit", "customer") is Scope.OWN


def test_a_permission_that_does_not_exist_is_refused(owner):
    role = create_role("试用", actor=owner)
    for grants in (
        {"customer": {"fly": "all"}},
        {"nothing": {"read": "all"}},
        {"customer": {"read": "everything"}},
        {"customer": {"export": "own"}},
    ):
        with pytest.raises(Refused):
            change_role(role, {"grants": grants}, actor=owner)
    with pytest.raises(Refused):
        change_role(role, {"field_rules": {"customer": {"soul": "hidden"}}}, actor=owner)
    assert Role.objects.get(pk=role.pk).grants == {}


def test_the_owners_role_stays_whole(web, owner):
    role = Role.objects.get(key="owner")
    with pytest.raises(Refused):
        change_role(role, {"grants": {}}, actor=owner)
    with pytest.raises(Refused):
        change_role(role, {"field_rules": {"customer": {"value": "hidden"}}}, actor=owner)
    with pytest.raises(Refused):
        delete_role(role, actor=owner)
    web(owner).post("/settings/roles/owner/", {"name": "老板", "g.user.edit": "none"})
    assert User.objects.get(pk=owner.pk).may("edit", "user")


def test_nobody_permits_more_than_they_may(personnel):
    role = create_role("新", actor=personnel)
    with pytest.raises(NotAllowed):
        change_role(role, {"grants": {"customer": {"read": "all"}}}, actor=personnel)
    own = personnel.roles.get()
    with pytest.raises(NotAllowed):
        change_role(own, {"field_rules": {}}, actor=personnel)
    with pytest.raises(NotAllowed):
        create_role("像所有者", actor=personnel, copy_of=Role.objects.get(key="owner"))
    change_role(role, {"grants": {"customer": {"read": "own"}}}, actor=personnel)


def test_nobody_gives_a_role_that_may_more_than_they(personnel, li_wei, owner):
    with pytest.raises(NotAllowed):
        change_person(personnel, {"roles": ["owner"]}, actor=personnel)
    with pytest.raises(NotAllowed):
        change_person(li_wei, {"title": "x"}, actor=personnel)
    with pytest.raises(NotAllowed):
        set_password(owner, "another long phrase 9", actor=personnel)
    assert not User.objects.get(pk=personnel.pk).is_owner


def test_a_role_that_somebody_has_is_not_deleted(owner, li_wei):
    with pytest.raises(Refused):
        delete_role(Role.objects.get(key="salesperson"), actor=owner)


def test_who_may_not_edit_roles_changes_none(web, manager):
    browser = web(manager)
    before = Role.objects.count(), Entry.objects.count()
    assert browser.post("/settings/roles/", {"name": "x"}).status_code == 403
    assert browser.post("/settings/roles/analyst/", {"name": "x"}).status_code == 403
    assert browser.post("/settings/roles/analyst/", {"deed": "delete"}).status_code == 403
    assert (Role.objects.count(), Entry.objects.count()) == before


def test_the_preview_shows_what_the_role_would(web, owner, li_wei, anhui_tea):
    other = create_customer({"name": "别人的客户"}, actor=owner, on=TODAY)
    browser = web(owner)
    role = Role.objects.get(key="salesperson")
    role.field_rules = {"customer": {"general": "hidden"}}
    role.save()
    address = f"/settings/roles/salesperson/preview/?person={li_wei.pk}&customer="
    page = browser.get(address + "C-AHTEA").content.decode()
    assert "Hidden from them" in page
    assert "合肥" not in page
    assert "not be there for them" in browser.get(address + other.code).content.decode()
    assert User.objects.get(pk=li_wei.pk).roles.get().key == "salesperson"


def test_an_owner_may_with_a_kind_that_no_role_knows_yet(owner):
    assert owner.scope("read", "a_kind_of_tomorrow") is Scope.ALL
    assert set(grantable()) >= {kind.name for kind in registry}
