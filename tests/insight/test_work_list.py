"""Who may be leaving and why; rhythms, next purchases and how long customers stay."""

from datetime import timedelta

import pytest

from cast import TODAY
from kezhi.core.actor import SYSTEM
from kezhi.customers.following_up import plan_follow_up
from kezhi.customers.models import Customer, Need, Standing
from kezhi.insight import figures, rhythm, survival
from kezhi.insight.figures import work_list

pytestmark = pytest.mark.django_db


@pytest.fixture
def measured(trading, measure):
    return measure()


def rows(actor=SYSTEM, **asked):
    return work_list.work_list(actor, figures.basis(), on=TODAY, **asked)


def test_everybody_on_the_list_has_a_reason_and_the_most_at_risk_come_first(measured):
    found = rows(limit=1000)
    assert found
    assert all(each.risk.reasons and each.risk.stage != "lost" for each in found)
    risks = [each.risk.value_at_risk for each in found]
    assert risks == sorted(risks, reverse=True)
    totals = work_list.risk_totals(SYSTEM, figures.basis())
    assert totals.customers == len(found)
    assert totals.value == pytest.approx(sum(risks))
    overdue = sum("overdue" in each.risk.reasons for each in found)
    assert totals.by_reason["overdue"] == overdue == len(rows(reason="overdue", limit=1000))


def test_pages_follow_each_other_without_gaps(measured):
    every = [each.customer_id for each in rows(limit=1000)]
    found, after = [], None
    while page := rows(after=after, limit=3):
        found += [each.customer_id for each in page]
        after = found[-1]
    assert found == every


def test_what_we_owe_and_what_is_planned_stand_beside_it(measured, owner):
    first = rows(limit=1)[0]
    customer = Customer.objects.get(pk=first.customer_id)
    Need.objects.create(
        customer=customer, what="要一份报价", handler=owner, raised_on=TODAY - timedelta(days=9),
        reply_due_on=TODAY - timedelta(days=2), **customer.place,
    )  # fmt: skip
    plan_follow_up(
        {"customer": customer, "subject": "回访", "due_on": TODAY}, actor=owner, on=TODAY
    )
    found = rows(owner, reason="owed")
    assert [each.customer_id for each in found] == [customer.pk]
    assert found[0].owed.what == "要一份报价"
    assert found[0].planned.subject == "回访"
    assert customer.pk not in [each.customer_id for each in rows(owner, reason="open", limit=999)]


def test_the_next_purchase_lies_within_its_interval_and_after_today(measured):
    everybody = rhythm.kept_rhythm(figures.basis())
    ids = list(Standing.objects.filter(occasions__gt=2).values_list("pk", flat=True)[:20])
    found = rhythm.next_purchases(ids, everybody, as_of=TODAY)
    assert set(found) == set(ids)
    for each in found.values():
        assert TODAY <= each.low_on <= each.expected_on <= each.high_on
        assert 0 <= each.own <= 1


def test_asking_for_many_takes_one_query(measured, django_assert_num_queries):
    everybody = rhythm.kept_rhythm(figures.basis())
    ids = list(Standing.objects.values_list("pk", flat=True))
    with django_assert_num_queries(1):
        rhythm.next_purchases(ids, everybody, as_of=TODAY)


@pytest.mark.parametrize("by", ["tier", "source"])
def test_survival_counts_every_buyer_once_and_falls(measured, by):
    Customer.objects.filter(pk__in=Customer.objects.all()[:12]).update(source="展会")
    found = survival.survivals(SYSTEM, figures.basis(), by)
    assert found.whole.customers == Standing.objects.filter(occasions__gt=0).count()
    shares = [share for _month, share, _low, _high in found.whole.points]
    assert shares == sorted(shares, reverse=True)
    assert all(low <= share <= high for _m, share, low, high in found.whole.points)
    assert found.segments
    assert sum(each.customers for each in found.segments) <= found.whole.customers
    assert sum(each.lost for each in found.half_years) <= found.whole.lost


def test_silence_is_longer_than_most_intervals(measured):
    everybody = rhythm.kept_rhythm(figures.basis())
    assert rhythm.silent_days(everybody) > 1
    assert rhythm.silent_days(None) == rhythm.SILENT_DAYS
