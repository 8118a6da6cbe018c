"""Assistants on this machine: the protocol over standard input and output, with a token."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import anyio
from django.db import close_old_connections
from django.http import HttpRequest
from django.utils import timezone
from mcp.server.stdio import stdio_server

from kezhi.api.calling import Call, called
from kezhi.api.front import speaking
from kezhi.api.mcp.server import server_for

HERE = "127.0.0.1"


def serve(token: str) -> None:
    """Until the assistant closes the line. The token is looked at for every message."""

    @contextmanager
    def caller() -> Iterator[Call]:
        close_old_connections()
        with speaking(_request(token)) as company:
            yield called(_request(token), company, at=timezone.now())

    async def run() -> None:
        server = server_for(caller)
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())

    anyio.run(run)


def _request(token: str) -> HttpRequest:
    request = HttpRequest()
    request.META = {"HTTP_AUTHORIZATION": f"Bearer {token}", "REMOTE_ADDR": HERE}
    return request
