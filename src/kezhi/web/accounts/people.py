"""Who works here: found, added, changed, deactivated."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kezhi.accounts import organising, signing_in
from kezhi.accounts.delegating import may_set_for
from kezhi.accounts.models import Delegation, Department, Role, User
from kezhi.accounts.second_factors import may_help
from kezhi.core.ids import record_id
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.handing_over import held_by, may_hand_over
from kezhi.customers.models import Customer, FollowUp, HandOver
from kezhi.records import Condition, registry
from kezhi.web.accounts.forms import PersonForm
from kezhi.web.accounts.organisation import place_options
from kezhi.web.accounts.security_confirming import ask_to_confirm, freshly_signed_in
from kezhi.web.answering import done
from kezhi.web.requests import PersonRequest, must_may
from kezhi.workbench.counting import count

PAGE = 50


@require_safe
def index(request: PersonRequest) -> HttpResponse:
    """`?q=`, `department=` (with those below), `role=`, `state=` (left: who can't sign in), `page=`."""
    must_may(request, "read", "user")
    asked = {
        name: request.GET.get(name, "").strip() for name in ("q", "department", "role", "state")
    }
    everyone = User.objects.visible_to(request.actor)
    everyone = everyone.filter(is_active=asked["state"] != "left")
    if asked["q"]:
        everyone = everyone.found_by(asked["q"][:80])
    if (department := record_id(asked["department"])) is not None:
        within = Department.objects.within(department)
        everyone = everyone.filter(department__in=within)
    if asked["role"]:
        everyone = everyone.filter(roles__key=asked["role"])
    found = everyone.select_related("department", "team").prefetch_related("roles")
    page = Paginator(found.order_by("name_key", "pk"), PAGE).get_page(request.GET.get("page"))
    kept = urlencode({name: entry for name, entry in asked.items() if entry})
    about = {
        "page": page,
        "asked": asked,
        "is_filtered": any(asked.values()),
        "kept": kept,
        "departments": place_options(),
        "roles": [(role.key, str(role)) for role in Role.objects.all()],
    }
    return render(request, "accounts/people.html", about)


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@freshly_signed_in
def create(request: PersonRequest) -> HttpResponse:
    must_may(request, "create", "user")
    form = PersonForm(request.POST or None, initial={"is_active": True, "roles": ["salesperson"]})
    if request.method == "POST" and form.is_valid():
        fields = {**form.changes(), "password": form.cleaned_data["password"]}
        if _done(form, organising.create_person, fields, actor=request.actor):
            return _welcomed(request, User.objects.get(login=fields["login"]))
    status = 422 if request.method == "POST" else 200
    return render(request, "accounts/person_new.html", {"form": form}, status=status)


def _welcomed(request: PersonRequest, colleague: User) -> HttpResponse:
    """Who has no password yet is invited next, by those who may."""
    name = {"name": colleague.name}
    if colleague.has_usable_password():
        messages.success(request, _("%(name)s can sign in now.") % name)
    elif may_help(colleague, request.actor):
        messages.success(request, _("%(name)s is added. Now make the invitation.") % name)
        return redirect("colleague_sign_in", colleague.login)
    else:
        messages.success(request, _("%(name)s is added. An owner makes the invitation.") % name)
    return redirect("/settings/people/")


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: PersonRequest, login: str) -> HttpResponse:
    """A colleague: where they work, what they hold; for those who may, the form. POST changes."""
    must_may(request, "read", "user")
    rows = User.objects.select_related("department", "team__lead").prefetch_related("roles")
    colleague: User = get_object_or_404(rows, login=login)
    may_edit = User.objects.visible_to(request.actor, "edit").filter(pk=colleague.pk).exists()
    form = None
    if request.method == "POST" and not may_edit:
        raise PermissionDenied
    if may_edit:
        form = PersonForm(request.POST or None, initial=_as_typed(colleague), person=colleague)
        if request.method == "POST" and form.is_valid() and _must_confirm(request, form, colleague):
            return ask_to_confirm(request)
        if request.method == "POST" and form.is_valid() and _changed(request, form, colleague):
            messages.success(request, _("Saved."))
            return redirect("/settings/people/")
    status = 422 if request.method == "POST" else 200
    return render(request, "accounts/person.html", _about(request, colleague, form), status=status)


