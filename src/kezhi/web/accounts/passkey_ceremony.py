"""Between browser and passkey: the browser fetches what to sign, and posts the answer as a plain form."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from kezhi.accounts.passkeys import Ceremony
from kezhi.core.refusal import Refused

REMEMBERED = "kezhi_passkey_ceremony"
SECONDS = 300
LONGEST_ANSWER = 20_000


def ceremony(request: HttpRequest, begin: Callable[[], Ceremony]) -> HttpResponse:
    """What the browser is to do; the session remembers it for one answer within five minutes."""
    try:
        about, state = begin()
    except Refused as refusal:
        return JsonResponse({"refusal": str(refusal)}, status=409)
    request.session[REMEMBERED] = {**state, "until": timezone.now().timestamp() + SECONDS}
    return JsonResponse(about)


def remembered(request: HttpRequest) -> Mapping[str, Any]:
    """The ceremony that this answer belongs to. It is spent, whatever the answer is."""
    state: dict[str, Any] | None = request.session.pop(REMEMBERED, None)
    if state is None or state.pop("until") < timezone.now().timestamp():
        raise Refused(_("That took too long. Start again."))
    return state


def answer_of(request: HttpRequest) -> Mapping[str, Any]:
    text = request.POST.get("answer", "")
    try:
        found = json.loads(text) if len(text) <= LONGEST_ANSWER else None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Refused(_("The passkey wasn't accepted. Start again."))
    return found
