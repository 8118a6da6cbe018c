"""Settings: one's own profile, the company, people, roles, and the audit log."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kezhi.accounts import arranging, organising, setting_up, signing_in
from kezhi.accounts.models import Company, Department, Role, User
from kezhi.audit.models import Change, Entry
from kezhi.core.refusal import Refused
from kezhi.records import registry
from kezhi.web.accounts.deeds import changed_rows, deed_label
from kezhi.web.accounts.forms import (
    CompanyForm,
    DepartmentForm,
    PasswordForm,
    PersonForm,
    ProfileForm,
    TeamForm,
)
from kezhi.web.accounts.security_confirming import ask_to_confirm
from kezhi.web.requests import PersonRequest, must_may

PAGE = 50


@require_GET
def index(request: PersonRequest) -> HttpResponse:
    return render(request, "accounts/settings.html", {"areas": settings_areas(request)})


def settings_areas(request: PersonRequest) -> list[dict[str, str]]:
    """The settings this person may open; a card per area."""
    areas = [
        ("user", _("Profile and password"), _("Your name, e-mail and password."), "/settings/profile/", None),
        ("key", _("Security"), _("Passkeys, second factor, and where you are signed in."),
         "/settings/security/", None),
        ("gear", _("Company"), _("Name, language, currency and time zone."), "/settings/company/",
         ("read", "company")),
        ("users", _("People"), _("Who works here, in which team, with which roles."), "/settings/people/",
         ("read", "user")),
        ("lock", _("Roles"), _("What each role may see and do."), "/settings/roles/", ("read", "user")),
        ("shield", _("Sign-in"), _("Who needs a second factor, and which identity providers there are."),
         "/settings/sign-in/", ("edit", "company")),
        ("layers", _("Value rules"), _("Horizon, index weights, tiers, loyalty classes, lifecycle stages."),
         "/settings/value/", ("read", "value_settings")),
        ("order", _("Audit log"), _("Who did what, when, and what it changed."), "/settings/audit/",
         ("read", "audit")),
    ]  # fmt: skip
    company: Company = request.company
    if company.is_demo:
        areas.append(("trash", _("Demo company"), _("Clear the demo data and start with your own."),
                      "/settings/demo/", ("delete", "demo")))  # fmt: skip
    actor: User = request.actor
    return [
        {"icon": icon, "label": label, "about": about, "path": path}
        for icon, label, about, path, needs in areas
        if needs is None or actor.may(*needs)
    ]


@sensitive_post_parameters("current", "new")
@require_http_methods(["GET", "POST"])
def profile(request: PersonRequest) -> HttpResponse:
    """Two small forms on one page; each posts alone."""
    person: User = request.actor
    is_password = request.method == "POST" and "new" in request.POST
    is_profile = request.method == "POST" and not is_password
    about = ProfileForm(
        request.POST if is_profile else None, initial={"name": person.name, "email": person.email}
    )
    password = PasswordForm(request.POST if is_password else None)
    if is_profile and about.is_valid():
        is_new = about.cleaned_data["email"] != person.email
        if is_new and not signing_in.is_fresh(request, at=timezone.now()):
            return ask_to_confirm(request)
        organising.change_profile(person, actor=person, **about.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("/settings/profile/")
    if is_password and password.is_valid() and _change_password(request, person, password):
        messages.success(
            request, _("The new password counts from now on. Other sessions have ended.")
        )
        return redirect("/settings/profile/")
    context = {"about": about, "password": password, "person": person}
    return render(
        request, "accounts/profile.html", context, status=422 if request.method == "POST" else 200
    )


def _change_password(request: PersonRequest, person: User, form: PasswordForm) -> bool:
    now, current = timezone.now(), form.cleaned_data["current"]
    try:
        signing_in.check_name_and_password(request, person.login, current, at=now)
    except Refused:
        form.add_error("current", _("This isn't your current password."))
        return False
    try:
        organising.set_password(person, form.cleaned_data["new"], actor=person)
    except Refused as refusal:
        form.add_error("new", str(refusal))
        return False
    update_session_auth_hash(request, person)
    return True


@require_http_methods(["GET", "POST"])
def company(request: PersonRequest) -> HttpResponse:
    must_may(request, "read", "company")
    current: Company = request.company
    initial = {name: getattr(current, name) for name in CompanyForm.base_fields}
    form = CompanyForm(request.POST or None, initial=initial)
    del form.fields["currency"]  # amounts are stored in it: it stays
    if request.method == "POST" and form.is_valid():
        must_may(request, "edit", "company")
        setting_up.change_company(form.cleaned_data, actor=request.actor)
        messages.success(request, _("Saved."))
        return redirect("/settings/company/")
    context = {"form": form, "company": current}
    return render(
        request, "accounts/company.html", context, status=422 if request.method == "POST" else 200
    )


@require_GET
def people(request: PersonRequest) -> HttpResponse:
    must_may(request, "read", "user")
    everyone = (
        User.objects.visible_to(request.actor)
        .select_related("department", "team")
        .prefetch_related("roles")
        .order_by("-is_active", "name_key")
    )
    page = Paginator(everyone, PAGE).get_page(request.GET.get("page"))
    departments = Department.objects.order_by("path").prefetch_related("teams")
    context = {
        "page": page,
        "departments": departments,
        "department_form": DepartmentForm(),
        "team_form": TeamForm(),
    }
    return render(request, "accounts/people.html", context)


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def new_person(request: PersonRequest) -> HttpResponse:
    must_may(request, "create", "user")
    form = PersonForm(request.POST or None, initial={"is_active": True, "roles": ["salesperson"]})
    if request.method == "POST" and form.is_valid():
        fields = {**form.changes(), "password": form.cleaned_data["password"]}
        if _done(form, organising.create_person, fields, actor=request.actor):
            messages.success(request, _("%(name)s can sign in now.") % {"name": fields["name"]})
            return redirect("/settings/people/")
    return _person_page(request, form, None)


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def person(request: PersonRequest, login: str) -> HttpResponse:
    must_may(request, "edit", "user")
    colleague = get_object_or_404(User, login=login)
    form = PersonForm(request.POST or None, initial=_as_typed(colleague), person=colleague)
    if request.method == "POST" and form.is_valid():
        changed = _done(
            form, organising.change_person, colleague, form.changes(), actor=request.actor
        )
        password = form.cleaned_data["password"]
        if changed and password:
            changed = _done(form, organising.set_password, colleague, password, actor=request.actor)
        if changed:
            messages.success(request, _("Saved."))
            return redirect("/settings/people/")
    return _person_page(request, form, colleague)


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
        "roles": [role.key for role in colleague.roles.all()],
        "is_active": colleague.is_active,
    }


def _person_page(request: PersonRequest, form: PersonForm, colleague: User | None) -> HttpResponse:
    return render(
        request,
        "accounts/person.html",
        {"form": form, "colleague": colleague},
        status=422 if request.method == "POST" else 200,
    )


def _done(form: forms.Form, deed: Any, *args: Any, **kwargs: Any) -> bool:
    """Do the deed; a refusal becomes the form's error."""
    try:
        deed(*args, **kwargs)
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return False
    return True


