"""Computed fields: always what their formula says, whoever wrote the inputs and however."""

import random
from decimal import Decimal

import pytest

from cast import TODAY
from kezhi.core.refusal import Refused
from kezhi.customers.creating import create_customer, edit_customer
from kezhi.customers.models import Customer, Standing
from kezhi.records import registry
from kezhi.workbench.customizing import carrying_out, computing, defining
from kezhi.workbench.holding import held

pytestmark = pytest.mark.django_db


@pytest.fixture
def define(owner):
    def one(key, kind="quantity", on="customer", **more):
        given = {"label_en": key, "purpose": "试算", "data_class": "business", "field_kind": kind}
        return defining.define_field(on, {**given, **more}, actor=owner, on=TODAY)

    return one


def entry(record, key):
    return held(Customer.objects.get(pk=record.pk), registry["customer"].field(key))


def test_it_follows_what_is_written(define, anhui_tea, li_wei):
    define("budget", "money")
    define("paid", "money")
    done = define("done", "share", formula="c_paid / c_budget", decimals=1)
    edit_customer(
        anhui_tea, {"c_budget": Decimal(400), "c_paid": Decimal(100)}, actor=li_wei, on=TODAY
    )
    assert entry(anhui_tea, done.key) == Decimal("0.25")
    edit_customer(anhui_tea, {"c_budget": Decimal(0)}, actor=li_wei, on=TODAY)
    assert entry(anhui_tea, done.key) is None


def test_nobody_writes_it(define, anhui_tea, li_wei):
    done = define("done", formula="payment_days * 2")
    with pytest.raises(Refused, match="computed"):
        edit_customer(anhui_tea, {done.key: Decimal(1)}, actor=li_wei, on=TODAY)


def test_one_formula_reads_another_in_the_right_order(define, anhui_tea, li_wei):
    define("x")
    define("later", formula="c_x * 2")
    define("last", formula="c_later + c_x")
    edit_customer(anhui_tea, {"c_x": Decimal(3)}, actor=li_wei, on=TODAY)
    assert entry(anhui_tea, "c_last") == Decimal(9)


def test_a_circle_is_refused(define, owner):
    define("x")
    first = define("first", formula="c_x * 2")
    second = define("second", formula="c_first + 1")
    for circle in ("c_first", "c_second - 1"):
        with pytest.raises(Refused):
            defining.change_field(first, {"formula": circle}, actor=owner, on=TODAY)
    with pytest.raises(Refused, match="second"):
        defining.retire_field(first, actor=owner, on=TODAY)
    defining.retire_field(second, actor=owner, on=TODAY)


def test_the_type_of_the_outcome_must_fit(define):
    for kind, formula in (("date", "1 + 1"), ("money", "'x' + 'y'"), ("choice", "tier")):
        with pytest.raises(Refused):
            define("odd", kind, formula=formula)


def test_what_the_database_keeps_itself_can_t_be_named(define):
    for name in ("created_at", "owner", "version", "name_key"):
        with pytest.raises(Refused, match="no field"):
            define("odd", formula=f"len({name})")


def test_a_new_customer_has_the_standing_it_begins_with(define, li_wei):
    field = define("orders", "integer", formula="coalesce(occasions, -1) + 1")
    customer = create_customer({"name": "新客户"}, actor=li_wei, on=TODAY)
    before = entry(customer, field.key)
    carrying_out.recompute("customer", actor=li_wei)
    assert entry(customer, field.key) == before


def test_the_job_brings_all_up_to_date(define, owner, anhui_tea):
    field = define("orders", "integer", formula="occasions * 2")
    Standing.objects.filter(customer=anhui_tea).update(occasions=21)
    version = Customer.objects.get(pk=anhui_tea.pk).version
    assert carrying_out.recompute("customer", actor=owner) == 1
    assert entry(anhui_tea, field.key) == 42
    assert Customer.objects.get(pk=anhui_tea.pk).version == version
    assert carrying_out.recompute("customer", actor=owner) == 0


@pytest.mark.parametrize("seed", range(5))
def test_written_is_always_what_a_recomputation_gives(define, owner, anhui_tea, li_wei, seed):
    dice = random.Random(seed)
    define("x", decimals=3)
    define("y", "integer")
    define("cold", "boolean")
    define("r", decimals=2, formula="c_x / c_y if c_cold else c_x * 3")
    define("t", "text", formula="join('-', city, text(coalesce(c_r, 0)))")
    record = anhui_tea
    for _turn in range(15):
        changes = {
            "c_x": dice.choice([None, Decimal(dice.randint(-9999, 9999)) / 1000]),
            "c_y": dice.choice([None, 0, dice.randint(-5, 5)]),
            "c_cold": dice.choice([True, False]),
            "city": dice.choice(["合肥", "芜湖", ""]),
        }
        some = dict(dice.sample(sorted(changes.items(), key=lambda pair: pair[0]), 2))
        record = edit_customer(record, some, actor=li_wei, on=TODAY)
        fresh = Customer.objects.get(pk=record.pk)
        again = dict(fresh.custom)
        computing.compute(registry["customer"], fresh, again)
        assert again == fresh.custom
    assert carrying_out.recompute("customer", actor=owner) == 0
    assert Customer.objects.get(pk=record.pk).custom == fresh.custom


def test_whoever_may_not_see_the_source_doesn_t_see_the_outcome(define, owner, analyst):
    analyst_role = analyst.roles.get()
    define("secret", group="money")
    open_field = define("open", formula="c_secret * 2")
    assert open_field.key in registry["customer"].seen_by(analyst)
    analyst_role.field_rules = {"customer": {"money": "hidden"}}
    analyst_role.save()
    again = type(analyst).objects.get(pk=analyst.pk)
    assert open_field.key not in registry["customer"].seen_by(again)


def test_a_value_run_sets_what_reads_it_going(define):
    from kezhi.core.models import JobRun

    define("days", formula="payment_days + 1")
    JobRun.objects.all().delete()
    carrying_out.follow_row("customer", "standing")
    assert not JobRun.objects.exists()
    define("orders", "integer", formula="occasions * 2")
    JobRun.objects.all().delete()
    carrying_out.follow_row("customer", "standing")
    assert JobRun.objects.get().name == "customizing.recompute"
