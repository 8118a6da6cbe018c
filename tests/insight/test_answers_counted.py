"""What is counted for questions of delivered value: the price paid, the hours waited."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from cast import TODAY
from insight.answered import ASKED_ON, ask
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import Refused
from kezhi.customers.models import Customer
from kezhi.insight.answers import counted
from kezhi.insight.delivering import Figures
from kezhi.insight.models import CustomerReading, Study
from kezhi.insight.studying import begin_study, run_study
from kezhi.insight.weighing import publish_weights
from kezhi.ledger.models import Order
from kezhi.satisfaction.models import SurveyAnswer, SurveyItem
from kezhi.satisfaction.questioning import create_item, edit_item
from kezhi.service.models import Clock, Ticket
from kezhi.value.delivered import EQUAL
from kezhi.value.plain import from_plain

pytestmark = pytest.mark.django_db
PAID = {"code": "paid", "text": "Paid", "factor": "money", "unit": "money", "source": "paid"}
WAITED = {"code": "waited", "text": "Waited", "factor": "time", "low": 0, "high": 40,
          "source": "waited"}  # fmt: skip
WORTH = {"code": "worth", "text": "Worth", "factor": "product", "unit": "money"}


def question(fields, **more):
    return create_item({**fields, **more}, actor=SYSTEM, on=TODAY)


def studied():
    return run_study(begin_study(Study.Subject.DELIVERED, actor=SYSTEM, on=TODAY).pk)


def waited(customer, number, seconds, kind="first_answer", state="done", on=TODAY):
    at = datetime(on.year, on.month, on.day, 2, tzinfo=UTC)
    ticket = Ticket.objects.create(
        number=f"T-{number}", subject="?", customer=customer, opened_at=at, **customer.place
    )
    return Clock.objects.create(
        ticket=ticket,
        kind=kind,
        state=state,
        ticket_type="inquiry",
        promised_minutes=60,
        measure="calendar",
        started_at=at - timedelta(seconds=seconds),
        ended_at=at,
        elapsed_seconds=seconds,
    )


def test_the_price_paid_is_the_mean_of_the_orders_of_a_year(trading):
    item, customer = question(PAID), trading[0]
    for number, (amount, ago) in enumerate([(100, 10), (300, 20), (-50, 15), (900, 400)]):
        Order.objects.create(
            number=f"N{number}",
            customer=customer,
            ordered_on=TODAY - timedelta(days=ago),
            currency="CNY",
            amount=amount,
            **customer.place,
        )
    found = counted(item, [str(customer.pk), str(trading[1].pk)], TODAY)
    assert found == {str(customer.pk): 200.0}  # the other never ordered: nothing is said


def test_hours_waited_are_those_of_answers_within_the_year(trading):
    item, customer = question(WAITED), trading[3]
    waited(customer, 1, 3 * 3600)
    waited(customer, 2, 3600, kind="next_answer")
    waited(customer, 3, 90 * 3600, kind="solution")
    waited(customer, 4, 90 * 3600, state="stopped")
    waited(customer, 5, 90 * 3600, on=TODAY - timedelta(days=366))
    found = counted(item, [str(customer.pk), str(trading[4].pk)], TODAY)
    assert found == {str(customer.pk): 4.0, str(trading[4].pk): 0.0}


def test_hours_keep_to_the_scale_and_in_hours_to_nothing(trading):
    waited(trading[3], 1, 100 * 3600)
    who = [str(trading[3].pk)]
    assert counted(question(WAITED), who, TODAY) == {who[0]: 40.0}
    in_hours = question(WAITED, code="hours", unit="hours")
    assert counted(in_hours, who, TODAY) == {who[0]: 100.0}


def test_hours_waited_cost_money_at_the_wage(trading, owner):
    ask()
    SurveyItem.objects.filter(code="price").update(is_active=False)
    worth = question(WORTH)
    question(WAITED, unit="hours")
    for customer in Customer.objects.all():
        SurveyAnswer.objects.create(
            customer=customer,
            respondent=f"R{customer.pk}",
            item=worth,
            about="",
            answer=500,
            answered_on=ASKED_ON,
            **customer.place,
        )
    waited(trading[3], 1, 2 * 3600)
    money = "figures__value_in_money"
    before = studied()
    reading = CustomerReading.objects.filter(study=before, customer=trading[3])
    assert reading.values_list(money, flat=True).get() is None  # nothing is said of costs yet
    publish_weights(dict(EQUAL), Decimal(60), actor=owner, on=TODAY, reason="Said by customers")
    after = studied()
    reading = CustomerReading.objects.filter(study=after, customer=trading[3])
    assert reading.values_list(money, flat=True).get() == 500 - 2 * 60


def test_surplus_is_what_they_would_pay_less_what_they_pay_by_customer_and_tier(trading, measure):
    measure()
    ask()
    worth = question(WORTH)
    for place, customer in enumerate(Customer.objects.order_by("pk")):
        SurveyAnswer.objects.create(
            customer=customer,
            respondent=f"R{customer.pk}",
            item=worth,
            about="",
            answer=20 + place,
            answered_on=ASKED_ON,
            **customer.place,
        )
    study = studied()
    found = from_plain(Figures, study.figures)
    readings = CustomerReading.objects.filter(study=study).select_related("customer")
    surpluses = {each.customer_id: each.figures["surplus"] for each in readings}
    prices = dict(
        SurveyAnswer.objects.filter(item__code="price", about="").values_list(
            "customer_id", "answer"
        )
    )
    for place, customer in enumerate(Customer.objects.order_by("pk")):
        assert surpluses[customer.pk] == pytest.approx(20 + place - float(prices[customer.pk]))
    tier = found.segments["tier"][0]
    own = Customer.objects.filter(standing__tier=tier.group).values_list("pk", flat=True)
    assert tier.surplus == pytest.approx(sum(surpluses[pk] for pk in own) / len(own))


@pytest.mark.parametrize(
    "wrong",
    [
        {**PAID, "factor": "time"},
        {**PAID, "unit": "scale"},
        {**WAITED, "factor": "money"},
        {**WAITED, "unit": "money"},
    ],
)
def test_what_cannot_be_counted_so_is_refused(trading, wrong):
    with pytest.raises(Refused):
        question(wrong)


def test_a_price_is_asked_or_counted(trading):
    asked = question({"code": "price", "text": "Price", "factor": "money", "unit": "money"})
    with pytest.raises(Refused, match=r"price|paid"):
        question(PAID)
    edit_item(asked, {"is_active": False}, actor=SYSTEM, on=TODAY)
    question(PAID)
    asked.refresh_from_db()
    with pytest.raises(Refused, match=r"price|paid"):
        edit_item(asked, {"is_active": True}, actor=SYSTEM, on=TODAY)
