"""Clearing the demo leaves the owner and nothing else of it; a company of one's own is safe."""

import pytest
from django.apps import apps

from cast import TODAY
from kezhi.accounts.clearing import clear_demo
from kezhi.accounts.models import Company, Department, Team, User
from kezhi.audit.models import Entry
from kezhi.core.models import JobRun
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.models import Customer

pytestmark = pytest.mark.django_db


@pytest.fixture
def demo(company):
    company.is_demo = True
    company.save()
    return company


def test_only_the_owner_and_what_a_new_installation_has_stay(demo, anhui_tea, owner, chen_jing):
    clear_demo(actor=owner, on=TODAY)
    assert list(User.objects.all()) == [owner]
    assert [each.name for each in Department.objects.all()] == ["总部"]
    assert not Team.objects.exists()
    assert not Company.current().is_demo
    kept = {"Company", "Role", "User", "User_roles", "Department", "Entry", "Change"}
    for model in apps.get_models(include_auto_created=True):
        if model.__module__.startswith("kezhi.") and model._meta.object_name not in kept:
            assert not model._base_manager.exists(), model


def test_the_owner_still_may_everything(demo, owner):
    clear_demo(actor=owner, on=TODAY)
    assert User.objects.get().may("import", "customer")


def test_the_log_says_who_cleared_how_much(demo, anhui_tea, owner):
    clear_demo(actor=owner, on=TODAY)
    entry = Entry.objects.get(deed="demo.cleared")
    assert entry.actor_name == owner.name
    assert entry.detail["rows"]["customers.Customer"] == 1


@pytest.mark.parametrize("who", ["manager", "li_wei", "analyst"])
def test_nobody_but_an_owner_clears(demo, anhui_tea, who, request):
    with pytest.raises(NotAllowed):
        clear_demo(actor=request.getfixturevalue(who), on=TODAY)
    assert Customer.objects.exists()


def test_a_company_of_ones_own_can_not_be_cleared(anhui_tea, owner):
    with pytest.raises(Refused):
        clear_demo(actor=owner, on=TODAY)
    assert Customer.objects.exists()


def test_nothing_is_cleared_under_work_that_is_going_on(demo, anhui_tea, owner):
    JobRun.objects.create(name="insight.run", title="Measure")
    with pytest.raises(Refused):
        clear_demo(actor=owner, on=TODAY)
    assert Customer.objects.exists()
