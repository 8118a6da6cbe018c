"""Promised against delivered, touchpoints by stage, moments of truth, the optimal service level."""

from datetime import timedelta

import numpy as np
import pytest

from cast import TODAY
from insight.surveyed import a_survey, csat_survey, respond
from kezhi.core.actor import SYSTEM
from kezhi.customers.models import (
    Customer,
    Interaction,
    Promise,
    Segment,
    SegmentMember,
    Standing,
)
from kezhi.insight import expecting, travelling
from kezhi.insight.models import CustomerReading, Snapshot, ValueRun
from kezhi.insight.ruling import current_settings
from kezhi.insight.studying import begin_study, run_study
from kezhi.ledger.models import CostEntry, Order

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def studied():
    study = run_study(begin_study("journey", actor=SYSTEM, on=TODAY).pk)
    return study, travelling.figures_of(study)


def a_promise(customer, state, due_on, settled_on=None):
    return Promise.objects.create(
        customer=customer,
        topic="delivery",
        what="周五前到货",
        made_on=due_on - 5 * DAY,
        due_on=due_on,
        state=state,
        settled_on=settled_on,
        **customer.place,
    )


def an_order(customer, on, **more):
    number = f"J{Order.objects.count()}"
    fields = {"number": number, "ordered_on": on, "amount": 100} | more
    return Order.objects.create(customer=customer, **customer.place, **fields)


def test_promises_and_delivery_dates_count_once_they_are_decided(trading):
    first, second = Customer.objects.order_by("pk")[:2]
    Standing.objects.filter(customer=first).update(tier="S")
    due = TODAY - 20 * DAY
    a_promise(first, "kept", due, due)
    a_promise(first, "kept", due, due + 3 * DAY)  # kept, but late
    a_promise(first, "broken", due, due)
    a_promise(second, "open", TODAY - DAY)
    a_promise(second, "open", TODAY + DAY)  # not decided yet
    a_promise(second, "withdrawn", due)
    an_order(second, due - 9 * DAY, promised_on=due, delivered_on=due)
    an_order(second, due - 9 * DAY, promised_on=due, delivered_on=due + DAY)
    an_order(second, TODAY - 3 * DAY, promised_on=TODAY + DAY)
    study, found = studied()
    whole = found.expectation.whole
    assert (whole.count, whole.share) == (6, pytest.approx(2 / 6))
    by = {(one.by, one.key): one.kept for one in found.expectation.groups}
    assert (by["source", "promise"].count, by["source", "delivery"].share) == (4, 0.5)
    assert by["tier", "S"].share == pytest.approx(1 / 3)
    readings = {
        each.customer_id: (each.respondents, each.score, each.figures["broken"])
        for each in CustomerReading.objects.filter(study=study)
    }
    assert readings == {
        first.pk: (3, pytest.approx(100 / 3), 2),
        second.pk: (3, pytest.approx(100 / 3), 2),
    }
    own = {(one.source, one.count, one.kept) for one in expecting.kept_to(second.pk, TODAY)}
    assert own == {("promise", 1, 0), ("delivery", 2, 1)}


