"""Contacts from a file: at their customer, once each, kept up to date, and taken back."""

from __future__ import annotations

from typing import Any

import pytest

from cast import NOW, TODAY
from kezhi.audit.models import Entry
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import create_contact, edit_contact, reassign_customer
from kezhi.customers.models import Contact, Interaction
from kezhi.dataio.correcting import as_csv, sample_rows
from kezhi.dataio.importing import import_rows, undo_import
from kezhi.dataio.models import ImportBatch

pytestmark = pytest.mark.django_db

CHINESE = """客户编号,姓名,职务,决策角色,手机,邮箱,微信,主要联系人,备注
C-AHTEA,王敏,采购经理,采购,138 0000 1111,wang@example.com,wm88,是,早上打
安徽茶业有限公司,李强,仓库主管,使用者,,,,,
"""
ENGLISH = """Company,Contact name,Job title,Decision role,Mobile,E-mail,WeChat,Main contact,Note
C-AHTEA,王敏,采购经理,Buyer,13800001111,wang@example.com,wm88,yes,早上打
C-AHTEA,李强,仓库主管,user,,,,no,
"""


def contacts() -> list[tuple[Any, ...]]:
    rows = Contact.objects.order_by("name", "pk").values_list(
        *("customer__code", "name", "name_key", "title", "decision_role", "phone", "email"),
        *("wechat", "is_primary", "remark", "owner_id", "version"),
    )
    return list(rows)


@pytest.mark.parametrize("content", [CHINESE, ENGLISH])
def test_contacts_go_to_the_customer_by_code_or_name_with_its_owner(
    bring_in, anhui_tea, li_wei, content
):
    batch = bring_in("contact", content)
    assert (batch.created, batch.bad) == (2, 0)
    assert contacts() == [
        ("C-AHTEA", "李强", "li qiang", "仓库主管", "user", "", "", "", False, "", li_wei.pk, 1),
        ("C-AHTEA", "王敏", "wang min", "采购经理", "buyer", "13800001111", "wang@example.com", "wm88",
         True, "早上打", li_wei.pk, 1),
    ]  # fmt: skip
    places = Contact.objects.values_list("team_id", "department_id").distinct()
    assert list(places) == [(li_wei.team_id, li_wei.department_id)]


def test_the_same_content_twice_changes_nothing_in_whichever_language(bring_in, anhui_tea):
    bring_in("contact", CHINESE)
    before = contacts()
    for content in (CHINESE, ENGLISH):
        batch = bring_in("contact", content)
        assert (batch.created, batch.updated, batch.unchanged) == (0, 0, 2)
    assert contacts() == before


def test_an_update_changes_what_the_file_says_and_no_more(bring_in, anhui_tea):
    bring_in("contact", CHINESE)
    batch = bring_in("contact", "客户,姓名,职务,手机\nC-AHTEA,王敏,采购总监,\nC-AHTEA,李强,,\n")
    assert (batch.created, batch.updated, batch.unchanged) == (0, 1, 1)
    wang = Contact.objects.get(name="王敏")
    assert (wang.title, wang.phone, wang.is_primary, wang.version) == (
        "采购总监",
        "13800001111",
        True,
        2,
    )


def test_equal_rows_are_one_contact_and_different_ones_contradict(bring_in, anhui_tea):
    head = "客户,姓名,职务\n"
    batch = bring_in("contact", head + "C-AHTEA,王敏,经理\n安徽茶业有限公司,王敏,经理\n")
    assert (batch.created, batch.unchanged, batch.bad) == (1, 1, 0)
    batch = bring_in("contact", head + "C-AHTEA,王敏,经理\nC-AHTEA,王敏,总监\n")
    assert (batch.unchanged, batch.bad) == (1, 1)
    assert batch.problems.get().code == "same_row_again"


def test_the_main_contact_of_the_file_is_the_only_one(bring_in, anhui_tea):
    create_contact(
        {"customer": anhui_tea, "name": "赵总", "is_primary": True}, actor=SYSTEM, on=TODAY
    )
    batch = bring_in("contact", CHINESE)
    assert list(Contact.objects.filter(is_primary=True).values_list("name", flat=True)) == ["王敏"]
    bring_in("contact", "客户,姓名,主要联系人\nC-AHTEA,王敏,\nC-AHTEA,李强,是\n")
    assert list(Contact.objects.filter(is_primary=True).values_list("name", flat=True)) == ["李强"]
    with pytest.raises(Refused):
        undo_import(batch, actor=SYSTEM, at=NOW)


BAD = {
    "no such customer": ("无此客户,甲,,,,,,,", 0, "missing_reference"),
    "no customer": (",甲,,,,,,,", 0, "required"),
    "no name": ("C-AHTEA,,,,,,,,", 1, "required"),
    "no such role": ("C-AHTEA,甲,,路人,,,,,", 3, "unknown_choice"),
    "a short number": ("C-AHTEA,甲,,,138000,,,,", 4, "phone_length"),
    "no address": ("C-AHTEA,甲,,,,wang@,,,", 5, "not_an_email"),
    "neither yes nor no": ("C-AHTEA,甲,,,,,,也许,", 7, "not_yes_or_no"),
    "a second main contact": ("C-AHTEA,甲,,,,,,是,", 7, "two_primary"),
}


