"""How long answers to surveys and invitations to them stay."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy

from kezhi.customers.retaining import DEALINGS
from kezhi.records.retention import Clock, Loose, declare, loosely, spare
from kezhi.satisfaction.models import SurveyAnswer, SurveyInvitation, SurveyResponse

OPEN = (SurveyInvitation.State.PLANNED, *SurveyInvitation.WAITING)
# As long as a rule may ask nobody again: who was asked has to be known until then.
LONGEST_REST = 730
PURPOSE = gettext_lazy("To learn what customers think")


def declare_own() -> None:
    declare(
        Clock(
            "satisfaction_surveyanswer",
            gettext_lazy("Answers to surveys"),
            PURPOSE,
            "answered_on",
            customer="customer_id",
        ),
        Clock(
            "satisfaction_surveyresponse",
            gettext_lazy("Survey responses"),
            PURPOSE,
            "answered_at",
            customer="customer_id",
        ),
        Clock(
            "satisfaction_surveyinvitation",
            gettext_lazy("Invitations to surveys"),
            gettext_lazy("To ask nobody too often"),
            "created_at",
            only=~Q(state__in=OPEN),
            customer="customer_id",
            least_days=LONGEST_REST,
        ),
    )
    spare("satisfaction_surveyresponse", _waiting_for_a_case)
    DEALINGS.append(_dealings)
    loosely(
        Loose("satisfaction_surveyinvitation", "outgoing_id", "messaging_outgoing"),
        Loose("satisfaction_surveyinvitation", "about_id", kind_column="about_kind"),
        Loose("satisfaction_surveyresponse", "about_id", kind_column="about_kind"),
        Loose("satisfaction_surveyresponse", "case_id", kind_column="case_kind"),
    )


def _waiting_for_a_case(_until: datetime) -> Q:
    return Q(case_state=SurveyResponse.Case.WANTED)


def _dealings(until: datetime) -> list[QuerySet[Any]]:
    return [
        SurveyAnswer.objects.filter(answered_on__gte=until.date()),
        SurveyResponse.objects.filter(answered_at__gte=until),
        SurveyInvitation.objects.filter(Q(sent_at__gte=until) | Q(state__in=OPEN)),
    ]
