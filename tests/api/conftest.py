"""A program that calls: `program(person, grants)` gives its `call`."""

import json

import pytest

from cast import TODAY


class Answer:
    """A response with its JSON."""

    def __init__(self, response):
        self.response, self.status = response, response.status_code
        self.headers = response.headers
        self.json = json.loads(response.content) if response.content else None

    def __repr__(self):
        return f"{self.status} {self.json}"


class Program:
    """Calls the API with a token."""

    def __init__(self, client, integration, secret):
        self.client, self.integration, self.secret = client, integration, secret

    def call(self, method, path, body=None, **headers):
        sent = {"HTTP_AUTHORIZATION": f"Bearer {self.secret}", "HTTP_ACCEPT_LANGUAGE": "en"}
        sent |= {f"HTTP_{name.upper()}": entry for name, entry in headers.items()}
        data = body if isinstance(body, bytes | str) else json.dumps(body, default=str)
        # Django's client would send an empty form where a program sends nothing.
        data = "" if body is None else data
        more = {} if method == "get" else {"data": data, "content_type": "application/json"}
        return Answer(getattr(self.client, method)(f"/api/v1{path}", **more, **sent))

    def get(self, path, **headers):
        return self.call("get", path, **headers)

    def post(self, path, body=None, **headers):
        return self.call("post", path, body, **headers)

    def put(self, path, body=None, **headers):
        return self.call("put", path, body, **headers)

    def patch(self, path, body=None, **headers):
        return self.call("patch", path, body, **headers)

    def delete(self, path, **headers):
        return self.call("delete", path, **headers)


@pytest.fixture
def program(client, settings):
    """With everything that can be given, unless `grants` says less."""
    from django.utils import timezone

    from kezhi.accounts import integrating

    settings.API_BURST = settings.API_RATE = 10_000

    def connected(person, grants=None, **fields):
        everything = {kind: list(actions) for kind, actions in integrating.givable().items()}
        about = {"name": "ERP", "purpose": "Orders", "grants": grants or everything, **fields}
        rows = about.pop("rows_a_day", 5000)
        integration = integrating.create_integration(about, actor=_may_connect(person), on=TODAY)
        type(integration).objects.filter(pk=integration.pk).update(rows_a_day=rows)
        issued = integrating.issue_token(
            integration, actor=person, at=timezone.now(), on=timezone.now().date()
        )
        return Program(client, integration, issued.secret)

    return connected


def _may_connect(person):
    """Any person of these tests may connect programs for themselves."""
    for role in person.roles.exclude(key="owner"):
        role.grants["integration"] = dict.fromkeys(("read", "create", "edit", "delete"), "own")
        role.save()
    person.__dict__.pop("_roles", None)
    return person
