"""The guided first run: the company and its first owner."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from kezhi.accounts.arranging import create_department
from kezhi.accounts.models import Company, User
from kezhi.accounts.organising import create_person
from kezhi.audit.recording import audited
from kezhi.core.actor import SYSTEM, Actor
from kezhi.core.refusal import Refused


@audited("company.founded")
def found_company(company: dict[str, Any], owner: dict[str, Any], *, actor: Actor) -> User:
    """Create the company (name, currency, time_zone, language) and its owner (login, name, password).

    Only once: afterwards the set-up pages don't exist any more.
    """
    if Company.current() is not None:
        raise Refused(_("This installation is set up already. Sign in instead."))
    # Who can do everything proves it twice, from their second sign-in on. A demo is tried by password alone.
    Company.objects.create(is_second_factor_enforced=not company.get("is_demo"), **company)
    head = create_department(company["name"], None, actor=SYSTEM)
    return create_person(
        {**owner, "roles": ["owner"], "department": head, "language": company["language"]},
        actor=SYSTEM,
    )


@audited("company.changed")
def change_company(changes: dict[str, Any], *, actor: Actor) -> Company:
    """Name, time zone and language. The currency stays once there are facts in it."""
    if not actor.may("edit", "company"):
        raise Refused(_("Only an owner changes the company's settings."))
    company = Company.objects.select_for_update().get(pk=1)
    for name, new in changes.items():
        setattr(company, name, new)
    company.save()
    return company
