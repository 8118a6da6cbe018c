"""Responses of the trading company's customers to four surveys, put straight into the tables."""

from datetime import UTC, datetime, time, timedelta

import numpy as np

from cast import TODAY
from kezhi.customers.models import Customer
from kezhi.satisfaction.models import (
    Survey,
    SurveyInvitation,
    SurveyQuestion,
    SurveyReply,
    SurveyResponse,
    SurveyVersion,
)


def a_survey(code, instrument, questions, weights=None, **more):
    survey = Survey.objects.create(
        code=code, title_en=code, title_zh=code, instrument=instrument, **more
    )
    version = SurveyVersion.objects.create(survey=survey, number=1, dimension_weights=weights or {})
    for position, fields in enumerate(questions):
        given = {"position": position, "text_en": fields["code"], "text_zh": fields["code"]}
        SurveyQuestion.objects.create(version=version, **(given | fields))
    version.published_at = datetime(2025, 1, 1, tzinfo=UTC)
    version.save(update_fields=["published_at"])
    return survey


def respond(survey, customer, replies, on=TODAY, score=None, comment="", **more):
    """`replies` by the code of the question."""
    version = survey.versions.get()
    number = SurveyResponse.objects.count()
    place = customer.place if customer else {}
    response = SurveyResponse.objects.create(
        survey=survey,
        survey_version=version,
        customer=customer,
        key=f"k{number}",
        answered_at=datetime.combine(on, time(3), UTC),
        answered_on=on,
        channel="email",
        score=score,
        comment=comment,
        **place,
        **more,
    )
    asked = {each.code: each for each in version.questions.all()}
    SurveyReply.objects.bulk_create(
        SurveyReply(response=response, question=asked[code], number=number)
        for code, number in replies.items()
    )
    return response


def invite(survey, customer, state="sent"):
    number = SurveyInvitation.objects.count()
    return SurveyInvitation.objects.create(
        survey=survey,
        survey_version=survey.versions.get(),
        customer=customer,
        state=state,
        key=f"i{number}",
        nonce="n",
        token_digest=f"d{number}",
        due_at=datetime.combine(TODAY, time(1), UTC),
        sent_at=datetime.combine(TODAY, time(2), UTC),
    )


SCALE = {"sort": "scale", "low": 1, "high": 5}


def nps_survey():
    return a_survey("recommend", "nps", [{"code": "nps", "sort": "nps", "low": 0, "high": 10}])


def csat_survey():
    """Satisfaction that follows speed more than price."""
    return a_survey(
        "solved",
        "csat",
        [
            SCALE | {"code": "satisfied", "dimension": "satisfaction"},
            SCALE | {"code": "speed"},
            SCALE | {"code": "price"},
        ],
    )


def respond_about_speed(survey, customers=None, seed=3):
    rng = np.random.default_rng(seed)
    for place, customer in enumerate(customers or Customer.objects.order_by("pk")):
        speed, price = rng.integers(1, 6, 2).tolist()
        satisfied = int(np.clip(round(0.8 * speed + 0.2 * price + rng.normal(0, 0.4)), 1, 5))
        respond(
            survey,
            customer,
            {"satisfied": satisfied, "speed": speed, "price": price},
            on=TODAY - timedelta(days=30 * (place % 6)),
            score=(satisfied - 1) * 25,
            comment="发货太慢" if speed < 3 else "",
        )
