"""The whole base is searched: what was planted is found, what differs isn't, what was dismissed stays so."""

import random

import pytest

from cast import NOW, TODAY
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import NotAllowed
from kezhi.customers.creating import create_customer, edit_customer
from kezhi.customers.deduplicating_pairs import Pairs, components
from kezhi.customers.deduplicating_scan import find_duplicates
from kezhi.customers.matching import name_keys
from kezhi.customers.merging import dismiss_pair, merge_customers
from kezhi.customers.models import Customer, DuplicatePair, MatchKey, Standing

pytestmark = pytest.mark.django_db

PLANTED = [
    ({"name": "合肥安茗茶叶有限公司"}, {"name": "安茗茶葉（合肥）有限责任公司"}),
    ({"name": "上海鑫源达物流有限公司"}, {"name": "上海新源达物流公司"}),
    ({"name": "宁波远洋国际货运代理有限公司"}, {"name": "宁波市远洋国际货运代理"}),
    ({"name": "Siemens Mobility GmbH"}, {"name": "SIEMENS MOBILITY G.m.b.H."}),
    (
        {"name": "徽州茶行", "phone": "0559-2312345"},
        {"name": "黄山徽茶", "phone": "+86 559 2312345"},
    ),
    (
        {"name": "甲乙丙实业", "email": "cg@jyb.cn"},
        {"name": "丁戊己商贸", "email": "CG@jyb.cn"},
    ),
]
STRANGERS = [
    "合肥中天物流有限公司", "合肥华天物流有限公司", "南京安茗茶叶有限公司", "顺丰速运有限公司",
    "顺丰速运有限公司合肥分公司", "上海大众食品有限公司", "上海大成食品有限公司",
]  # fmt: skip


@pytest.fixture
def base(li_wei):
    pairs = set()
    for one, other in PLANTED:
        ids = [create_customer(each, actor=li_wei, on=TODAY).pk for each in (one, other)]
        pairs.add(tuple(ids))
    for name in STRANGERS:
        create_customer({"name": name}, actor=li_wei, on=TODAY)
    for _twice in range(2):  # people of one name are no pair
        create_customer({"name": "王伟", "form": "person"}, actor=li_wei, on=TODAY)
    return pairs


def listed():
    return set(DuplicatePair.objects.open().values_list("first_id", "second_id"))


def test_what_was_planted_is_found_and_nothing_else(base, owner):
    MatchKey.objects.all().delete()  # as in a base that is older than the keys
    result = find_duplicates(actor=owner)
    assert listed() == base
    assert (result["found"], result["new"], result["oversized"]) == (len(base), len(base), 0)
    assert find_duplicates(actor=owner)["new"] == 0


def test_a_dismissed_pair_is_not_found_again_and_a_corrected_one_goes(base, owner, li_wei):
    find_duplicates(actor=owner)
    pair = DuplicatePair.objects.get(first__name="徽州茶行")
    dismiss_pair(pair, actor=owner, at=NOW)
    other = DuplicatePair.objects.get(first__name="甲乙丙实业")
    edit_customer(other.second, {"email": "x@y.cn"}, actor=li_wei, on=TODAY)
    assert find_duplicates(actor=owner)["gone"] == 1
    assert (pair.first_id, pair.second_id) not in listed()
    assert len(listed()) == len(base) - 2


def test_three_of_a_kind_are_one_group(owner, li_wei):
    ids = [
        create_customer({"name": name}, actor=li_wei, on=TODAY).pk
        for name in ("合肥安茗茶叶有限公司", "安茗茶叶(合肥)公司", "合肥安茗茶业有限公司")
    ]
    Standing.objects.filter(pk=ids[0]).update(realised_value=100, potential_value=50)
    find_duplicates(actor=owner)
    assert set(DuplicatePair.objects.values_list("group", flat=True)) == {ids[0]}
    assert DuplicatePair.objects.order_by("-stake").first().stake == 150
    found = Customer.objects.in_bulk(ids)
    one, other, third = (found[pk] for pk in ids)
    merge_customers(one, other, actor=owner, at=NOW)
    assert listed() == {(one.pk, third.pk)}


def test_only_who_reviews_for_a_department_searches(li_wei, manager, analyst):
    for actor in (li_wei, analyst):
        with pytest.raises(NotAllowed):
            find_duplicates(actor=actor)
    assert find_duplicates(actor=manager)["found"] == 0


def test_pairs_are_seen_by_who_sees_both(base, owner, manager, li_wei, chen_jing):
    find_duplicates(actor=owner)
    assert DuplicatePair.objects.visible_to(manager).count() == len(base)
    assert DuplicatePair.objects.visible_to(li_wei).count() == len(base)
    assert DuplicatePair.objects.visible_to(chen_jing).count() == 0
    pair = DuplicatePair.objects.first()
    Customer.objects.filter(pk=pair.second_id).update(owner=chen_jing, team=None, department=None)
    assert DuplicatePair.objects.visible_to(manager).count() == len(base) - 1


def test_a_mark_that_many_share_is_counted_not_listed():
    pairs = Pairs()
    pairs.add_marks("p:055162820000", [(number, "") for number in range(50)])
    pairs.add_names([(number, "茶业") for number in range(900)])
    assert (pairs.oversized, list(pairs.found())) == (2, [])


def test_recall_and_precision_on_planted_near_duplicates():
    rng = random.Random(7)
    brands = [a + b for a in "安鑫华远中恒盛德" for b in "茗源达洋泰通顺和"]
    trades = ["茶叶", "物流", "电子科技", "食品", "国际贸易"]
    names, planted = [], set()
    for number in range(800):
        place, brand, trade = (
            rng.choice(["合肥", "上海", "宁波"]),
            rng.choice(brands),
            rng.choice(trades),
        )
        key = (place, brand + rng.choice("一二三四五六七八") + str(number % 40), trade)
        names.append((f"{key[0]}{key[1]}{key[2]}有限公司", key))
    unique = dict.fromkeys(names)
    records = [(number, name) for number, (name, _key) in enumerate(unique)]
    for number, (_name, (place, brand, trade)) in enumerate(list(unique)[:60]):
        records.append((10_000 + number, f"{brand}{trade}（{place}）股份有限公司"))
        planted.add((number, 10_000 + number))
    pairs = Pairs()
    by_brand = {}
    for record, name in records:
        for key in name_keys(name):
            by_brand.setdefault(key, []).append((record, name))
    for group in by_brand.values():
        if len(group) > 1:
            pairs.add_names(group)
    found = {pair for pair, _score, _reasons in pairs.found()}
    assert len(found & planted) / len(planted) >= 0.98
    assert len(found & planted) / len(found) >= 0.9


def test_what_hangs_together():
    assert components([(5, 9), (2, 5), (7, 8)]) == {5: 2, 9: 2, 2: 2, 7: 7, 8: 7}


def test_the_system_searches(base):
    assert find_duplicates(actor=SYSTEM)["found"] == len(base)
