"""One call: who asks, on which day, and what was sent."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from kezhi.accounts.integrating import BadToken, actor_of_token
from kezhi.accounts.models import Company, User
from kezhi.api.problems import Problem
from kezhi.api.uploading import Upload, upload_of
from kezhi.core.actor import Program
from kezhi.records import Kind, registry
from kezhi.workbench.filtering import Asking

JSON = "application/json; charset=utf-8"
SCHEME = "bearer "


@dataclass
class Call:
    """What an operation works on. `actor` is the owner cut down to the integration (`program`).

    What is open while it works is `held`, and closed with it.
    """

    request: HttpRequest
    actor: User
    program: Program
    company: Company
    at: datetime
    today: date
    parts: dict[str, str] = field(default_factory=dict)
    held: ExitStack = field(default_factory=ExitStack)

    @property
    def zone(self) -> ZoneInfo:
        return self.company.zone

    @property
    def asking(self) -> Asking:
        return Asking(self.actor, self.today, self.zone)

    def kind(self, name: str) -> Kind:
        """The kind as the actor may know it; 403 for a role or integration that doesn't read it."""
        self.must_may("read", name)
        return registry[name].seen_by(self.actor)

    def must_may(self, action: str, kind: str) -> None:
        if not self.actor.may(action, kind):
            raise Problem("forbidden", _("This integration, or its owner, isn’t permitted this."))

    def parameter(self, name: str, default: str = "") -> str:
        return str(self.request.GET.get(name, default))

    def flag(self, name: str) -> bool:
        said = self.parameter(name, "false")
        if said not in ("true", "false"):
            raise Problem("bad-request", _("%(name)s is true or false.") % {"name": name})
        return said == "true"

    @cached_property
    def body(self) -> Any:
        """What was sent as JSON; decimals keep their digits."""
        kind = self.request.content_type or ""
        if kind not in ("application/json", "application/merge-patch+json"):
            raise Problem("media-type", _("Send the body as application/json."))
        return parsed(self.raw)

    @cached_property
    def raw(self) -> bytes:
        try:
            return self.request.body
        except RequestDataTooBig as error:
            raise Problem("too-large", _("At most 5 MB at once: send it in parts.")) from error
        except UnreadablePostError as error:
            raise Problem("bad-request", _("The body ended early.")) from error

    @cached_property
    def upload(self) -> Upload:
        """The one file that was sent."""
        upload = upload_of(self.request)
        self.held.callback(upload.content.close)
        return upload

    def object(self, *known: str) -> dict[str, Any]:
        """The body as an object; with `known`, only these members are accepted."""
        body = self.body if self.raw.strip() else {}
        if not isinstance(body, dict):
            raise Problem("invalid", _("Send a JSON object."))
        unknown = [name for name in body if known and name not in known]
        if unknown:
            said = _("There is no such member here.")
            raise Problem("invalid", errors=[(f"/{pointer(name)}", said) for name in unknown])
        return body


def parsed(raw: bytes) -> Any:
    """JSON as we take it: without NUL and half characters, which no database keeps."""
    try:
        body = json.loads(raw, parse_float=Decimal, parse_constant=_no_constant)
        if b"\\u" in raw:
            _must_be_whole(body)
    except (ValueError, RecursionError) as error:
        raise Problem("bad-request", _("The body isn’t valid JSON.")) from error
    return body


def _no_constant(name: str) -> Any:
    raise ValueError(name)  # NaN and Infinity are no JSON


def _must_be_whole(body: Any) -> None:
    text = json.dumps(body, ensure_ascii=False, default=str)
    text.encode()
    if "\\u0000" in text:
        raise ValueError("NUL")


def pointer(name: str) -> str:
    """A member's name as a part of a JSON pointer."""
    return name[:80].replace("~", "~0").replace("/", "~1")


def called(request: HttpRequest, company: Company, *, at: datetime) -> Call:
    """The call of a request with a valid token; 401 else, always in the same words."""
    sent = request.META.get("HTTP_AUTHORIZATION", "")
    secret = sent[len(SCHEME) :].strip() if sent[: len(SCHEME)].lower() == SCHEME else ""
    today = company.today(at)
    try:
        actor = actor_of_token(
            secret, at=at, on=today, address=str(request.META.get("REMOTE_ADDR", ""))
        )
    except BadToken as error:
        raise Problem(
            "unauthorized",
            _("Send a token that counts: Authorization: Bearer kz_…"),
            headers={"WWW-Authenticate": 'Bearer realm="Kezhi"'},
        ) from error
    assert actor.program is not None
    return Call(request, actor, actor.program, company, at, today)


def answered(
    content: Any, status: int = 200, headers: dict[str, str] | None = None
) -> HttpResponse:
    """A JSON answer."""
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return HttpResponse(body, JSON, status, headers=headers or {})
