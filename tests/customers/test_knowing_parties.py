"""Roles, addresses, identifiers, relations and important dates of a party."""

from datetime import date, timedelta

import pytest

from cast import TODAY
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.addressing import DEEDS as ADDRESS
from kezhi.customers.birthdays import is_rolling_due, roll_important_dates
from kezhi.customers.creating import (
    create_contact,
    create_customer,
    edit_contact,
    edit_customer,
    reassign_customer,
)
from kezhi.customers.identifying import DEEDS as IDENTIFIER
from kezhi.customers.models import Address, Contact, Identifier, ImportantDate, Relation
from kezhi.customers.models.important_date import next_round
from kezhi.customers.relating import create_relation, edit_relation
from kezhi.customers.remembering import create_important_date, edit_important_date

pytestmark = pytest.mark.django_db


@pytest.fixture
def supplier(li_wei):
    return create_customer({"name": "黄山包装厂", "roles": ["supplier"]}, actor=li_wei, on=TODAY)


def related(customer, other, actor, nature="supplies", **more):
    fields = {"customer": customer, "other": other, "nature": nature, **more}
    return create_relation(fields, actor=actor, on=TODAY)


def test_a_party_holds_several_roles_and_at_least_one(anhui_tea, li_wei):
    assert anhui_tea.roles == ["customer"]
    both = edit_customer(anhui_tea, {"roles": ["customer", "distributor"]}, actor=li_wei, on=TODAY)
    assert both.roles == ["customer", "distributor"]
    for nothing in ([], ["emperor"]):
        with pytest.raises(Refused):
            edit_customer(anhui_tea, {"roles": nothing}, actor=li_wei, on=TODAY)


def test_an_address_is_written_as_one_writes_it_in_its_country(anhui_tea, li_wei):
    parts = {"customer": anhui_tea, "province": "上海", "city": "上海", "district": "嘉定区"}
    chinese = ADDRESS.create({**parts, "street": "茶叶路 8 号"}, actor=li_wei, on=TODAY)
    assert chinese.line == "上海嘉定区茶叶路 8 号"
    english = ADDRESS.create(
        {"customer": anhui_tea, "street": "8 Tea Road", "city": "Leeds", "country": "UK"},
        actor=li_wei,
        on=TODAY,
    )
    assert english.line == "8 Tea Road, Leeds, UK"
    with pytest.raises(Refused):
        ADDRESS.create({"customer": anhui_tea, "contact_name": "王"}, actor=li_wei, on=TODAY)


def test_a_use_has_one_main_address(anhui_tea, li_wei):
    given = {"customer": anhui_tea, "use": "delivery", "is_main": True}
    first = ADDRESS.create({**given, "street": "一号路"}, actor=li_wei, on=TODAY)
    second = ADDRESS.create({**given, "street": "二号路"}, actor=li_wei, on=TODAY)
    assert Address.objects.get(is_main=True) == second
    ADDRESS.edit(first, {"is_main": True}, actor=li_wei, on=TODAY)
    assert Address.objects.get(is_main=True) == first


@pytest.mark.parametrize(
    ("system", "number", "normal"),
    [
        ("credit_code", "9134 0100ma2n0t7c0e", ""),
        ("credit_code", "91340100MA2N0T7C", ""),
        ("duns", "54-401-7301", "544017301"),
        ("duns", "54-401-730", ""),
        ("lei", "5493001KJTIIGC8Y1R12", "5493001KJTIIGC8Y1R12"),
        ("lei", "5493001KJTIIGC8Y1R13", ""),
        ("erp", " K-100 ", "K-100"),
    ],
)
def test_a_number_is_checked_as_its_register_says(anhui_tea, li_wei, system, number, normal):
    fields = {"customer": anhui_tea, "system": system, "number": number}
    if normal:
        assert IDENTIFIER.create(fields, actor=li_wei, on=TODAY).normal == normal
    else:
        with pytest.raises(Refused):
            IDENTIFIER.create(fields, actor=li_wei, on=TODAY)


def test_one_number_means_one_party_and_does_not_say_whose(anhui_tea, li_wei, chen_jing):
    IDENTIFIER.create(
        {"customer": anhui_tea, "system": "erp", "number": "K1"}, actor=li_wei, on=TODAY
    )
    other = create_customer({"name": "南方茶行"}, actor=chen_jing, on=TODAY)
    with pytest.raises(Refused) as refusal:
        IDENTIFIER.create(
            {"customer": other, "system": "erp", "number": "K1"}, actor=chen_jing, on=TODAY
        )
    assert "安徽" not in str(refusal.value)
    assert Identifier.objects.count() == 1


