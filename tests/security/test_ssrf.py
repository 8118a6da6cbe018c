"""Whatever address people type, nothing inside is asked: webhooks, identity providers, mail servers, and the
pictures of letters.

A slice; `./kezhi bench security_ssrf` tries as many spellings as it is told. What else asks addresses that
people typed must come here: there are no calendars or PDF pages that fetch.
"""

from __future__ import annotations

import http.server
import ipaddress
import os
import random
import socket
import threading

import pytest

from kezhi.accounts.open_id import discover
from kezhi.core.refusal import Refused
from kezhi.messaging import connecting, picturing
from kezhi.messaging.connecting import MailTrouble
from kezhi.messaging.models import MailAccount
from kezhi.messaging.webhooks.delivering import Reply, send

CASES = int(os.environ.get("KEZHI_SECURITY_CASES", "60"))
FIRST = int(os.environ.get("KEZHI_SECURITY_FROM", "0"))
SEED = int(os.environ.get("KEZHI_SECURITY_SEED", "20261122"))
NOTHING = Reply(0, "", 0)

HOSTS = [
    "127.0.0.1", "localhost", "LOCALHOST", "localhost.", "localhost.localdomain", "0.0.0.0", "0",
    "0177.0.0.1", "0x7f.0.0.1", "0x7f000001", "2130706433", "017700000001", "127.1", "127.0.1",
    "127.000.000.001", "127.255.255.254", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]", "[fe80::1%25lo]", "１２７.０.０.１", "ｌｏｃａｌｈｏｓｔ", "127。0。0。1", "①②⑦.0.0.1",
    "127.0.0.1.", "127.0.0.1%2e", "%31%32%37.0.0.1", "user@127.0.0.1", "example.com@127.0.0.1",
    "127.0.0.1#@example.com", "127.0.0.1\\@example.com", "127.0.0.1\t", " 127.0.0.1", "127.0.0.1\n",
    "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "[::ffff:a9fe:a9fe]", "[fd00::1]",
    "100.64.0.1", "224.0.0.1", "255.255.255.255", "[ff02::1]",
]  # fmt: skip
SCHEMES = ("https", "http", "ftp", "gopher", "file", "HTTPS", "https+unix", "")
# A closed port, one where somebody listens, and one that nobody answers look alike.
CLOSED, FILTERED = 1, 9


class Canary(http.server.ThreadingHTTPServer):
    """Listens inside and keeps whoever knocks, whatever they say."""

    def __init__(self) -> None:
        self.knocks: list[object] = []
        super().__init__(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)

    def get_request(self):
        self.knocks.append("knock")
        return super().get_request()

    def handle_error(self, request, client_address):
        pass


@pytest.fixture
def canary():
    server = Canary()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def no_host_of_our_own(settings):
    settings.PRIVATE_HOSTS = []


