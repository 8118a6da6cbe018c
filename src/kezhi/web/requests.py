"""A request as views see it, after the middleware said who asks and on which day."""

from __future__ import annotations

from datetime import date

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from kezhi.accounts.models import Company, User
from kezhi.workbench.models import SavedView


class PersonRequest(HttpRequest):
    """What `PersonMiddleware` and htmx add; `actor` is the signed-in person, whom only the doors lack."""

    actor: User
    company: Company
    company_name: str
    today: date
    theme: str
    density: str
    htmx: HtmxDetails
    saved_views: list[SavedView]  # on pages of lists: theirs, and the pinned ones
    LANGUAGE_CODE: str


def must_see(request: PersonRequest, kind: str, group: str) -> None:
    """403 unless the actor's role reads this group of fields in full."""
    if not request.actor.sees(kind, group):
        raise PermissionDenied


def must_may(request: PersonRequest, action: str, kind: str) -> None:
    """403 unless the actor's role permits it."""
    if not request.actor.may(action, kind):
        raise PermissionDenied


def typed(request: HttpRequest, name: str, longest: int = 500) -> str:
    """A short text of a small form, as the database can keep it: without NUL, and not endless."""
    return str(request.POST.get(name, "")).replace("\0", "").strip()[:longest]