def _about(request: PersonRequest, colleague: User, form: PersonForm | None) -> dict[str, Any]:
    actor = request.actor
    path = colleague.department.path if colleague.department else []
    places = {node.pk: node for node in Department.objects.filter(pk__in=path)}
    return {
        "colleague": colleague,
        "form": form,
        "places": [places[pk] for pk in path if pk in places],
        "managers": colleague.managers,
        "holdings": _holdings(request, colleague),
        "stand_ins": Delegation.objects.current()
        .filter(principal=colleague)
        .select_related("delegate"),
        "may_delegate": may_set_for(colleague, actor),
        "may_hand_over": may_hand_over(colleague, actor=actor),
        "may_help": form is not None and may_help(colleague, actor),
        "hand_overs": HandOver.objects.visible_to(actor)
        .filter(leaver=colleague)
        .order_by("-pk")[:3],
        "holds_something": form is not None and any(n for _name, n in held_by(colleague)),
    }


def _holdings(request: PersonRequest, colleague: User) -> list[dict[str, Any]]:
    """What the colleague holds, as far as the reader sees it: label, how many, where."""
    actor = request.actor
    customers = Customer.objects.visible_to(actor).filter(owner=colleague)
    follow_ups = FollowUp.objects.visible_to(actor).open().filter(assignee=colleague)
    found = []
    for kind, rows, conditions in (
        ("customer", customers, (Condition("owner", "eq", str(colleague.pk)),)),
        (
            "follow_up",
            follow_ups,
            (Condition("done_at", "empty"), Condition("assignee", "eq", str(colleague.pk))),
        ),
    ):
        if actor.may("read", kind):
            href = registry[kind].list_url(*conditions)
            found.append(
                {"label": registry[kind].label_plural, "totals": count(rows), "href": href}
            )
    return found


@require_POST
def deactivate(request: PersonRequest, login: str) -> HttpResponse:
    """Ends the colleague's access at once; who still holds something is handed over instead."""
    colleague = _manageable(request, login)
    if any(number for _name, number in held_by(colleague)):
        return HttpResponseRedirect(reverse("hand-over-new", args=[login]))
    return _said(request, colleague, organising.deactivate_person)


@require_POST
def reactivate(request: PersonRequest, login: str) -> HttpResponse:
    return _said(request, _manageable(request, login), organising.reactivate_person)


def _manageable(request: PersonRequest, login: str) -> User:
    must_may(request, "read", "user")
    colleague: User = get_object_or_404(User, login=login)
    if not User.objects.visible_to(request.actor, "edit").filter(pk=colleague.pk).exists():
        raise PermissionDenied
    return colleague


def _said(request: PersonRequest, colleague: User, deed: Any) -> HttpResponse:
    home = reverse("person", args=[colleague.login])
    return done(request, lambda: deed(colleague, actor=request.actor), _("Saved."), home)


def _must_confirm(request: PersonRequest, form: PersonForm, colleague: User) -> bool:
    """What lets someone in, or further in, is changed only by who proved lately who they are."""
    if signing_in.is_fresh(request, at=timezone.now()):
        return False
    before, typed = _as_typed(colleague), form.cleaned_data
    roles = set(typed["roles"]) != set(before["roles"])
    sensitive = ("login", "email", "is_active")
    return roles or bool(typed["password"]) or any(typed[n] != before[n] for n in sensitive)


def _changed(request: PersonRequest, form: PersonForm, colleague: User) -> bool:
    changed = _done(form, organising.change_person, colleague, form.changes(), actor=request.actor)
    password = form.cleaned_data["password"]
    if changed and password:
        return _done(form, organising.set_password, colleague, password, actor=request.actor)
    return changed


def _as_typed(colleague: User) -> dict[str, Any]:
    place = ""
    if colleague.team_id:
        place = f"team-{colleague.team_id}"
    elif colleague.department_id:
        place = f"department-{colleague.department_id}"
    return {
        "name": colleague.name,
        "login": colleague.login,
        "email": colleague.email,
        "title": colleague.title,
        "place": place,
        "skills": ", ".join(colleague.skills),
        "roles": [role.key for role in colleague.roles.all()],
        "is_active": colleague.is_active,
    }


def _done(form: forms.Form, deed: Any, *args: Any, **kwargs: Any) -> bool:
    """Do the deed; a refusal becomes the form's error."""
    try:
        deed(*args, **kwargs)
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return False
    return True
