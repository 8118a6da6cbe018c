"""A deed is taken back by who did it, soon, and only as far as nobody changed its rows since."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cast import TODAY
from kezhi.audit.models import Entry
from kezhi.audit.recording import listening
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import (
    create_contact,
    delete_customer,
    edit_customer,
    reassign_customer,
)
from kezhi.customers.following_up import complete_follow_up, plan_follow_up
from kezhi.customers.models import Contact, Customer, FollowUp, Standing
from kezhi.workbench.tagging import create_tag, tag_record, tags_of
from kezhi.workbench.undoing import opened, token, undo_deeds

pytestmark = pytest.mark.django_db


def done(act):
    with listening() as keys:
        act()
    return list(keys)


def undo(keys, actor):
    return undo_deeds(keys, actor=actor, at=timezone.now())


def test_an_edit_comes_back_column_by_column(anhui_tea, li_wei):
    keys = done(
        lambda: edit_customer(
            anhui_tea, {"city": "芜湖", "payment_days": 45}, actor=li_wei, on=TODAY
        )
    )
    assert undo(keys, li_wei).records == 1
    customer = Customer.objects.get()
    assert (customer.city, customer.payment_days) == ("合肥", None)
    assert customer.version == 3  # onwards: who had the second version open is told of a conflict
    assert Entry.objects.filter(deed="deed.undone", actor_id=li_wei.pk).count() == 1


def test_what_somebody_changed_since_stays(anhui_tea, li_wei, manager):
    keys = done(lambda: edit_customer(anhui_tea, {"city": "芜湖"}, actor=li_wei, on=TODAY))
    edit_customer(anhui_tea, {"city": "黄山"}, actor=manager, on=TODAY)
    with pytest.raises(Refused, match="安徽茶业"):
        undo(keys, li_wei)
    assert Customer.objects.get().city == "黄山"


def test_an_undo_can_itself_be_undone(anhui_tea, li_wei):
    keys = done(lambda: edit_customer(anhui_tea, {"city": "芜湖"}, actor=li_wei, on=TODAY))
    again = done(lambda: undo(keys, li_wei))
    with pytest.raises(Refused):
        undo(again, li_wei)  # an undo isn't about one record
    assert Customer.objects.get().city == "合肥"


def test_only_who_did_it_may_and_only_for_ten_minutes(anhui_tea, li_wei, manager):
    keys = done(lambda: edit_customer(anhui_tea, {"city": "芜湖"}, actor=li_wei, on=TODAY))
    with pytest.raises(NotAllowed):
        undo(keys, manager)
    with pytest.raises(Refused):
        undo_deeds(keys, actor=li_wei, at=timezone.now() + timedelta(minutes=11))
    assert Customer.objects.get().city == "芜湖"
    for text, actor in ((token(keys, li_wei), manager), ("forged", li_wei)):
        with pytest.raises(LookupError):
            opened(text, actor)


def test_who_lost_the_right_meanwhile_changes_nothing(anhui_tea, li_wei):
    keys = done(lambda: edit_customer(anhui_tea, {"city": "芜湖"}, actor=li_wei, on=TODAY))
    li_wei.roles.clear()
    fresh = type(li_wei).objects.get(pk=li_wei.pk)
    with pytest.raises(Refused):
        undo(keys, fresh)
    assert Customer.objects.get().city == "芜湖"


def test_a_deleted_customer_comes_back_with_all_that_belonged_to_it(anhui_tea, owner, li_wei):
    contact = create_contact({"customer": anhui_tea, "name": "陈立群"}, actor=li_wei, on=TODAY)
    Standing.objects.filter(customer=anhui_tea).update(tier="A")
    tag = create_tag("重要", actor=owner)
    tag_record("customer", anhui_tea, [tag], [], actor=owner)
    pk = anhui_tea.pk
    keys = done(lambda: delete_customer(anhui_tea, actor=owner, on=TODAY))
    assert not Customer.objects.exists()
    undo(keys, owner)
    customer = Customer.objects.get()
    assert customer.pk == pk
    assert customer.standing.tier == "A"
    assert Contact.objects.get().pk == contact.pk
    assert [t.name for t in tags_of("customer", customer)] == ["重要"]


def test_a_customer_given_away_comes_back_with_its_place(anhui_tea, manager, li_wei, chen_jing):
    create_contact({"customer": anhui_tea, "name": "陈立群"}, actor=li_wei, on=TODAY)
    keys = done(lambda: reassign_customer(anhui_tea, chen_jing, actor=manager, on=TODAY))
    assert not Customer.objects.visible_to(manager).exists()
    undo(keys, manager)
    place = {"owner_id": li_wei.pk, "team_id": li_wei.team_id}
    assert Customer.objects.filter(**place).exists()
    assert Standing.objects.filter(**place).exists()
    assert Contact.objects.filter(**place).exists()


def test_a_follow_up_done_is_open_again(anhui_tea, li_wei):
    follow_up = plan_follow_up(
        {"customer": anhui_tea, "subject": "回访", "due_on": TODAY}, actor=li_wei, on=TODAY
    )
    keys = done(lambda: complete_follow_up(follow_up, actor=li_wei, at=timezone.now()))
    undo(keys, li_wei)
    assert FollowUp.objects.open().exists()


def test_what_is_no_record_is_not_touched(company, owner):
    from kezhi.accounts.setting_up import change_company

    keys = done(lambda: change_company({"name": "新名"}, actor=owner))
    with pytest.raises(Refused):
        undo(keys, owner)
    assert SYSTEM.pk is None
