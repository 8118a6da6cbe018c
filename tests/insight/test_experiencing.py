"""What surveys say, worked out once and kept: figures against an independent count."""

from datetime import timedelta

import numpy as np
import pytest

from cast import TODAY
from insight.surveyed import (
    SCALE,
    a_survey,
    csat_survey,
    invite,
    nps_survey,
    respond,
    respond_about_speed,
)
from kezhi.core.actor import SYSTEM
from kezhi.customers.models import Customer, Standing
from kezhi.insight import experiencing
from kezhi.insight.contenting import read_contentment
from kezhi.insight.models import CustomerReading
from kezhi.insight.studying import begin_study, run_study
from kezhi.ledger.models import Order
from kezhi.satisfaction.analysing.contentment import falls_of
from kezhi.satisfaction.models import SurveyAnswer, SurveyItem, SurveyResponse
from kezhi.value.satisfaction.recommending import score_interval

pytestmark = pytest.mark.django_db


def studied():
    return run_study(begin_study("experience", actor=SYSTEM, on=TODAY).pk)


def test_a_recommendation_by_its_answers_groups_and_rate(trading, li_wei):
    survey = nps_survey()
    customers = list(Customer.objects.order_by("pk")[:40])
    Customer.objects.filter(pk__in=[c.pk for c in customers[:20]]).update(region="安徽")
    rng = np.random.default_rng(1)
    given = rng.integers(0, 11, 40).tolist()
    order = Order.objects.filter(lines__product__isnull=False).first()
    for customer, answer in zip(customers, given, strict=True):
        invite(survey, customer, "answered")
        own = {"about_kind": "order", "about_id": order.pk} if order else {}
        respond(survey, customer, {"nps": answer}, score=answer * 10, agent_id=li_wei.pk, **own)
    invite(survey, customers[0])
    respond(survey, customers[0], {"nps": 10}, on=TODAY - timedelta(days=400), score=100)
    study = studied()
    found = experiencing.survey_figures(study, survey.pk)
    up, down = sum(a >= 9 for a in given), sum(a <= 6 for a in given)
    assert (found.responses, found.customers, found.asked, found.answered) == (40, 40, 41, 40)
    assert found.overall.score == pytest.approx(100 * (up - down) / 40)
    edges = score_interval(up, down, 40, level=0.95)
    assert (found.overall.low, found.overall.high) == pytest.approx(edges)
    assert [bar.count for bar in found.bars] == [given.count(k) for k in range(11)]
    region = next(one for one in found.groups["region"] if one.key == "安徽")
    first = given[:20]
    assert region.reading.count == 20
    expected = 100 * (sum(a >= 9 for a in first) - sum(a <= 6 for a in first)) / 20
    assert region.reading.score == pytest.approx(expected)
    (agent,) = found.groups["employee"]
    assert (agent.label, agent.reading.count) == (li_wei.name, 40)
    if order:
        assert {one.reading.count for one in found.groups["product"]} == {40}
    assert found.before.count == 1
    assert found.change is not None


def test_drivers_words_and_the_map(trading):
    survey = csat_survey()
    respond_about_speed(survey)
    Standing.objects.update(p_alive=0.9)
    study = studied()
    found = experiencing.survey_figures(study, survey.pk)
    assert found.why_no_drivers == ""
    by = {one.name: one for one in found.drivers.drivers}
    assert by["speed"].johnson > by["price"].johnson
    assert found.priorities.items[0].name == "speed"
    scores = np.array([float(s) for s in SurveyResponse.objects.values_list("score", flat=True)])
    assert found.overall.score == pytest.approx(100 * (scores >= 75).mean())
    assert sum(bar.count for bar in found.bars) == 60
    assert [month.reading.count for month in found.months] == [10] * 6
    assert found.trend is not None
    slow = SurveyResponse.objects.exclude(comment="").count()
    assert [(word.word, word.count) for word in found.words] == [("发货太慢", slow)]
    whole = experiencing.overview(study)
    assert whole.customers == 60
    cells = {cell.name: cell.customers for cell in whole.cells}
    assert cells["loyal"] == (scores >= 75).sum()
    assert cells["mercenary"] == cells["leaving"] == 0
    listed = CustomerReading.objects.filter(study=study, **experiencing.readings_in("hostage"))
    assert listed.count() == cells["hostage"]


