"""Every answer that isn't what was asked for: one form (RFC 9457), in the caller's language."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

TYPE = "application/problem+json; charset=utf-8"

# By code: the status and the title. The code ends the problem's `type` and never changes.
KNOWN: dict[str, tuple[int, str | Promise]] = {
    "bad-request": (400, _("The request can’t be read")),
    "unauthorized": (401, _("No valid token")),
    "forbidden": (403, _("Not permitted")),
    "not-found": (404, _("Not found")),
    "method-not-allowed": (405, _("Not done this way")),
    "not-acceptable": (406, _("Only JSON is answered")),
    "refused": (409, _("Not possible now")),
    "changed-meanwhile": (412, _("Changed meanwhile")),
    "too-large": (413, _("Too large")),
    "media-type": (415, _("Not sent in the form that is read here")),
    "invalid": (422, _("Something in it isn’t right")),
    "key-reused": (422, _("Key used for another request")),
    "precondition-required": (428, _("Say which version you saw")),
    "too-many-requests": (429, _("Too many requests")),
    "quota": (429, pgettext_lazy("rows read in a day", "Quota used up")),
    "fault": (500, _("A fault of ours")),
    "unavailable": (503, _("Not available now")),
    "no-room": (507, _("No room for it")),
}


class Problem(Exception):
    """Ends the call; `errors` are pairs of a JSON pointer into what was sent and a sentence."""

    def __init__(
        self,
        code: str,
        detail: str | Promise = "",
        *,
        errors: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(code)
        self.code, self.detail, self.errors = code, detail, errors
        self.headers, self.more = dict(headers or {}), more

    @property
    def status(self) -> int:
        return KNOWN[self.code][0]

    def as_json(self) -> dict[str, Any]:
        plain: dict[str, Any] = {
            "type": f"urn:kezhi:problem:{self.code}",
            "title": str(KNOWN[self.code][1]),
            "status": self.status,
            **self.more,
        }
        if self.detail:
            plain["detail"] = str(self.detail)
        if self.errors:
            plain["errors"] = [{"pointer": at, "detail": said} for at, said in self.errors]
        return plain

    def response(self) -> HttpResponse:
        body = json.dumps(self.as_json(), ensure_ascii=False)
        return HttpResponse(body, TYPE, self.status, headers=self.headers)


def not_found() -> Problem:
    """For what isn't there and for what is somebody else's: nobody learns which."""
    return Problem("not-found", _("There is nothing here, or it is somebody else’s."))
