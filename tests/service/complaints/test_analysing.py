"""What complaints say together is counted rightly, and only of those that the actor may see."""

from datetime import timedelta
from decimal import Decimal

import pytest

from cast import NOW, TODAY
from kezhi.catalog.models import Product
from kezhi.customers.models import Standing
from kezhi.ledger.models import Order
from kezhi.service.complaints import analysing, recurring
from kezhi.service.models import Complaint, ComplaintStep, Ticket
from kezhi.service.tickets.opening import open_ticket


@pytest.fixture
def film(db):
    return Product.objects.create(code="F-1", name="包装膜")


def complaints(customer, agent, *days_ago, **columns):
    made = []
    for days in days_ago:
        at = NOW - timedelta(days=days)
        fields = {"type": "complaint", "subject": "破损", "customer": customer}
        ticket = open_ticket(fields, actor=agent, at=at)
        Complaint.objects.filter(ticket=ticket).update(category="quality", **columns)
        made.append(Complaint.objects.get(ticket=ticket))
    return made


def test_a_surge_is_what_chance_does_not_explain(anhui_tea, agent, film, owner, chen_jing):
    complaints(anhui_tea, agent, 1, 2, 3, 4, 100, 200, product=film)
    (found,) = analysing.read(owner, NOW).figures.surges
    assert (found.label, found.count) == ("包装膜", 4)
    assert found.usual == pytest.approx(2 / ((365 - 7) / 7))
    assert found.p < 0.001
    assert analysing.read(chen_jing, NOW).figures.surges == ()
    complaints(anhui_tea, agent, *range(10, 360, 2), product=film)
    assert analysing.read(owner, NOW).figures.surges == ()


def test_a_step_takes_from_the_arrival_to_the_first_time_it_is_done(anhui_tea, agent, owner):
    both = complaints(anhui_tea, agent, 10, 10)
    ComplaintStep.objects.all().delete()
    done = [(both[0], 1, False), (both[0], 5, False), (both[0], 0, True), (both[1], 3, False)]
    for complaint, days, is_back in done:
        at = complaint.opened_at + timedelta(days=days)
        ComplaintStep.objects.create(complaint=complaint, step="record", at=at, is_back=is_back)
    (time,) = analysing.step_times(analysing.of_a_year(owner, NOW))
    assert (time.step, time.count) == ("record", 2)
    assert (time.median, time.ninth) == (pytest.approx(2.0), pytest.approx(2.8))


def test_recovery_counts_who_came_back_within_their_rhythm(anhui_tea, agent, owner):
    Standing.objects.filter(pk=anhui_tea.pk).update(
        occasions=5,
        first_order_on=TODAY - timedelta(days=400),
        last_order_on=TODAY - timedelta(days=200),
    )  # every 50 days: 75 days to come back
    first, second = complaints(anhui_tea, agent, 180, 170, answer="accepted")
    for each, days in ((first, 176), (second, 100)):
        Complaint.objects.filter(pk=each.pk).update(settled_at=NOW - timedelta(days=days))
    Ticket.objects.filter(pk=first.ticket_id).update(
        first_answered_at=first.opened_at + timedelta(hours=2)
    )
    Order.objects.create(
        number="SO-9",
        customer=anhui_tea,
        ordered_on=TODAY - timedelta(days=130),
        currency="CNY",
        amount=Decimal(100),
        **anhui_tea.place,
    )
    rows = analysing.of_a_year(owner, NOW)
    fast, late = analysing.recovery(rows, TODAY)
    assert (fast.hours, fast.share.share, fast.share.count) == (4, 1.0, 1)
    assert (late.hours, late.share.share, late.share.count) == (None, 0.0, 1)
    Complaint.objects.filter(pk=second.pk).update(settled_at=NOW - timedelta(days=30))
    assert [each.hours for each in analysing.recovery(rows, TODAY)] == [4]


def test_recurrence_is_told_by_what_complaints_have_in_common(
    anhui_tea, agent, film, owner, chen_jing, django_assert_num_queries
):
    complaints(
        anhui_tea, agent, 300, 30, 400, product=film, lane="苏州 – 合肥", lane_key="苏州合肥"
    )
    (last,) = complaints(anhui_tea, agent, 0, product=film, lane_key="苏州合肥")
    # One for each thing in common, names of customer, product and department.
    with django_assert_num_queries(6):
        found = {each.by: (each.short, each.long) for each in recurring.similar(last, owner)}
    assert found == {"customer": (1, 2), "product": (1, 2), "lane": (1, 2)}
    assert recurring.similar(last, chen_jing) == []


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_page_shows_the_year_with_links(client, anhui_tea, agent, film, owner, language):
    complaints(
        anhui_tea, agent, 1, 2, 3, 4, product=film, at_risk=Decimal(1000), has_recurred=False
    )
    client.force_login(owner)
    client.cookies["language"] = language
    page = client.get("/complaints/analysis/").content.decode()
    assert "包装膜" in page
    assert f"w=product.eq.{film.pk}" in page
    assert client.get("/complaints/limits/").status_code == 200
