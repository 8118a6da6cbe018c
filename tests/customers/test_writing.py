"""Entries of the timeline: put right, pinned, calling colleagues by name; drafts go along with the customer."""

import pytest

from cast import NOW, TODAY
from kezhi.accounts.organising import create_person
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import EditConflict, NotAllowed, Refused
from kezhi.customers.creating import create_contact, create_customer, reassign_customer
from kezhi.customers.drafting import keep_draft
from kezhi.customers.following_up import (
    delete_interaction,
    edit_interaction,
    log_interaction,
    pin_interaction,
)
from kezhi.customers.mentioning import called, mark_read, to_mention
from kezhi.customers.models import Draft, Interaction, Mention

pytestmark = pytest.mark.django_db


def logged(customer, text, actor):
    return log_interaction(customer, "call", text, actor=actor, at=NOW)


def test_only_who_wrote_an_entry_changes_it_and_it_says_so(anhui_tea, li_wei, owner):
    entry = logged(anhui_tea, "报了价", li_wei)
    with pytest.raises(NotAllowed):
        edit_interaction(entry, {"text": "没报"}, actor=owner, at=NOW)
    changed = edit_interaction(entry, {"text": "报了新价"}, actor=li_wei, at=NOW, version=1)
    assert (changed.text, changed.edited_at, changed.version) == ("报了新价", NOW, 2)
    with pytest.raises(EditConflict):
        edit_interaction(entry, {"text": "旧的"}, actor=li_wei, at=NOW, version=1)


def test_an_entry_is_deleted_by_its_author_or_a_manager(anhui_tea, li_wei, manager, agent):
    first, second = logged(anhui_tea, "一", li_wei), logged(anhui_tea, "二", agent)
    with pytest.raises(NotAllowed):
        delete_interaction(second, actor=li_wei, on=TODAY)
    delete_interaction(first, actor=li_wei, on=TODAY)
    delete_interaction(second, actor=manager, on=TODAY)
    assert not Interaction.objects.exists()


def test_five_entries_can_be_pinned(anhui_tea, li_wei):
    entries = [logged(anhui_tea, str(n), li_wei) for n in range(6)]
    for entry in entries[:5]:
        pin_interaction(entry, actor=li_wei, is_pinned=True)
    with pytest.raises(Refused):
        pin_interaction(entries[5], actor=li_wei, is_pinned=True)
    pin_interaction(entries[0], actor=li_wei, is_pinned=False)
    pin_interaction(entries[5], actor=li_wei, is_pinned=True)
    assert Interaction.objects.filter(is_pinned=True).count() == 5


def test_an_entry_names_only_a_contact_of_its_customer(anhui_tea, li_wei):
    other = create_customer({"name": "黄山茶行"}, actor=li_wei, on=TODAY)
    stranger = create_contact({"customer": other, "name": "王敏"}, actor=li_wei, on=TODAY)
    with pytest.raises(Refused):
        log_interaction(anhui_tea, "call", "x", actor=li_wei, at=NOW, contact=stranger)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@周启明 请看", ["周启明"]),
        ("请＠周启明和@何静看看", ["何静", "周启明"]),
        ("写给 zhou@周启明.cn", []),
        ("@周启 @nobody @", []),
        ("@emma clarke please", ["Emma Clarke"]),
    ],
)
def test_a_whole_name_after_an_at_sign_calls(manager, agent, organisation, text, names):
    create_person(
        {
            "login": "emma",
            "name": "Emma Clarke",
            "roles": ["salesperson"],
            "password": "a long one!",
        },
        actor=SYSTEM,
    )
    assert sorted(person.name for person in called(text)) == sorted(names)


def test_only_who_may_see_the_customer_is_called(anhui_tea, li_wei, manager, chen_jing):
    entry = logged(anhui_tea, "@周启明 @陈静 @李伟 请看", li_wei)
    assert [m.person for m in Mention.objects.all()] == [manager]
    edit_interaction(entry, {"text": "算了"}, actor=li_wei, at=NOW)
    assert not Mention.objects.exists()


def test_a_call_is_gone_when_the_customer_is_and_comes_back_with_it(
    anhui_tea, li_wei, manager, chen_jing
):
    entry = logged(anhui_tea, "@周启明 请看", li_wei)
    assert Mention.objects.of(manager).unread().exists()
    reassign_customer(anhui_tea, chen_jing, actor=SYSTEM, on=TODAY)
    assert not Mention.objects.of(manager).exists()
    reassign_customer(anhui_tea, li_wei, actor=SYSTEM, on=TODAY)
    assert mark_read(manager, [entry.pk], NOW) == 1
    assert not Mention.objects.of(manager).unread().exists()


@pytest.mark.parametrize("typed", ["", "周", "zhou", "zqm", "zhouqm", "Z"])
def test_colleagues_are_offered_by_hanzi_pinyin_and_initials(anhui_tea, li_wei, manager, typed):
    assert manager in to_mention(anhui_tea, typed, li_wei.pk)


def test_nobody_is_offered_who_may_not_see_the_customer(anhui_tea, li_wei, manager, chen_jing):
    assert to_mention(anhui_tea, "", li_wei.pk) == [manager]
    assert to_mention(anhui_tea, "chen", li_wei.pk) == []


def test_a_draft_is_kept_once_and_an_empty_one_not_at_all(anhui_tea, li_wei):
    keep_draft(li_wei, anhui_tea, "客户说", {})
    keep_draft(li_wei, anhui_tea, "客户说好", {"next_on": "2026-12-01"})
    draft = Draft.objects.get()
    assert (draft.text, draft.fields) == ("客户说好", {"next_on": "2026-12-01"})
    keep_draft(li_wei, anhui_tea, "  ", {})
    assert not Draft.objects.exists()


def test_drafts_go_to_the_new_owner_below_what_they_wrote(anhui_tea, li_wei, chen_jing):
    keep_draft(li_wei, anhui_tea, "未写完", {})
    reassign_customer(anhui_tea, chen_jing, actor=SYSTEM, on=TODAY)
    assert Draft.objects.get().person == chen_jing
    keep_draft(li_wei, anhui_tea, "我的", {})
    reassign_customer(anhui_tea, li_wei, actor=SYSTEM, on=TODAY)
    assert Draft.objects.get().text == "我的\n\n未写完"
