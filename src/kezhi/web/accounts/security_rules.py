"""How the company signs in: who needs a second factor, and which identity providers there are."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kezhi.accounts import second_factor_rules, single_sign_on
from kezhi.accounts.models import IdentityProvider, Role, Team
from kezhi.core.refusal import Refused
from kezhi.web.accounts.security_confirming import freshly_signed_in
from kezhi.web.origin import full_address
from kezhi.web.requests import PersonRequest, must_may

HOME = "/settings/sign-in/"


class ProviderForm(forms.Form):
    """An identity provider. The secret is never shown again: left empty, the present one stays."""

    name = forms.CharField(label=gettext_lazy("Name on the button"), max_length=60)
    issuer = forms.CharField(label=gettext_lazy("Issuer address"), max_length=300)
    client_id = forms.CharField(label=gettext_lazy("Client id"), max_length=200)
    client_secret = forms.CharField(
        label=gettext_lazy("Client secret"), max_length=400, required=False, strip=True
    )
    is_active = forms.BooleanField(
        label=gettext_lazy("Offer it on the sign-in page"), required=False
    )
    is_second_factor_trusted = forms.BooleanField(
        label=gettext_lazy("It asks for a second factor itself"), required=False
    )
    creates_people = forms.BooleanField(
        label=gettext_lazy("Create colleagues who sign in for the first time"), required=False
    )
    allowed_domains = forms.CharField(
        label=gettext_lazy("E-mail domains"), max_length=600, required=False
    )
    default_role = forms.ModelChoiceField(
        Role.objects.exclude(key="owner"),
        label=gettext_lazy("Role of new colleagues"),
        required=False,
        empty_label="—",
    )
    default_team = forms.ModelChoiceField(
        Team.objects.all(),
        label=gettext_lazy("Team of new colleagues"),
        required=False,
        empty_label="—",
    )

    def clean_allowed_domains(self) -> list[str]:
        typed = self.cleaned_data["allowed_domains"].replace(",", " ").replace("，", " ")
        domains = [domain.strip().lstrip("@") for domain in typed.split()]
        if any("." not in domain or not domain.isascii() for domain in domains):
            raise forms.ValidationError(
                _("Write domains such as example.com, separated by commas.")
            )
        return domains


@never_cache
@require_GET
def rules(request: PersonRequest) -> HttpResponse:
    must_may(request, "edit", "company")
    context = {
        "company": request.company,
        "roles": Role.objects.filter(is_second_factor_required=True),
        "named": single_sign_on.provider_of_environment(),
        "providers": IdentityProvider.objects.order_by("name"),
    }
    return render(request, "accounts/sign_in_rules.html", context)


@require_POST
@freshly_signed_in
def enforce(request: PersonRequest) -> HttpResponse:
    must_may(request, "edit", "company")
    is_enforced = bool(request.POST.get("is_second_factor_enforced"))
    concerned = second_factor_rules.enforce_second_factor(is_enforced, actor=request.actor)
    if concerned:
        said = ngettext(
            "Saved. %(count)d colleague sets up a second factor at the next sign-in.",
            "Saved. %(count)d colleagues set up a second factor at the next sign-in.",
            concerned,
        ) % {"count": concerned}
    else:
        said = _("Saved.")
    messages.success(request, said)
    return redirect(HOME)


@never_cache
@sensitive_post_parameters("client_secret")
@require_http_methods(["GET", "POST"])
@freshly_signed_in
def new_provider(request: PersonRequest) -> HttpResponse:
    must_may(request, "edit", "company")
    return _edit(request, None, {"is_active": True})


@never_cache
@sensitive_post_parameters("client_secret")
@require_http_methods(["GET", "POST"])
@freshly_signed_in
def provider(request: PersonRequest, slug: str) -> HttpResponse:
    must_may(request, "edit", "company")
    kept = get_object_or_404(IdentityProvider, slug=slug)
    as_typed: dict[str, Any] = {
        name: getattr(kept, name) for name in ProviderForm.base_fields if name != "client_secret"
    }
    as_typed["allowed_domains"] = ", ".join(kept.allowed_domains)
    as_typed["default_role"], as_typed["default_team"] = kept.default_role_id, kept.default_team_id
    return _edit(request, kept, as_typed)


def _edit(
    request: PersonRequest, kept: IdentityProvider | None, as_typed: dict[str, Any]
) -> HttpResponse:
    form = ProviderForm(request.POST or None, initial=as_typed)
    refusal = None
    if request.method == "POST" and form.is_valid():
        try:
            saved = single_sign_on.save_provider(kept, form.cleaned_data, actor=request.actor)
        except Refused as refused:
            refusal = refused
        else:
            messages.success(request, _("Saved."))
            return redirect(f"{HOME}providers/{saved.slug}/" if kept is None else HOME)
    context = {"form": form, "provider": kept, "refusal": refusal, "way_back": ""}
    if kept is not None:
        try:
            context["way_back"] = full_address(request, f"/sign-in/with/{kept.slug}/back/")
        except Refused as refused:
            context["refusal"] = refused
    status = 422 if request.method == "POST" else 200
    return render(request, "accounts/provider.html", context, status=status)


@require_POST
@freshly_signed_in
def remove_provider(request: PersonRequest, slug: str) -> HttpResponse:
    must_may(request, "edit", "company")
    kept = get_object_or_404(IdentityProvider, slug=slug)
    single_sign_on.remove_provider(kept, actor=request.actor)
    messages.success(request, _("Removed."))
    return redirect(HOME)
