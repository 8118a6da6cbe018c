"""The company as a tree: departments, the teams in them, who leads what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kezhi.accounts.arranging import (
    change_department,
    change_team,
    create_department,
    create_team,
    delete_department,
    delete_team,
)
from kezhi.accounts.models import Department, Team, User
from kezhi.core.actor import Scope
from kezhi.core.ids import record_id
from kezhi.core.names import name_key
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.web.requests import PersonRequest, must_may

MOST = 2_000
DEEPEST_INDENT = 10
PEOPLE = 100


@dataclass(frozen=True, slots=True)
class Node:
    """A department in the tree. `indent` stops growing where a phone has no room left; `level` doesn't."""

    department: Department
    level: int
    teams: tuple[Team, ...]
    people: int

    @property
    def indent(self) -> int:
        return min(self.level, DEEPEST_INDENT)

    @property
    def option(self) -> tuple[str, str]:
        return str(self.department.pk), "　" * min(self.level, 6) + self.department.name


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: PersonRequest) -> HttpResponse:
    """The whole tree; POST name and parent adds a department."""
    must_may(request, "read", "user")
    refusal = ""
    if request.method == "POST":
        must_may(request, "create", "user")
        parent = _department(request.POST.get("parent", ""))
        try:
            made = create_department(request.POST.get("name", ""), parent, actor=request.actor)
        except Refused as refused:
            _raise_if_denied(refused)
            refusal = str(refused)
        else:
            messages.success(request, _("%(name)s is saved") % {"name": made.name})
            return HttpResponseRedirect(reverse("department", args=[made.pk]))
    nodes = tree()
    about = {
        "nodes": nodes[:MOST],
        "more": len(nodes) > MOST,
        "may_add": request.actor.scope("create", "user") is Scope.ALL,
        "refusal": refusal,
        "typed": request.POST.get("name", ""),
    }
    return render(request, "accounts/organisation.html", about, status=409 if refusal else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def department(request: PersonRequest, pk: int) -> HttpResponse:
    """One department. POST `deed`: change (name, head, parent), below (name), team (name)."""
    must_may(request, "read", "user")
    shown: Department = get_object_or_404(Department.objects.select_related("head"), pk=pk)
    refusal = ""
    if request.method == "POST":
        try:
            return _department_deed(request, shown)
        except Refused as refused:
            _raise_if_denied(refused)
            refusal = str(refused)
            shown.refresh_from_db()
    within = Department.objects.within(pk)
    above = {node.pk: node for node in Department.objects.filter(pk__in=shown.path)}
    about = {
        "department": shown,
        "above": [above[key] for key in shown.path[:-1] if key in above],
        "children": sorted(shown.children.select_related("head"), key=_by_name),
        "teams": sorted(_teams(Q(department=shown)), key=_by_name),
        "people": User.objects.active().filter(department__in=within).count(),
        "direct": User.objects.active().filter(department=shown).count(),
        "may_edit": _may_arrange(request, "edit", shown),
        "may_add": _may_arrange(request, "create", shown),
        "may_delete": _may_arrange(request, "delete", shown) and len(shown.path) > 1,
        "parents": place_options(besides=pk) if _may_arrange(request, "edit", shown) else [],
        "colleagues": colleague_options(),
        "refusal": refusal,
    }
    return render(request, "accounts/department.html", about, status=409 if refusal else 200)


def _department_deed(request: PersonRequest, shown: Department) -> HttpResponse:
    deed, actor = request.POST.get("deed", ""), request.actor
    name = request.POST.get("name", "")
    if deed == "delete":
        delete_department(shown, actor=actor)
        messages.success(request, _("%(name)s is deleted") % {"name": shown.name})
        return HttpResponseRedirect(reverse("organisation"))
    if deed == "below":
        made = create_department(name, shown, actor=actor)
        messages.success(request, _("%(name)s is saved") % {"name": made.name})
        return HttpResponseRedirect(reverse("department", args=[made.pk]))
    if deed == "team":
        team = create_team(name, shown, actor=actor)
        messages.success(request, _("%(name)s is saved") % {"name": team.name})
        return HttpResponseRedirect(reverse("team", args=[team.pk]))
    changes: dict[str, Any] = {"name": name, "head": _person(request.POST.get("head", ""))}
    if "parent" in request.POST:
        parent = _department(request.POST["parent"])
        if (parent.pk if parent else None) != shown.parent_id:
            changes["parent"] = parent
    change_department(shown, changes, actor=actor)
    messages.success(request, _("Saved."))
    return HttpResponseRedirect(request.path)


@require_http_methods(["GET", "HEAD", "POST"])
def team(request: PersonRequest, pk: int) -> HttpResponse:
    """One team. POST name, lead, department changes it; `deed` delete takes it away."""
    must_may(request, "read", "user")
    shown: Team = get_object_or_404(Team.objects.select_related("department", "lead"), pk=pk)
    refusal = ""
    if request.method == "POST":
        try:
            return _team_deed(request, shown)
        except Refused as refused:
            _raise_if_denied(refused)
            refusal = str(refused)
            shown.refresh_from_db()
    about = {
        "team": shown,
        "people": list(shown.people.active().order_by("name_key")[:PEOPLE]),
        "may_edit": _may_arrange(request, "edit", shown.department),
        "may_delete": _may_arrange(request, "delete", shown.department),
        "places": place_options(),
        "colleagues": colleague_options(),
        "refusal": refusal,
    }
    return render(request, "accounts/team.html", about, status=409 if refusal else 200)


def _team_deed(request: PersonRequest, shown: Team) -> HttpResponse:
    actor = request.actor
    if request.POST.get("deed") == "delete":
        delete_team(shown, actor=actor)
        messages.success(request, _("%(name)s is deleted") % {"name": shown.name})
        return HttpResponseRedirect(reverse("department", args=[shown.department_id]))
    changes: dict[str, Any] = {
        "name": request.POST.get("name", ""),
        "lead": _person(request.POST.get("lead", "")),
    }
    target = _department(request.POST.get("department", ""))
    if target is not None and target.pk != shown.department_id:
        changes["department"] = target
    change_team(shown, changes, actor=actor)
    messages.success(request, _("Saved."))
    return HttpResponseRedirect(request.path)


def tree() -> list[Node]:
    """Every department from the roots down, siblings by name; three queries, whatever the depth."""
    everything = list(Department.objects.select_related("head"))
    below: dict[int | None, list[Department]] = {}
    for node in everything:
        below.setdefault(node.parent_id, []).append(node)
    teams: dict[int, list[Team]] = {}
    for each in _teams(Q()):
        teams.setdefault(each.department_id, []).append(each)
    staff = User.objects.active().order_by().values_list("department_id").annotate(Count("pk"))
    counts: dict[int | None, int] = dict(staff)
    return [
        Node(
            node, level, tuple(sorted(teams.get(node.pk, ()), key=_by_name)), counts.get(node.pk, 0)
        )
        for node, level in _down(below)
    ]


def _down(below: dict[int | None, list[Department]]) -> Iterator[tuple[Department, int]]:
    """Depth first, without recursion: a tree may be deep."""
    waiting = [(node, 0) for node in sorted(below.get(None, ()), key=_by_name, reverse=True)]
    while waiting:
        node, level = waiting.pop()
        yield node, level
        children = sorted(below.get(node.pk, ()), key=_by_name, reverse=True)
        waiting.extend((child, level + 1) for child in children)


def _teams(which: Q) -> Iterable[Team]:
    working = Count("people", filter=Q(people__is_active=True))
    found: Iterable[Team] = Team.objects.filter(which).select_related("lead").annotate(size=working)
    return found


def _by_name(node: Department | Team) -> str:
    return name_key(node.name)


def place_options(besides: int | None = None) -> list[tuple[str, str]]:
    """The tree as options of a select; without a department and what lies below it."""
    return [node.option for node in tree() if besides not in node.department.path]


def colleague_options() -> list[tuple[str, str]]:
    people = User.objects.active().order_by("name_key").values_list("pk", "name")
    return [(str(pk), name) for pk, name in people]


def _may_arrange(request: PersonRequest, action: str, place: Department) -> bool:
    scope = request.actor.scope(action, "user")
    if scope is Scope.ALL:
        return True
    return scope > Scope.NONE and place.pk in request.actor.department_ids


def _person(typed: str) -> User | None:
    return User.objects.active().filter(pk=record_id(typed)).first()


def _department(typed: str) -> Department | None:
    pk = record_id(typed)
    return Department.objects.filter(pk=pk).first() if pk is not None else None


def _raise_if_denied(refusal: Refused) -> None:
    if isinstance(refusal, NotAllowed):
        raise PermissionDenied(str(refusal)) from refusal
