"""Everyone is found by what people type, and only by those who may know of them."""

import pytest

from cast import TODAY
from kezhi.core.actor import SYSTEM
from kezhi.customers.creating import (
    create_contact,
    create_customer,
    delete_customer,
    edit_customer,
    reassign_customer,
)
from kezhi.workbench.searching import find

pytestmark = pytest.mark.django_db


def names(text, by, **options):
    """The titles of what is found, by kind, in order."""
    from kezhi.records import registry

    found = find(text, by=by, **options)
    titles = {}
    for group in found.groups:
        rows = registry[group.kind.name].model._base_manager.in_bulk([p.pk for p in group.places])
        titles[group.kind.name] = [str(rows[place.pk]) for place in group.places]
    return titles


def customers(text, by, **options):
    return names(text, by, kinds=["customer"], **options).get("customer", [])


@pytest.fixture
def tea(li_wei):
    return create_customer(
        {
            "name": "安徽茶业（集团）有限公司",
            "code": "C-00042",
            "credit_code": "91340100MA2N0T7C0M",
            "tax_id": "340100-7788",
            "phone": "0551-62820000 / +86 138 1234 6027",
            "email": "Cai.Gou@anhuitea.example",
        },
        actor=li_wei,
        on=TODAY,
    )


@pytest.mark.parametrize(
    "typed",
    [
        "茶业",
        "安徽茶业",
        "茶业集团",
        "安徽茶业（集团）有限公司",
        "安徽茶業",
        "anhui",
        "anhuichaye",
        "chaye",
        "anh",
        "ahcy",
        "cyjt",
        "AHCY",
        "ａｎｈｕｉ",
        "C-00042",
        "c00042",
        "42",
        "13812346027",
        "138 1234 6027",
        "+86 13812346027",
        "1234",
        "6027",
        "62820000",
        "cai.gou@anhuitea.example",
        "@anhuitea",
        "anhuitea.example",
        "gou",
        "91340100MA2N0T7C0M",
        "91340100ma2n",
        "340100-77",
        "安徽 6027",
        "茶业 cai",
    ],
)
def test_a_customer_is_found_by_any_part_of_it(tea, li_wei, typed):
    assert customers(typed, li_wei) == [tea.name]


@pytest.mark.parametrize(
    "typed", ["茶叶", "安徽 9999", "zzz", "", "   ", "（）", "?", "%", "_", "'"]
)
def test_what_isnt_there_isnt_found(tea, li_wei, typed):
    assert customers(typed, li_wei) == []


@pytest.mark.parametrize("typed", ["sun shan", "shandan", "dandan", "sd", "dd", "单"])
def test_both_readings_of_a_surname_find_it(li_wei, typed):
    person = create_customer({"name": "单丹", "form": "person"}, actor=li_wei, on=TODAY)
    expected = [] if typed == "sun shan" else [person.name]
    assert customers(typed, li_wei) == expected


@pytest.mark.parametrize("typed", ["chongqing", "zhongqing", "cqca", "重庆", "changan", "lv", "lu"])
def test_a_place_is_read_as_it_is_spoken(li_wei, typed):
    name = "吕氏商行" if typed in ("lv", "lu") else "重庆长安汽车"
    create_customer({"name": name}, actor=li_wei, on=TODAY)
    assert customers(typed, li_wei) == [name]


def test_latin_names_are_found_by_words_without_accents(li_wei):
    create_customer({"name": "Müller Logistik GmbH"}, actor=li_wei, on=TODAY)
    for typed in ("muller", "Müller", "logi", "gmbh mül", "MÜLLER LOGISTIK"):
        assert customers(typed, li_wei) == ["Müller Logistik GmbH"]


def test_an_exact_name_stands_before_its_beginning_and_that_before_the_rest(li_wei):
    for name in ("苏州恒泰贸易", "恒泰贸易", "恒泰"):
        create_customer({"name": name}, actor=li_wei, on=TODAY)
    assert customers("恒泰", li_wei) == ["恒泰", "恒泰贸易", "苏州恒泰贸易"]
    assert customers("hengtai", li_wei) == ["恒泰", "恒泰贸易", "苏州恒泰贸易"]
    assert customers("ht", li_wei) == ["恒泰", "恒泰贸易", "苏州恒泰贸易"]


def test_of_equals_the_better_tier_stands_first_for_whom_may_know_it(li_wei):
    from kezhi.accounts.models import Role, User

    for name, tier in (("恒泰一", "C"), ("恒泰二", "A"), ("恒泰三", "")):
        made = create_customer({"name": name}, actor=li_wei, on=TODAY)
        type(made.standing).objects.filter(pk=made.pk).update(tier=tier)
    assert customers("恒泰", li_wei) == ["恒泰二", "恒泰一", "恒泰三"]
    Role.objects.filter(key="salesperson").update(field_rules={"customer": {"value": "hidden"}})
    assert customers("恒泰", User.objects.get(pk=li_wei.pk)) == ["恒泰三", "恒泰二", "恒泰一"]


