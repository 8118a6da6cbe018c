"""Who stands in for whom while somebody is away."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from kezhi.accounts.delegating import delegate, end_delegation, may_set_for
from kezhi.accounts.models import Delegation, User
from kezhi.core.actor import Scope
from kezhi.core.ids import record_id
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.web.requests import PersonRequest, must_may

MOST = 200


@require_http_methods(["GET", "HEAD", "POST"])
def index(request: PersonRequest) -> HttpResponse:
    """Those in force and to come, as far as they concern the reader; POST sets one."""
    must_may(request, "read", "delegation")
    refusal = ""
    if request.method == "POST":
        must_may(request, "create", "delegation")
        try:
            made = _create(request)
        except NotAllowed as denied:
            raise PermissionDenied(str(denied)) from denied
        except Refused as refused:
            refusal = str(refused)
        else:
            told = _("%(delegate)s stands in for %(principal)s") % {
                "delegate": made.delegate.name,
                "principal": made.principal.name,
            }
            messages.success(request, told)
            return HttpResponseRedirect(reverse("delegations"))
    about = {
        "delegations": _visible(request),
        "principals": [(str(pk), name) for pk, name in _principals(request)],
        "colleagues": [
            (str(pk), name)
            for pk, name in User.objects.active().order_by("name_key").values_list("pk", "name")
        ],
        "may_set": request.actor.may("create", "delegation"),
        "typed": {
            "principal": request.POST.get("principal")
            or request.GET.get("principal")
            or str(request.actor.pk),
            **{name: request.POST.get(name, "") for name in ("delegate", "until", "reason")},
            "since": request.POST.get("since", request.today.isoformat()),
        },
        "refusal": refusal,
    }
    return render(request, "accounts/delegations.html", about, status=409 if refusal else 200)


@require_POST
def end(request: PersonRequest, pk: int) -> HttpResponse:
    """It ends now."""
    rows = Delegation.objects.select_related("principal", "delegate")
    found = get_object_or_404(rows.filter(_concerning(request)), pk=pk)
    try:
        end_delegation(found, actor=request.actor, on=request.today)
    except NotAllowed as denied:
        raise PermissionDenied(str(denied)) from denied
    told = _("%(delegate)s doesn’t stand in for %(principal)s any more") % {
        "delegate": found.delegate.name,
        "principal": found.principal.name,
    }
    messages.success(request, told)
    return HttpResponseRedirect(reverse("delegations"))


def _create(request: PersonRequest) -> Delegation:
    sent = request.POST
    people = {
        name: User.objects.filter(pk=record_id(sent.get(name, ""))).first()
        for name in ("principal", "delegate")
    }
    principal, stand_in = people["principal"], people["delegate"]
    if principal is None or stand_in is None:
        raise Refused(_("Choose a colleague who works here."))
    since = _day(sent.get("since", "")) or request.today
    until = _day(sent.get("until", ""))
    if sent.get("until", "").strip() and until is None:
        raise Refused(_("This is no day."))
    return delegate(
        principal,
        stand_in,
        actor=request.actor,
        on=request.today,
        since=since,
        until=until,
        reason=sent.get("reason", "").strip(),
    )


def _visible(request: PersonRequest) -> list[dict[str, Any]]:
    rows = (
        Delegation.objects.filter(_concerning(request))
        .filter(Q(until__isnull=True) | Q(until__gte=request.today))
        .select_related("principal", "delegate")
        .order_by("since", "pk")[:MOST]
    )
    return [
        {
            "row": row,
            "is_now": row.since <= request.today,
            "may_end": row.delegate_id == request.actor.pk
            or may_set_for(row.principal, request.actor, "edit"),
        }
        for row in rows
    ]


def _concerning(request: PersonRequest) -> Q:
    """Those of oneself, and those of whom one's scope reaches."""
    actor = request.actor
    scope = actor.scope("read", "delegation")
    if scope is Scope.ALL:
        return Q()
    mine = Q(principal_id=actor.pk) | Q(delegate_id=actor.pk)
    if scope is Scope.DEPARTMENT:
        mine |= Q(principal__department__in=actor.department_ids)
    elif scope is Scope.TEAM and actor.team_id is not None:
        mine |= Q(principal__team_id=actor.team_id)
    return mine


def _principals(request: PersonRequest) -> list[tuple[int, str]]:
    """For whom the reader may say who stands in."""
    actor = request.actor
    scope = actor.scope("create", "delegation")
    people = User.objects.active()
    if scope is Scope.DEPARTMENT:
        people = people.filter(Q(pk=actor.pk) | Q(department__in=actor.department_ids))
    elif scope is Scope.TEAM:
        people = people.filter(Q(pk=actor.pk) | Q(team_id=actor.team_id, team__isnull=False))
    elif scope is not Scope.ALL:
        people = people.filter(pk=actor.pk)
    return list(people.order_by("name_key").values_list("pk", "name"))


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed.strip())
    except ValueError:
        return None
