"""Filters as trees: groups, negation, and conditions on the records that hang on a record."""

import json
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cast import NOW, TODAY
from kezhi.core.actor import SYSTEM
from kezhi.customers.creating import create_customer
from kezhi.customers.following_up import complete_follow_up, plan_follow_up
from kezhi.customers.models import Customer, Standing
from kezhi.ledger.models import Order
from kezhi.records import registry
from kezhi.workbench.filtering import Asking, Filter, TooMuch
from kezhi.workbench.filtering.tree import parse, written

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")


def chosen(actor, *conditions, kind="customer"):
    sources = [c if isinstance(c, str) else json.dumps(c, ensure_ascii=False) for c in conditions]
    return Filter.of(registry[kind], Asking(actor, TODAY, SHANGHAI), conditions=sources)


def names(actor, *conditions, kind="customer"):
    found = chosen(actor, *conditions, kind=kind)
    assert not found.problems, found.problems
    return {str(row) for row in found.apply(registry[kind].visible_to(actor))}


PEOPLE = {
    "甲": {"industry": "食品", "city": "合肥", "tier": "S", "score": 90.0, "orders": (5, 100, 300)},
    "乙": {"industry": "食品", "city": "上海", "tier": "B", "score": 40.0, "orders": (200, 210)},
    "丙": {"industry": "化工", "city": "合肥", "tier": "", "score": None, "orders": ()},
    "丁": {"industry": "", "city": "", "tier": "A", "score": 70.5, "orders": (1, 2, 3, 4)},
}


@pytest.fixture
def four(li_wei):
    """`orders` are the days since each; the amount is ten times the place, the last one a return."""
    for name, facts in PEOPLE.items():
        row = create_customer(
            {"name": name, "industry": facts["industry"], "city": facts["city"]}, actor=li_wei, on=TODAY
        )  # fmt: skip
        Standing.objects.filter(customer=row).update(tier=facts["tier"], score=facts["score"])
        for place, days in enumerate(facts["orders"]):
            an_order(row, days, amounts(facts)[place])


def amounts(facts):
    count = len(facts["orders"])
    return [1000 * (place + 1) if place < 3 else -500 for place in range(count)]


def an_order(customer, days, amount):
    return Order.objects.create(
        number=f"O-{customer.pk}-{days}",
        customer=customer,
        ordered_on=TODAY - timedelta(days=days),
        amount=amount,
        currency="CNY",
        **customer.place,
    )


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"any": ["industry.eq.食品", "city.eq.合肥"]}, "甲乙丙"),
        ({"all": ["industry.eq.食品", "city.eq.合肥"]}, "甲"),
        ({"not": "industry.eq.食品"}, "丙丁"),
        ({"not": {"any": ["tier.in.S,A", "score.lt.50"]}}, "丙"),
        ({"any": [{"all": ["tier.eq.S", "city.eq.合肥"]}, {"not": "score.filled"}]}, "甲丙"),
        ({"has": "orders"}, "甲乙丁"),
        ({"hasnt": "orders"}, "丙"),
        ({"not": {"has": "orders"}}, "丙"),
        ({"has": "orders", "where": "ordered_on.within.90d"}, "甲丁"),
        ({"hasnt": "orders", "where": "ordered_on.within.90d"}, "乙丙"),
        ({"has": "orders", "count": "gte.3"}, "甲丁"),
        ({"has": "orders", "count": "lte.2"}, "乙丙"),
        ({"has": "orders", "count": "eq.0"}, "丙"),
        ({"has": "orders", "count": "ne.2"}, "甲丙丁"),
        ({"has": "orders", "where": "amount.lt.0", "count": "gte.1"}, "丁"),
        ({"has": "orders", "sum": ["amount", "gte.6000"]}, "甲"),
        ({"has": "orders", "sum": ["amount", "lt.0.3万"]}, "丙"),
        ({"has": "orders", "sum": ["amount", "lte.3000"]}, "乙丙"),
        ({"has": "orders", "count": "gte.1", "sum": ["amount", "lte.3000"]}, "乙"),
        ({"has": "orders", "where": {"any": ["amount.gte.3000", "ordered_on.before.-205d"]}}, "甲乙丁"),
    ],
)  # fmt: skip
def test_a_tree_keeps_the_rows_it_names(four, li_wei, condition, expected):
    assert names(li_wei, condition) == set(expected)
    if list(condition) != ["not"]:
        assert names(li_wei, {"not": condition}) == set(PEOPLE) - set(expected)


