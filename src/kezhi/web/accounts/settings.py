"""Settings: one's own profile, the company, and the audit log."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from kezhi.accounts import organising, setting_up, signing_in
from kezhi.accounts.models import Company, User
from kezhi.core.refusal import Refused
from kezhi.web.accounts.forms import CompanyForm, PasswordForm, ProfileForm
from kezhi.web.accounts.security_confirming import ask_to_confirm
from kezhi.web.messaging.inbox import pictured_senders
from kezhi.web.requests import PersonRequest, must_may


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
        ("building", _("Organisation"), _("Departments and teams, and who leads them."),
         "/settings/organisation/", ("read", "user")),
        ("lock", _("Roles"), _("What each role may see and do."), "/settings/roles/", ("read", "user")),
        ("refresh", _("Standing in"), _("Who does whose work while they are away."),
         "/settings/delegations/", ("read", "delegation")),
        ("users", _("Hand-overs"), _("Everything of a colleague to successors, in one step."),
         "/hand-overs/", ("assign", "customer")),
        ("layers", _("Fields and layouts"), _("Fields of your own, formulas, forms and columns."),
         "/settings/fields/", ("read", "custom_field")),
        ("flag", _("Tags"), _("Words on records: rename, merge, colour, delete."), "/settings/tags/",
         ("edit", "tag")),
        ("shield", _("Sign-in"), _("Who needs a second factor, and which identity providers there are."),
         "/settings/sign-in/", ("edit", "company")),
        ("link", _("Integrations"), _("API tokens of programs that work with Kezhi, and what each may do."),
         "/settings/integrations/", ("read", "integration")),
        ("link", _("Webhooks"), _("Whom Kezhi tells at once what happens here."),
         "/settings/webhooks/", ("read", "integration")),
        ("mail", _("Mail"), _("Mailboxes, templates of letters, your signature."), "/settings/mail/",
         ("read", "mail")),
        ("inbox", _("Ways in for tickets"), _("Service mailboxes, public forms, rules, confirmations."),
         "/settings/intake/", ("read", "intake")),
        ("bell", _("How you are told"), _("Of what, here or by mail, the digest, quiet hours."),
         "/settings/notices/", None),
        ("globe", _("Customer portal"), _("Open or closed, its words, what customers find there."),
         "/settings/portal/", ("read", "company")),
        ("clock", _("Service levels"), _("What customers are promised by when, business calendars, rules."),
         "/settings/service-levels/", ("read", "service_level")),
        ("alert", _("Complaints"), _("Who approves how much compensation."), "/complaints/limits/",
         ("edit", "compensation_large")),
        ("layers", _("Value rules"), _("Horizon, index weights, tiers, loyalty classes, lifecycle stages."),
         "/settings/value/", ("read", "value_settings")),
        ("pulse", _("Operations"), _("Is everything well, backups, slow pages."), "/settings/operations/",
         ("read", "operations")),
        ("shield", _("Data rights"), _("Consents, requests, deadlines, retention, recipients, incidents."),
         "/settings/data-rights/", ("read", "data_right")),
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
    senders = pictured_senders(request)
    context = {"about": about, "password": password, "person": person, "senders": senders}
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
