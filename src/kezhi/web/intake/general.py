"""Times, limits and words for everything that comes in; and the letters that have no ticket."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kezhi.messaging import merging
from kezhi.service.intake import arranging, confirming, sweeping
from kezhi.service.intake.linking import revoke_links
from kezhi.service.models import IntakeSettings, Ticket
from kezhi.web.answering import done
from kezhi.web.intake.tabs import tabs_of, version_of
from kezhi.web.requests import PersonRequest, must_may, typed

SHOWN = 50


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: PersonRequest) -> HttpResponse:
    must_may(request, "read", "intake")
    settings = IntakeSettings.current()
    names = (*arranging.BOUNDS, *arranging.TEXTS)
    if request.method != "POST":
        return _form(request, settings, {name: getattr(settings, name) for name in names})
    must_may(request, "edit", "intake")
    entries: dict[str, Any] = {name: typed(request, name, arranging.LONGEST) for name in names}
    numbers = {
        name: int(entries[name]) if entries[name].isdecimal() and len(entries[name]) < 6 else -1
        for name in arranging.BOUNDS
    }
    return done(
        request,
        lambda: arranging.change_settings(
            {**entries, **numbers}, actor=request.actor, version=version_of(request)
        ),
        _("Saved."),
        reverse("intake-general"),
        lambda reason: _form(request, settings, entries, reason, 422),
    )


@require_safe
def letters(request: PersonRequest) -> HttpResponse:
    """What came to mailboxes that serve tickets and has none. It is empty."""
    must_may(request, "read", "intake")
    rows = list(sweeping.letters_without_ticket()[:SHOWN])
    about = {
        "rows": rows,
        "tabs": tabs_of("letters"),
        "may_sweep": request.actor.may("edit", "intake"),
    }
    return render(request, "intake/letters.html", about)


@require_POST
def sweep(request: PersonRequest) -> HttpResponse:
    """Now, instead of within the minute."""
    must_may(request, "edit", "intake")
    taken = sweeping.take_in_orphans(timezone.now())
    told = ngettext(
        "%(count)s letter has its ticket", "%(count)s letters have their tickets", taken
    )
    messages.success(request, told % {"count": taken})
    return redirect("intake-letters")


@require_POST
def end_links(request: PersonRequest, pk: int) -> HttpResponse:
    """The links by which customers see this ticket are dead."""
    ticket = get_object_or_404(Ticket.objects.visible_to(request.actor), pk=pk)
    return done(
        request,
        lambda: revoke_links(ticket, actor=request.actor, at=timezone.now()),
        _("The links don’t work any more. The next letter brings a new one."),
        reverse("ticket", args=[pk]),
    )


def _form(
    request: PersonRequest,
    settings: IntakeSettings,
    entries: dict[str, Any],
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    gaps = [name for name in confirming.GAPS if name in merging.FIELDS]
    about = {
        "settings": settings,
        "entries": entries,
        "refusal": refusal,
        "numbers": [
            (name, arranging.LABELS[name], most)
            for name, (_least, most) in arranging.BOUNDS.items()
        ],
        "texts": [(name, arranging.LABELS[name]) for name in arranging.TEXTS],
        "gaps": [("{{" + name + "}}", merging.FIELDS[name]) for name in gaps],
        "tabs": tabs_of("general"),
        "may_edit": request.actor.may("edit", "intake"),
    }
    return render(request, "intake/general.html", about, status=status)