def test_trees_and_plain_conditions_work_together(four, li_wei):
    tree = {"any": ["industry.eq.食品", "city.eq.合肥"]}
    assert names(li_wei, "tier.in.S,A", tree) == {"甲"}


@translation.override("en")
def test_a_chip_tells_the_group_in_words(four, li_wei):
    (group,) = chosen(li_wei, {"any": ["industry.eq.食品", "city.eq.合肥"]}).criteria
    assert group.shown == "Industry is 食品 or City is 合肥"
    (has,) = chosen(
        li_wei, {"has": "orders", "where": "ordered_on.within.90d", "count": "gte.3"}
    ).criteria
    assert has.shown == "orders (Order date within the last 90 days) ≥ 3"
    nested = {"all": ["tier.eq.S", {"any": ["score.filled", "city.ne.x"]}]}
    (both,) = chosen(li_wei, nested).criteria
    assert both.shown == "Tier is S and (Score is filled in or City ≠ x)"


@pytest.mark.parametrize(
    "condition",
    [
        '{"any": 3}', '{"any": []}', '{"any": [3]}', '{"any": [], "all": []}', "{", "{}", '{"x": 1}',
        '{"not": [1]}', '{"has": 3}', '{"has": "owner"}', '{"has": "orders", "count": "many"}',
        '{"has": "orders", "count": "gte.-1"}', '{"has": "orders", "count": "gte.1.5"}',
        '{"has": "orders", "count": "gte.1e99"}', '{"has": "orders", "sum": ["amount"]}',
        '{"has": "orders", "sum": ["customer", "gte.1"]}', '{"has": "orders", "sum": ["pk", "gte.1"]}',
        '{"has": "orders", "sum": ["amount", "regex.1"]}', '{"has": "orders", "where": "owner_id.eq.1"}',
        '{"hasnt": "orders", "count": "gte.1"}', '{"has": "orders", "where": {"has": "orders"}}',
        '{"any": ["tier.eq.S", "phone.contains.138"]}', '{"any": ["owner__password.contains.a"]}',
        '{"any": ["tier.eq.S", "tier.raw.S"]}', '{"any": ["score.gte.NaN"]}', '{"any": ["\\u0000"]}',
        '{"any": ["city.eq.\\u0000"]}', '{"has": "\\ud800"}',
    ],
)  # fmt: skip
def test_what_is_not_allowed_finds_nothing_and_says_why(four, li_wei, condition):
    found = chosen(li_wei, condition)
    assert found.problems
    assert all(isinstance(problem, str) and problem for problem in found.problems)
    assert not found.apply(registry["customer"].visible_to(li_wei)).exists()


def nested(levels):
    tree = "tier.eq.S"
    for _level in range(levels):
        tree = {"not": tree} if levels % 2 else {"any": [tree, "city.eq.x"]}
    return tree


def test_five_levels_are_enough_and_more_are_refused(four, li_wei):
    assert not chosen(li_wei, nested(5)).problems
    for tree in (nested(6), nested(20), {"any": ["tier.eq.S"] * 51}, "[" * 9000):
        with pytest.raises(TooMuch):
            chosen(li_wei, tree)
    with pytest.raises(TooMuch):
        chosen(li_wei, '{"not":' * 5000)
    with pytest.raises(TooMuch):
        chosen(li_wei, *[{"any": ["tier.eq.S"] * 10 + [f"city.eq.{n}"]} for n in range(6)])


