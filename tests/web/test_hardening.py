"""As it runs behind TLS: Django's own deployment check is clean, cookies and headers are strict."""

import json
import os
import subprocess
import sys

import pytest

ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "kezhi.settings",
    "KEZHI_HTTPS": "1",
    "KEZHI_SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_",
    "KEZHI_ALLOWED_HOSTS": "crm.yuanhang.example",
    "KEZHI_ORIGIN": "https://crm.yuanhang.example",
}
VISIT = """
import json, django
from django.conf import settings
settings.STORAGES["staticfiles"] = {
    "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
}
django.setup()
from django.test import Client
from kezhi.web import middleware
middleware.Company.current = classmethod(lambda cls: middleware.Company(name="远航"))
client = Client()
proxy = {"HTTP_HOST": "crm.yuanhang.example", "REMOTE_ADDR": "127.0.0.1"}
page = client.get("/sign-in/", HTTP_X_FORWARDED_PROTO="https", **proxy)
plain = client.get("/sign-in/", **proxy)
stranger = client.get("/sign-in/", HTTP_X_FORWARDED_PROTO="https", HTTP_HOST=proxy["HTTP_HOST"],
                      REMOTE_ADDR="203.0.113.9")
print(json.dumps({
    "status": [page.status_code, plain.status_code, stranger.status_code],
    "headers": {name.lower(): text for name, text in page.headers.items()},
    "cookies": [morsel.OutputString() for morsel in client.cookies.values()],
}))
"""


def _run(*command, **more):
    environment = {**os.environ, **ENVIRONMENT, **more}
    return subprocess.run(
        [sys.executable, *command], env=environment, capture_output=True, text=True, timeout=120
    )


def test_the_deployment_check_is_clean():
    done = _run("-m", "django", "check", "--deploy", "--fail-level", "INFO")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no issues" in done.stdout


@pytest.fixture(scope="module")
def visit(clone, worker_id):
    base, _slash, _name = os.environ["KEZHI_TEST_APPLICATION_URL"].rpartition("/")
    database = clone(f"kezhi_hardening_{worker_id}")
    done = _run("-W", "ignore", "-c", VISIT, DATABASE_URL=f"{base}/{database}")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_only_the_trusted_proxy_says_that_it_is_https(visit):
    assert visit["status"] == [200, 301, 301]


def test_headers_protect_the_page(visit):
    headers = visit["headers"]
    assert headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    policy = headers["content-security-policy"]
    assert "unsafe" not in policy
    for part in ("frame-ancestors 'none'", "base-uri 'none'", "object-src 'none'"):
        assert part in policy
    assert "form-action 'self'" in policy


def test_cookies_keep_to_this_host_and_to_tls(visit):
    assert visit["cookies"]
    for cookie in visit["cookies"]:
        assert cookie.startswith("__Host-")
        assert "Secure" in cookie
        assert "Path=/" in cookie
        assert "Domain" not in cookie
        assert "SameSite=Lax" in cookie
