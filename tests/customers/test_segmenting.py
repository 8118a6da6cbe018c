"""Segments: live and frozen, shared and closed, combined, counted day by day."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from cast import TODAY
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.counting_segments import count_segment, count_segments
from kezhi.customers.creating import create_customer
from kezhi.customers.describing_segments import figures, moved, movement, overlaps, sizes
from kezhi.customers.models import Customer, Segment, SegmentMove, Standing
from kezhi.customers.reading_segments import NotOpen, members, why_closed
from kezhi.customers.segmenting import (
    Wording,
    add_members,
    change_segment,
    create_segment,
    delete_segment,
    freeze_segment,
    refilter_segment,
    remove_members,
    thaw_segment,
)
from kezhi.records import registry
from kezhi.workbench.filtering import Asking, Filter

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")
FOOD = "industry.eq.食品"


def asking(actor, on=TODAY):
    return Asking(actor, on, SHANGHAI)


def a_segment(actor, *conditions, name="食品", audience="private", **more):
    return create_segment(
        Wording(name, audience=audience),
        actor=actor,
        on=TODAY,
        asking=asking(actor),
        conditions=conditions,
        **more,
    )


def names(segment, actor):
    return {row.name for row in members(segment, asking(actor))}


def found(actor, *conditions):
    return Filter.of(registry["customer"], asking(actor), conditions=conditions)


def listed(actor, *conditions):
    chosen = found(actor, *conditions)
    assert not chosen.problems, chosen.problems
    return {row.name for row in chosen.apply(Customer.objects.visible_to(actor))}


def fresh(person):
    return type(person).objects.get(pk=person.pk)


@pytest.fixture
def market(li_wei, chen_jing):
    """Three customers of Li Wei, two of Chen Jing."""
    facts = [
        ("甲", "食品", "S", li_wei),
        ("乙", "食品", "B", li_wei),
        ("丙", "化工", "S", li_wei),
        ("丁", "食品", "S", chen_jing),
        ("戊", "化工", "D", chen_jing),
    ]
    rows = {}
    for name, industry, tier, owner in facts:
        row = create_customer({"name": name, "industry": industry}, actor=owner, on=TODAY)
        Standing.objects.filter(customer=row).update(
            tier=tier, stage="stable", realised_value=100, potential_value=1000
        )
        rows[name] = row
    return rows


def test_a_live_segment_is_its_filter_as_each_reader_may_ask_it(market, li_wei, chen_jing, owner):
    segment = a_segment(owner, FOOD, audience="everyone")
    assert names(segment, owner) == {"甲", "乙", "丁"}
    assert names(segment, li_wei) == {"甲", "乙"}
    assert names(segment, chen_jing) == {"丁"}
    Customer.objects.filter(name="丙").update(industry="食品")
    assert names(segment, li_wei) == {"甲", "乙", "丙"}


def test_me_is_whoever_made_it(market, li_wei, owner):
    segment = a_segment(li_wei, f'{{"any":["owner.eq.me","owner.in.me,{li_wei.pk}"]}}')
    assert "me" not in str(segment.conditions)
    assert names(segment, owner) == {"甲", "乙", "丙"}
    inner = a_segment(
        li_wei, '{"has":"follow_ups","where":"assignee.eq.me","count":"lte.0"}', name="无事"
    )
    assert f"assignee.eq.{li_wei.pk}" in inner.conditions[0]


@pytest.mark.parametrize("conditions", [[], ["phone.contains.1"], ["{"], ["segment.in.999"]])
def test_a_filter_that_cannot_be_asked_makes_no_segment(market, li_wei, conditions):
    with pytest.raises(Refused):
        a_segment(li_wei, *conditions)
    assert not Segment.objects.exists()


@pytest.mark.parametrize(
    "wording",
    [
        Wording(""), Wording(" "), Wording("x" * 61), Wording("a\x00"), Wording("a", "x" * 501),
        Wording("a", "", "all"),
    ],
)  # fmt: skip
def test_a_segment_needs_a_name_that_can_be_read(market, li_wei, wording):
    with pytest.raises(Refused):
        create_segment(wording, actor=li_wei, on=TODAY, asking=asking(li_wei), conditions=[FOOD])


def test_a_name_is_used_once_by_each(market, li_wei, owner):
    a_segment(li_wei, FOOD)
    a_segment(owner, FOOD)
    with pytest.raises(Refused):
        a_segment(li_wei, "tier.eq.S")


def test_sharing_needs_the_reach(market, li_wei, manager, owner):
    for actor, audience in ((li_wei, "team"), (li_wei, "everyone"), (manager, "everyone")):
        with pytest.raises(NotAllowed):
            a_segment(actor, FOOD, audience=audience)
    a_segment(manager, FOOD, audience="team")
    a_segment(owner, FOOD, audience="everyone")


def test_private_and_team_segments_do_not_exist_for_others(market, li_wei, chen_jing, manager):
    own = a_segment(li_wei, FOOD)
    teams = a_segment(manager, FOOD, audience="team")
    assert set(Segment.objects.visible_to(li_wei)) == {own, teams}
    assert set(Segment.objects.visible_to(manager)) == {teams}
    assert not Segment.objects.visible_to(chen_jing).exists()
    stranger, missing = found(chen_jing, f"segment.in.{own.pk}"), found(chen_jing, "segment.in.999")
    assert stranger.problems == missing.problems != ()
    with pytest.raises(NotAllowed):
        change_segment(teams, Wording("mine"), actor=li_wei)
    with pytest.raises(NotAllowed):
        delete_segment(own, actor=chen_jing)


def test_a_segment_is_a_filter_among_others(market, li_wei):
    food = a_segment(li_wei, FOOD)
    top = a_segment(li_wei, "tier.eq.S", name="顶级")
    assert listed(li_wei, f"segment.in.{food.pk}") == {"甲", "乙"}
    assert listed(li_wei, f"segment.none.{food.pk}") == {"丙"}
    assert listed(li_wei, f"segment.in.{food.pk}", "tier.eq.S") == {"甲"}
    assert listed(li_wei, f"segment.in.{food.pk},{top.pk}") == {"甲", "乙", "丙"}
    both = f'{{"all":["segment.in.{food.pk}",{{"not":"segment.in.{top.pk}"}}]}}'
    assert listed(li_wei, both) == {"乙"}
    difference = a_segment(li_wei, both, name="差集")
    assert names(difference, li_wei) == {"乙"}
    with pytest.raises(Refused):
        delete_segment(food, actor=li_wei)
    delete_segment(difference, actor=li_wei)
    delete_segment(food, actor=li_wei)
    assert found(li_wei, f"segment.in.{food.pk}").problems


def test_segments_never_contain_themselves(market, li_wei):
    one = a_segment(li_wei, FOOD, name="一")
    two = a_segment(li_wei, f"segment.in.{one.pk}", name="二")
    three = a_segment(li_wei, f'{{"not":"segment.in.{two.pk}"}}', name="三")
    for outer in (one, two, three):
        with pytest.raises(Refused):
            refilter_segment(one, [f"segment.in.{outer.pk}"], actor=li_wei, asking=asking(li_wei))
    # Two people may have made a ring at the same moment: it is a sentence, not a fall without end.
    Segment.objects.filter(pk=one.pk).update(conditions=[f"segment.in.{three.pk}"])
    one.refresh_from_db()
    assert why_closed(one, asking(li_wei))
    assert found(li_wei, f"segment.in.{one.pk}").problems
    count_segments(actor=SYSTEM, on=TODAY, zone=SHANGHAI)


def test_segments_of_segments_end_somewhere(market, li_wei):
    last = a_segment(li_wei, FOOD, name="0")
    for number in range(1, 5):
        last = a_segment(li_wei, f"segment.in.{last.pk}", name=str(number))
    assert names(last, li_wei) == {"甲", "乙"}
    with pytest.raises(Refused):
        a_segment(li_wei, f"segment.in.{last.pk}", name="5")
    wide = ",".join(str(segment.pk) for segment in Segment.objects.all())
    many = [f"segment.in.{wide},{'0' * n}{last.pk}" for n in range(1, 20)]
    with pytest.raises(Refused):
        a_segment(li_wei, *many, name="w")


def test_a_hidden_field_closes_the_segment_and_tells_nothing(market, li_wei, owner):
    segment = a_segment(owner, '{"any":["tier.eq.S","score.gte.50"]}', audience="everyone")
    count_segment(segment, actor=SYSTEM, on=TODAY, zone=SHANGHAI)
    segment.refresh_from_db()
    role = li_wei.roles.get()
    role.field_rules = {"customer": {"value": "hidden"}}
    role.save()

    def told():
        actor = fresh(li_wei)
        reason = why_closed(segment, asking(actor))
        assert reason
        with pytest.raises(NotOpen):
            members(segment, asking(actor))
        filtered = found(actor, f"segment.in.{segment.pk}")
        return (
            reason, filtered.problems, sizes([segment], asking(actor)), overlaps(segment, asking(actor)),
            movement(segment, asking(actor)), moved(segment, asking(actor), is_entry=True),
        )  # fmt: skip

    first = told()
    assert first[2:] == ({}, [], [], [])
    assert "tier" not in str(first).lower()
    Standing.objects.update(tier="D", score=1)
    count_segment(segment, actor=SYSTEM, on=TODAY, zone=SHANGHAI)
    assert told() == first


def test_kept_members_tell_no_more_than_the_reader_could_ask(market, li_wei, owner):
    """At night the company's orders are asked; who sees fewer orders than customers isn't told."""
    segment = a_segment(owner, '{"hasnt":"orders"}', audience="everyone")
    count_segment(segment, actor=SYSTEM, on=TODAY, zone=SHANGHAI)
    segment.refresh_from_db()
    assert sizes([segment], asking(li_wei)) == {segment.pk: 3}
    role = li_wei.roles.get()
    role.grants["customer"]["read"] = "all"
    role.save()
    assert sizes([segment], asking(fresh(li_wei))) == {}


def test_a_frozen_segment_stands_still_until_people_move_it(market, li_wei, owner):
    segment = a_segment(li_wei, FOOD)
    freeze_segment(segment, actor=li_wei, on=TODAY, asking=asking(li_wei))
    segment.refresh_from_db()
    Customer.objects.filter(name="丙").update(industry="食品")
    assert names(segment, li_wei) == {"甲", "乙"}
    assert listed(li_wei, f"segment.in.{segment.pk}") == {"甲", "乙"}
    assert add_members(segment, [market["丙"].pk, market["甲"].pk], actor=li_wei, on=TODAY) == 1
    assert remove_members(segment, [market["甲"].pk], actor=li_wei, on=TODAY) == 1
    assert names(segment, li_wei) == {"乙", "丙"}
    freeze_segment(segment, actor=li_wei, on=TODAY, asking=asking(li_wei))
    assert names(segment, li_wei) == {"甲", "乙", "丙"}
    thaw_segment(segment, actor=li_wei)
    segment.refresh_from_db()
    with pytest.raises(Refused):
        add_members(segment, [market["丙"].pk], actor=li_wei, on=TODAY)


def test_nobody_adds_whom_they_may_not_see(market, li_wei, owner):
    segment = a_segment(li_wei, chosen=[market["甲"].pk, market["丁"].pk, 999_999])
    assert names(segment, owner) == {"甲"}
    assert add_members(segment, [market["丁"].pk, market["戊"].pk], actor=li_wei, on=TODAY) == 0
    assert names(segment, owner) == {"甲"}
    with pytest.raises(Refused):
        freeze_segment(segment, actor=li_wei, on=TODAY, asking=asking(li_wei))


def test_days_tell_who_entered_and_who_left(market, li_wei, chen_jing, owner):
    segment = a_segment(owner, FOOD, audience="everyone")
    days = [TODAY + timedelta(days=n) for n in range(3)]
    count_segments(actor=SYSTEM, on=days[0], zone=SHANGHAI)
    Customer.objects.filter(name__in=["丙", "戊"]).update(industry="食品")
    count_segments(actor=SYSTEM, on=days[1], zone=SHANGHAI)
    Customer.objects.filter(name__in=["甲"]).update(industry="")
    count_segments(actor=SYSTEM, on=days[2], zone=SHANGHAI)
    count_segments(actor=SYSTEM, on=days[2], zone=SHANGHAI)
    segment.refresh_from_db()

    def told(actor):
        return [(d.size, d.entered, d.left) for d in movement(segment, asking(actor, days[2]))]

    assert told(owner) == [(3, 0, 0), (5, 2, 0), (4, 0, 1)]
    assert told(li_wei) == [(2, 0, 0), (3, 1, 0), (2, 0, 1)]
    assert told(chen_jing) == [(1, 0, 0), (2, 1, 0), (2, 0, 0)]
    entered = [move.customer.name for move in moved(segment, asking(li_wei), is_entry=True)]
    assert entered == ["丙"]
    assert segment.size == 4
    refilter_segment(segment, ["tier.eq.S"], actor=owner, asking=asking(owner))
    assert not SegmentMove.objects.exists()


def test_figures_are_of_the_customers_one_sees(
    market, li_wei, owner, django_assert_max_num_queries
):
    segment = a_segment(owner, FOOD, audience="everyone")
    whole, own = figures(segment, asking(owner)), figures(segment, asking(li_wei))
    assert (whole.size, whole.amounts["potential_value"]) == (3, 3000)
    assert (own.size, own.tiers, own.stages) == (2, {"S": 1, "B": 1}, {"stable": 2})
    assert figures(segment, asking(owner), cap=2).is_capped
    assert figures(segment, asking(owner), cap=None).size == 3
    with django_assert_max_num_queries(4):
        figures(segment, asking(fresh(owner)))


def test_overlap_counts_common_customers_that_one_sees(market, li_wei, owner, chen_jing):
    food = a_segment(owner, FOOD, audience="everyone")
    top = a_segment(owner, "tier.eq.S", name="顶级", audience="everyone")
    a_segment(chen_jing, "tier.eq.D", name="陈静的")
    count_segments(actor=SYSTEM, on=TODAY, zone=SHANGHAI)
    food.refresh_from_db()
    (seen,) = overlaps(food, asking(owner))
    assert (seen.segment, seen.common, seen.size) == (top, 2, 3)
    (own,) = overlaps(food, asking(li_wei))
    assert (own.common, own.size) == (1, 2)


def test_a_new_filter_is_counted_without_being_asked(market, li_wei, monkeypatch):
    queued = []
    monkeypatch.setattr(
        "kezhi.core.queue.defer", lambda name, **more: queued.append((name, more["segment"]))
    )
    segment = a_segment(li_wei, FOOD)
    assert queued == [("segments.count", segment.pk)]


def test_many_members_cost_no_more_questions(li_wei, django_assert_num_queries):
    def asked(count):
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        Customer.objects.bulk_create(
            Customer(name=f"客户{count}-{n}", code=f"{count}-{n}", name_key="k", industry="食品", **place)
            for n in range(count)
        )  # fmt: skip
        with CaptureQueriesContext(
            connection,
        ) as context:
            count_segment(segment, actor=SYSTEM, on=TODAY, zone=SHANGHAI)
        return len(context)

    place = {"owner": li_wei, "team_id": li_wei.team_id, "department_id": li_wei.department_id}
    segment = a_segment(li_wei, FOOD)
    asked(1)
    assert asked(5) == asked(200)
    segment.refresh_from_db()
    assert segment.size == 206