def test_only_records_that_the_actor_sees_are_counted(four, li_wei, chen_jing, owner):
    """A colleague's follow-up on a customer of mine would otherwise be told by the filter."""
    mine = Customer.objects.get(name="丙")
    an_order(mine, 7, 10)
    Order.objects.update(owner_id=chen_jing.pk, team_id=chen_jing.team_id, department_id=None)
    assert names(li_wei, {"has": "orders"}) == set()
    assert names(li_wei, {"hasnt": "orders"}) == set(PEOPLE)
    assert names(li_wei, {"has": "orders", "count": "lte.0"}) == set(PEOPLE)
    assert names(owner, {"has": "orders"}) == set(PEOPLE)


def test_a_kind_that_the_role_does_not_read_cannot_be_asked_for(four, li_wei):
    role = li_wei.roles.get()
    role.grants = {kind: grant for kind, grant in role.grants.items() if kind != "order"}
    role.save()
    li_wei = type(li_wei).objects.get(pk=li_wei.pk)
    hidden, unknown = chosen(li_wei, {"has": "orders"}), chosen(li_wei, {"has": "ordersx"})
    assert [p.replace("ordersx", "orders") for p in unknown.problems] == list(hidden.problems)


def test_a_hidden_field_answers_the_same_whatever_it_holds(four, li_wei):
    """Two worlds that differ only in what the role hides."""
    role = li_wei.roles.get()
    role.field_rules = {"customer": {"value": "hidden"}, "order": {"general": "masked"}}
    role.save()
    conditions = [
        {"any": ["tier.eq.S", "city.filled"]},
        {"not": "score.gte.50"},
        {"has": "orders", "where": "amount.gte.1000"},
        {"has": "orders", "sum": ["amount", "gte.1"]},
    ]

    def answers():
        actor = type(li_wei).objects.get(pk=li_wei.pk)
        told = []
        for condition in conditions:
            found = chosen(actor, condition)
            rows = found.apply(registry["customer"].visible_to(actor))
            told.append((found.problems, [c.shown for c in found.criteria], set(rows)))
        return told

    first = answers()
    assert all(problems for problems, _shown, _rows in first)
    Standing.objects.update(tier="D", score=1)
    Order.objects.update(amount=99999)
    assert answers() == first


def test_a_collection_of_a_collection(four, li_wei):
    """A follow-up's own kind is filtered as its own list is."""
    customer = Customer.objects.get(name="甲")
    done = plan_follow_up(
        {"customer": customer, "subject": "回访", "due_on": TODAY}, actor=li_wei, on=TODAY
    )
    plan_follow_up(
        {"customer": customer, "subject": "报价", "due_on": TODAY}, actor=li_wei, on=TODAY
    )
    complete_follow_up(done, actor=li_wei, at=NOW)
    assert names(li_wei, {"has": "follow_ups", "where": "done_at.empty"}) == {"甲"}
    mine = {
        "has": "follow_ups",
        "where": {"all": ["assignee.eq.me", "due_on.eq.today"]},
        "count": "eq.2",
    }
    assert names(li_wei, mine) == {"甲"}


# ---- any tree at all: never an error, and what a slow reading in Python finds ----