def test_a_contact_an_order_and_a_word_of_a_call_lead_to_the_customer(tea, li_wei):
    from datetime import UTC, datetime

    from kezhi.customers.models import Interaction
    from kezhi.ledger.models import Order
    from kezhi.workbench.searching.filling import close_gaps

    create_contact(
        {"customer": tea, "name": "曾小贤", "phone": "13900001234"}, actor=li_wei, on=TODAY
    )
    Interaction.objects.create(
        customer=tea, text="客户抱怨冷链温度超标", at=datetime(2026, 1, 1, tzinfo=UTC), **tea.place
    )
    Order.objects.create(
        number="SO-20250131-07", customer=tea, ordered_on=TODAY, currency="CNY", **tea.place
    )
    close_gaps()
    assert names("曾小贤", li_wei) == {"contact": ["曾小贤"]}
    for typed in ("zengxiaoxian", "cengxiaoxian", "zengxx", "zxx", "cxx", "xiaoxian", "小贤"):
        assert names(typed, li_wei) == {"contact": ["曾小贤"]}
    assert names("0000123", li_wei) == {"contact": ["曾小贤"]}
    assert names("冷链", li_wei) == {"interaction": ["客户抱怨冷链温度超标"]}
    assert names("so20250131", li_wei) == {"order": ["SO-20250131-07"]}
    assert names("20250131-07", li_wei) == {"order": ["SO-20250131-07"]}


# ---- who may find it ----


def test_a_stranger_finds_nothing_and_counts_nothing(tea, chen_jing, manager, agent):
    assert find("茶业", by=chen_jing).total == 0
    assert customers("茶业", manager) == [tea.name]
    assert customers("茶业", agent) == [tea.name]


def test_a_stand_in_and_who_was_given_a_share_find_it(tea, chen_jing, li_wei):
    from kezhi.accounts.models import Delegation, Share, User

    Share.objects.create(customer_id=tea.pk, person=chen_jing, since=TODAY)
    assert customers("茶业", User.objects.get(pk=chen_jing.pk)) == [tea.name]
    Share.objects.all().delete()
    Delegation.objects.create(principal=li_wei, delegate=chen_jing, since=TODAY)
    assert customers("茶业", User.objects.get(pk=chen_jing.pk)) == [tea.name]


def test_another_owner_finds_it_at_once_and_the_former_no_more(tea, li_wei, chen_jing, owner):
    create_contact({"customer": tea, "name": "曾小贤"}, actor=li_wei, on=TODAY)
    reassign_customer(tea, chen_jing, actor=owner, on=TODAY)
    assert names("茶业", li_wei) == names("曾小贤", li_wei) == {}
    assert customers("茶业", chen_jing) == [tea.name]
    assert names("曾小贤", chen_jing) == {"contact": ["曾小贤"]}


@pytest.mark.parametrize("access", ["hidden", "masked"])
@pytest.mark.parametrize(
    ("group", "typed"),
    [("reach", "13812346027"), ("reach", "6027"), ("reach", "caigou"), ("reach", "cai"),
     ("reach", "@anhuitea"), ("identity", "91340100MA2N0T7C0M"), ("identity", "3401007788")],
)  # fmt: skip
def test_nobody_finds_by_what_they_may_not_know(tea, li_wei, group, typed, access):
    from kezhi.accounts.models import Role, User

    Role.objects.filter(key="salesperson").update(field_rules={"customer": {group: access}})
    blind = User.objects.get(pk=li_wei.pk)
    assert find(typed, by=blind).total == 0
    assert customers("茶业", blind) == [tea.name]


def test_a_kind_that_the_role_does_not_read_is_not_searched(tea, li_wei):
    from kezhi.accounts.models import Role, User

    role = Role.objects.get(key="salesperson")
    role.grants["customer"] = {}
    role.save()
    assert find("茶业", by=User.objects.get(pk=li_wei.pk)).total == 0


# ---- documents follow ----


def test_an_edit_a_rename_by_sql_and_a_deletion_are_followed(tea, li_wei, owner):
    from kezhi.customers.models import Customer
    from kezhi.workbench.searching.filling import close_gaps

    edit_customer(tea, {"name": "黄山毛峰有限公司"}, actor=li_wei, on=TODAY)
    assert customers("安徽", li_wei) == []
    assert customers("huangshan", li_wei) == ["黄山毛峰有限公司"]
    Customer.objects.filter(pk=tea.pk).update(name="祁门红茶")
    close_gaps()
    assert customers("祁门", li_wei) == ["祁门红茶"]
    delete_customer(Customer.objects.get(pk=tea.pk), actor=owner, on=TODAY)
    assert find("祁门", by=SYSTEM).total == 0


def test_rows_that_came_in_sets_are_found_when_the_job_has_run(tea, li_wei):
    from kezhi.customers.models import Customer
    from kezhi.workbench.models import SearchDocument, SearchGap
    from kezhi.workbench.searching import filling

    with filling.noting_gaps_in_sets():
        made = Customer.objects.bulk_create(
            Customer(code=f"N-{n}", name=f"新客户{n}", name_key="x", **tea.place) for n in range(40)
        )
    assert not SearchGap.objects.exists()
    filling.note_gaps([("customers_customer", made[0].pk, made[-1].pk)])
    assert filling.is_behind()
    assert filling.close_gaps() == 40
    assert not filling.is_behind()
    assert customers("新客户7", li_wei) == ["新客户7"]
    assert SearchDocument.objects.filter(kind="customer").count() == 41


