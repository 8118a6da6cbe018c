"""A case is reviewed, its agent answers, and now and then two colleagues review the same one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from kezhi.accounts.models import User
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor, Scope
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.reaching import home_day
from kezhi.service.models import CaseReview
from kezhi.service.quality.sampling import DUE_IN, place_of
from kezhi.service.quality.standards import score_of

LONGEST = 4_000
State = CaseReview.State


@audited("case_review.done")
def review_case(
    review: CaseReview,
    marks: Mapping[str, int | None],
    comments: Mapping[str, str],
    remark: str,
    *,
    actor: Actor,
    at: datetime,
) -> CaseReview:
    """Points and words by criterion. Only the reviewer gives them, and only once."""
    review = _claimed(review)
    if review.reviewer_id not in actor.own_ids or review.agent_id == actor.pk:
        raise NotAllowed(_("Another colleague reviews this case."))
    if review.state != State.OPEN:
        raise Refused(_("This case is reviewed already."))
    kept: dict[str, int | None] = {}
    for each in review.scorecard.criteria:
        mark = marks.get(each["key"])
        if mark is not None and not 0 <= mark <= each["most"]:
            raise Refused(_("Points lie between 0 and %(most)s.") % {"most": each["most"]})
        kept[each["key"]] = mark
    review.score = score_of(review.scorecard.criteria, kept)
    if review.score is None:
        raise Refused(_("Give points for one criterion at least."))
    review.marks = kept
    review.comments = {
        key: words.strip()[:500] for key, words in comments.items() if key in kept and words.strip()
    }
    review.remark = remark.strip()[:LONGEST]
    review.state, review.reviewed_at = State.DONE, at
    note(score=round(review.score, 1))
    return _save(review)


@audited("case_review.answered")
def answer_review(review: CaseReview, words: str, *, actor: Actor, at: datetime) -> CaseReview:
    """What the agent says to it. It doesn't change the points."""
    review = _claimed(review)
    if review.agent_id != actor.pk:
        raise NotAllowed(_("Only whose case it is answers the review."))
    if review.state == State.OPEN:
        raise Refused(_("This case isn't reviewed yet."))
    if not words.strip():
        raise Refused(_("Write an answer."))
    review.answer, review.answered_at, review.state = words.strip()[:LONGEST], at, State.ANSWERED
    return _save(review)


@audited("case_review.doubled")
def ask_second_review(
    review: CaseReview, reviewer: User, *, actor: Actor, at: datetime
) -> CaseReview:
    """Another colleague reviews the same case, not knowing the first review: do both mean the same?"""
    if actor.scope("create", "case_review") < Scope.DEPARTMENT:
        raise NotAllowed(_("Your role doesn't ask for reviews."))
    if reviewer.pk == review.agent_id:
        raise Refused(_("Nobody reviews their own case."))
    if CaseReview.objects.filter(ticket=review.ticket_id, reviewer=reviewer).exists():
        raise Refused(_("This colleague reviews the case already."))
    return CaseReview.objects.create(
        round=review.round,
        ticket_id=review.ticket_id,
        agent=review.agent,
        reviewer=reviewer,
        scorecard=review.scorecard,
        stratum=review.stratum,
        is_calibration=True,
        due_on=home_day(at) + DUE_IN,
        created_by_id=actor.pk,
        **place_of(review.agent),
    )


@audited("case_review.deleted")
def delete_review(review: CaseReview, *, actor: Actor, on: Any = None) -> None:
    """One that nobody did yet."""
    rows: Any = CaseReview.objects.visible_to(actor, "delete")
    found = rows.filter(pk=review.pk).first()
    if found is None or actor.scope("delete", "case_review") < Scope.DEPARTMENT:
        raise NotAllowed(_("Your role doesn't remove reviews."))
    if found.state != State.OPEN:
        raise Refused(_("A review that was done stays."))
    found.delete()


@dataclass(frozen=True)
class Agreement:
    """How alike two reviewers judged the same cases: over `count` criteria of `cases` cases."""

    cases: int
    count: int
    same: int
    near: int  # the same, or one point apart
    apart: float | None  # mean distance of the scores, in points of 100


def agreement(pairs: Sequence[tuple[CaseReview, CaseReview]]) -> Agreement:
    """Of cases that two colleagues reviewed by the same version of a scorecard."""
    count = same = near = 0
    distances = []
    for first, second in pairs:
        for key, mark in first.marks.items():
            other = second.marks.get(key)
            if mark is None or other is None:
                continue
            count += 1
            same += mark == other
            near += abs(mark - other) <= 1
        if first.score is not None and second.score is not None:
            distances.append(abs(first.score - second.score))
    apart = sum(distances) / len(distances) if distances else None
    return Agreement(len(pairs), count, same, near, apart)


def doubled(reviews: Any) -> list[tuple[CaseReview, CaseReview]]:
    """Pairs of finished reviews of one case, of the reviews that the caller may see."""
    done = reviews.exclude(state=State.OPEN)
    seconds = list(done.filter(is_calibration=True).order_by("-reviewed_at")[:500])
    firsts = {
        each.ticket_id: each
        for each in done.filter(
            is_calibration=False, ticket_id__in=[each.ticket_id for each in seconds]
        )
    }
    return [
        (firsts[each.ticket_id], each)
        for each in seconds
        if each.ticket_id in firsts and firsts[each.ticket_id].scorecard_id == each.scorecard_id
    ]


def _claimed(review: CaseReview) -> CaseReview:
    rows: Any = CaseReview.objects.select_for_update(of=("self",)).select_related("scorecard")
    return rows.get(pk=review.pk)  # type: ignore[no-any-return]


def _save(review: CaseReview) -> CaseReview:
    review.version += 1
    review.save()
    return review
