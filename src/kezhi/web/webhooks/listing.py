"""The messages of a webhook as its page lists them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from kezhi.core.ids import record_id
from kezhi.messaging.models import Delivery, Webhook
from kezhi.messaging.webhooks.listening import PING
from kezhi.web.accounts.deeds import LABELS
from kezhi.web.requests import PersonRequest

PAGE = 50
TONES = {"delivered": "acc", "waiting": "line", "failed": "risk", "withheld": "line"}


def page_of(webhook: Webhook, request: PersonRequest) -> dict[str, Any]:
    """A page of its messages, the latest first; `?state=` chooses, `?before=` leafs on."""
    state = request.GET.get("state", "")
    rows = webhook.deliveries.order_by("-pk")
    if state in Delivery.State.values:
        rows = rows.filter(state=state)
    before = record_id(request.GET.get("before", ""))
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: PAGE + 1])
    more = {"state": state} if state else {}
    next_page = f"?{urlencode({**more, 'before': found[PAGE - 1].pk})}" if len(found) > PAGE else ""
    return {
        "deliveries": [told(each) for each in found[:PAGE]],
        "next_page": next_page,
        "is_first_page": before is None,
    }


def told(delivery: Delivery) -> dict[str, Any]:
    last = delivery.last_try
    return {
        "row": delivery,
        "label": _("Test message") if delivery.deed == PING else LABELS.get(delivery.deed, ""),
        "tone": TONES[delivery.state],
        "answer": answer_of(last) if last else "",
    }


def answer_of(tried: dict[str, Any]) -> str:
    return str(tried["status"]) if tried["status"] else _("no answer")


def state_choices(request: PersonRequest) -> list[dict[str, Any]]:
    chosen = request.GET.get("state", "")
    states = [("", pgettext("deliveries", "All")), *Delivery.State.choices]
    return [
        {"href": f"?state={key}" if key else "?", "label": label, "current": key == chosen}
        for key, label in states
    ]
