"""The screens of experience: from nothing, by responses, to figures with the lists behind them."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cast import TODAY
from insight.surveyed import a_survey, csat_survey, nps_survey, respond, respond_about_speed
from kezhi.audit.models import Entry
from kezhi.core.actor import SYSTEM
from kezhi.customers.models import Customer, Promise, Standing
from kezhi.insight.models import Study
from kezhi.insight.studying import begin_study, run_study
from kezhi.ledger.models import Order
from kezhi.satisfaction.models import SurveyResponse

pytestmark = pytest.mark.django_db


def worked_out(*subjects):
    for subject in subjects or ("experience", "journey"):
        run_study(begin_study(subject, actor=SYSTEM, on=TODAY).pk)


def main_of(response):
    assert response.status_code == 200
    return response.content.decode().split("<main", 1)[1]


def test_from_nothing_to_figures_by_who_may(web, trading, owner, li_wei):
    assert "No responses yet" in main_of(web(owner).get("/experience/"))
    respond_about_speed(csat_survey())
    assert "Not worked out yet" in main_of(web(owner).get("/experience/"))
    assert web(li_wei).post("/experience/").status_code == 403
    assert web(owner).post("/experience/").url == "/experience/"
    assert Study.objects.get().subject == "experience"
    assert web(owner).post("/experience/").status_code == 409
    Study.objects.all().delete()
    worked_out()
    page = main_of(web(owner).get("/experience/"))
    assert "/experience/surveys/" in page
    assert "60 responses" in page
    nps_survey()  # nobody has answered it
    own = main_of(web(li_wei).get("/experience/"))
    assert own.count("/responses/") == 1
    assert "for those who see all of them" in own
    assert "60 responses" not in own


def test_a_survey_shows_its_figures_and_every_one_has_its_list(web, trading, owner, li_wei):
    survey = csat_survey()
    Customer.objects.update(region="安徽")
    respond_about_speed(survey)
    worked_out("experience")
    address = f"/experience/surveys/{survey.pk}/"
    page = main_of(web(owner).get(address))
    for told in (
        "over the last 12 months</h1>",  # no year before to compare with
        "Most is to be won with “speed”",
        "发货太慢",
        "Relative weight (Johnson)",
        "Cronbach",
    ):
        assert told in page
    grey = main_of(web(owner).get(f"{address}?by=region"))
    assert "In grey" in grey
    low = SurveyResponse.objects.filter(score__lt=10).count()
    listed = main_of(web(owner).get(f"{address}responses/?low=0&high=10"))
    assert listed.count('<th scope="row">') == low
    word = SurveyResponse.objects.exclude(comment="").count()
    listed = main_of(web(owner).get(f"{address}responses/?word=发货太慢"))
    assert listed.count('<th scope="row">') == min(word, 25)
    mine = SurveyResponse.objects.filter(owner_id=li_wei.pk).count()
    listed = main_of(web(li_wei).get(f"{address}responses/"))
    assert listed.count('<th scope="row">') == min(mine, 25)
    assert main_of(web(owner).get(f"{address}responses/?employee=x&after=~&since=1")).count("chip")
    with CaptureQueriesContext(connection) as many:
        web(owner).get(f"{address}responses/")
    SurveyResponse.objects.filter(survey=survey).exclude(pk__in=found_pks(survey, 3)).delete()
    with CaptureQueriesContext(connection) as few:
        web(owner).get(f"{address}responses/")
    assert len(many) <= len(few)


def found_pks(survey, count):
    return list(SurveyResponse.objects.filter(survey=survey).values_list("pk", flat=True)[:count])


def test_figures_of_a_survey_as_a_file(web, trading, owner, li_wei):
    survey = nps_survey()
    for customer in Customer.objects.order_by("pk")[:5]:
        respond(survey, customer, {"nps": 9}, score=90)
    worked_out("experience")
    address = f"/experience/surveys/{survey.pk}/export/"
    found = web(owner).post(address, {"form": "csv"})
    text = b"".join(found.streaming_content).decode()
    assert "All,,5,100.0," in text
    assert Entry.objects.filter(deed="survey_figures.exported").count() == 1
    assert web(owner).post(address, {"form": "xlsx"}).content[:2] == b"PK"
    assert web(owner).post(address, {"form": "pdf"}).status_code == 400
    assert web(li_wei).post(address, {"form": "csv"}).status_code == 403


def test_an_anonymous_survey_leads_to_nobody(web, trading, owner):
    survey = a_survey(
        "secret", "nps", [{"code": "n", "sort": "nps", "low": 0, "high": 10}], is_anonymous=True
    )
    for number in range(8):
        respond(survey, None, {"n": number}, score=number * 10, comment="发货慢")
    worked_out("experience")
    page = main_of(web(owner).get(f"/experience/surveys/{survey.pk}/"))
    assert "low=0" not in page
    listed = main_of(web(owner).get(f"/experience/surveys/{survey.pk}/responses/?low=0&high=10"))
    assert listed.count('<th scope="row">') == 8


def test_satisfaction_and_loyalty_in_four_fields_with_their_lists(web, trading, owner, li_wei):
    respond_about_speed(csat_survey())
    Standing.objects.update(p_alive=0.9, value_at_risk=100)
    worked_out("experience")
    page = main_of(web(owner).get("/experience/map/"))
    assert "Discontent, yet staying" in page
    content = SurveyResponse.objects.filter(score__gte=75).count()
    listed = main_of(web(owner).get("/experience/map/?cell=loyal"))
    assert listed.count('<th scope="row">') == min(content, 25)
    assert "No customer here" in main_of(web(owner).get("/experience/map/?cell=leaving"))
    assert "xp-cell" not in main_of(web(li_wei).get("/experience/map/"))


def test_promises_journey_and_service_level(web, trading, owner, li_wei):
    first = Customer.objects.filter(owner=li_wei).order_by("pk").first()
    due = TODAY - timedelta(days=10)
    for state in ("kept", "broken"):
        Promise.objects.create(
            customer=first,
            topic="price",
            what="价格",
            made_on=due,
            due_on=due,
            state=state,
            **first.place,
        )
    order = Order.objects.first()
    old = TODAY - timedelta(days=300)
    respond(csat_survey(), first, {}, on=old, score=90, about_kind="order", about_id=order.pk)
    worked_out("journey")
    page = main_of(web(owner).get("/experience/promises/"))
    assert "what was promised was kept" in page
    assert first.name in page
    assert first.name in main_of(web(li_wei).get("/experience/promises/"))
    journey = main_of(web(owner).get("/experience/journey/"))
    assert "Before the purchase" in journey
    assert "too few to compare" in journey
    assert "/orders/" in journey
    assert "for those who see all of them" in main_of(web(li_wei).get("/experience/journey/"))
    assert "Not enough data yet" in main_of(web(owner).get("/experience/service-level/"))
