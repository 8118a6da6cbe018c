"""Figures about colleagues and teams, for those who may see them, each with how many cases stand behind it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q

from kezhi.core.actor import Actor, Scope
from kezhi.service.models import AgentMonth
from kezhi.value.satisfaction.means import Mean, mean_of
from kezhi.value.satisfaction.shares import Share, share

FEW = 5  # below it a share or mean is shown with its counts, and never compared
SCALE = (0.0, 100.0)


@dataclass(frozen=True)
class Figures:
    """Of one colleague, one team or all together, over the months asked for."""

    name: str
    user_id: int | None
    people: int
    solved: int
    reopened: Share | None
    in_time: Share | None
    minutes: int
    review: Mean | None
    satisfaction: float | None
    answers: int
    customers: int
    came_back: Share | None
    awaited: int
    value_at_stake: Decimal
    value_kept: Decimal

    @property
    def minutes_per_case(self) -> float | None:
        return self.minutes / self.solved if self.solved else None


def months_of(actor: Actor, since: date) -> Any:
    """The rows that the actor may know: their own, their team's if they lead it, their department's, all."""
    rows = AgentMonth.objects.filter(month__gte=since)
    scope = actor.scope("read", "case_review")
    if scope is Scope.ALL:
        return rows
    if scope is Scope.NONE:
        return rows.none()
    reached = Q(user_id__in=actor.own_ids) | Q(user__team__lead_id__in=actor.own_ids)
    if scope is Scope.DEPARTMENT:
        reached |= Q(department_id__in=actor.department_ids)
    return rows.filter(reached)


def figures(actor: Actor, since: date) -> tuple[list[Figures], list[Figures], Figures | None]:
    """By colleague, by team, and together."""
    rows = list(
        months_of(actor, since).select_related("user__team").order_by("user__name_key")[:5000]
    )
    by_user: dict[int, list[AgentMonth]] = {}
    by_team: dict[str, list[AgentMonth]] = {}
    for row in rows:
        by_user.setdefault(row.user_id, []).append(row)
        if row.user.team is not None:
            by_team.setdefault(row.user.team.name, []).append(row)
    people = [_sum(each[0].user.name, each, user) for user, each in by_user.items()]
    teams = [_sum(name, each) for name, each in sorted(by_team.items())]
    together = _sum("", rows) if len(by_user) > 1 else None
    return people, teams, together


def _sum(name: str, rows: Sequence[AgentMonth], user_id: int | None = None) -> Figures:
    def total(column: str) -> int:
        return sum(getattr(row, column) for row in rows)

    scores = [score for row in rows for score in row.scores]
    answers = total("answers")
    decided = total("customers") - total("awaited")
    return Figures(
        name=name,
        user_id=user_id,
        people=len({row.user_id for row in rows}),
        solved=total("solved"),
        reopened=_share(total("reopened"), total("solved")),
        in_time=_share(total("in_time"), total("promised")),
        minutes=total("minutes"),
        review=_mean(scores),
        satisfaction=sum(row.answers * (row.satisfaction or 0.0) for row in rows) / answers
        if answers
        else None,
        answers=answers,
        customers=total("customers"),
        came_back=_share(total("came_back"), decided),
        awaited=total("awaited"),
        value_at_stake=_money(row.value_at_stake for row in rows),
        value_kept=_money(row.value_kept for row in rows),
    )


def _share(hits: int, count: int) -> Share | None:
    return share(hits, count) if count else None


def _mean(scores: Sequence[float]) -> Mean | None:
    if not scores:
        return None
    squares = sum(score * score for score in scores)
    return mean_of(len(scores), sum(scores), squares, scale=SCALE)


def _money(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))
