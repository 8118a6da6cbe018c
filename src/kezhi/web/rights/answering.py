"""How the small forms of these pages answer: back to where they stood, with what was done or why not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect

from kezhi.core.refusal import NotAllowed, Refused
from kezhi.web.requests import PersonRequest


def done(request: PersonRequest, deed: Callable[[], Any], told: str, back: str) -> HttpResponse:
    """Do it and go back; 403 where the role doesn't permit it, a word of why where it isn't possible now."""
    try:
        deed()
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, told)
    return HttpResponseRedirect(back)
