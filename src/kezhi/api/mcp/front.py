"""`/mcp/`: assistants over HTTP, one request at a time, without sessions; the door is that of the API.

The SDK speaks ASGI, our web processes WSGI: each request is carried over by itself. The tools do their work
in the thread of the request, on its own database connection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import ceil
from typing import Any
from urllib.parse import urlsplit

import anyio
from asgiref.sync import async_to_sync
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings

from kezhi.accounts import traffic
from kezhi.api.calling import Call, called
from kezhi.api.front import speaking
from kezhi.api.mcp.server import server_for, told_as_problems
from kezhi.api.problems import Problem

ADDRESS = "/mcp"
MOST_BYTES = 1024 * 1024


class McpMiddleware:
    """Answers at /mcp/ itself; the rest goes on to the pages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.rstrip("/") != ADDRESS:
            return self.get_response(request)
        with speaking(request) as company:
            try:
                with told_as_problems():
                    response = _answer(request, company)
            except Problem as problem:
                response = problem.response()
        response["Cache-Control"] = "no-store"
        response["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
        return response


def _answer(request: HttpRequest, company: Any) -> HttpResponse:
    call = called(request, company, at=timezone.now())
    _must_be_ours(request)
    if request.method != "POST":
        raise Problem("method-not-allowed", headers={"Allow": "POST"})
    turn = traffic.take_turn(call.program.pk)
    if not turn.is_granted:
        raise Problem(
            "too-many-requests",
            _("Wait a moment, then go on more slowly."),
            headers={"Retry-After": str(max(ceil(turn.wait), 1))},
        )
    body = call.raw
    if len(body) > MOST_BYTES:
        raise Problem("too-large", _("At most 5 MB at once: send it in parts."))

    @contextmanager
    def caller() -> Iterator[Call]:
        yield call

    status, headers, content = async_to_sync(_carried)(server_for(caller), _scope(request), body)
    return HttpResponse(content, status=status, headers=headers)


def _must_be_ours(request: HttpRequest) -> None:
    """A page of another site that a browser shows asks nothing here, whatever token it has got hold of."""
    try:
        host = request.get_host()
    except DisallowedHost as error:
        raise Problem("bad-request", _("This isn’t an address of ours.")) from error
    origin = request.META.get("HTTP_ORIGIN", "")
    if origin and urlsplit(origin).netloc != host:
        raise Problem("forbidden", _("This isn’t an address of ours."))


def _scope(request: HttpRequest) -> dict[str, Any]:
    sent = {
        name.lower(): entry for name, entry in request.headers.items() if name != "Authorization"
    }
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.scheme or "http",
        "path": f"{ADDRESS}/",
        "raw_path": f"{ADDRESS}/".encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [
            (name.encode("latin-1"), entry.encode("latin-1")) for name, entry in sent.items()
        ],
        "server": (request.META.get("SERVER_NAME", ""), 0),
        "client": (request.META.get("REMOTE_ADDR", ""), 0),
    }


async def _carried(
    server: Server[Any], scope: dict[str, Any], body: bytes
) -> tuple[int, dict[str, str], bytes]:
    """One exchange with the SDK's own transport, of either generation of the protocol."""
    manager = StreamableHTTPSessionManager(
        server,
        json_response=True,
        stateless=True,
        # Host and origin were looked at above.
        security_settings=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    to_give = [{"type": "http.request", "body": body, "more_body": False}]
    status, headers, content = 500, {}, bytearray()

    async def receive() -> dict[str, Any]:
        if to_give:
            return to_give.pop()
        await anyio.sleep_forever()
        raise AssertionError

    async def send(message: Any) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
            for name, entry in message.get("headers", ()):
                headers[name.decode("latin-1")] = entry.decode("latin-1")
        else:
            content.extend(message.get("body", b""))

    async with manager.run():
        await manager.handle_request(scope, receive, send)
    headers.pop("content-length", None)
    return status, headers, bytes(content)
