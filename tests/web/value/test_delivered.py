"""The screens of delivered value and of what drives loyalty: from nothing, over too few, to figures."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cast import TODAY
from insight.answered import ask
from kezhi.accounts.models import User
from kezhi.core.actor import SYSTEM
from kezhi.customers.models import Customer
from kezhi.insight.models import CustomerReading, DeliveredRules, Study
from kezhi.insight.studying import begin_study, run_study
from kezhi.satisfaction.models import SurveyAnswer
from kezhi.satisfaction.questioning import create_item

pytestmark = pytest.mark.django_db
DELIVERED, DRIVERS = "/value/delivered/", "/value/loyalty-drivers/"
PAGES = {"delivered": DELIVERED, "drivers": DRIVERS}


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    monkeypatch.setattr("kezhi.insight.driving.DRAWS", 40)


@pytest.fixture
def answered(trading):
    return ask()


def study(subject):
    return run_study(begin_study(subject, actor=SYSTEM, on=TODAY).pk)


@pytest.mark.parametrize("address", PAGES.values())
def test_before_there_are_questions_and_answers_it_says_what_to_do(
    web, company, owner, li_wei, address
):
    text = web(owner).get(address).content.decode()
    assert "No survey questions yet" in text
    assert "/survey-questions/" in text
    assert 'href="/imports/"' not in web(li_wei).get(address).content.decode().split("<main")[1]


@pytest.mark.parametrize("subject", PAGES)
def test_answers_are_worked_out_by_who_may_and_watched(web, answered, owner, li_wei, subject):
    page = PAGES[subject]
    assert b"Answers are here" in web(owner).get(page).content
    assert web(li_wei).post(page).status_code == 403
    assert not Study.objects.exists()
    assert web(owner).post(page).url == page
    running = Study.objects.get()
    assert f"/value/studies/{running.pk}/" in web(owner).get(page).content.decode()
    assert web(owner).post(page).status_code == 409
    fragment = web(owner).get(f"/value/studies/{running.pk}/", headers={"HX-Request": "true"})
    assert b"data-poll" in fragment.content
    assert web(owner).get(f"/value/studies/{running.pk}/").url == page
    assert web(owner).post(f"/value/studies/{running.pk}/cancellation/").url == page
    running.refresh_from_db()
    assert running.state == "cancelled"


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_figures_stand_on_both_pages(web, answered, owner, language):
    study("delivered"), study("drivers")
    text = web(owner, language).get(DELIVERED).content.decode()
    assert "dv-us" in text
    assert text.count("dv-other") == 1
    assert text.count('class="v-compare"') == 7
    assert "恒达" in text
    text = web(owner, language).get(DRIVERS).content.decode()
    assert text.count("dv-box") == 4
    assert text.count('<polygon class="dv-head') == 4
    assert text.count('class="est"') >= 25


def test_too_few_answers_are_said_honestly(web, trading, owner):
    ask(Customer.objects.order_by("pk")[:9])
    study("delivered"), study("drivers")
    text = web(owner).get(DELIVERED).content.decode()
    assert "9 respondents judged us; 10 are needed" in text
    assert "dv-us" not in text
    assert "Too few complete answers" in web(owner).get(DRIVERS).content.decode()


def test_a_reader_of_own_customers_sees_those_alone(web, answered, chen_jing):
    kept = study("delivered")
    text = web(chen_jing).get(f"{DELIVERED}?order=high").content.decode()
    own = CustomerReading.objects.filter(study=kept, customer__owner=chen_jing).count()
    assert text.count('<th scope="row"><a class="link"') == own == 20
    assert "20 respondents of your customers" in text.replace("</span>", "").replace(
        '<span class="num nowrap">', ""
    )
    assert "恒达" not in text
    other = CustomerReading.objects.filter(study=kept).exclude(customer__owner=chen_jing).first()
    assert other.customer.name + "<" not in text


def test_further_customers_are_one_page_on(web, answered, owner):
    study("delivered")
    text = web(owner).get(DELIVERED).content.decode()
    assert text.count('<th scope="row"><a class="link"') == 25
    further = text.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    second = web(owner).get(DELIVERED + further).content.decode()
    assert second.count('<th scope="row"><a class="link"') == 25
    first_name = text.split('<th scope="row"><a class="link"')[1].split("</a>")[0]
    assert first_name not in second
    assert web(owner).get(f"{DELIVERED}?after=nan~x&by=nothing").status_code == 200


def test_answers_that_came_since_are_told(web, answered, owner):
    study("delivered")
    assert b"New answers came since" not in web(owner).get(DELIVERED).content
    SurveyAnswer.objects.filter(pk=answered[-1].pk).delete()
    answered[-1].pk = answered[-1].created_at = None
    answered[-1].save(force_insert=True)
    assert b"New answers came since" in web(owner).get(DELIVERED).content


def test_weights_are_published_with_a_reason(web, answered, owner, li_wei):
    page = f"{DELIVERED}weights/"
    assert web(li_wei).get(page).status_code == 403
    equal = dict.fromkeys(
        ("product", "personnel", "image", "service", "money", "time", "mental", "physical"), "25"
    )
    assert web(owner).post(page, {**equal, "reason": "x"}).status_code == 409
    wrong = web(owner).post(page, {**equal, "product": "40", "wage": "-1", "reason": "x"})
    assert wrong.status_code == 422
    assert wrong.content.count(b'aria-invalid="true"') == 1  # what isn't a number comes first
    wrong = web(owner).post(page, {**equal, "product": "40", "reason": ""})
    assert wrong.content.count(b'aria-invalid="true"') == 2
    assert not DeliveredRules.objects.exists()
    given = {**equal, "product": "40", "image": "10", "wage": "80", "reason": "客户最看重产品"}
    assert web(owner).post(page, given).url == DELIVERED
    assert DeliveredRules.objects.current().weights["product"] == 0.4
    assert "客户最看重产品" in web(owner).get(page).content.decode()


def test_who_may_not_read_answers_is_refused(web, answered):
    person = User.objects.create(login="guest", name="客人")
    for page in PAGES.values():
        assert web(person).get(page).status_code == 403
        assert web(person).post(page).status_code == 403
    assert web(person).get("/survey-answers/").status_code == 403


def test_queries_do_not_grow_with_the_customers(web, answered, chen_jing, owner):
    for subject, page in PAGES.items():
        kept = study(subject)
        counts = []
        for person in (owner, chen_jing):
            for few in (False, True):
                if few:
                    CustomerReading.objects.filter(study=kept, customer__code__gt="C-010").delete()
                web(person).get(page)
                with CaptureQueriesContext(connection) as caught:
                    assert web(person).get(page).status_code == 200
                counts.append(len(caught))
        assert counts[0] - counts[1] in (0, 1)
        assert abs(counts[2] - counts[3]) <= 1


def test_money_and_surplus_stand_by_customer_segment_and_supplier(web, answered, owner):
    fields = {"code": "worth", "text": "Worth", "factor": "product", "unit": "money"}
    worth = create_item(fields, actor=SYSTEM, on=TODAY)
    asked = SurveyAnswer.objects.filter(item__code="price")
    SurveyAnswer.objects.bulk_create(
        SurveyAnswer(
            customer_id=one.customer_id,
            respondent=one.respondent,
            item=worth,
            about=one.about,
            answer=one.answer + (7 if one.about else 31),
            answered_on=one.answered_on,
            owner_id=one.owner_id,
            team_id=one.team_id,
            department_id=one.department_id,
        )
        for one in list(asked)
    )
    study("delivered")
    text = web(owner).get(DELIVERED).content.decode().split("<main")[1]
    assert text.count("31.00") > 25  # every customer on the page, the strip, and us among suppliers
    assert text.count("7.00") >= 2  # the competitor, in money and as surplus
    page = web(owner).get(f"/customers/{answered[0].customer_id}/").content.decode()
    assert "its surplus over the price paid is" in page
    without = web(owner, "zh-hans").get(DELIVERED).content.decode()
    assert "客户剩余价值" in without


def test_the_parts_are_read_as_economic_functional_and_psychological(web, answered, owner):
    study("delivered")
    text = web(owner).get(DELIVERED).content.decode()
    for name in ("Economic value", "Functional value", "Psychological value"):
        assert name in text
    kept = Study.objects.newest("delivered")
    parts = {part["attribute"]: part for part in kept.figures["parts"]}
    mental, personnel, image = (parts[name]["ours"] for name in ("mental", "personnel", "image"))
    mean = (100 - mental + personnel + image) / 3
    psychological = text.split("Psychological value</span>")[1].split("</li>")[0]
    assert f">{mean:.0f}<" in psychological
