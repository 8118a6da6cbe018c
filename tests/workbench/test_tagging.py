"""Tags: words on records of any kind, found by hanzi, pinyin and initials, right however many there are."""

import pytest
from django.db import connection

from cast import TODAY
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import create_customer
from kezhi.customers.models import Customer
from kezhi.records import registry
from kezhi.workbench.filtering import Asking, Filter
from kezhi.workbench.models import Tag, Tagging
from kezhi.workbench.tagging import (
    attach,
    change_tag,
    create_tag,
    delete_tag,
    merge_tags,
    suggestions,
    tag_record,
    tags_of,
)

pytestmark = pytest.mark.django_db


def test_a_tag_exists_once_whatever_its_spelling(owner):
    first = create_tag("VIP 客户", actor=owner)
    assert create_tag("  ｖｉｐ  客户 ", actor=owner) == first
    assert Tag.objects.count() == 1


@pytest.mark.parametrize("typed", ["重要", "zhong yao", "zhongyao", "zykh", "ZY"])
def test_a_tag_is_found_as_people_type(owner, typed):
    tag = create_tag("重要客户", actor=owner)
    create_tag("华东", actor=owner)
    assert suggestions(typed, owner) == [tag]


@pytest.mark.parametrize("name", ["", "a,b", "x" * 61, "\x00"])
def test_a_name_that_is_none_is_refused(owner, name):
    with pytest.raises(Refused):
        create_tag(name, actor=owner)


def test_emoji_and_right_to_left_words_are_names(owner):
    for name in ("👩‍💻", "شاي"):
        assert create_tag(name, actor=owner).name == name


def test_who_may_not_edit_the_record_does_not_tag_it(anhui_tea, owner, analyst, chen_jing):
    tag = create_tag("重要", actor=owner)
    for actor in (analyst, chen_jing):
        with pytest.raises(NotAllowed):
            tag_record("customer", anhui_tea, [tag], [], actor=actor)
    assert not Tagging.objects.exists()


def test_two_tags_become_one(anhui_tea, owner, li_wei):
    other = create_customer({"name": "甲"}, actor=li_wei, on=TODAY)
    old, new = create_tag("重点", actor=owner), create_tag("重要", actor=owner)
    tag_record("customer", anhui_tea, [old, new], [], actor=li_wei)
    tag_record("customer", other, [old], [], actor=li_wei)
    merge_tags(old, new, actor=owner)
    assert list(Tag.objects.all()) == [new]
    assert Tagging.objects.filter(tag=new).count() == 2
    with pytest.raises(NotAllowed):
        delete_tag(new, actor=li_wei)
    delete_tag(new, actor=owner)
    assert not Tagging.objects.exists()


def test_a_taken_name_is_merged_not_doubled(owner):
    first, second = create_tag("重要", actor=owner), create_tag("重点", actor=owner)
    with pytest.raises(Refused):
        change_tag(second, name=first.name, colour=1, actor=owner)
    assert change_tag(second, name="关键", colour=3, actor=owner).colour == 3


def test_tags_are_written_with_the_record_and_found_by_the_filter(owner, li_wei, company):
    kind = registry["customer"].seen_by(li_wei)
    tag = create_tag("重要", actor=owner)
    made = kind.create({"name": "甲", "tags": [tag]}, actor=li_wei, on=TODAY)
    other = kind.create({"name": "乙"}, actor=li_wei, on=TODAY)
    assert tags_of("customer", made) == [tag]
    kind.edit(other, {"tags": [tag, Tag(name="新")]}, actor=li_wei, on=TODAY)
    assert {t.name for t in tags_of("customer", other)} == {"重要", "新"}
    kind.edit(other, {"tags": []}, actor=li_wei, on=TODAY)
    asking = Asking(li_wei, TODAY, company.zone)
    found = Filter.of(kind, asking, conditions=[f"tags.any.{tag.pk}"])
    assert list(found.apply(Customer.objects.all())) == [made]
    without = Filter.of(kind, asking, conditions=[f"tags.none.{tag.pk}"])
    assert list(without.apply(Customer.objects.all())) == [other]


def test_a_deleted_record_leaves_no_tags_behind(anhui_tea, owner):
    tag_record("customer", anhui_tea, [create_tag("重要", actor=owner)], [], actor=owner)
    anhui_tea.delete()
    assert not Tagging.objects.exists()


@pytest.mark.parametrize("kind", [k.name for k in registry if k.is_taggable])
def test_every_taggable_kinds_table_lets_tags_go_with_the_record(kind):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_trigger WHERE tgname = 'kezhi_drop_tags'"
            " AND tgrelid = %s::regclass",
            [registry[kind].model._meta.db_table],
        )
        assert cursor.fetchone()[0] == 1


def test_two_hundred_thousand_tags_are_searched_by_index(owner, li_wei, anhui_tea):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO workbench_tag (name, name_key, letters, initials, colour, created_at)"
            " SELECT 'tag ' || n, 'tag ' || n, 'tag' || n, 't' || left(n::text, 1), 0, now()"
            " FROM generate_series(1, 200000) n"
        )
        cursor.execute("ANALYZE workbench_tag")
        cursor.execute(
            "EXPLAIN SELECT * FROM workbench_tag WHERE name_key::text LIKE 'tag 1999%%'"
            " OR letters::text LIKE 'tag 1999%%' OR initials::text LIKE 'tag1999%%'"
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Seq Scan" not in plan
    found = suggestions("tag 19999", li_wei)
    assert [tag.name for tag in found[:1]] == ["tag 19999"]
    assert len(found) <= 8
    tag_record("customer", anhui_tea, found[:2], [], actor=li_wei)
    attach("customer", [anhui_tea])
    assert len(tags_of("customer", anhui_tea)) == 2


def test_the_settings_page_shows_fifty_of_them_and_leads_on(client, owner):
    Tag.objects.bulk_create(
        Tag(name=f"t{n:03}", name_key=f"t{n:03}", letters=f"t{n:03}") for n in range(120)
    )
    client.force_login(owner)
    first = client.get("/settings/tags/").text
    assert "t049" in first
    assert "t050" not in first
    assert "t050" in client.get("/settings/tags/?after=t049%7C0").text
    assert "t119" in client.get("/settings/tags/?q=t119").text
    tag = Tag.objects.get(name="t007")
    client.post(f"/settings/tags/{tag.pk}/", {"deed": "merge", "into": "t008"})
    assert not Tag.objects.filter(name="t007").exists()
