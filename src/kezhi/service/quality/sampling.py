"""Which solved cases are looked at: by chance, the same number for everybody, spread over types and tiers.

A seed makes the draw repeatable: with the same cases it gives the same sample, whoever draws it.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from kezhi.accounts.models import User
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor, Scope
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.models import Standing
from kezhi.customers.reaching import home_day
from kezhi.service.models import CaseReview, ReviewRound, Scorecard, Ticket

LONGEST = timedelta(days=93)
OPENED_BEFORE = timedelta(days=180)  # cases that took longer aren't drawn
MOST_PER_AGENT = 20
MOST_CASES = 50_000
DUE_IN = timedelta(days=14)


@dataclass(frozen=True)
class Case:
    """A solved case, as the draw sees it."""

    ticket_id: int
    agent_id: int
    stratum: str


def draw(cases: Sequence[Case], per_agent: int, seed: int) -> list[Case]:
    """Up to `per_agent` cases of each agent, taken in turn from each stratum, in an order of chance.

    >>> cases = [Case(1, 7, "fault S"), Case(2, 7, "fault S"), Case(3, 7, "inquiry C")]
    >>> sorted(each.stratum for each in draw(cases, 2, seed=1))
    ['fault S', 'inquiry C']
    """
    by_agent: dict[int, dict[str, list[Case]]] = defaultdict(lambda: defaultdict(list))
    for case in sorted(cases, key=lambda each: each.ticket_id):
        by_agent[case.agent_id][case.stratum].append(case)
    drawn: list[Case] = []
    for agent in sorted(by_agent):
        rng = random.Random(f"{seed}:{agent}")  # noqa: S311 - a fair sample, not a secret
        strata = [by_agent[agent][name] for name in sorted(by_agent[agent])]
        rng.shuffle(strata)
        for stratum in strata:
            rng.shuffle(stratum)
        taken: list[Case] = []
        while len(taken) < per_agent and any(strata):
            taken += [stratum.pop() for stratum in strata if stratum][: per_agent - len(taken)]
        drawn += taken
    return drawn


@audited("review_round.drawn")
def draw_round(
    scorecard: Scorecard,
    reviewers: Sequence[User],
    *,
    begins_on: date,
    ends_on: date,
    per_agent: int,
    seed: int,
    actor: Actor,
    at: datetime,
) -> ReviewRound:
    """Draw a sample and give the cases to the reviewers in turn; nobody gets a case of their own."""
    scope = actor.scope("create", "case_review")
    if scope < Scope.DEPARTMENT:
        raise NotAllowed(_("Your role doesn't draw samples."))
    if ends_on < begins_on or ends_on - begins_on > LONGEST:
        raise Refused(_("A sample is of three months at most, and ends after it begins."))
    if not 1 <= per_agent <= MOST_PER_AGENT:
        raise Refused(_("Draw between 1 and 20 cases per colleague."))
    if not reviewers:
        raise Refused(_("Choose who reviews."))
    cases = solved_cases(begins_on, ends_on, actor)
    drawn = draw(cases, per_agent, seed)
    made = ReviewRound.objects.create(
        scorecard=scorecard,
        begins_on=begins_on,
        ends_on=ends_on,
        per_agent=per_agent,
        seed=seed,
        drawn_from=len(cases),
        department_id=None if scope is Scope.ALL else actor.department_ids[0],
        made_by_id=actor.pk,
        made_at=at,
    )
    agents = User.objects.in_bulk({case.agent_id for case in drawn})
    turn, reviews = 0, []
    for case in drawn:
        others = [person for person in reviewers if person.pk != case.agent_id]
        if not others:
            continue
        reviewer = others[turn % len(others)]
        turn += 1
        reviews.append(_review(made, case, agents[case.agent_id], reviewer, actor, at))
    CaseReview.objects.bulk_create(reviews, ignore_conflicts=True)
    made.drawn = made.reviews.count()
    made.save()
    if not made.drawn:
        raise Refused(_("No case was solved in this time that one of these could review."))
    note(drawn=made.drawn, of=len(cases), seed=seed)
    return made


def solved_cases(begins_on: date, ends_on: date, actor: Actor) -> list[Case]:
    """Cases that colleagues of the actor's reach solved in these days, and that nobody reviewed yet."""
    zone = timezone.get_current_timezone()
    since = datetime.combine(begins_on, time.min, zone)
    until = datetime.combine(ends_on + timedelta(days=1), time.min, zone)
    rows = Ticket.objects.filter(
        opened_at__gte=since - OPENED_BEFORE,
        opened_at__lt=until,
        solved_at__gte=since,
        solved_at__lt=until,
        state__in=(Ticket.State.SOLVED, Ticket.State.CLOSED),
        assignee__isnull=False,
    ).exclude(reviews__is_calibration=False)
    if actor.scope("create", "case_review") is not Scope.ALL:
        rows = rows.filter(
            Q(assignee__department_id__in=actor.department_ids)
            & (
                Q(handling_department__isnull=True)
                | Q(handling_department_id__in=actor.department_ids)
            )
        )
    found = list(
        rows.order_by("pk").values_list("pk", "assignee_id", "type", "customer_id")[:MOST_CASES]
    )
    tiers: Mapping[int, str] = dict(
        Standing.objects.filter(customer_id__in={row[3] for row in found if row[3]}).values_list(
            "customer_id", "tier"
        )
    )
    return [
        Case(pk, agent, f"{kind} {tiers.get(customer, '')}".strip())
        for pk, agent, kind, customer in found
    ]


def _review(
    made: ReviewRound, case: Case, agent: User, reviewer: User, actor: Actor, at: datetime
) -> CaseReview:
    return CaseReview(
        round=made,
        ticket_id=case.ticket_id,
        agent=agent,
        reviewer=reviewer,
        scorecard=made.scorecard,
        stratum=case.stratum,
        due_on=home_day(at) + DUE_IN,
        created_by_id=actor.pk,
        **place_of(agent),
    )


def place_of(agent: User) -> dict[str, int | None]:
    """Whose work it is about decides who sees the review."""
    return {
        "owner_id": agent.pk,
        "team_id": agent.team_id,
        "department_id": agent.department_id,
    }
