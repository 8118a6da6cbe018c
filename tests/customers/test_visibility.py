"""Who sees which customers, and that a refused deed leaves nothing behind."""

import pytest

from cast import TODAY
from kezhi.audit.models import Change, Entry
from kezhi.core.refusal import EditConflict, NotAllowed
from kezhi.customers.creating import (
    create_contact,
    create_customer,
    edit_customer,
    reassign_customer,
)
from kezhi.customers.models import Contact, Customer, Standing

pytestmark = pytest.mark.django_db


def test_a_salesperson_sees_own_customers_only(anhui_tea, li_wei, chen_jing):
    assert list(Customer.objects.visible_to(li_wei)) == [anhui_tea]
    assert not Customer.objects.visible_to(chen_jing).exists()


def test_a_manager_sees_the_department_and_a_service_agent_everyone(
    anhui_tea, manager, agent, chen_jing
):
    create_customer({"name": "佛山铭嘉陶瓷"}, actor=chen_jing, on=TODAY)
    assert list(Customer.objects.visible_to(manager)) == [anhui_tea]
    assert Customer.objects.visible_to(agent).count() == 2


def test_someone_who_left_sees_nothing(anhui_tea, li_wei):
    li_wei.is_active = False
    assert not Customer.objects.visible_to(li_wei).exists()


def test_a_stranger_may_not_edit_and_nothing_changes(anhui_tea, chen_jing):
    entries = Entry.objects.count()
    with pytest.raises(NotAllowed):
        edit_customer(anhui_tea, {"name": "别人的"}, actor=chen_jing, on=TODAY)
    assert Customer.objects.get(pk=anhui_tea.pk).name == "安徽茶业有限公司"
    assert Entry.objects.count() == entries


def test_the_second_of_two_editors_is_told(anhui_tea, li_wei):
    edit_customer(anhui_tea, {"city": "黄山"}, actor=li_wei, on=TODAY, version=1)
    with pytest.raises(EditConflict):
        edit_customer(anhui_tea, {"city": "芜湖"}, actor=li_wei, on=TODAY, version=1)
    assert Customer.objects.get(pk=anhui_tea.pk).city == "黄山"


def test_every_customer_stands_somewhere_from_birth(anhui_tea, li_wei):
    standing = Standing.objects.get(customer=anhui_tea)
    assert standing.owner_id == li_wei.pk
    assert standing.score is None


def test_a_new_owner_takes_all_that_hangs_on_the_customer(anhui_tea, li_wei, manager):
    create_contact({"customer": anhui_tea, "name": "陈立群"}, actor=li_wei, on=TODAY)
    reassign_customer(anhui_tea, manager, actor=manager, on=TODAY, reason="换区")
    assert Standing.objects.get(customer=anhui_tea).owner_id == manager.pk
    assert Contact.objects.get().owner_id == manager.pk
    assert not Customer.objects.visible_to(li_wei).exists()


def test_a_salesperson_may_not_give_customers_away(anhui_tea, li_wei, chen_jing):
    with pytest.raises(NotAllowed):
        reassign_customer(anhui_tea, chen_jing, actor=li_wei, on=TODAY)
    assert Customer.objects.get().owner == li_wei


def test_a_deed_leaves_one_row_with_what_it_changed(anhui_tea, li_wei):
    edit_customer(anhui_tea, {"city": "黄山"}, actor=li_wei, on=TODAY)
    entry = Entry.objects.get(deed="customer.edited")
    assert (entry.actor_name, entry.subject_title) == ("李伟", "安徽茶业有限公司")
    change = Change.objects.get(deed_key=str(entry.key), table_name="customers_customer")
    assert (change.before["city"], change.after["city"]) == ("合肥", "黄山")
    assert "name" not in change.after


def test_passwords_are_never_copied_into_the_log(li_wei):
    kept = Change.objects.filter(table_name="accounts_user", row_id=li_wei.pk)
    assert kept.exists()
    assert all("password" not in (change.after or {}) for change in kept)
