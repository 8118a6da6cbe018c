"""Short messages after a deed, with a way back where there is one."""

from __future__ import annotations

from django.http import HttpResponse
from django_htmx.http import trigger_client_event


def toast(response: HttpResponse, message: str, *, undo: str = "", tone: str = "") -> HttpResponse:
    """Show a message beside a fragment. `undo` is an address that takes a POST; `tone` may be "error".

    A whole page after a redirect says it with `django.contrib.messages` instead.
    """
    detail = {"message": str(message), "undo": undo, "tone": tone}
    return trigger_client_event(response, "toast", detail)
