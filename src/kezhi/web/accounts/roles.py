"""Roles: what each may do and see, changed by those who may, and tried out before it counts for anyone."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from kezhi.accounts.granting import (
    ACTIONS,
    change_role,
    create_role,
    delete_role,
    grantable,
    groups_of,
)
from kezhi.accounts.models import Role, User
from kezhi.core.actor import Scope
from kezhi.core.ids import record_id
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.models import Customer
from kezhi.records import Kind, registry
from kezhi.records.fields import FIELD_GROUPS
from kezhi.web.accounts.organisation import colleague_options
from kezhi.web.accounts.permissions import (
    ACCESS_LABELS,
    ACTION_LABELS,
    SCOPE_LABELS,
    Label,
    kind_labels,
)
from kezhi.web.accounts.security_confirming import freshly_signed_in_to_change
from kezhi.web.records.cells import Cell, properties
from kezhi.web.requests import PersonRequest, must_may
from kezhi.workbench.counting import Totals, count


@dataclass(frozen=True, slots=True)
class Choice:
    """One select of the editor: its name in the form, its label and what is chosen."""

    name: str
    label: Label
    chosen: str
    is_allowed: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """What a role may do with one kind, and how it sees its fields."""

    kind: str
    label: str
    actions: tuple[Choice, ...]
    groups: tuple[Choice, ...]


@require_http_methods(["GET", "HEAD", "POST"])
@freshly_signed_in_to_change
def index(request: PersonRequest) -> HttpResponse:
    """The roles; POST name and copy_of makes another one."""
    must_may(request, "read", "user")
    refusal = ""
    if request.method == "POST":
        source = Role.objects.filter(key=request.POST.get("copy_of", "")).first()
        try:
            made = create_role(request.POST.get("name", ""), actor=request.actor, copy_of=source)
        except NotAllowed as denied:
            raise PermissionDenied(str(denied)) from denied
        except Refused as refused:
            refusal = str(refused)
        else:
            messages.success(request, _("%(name)s is saved") % {"name": made})
            return HttpResponseRedirect(reverse("role", args=[made.key]))
    working = Count("people", filter=Q(people__is_active=True))
    about = {
        "roles": Role.objects.annotate(size=working),
        "may_create": request.actor.scope("create", "role") is Scope.ALL,
        "refusal": refusal,
        "typed": request.POST.get("name", ""),
    }
    return render(request, "accounts/roles.html", about, status=409 if refusal else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@freshly_signed_in_to_change
def show(request: PersonRequest, key: str) -> HttpResponse:
    """One role; POST changes it, or with `deed` delete takes it away."""
    must_may(request, "read", "user")
    role = get_object_or_404(Role, key=key)
    may_edit = request.actor.scope("edit", "role") is Scope.ALL
    refusal = ""
    if request.method == "POST":
        try:
            return _change(request, role)
        except NotAllowed as denied:
            if not may_edit:
                raise PermissionDenied(str(denied)) from denied
            refusal = str(denied)
        except Refused as refused:
            refusal = str(refused)
        role = _typed(request, role)
    return render(
        request,
        "accounts/role.html",
        _about(request, role, refusal),
        status=409 if refusal else 200,
    )


def _change(request: PersonRequest, role: Role) -> HttpResponse:
    if request.POST.get("deed") == "delete":
        delete_role(role, actor=request.actor)
        messages.success(request, _("%(name)s is deleted") % {"name": role})
        return HttpResponseRedirect(reverse("roles"))
    changes = {
        "name": request.POST.get("name", str(role)),
        "is_second_factor_required": "second_factor" in request.POST,
    }
    if not role.is_owners and (rows := record_id(request.POST.get("rows_a_day", ""))) is not None:
        changes["rows_a_day"] = rows
    if not role.is_owners:
        changes |= {"grants": _sent(request, "g"), "field_rules": _sent(request, "f")}
    change_role(role, changes, actor=request.actor)
    messages.success(request, _("Saved."))
    return HttpResponseRedirect(reverse("role", args=[role.key]))


def _sent(request: PersonRequest, letter: str) -> dict[str, dict[str, str]]:
    """The selects of the form: `g.customer.read=own`, `f.customer.reach=masked`."""
    found: dict[str, dict[str, str]] = {}
    for name, chosen in request.POST.items():
        first, _dot, rest = name.partition(".")
        kind, dot, part = rest.partition(".")
        if first == letter and dot:
            found.setdefault(kind, {})[part] = str(chosen)
    return found


def _typed(request: PersonRequest, role: Role) -> Role:
    """The role as it was typed, for the form that comes back with the reason."""
    if "name" in request.POST and not role.is_owners:
        role.grants, role.field_rules = _sent(request, "g"), _sent(request, "f")
        role.is_second_factor_required = "second_factor" in request.POST
        role.rows_a_day = record_id(request.POST.get("rows_a_day", "")) or role.rows_a_day
    return role


def _about(request: PersonRequest, role: Role, refusal: str = "") -> dict[str, Any]:
    labels = kind_labels()
    rows = [_row(role, kind, labels[kind], actions) for kind, actions in grantable().items()]
    return {
        "role": role,
        "rows": rows,
        "record_rows": [row for row in rows if row.kind in registry],
        "other_rows": [row for row in rows if row.kind not in registry],
        "scopes": list(SCOPE_LABELS.items()),
        "levels": list(ACCESS_LABELS.items()),
        "may_edit": request.actor.scope("edit", "role") is Scope.ALL,
        "may_delete": request.actor.scope("delete", "role") is Scope.ALL and not role.is_owners,
        "people": list(role.people.active().order_by("name_key")[:50]),
        "refusal": refusal,
    }


def _row(role: Role, kind: str, label: str, actions: tuple[str, ...]) -> Row:
    grants, rules = role.grants.get(kind, {}), role.field_rules.get(kind, {})
    all_of_it = "all" if role.is_owners and kind not in role.grants else "none"
    return Row(
        kind,
        label,
        tuple(
            Choice(f"g.{kind}.{action}", ACTION_LABELS[action], grants.get(action, all_of_it))
            for action in ACTIONS
            if action in actions
        ),
        tuple(
            Choice(f"f.{kind}.{group}", FIELD_GROUPS[group], rules.get(group, "edit"))
            for group in (groups_of(kind) if kind in registry else [])
        ),
    )


@require_safe
def preview(request: PersonRequest, key: str) -> HttpResponse:
    """`?person=&customer=`: what somebody with only this role, in the person's place, would see."""
    if request.actor.scope("edit", "role") is not Scope.ALL:
        raise PermissionDenied
    role = get_object_or_404(Role, key=key)
    chosen = request.GET.get("person", "")
    person = User.objects.filter(pk=record_id(chosen)).first()
    name = request.GET.get("customer", "").strip()
    about: dict[str, Any] = {
        "role": role,
        "colleagues": colleague_options(),
        "person": person,
        "customer_name": name,
        "counts": [],
        "customer": None,
        "is_reached": False,
        "cells": [],
        "hidden": [],
    }
    if person is not None:
        about |= _seen_as(request, _only_with(role, person), name)
    return render(request, "accounts/role_preview.html", about)


