"""The letter that brings a survey: one question whose points are links, and the link to the whole.

A link only fills in the page that it opens: a mail server that tries all links answers nothing.
"""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from kezhi.accounts.models import Company
from kezhi.messaging import outbox
from kezhi.messaging.letters import Link, Part, Points, Text
from kezhi.messaging.models import Outgoing
from kezhi.satisfaction.linking import full_path_of
from kezhi.satisfaction.models import SurveyInvitation, SurveyQuestion


def write(outgoing: Outgoing, at: datetime) -> outbox.Made | None:
    """None when the survey was answered meanwhile, has ended, or was withdrawn."""
    rows = SurveyInvitation.objects.select_related(
        "survey", "survey_version", "customer", "contact"
    )
    invitation = rows.filter(pk=outgoing.details.get("invitation")).first()
    if invitation is None or invitation.state not in SurveyInvitation.WAITING:
        return None
    survey, language = invitation.survey, invitation.language
    address = full_path_of(invitation)
    parts: list[Part] = [Text(_("Dear %(name)s,") % {"name": invitation.person.name})]
    if survey.purpose(language):
        parts.append(Text(survey.purpose(language)))
    first = invitation.survey_version.questions.order_by("position").first()
    if first is not None and first.is_scale and first.sort != SurveyQuestion.Sort.EXPECTATION:
        labels = {
            row["at"]: row["zh" if language.startswith("zh") else "en"] for row in first.labels
        }
        parts.append(Text(first.text(language)))
        parts.append(
            Points(
                tuple(
                    (str(point), f"{address}?{first.code}={point}")
                    for point in range(first.low, first.high + 1)
                ),
                labels.get(str(first.low), ""),
                labels.get(str(first.high), ""),
            )
        )
    parts.append(Link(_("Answer on a page"), address))
    company = Company.current()
    if survey.is_anonymous:
        parts.append(
            Text(_("Your answer is anonymous: nobody can see who gave it."), is_quiet=True)
        )
    parts.append(Text(company.name if company else ""))
    parts.append(Link(_("No more surveys to this address"), f"{address}no/"))
    title = survey.title(language)
    subject = _("A reminder: %(title)s") % {"title": title} if invitation.reminded_at else title
    return outbox.Made(subject, parts)


def register() -> None:
    outbox.MAKERS["survey"] = write