def test_gaps_features_and_who_is_too_few(trading):
    both = [
        {"sort": sort, "low": 1, "high": 7, "code": f"{sort[0]}{name}", "dimension": name}
        for name in ("reliability", "empathy")
        for sort in ("expectation", "perception")
    ]
    quality = a_survey("quality", "servqual", both, {"reliability": 3, "empathy": 1})
    kano = [
        {"sort": f"kano_{sort}", "code": f"{sort}", "low": 1, "high": 5}
        for sort in ("functional", "dysfunctional")
    ]
    features = a_survey("features", "kano", kano, is_anonymous=True)
    for customer in Customer.objects.order_by("pk")[:12]:
        respond(
            quality,
            customer,
            {"ereliability": 7, "preliability": 4, "eempathy": 4, "pempathy": 7},
            score=50,
        )
        respond(features, None, {"functional": 1, "dysfunctional": 5})
    alone = a_survey("own", "own", [SCALE | {"code": "q"}])
    respond(alone, Customer.objects.first(), {"q": 3}, score=50)
    study = studied()
    found = experiencing.survey_figures(study, quality.pk)
    assert [(gap.dimension, gap.gap, gap.weight) for gap in found.gaps] == [
        ("reliability", pytest.approx(-50), 0.75),
        ("empathy", pytest.approx(50), 0.25),
    ]
    assert found.weighted_gap == pytest.approx(-25)
    assert found.why_no_drivers == "outcome"
    (feature,) = experiencing.survey_figures(study, features.pk).features
    assert (feature.category.first, feature.better, feature.worse) == ("one_dimensional", 1, -1)
    one = experiencing.survey_figures(study, alone.pk)
    assert (one.overall.count, one.overall.score, one.overall.low) == (1, 50, None)
    assert one.trend is None


def test_newer_responses_weigh_more_and_falls_are_told(trading):
    survey = csat_survey()
    first, second = Customer.objects.order_by("pk")[:2]
    respond(survey, first, {}, on=TODAY - timedelta(days=180), score=100)
    respond(survey, first, {}, score=25)
    respond(survey, second, {}, on=TODAY - timedelta(days=180), score=60)
    respond(survey, second, {}, score=55)
    reading = CustomerReading.objects.get(study=studied(), customer=first)
    assert reading.score == pytest.approx((100 * 0.5 + 25) / 1.5)
    assert experiencing.satisfaction_of(first.pk) == (pytest.approx(50), 2, TODAY)
    found = falls_of([first.pk, second.pk], TODAY)
    assert list(found) == [first.pk]
    assert (found[first.pk].before, found[first.pk].now) == (100, 25)


def test_answers_from_a_file_count_beside_responses_and_the_same_one_once(trading):
    customer, other = Customer.objects.order_by("pk")[:2]
    response = respond(csat_survey(), customer, {}, score=80)
    questions = [
        SurveyItem.objects.create(
            code=code, text=code, factor=factor, low=1, high=5, is_reversed=turned
        )
        for code, factor, turned in (
            ("C1", "satisfaction", False),
            ("C2", "satisfaction", True),
            ("V1", "perceived_value", False),
        )
    ]

    def answered(respondent, who, numbers, about="", on=TODAY):
        for item, number in zip(questions, numbers, strict=True):
            SurveyAnswer.objects.create(
                respondent=respondent, customer=who, item=item, about=about, answer=number,
                answered_on=on, **who.place,
            )  # fmt: skip

    answered(f"S{response.pk}", customer, (1, 5, 1))  # what the response itself has led to
    answered("R1", customer, (5, 3, 1))  # (100 + 50) / 2, whatever the value
    answered("R1", customer, (1, 1, 1), about="恒达商贸")  # of a competitor
    answered(f"S{response.pk}", other, (5, 1, 5), on=TODAY - timedelta(days=2))  # a file's own code
    found = read_contentment(TODAY)
    told = list(zip(found.customers, found.scores, strict=True))
    assert told == [(customer.pk, 75), (customer.pk, 80), (other.pk, 100)]
    reading = CustomerReading.objects.get(study=studied(), customer=customer)
    assert (reading.respondents, reading.score) == (2, pytest.approx(77.5))
    answered("R2", other, (2, 4, 5))
    assert falls_of([customer.pk, other.pk], TODAY)[other.pk].before == 100
