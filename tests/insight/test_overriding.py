"""Tiers by hand: asked for, approved, kept to by runs, ended."""

from datetime import timedelta

import pytest

from cast import TODAY
from kezhi.audit.models import Entry
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.models import Standing
from kezhi.insight.models import Snapshot, TierMove, TierOverride
from kezhi.insight.overriding import (
    InvalidOverride,
    approve_override,
    longest,
    reject_override,
    request_override,
    withdraw_override,
)

pytestmark = pytest.mark.django_db
NEXT_MONTH = TODAY + timedelta(days=30)
State = TierOverride.State


@pytest.fixture
def low(trading, measure, li_wei):
    """A customer of Li Wei's in the lowest tier, measured."""
    measure(TODAY - timedelta(days=3))
    standing = Standing.objects.filter(tier="D", owner_id=li_wei.pk).order_by("pk").first()
    return standing.customer


def ask(customer, actor, tier="S", until=NEXT_MONTH, reason="战略合作伙伴", on=TODAY):
    return request_override(customer, tier, actor=actor, on=on, until=until, reason=reason)


def tier_of(customer):
    return Standing.objects.get(pk=customer.pk).tier


def test_a_request_changes_nothing_until_somebody_approves_it(low, li_wei, manager):
    override = ask(low, li_wei)
    assert (override.state, tier_of(low)) == (State.WAITING, "D")
    approve_override(override, actor=manager, on=TODAY)
    standing = Standing.objects.get(pk=low.pk)
    assert (standing.tier, standing.previous_tier, standing.tier_since) == ("S", "D", TODAY)
    override.refresh_from_db()
    assert (override.state, override.approved_by, override.approved_on) == (
        State.IN_FORCE,
        manager,
        TODAY,
    )


def test_runs_keep_to_it_and_remember_the_tier_of_the_score(low, li_wei, manager, measure):
    approve_override(ask(low, li_wei), actor=manager, on=TODAY)
    run = measure()
    snapshot = Snapshot.objects.get(run=run, customer=low)
    assert (snapshot.tier, snapshot.is_by_hand, snapshot.tier_by_score) == ("S", True, "D")
    assert tier_of(low) == "S"
    moves = TierMove.objects.filter(customer=low, after="S")
    assert [(move.before, move.moved_on) for move in moves] == [("D", TODAY)]


def test_others_stand_where_they_would_without_it(low, li_wei, manager, measure):
    approve_override(ask(low, li_wei), actor=manager, on=TODAY)
    measure()
    others = dict(Standing.objects.exclude(pk=low.pk).values_list("pk", "tier"))
    withdraw_override(TierOverride.objects.get(), actor=li_wei, on=TODAY)
    measure()
    assert dict(Standing.objects.exclude(pk=low.pk).values_list("pk", "tier")) == others
    assert tier_of(low) == "D"


def test_a_run_after_its_last_day_ends_it(low, li_wei, manager, measure):
    override = ask(low, li_wei, until=TODAY - timedelta(days=1), on=TODAY - timedelta(days=2))
    approve_override(override, actor=manager, on=TODAY - timedelta(days=2))
    assert tier_of(low) == "S"
    measure()
    override.refresh_from_db()
    assert (override.state, override.ended_on, tier_of(low)) == (State.EXPIRED, TODAY, "D")
    back = TierMove.objects.get(customer=low, before="S")
    assert (back.after, back.moved_on) == ("D", TODAY)
    assert Entry.objects.filter(deed="tier_override.expired", actor_name=SYSTEM.name).exists()


def test_it_still_holds_on_its_last_day(low, li_wei, manager, measure):
    approve_override(ask(low, li_wei, until=TODAY), actor=manager, on=TODAY)
    measure()
    assert tier_of(low) == "S"
    assert TierOverride.objects.get().is_in_force


def test_a_request_that_nobody_decided_ends_with_its_last_day(low, li_wei, measure):
    override = ask(low, li_wei, until=TODAY - timedelta(days=1), on=TODAY - timedelta(days=2))
    measure()
    override.refresh_from_db()
    assert (override.state, override.approved_on) == (State.EXPIRED, None)