def test_the_nightly_check_finds_what_is_missing_and_what_is_left_over(tea, li_wei):
    from kezhi.workbench.models import SearchDocument
    from kezhi.workbench.searching import filling

    SearchDocument.objects.filter(kind="customer").update(object_id=tea.pk + 1_000_000)
    assert filling.check_counts() == {"customer": (1, 1)}
    filling.close_gaps()
    assert customers("茶业", li_wei) == [tea.name]
    assert filling.check_counts() == {}


def test_everything_can_be_written_anew(tea, li_wei):
    from kezhi.workbench.models import SearchDocument
    from kezhi.workbench.searching import filling

    before = set(SearchDocument.objects.values_list("kind", "object_id", "keys"))
    SearchDocument.objects.all().delete()
    filling.rebuild()
    assert set(SearchDocument.objects.values_list("kind", "object_id", "keys")) == before
    assert customers("茶业", li_wei) == [tea.name]


def test_the_database_watches_what_the_declarations_say():
    from kezhi.workbench.searching.following import unfollowed

    assert unfollowed() == []


# ---- whatever is typed ----


@pytest.mark.parametrize(
    "typed",
    ["茶" * 300, "x" * 1_000_000, "a b " * 1000, "茶业\0", "🍵", "🍵茶业", "‮茶业", "שלום", "مرحبا",
     "茶业'); DROP TABLE--", "\\", "':*", "茶:*", "!", "&|()", "%_%", "\n\t", "0" * 500, "茶業 " * 50,
     "@", "@@@@", "-", "ﬁ", "Ⅷ", "ß", "İ", "é" * 200, "ㄅㄆㄇ", "한국", "カタカナ"],
)  # fmt: skip
def test_any_text_is_answered_soon(tea, li_wei, typed, django_assert_max_num_queries):
    import time

    began = time.monotonic()
    # Whom one stands in for; twice an estimate and, around the look-up, a savepoint with its setting.
    with django_assert_max_num_queries(13):
        find(typed, by=li_wei)
    assert time.monotonic() - began < 1


# ---- nearly ----


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("张伟", "张维"),  # the input method's other choice
        ("张伟", "章伟"),
        ("安徽茶业有限公司", "安微茶业"),
        ("安徽茶业有限公司", "安徽查业"),
        ("张伟", "zangwei"),
        ("陈静", "chengjing"),
        ("刘娜", "niuna"),
        ("张伟", "zhnagwei"),
        ("张伟", "zhanwei"),
        ("张伟", "zhagwei"),
        ("安徽茶业有限公司", "anhuichaie"),
        ("Müller Logistik", "muler"),
    ],
)
def test_what_is_nearly_so_is_suggested(li_wei, chen_jing, name, typed):
    from kezhi.workbench.searching.likeness import similar

    made = create_customer({"name": name}, actor=li_wei, on=TODAY)
    create_customer({"name": "宁波海天塑料"}, actor=li_wei, on=TODAY)
    assert find(typed, by=li_wei).total == 0
    assert [place.pk for place in similar(typed, by=li_wei)] == [made.pk]
    assert similar(typed, by=chen_jing) == []


def test_nothing_is_suggested_for_a_number_or_for_what_is_quite_different(tea, li_wei):
    from kezhi.workbench.searching.likeness import similar

    for typed in ("13812346028", "深圳电子", "xyzzy", "", "茶" * 200, "q" * 100_000):
        assert similar(typed, by=li_wei) == []


def test_two_worlds_that_differ_in_what_is_hidden_answer_alike(li_wei):
    from kezhi.accounts.models import Role, User
    from kezhi.workbench.searching.likeness import similar

    Role.objects.filter(key="salesperson").update(
        field_rules={"customer": {"reach": "hidden", "identity": "masked"}}
    )
    made = create_customer({"name": "恒泰贸易"}, actor=li_wei, on=TODAY)
    blind = User.objects.get(pk=li_wei.pk)
    typed = ("恒泰", "13812346027", "6027", "hengtai", "ht", "@acme.cn", "acme", "9134", "恒太")

    def answers():
        return [
            (find(t, by=blind).groups, find(t, by=blind).total, similar(t, by=blind)) for t in typed
        ]

    before = answers()
    edit_customer(
        made,
        {"phone": "13812346027", "email": "hengtai@acme.cn", "credit_code": "91340100MA2N0T7C0M"},
        actor=SYSTEM,
        on=TODAY,
    )
    assert answers() == before


def test_what_is_new_is_found_while_it_waits_and_when_it_is_sorted_in(tea, li_wei):
    from kezhi.workbench.searching import filling

    assert customers("茶业", li_wei) == [tea.name]
    assert filling.sort_in() > 0
    assert customers("茶业", li_wei) == [tea.name]
    assert filling.sort_in() == 0
