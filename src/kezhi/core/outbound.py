"""The only way out: addresses that people typed are fetched here, and never from inside our own network.

The address that is checked is the one the socket connects to, so neither odd spellings of an address nor a
name that changes its mind helps. Nothing follows a redirect. Hosts of the company's own network have to be
named in the setting `KEZHI_PRIVATE_HOSTS`; plain http is only for those of them on this machine.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Timer
from urllib.parse import urlsplit

from django.conf import settings

TIMEOUT = 10
MOST_BYTES = 1024 * 1024


class Unreachable(Exception):
    """No usable answer. One wording for closed, filtered and forbidden, so that nobody maps our network."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes


def fetch(
    url: str,
    *,
    data: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    within: float = 30,
    is_strangers: bool = False,
) -> Answer:
    """GET, or POST when there is `data`. Raises `Unreachable`.

    `within` seconds all is over: who answers letter by letter, each in time, isn't waited for either. An
    address that `is_strangers` leads to the world outside, whatever hosts of our own are named.
    """
    if not may_be_asked(url):
        raise Unreachable
    parts = urlsplit(url)
    host = parts.hostname or ""
    is_private_allowed = not is_strangers and host in private_hosts()
    if parts.username or parts.password:
        raise Unreachable
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        connection = _Checked(
            host, port, is_tls=parts.scheme == "https", may_be_private=is_private_allowed
        )
        try:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            with _ended_after(within, connection):
                connection.request(
                    "POST" if data is not None else "GET", path, data, dict(headers or {})
                )
                response = connection.getresponse()
                body = response.read(MOST_BYTES + 1)
        finally:
            connection.close()
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise Unreachable from error
    if len(body) > MOST_BYTES:
        raise Unreachable
    return Answer(response.status, body)


@contextmanager
def _ended_after(seconds: float, connection: _Checked) -> Iterator[None]:
    is_over: list[bool] = []

    def end() -> None:
        is_over.append(True)
        with suppress(OSError):
            connection.end()

    timer = Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
    if is_over:  # what looked like the end of the answer was ours
        raise OSError("the answer took too long")


def private_hosts() -> set[str]:
    return {name.lower() for name in settings.PRIVATE_HOSTS}


def may_be_asked(url: str) -> bool:
    """https anywhere; http only where a named host of our own is this machine."""
    try:
        parts = urlsplit(url)
    except ValueError:  # brackets around what is no address
        return False
    if parts.scheme == "https" and parts.hostname:
        return True
    return parts.scheme == "http" and _is_this_machine(parts.hostname or "")


def _is_this_machine(host: str) -> bool:
    if host.lower() not in private_hosts():
        return False
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def connect(host: str, port: int, *, seconds: float = TIMEOUT) -> socket.socket:
    """A connection for another protocol (mail), to an address that may be asked. Raises `OSError`."""
    is_private_allowed = host.lower() in private_hosts()
    return _connected(host, port, may_be_private=is_private_allowed, seconds=seconds)


class _Checked(http.client.HTTPConnection):
    """Connects to an address that was looked at, under the name that was asked for."""

    def __init__(self, host: str, port: int, *, is_tls: bool, may_be_private: bool) -> None:
        super().__init__(host, port, timeout=TIMEOUT)
        self._is_tls, self._may_be_private = is_tls, may_be_private
        self._line: socket.socket | None = None  # kept: an answer takes `sock` with it

    def connect(self) -> None:
        self._line = _connected(self.host, self.port, may_be_private=self._may_be_private)
        if self._is_tls:
            line = ssl.create_default_context().wrap_socket(
                self._line, server_hostname=self.host, do_handshake_on_connect=False
            )
            self._line = line
            line.do_handshake()
        self.sock = self._line

    def end(self) -> None:
        """From another thread: whoever waits on this connection needn't any more."""
        if self._line is not None:
            self._line.shutdown(socket.SHUT_RDWR)


def _connected(
    host: str, port: int, *, may_be_private: bool, seconds: float = TIMEOUT
) -> socket.socket:
    last: OSError | None = None
    for family, kind, protocol, _name, address in socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM
    ):
        if not may_be_private and not is_public(str(address[0])):
            continue
        made = socket.socket(family, kind, protocol)
        made.settimeout(seconds)
        try:
            made.connect(address)
        except OSError as error:
            made.close()
            last = error
        else:
            return made
    raise last or OSError("no address of this host may be asked")


def is_public(address: str) -> bool:
    """Whether an address belongs to the world: not to this machine, its network, or a cloud's inside."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if inner is not None:
            return is_public(str(inner))
        if found in ipaddress.ip_network("64:ff9b::/96"):
            return is_public(str(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)))
    return found.is_global and not found.is_multicast
