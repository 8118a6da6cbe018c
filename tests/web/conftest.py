"""What the tests of the pages share."""

import pytest


@pytest.fixture
def web(client):
    """`web(person, "en")`: a browser in which the person has signed in and reads that language."""

    def signed_in(person, language="en"):
        person.language = language
        person.save()
        client.force_login(person)
        return client

    return signed_in
