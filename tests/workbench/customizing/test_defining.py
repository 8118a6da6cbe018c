"""Fields of the company's own: what a definition must say, and what becomes of entries."""

from datetime import date
from decimal import Decimal

import pytest

from cast import TODAY
from kezhi.audit.models import Entry
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import create_customer, edit_customer
from kezhi.customers.models import Customer
from kezhi.records import registry
from kezhi.workbench.customizing import carrying_out, defining, linking
from kezhi.workbench.holding import held

pytestmark = pytest.mark.django_db


def define(owner, label="年采购预算", kind="money", on="customer", **more):
    given = {
        "label_zh": label,
        "purpose": "拜访前准备",
        "data_class": "business",
        "field_kind": kind,
    }
    return defining.define_field(on, {**given, **more}, actor=owner, on=TODAY)


def test_a_field_is_there_at_once_and_keeps_exact_entries(owner, anhui_tea, li_wei):
    field = define(owner, label_en="Annual budget", decimals=2)
    assert field.key == "c_annual_budget"
    amount = Decimal("9999999999999.99")
    edit_customer(anhui_tea, {field.key: amount}, actor=li_wei, on=TODAY)
    again = Customer.objects.get(pk=anhui_tea.pk)
    assert held(again, registry["customer"].field(field.key)) == amount


def test_a_chinese_label_alone_makes_a_key(owner):
    assert define(owner).key == "c_nian_cai_gou_yu_suan"
    assert define(owner).key == "c_nian_cai_gou_yu_suan_2"


@pytest.mark.parametrize(
    "wrong",
    [
        {"purpose": " "},
        {"data_class": ""},
        {"label_zh": "", "label_en": ""},
        {"field_kind": "tier"},
        {"field_kind": "choice", "choices": []},
        {"field_kind": "link", "link": "nothing"},
        {"group": "secret"},
        {"decimals": 9},
        {"key": "name"},
    ],
)
def test_a_definition_that_lacks_something_is_refused(owner, wrong):
    with pytest.raises(Refused):
        define(owner, **{"field_kind": "money", **wrong})


def test_only_who_may_defines(li_wei):
    with pytest.raises(NotAllowed):
        define(li_wei)


def test_the_deed_is_in_the_audit(owner):
    define(owner)
    assert Entry.objects.get(deed="custom_field.defined").detail["kind"] == "customer"


ENTRIES = [
    ("text", "A", "A"),
    ("long_text", "一\n二", "一\n二"),
    ("integer", 12, 12),
    ("quantity", Decimal("1.255"), Decimal("1.26")),
    ("share", Decimal("0.125"), Decimal("0.13")),
    ("date", date(2026, 3, 1), date(2026, 3, 1)),
    ("boolean", True, True),
    ("phone", "13800001111", "13800001111"),
    ("email", "a@example.com", "a@example.com"),
    ("url", "https://example.com", "https://example.com"),
]


@pytest.mark.parametrize(("kind", "given", "kept"), ENTRIES)
def test_every_kind_keeps_its_entry_and_forgets_it(owner, anhui_tea, li_wei, kind, given, kept):
    field = define(owner, kind=kind)
    edit_customer(anhui_tea, {field.key: given}, actor=li_wei, on=TODAY)
    record = Customer.objects.get(pk=anhui_tea.pk)
    declared = registry["customer"].field(field.key)
    assert held(record, declared) == kept
    found = Customer.objects.alias(**{field.key: declared.expression})
    assert found.filter(**{field.key: kept}).get() == record
    edit_customer(record, {field.key: None}, actor=li_wei, on=TODAY)
    assert field.key not in Customer.objects.get(pk=record.pk).custom


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("integer", Decimal("1.5")), ("money", "abc"), ("money", Decimal(10) ** 14),
        ("money", Decimal("NaN")), ("date", "2026-02-30"), ("boolean", "yes"),
        ("url", "javascript://alert(1)"), ("email", "nobody"), ("text", "x" * 201), ("text", 5),
        ("person", 10**9), ("phone", ["1"]),
    ],
)  # fmt: skip
def test_what_is_no_entry_is_refused_by_the_deed(owner, anhui_tea, li_wei, kind, given):
    field = define(owner, kind=kind)
    with pytest.raises(Refused, match="年采购预算"):
        edit_customer(anhui_tea, {field.key: given}, actor=li_wei, on=TODAY)
    assert Customer.objects.get(pk=anhui_tea.pk).custom == {}