def test_touchpoints_by_stage_with_what_customers_said(trading, li_wei):
    customer, newcomer = Customer.objects.order_by("pk")[:2]
    Order.objects.all().delete()
    order = an_order(customer, TODAY - 100 * DAY, delivered_on=TODAY - 90 * DAY)
    for on in (95, 60):
        Interaction.objects.create(
            customer=customer,
            channel="call",
            at=f"{TODAY - on * DAY}T02:00Z",
            text="电话",
            **customer.place,
        )
    Interaction.objects.create(
        customer=newcomer, channel="call", at=f"{TODAY - DAY}T02:00Z", text="电话", **newcomer.place
    )
    effort = a_survey("effort", "ces", [{"code": "e", "sort": "scale", "low": 1, "high": 7}])
    about = {"about_kind": "order", "about_id": order.pk}
    respond(csat_survey(), customer, {}, on=TODAY - 88 * DAY, score=80, **about)
    respond(effort, customer, {}, on=TODAY - 88 * DAY, score=50, **about)
    Customer.objects.filter(pk=customer.pk).update(region="华东")
    Customer.objects.filter(pk=newcomer.pk).update(department_id=None)
    Standing.objects.filter(pk=customer.pk).update(tier="S")
    segment = Segment.objects.create(name="新客", owner=li_wei, size=1)
    SegmentMember.objects.create(segment=segment, customer=newcomer, since=TODAY)
    study, found = studied()
    for by, group, calls in (
        ("tier", "S", {"during", "after"}),
        ("region", "华东", {"during", "after"}),
        ("segment", str(segment.pk), {"before"}),
        ("department", str(customer.department_id), {"during", "after"}),
    ):
        assert group in travelling.groups_of(study)[by]
        own = travelling.figures_of(study, by, group).points
        assert {one.stage for one in own if one.name == "call"} == calls, by
    at = {(one.name, one.stage): one for one in found.points if not one.group}
    assert {key: one.events for key, one in at.items() if key[0] == "call"} == {
        ("call", "during"): 1,
        ("call", "after"): 1,
        ("call", "before"): 1,
    }
    assert at["delivery", "during"].hours == 240
    said = at["delivery", "during"]
    assert (said.events, said.score.score, said.effort.score) == (1, 80, 50)


def test_a_call_after_midnight_belongs_to_the_day_of_the_company(trading):
    customer = Customer.objects.order_by("pk").first()
    Order.objects.all().delete()
    an_order(customer, TODAY - 100 * DAY, delivered_on=TODAY - 90 * DAY)
    for at in (
        f"{TODAY - 90 * DAY}T15:59Z",  # the last minute of the day of delivery in Shanghai
        f"{TODAY - 90 * DAY}T16:30Z",  # half an hour later it is the day after
        f"{TODAY}T16:30Z",  # tomorrow: not counted yet
        f"{TODAY - 366 * DAY}T16:30Z",  # a year ago, counted no more
        f"{TODAY - 365 * DAY}T16:30Z",
    ):
        Interaction.objects.create(
            customer=customer, channel="call", at=at, text="电话", **customer.place
        )
    points = {
        one.stage: one.events for one in studied()[1].points if one.name == "call" and not one.group
    }
    assert points == {"during": 1, "after": 1, "before": 1}


def test_a_moment_of_truth_is_where_the_content_came_back(trading):
    Order.objects.all().delete()
    survey = csat_survey()
    on = TODAY - 300 * DAY
    for place, customer in enumerate(Customer.objects.order_by("pk")[:40]):
        content = place < 20
        order = an_order(customer, on - 5 * DAY)
        score = 90 if content else 30
        respond(survey, customer, {}, on=on, score=score, about_kind="order", about_id=order.pk)
        if place % 20 < (16 if content else 4):
            an_order(customer, on + 60 * DAY)
    (moment,) = studied()[1].moments
    assert (moment.name, moment.content.share, moment.discontent.share) == ("delivery", 0.8, 0.2)
    assert moment.difference.is_clear


def test_the_service_level_is_found_in_the_facts_or_said_to_be_missing(trading):
    assert [one.why_not for one in studied()[1].levels] == ["run", "run"]
    run = ValueRun.objects.create(
        as_of=TODAY, state="published", value_settings=current_settings(), has_snapshots=True
    )
    assert {one.why_not for one in studied()[1].levels} == {"few"}
    rng = np.random.default_rng(4)
    due = TODAY - 30 * DAY
    for customer in Customer.objects.order_by("pk"):
        kept = int(rng.integers(2, 10))
        for number in range(10):
            state = "kept" if number < kept else "broken"
            a_promise(customer, state, due, due)
        level = kept * 10
        cost = 40 + 0.06 * level**2
        brought = 20 * level + rng.normal(0, 30)
        Snapshot.objects.create(
            run=run, customer=customer, as_of=TODAY, contribution_12m=brought - cost
        )
        CostEntry.objects.create(
            customer=customer,
            activity="service",
            incurred_on=due,
            amount=round(cost, 2),
            entry_key=f"k{customer.pk}",
            **customer.place,
        )
    kept = next(one for one in studied()[1].levels if one.name == "kept")
    assert kept.why_not == ""
    assert kept.customers == 60
    assert kept.best.verdict == "upper_end"  # 20 more for each point: it never costs as much