@require_POST
def add_department(request: PersonRequest) -> HttpResponse:
    must_may(request, "create", "user")
    return _added(request, DepartmentForm(request.POST), arranging.create_department)


@require_POST
def add_team(request: PersonRequest) -> HttpResponse:
    must_may(request, "create", "user")
    return _added(request, TeamForm(request.POST), arranging.create_team)


def _added(request: PersonRequest, form: forms.Form, deed: Any) -> HttpResponse:
    if form.is_valid() and _done(form, deed, *form.cleaned_data.values(), actor=request.actor):
        messages.success(request, _("Saved."))
    else:
        sentences = [str(error) for errors in form.errors.values() for error in errors]
        messages.error(request, " ".join(sentences))
    return redirect("/settings/people/")


@require_GET
def roles(request: PersonRequest) -> HttpResponse:
    must_may(request, "read", "user")
    return render(
        request, "accounts/roles.html", {"roles": Role.objects.all(), "kinds": _role_kinds()}
    )


def _role_kinds() -> list[tuple[str, str]]:
    """What permissions speak of, in people's words."""
    declared = [(kind.name, str(kind.label_plural)) for kind in registry]
    return [
        *declared,
        ("value_run", _("Value runs")),
        ("value_settings", _("Value rules")),
        ("user", _("People")),
        ("company", _("Company")),
        ("audit", _("Audit log")),
    ]


@require_GET
def audit(request: PersonRequest) -> HttpResponse:
    must_may(request, "read", "audit")
    entries = Entry.objects.visible_to(request.actor).order_by("-id")
    before = request.GET.get("before", "")
    if before.isdecimal():
        entries = entries.filter(pk__lt=int(before))
    rows = list(entries[: PAGE + 1])
    shown = rows[:PAGE]
    keys = [str(row.key) for row in shown]
    rows_of = changed_rows(
        Change.objects.filter(deed_key__in=keys).order_by("id")[:2000], request.actor
    )
    context = {
        "entries": [
            {"entry": row, "deed": deed_label(row), "changes": rows_of.get(str(row.key), [])[:20]}
            for row in shown
        ],
        "older": rows[PAGE - 1].pk if len(rows) > PAGE else None,
    }
    return render(request, "accounts/audit.html", context)