@pytest.mark.parametrize("name", list(BAD))
def test_a_bad_row_is_left_out_and_told_with_place_and_remedy(bring_in, anhui_tea, name):
    row, column, code = BAD[name]
    batch = bring_in("contact", f"{CHINESE}{row}\n")
    assert (batch.created, batch.bad) == (2, 1)
    problem = batch.problems.get()
    assert (problem.row, problem.column, problem.code) == (4, column, code)
    assert not Contact.objects.filter(name="甲").exists()


def test_a_name_that_two_contacts_have_is_not_guessed(bring_in, anhui_tea):
    for phone in ("13800001111", "13800002222"):
        create_contact(
            {"customer": anhui_tea, "name": "王敏", "phone": phone}, actor=SYSTEM, on=TODAY
        )
    before = contacts()
    batch = bring_in("contact", "客户,姓名,职务\nC-AHTEA,王敏,经理\n")
    assert [cause["code"] for cause in batch.causes] == ["several_contacts"]
    assert contacts() == before


def test_a_contact_added_between_check_and_import_is_found(checked, anhui_tea):
    batch = checked("contact", CHINESE)
    create_contact({"customer": anhui_tea, "name": "李强"}, actor=SYSTEM, on=TODAY)
    import_rows(batch, actor=SYSTEM, on=TODAY, at=NOW)
    assert (batch.created, batch.updated) == (1, 1)
    assert Contact.objects.count() == 2


def test_undo_brings_everything_back_one_import_after_the_other(bring_in, anhui_tea):
    create_contact(
        {"customer": anhui_tea, "name": "赵总", "is_primary": True}, actor=SYSTEM, on=TODAY
    )
    nothing = contacts()
    one = bring_in("contact", CHINESE)
    between = contacts()
    two = bring_in("contact", CHINESE.replace("经理", "总监") + "C-AHTEA,孙丽,,,,,,,\n")
    undo_import(two, actor=SYSTEM, at=NOW)
    assert contacts() == between
    undo_import(one, actor=SYSTEM, at=NOW)
    assert contacts() == nothing


def test_undo_leaves_the_owner_and_the_main_contact_of_today(bring_in, anhui_tea, chen_jing, owner):
    bring_in("contact", CHINESE)
    batch = bring_in("contact", "客户,姓名,职务\nC-AHTEA,王敏,采购总监\n")
    reassign_customer(anhui_tea, chen_jing, actor=owner, on=TODAY)
    create_contact(
        {"customer": anhui_tea, "name": "赵总", "is_primary": True}, actor=SYSTEM, on=TODAY
    )
    undo_import(batch, actor=SYSTEM, at=NOW)
    wang = Contact.objects.get(name="王敏")
    assert (wang.title, wang.owner_id, wang.is_primary) == ("采购经理", chen_jing.pk, False)


def test_undo_is_refused_when_somebody_worked_with_the_contacts(bring_in, anhui_tea):
    batch = bring_in("contact", CHINESE)
    wang = Contact.objects.get(name="王敏")
    talk = Interaction.objects.create(
        customer=anhui_tea, contact=wang, text="报价", at=NOW, author_id=anhui_tea.owner_id
    )
    with pytest.raises(Refused, match="王敏"):
        undo_import(batch, actor=SYSTEM, at=NOW)
    talk.delete()
    edit_contact(wang, {"title": "总监"}, actor=SYSTEM, on=TODAY)
    with pytest.raises(Refused):
        undo_import(batch, actor=SYSTEM, at=NOW)
    assert Contact.objects.count() == 2


def test_who_may_not_import_contacts_changes_nothing(take_in, anhui_tea, li_wei, agent):
    before = Entry.objects.count()
    for person in (li_wei, agent):
        with pytest.raises(NotAllowed):
            take_in("contact", CHINESE, actor=person)
    assert not ImportBatch.objects.exists()
    assert not Contact.objects.exists()
    assert Entry.objects.count() == before


def test_a_manager_does_not_reach_the_customers_of_another_department(
    bring_in, manager, anhui_tea, chen_jing
):
    bring_in("customer", "客户名称,客户编号,业务员\n佛山铭嘉,F1,陈静\n")
    content = "客户,姓名\nF1,甲\n佛山铭嘉,乙\nC-AHTEA,丙\n"
    batch = bring_in("contact", content, actor=manager)
    assert (batch.created, batch.bad) == (1, 2)
    assert {cause["code"] for cause in batch.causes} == {"missing_reference"}
    assert Contact.objects.get().name == "丙"


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_sample_file_comes_in_as_it_is(bring_in, anhui_tea, language):
    rows = [
        [cell.replace("C-0001", "C-AHTEA") for cell in row]
        for row in sample_rows("contact", language)
    ]
    batch = bring_in("contact", b"".join(as_csv(rows)))
    assert (batch.created, batch.bad) == (1, 0)
    assert Contact.objects.get().decision_role == "buyer"
