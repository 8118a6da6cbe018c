"""Deeds on articles, surveys, improvements, success plans, portal accounts, reviews; articles found."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from kezhi.api.calling import Call, answered
from kezhi.api.entries import day, decimal
from kezhi.api.leafing import limit_of, only_parameters
from kezhi.api.members import (
    AMOUNT,
    REFERENCE,
    Action,
    Member,
    at,
    choice,
    editing,
    listed,
    on,
    other,
    whole,
    words,
)
from kezhi.api.problems import Problem
from kezhi.api.records import expected_version, visible
from kezhi.api.taking import take
from kezhi.records import Kind
from kezhi.satisfaction.improving import move_improvement
from kezhi.satisfaction.inviting import Wish, send_by_hand
from kezhi.satisfaction.models import Improvement
from kezhi.service.knowledge import finding, writing
from kezhi.service.models import SuccessPlan
from kezhi.service.portal import inviting
from kezhi.service.quality.reviewing import answer_review
from kezhi.service.success import planning
from kezhi.service.success.health import progress_of

LONGEST_QUESTION = 2_000
MOST_ASKED = 200
A_DAY = {"type": "string", "format": "date"}


def articles_found(call: Call) -> HttpResponse:
    """Published articles that answer what is asked in `?q=`, as colleagues find them."""
    only_parameters(call, "q", "language", "limit")
    call.must_may("read", "article")
    asked = call.parameter("q")
    language = call.parameter("language") or str(get_language() or "")[:2]
    if len(asked) > LONGEST_QUESTION:
        raise Problem("bad-request", _("The filter is too long."))
    if language not in ("zh", "en"):
        raise Problem("bad-request", _("language is zh or en."))
    audience = finding.audience_of(call.actor)
    assert audience is not None  # who may read articles has one
    found = finding.search(asked, audience, language=language, most=limit_of(call))
    take(len(found.hits), call)
    items = [
        {
            "id": hit.article_id,
            "code": hit.code,
            "language": hit.language,
            "title": hit.title,
            "excerpt": hit.excerpt,
            "helped": hit.helped,
            "not_helped": hit.not_helped,
        }
        for hit in found.hits
    ]
    return answered({"items": items, "count": found.total, "count_is_capped": found.is_capped})


def measures(call: Call) -> HttpResponse:
    """By what a success plan is measured, and where each figure stands."""
    only_parameters(call)
    plan = visible(call, call.kind("success_plan"))
    take(1, call)
    items = [
        {
            "id": each.measure.pk,
            "name": each.measure.name,
            "unit": each.measure.unit or None,
            "start": format(each.measure.start, "f"),
            "target": format(each.measure.target, "f"),
            "figure": format(each.latest.figure, "f") if each.latest is not None else None,
            "on": each.latest.on.isoformat() if each.latest is not None else None,
        }
        for each in progress_of(plan)
    ]
    return answered({"items": items})


def _ask_customers(call: Call, kind: Kind, survey: Any, sent: dict[str, Any]) -> Any:
    days = {name: sent[name] for name in ("cap_days", "expires_after_days") if name in sent}
    wish = Wish(customers=[each.pk for each in sent["customers"]], **days)
    return send_by_hand(survey, wish, call.asking, actor=call.actor, at=call.at)


def _read_measure(call: Call, kind: Kind, plan: Any, sent: dict[str, Any]) -> Any:
    measure = plan.measures.filter(pk=sent["measure"]).first()
    if measure is None:
        said = _("This plan has no such measure.")
        raise Problem("invalid", errors=[("/measure", said)])
    more = {name: sent[name] for name in ("read_on", "remark") if name in sent}
    return planning.read_measure(
        plan, measure, sent["figure"], actor=call.actor, on=call.today, **more
    )


def _day(*, is_required: bool) -> Member:
    return Member(lambda call, sent: day(sent), A_DAY, is_required=is_required)


STATE = SuccessPlan.State

ACTIONS: dict[str, tuple[Action, ...]] = {
    "article": (
        editing("submission", gettext_lazy("Send it for review"), at(writing.submit_article)),
        editing(
            "return",
            gettext_lazy("It isn’t ready, and why"),
            at(writing.send_back, "remark"),
            remark=words(500, is_required=True),
        ),
        editing(
            "publication",
            gettext_lazy("Publish what somebody else wrote"),
            at(writing.publish_article, "remark"),
            remark=words(500),
        ),
        editing(
            "confirmation",
            gettext_lazy("It was gone over and still holds"),
            on(writing.confirm_article),
        ),
        editing(
            "retirement",
            gettext_lazy("Readers find it no more"),
            at(writing.retire_article, "reason"),
            reason=words(300),
        ),
    ),
    "survey": (
        editing(
            "sending",
            gettext_lazy("Ask customers, as far as they may be asked now"),
            _ask_customers,
            customers=listed(other("customer"), REFERENCE, MOST_ASKED),
            cap_days=whole(366),
            expires_after_days=whole(366),
        ),
    ),
    "improvement": (
        Action(
            "move",
            gettext_lazy("To the next step of plan, do, check, act, or back"),
            "edit",
            on(move_improvement, "to", "words", version=expected_version),
            {"to": choice(Improvement.State.values, is_required=True), "words": words(4_000)},
            is_versioned=True,
        ),
    ),
    "success_plan": (
        editing(
            "reading",
            gettext_lazy("What a measure stands at; a second reading of a day replaces the first"),
            _read_measure,
            measure=Member(whole(2**53).read, {"type": "integer"}, is_required=True),
            figure=Member(lambda call, sent: decimal(sent), AMOUNT, is_required=True),
            read_on=_day(is_required=False),
            remark=words(300),
        ),
        editing(
            "review",
            gettext_lazy("It was gone through with the customer"),
            on(planning.review_plan, "next_on"),
            next_on=_day(is_required=True),
        ),
        editing(
            "end",
            gettext_lazy("Achieved or given up, with what was learned"),
            on(planning.end_plan, "state", "lesson"),
            state=choice([STATE.ACHIEVED, STATE.GIVEN_UP], is_required=True),
            lesson=words(2_000, is_required=True),
        ),
        editing("reopening", gettext_lazy("Take it up again"), on(planning.reopen_plan)),
    ),
    "portal_account": (
        editing(
            "invitation",
            gettext_lazy("Another link to who hasn’t come yet"),
            at(inviting.invite_again),
        ),
        editing(
            "end",
            gettext_lazy("They can’t sign in any more"),
            at(inviting.end_account, "reason"),
            reason=words(300),
        ),
    ),
    "case_review": (
        Action(
            "answer",
            gettext_lazy("What the agent says to the review"),
            "read",
            at(answer_review, "words"),
            {"words": words(2_000, is_required=True)},
        ),
    ),
}
