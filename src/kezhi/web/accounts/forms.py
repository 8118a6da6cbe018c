"""What people type when they sign in, found the company, or change people and settings."""

from __future__ import annotations

import re
from typing import Any
from zoneinfo import available_timezones

from babel import Locale
from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.accounts.models import Department, Role, Team, User
from kezhi.web import numbers
from kezhi.web.accounts.organisation import tree

CURRENCIES = ("CNY", "USD", "EUR", "HKD", "TWD", "JPY", "KRW", "SGD", "GBP", "AUD", "CAD", "CHF",
              "INR", "IDR", "MYR", "THB", "VND", "PHP", "BRL", "MXN", "ZAR", "AED", "SAR", "SEK")  # fmt: skip
USUAL_ZONES = ("Asia/Shanghai", "Asia/Hong_Kong", "Asia/Taipei", "Asia/Singapore", "Asia/Tokyo",
               "Europe/Berlin", "Europe/London", "America/New_York", "America/Los_Angeles", "UTC")  # fmt: skip


def currency_options() -> list[tuple[str, str]]:
    """Codes with their names in the reader's language."""
    locale = Locale.parse("zh_Hans" if numbers.language() == "zh" else "en")
    return [(code, f"{code} {locale.currencies.get(code, '')}".strip()) for code in CURRENCIES]


def zone_options() -> list[tuple[str, str]]:
    others = sorted(
        zone for zone in available_timezones() if "/" in zone and zone not in USUAL_ZONES
    )
    return [(zone, zone.replace("_", " ")) for zone in (*USUAL_ZONES, *others)]


class SignInForm(forms.Form):
    login = forms.CharField(label=_("Sign-in name"), max_length=150)
    password = forms.CharField(label=_("Password"), max_length=4096, strip=False)


class CompanyForm(forms.Form):
    name = forms.CharField(label=_("Company name"), max_length=120)
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    currency = forms.ChoiceField(label=_("Currency"), choices=currency_options)
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=zone_options)


class FoundingForm(CompanyForm):
    """The guided first run: the company, then its owner."""

    owner_name = forms.CharField(label=_("Your name"), max_length=150)
    login = forms.CharField(label=_("Sign-in name"), max_length=150)
    password = forms.CharField(label=_("Password"), max_length=4096, strip=False)

    def company(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in CompanyForm.base_fields}

    def owner(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {"name": data["owner_name"], "login": data["login"], "password": data["password"]}


class PersonForm(forms.Form):
    """A colleague. Without a password, who is new is invited by a one-time link; it may be set later."""

    name = forms.CharField(label=_("Name"), max_length=150)
    login = forms.CharField(label=_("Sign-in name"), max_length=150)
    email = forms.EmailField(label=_("E-mail"), required=False)
    title = forms.CharField(
        label=pgettext_lazy("contact", "Position"), max_length=80, required=False
    )
    place = forms.ChoiceField(label=_("Department or team"), required=False)
    skills = forms.CharField(label=_("Skills"), max_length=1_400, required=False)
    roles = forms.MultipleChoiceField(label=_("Roles"))
    password = forms.CharField(label=_("Password"), max_length=4096, strip=False, required=False)
    is_active = forms.BooleanField(label=_("May sign in"), required=False)

    def __init__(self, *args: Any, person: User | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person
        self.fields["place"].choices = [("", "—"), *place_options()]  # type: ignore[attr-defined]
        self.fields["roles"].choices = [(r.key, str(r)) for r in Role.objects.all()]  # type: ignore[attr-defined]

    def changes(self) -> dict[str, Any]:
        """What the deeds take: place resolved, the password apart."""
        data = dict(self.cleaned_data)
        what, _sep, pk = data.pop("place").partition("-")
        data["team"] = Team.objects.get(pk=pk) if what == "team" else None
        data["department"] = Department.objects.get(pk=pk) if what == "department" else None
        data.pop("password")
        data["skills"] = re.split(r"[,，、;；\n]", data["skills"])
        return data


def place_options() -> list[tuple[str, str]]:
    """The tree, indented as far as a phone has room, with each department's teams below it."""
    options: list[tuple[str, str]] = []
    for node in tree():
        indent = "　" * min(node.level, 6)
        options.append((f"department-{node.department.pk}", indent + node.department.name))
        options += [(f"team-{team.pk}", f"{indent}　{team.name}") for team in node.teams]
    return options


class PasswordForm(forms.Form):
    current = forms.CharField(label=_("Current password"), max_length=4096, strip=False)
    new = forms.CharField(label=_("New password"), max_length=4096, strip=False)


class ProfileForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=150)
    email = forms.EmailField(label=_("E-mail"), required=False)
