"""Pinyin is cut into syllables, so that very many names are no burden; what is found stays the same."""

from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from cast import TODAY
from kezhi.accounts.models import Share, User
from kezhi.customers.creating import create_customer
from kezhi.records import registry
from kezhi.workbench.filtering import Filter
from kezhi.workbench.filtering.meaning import Asking
from kezhi.workbench.searching import find, listing, looking_up
from kezhi.workbench.searching.spelling import cuts
from kezhi.workbench.searching.wording import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def names(li_wei):
    made = ("启泽食品有限公司", "食源品冠贸易", "家具世界", "西安茶业", "先锋机械", "谢娜安")
    for name in made:
        create_customer({"name": name}, actor=li_wei, on=TODAY)
    return made


def found(text, by):
    groups = find(text, by=by, kinds=["customer"], most=20).groups
    return {str(registry["customer"].model.objects.get(pk=p.pk)) for g in groups for p in g.places}


def listed(text, by, conditions=()):
    """The customers of a list narrowed by the text."""
    kind = registry["customer"]
    asking = Asking(by, TODAY, ZoneInfo("Asia/Shanghai"))
    narrowed = Filter.of(kind, asking, conditions=conditions, text=text)
    with looking_up(is_wide=narrowed.is_wide):
        return {str(each) for each in narrowed.apply(kind.visible_to(by))}


CASES = {
    "shipin": {"启泽食品有限公司"},  # not who holds shi and pin apart
    "shipi": {"启泽食品有限公司"},
    "qizeshipin": {"启泽食品有限公司"},
    "qizeshipinyouxian": {"启泽食品有限公司"},
    "pinyouxiangongsi": {"启泽食品有限公司"},
    "zeshipinyo": {"启泽食品有限公司"},
    "jiaju": {"家具世界"},
    "jiajushi": {"家具世界"},
    "xianchaye": {"西安茶业"},
    "xian": {"西安茶业", "先锋机械"},
    "xienaan": {"谢娜安"},
    "xiena": {"谢娜安"},
    "xiean": set(),
    "启泽 shipin": {"启泽食品有限公司"},
    "家具 shipin": set(),
}


@pytest.mark.parametrize("typed", CASES)
def test_pinyin_finds_neighbouring_syllables(names, li_wei, typed):
    assert found(typed, li_wei) == CASES[typed]
    assert listed(typed, li_wei) == CASES[typed]


@pytest.mark.parametrize("most", [0, 1, 1000])
@pytest.mark.parametrize("conditions", [(), ("city.empty",)])
def test_a_list_is_the_same_however_many_hold_the_text(
    names, li_wei, monkeypatch, most, conditions
):
    monkeypatch.setattr(listing, "MOST_IDS", most)
    for typed, expected in CASES.items():
        assert listed(typed, li_wei, conditions) == expected
    assert listed("shipin", li_wei, ("city.filled",)) == set()


@pytest.mark.parametrize("most", [0, 1000])
@pytest.mark.parametrize("conditions", [(), ("city.empty",)])
def test_a_list_holds_what_is_shared_however_many_hold_the_text(
    names, chen_jing, monkeypatch, most, conditions
):
    monkeypatch.setattr(listing, "MOST_IDS", most)
    assert listed("shi", chen_jing, conditions) == set()
    world = registry["customer"].model.objects.get(name="家具世界")
    Share.objects.create(customer_id=world.pk, person=chen_jing, since=TODAY)
    assert listed("shi", User.objects.get(pk=chen_jing.pk), conditions) == {"家具世界"}


@pytest.mark.parametrize("typed", ["sh", "xi"])
def test_a_sample_of_the_documents_changes_no_list(names, owner, monkeypatch, typed):
    expected = listed(typed, owner)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE workbench_searchdocument")
        cursor.execute("SELECT count(*) FROM workbench_searchdocument")
        monkeypatch.setattr(listing, "SAMPLE", cursor.fetchone()[0])
    monkeypatch.setattr(listing, "CERTAINLY_MORE", 2)
    with connection.execute_wrapper(asked := Asked()):
        assert listed(typed, owner) == expected != set()
    assert any("TABLESAMPLE" in sql for sql in asked.statements)
    assert not any("unnest" in sql for sql in asked.statements)


def test_a_frequent_word_of_a_list_is_left_to_its_order(names, li_wei, monkeypatch):
    monkeypatch.setattr(listing, "CERTAINLY_MORE", 0)
    with connection.execute_wrapper(asked := Asked()):
        assert listed("shipin", li_wei) == {"启泽食品有限公司"}
    assert not any("unnest" in sql for sql in asked.statements)


class Asked:
    def __init__(self):
        self.statements = []

    def __call__(self, execute, sql, params, many, context):
        self.statements.append(sql)
        return execute(sql, params, many, context)


def test_letters_are_cut_in_every_way_and_in_bounded_time():
    assert set(cuts("xian")) == {("xi", "an"), ("xi", "a", "n"), ("xia", "n")}
    assert cuts("xyz") == ()
    assert len(cuts("an" * 12)) < 5_000
    assert read("an" * 100).terms


def test_a_long_text_is_not_asked_for_pinyin(li_wei):
    remark = next(f for f in registry["customer"].fields if f.kind.name == "LONG_TEXT")
    term = read("shipin").terms[0]
    assert "~" not in term.query({remark.group: frozenset({"prose"})})
    assert "~" in term.query({"general": frozenset({"words"})})