def test_choices_are_kept_by_keys_that_stay(owner, anhui_tea, li_wei):
    choices = [{"zh": "金", "en": "Gold"}, {"zh": "银", "en": ""}]
    field = define(owner, kind="multi_choice", choices=choices)
    assert [each["key"] for each in field.choices] == ["gold", "yin"]
    edit_customer(anhui_tea, {field.key: ["yin", "gold"]}, actor=li_wei, on=TODAY)
    assert Customer.objects.get(pk=anhui_tea.pk).custom[field.key] == ["gold", "yin"]
    with pytest.raises(Refused):
        edit_customer(anhui_tea, {field.key: ["bronze"]}, actor=li_wei, on=TODAY)
    renamed = [{"key": "yin", "zh": "白银", "en": ""}, {"key": "gold", "zh": "黄金", "en": ""}]
    defining.change_field(field, {"choices": renamed}, actor=owner, on=TODAY)
    with pytest.raises(Refused, match="rename"):
        defining.change_field(field, {"choices": renamed[:1]}, actor=owner, on=TODAY)


def test_neither_key_nor_kind_ever_change(owner):
    field = define(owner)
    for fixed in ({"key": "c_other"}, {"field_kind": "text"}):
        with pytest.raises(Refused):
            defining.change_field(field, fixed, actor=owner, on=TODAY)


def test_names_that_are_no_field_are_refused(anhui_tea, li_wei):
    for name in ("c_nothing", "custom", "pk", "version", "__class__", "save"):
        with pytest.raises(Refused):
            edit_customer(anhui_tea, {name: 99}, actor=li_wei, on=TODAY)


def test_a_required_field_is_demanded_of_new_records_only(owner, anhui_tea, li_wei):
    field = define(owner, is_required=True)
    with pytest.raises(Refused):
        create_customer({"name": "新客户"}, actor=li_wei, on=TODAY)
    edit_customer(anhui_tea, {"city": "芜湖"}, actor=li_wei, on=TODAY)
    edit_customer(anhui_tea, {field.key: Decimal(3)}, actor=li_wei, on=TODAY)
    with pytest.raises(Refused):
        edit_customer(anhui_tea, {field.key: None}, actor=li_wei, on=TODAY)
    create_customer({"name": "新客户", field.key: Decimal(0)}, actor=li_wei, on=TODAY)


def test_a_link_says_nothing_of_a_record_that_one_may_not_see(owner, anhui_tea, li_wei, chen_jing):
    field = define(owner, kind="link", link="customer")
    theirs = create_customer({"name": "机密客户"}, actor=chen_jing, on=TODAY)
    with pytest.raises(Refused):
        edit_customer(anhui_tea, {field.key: theirs}, actor=li_wei, on=TODAY)
    edit_customer(anhui_tea, {field.key: theirs}, actor=owner, on=TODAY)
    declared = registry["customer"].field(field.key)
    for actor, seen in ((li_wei, None), (owner, theirs)):
        record = Customer.objects.get(pk=anhui_tea.pk)
        linking.attach([record], [declared], actor)
        assert held(record, declared) == seen


