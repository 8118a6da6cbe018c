"""npm's `oidc-provider`, started on loopback: the real thing that single sign-on is tested against."""

from __future__ import annotations

import fcntl
import http.cookiejar
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "oidc"
CLIENT_ID, CLIENT_SECRET = "kezhi", "a secret: of + some/length"


def installed() -> None:
    """By npm, as the browser files are; once, also when several workers come at the same time."""
    from kezhi.web.assets import _node_environment, _npm

    with (Path(tempfile.gettempdir()) / "kezhi-oidc.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock_file, mark = FOLDER / "package-lock.json", FOLDER / "node_modules" / ".kezhi"
        if mark.is_file() and mark.read_bytes() == lock_file.read_bytes():
            return
        command = [*_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(
            command, cwd=FOLDER, env=_node_environment(), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        shutil.copyfile(lock_file, mark)


@dataclass
class IdentityProvider:
    issuer: str

    def sign_in(self, address: str, login: str, until: str) -> str:
        """Follow the browser's way from `address`: the login, the consent, and back to `until`."""
        opener = urllib.request.build_opener(
            _NoRedirects, urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        )
        request = urllib.request.Request(address)
        for _step in range(20):
            try:
                with opener.open(request, timeout=20) as answer:
                    form = answer.read().decode()
            except urllib.error.HTTPError as error:
                if error.code not in (302, 303):
                    raise AssertionError(error.read().decode()[:2000]) from error
                there = urllib.parse.urljoin(request.full_url, error.headers["Location"])
                if there.startswith(until):
                    return there
                request = urllib.request.Request(there)
                continue
            request = self._filled_in(form, request.full_url, login)
        raise AssertionError(f"the provider leads nowhere: {request.full_url}")

    def _filled_in(self, form: str, page: str, login: str) -> urllib.request.Request:
        action = re.search(r'action="([^"]+)"', form)
        prompt = re.search(r'name="prompt" value="([^"]+)"', form)
        assert action, form[:2000]
        assert prompt, form[:2000]
        fields = {"prompt": prompt[1], "login": login, "password": "any"}
        return urllib.request.Request(
            urllib.parse.urljoin(page, action[1]), urllib.parse.urlencode(fields).encode()
        )


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_about: object) -> None:
        return None


@contextmanager
def identity_provider(people: dict[str, dict], redirects: list[str]) -> Iterator[IdentityProvider]:
    """A provider with these accounts; it ends with the block."""
    from kezhi.web.assets import _node_environment, _npm

    installed()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = _node_environment() | {
        "PORT": str(port),
        "PEOPLE": json.dumps(people),
        "REDIRECTS": " ".join(redirects),
        "NODE_NO_WARNINGS": "1",
    }
    process = subprocess.Popen(
        [*_npm(), "start", "--silent"],
        cwd=FOLDER,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said = []
        for line in process.stdout:
            said.append(line)
            if "listening" in line:
                break
        else:
            raise AssertionError("".join(said))
        yield IdentityProvider(f"http://localhost:{port}")
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)
        process.stdout.close()
