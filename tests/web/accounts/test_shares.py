"""A share lets a colleague or a team see a customer, or work on it, and no more than their role allows."""

from datetime import timedelta

import pytest

from cast import NOW, TODAY
from kezhi.accounts.models import Role, Share, User
from kezhi.audit.models import Entry
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import create_contact, edit_customer
from kezhi.customers.following_up import log_interaction
from kezhi.customers.models import Contact, Customer
from kezhi.customers.sharing import end_share, share_customer

pytestmark = pytest.mark.django_db


def fresh(person):
    return User.objects.get(pk=person.pk)


def test_everything_of_the_customer_goes_along(anhui_tea, li_wei, chen_jing):
    create_contact({"customer": anhui_tea, "name": "陈立群"}, actor=li_wei, on=TODAY)
    share_customer(anhui_tea, chen_jing, actor=li_wei, on=TODAY)
    reader = fresh(chen_jing)
    assert Customer.objects.visible_to(reader).get() == anhui_tea
    assert Contact.objects.visible_to(reader).count() == 1
    with pytest.raises(NotAllowed):
        edit_customer(anhui_tea, {"city": "黄山"}, actor=reader, on=TODAY)


def test_a_share_to_work_on_it_lets_edit_and_write_but_not_give_away(anhui_tea, li_wei, chen_jing):
    share_customer(anhui_tea, chen_jing, actor=li_wei, on=TODAY, may_edit=True)
    worker = fresh(chen_jing)
    edit_customer(anhui_tea, {"city": "黄山"}, actor=worker, on=TODAY)
    log_interaction(anhui_tea, "call", "谈价", actor=worker, at=NOW)
    for action in ("delete", "export", "assign"):
        assert not Customer.objects.visible_to(worker, action).exists()


def test_a_team_share_reaches_its_people_only(anhui_tea, li_wei, chen_jing, agent):
    share_customer(anhui_tea, chen_jing.team, actor=li_wei, on=TODAY)
    assert Customer.objects.visible_to(fresh(chen_jing)).exists()


def test_a_share_ends_by_its_day(anhui_tea, li_wei, chen_jing):
    share_customer(anhui_tea, chen_jing, actor=li_wei, on=TODAY, until=TODAY)
    Share.objects.update(until=TODAY - timedelta(days=900))
    assert not Customer.objects.visible_to(fresh(chen_jing)).exists()


def test_what_was_shared_is_not_shared_on(anhui_tea, li_wei, chen_jing, manager):
    share_customer(anhui_tea, chen_jing, actor=li_wei, on=TODAY, may_edit=True)
    with pytest.raises(NotAllowed):
        share_customer(anhui_tea, manager, actor=fresh(chen_jing), on=TODAY)


def test_nobody_shares_more_than_they_may(anhui_tea, chen_jing, li_wei):
    role = Role.objects.get(key="salesperson")
    role.grants = {**role.grants, "customer": {"read": "own"}}
    role.save()
    with pytest.raises(NotAllowed):
        share_customer(anhui_tea, chen_jing, actor=fresh(li_wei), on=TODAY, may_edit=True)
    share_customer(anhui_tea, chen_jing, actor=fresh(li_wei), on=TODAY)


def test_the_page_shares_and_ends(web, anhui_tea, li_wei, chen_jing):
    browser = web(li_wei)
    address = f"/customers/{anhui_tea.pk}/shares/"
    sent = {"to": f"person-{chen_jing.pk}", "may_edit": "1", "reason": "共同投标"}
    assert browser.post(address, sent).status_code == 302
    page = browser.get(f"/customers/{anhui_tea.pk}/").content.decode()
    assert "陈静" in page
    assert "共同投标" in page
    share = Share.objects.get()
    assert browser.post(f"{address}{share.pk}/end/").status_code == 302
    assert not Share.objects.exists()
    assert Entry.objects.filter(deed__in=("customer.shared", "customer.unshared")).count() == 2


def test_a_stranger_neither_shares_nor_ends(web, anhui_tea, li_wei, chen_jing):
    share_customer(anhui_tea, li_wei.team, actor=li_wei, on=TODAY)
    browser = web(chen_jing)
    address = f"/customers/{anhui_tea.pk}/shares/"
    before = Entry.objects.count()
    assert browser.get(address).status_code == 404
    assert browser.post(address, {"to": f"person-{chen_jing.pk}"}).status_code == 404
    assert browser.post(f"{address}{Share.objects.get().pk}/end/").status_code == 404
    assert Share.objects.count() == 1
    assert Entry.objects.count() == before


def test_a_share_of_another_customer_is_not_ended_through_ones_own(
    web, anhui_tea, li_wei, chen_jing
):
    from kezhi.customers.creating import create_customer

    theirs = create_customer({"name": "陈静的客户"}, actor=chen_jing, on=TODAY)
    share_customer(theirs, chen_jing.team, actor=chen_jing, on=TODAY)
    share = Share.objects.get()
    path = f"/customers/{anhui_tea.pk}/shares/{share.pk}/end/"
    assert web(li_wei).post(path).status_code == 404
    with pytest.raises(NotAllowed):
        end_share(anhui_tea, share, actor=li_wei, on=TODAY)


def test_the_colleague_may_give_a_share_back(web, anhui_tea, li_wei, chen_jing):
    share_customer(anhui_tea, chen_jing, actor=li_wei, on=TODAY)
    path = f"/customers/{anhui_tea.pk}/shares/{Share.objects.get().pk}/end/"
    assert web(chen_jing).post(path).url == "/customers/"
    assert not Share.objects.exists()


def test_a_selection_is_shared_as_a_whole(web, anhui_tea, li_wei, chen_jing):
    browser = web(li_wei)
    sent = {"selected": [str(anhui_tea.pk), "999999"]}
    assert "安徽茶业" in browser.post("/customers/bulk/share/", sent).content.decode()
    sent |= {"to": f"team-{chen_jing.team_id}", "may_edit": "0", "go": "1"}
    assert browser.post("/customers/bulk/share/", sent).status_code == 302
    assert Share.objects.get().team_id == chen_jing.team_id


def test_a_day_in_the_past_is_refused(anhui_tea, li_wei, chen_jing):
    with pytest.raises(Refused):
        share_customer(
            anhui_tea, chen_jing, actor=li_wei, on=TODAY, until=TODAY - timedelta(days=1)
        )
