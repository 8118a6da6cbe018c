"""While somebody is away, a colleague has their own records; both are named in the log."""

from datetime import timedelta

import pytest

from cast import TODAY
from kezhi.accounts.delegating import delegate, end_delegation
from kezhi.accounts.models import Delegation, User
from kezhi.audit.models import Entry
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import edit_customer
from kezhi.customers.following_up import plan_follow_up
from kezhi.customers.models import Customer

pytestmark = pytest.mark.django_db


def away(principal, stand_in, **more):
    days = {"since": TODAY, "until": None, **more}
    found = delegate(principal, stand_in, actor=SYSTEM, on=TODAY, **days)
    # The database's own day decides what is in force.
    Delegation.objects.update(since=TODAY - timedelta(days=400))
    return found


def fresh(person):
    return User.objects.get(pk=person.pk)


def test_the_stand_in_works_as_if_they_were_theirs(anhui_tea, li_wei, chen_jing):
    away(li_wei, chen_jing)
    worker = fresh(chen_jing)
    edit_customer(anhui_tea, {"city": "黄山"}, actor=worker, on=TODAY)
    entry = Entry.objects.get(deed="customer.edited")
    assert entry.actor_id == chen_jing.pk
    assert entry.detail["in_place_of"] == li_wei.pk


def test_the_log_names_both(web, owner, anhui_tea, li_wei, chen_jing):
    away(li_wei, chen_jing)
    edit_customer(anhui_tea, {"city": "黄山"}, actor=fresh(chen_jing), on=TODAY)
    page = web(owner).get("/settings/audit/").content.decode()
    assert "in place of 李伟" in page


def test_it_ends_by_its_day(anhui_tea, li_wei, chen_jing):
    away(li_wei, chen_jing)
    Delegation.objects.update(until=TODAY - timedelta(days=399))
    assert not Customer.objects.visible_to(fresh(chen_jing)).exists()


def test_it_reaches_only_the_principals_own(anhui_tea, li_wei, manager, chen_jing):
    away(manager, chen_jing)
    assert not Customer.objects.visible_to(fresh(chen_jing)).exists()


def test_people_set_it_for_themselves_and_nobody_else(web, li_wei, chen_jing, organisation):
    browser = web(li_wei)
    day = TODAY + timedelta(days=3650)
    sent = {"principal": li_wei.pk, "delegate": chen_jing.pk, "since": day.isoformat()}
    assert browser.post("/settings/delegations/", sent).status_code == 302
    sent = {"principal": chen_jing.pk, "delegate": li_wei.pk, "since": day.isoformat()}
    assert browser.post("/settings/delegations/", sent).status_code == 403
    assert Delegation.objects.get().principal == li_wei


def test_a_manager_sets_it_in_the_own_department(manager, li_wei, chen_jing):
    delegate(li_wei, manager, actor=manager, on=TODAY, since=TODAY, until=None)
    with pytest.raises(NotAllowed):
        delegate(chen_jing, manager, actor=manager, on=TODAY, since=TODAY, until=None)


def test_what_makes_no_sense_is_refused(li_wei, chen_jing):
    for more in (
        {"since": TODAY - timedelta(days=1), "until": None},
        {"since": TODAY, "until": TODAY - timedelta(days=1)},
        {"since": TODAY, "until": TODAY + timedelta(days=500)},
    ):
        with pytest.raises(Refused):
            delegate(li_wei, chen_jing, actor=SYSTEM, on=TODAY, **more)
    with pytest.raises(Refused):
        delegate(li_wei, li_wei, actor=SYSTEM, on=TODAY, since=TODAY, until=None)
    away(li_wei, chen_jing)
    with pytest.raises(Refused):
        delegate(li_wei, chen_jing, actor=SYSTEM, on=TODAY, since=TODAY, until=None)


def test_a_stranger_does_not_end_it(web, li_wei, manager, chen_jing, agent):
    made = away(li_wei, manager)
    path = f"/settings/delegations/{made.pk}/end/"
    assert web(chen_jing).post(path).status_code == 404
    assert Delegation.objects.exists()
    end_delegation(made, actor=manager, on=TODAY)
    assert not Delegation.objects.exists()


def test_today_shows_the_work_of_whom_one_stands_in_for(web, anhui_tea, li_wei, chen_jing):
    plan_follow_up(
        {"customer": anhui_tea, "subject": "送样品", "due_on": TODAY}, actor=li_wei, on=TODAY
    )
    away(li_wei, chen_jing)
    page = web(chen_jing).get("/").content.decode()
    assert "送样品" in page
    assert "standing in for 李伟" in page.lower() or "stand in for 李伟" in page
