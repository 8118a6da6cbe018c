"""Rows that look like somebody who is there: counted, treated by rule, listed, never lost."""

import pytest

from cast import NOW, TODAY
from kezhi.core.actor import SYSTEM
from kezhi.customers.creating import create_customer
from kezhi.customers.merging import merge_customers
from kezhi.customers.models import Customer, DuplicatePair, DuplicateRules, MatchKey
from kezhi.dataio.importing import check, import_rows, undo_import
from kezhi.dataio.uploading import match_columns, upload

pytestmark = pytest.mark.django_db

FILE = (
    "客户名称,联系电话,城市\n"
    "安茗茶葉（合肥）有限责任公司,,合肥\n"  # like the customer that is there
    "新客户甲,0551 62820000,合肥\n"  # its phone
    "上海鑫源达物流有限公司,021-62821234,上海\n"
    "上海新源达物流公司,,上海\n"  # like the row above
    "毫不相干的公司,13912345678,南京\n"
)


@pytest.fixture(autouse=True)
def uploads(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def anming(li_wei):
    fields = {"name": "合肥安茗茶叶有限公司", "phone": "0551-62820000"}
    return create_customer(fields, actor=li_wei, on=TODAY)


def bring(actor, text=FILE, **rules):
    batch = upload("customer", "a.csv", [text.encode()], actor=actor, on=TODAY)
    if rules:
        match_columns(batch, batch.mapping, rules, actor=actor)
    check(batch, actor=actor, on=TODAY, at=NOW)
    checked = dict(batch.details), batch.created, batch.bad
    batch = import_rows(batch, actor=actor, on=TODAY, at=NOW)
    assert (dict(batch.details), batch.created, batch.bad) == checked
    return batch


def test_by_default_all_come_in_and_the_pairs_are_listed(anming, owner):
    batch = bring(owner)
    assert (batch.created, batch.bad) == (5, 0)
    assert batch.details["likely"] == 3
    assert (batch.details["likely_mark"], batch.details["likely_in_file"]) == (1, 1)
    assert DuplicatePair.objects.filter(batch_id=batch.pk).count() == 3
    assert MatchKey.objects.filter(key="p:13912345678").exists()
    again = bring(owner)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 5)
    assert DuplicatePair.objects.count() == 3
    undo_import(batch, actor=owner, at=NOW)
    assert (Customer.objects.count(), DuplicatePair.objects.count()) == (1, 0)


def test_rows_may_update_who_is_there(anming, owner):
    batch = bring(owner, same_mark="update", like_name="update")
    assert (batch.created, batch.updated) == (2, 1)
    assert batch.details["likely_updated"] == 1
    anming.refresh_from_db()
    assert (anming.name, anming.city) == ("合肥安茗茶叶有限公司", "合肥")
    # The second row for the same customer, and the row like another row, can't update: they are held.
    assert (batch.bad, batch.details["held"]) == (2, 2)
    assert {cause["code"] for cause in batch.causes} == {"like_customer", "like_row"}
    again = bring(owner, same_mark="update", like_name="update")
    assert (again.created, again.updated) == (0, 0)


def test_rows_may_be_left_out_or_held(anming, owner):
    batch = bring(owner, same_mark="hold", like_name="skip")
    assert (batch.created, batch.bad, batch.unchanged) == (2, 1, 2)
    assert (batch.details["left_out"], batch.details["held"]) == (2, 1)


def test_an_unknown_rule_is_the_careful_one(anming, owner):
    assert bring(owner, same_mark="drop table", like_name=True).created == 5


def test_invisible_customers_are_a_number_at_most(anming, manager, organisation):
    manager.department = organisation.south
    manager.team = None
    manager.save()
    batch = bring(manager, like_name="skip")
    assert batch.details["elsewhere"] == 1
    assert batch.details["likely"] == 1  # the two rows of the file
    # Who sees both reviews them all the same.
    assert DuplicatePair.objects.count() == 2
    assert DuplicatePair.objects.visible_to(manager).count() == 0


def test_two_worlds_answer_the_same(li_wei, manager, organisation):
    manager.department = organisation.south
    manager.team = None
    manager.save()
    DuplicateRules.objects.create(pk=1, telling="nothing")

    def answer():
        batch = upload("customer", "a.csv", [FILE.encode()], actor=manager, on=TODAY)
        check(batch, actor=manager, on=TODAY, at=NOW)
        return batch.created, batch.bad, batch.details, batch.causes

    before = answer()
    create_customer(
        {"name": "合肥安茗茶叶有限公司", "phone": "0551-62820000"}, actor=li_wei, on=TODAY
    )
    assert answer() == before


def test_the_code_of_a_merged_customer_still_means_the_survivor(anming, owner):
    other = create_customer({"name": "安茗", "code": "OLD-1"}, actor=SYSTEM, on=TODAY)
    merge_customers(anming, other, actor=owner, at=NOW)
    batch = bring(owner, "客户编号,客户名称\nOLD-1,安茗\n")
    assert (batch.created, batch.updated, batch.unchanged) == (0, 0, 1)
    anming.refresh_from_db()
    assert anming.name == "合肥安茗茶叶有限公司"
