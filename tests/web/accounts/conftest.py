"""Proving twice who one is, in the tests of the pages."""

from datetime import UTC, datetime

import pytest

from cast import PASSWORD
from kezhi.accounts.models import CodeApp, RecoveryCode
from kezhi.accounts.second_factors import add_code_app, code_at, new_secret, step_at


@pytest.fixture
def with_app():
    """`secret, codes = with_app(person)`: a code app set up an hour ago, and recovery codes."""

    def set_up(person):
        at = datetime.fromtimestamp(datetime.now(UTC).timestamp() - 3600, UTC)
        secret = new_secret()
        codes = add_code_app(person, secret, code_at(secret, step_at(at)), actor=person, at=at)
        assert CodeApp.objects.filter(person=person).exists()
        assert RecoveryCode.objects.filter(person=person).count() == len(codes)
        return secret, codes

    return set_up


@pytest.fixture
def code_now():
    return lambda secret: code_at(secret, step_at(datetime.now(UTC)))


@pytest.fixture
def enter(client):
    """Name and password at the door."""

    def type_in(login, password=PASSWORD, **headers):
        return client.post("/sign-in/", {"login": login, "password": password}, headers=headers)

    return type_in