def test_withdrawn_the_customer_goes_back_at_once(low, li_wei, manager):
    override = ask(low, li_wei)
    approve_override(override, actor=manager, on=TODAY)
    withdraw_override(override, actor=li_wei, on=TODAY, reason="合同没签成")
    override.refresh_from_db()
    assert (override.state, override.decision, tier_of(low)) == (
        State.WITHDRAWN,
        "合同没签成",
        "D",
    )
    assert not Snapshot.objects.filter(customer=low, is_by_hand=True).exists()


def test_a_run_of_a_past_day_keeps_to_what_held_then(low, li_wei, manager, measure):
    measure()
    approve_override(ask(low, li_wei), actor=manager, on=TODAY)
    run = measure(TODAY - timedelta(days=2))
    assert Snapshot.objects.get(run=run, customer=low).tier == "D"
    assert tier_of(low) == "S"


def test_a_customer_without_a_score_may_be_given_a_tier(trading, measure, owner):
    measure()
    new = trading[0]
    assert tier_of(new) == ""
    approve_override(ask(new, owner, "B"), actor=owner, on=TODAY)
    measure()
    snapshot = Snapshot.objects.get(customer=new)
    assert (snapshot.tier, snapshot.tier_by_score, tier_of(new)) == ("B", "", "B")


def test_a_new_one_in_force_replaces_the_earlier(low, li_wei, manager):
    first = ask(low, li_wei, "A")
    approve_override(first, actor=manager, on=TODAY)
    approve_override(ask(low, li_wei, "S"), actor=manager, on=TODAY)
    first.refresh_from_db()
    assert (first.state, first.ended_on, tier_of(low)) == (State.REPLACED, TODAY, "S")
    withdraw_override(TierOverride.objects.in_force().get(), actor=manager, on=TODAY)
    assert tier_of(low) == "D"


def test_nobody_approves_their_own_request_but_an_owner(low, manager, owner):
    override = ask(low, manager)
    with pytest.raises(NotAllowed):
        approve_override(override, actor=manager, on=TODAY)
    assert tier_of(low) == "D"
    withdraw_override(override, actor=manager, on=TODAY)
    approve_override(ask(low, owner), actor=owner, on=TODAY)
    assert tier_of(low) == "S"


def test_only_one_request_waits_for_a_customer(low, li_wei):
    ask(low, li_wei)
    with pytest.raises(Refused, match=r"waiting|待审批"):
        ask(low, li_wei, "A")
    assert TierOverride.objects.count() == 1


def test_a_rejection_says_why(low, li_wei, manager):
    override = ask(low, li_wei)
    with pytest.raises(InvalidOverride):
        reject_override(override, actor=manager, on=TODAY, reason=" ")
    reject_override(override, actor=manager, on=TODAY, reason="还没有订单")
    override.refresh_from_db()
    assert (override.state, override.decision) == (State.REJECTED, "还没有订单")
    with pytest.raises(Refused):
        approve_override(override, actor=manager, on=TODAY)


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("tier", {"tier": "X"}),
        ("until", {"until": None}),
        ("until", {"until": TODAY - timedelta(days=1)}),
        ("until", {"until": longest(TODAY) + timedelta(days=1)}),
        ("reason", {"reason": "  "}),
    ],
)
def test_what_a_request_needs(low, li_wei, field, changed):
    with pytest.raises(InvalidOverride) as refusal:
        ask(low, li_wei, **changed)
    assert list(refusal.value.errors) == [field]
    assert not TierOverride.objects.exists()


def test_the_tier_that_the_score_gives_needs_no_hand(low, li_wei):
    with pytest.raises(Refused, match=r"already|已在"):
        ask(low, li_wei, "D")


def test_strangers_neither_ask_nor_decide(low, li_wei, chen_jing, agent, analyst):
    for stranger in (chen_jing, agent, analyst):
        with pytest.raises(NotAllowed):
            ask(low, stranger)
    override = ask(low, li_wei)
    for stranger in (chen_jing, agent, analyst, li_wei):
        with pytest.raises(NotAllowed):
            approve_override(override, actor=stranger, on=TODAY)
        with pytest.raises(NotAllowed):
            reject_override(override, actor=stranger, on=TODAY, reason="不")
    for stranger in (chen_jing, agent, analyst):
        with pytest.raises(NotAllowed):
            withdraw_override(override, actor=stranger, on=TODAY)
    override.refresh_from_db()
    assert (override.state, tier_of(low)) == (State.WAITING, "D")