def test_a_relation_needs_sight_of_both_ends(anhui_tea, supplier, li_wei, chen_jing, owner):
    hers = create_customer({"name": "南方茶行"}, actor=chen_jing, on=TODAY)
    with pytest.raises(NotAllowed):
        related(anhui_tea, hers, li_wei)
    secret = related(anhui_tea, hers, owner)
    shown = related(supplier, anhui_tea, li_wei)
    assert list(Relation.objects.visible_to(li_wei)) == [shown]
    assert not Relation.objects.visible_to(chen_jing).exists()
    assert set(Relation.objects.visible_to(owner)) == {secret, shown}
    reassign_customer(supplier, chen_jing, actor=SYSTEM, on=TODAY)
    assert not Relation.objects.visible_to(li_wei).exists()


def test_a_relation_is_between_two_and_said_once(anhui_tea, supplier, li_wei):
    with pytest.raises(Refused):
        related(anhui_tea, anhui_tea, li_wei)
    first = related(supplier, anhui_tea, li_wei)
    with pytest.raises(Refused):
        related(supplier, anhui_tea, li_wei)
    with pytest.raises(Refused):
        edit_relation(
            first,
            {"since": TODAY, "until": TODAY - timedelta(days=1)},
            actor=li_wei,
            on=TODAY,
        )


def test_a_yearly_day_comes_round_and_is_remembered_in_time(anhui_tea, li_wei):
    founding = create_important_date(
        {
            "customer": anhui_tea,
            "occasion": "founding",
            "name": "成立日",
            "day": date(2009, 11, 25),
            "remind_days": 7,
        },
        actor=li_wei,
        on=TODAY,
    )
    assert founding.next_on == date(2026, 11, 25)
    assert ImportantDate.objects.to_remember(TODAY).get() == founding
    assert not ImportantDate.objects.to_remember(TODAY - timedelta(days=3)).exists()
    assert is_rolling_due(date(2026, 11, 26))
    assert roll_important_dates(actor=SYSTEM, on=date(2026, 11, 26)) == 1
    founding.refresh_from_db()
    assert (founding.next_on, founding.remind_on) == (date(2027, 11, 25), date(2027, 11, 18))
    assert not is_rolling_due(date(2026, 11, 26))
    once = edit_important_date(founding, {"is_yearly": False}, actor=li_wei, on=TODAY)
    assert once.next_on == date(2009, 11, 25)


def test_a_leap_day_is_kept_on_the_day_before_in_other_years():
    leap = date(2024, 2, 29)
    assert next_round(leap, date(2025, 1, 1)) == date(2025, 2, 28)
    assert next_round(leap, date(2027, 3, 1)) == date(2028, 2, 29)


def test_the_database_rolls_a_leap_day_as_python_does(anhui_tea, li_wei):
    leap = create_important_date(
        {"customer": anhui_tea, "occasion": "other", "name": "闰日", "day": date(2024, 2, 29)},
        actor=li_wei,
        on=date(2025, 1, 1),
    )
    roll_important_dates(actor=SYSTEM, on=date(2027, 3, 1))
    leap.refresh_from_db()
    assert leap.next_on == date(2028, 2, 29)


def test_a_contacts_birthday_is_an_important_date_until_they_leave(anhui_tea, li_wei):
    fields = {"customer": anhui_tea, "name": "王敏", "birthday": date(1980, 12, 1)}
    wang_min = create_contact(fields, actor=li_wei, on=TODAY)
    assert ImportantDate.objects.get().next_on == date(2026, 12, 1)
    edit_contact(wang_min, {"birthday": date(1980, 12, 5)}, actor=li_wei, on=TODAY)
    assert ImportantDate.objects.get().next_on == date(2026, 12, 5)
    edit_contact(wang_min, {"has_left": True}, actor=li_wei, on=TODAY)
    assert not ImportantDate.objects.exists()


def test_birthdays_that_came_with_a_file_are_found_by_the_job(anhui_tea):
    Contact.objects.create(
        customer=anhui_tea, name="王敏", birthday=date(1980, 12, 1), **anhui_tea.place
    )
    roll_important_dates(actor=SYSTEM, on=TODAY)
    assert ImportantDate.objects.get().next_on == date(2026, 12, 1)
