"""What the contact agrees to, purpose by purpose and channel by channel; given and taken back in one step."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kezhi.core.refusal import Refused
from kezhi.service.portal import preferring
from kezhi.web.portal.visiting import PortalRequest, page
from kezhi.web.requests import typed


@page
@require_safe
def show(request: PortalRequest) -> HttpResponse:
    return _page(request)


@page
@require_POST
def choose(request: PortalRequest) -> HttpResponse:
    """POST purpose, channel, wanted (yes or no); with yes, `digest` of the words that were read."""
    purpose, channel = typed(request, "purpose", 20), typed(request, "channel", 20)
    wanted = typed(request, "wanted", 3)
    now = timezone.now()
    try:
        if wanted == "yes":
            preferring.agree(
                purpose,
                channel,
                actor=request.portal,
                at=now,
                on=request.today,
                digest=typed(request, "digest", 64),
                address=str(request.META.get("REMOTE_ADDR") or ""),
            )
            messages.success(request, _("Noted. You can take it back here at any time."))
        elif wanted == "no":
            preferring.decline(purpose, channel, actor=request.portal, at=now)
            messages.success(request, _("Noted. It counts from now on."))
        else:
            raise Refused(_("Choose yes or no."))
    except Refused as refusal:
        return _page(request, str(refusal), 409)
    return HttpResponseRedirect("/portal/preferences/")


def _page(request: PortalRequest, refusal: str = "", status: int = 200) -> HttpResponse:
    about = {"asked": preferring.asked_of(request.portal), "refusal": refusal}
    return render(request, "portal/preferences.html", about, status=status)
