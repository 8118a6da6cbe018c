"""Whose word counts on who asks."""

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from kezhi.web.proxies import ProxyMiddleware


def _seen(settings, trusted, **meta):
    settings.TRUSTED_PROXIES = trusted
    seen = {}

    def view(request):
        seen.update(request.META)
        return HttpResponse()

    ProxyMiddleware(view)(RequestFactory().get("/", **meta))
    return seen


def test_nobodys_claims_count_without_a_trusted_proxy(settings):
    claims = {
        "HTTP_X_FORWARDED_FOR": "1.2.3.4",
        "HTTP_X_FORWARDED_PROTO": "https",
        "HTTP_X_FORWARDED_HOST": "evil.example",
        "HTTP_FORWARDED": "for=1.2.3.4",
        "HTTP_X_REAL_IP": "1.2.3.4",
    }
    seen = _seen(settings, ["10.0.0.0/8"], REMOTE_ADDR="203.0.113.9", **claims)
    assert seen["REMOTE_ADDR"] == "203.0.113.9"
    assert not set(claims) & set(seen)


@pytest.mark.parametrize(
    ("chain", "client"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9", "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9, 10.1.1.1", "203.0.113.9"),
        ("2001:db8::1", "2001:db8::1"),
        ("6.6.6.6, nonsense", "10.0.0.5"),
        ("", "10.0.0.5"),
        ("10.1.1.1", "10.0.0.5"),
    ],
)
def test_behind_our_proxy_the_client_is_the_last_that_is_not_ours(settings, chain, client):
    seen = _seen(settings, ["10.0.0.0/8"], REMOTE_ADDR="10.0.0.5", HTTP_X_FORWARDED_FOR=chain)
    assert seen["REMOTE_ADDR"] == client
