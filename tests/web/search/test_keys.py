"""Single keys can be turned off, for a person wherever they sign in."""

import pytest

pytestmark = pytest.mark.django_db


def test_single_keys_stay_off_in_another_browser(web, li_wei, client):
    from django.test import Client

    assert 'data-keys="on"' in web(li_wei).get("/settings/profile/").content.decode()
    client.post("/appearance/", {"keys": "off", "next": "/settings/profile/"})
    other = Client()
    other.force_login(li_wei)
    page = other.get("/settings/profile/").content.decode()
    assert 'data-keys="off"' in page
    assert 'name="keys" value="on"' in page
    other.post("/appearance/", {"keys": "on"})
    assert 'data-keys="on"' in other.get("/settings/profile/").content.decode()


def test_the_help_lists_the_keys_that_create(web, li_wei, analyst):
    page = web(li_wei).get("/").content.decode()
    assert 'data-create="c"' in page
    assert page.count("Ctrl") >= 2
    assert 'data-create="c"' not in web(analyst).get("/customers/").content.decode()