def test_links_of_a_page_cost_one_query(owner, li_wei, django_assert_num_queries):
    other, person = define(owner, kind="link", link="customer"), define(owner, kind="person")
    first = create_customer({"name": "甲"}, actor=li_wei, on=TODAY)
    given = {other.key: first, person.key: li_wei}
    for name in "乙丙丁":
        create_customer({"name": name, **given}, actor=li_wei, on=TODAY)
    kind = registry["customer"]
    fields = [kind.field(other.key), kind.field(person.key)]
    records = list(Customer.objects.exclude(pk=first.pk))
    with django_assert_num_queries(2):
        linking.attach(records, fields, owner)
        assert all(held(record, fields[0]) == first for record in records)
        assert all(held(record, fields[1]) == li_wei for record in records)


def test_a_retired_field_vanishes_and_comes_back_with_its_entries(owner, anhui_tea, li_wei):
    field = define(owner)
    edit_customer(anhui_tea, {field.key: Decimal(5)}, actor=li_wei, on=TODAY)
    defining.retire_field(field, actor=owner, on=TODAY)
    assert field.key not in registry["customer"]
    with pytest.raises(Refused):
        edit_customer(anhui_tea, {field.key: Decimal(6)}, actor=li_wei, on=TODAY)
    edit_customer(anhui_tea, {"city": "芜湖"}, actor=li_wei, on=TODAY)
    defining.restore_field(field, actor=owner, on=TODAY)
    record = Customer.objects.get(pk=anhui_tea.pk)
    assert held(record, registry["customer"].field(field.key)) == Decimal(5)


def test_deleting_takes_the_entries_along(owner, anhui_tea, li_wei):
    field, other = define(owner), define(owner, "备注二", "text")
    edit_customer(anhui_tea, {field.key: Decimal(5), other.key: "留"}, actor=li_wei, on=TODAY)
    with pytest.raises(Refused):
        defining.queue_deletion(field, actor=owner)
    defining.retire_field(field, actor=owner, on=TODAY)
    carrying_out.delete_field(field.pk, actor=owner)
    assert Customer.objects.get(pk=anhui_tea.pk).custom == {other.key: "留"}
    assert field.key not in registry["customer"]


def test_the_application_makes_the_index_that_a_list_is_sorted_by(owner):
    from django.db import connection

    field = define(owner, is_sortable=True)
    carrying_out.index_field(field.pk, actor=owner)
    field.refresh_from_db()
    assert field.is_indexed
    expression = registry["customer"].field(field.key).expression
    rows = Customer.objects.alias(**{field.key: expression}).order_by(field.key, "pk")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
    assert f"_{field.key}_u" in rows[:50].explain()
    defining.change_field(field, {"is_sortable": False}, actor=owner, on=TODAY)
    carrying_out.index_field(field.pk, actor=owner)
    field.refresh_from_db()
    assert not field.is_indexed


def test_the_index_function_takes_nothing_but_custom_fields(db):
    from django.db import DatabaseError, connection, transaction

    for table, key in (
        ("accounts_user", "c_a"),
        ("customers_customer", "name"),
        ("customers_customer", "c_a') , (pg_sleep(9)"),
        ("customers_customer; drop table x", "c_a"),
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT kezhi_make_custom_index(%s, %s, 'text', true)", [table, key])


def test_a_definition_taken_back_leaves_no_trace_in_the_process(owner):
    from django.db import transaction

    with transaction.atomic():
        field = define(owner)
        assert field.key in registry["customer"]
        transaction.set_rollback(True)
    later = define(owner, "另一个", "text")
    assert field.key not in registry["customer"]
    assert later.key in registry["customer"]


def test_the_system_may_define(company):
    assert define(SYSTEM).pk


def test_a_role_that_only_reads_a_group_doesn_t_write_its_fields(owner, anhui_tea, li_wei):
    field = define(owner, group="money")
    role = li_wei.roles.get()
    role.field_rules = {"customer": {"money": "read"}}
    role.save()
    with pytest.raises(NotAllowed):
        edit_customer(
            anhui_tea, {field.key: 5}, actor=type(li_wei).objects.get(pk=li_wei.pk), on=TODAY
        )