def _seen_as(request: PersonRequest, pretended: User, name: str) -> dict[str, Any]:
    kinds = [kind for kind in registry if pretended.may("read", kind.name)]
    counts: list[tuple[Kind, Totals]] = [
        (kind, count(kind.visible_to(pretended)))
        for kind in kinds
        if request.actor.scope("read", kind.name) is Scope.ALL
    ]
    found = Customer.objects.visible_to(request.actor).filter(Q(name=name) | Q(code=name))
    customer = found.select_related("standing", "owner").first() if name else None
    reached = (
        customer is not None
        and Customer.objects.visible_to(pretended).filter(pk=customer.pk).exists()
    )
    about: dict[str, Any] = {"counts": counts, "customer": customer, "is_reached": reached}
    if customer is not None and reached:
        own, theirs = (registry["customer"].seen_by(actor) for actor in (request.actor, pretended))
        names = [each.name for each in own.fields if each.name in theirs]
        cells: list[Cell] = properties(theirs, customer, names)
        about["cells"] = [cell for cell in cells if not cell.is_empty]
        about["hidden"] = [each.label for each in own.fields if each.name not in theirs]
    return about


def _only_with(role: Role, person: User) -> User:
    """The person as if this were their only role; nothing of it is saved."""
    pretended = copy.copy(person)
    pretended.is_active = True
    for name in ("_roles", "department_ids", "_lent"):
        pretended.__dict__.pop(name, None)
    pretended.__dict__["_roles"] = [role]
    return pretended
