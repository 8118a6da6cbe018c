"""What stands above the queue when something keeps letters from coming in or going out."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kezhi.messaging import problems
from kezhi.service.intake import desks, sweeping
from kezhi.service.models import ServiceForm
from kezhi.web.knowledge.faces import ASK
from kezhi.web.records.lists import NOTES
from kezhi.web.requests import PersonRequest

COUNTED = 100


def register() -> None:
    """Called once, when the apps are ready."""
    NOTES.setdefault("ticket", []).append(troubles_of)
    ASK.append(address_of_form)


def troubles_of(request: PersonRequest) -> list[tuple[str, str, str]]:
    """For who works with the ways in: mailboxes that don't work, and letters that have no ticket."""
    if not request.actor.may("read", "intake"):
        return []
    found = []
    served = list(desks.desks_in_use()[:100])
    for desk in served:
        account = desk.account
        for title, problem in (
            (_("No letters come in: %(mailbox)s"), account.fetching_problem),
            (_("No letters go out: %(mailbox)s"), account.sending_problem),
        ):
            if problem:
                words = str(problems.words(problem))
                found.append((title % {"mailbox": account.name}, words, reverse("intake")))
    waiting = len(sweeping.letters_without_ticket(served)[:COUNTED]) if served else 0
    if waiting:
        told = ngettext(
            "%(count)s letter has no ticket", "%(count)s letters have no ticket", waiting
        )
        found.append((told % {"count": waiting}, "", reverse("intake-letters")))
    return found


def address_of_form(request: HttpRequest) -> str:
    """Where a visitor who found no answer may ask: the first form that is open."""
    slug = (
        ServiceForm.objects.filter(is_active=True)
        .order_by("pk")
        .values_list("slug", flat=True)
        .first()
    )
    return reverse("service-form", args=[slug]) if slug else ""