def some(all_of_them: list[str]) -> list[str]:
    """In the slice a tenth, another one with another seed; in full all."""
    if os.environ.get("KEZHI_SECURITY_CASES"):
        return all_of_them
    return random.Random(SEED).sample(all_of_them, len(all_of_them) // 10)


def forms(port: int) -> list[str]:
    """The known spellings, then made ones: each follows from the seed and its number."""
    made = []
    for number in range(FIRST, FIRST + CASES):
        dice = random.Random(f"{SEED} {number}")
        host = HOSTS[number] if number < len(HOSTS) else _spelt(dice)
        scheme = "https" if number < len(HOSTS) else dice.choice(SCHEMES)
        path = dice.choice(["/", "", "/latest/meta-data/", "/?a=b", "//", "/%2e%2e/"])
        made.append(f"{scheme}:{'//' if dice.random() < 0.95 else '/'}{host}:{port}{path}")
    return made


def _spelt(dice: random.Random) -> str:
    """This machine's address, written in some way that a library may read."""
    number = int(ipaddress.ip_address(f"127.{dice.randrange(256)}.{dice.randrange(256)}.1"))
    parts = [number >> 24, number >> 16 & 255, number >> 8 & 255, number & 255]
    write = [str, hex, lambda part: f"0{part:o}", lambda part: f"{part:03d}"]
    dotted = ".".join(dice.choice(write)(part) for part in parts)
    mapped = f"[::ffff:{number >> 16:x}:{number & 65535:x}]"
    whole = dice.choice([str(number), hex(number), f"0{number:o}", f"0x0{number:x}"])
    host = dice.choice([dotted, mapped, whole, dotted, f"{parts[0]}.{number & 0xFFFFFF}"])
    if dice.random() < 0.2:
        host = host.translate(str.maketrans("0123456789.", "０１２３４５６７８９。"))
    if dice.random() < 0.2:
        host = dice.choice(["a@", "a:b@", "example.com%40", "example.com@"]) + host
    return host + dice.choice(["", "", "", ".", "%00", "#", "\\"])


def test_no_webhook_reaches_inside_and_the_answer_is_always_the_same(canary):
    for url in (*forms(canary.server_port), *some(forms(CLOSED)), *some(forms(FILTERED))):
        assert send(url, {}, b"{}") == NOTHING, url
    assert canary.knocks == []


def test_no_identity_provider_is_looked_for_inside(canary):
    said = set()
    for url in (*some(forms(canary.server_port)), *some(forms(CLOSED))):
        with pytest.raises(Refused) as refusal:
            discover(url)
        said.add(str(refusal.value))
    assert len(said) == 1
    assert canary.knocks == []


def test_no_picture_of_a_letter_is_fetched_inside_not_even_from_hosts_that_are_named(
    canary, settings
):
    settings.PRIVATE_HOSTS = ["localhost", "127.0.0.1"]
    for url in (*some(forms(canary.server_port)), f"https://localhost:{canary.server_port}/"):
        assert picturing._fetch(url) == b"", url
    assert canary.knocks == []


@pytest.mark.parametrize("reach", [connecting.smtp, connecting.imap])
def test_no_mail_server_is_asked_inside(canary, reach):
    said = set()
    for port in (canary.server_port, CLOSED):
        for host in some(HOSTS):
            name = host.strip("[]")
            account = MailAccount(
                smtp_host=name, smtp_port=port, smtp_security="tls",
                imap_host=name, imap_port=port, imap_security="tls",
            )  # fmt: skip
            with pytest.raises(MailTrouble) as trouble:
                reach(account)
            said.add((trouble.value.problem, trouble.value.said))
    assert len(said) == 1, said
    assert canary.knocks == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_who_sends_us_on_is_not_followed(canary, settings, status):
    """A host that may be asked answers with an address inside."""

    class Elsewhere(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.send_response(status)
            self.send_header("Location", f"http://127.0.0.1:{canary.server_port}/")
            self.end_headers()

        def log_message(self, *_about):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.PRIVATE_HOSTS = ["localhost"]
    try:
        reply = send(f"http://localhost:{server.server_port}/", {}, b"{}")
    finally:
        server.shutdown()
        server.server_close()
    assert (reply.status, reply.is_received) == (status, False)
    assert canary.knocks == []


def test_a_name_that_changes_its_mind_does_not_help(canary, monkeypatch):
    """The world's address at the first question, ours at every later one: it is asked once an attempt."""
    answers: list[str] = []

    def resolve(_host, port, *_more, **_how):
        answers.append("93.184.216.34" if len(answers) % 2 == 0 else "127.0.0.1")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers[-1], port))]

    def connect(self, address):
        if address[0] == "127.0.0.1":
            canary.knocks.append(address)
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket.socket, "connect", connect)
    for _time in range(10):
        assert send(f"https://rebinding.example:{canary.server_port}/", {}, b"{}") == NOTHING
    assert canary.knocks == []
    assert len(answers) == 10
