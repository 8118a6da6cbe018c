"""Receivers of webhooks for tests: a clock that can be turned, and answers as they are told."""

from __future__ import annotations

import json
from concurrent.futures import Executor, Future
from datetime import timedelta

from django.utils import timezone

GRANTS = {"customer": ["read", "edit"], "interaction": ["read"]}
ERP = "https://erp.example/hook"


class AtOnce(Executor):
    """Sends while the dispatcher looks on, so that nothing depends on time."""

    def submit(self, function, /, *args, **kwargs):
        future = Future()
        future.set_result(function(*args, **kwargs))
        return future


class Receivers:
    """What came, in order; `answers` gives by address a status, or a function of the message."""

    def __init__(self):
        from kezhi.messaging.webhooks.delivering import Dispatcher

        self.came, self.tried, self.answers = [], [], {}
        self.at = timezone.now() + timedelta(seconds=1)
        self.dispatcher = Dispatcher(clock=lambda: self.at, pool=AtOnce(), send=self.send)

    def send(self, url, headers, body):
        from kezhi.messaging.webhooks.delivering import Reply

        message = json.loads(body)
        answer = self.answers.get(url, 200)
        status = answer(message) if callable(answer) else answer
        self.tried.append((self.at, url, headers["webhook-id"]))
        if 200 <= status < 300:
            self.came.append((url, headers, body.decode()))
        return Reply(status, "said", 5)

    def run(self):
        """Until nothing more is due at this moment."""
        while self.dispatcher.step() or self.dispatcher.under_way:
            pass

    def pass_time(self, until, every=timedelta(seconds=30)):
        while self.at < until:
            self.at += every
            self.run()

    @property
    def messages(self):
        return [json.loads(body) for _url, _headers, body in self.came]


def an_integration(person, by=None, grants=GRANTS, **more):
    """Acting for that person; `by` is an owner of the company."""
    from kezhi.accounts.integrating import create_integration

    fields = {"name": "ERP", "purpose": "keeps its customers alike", "grants": grants, **more}
    return create_integration(fields, actor=by or person, owner=person, on=timezone.now().date())


def a_webhook(integration, actor, **fields):
    """With its secret."""
    from kezhi.messaging.webhooks.keeping import create_webhook

    wanted = {
        "name": "ERP",
        "url": ERP,
        "deeds": ["customer.created", "customer.edited", "customer.deleted", "interaction.logged"],
        "fields": {"customer": ["name", "city"], "interaction": ["channel"]},
        **fields,
    }
    return create_webhook(integration, wanted, actor=actor, at=timezone.now())