LEAVES = {
    "industry.eq.食品": lambda f: f["industry"] == "食品",
    "industry.ne.食品": lambda f: f["industry"] != "食品",
    "city.contains.海": lambda f: "海" in f["city"],
    "city.empty": lambda f: not f["city"],
    "tier.in.S,A": lambda f: f["tier"] in ("S", "A"),
    "tier.ne.S": lambda f: f["tier"] != "S",
    "tier.filled": lambda f: bool(f["tier"]),
    "score.gte.70": lambda f: f["score"] is not None and f["score"] >= 70,
    "score.lt.70": lambda f: f["score"] is not None and f["score"] < 70,
    "score.empty": lambda f: f["score"] is None,
    "owner.eq.me": lambda f: True,
}
SPANS = {"": 10**6, "ordered_on.within.90d": 90, "ordered_on.within.205d": 205}
SIGNS = {
    "gte": lambda a, b: a >= b, "lte": lambda a, b: a <= b, "gt": lambda a, b: a > b,
    "lt": lambda a, b: a < b, "eq": lambda a, b: a == b, "ne": lambda a, b: a != b,
}  # fmt: skip


@st.composite
def relations(draw):
    span = draw(st.sampled_from(sorted(SPANS)))
    tree = {"has": "orders"}
    if span:
        tree["where"] = span
    kind = draw(st.sampled_from(["has", "hasnt", "count", "sum"]))
    if kind == "hasnt":
        return {"hasnt" if key == "has" else key: part for key, part in tree.items()}
    comparison = draw(st.sampled_from(sorted(SIGNS)))
    if kind == "count":
        tree["count"] = f"{comparison}.{draw(st.integers(0, 5))}"
    elif kind == "sum":
        tree["sum"] = ["amount", f"{comparison}.{draw(st.sampled_from([-1, 0, 1000, 3000, 6000]))}"]
    return tree


TREES = st.recursive(
    st.sampled_from(sorted(LEAVES)) | relations(),
    lambda inner: st.one_of(
        st.builds(lambda node: {"not": node}, inner),
        st.builds(
            lambda mode, nodes: {mode: nodes},
            st.sampled_from(["any", "all"]),
            st.lists(inner, min_size=1, max_size=3),
        ),
    ),
    max_leaves=8,
)


def holds(tree, facts):
    if isinstance(tree, str):
        return LEAVES[tree](facts)
    if "not" in tree:
        return not holds(tree["not"], facts)
    if "any" in tree or "all" in tree:
        mode = any if "any" in tree else all
        return mode(holds(each, facts) for (each) in next(iter(tree.values())))
    days = SPANS[tree.get("where", "")]
    there = [a for a, ago in zip(amounts(facts), facts["orders"], strict=True) if ago <= days]
    if "hasnt" in tree:
        return not there
    if "count" in tree:
        return _compared(tree["count"], len(there))
    if "sum" in tree:
        return _compared(tree["sum"][1], sum(there))
    return bool(there)


def _compared(text, amount):
    sign, _dot, operand = text.partition(".")
    return SIGNS[sign](amount, Decimal(operand))


def depth(tree):
    if isinstance(tree, str):
        return 0
    parts = tree.get("any") or tree.get("all") or [tree.get("not") or tree.get("where") or ""]
    return 1 + max(depth(part) for part in parts)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(tree=TREES.filter(lambda tree: depth(tree) <= 5))
def test_a_tree_finds_what_reading_it_row_by_row_finds(four, li_wei, tree):
    expected = {name for name, facts in PEOPLE.items() if holds(tree, facts)}
    assert names(li_wei, tree) == expected
    shorter = written(parse(tree if isinstance(tree, str) else json.dumps(tree)))
    assert names(li_wei, shorter) == expected


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.sampled_from(sorted(LEAVES)),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["any", "all", "not", "has", "hasnt", "where", "count", "sum", "x"]), inner, max_size=3
    ),
    max_leaves=12,
)  # fmt: skip


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(junk=JUNK)
def test_no_tree_breaks_the_database(four, li_wei, junk):
    try:
        found = chosen(li_wei, json.dumps(junk))
    except TooMuch:
        return
    rows = found.apply(registry["customer"].visible_to(li_wei))
    assert found.problems == () or not rows.exists()
    list(rows)


def test_the_system_may_ask_everything(four):
    assert names(SYSTEM, {"has": "orders", "count": "gte.3"}) == {"甲", "丁"}
