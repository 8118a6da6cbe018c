"""A request as views see it, after the middleware said who asks and on which day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from kezhi.accounts.models import Company, User
from kezhi.core.normal_form import normal_form
from kezhi.workbench.models import SavedView

MOST_PAGES = 100
LARGEST = Decimal(10) ** 30


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


def page_number(request: HttpRequest) -> int:
    """`?page=`, the first where it is none; who leafs further than a hundred had better search."""
    page = request.GET.get("page", "")
    number = int(page) if page.isdecimal() and len(page) < 4 else 1
    return min(max(number, 1), MOST_PAGES)


def typed(request: HttpRequest, name: str, longest: int = 500) -> str:
    """A short text of a small form, as the database can keep it: without NUL, and not endless."""
    return str(request.POST.get(name, "")).replace("\0", "").strip()[:longest]


def typed_day(text: str) -> date | None:
    """The day that somebody typed, as 2026-11-20; None for anything else."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def typed_number(text: str, *, may_be_percent: bool = False) -> Decimal | None:
    """The finite number that somebody typed, in full width or with separators too; None for anything else.

    With `may_be_percent` a percent sign around it is passed over: the control is in per cent anyway.
    """
    plain = normal_form("NFKC", text).replace(",", "")
    try:
        number = Decimal(plain.strip("% ") if may_be_percent else plain)
    except InvalidOperation:
        return None
    # A number of a billion digits is none that can be reckoned with.
    is_one = number.is_finite() and number.copy_abs() < LARGEST
    return number if is_one else None
