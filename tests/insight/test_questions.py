"""Customers filtered by how their value moved."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from cast import TODAY
from kezhi.customers.creating import create_customer
from kezhi.insight.models import StageMove, TierMove, ValueRun, ValueSettings
from kezhi.records import registry
from kezhi.workbench.filtering import Asking, Filter

pytestmark = pytest.mark.django_db


@pytest.fixture
def moves(li_wei):
    settings = ValueSettings.objects.create(rules={})
    run = ValueRun.objects.create(as_of=TODAY, value_settings=settings, state="published")
    facts = [("甲", "A", "C", 20), ("乙", "C", "B", 60), ("丙", "S", "D", 200), ("丁", "", "D", 5)]
    for name, before, after, days in facts:
        row = create_customer({"name": name}, actor=li_wei, on=TODAY)
        about = {"customer": row, "run": run, "moved_on": TODAY - timedelta(days=days)}
        TierMove.objects.create(before=before, after=after, **about)
        StageMove.objects.create(before="stable", after="decline" if days < 50 else "lost", **about)


def asked(actor, condition):
    asking = Asking(actor, TODAY, ZoneInfo("Asia/Shanghai"))
    return Filter.of(registry["customer"], asking, conditions=[condition])


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("tier_moved.in.down.30d", "甲"),
        ("tier_moved.in.down.12m", "甲丙"),
        ("tier_moved.in.up.90d", "乙"),
        ("tier_moved.in.down.90d,up.90d", "甲乙"),
        ("tier_moved.none.down.12m", "乙丁"),
        ("stage_entered.in.decline.30d", "甲丁"),
        ("stage_entered.in.lost.90d", "乙"),
    ],
)
def test_moves_are_asked_for(moves, li_wei, condition, expected):
    chosen = asked(li_wei, condition)
    assert not chosen.problems
    rows = chosen.apply(registry["customer"].visible_to(li_wei))
    assert {row.name for row in rows} == set(expected)


@pytest.mark.parametrize("operand", ["", "sideways.30d", "down", "down.1d", "down.30d,x"])
def test_other_words_are_a_sentence(moves, li_wei, operand):
    assert asked(li_wei, f"tier_moved.in.{operand}").problems


def test_who_sees_no_value_cannot_ask(moves, li_wei):
    role = li_wei.roles.get()
    role.field_rules = {"customer": {"value": "masked"}}
    role.save()
    assert asked(type(li_wei).objects.get(pk=li_wei.pk), "tier_moved.in.down.30d").problems
