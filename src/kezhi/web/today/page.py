"""The start page: what to do first, what is due this week, and whose value moved."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from kezhi.core.actor import Scope
from kezhi.customers.models import FollowUp
from kezhi.insight import figures
from kezhi.records import Condition, registry
from kezhi.web.customers.whole_form import whole_form
from kezhi.web.requests import PersonRequest
from kezhi.web.today import handed_over, notices, work
from kezhi.web.today.finding import finding, greeting
from kezhi.web.value.source import is_stale, source

AHEAD = timedelta(days=7)
MOVES_SINCE = timedelta(days=30)
MOVES, MOVES_READ, AGENDA = 3, 40, 8


@require_safe
def show(request: PersonRequest) -> HttpResponse:
    """The whole page, or the work alone when htmx fetches it anew after something was done."""
    about = _work(request)
    if request.htmx and request.htmx.target == "work":
        return render(request, "today/_work.html", about)
    return render(request, "today/page.html", {**about, **_aside(request, about["basis"])})


def _work(request: PersonRequest) -> dict[str, Any]:
    actor = request.actor
    basis = figures.basis_for(actor)
    found = work.of(actor, basis, on=request.today)
    follow_up = registry["follow_up"]
    mine = Condition("assignee", "eq", str(actor.pk))
    return {
        "basis": basis,
        "work": found,
        "sees_value": actor.sees("customer", "value"),
        "finding": finding(found),
        "greeting": greeting(timezone.localtime().hour, actor.name),
        "customer_kind": registry["customer"],
        "has_customers": bool(found.actions) or work.has_customers(actor),
        "mine_url": follow_up.list_url(Condition("done_at", "empty"), mine, sort="due_on"),
        "at_risk_url": registry["customer"].list_url(view="at-risk"),
        "source": source(basis.run) if basis else "",
        "is_stale": bool(basis and is_stale(basis.run)),
        "may_plan": actor.may("create", "follow_up"),
        "plan_form": whole_form("follow_up", due_on=request.today + timedelta(days=1), next="/"),
        "principals": actor.principals,
    }


def _aside(request: PersonRequest, basis: figures.Basis | None) -> dict[str, Any]:
    actor, today = request.actor, request.today
    ahead = FollowUp.objects.visible_to(actor).open().filter(assignee_id__in=actor.own_ids)
    ahead = ahead.filter(due_on__gt=today, due_on__lte=today + AHEAD)
    since = (basis.as_of if basis else today) - MOVES_SINCE
    moves = figures.tier_moves(actor, since=since, limit=MOVES_READ) if basis else None
    shown = [row for is_up in (True, False) for row in _first(moves, is_up)] if moves else []
    follow_ups = FollowUp.objects.visible_to(actor)
    return {
        "handed_over": handed_over.to(actor),
        "notices": notices.of(actor, on=today),
        "promise_kind": registry["promise"],
        "need_kind": registry["need"],
        "agenda": ahead.select_related("customer").order_by("due_on", "pk")[:AGENDA],
        "moves": moves,
        "moves_shown": shown,
        "team_late": 0
        if actor.scope("read", "follow_up") <= Scope.OWN
        else follow_ups.due(today - timedelta(days=1)).exclude(assignee_id=actor.pk).count(),
        "team_late_url": registry["follow_up"].list_url(view="overdue"),
        "moves_since": since,
        "moves_url": registry["customer"].list_url(
            Condition("tier_since", "gte", since.isoformat()), sort="-tier_since"
        ),
    }


def _first(moves: figures.TierMoves, is_up: bool) -> list[figures.MoveRow]:
    """The first of those who rose, or fell."""
    return [row for row in moves.rows if row.is_up == is_up][:MOVES]
