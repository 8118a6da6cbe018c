"""The door of the API: before sessions, forms and pages, so that a call costs only what it asks for."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import ceil
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.db import DataError, OperationalError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation.trans_real import (
    get_supported_language_variant,
    parse_accept_lang_header,
)
from psycopg.errors import QueryCanceled

from kezhi.accounts import traffic
from kezhi.accounts.models import Company, KeptAnswer
from kezhi.accounts.traffic import Allowance
from kezhi.api.calling import JSON, Call, called
from kezhi.api.operation import Answer, Operation
from kezhi.api.operations import match
from kezhi.api.problems import Problem, not_found
from kezhi.workbench.customizing import definitions

logger = logging.getLogger(__name__)

PREFIX = "/api/v1/"
PAGES = ("/api/v1/reference",)  # for people, in the shell of the pages
LONGEST_KEY = 255
KEYED = frozenset({"POST", "PUT", "PATCH", "DELETE"})
KEPT_HEADERS = ("ETag", "Location", "Content-Type")


class ApiMiddleware:
    """Answers everything under /api/v1/ itself; the rest goes on to the pages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(PREFIX) or request.path.startswith(PAGES):
            return self.get_response(request)
        response: Any = answer(request)
        response["Cache-Control"] = "no-store"
        response["Vary"] = "Authorization, Accept-Language"
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        response.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
        if request.method == "HEAD":
            setattr(response, "streaming_content" if response.streaming else "content", b"")
        return cast(HttpResponse, response)


def answer(request: HttpRequest) -> Answer:
    """The answer, whatever happens: a fault becomes a problem without a word about its inside."""
    allowance: list[Allowance] = []
    try:
        with speaking(request) as company:
            try:
                response: Answer = _answer(request, company, allowance)
            except Problem as problem:
                response = problem.response()
            except OperationalError as error:
                response = _unavailable(error).response()
            except DataError:
                response = Problem(
                    "invalid", _("An entry is longer or larger than its field.")
                ).response()
            except Exception:
                logger.exception("An API call failed")
                response = Problem(
                    "fault", _("Nothing was saved halfway. Try again later.")
                ).response()
    except OperationalError as error:  # not even the company can be read
        response = _unavailable(error).response()
    for each in allowance:
        response["RateLimit-Limit"] = str(each.limit)
        response["RateLimit-Remaining"] = str(each.left)
        response["RateLimit-Reset"] = str(ceil(each.wait))
    return response


@contextmanager
def speaking(request: HttpRequest) -> Iterator[Company]:
    """In the caller's language, at the company's place, with the company's own fields."""
    company = Company.current() or Company()
    with (
        translation.override(_language(request, company)),
        timezone.override(company.zone),
        definitions.as_of(company.definitions_version),
    ):
        yield company


def _answer(request: HttpRequest, company: Company, allowance: list[Allowance]) -> Answer:
    if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
        raise Problem("bad-request", _("A NUL can’t be kept."))
    try:
        request.get_host()
    except DisallowedHost as error:
        raise Problem("bad-request", _("This isn’t an address of ours.")) from error
    call = called(request, company, at=timezone.now())
    with call.held:
        return _asked(request, call, allowance)


def _asked(request: HttpRequest, call: Call, allowance: list[Allowance]) -> Answer:
    turn = traffic.take_turn(call.program.pk)
    allowance.append(turn)
    if not turn.is_granted:
        wait = str(max(ceil(turn.wait), 1))
        raise Problem(
            "too-many-requests",
            _("Wait a moment, then go on more slowly."),
            headers={"Retry-After": wait},
        )
    operation = _operation(request, call)
    if not operation.is_open_to(call.actor):
        raise Problem("forbidden", _("This integration, or its owner, isn’t permitted this."))
    key = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is None or operation.method not in KEYED:
        return operation.handler(call)
    return _once(call, operation, str(key))


def _operation(request: HttpRequest, call: Call) -> Operation:
    found = match(request.path_info[len(PREFIX) :])
    if found is None:
        raise not_found()
    methods, call.parts = found
    method = "GET" if request.method == "HEAD" else request.method or ""
    if method not in methods:
        raise Problem("method-not-allowed", headers={"Allow": ", ".join(sorted(methods))})
    return methods[method]


def _once(call: Call, operation: Operation, key: str) -> HttpResponse:
    """With an idempotency key: done once, and told the same each time for at least 24 hours.

    The answer is kept in the transaction of the deed: both are there, or neither. What wasn't even begun (a
    form that isn't right, a permission that lacks) keeps nothing; the key may be used again.
    """
    if not 0 < len(key) <= LONGEST_KEY or not (key.isascii() and key.isprintable()):
        raise Problem("bad-request", _("An idempotency key has 1 to 255 plain characters."))
    sent = call.upload.digest if operation.takes_file else call.raw
    digest = traffic.digest_of(operation.method, call.request.get_full_path(), sent)
    with transaction.atomic():
        try:
            kept = traffic.begin_answer(call.program.pk, key, digest)
        except traffic.OtherRequest as other:
            raise Problem("key-reused", str(other)) from other
        if isinstance(kept, KeptAnswer):
            return _again(kept)
        try:
            response = operation.handler(call)
            assert isinstance(response, HttpResponse)  # only what is read is streamed
        except Problem as problem:
            if problem.status != 409:
                raise  # nothing is kept: the transaction goes back
            response = problem.response()
        headers = {name: response[name] for name in KEPT_HEADERS if name in response}
        body = _without(operation.shown_once, response.content.decode())
        traffic.keep_answer(kept, response.status_code, body, headers)
    return response


def _without(members: tuple[str, ...], body: str) -> str:
    """The answer without secrets: told again, it lacks them."""
    if not members:
        return body
    content = json.loads(body)
    return json.dumps({n: each for n, each in content.items() if n not in members})


def _again(kept: KeptAnswer) -> HttpResponse:
    headers = {**kept.headers, "Idempotent-Replayed": "true"}
    kind = headers.pop("Content-Type", JSON)
    return HttpResponse(kept.body, kind, kept.status or 200, headers=headers)


def _unavailable(error: OperationalError) -> Problem:
    logger.warning("The database didn't answer a call: %s", error)
    if isinstance(error.__cause__, QueryCanceled):
        return Problem("unavailable", _("The question took too long. Narrow the filter."))
    return Problem(
        "unavailable",
        _("The database can’t be reached. Try again in a minute."),
        headers={"Retry-After": "5"},
    )


def _language(request: HttpRequest, company: Company) -> str:
    accepted = parse_accept_lang_header(request.META.get("HTTP_ACCEPT_LANGUAGE", ""))
    for code in (*(code for code, _weight in accepted), company.language, settings.LANGUAGE_CODE):
        try:
            return get_supported_language_variant(code)
        except LookupError:
            continue
    return settings.LANGUAGE_CODE
