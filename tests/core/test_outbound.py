"""The way out: what may be asked, and that nothing inside ever is."""

import http.server
import socket
import threading

import pytest

from kezhi.core import outbound
from kezhi.core.outbound import Unreachable, fetch, is_public


@pytest.fixture
def canary():
    """A listener on this machine that keeps what it was asked."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            if self.path == "/elsewhere":
                self.send_response(302)
                self.send_header("Location", "/inside")
                self.end_headers()
                return
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"x" * (outbound.MOST_BYTES + 5 if self.path == "/huge" else 2))

        def log_message(self, *_about):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.asked = asked
    yield server
    server.shutdown()
    server.server_close()


FORMS = [
    "http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://0177.0.0.1:{port}/",
    "http://0x7f.0.0.1:{port}/", "http://2130706433:{port}/", "http://127.1:{port}/",
    "http://[::1]:{port}/", "http://[::ffff:127.0.0.1]:{port}/", "http://[::ffff:7f00:1]:{port}/",
    "http://[0:0:0:0:0:ffff:127.0.0.1]:{port}/", "http://0.0.0.0:{port}/", "http://0:{port}/",
    "https://127.0.0.1:{port}/", "https://localhost:{port}/", "https://[::ffff:7f00:1]:{port}/",
    "https://2130706433:{port}/", "https://user@127.0.0.1:{port}/", "//127.0.0.1:{port}/",
    "ftp://127.0.0.1:{port}/", "gopher://127.0.0.1:{port}/", "file:///etc/passwd",
    "http://127.0.0.1:{port}#@example.com/", "http://example.com@127.0.0.1:{port}/",
    "http://localhost.:{port}/", "http://LOCALHOST:{port}/", "", "nonsense", "https://", "http:///",
]  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_no_spelling_of_an_address_reaches_inside(canary, settings, form):
    settings.PRIVATE_HOSTS = []
    with pytest.raises(Unreachable):
        fetch(form.format(port=canary.server_port))
    assert canary.asked == []


def test_a_name_that_changes_its_mind_does_not_help(canary, settings, monkeypatch):
    """The address that was looked at is the one connected to: the name is asked once."""
    settings.PRIVATE_HOSTS = []
    answers = iter(["93.184.216.34", "127.0.0.1"])
    connected = []

    def resolve(_host, port, **_how):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    def connect(self, address):
        connected.append(address[0])
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(Unreachable):
        fetch(f"https://rebinding.example:{canary.server_port}/")
    assert connected == ["93.184.216.34"]


def test_a_named_host_of_our_own_is_asked(canary, settings):
    settings.PRIVATE_HOSTS = ["localhost"]
    answer = fetch(f"http://localhost:{canary.server_port}/there?x=1")
    assert (answer.status, answer.body, canary.asked) == (200, b"xx", ["/there?x=1"])


def test_redirects_are_not_followed_and_floods_are_cut(canary, settings):
    settings.PRIVATE_HOSTS = ["localhost"]
    stem = f"http://localhost:{canary.server_port}"
    assert fetch(f"{stem}/elsewhere").status == 302
    with pytest.raises(Unreachable):
        fetch(f"{stem}/huge")
    assert canary.asked == ["/elsewhere", "/huge"]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("93.184.216.34", True), ("2606:2800:220:1::1", True), ("127.0.0.1", False),
        ("10.1.2.3", False), ("172.16.0.1", False), ("192.168.1.1", False), ("169.254.169.254", False),
        ("100.64.0.1", False), ("0.0.0.0", False), ("224.0.0.1", False), ("255.255.255.255", False),
        ("::1", False), ("::", False), ("fe80::1%eth0", False), ("fd00::1", False),
        ("::ffff:10.0.0.1", False), ("64:ff9b::7f00:1", False), ("2002:7f00:1::", False), ("ff02::1", False),
    ],
)  # fmt: skip
def test_only_addresses_of_the_world_are_public(address, expected):
    assert is_public(address) is expected


def test_who_answers_letter_by_letter_is_not_waited_for(settings):
    """Each letter comes in time, the whole never would."""
    settings.PRIVATE_HOSTS = ["localhost"]
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def drip():
        caller, _address = listener.accept()
        with caller:
            caller.recv(1000)
            caller.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
            while not over.wait(0.02):
                try:
                    caller.sendall(b"x")
                except OSError:
                    return

    dripping = threading.Thread(target=drip, daemon=True)
    dripping.start()
    try:
        with pytest.raises(Unreachable):
            fetch(f"http://localhost:{listener.getsockname()[1]}/", within=0.2)
    finally:
        over.set()
        dripping.join()
        listener.close()
