"""One message of a webhook with its attempts, and sending again."""

from __future__ import annotations

from datetime import datetime, tzinfo

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from kezhi.accounts.integrating import may_manage
from kezhi.core.ids import record_id
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.messaging.models import Delivery
from kezhi.messaging.webhooks import keeping
from kezhi.web.requests import PersonRequest, typed
from kezhi.web.webhooks.listing import answer_of, told
from kezhi.web.webhooks.pages import done, page, visible


@never_cache
@require_safe
def show(request: PersonRequest, pk: int, delivery: int) -> HttpResponse:
    webhook = visible(request, pk)
    found = get_object_or_404(Delivery, pk=delivery, webhook=webhook)
    tries = [
        {
            "at": datetime.fromisoformat(tried["at"]),
            "answer": answer_of(tried),
            "ms": tried["ms"],
        }
        for tried in reversed(found.tries)
    ]
    about = {
        **told(found),
        "webhook": webhook,
        "tries": tries,
        "may_manage": may_manage(webhook.integration, request.actor),
    }
    return render(request, "webhooks/delivery.html", about)


@require_POST
def replay(request: PersonRequest, pk: int) -> HttpResponse:
    """One message, or those of a stretch of time."""
    webhook = visible(request, pk)
    one = record_id(typed(request, "delivery"))
    zone = request.company.zone
    try:
        count = keeping.replay(
            webhook,
            actor=request.actor,
            at=timezone.now(),
            deliveries=[one] if one is not None else (),
            since=_moment(typed(request, "since"), zone),
            until=_moment(typed(request, "until"), zone),
        )
    except NotAllowed as denied:
        raise PermissionDenied(str(denied)) from denied
    except Refused as refusal:
        return page(request, webhook, refusal=str(refusal), status=409)
    said = ngettext("%(count)d message is sent again.", "%(count)d messages are sent again.", count)
    return done(request, webhook, said % {"count": count})


def _moment(text: str, zone: tzinfo) -> datetime | None:
    """`2026-11-20T08:30` in the company's time; None where nothing fitting was typed."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone)
    except ValueError:
        return None
