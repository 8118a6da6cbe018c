"""Filters: only what the declaration allows reaches the database; the rest is a sentence."""

from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from cast import TODAY
from kezhi.customers.creating import create_contact, create_customer
from kezhi.customers.following_up import complete_follow_up, plan_follow_up
from kezhi.customers.models import Contact, Customer, FollowUp, Standing
from kezhi.records import registry
from kezhi.workbench import operands
from kezhi.workbench.counting import count, totals
from kezhi.workbench.filtering import Asking, Filter, filterable, operators

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")


def found(actor, *conditions, kind="customer", text="", sort=""):
    declared = registry[kind]
    asking = Asking(actor, TODAY, SHANGHAI)
    chosen = Filter.of(declared, asking, conditions=conditions, text=text, sort=sort)
    return chosen, chosen.apply(declared.visible_to(actor))


def names(actor, *conditions, **more):
    return sorted(str(row) for row in found(actor, *conditions, **more)[1])


@pytest.fixture
def three(li_wei):
    """Three customers that differ in everything that is filtered by."""
    facts = {
        "徽州茶行": {"tier": "S", "potential_value": 1_860_000, "p_alive": 0.9, "last_order_on": "2026-11-01"},
        "合肥食品": {"tier": "B", "potential_value": 320_000, "p_alive": 0.4, "last_order_on": "2026-08-01"},
        "新客有限公司": {},
    }  # fmt: skip
    for name, standing in facts.items():
        customer = create_customer({"name": name, "city": name[:2]}, actor=li_wei, on=TODAY)
        Standing.objects.filter(customer=customer).update(**standing)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("tier.in.S,A", {"徽州茶行"}),
        ("tier.ne.S", {"合肥食品", "新客有限公司"}),
        ("tier.empty", {"新客有限公司"}),
        ("potential_value.gte.100万", {"徽州茶行"}),
        ("potential_value.lt.0.5M", {"合肥食品"}),
        ("p_alive.lt.60%", {"合肥食品"}),
        ("p_alive.filled", {"徽州茶行", "合肥食品"}),
        ("last_order_on.before.-90d", {"合肥食品"}),
        ("last_order_on.within.30d", {"徽州茶行"}),
        ("last_order_on.within.this_month", {"徽州茶行"}),
        ("last_order_on.within.2026-07-01..2026-08-31", {"合肥食品"}),
        ("last_order_on.eq.2026-11-01", {"徽州茶行"}),
        ("city.contains.徽", {"徽州茶行"}),
        ("city.in.徽州,合肥", {"徽州茶行", "合肥食品"}),
        ("owner.eq.me", {"徽州茶行", "合肥食品", "新客有限公司"}),
    ],
)
def test_a_condition_keeps_the_rows_it_names(three, li_wei, condition, expected):
    assert set(names(li_wei, condition)) == expected


@pytest.mark.parametrize(
    "condition",
    [
        "phone.contains.138",
        "nothing.eq.1",
        "owner__password.contains.a",
        "pk.eq.1",
        "tier",
        "tier.in.",
        "tier.in.X",
        "tier.regex.S",
        "tier.in__raw.S",
        "potential_value.gte.many",
        "potential_value.gte.NaN",
        "potential_value.gte.1e999",
        "occasions.gte.99999999999",
        "last_order_on.before.2026-13-40",
        "last_order_on.within.99999y",
        "last_order_on.within.-99999y",
        "owner.in.1;DROP TABLE customers_customer",
        "owner.eq.99999999999999999999",
        "city.eq.\x00",
        "city.eq." + "x" * 300,
        "city.in." + ",".join("x" * 60),
        "'.'.'",
    ],
)
def test_what_is_not_allowed_finds_nothing_and_says_why(anhui_tea, li_wei, condition):
    chosen, rows = found(li_wei, condition)
    assert chosen.problems
    assert not chosen.criteria[0].is_valid
    assert list(rows) == []


@pytest.mark.parametrize("sort", ["-phone", "owner__password", "?", "-", "name; --", "pk"])
def test_an_order_that_is_not_offered_is_refused(anhui_tea, li_wei, sort):
    chosen, rows = found(li_wei, sort=sort)
    assert chosen.problems
    assert list(rows) == []


@pytest.mark.parametrize("text", ["' OR 1=1 --", "%", "_", "\\", "$$;SELECT pg_sleep(9)", "{}"])
def test_signs_of_sql_are_only_text(anhui_tea, li_wei, text):
    assert names(li_wei, f"city.contains.{text}") == []
    assert names(li_wei, text=text) == []


def test_search_needs_every_word_somewhere(anhui_tea, li_wei):
    assert names(li_wei, text="安徽 AHTEA") == ["安徽茶业有限公司"]
    assert names(li_wei, text="安徽 咖啡") == []


def test_a_linked_record_is_searched_by_its_name(anhui_tea, li_wei):
    create_contact({"customer": anhui_tea, "name": "陈立群"}, actor=li_wei, on=TODAY)
    assert names(li_wei, kind="contact", text="安徽茶业") == ["陈立群"]
    assert names(li_wei, f"customer.eq.{anhui_tea.pk}", kind="contact") == ["陈立群"]
    assert names(li_wei, "customer.contains.茶业", kind="contact") == ["陈立群"]


