"""Clients that send slowly, or stop, take nobody's place."""

import threading

import pytest

from kezhi.web.receiving import Receiving


def application(environ, start_response):
    start_response("200 OK", [])
    body = environ["wsgi.input"].read() if "wsgi.input" in environ else b"page"
    return [body]


class Slow:
    """A body of which nothing comes until it is told to."""

    def __init__(self, whole=b""):
        self.whole, self.may_come = whole, threading.Event()

    def read(self, size):
        self.may_come.wait(10)
        part, self.whole = self.whole[:size], self.whole[size:]
        return part


def asked(app, **environ):
    statuses = []
    answer = b"".join(app(environ, lambda status, _headers: statuses.append(status)))
    return statuses[0][:3], answer


def test_others_are_answered_while_clients_are_still_sending():
    app, answers = Receiving(application, places=1), []
    slow = [Slow(b"a" * 300_000) for _client in range(5)]
    threads = [
        threading.Thread(
            target=lambda body=body: answers.append(
                asked(app, **{"wsgi.input": body, "CONTENT_LENGTH": "300000"})
            )
        )
        for body in slow
    ]
    for thread in threads:
        thread.start()
    assert asked(app) == ("200", b"page")
    assert not answers
    for body in slow:
        body.may_come.set()
    for thread in threads:
        thread.join(10)
    assert answers == [("200", b"a" * 300_000)] * 5


@pytest.mark.parametrize("length", ["", "0", "many"])
def test_what_says_no_length_is_left_to_the_application(length):
    body = Slow(b"abc")
    body.may_come.set()
    app = Receiving(lambda environ, start: [start("200 OK", []) or b""])
    assert asked(app, **{"wsgi.input": body, "CONTENT_LENGTH": length}) == ("200", b"")
    assert body.whole == b"abc"


def test_a_form_that_breaks_off_is_no_form():
    body, called = Slow(b"name=half"), []
    body.may_come.set()
    app = Receiving(lambda environ, start: called.append(environ) or [])
    assert asked(app, **{"wsgi.input": body, "CONTENT_LENGTH": "90"}) == ("400", b"")
    assert not called


def test_a_full_disk_is_said():
    class Full(Slow):
        def read(self, size):
            raise OSError(28, "no space")

    assert (
        asked(Receiving(application), **{"wsgi.input": Full(), "CONTENT_LENGTH": "9"})[0] == "507"
    )