def test_a_strangers_record_and_a_missing_one_look_the_same(anhui_tea, chen_jing):
    seen = found(chen_jing, f"customer.eq.{anhui_tea.pk}", kind="contact")[0]
    missing = found(chen_jing, "customer.eq.999999", kind="contact")[0]
    assert seen.problems == missing.problems
    assert seen.problems
    assert "安徽" not in str(seen)


def test_a_day_is_the_companys_day(anhui_tea, li_wei):
    plan = {"customer": anhui_tea, "subject": "回访", "due_on": TODAY}
    task = plan_follow_up(plan, actor=li_wei, on=TODAY)
    from datetime import UTC, datetime

    # 01:30 on the 20th in Shanghai is still the 19th in Greenwich.
    complete_follow_up(task, actor=li_wei, at=datetime(2026, 11, 19, 17, 30, tzinfo=UTC))
    assert names(li_wei, "done_at.eq.2026-11-20", kind="follow_up") == ["回访"]
    assert names(li_wei, "done_at.before.2026-11-20", kind="follow_up") == []


@pytest.mark.parametrize(
    "sort", ["-potential_value", "potential_value", "tier", "-tier", "name", "-created_at"]
)
def test_pages_hold_every_row_once_in_both_directions(li_wei, sort):
    for number in range(120):
        customer = create_customer({"name": f"客户{number % 7}"}, actor=li_wei, on=TODAY)
        known = (
            {} if number % 3 == 0 else {"potential_value": number % 5, "tier": "SABCD"[number % 5]}
        )
        Standing.objects.filter(customer=customer).update(**known)
    order = found(li_wei, sort=sort)[0].order
    rows = Customer.objects.visible_to(li_wei)
    there, cursor = [], ""
    while True:
        page = order.page(rows, after=cursor)
        there.append([row.pk for row in page.rows])
        if not page.next:
            break
        cursor = page.next
    flat = [pk for page in there for pk in page]
    assert [len(page) for page in there] == [50, 50, 20]
    assert len(set(flat)) == 120
    assert flat == [row.pk for row in order.apply(rows)]
    back, cursor = [there[-1]], page.previous
    while cursor:
        page = order.page(rows, before=cursor)
        back.insert(0, [row.pk for row in page.rows])
        cursor = page.previous
    assert back == there


def test_tiers_go_from_the_top_and_the_unmeasured_last(three, li_wei):
    order = found(li_wei, sort="tier")[0].order
    assert [row.name for row in order.apply(Customer.objects.all())] == [
        "徽州茶行",
        "合肥食品",
        "新客有限公司",
    ]


def test_a_forged_cursor_gives_the_first_page(anhui_tea, li_wei):
    order = found(li_wei)[0].order
    assert [row.pk for row in order.page(Customer.objects.all(), after="1:x:y").rows] == [
        anhui_tea.pk
    ]


def test_counts_and_totals_stop_at_the_cap_and_say_so(three, li_wei):
    rows = Customer.objects.visible_to(li_wei)
    fields = [registry["customer"].field("potential_value"), registry["customer"].field("p_alive")]
    assert totals(rows, fields).amounts == {
        "potential_value": Decimal(2_180_000),
        "p_alive": pytest.approx(0.65),
    }
    capped = totals(rows, fields, cap=2)
    assert (capped.count, capped.is_capped, capped.amounts) == (2, True, {})
    assert count(rows, cap=2).is_capped
    assert not count(rows, cap=3).is_capped


@pytest.mark.parametrize(
    ("operand", "first", "last"),
    [
        ("30d", date(2026, 10, 21), TODAY),
        ("-30d", date(2026, 10, 21), TODAY),
        ("next_30d", TODAY, date(2026, 12, 20)),
        ("+30d", TODAY, date(2026, 12, 20)),
        ("this_quarter", date(2026, 10, 1), date(2026, 12, 31)),
        ("last_month", date(2026, 10, 1), date(2026, 10, 31)),
        ("this_week", date(2026, 11, 16), date(2026, 11, 22)),
        ("1m", date(2026, 10, 20), TODAY),
    ],
)
def test_spans_of_days(operand, first, last):
    assert operands.span(operand, TODAY) == (first, last)


def test_nobody_filters_their_way_to_a_strangers_rows(three, chen_jing):
    for condition in ("tier.in.S,A", "owner.filled", "created_at.within.30d", "name.contains.茶"):
        assert names(chen_jing, condition) == []
    assert Contact.objects.count() == FollowUp.objects.count() == 0


NASTY = [
    "", "0", "-1", "1e400", "9" * 40, "99999999999", "0.0000001", "-0", "NaN", "Infinity", "１２", "½", "今天",
    "today", "-99999d", "0001-01-01", "9999-12-31", "2026-02-30", "a..b", "..", "2026-01-01..", "me", "me,me",
    "1,2,3", "' OR '1'='1", "\\", "%s", "%(x)s", "{0}", "\x00", "\ud800", "\u202e", "S", "yes", "茶" * 200,
]  # fmt: skip


@pytest.mark.parametrize("kind", [kind.name for kind in registry])
def test_no_operand_of_any_field_breaks_the_database(anhui_tea, li_wei, kind):
    declared = registry[kind]
    asking = Asking(li_wei, TODAY, SHANGHAI)
    for field in filterable(declared):
        for op, _label in operators(field):
            for operand in NASTY:
                chosen = Filter.of(declared, asking, conditions=[f"{field.name}.{op}.{operand}"])
                rows = chosen.apply(declared.visible_to(li_wei))
                assert rows.exists() or True
                assert chosen.problems or chosen.criteria[0].predicate is not None
