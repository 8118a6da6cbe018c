"""A real browser against real processes: `kezhi web` and `kezhi worker` on a database of their own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from demo_company import KEZHI, DemoCopy, environment_of

READY_WITHIN = 60
# A promise about what is shown, not about how fast: both cores may be at work on other tests.
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)
# Without the network flags Chromium asks for hosts that a closed network refuses, many at a time.
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        message = "the browser tests need Chromium: apt install chromium fonts-noto-cjk fonts-inter"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return {"executable_path": chromium, "args": CHROMIUM_FLAGS}


@pytest.fixture(scope="session", autouse=True)
def browser_files() -> None:
    """Scripts and style sheets, which a fresh clone doesn't have."""
    from kezhi.web.assets import ensure_assets

    ensure_assets()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Site:
    """Kezhi as it runs in production, for one test module."""

    address: str
    environment: dict[str, str]
    log: Path
    web: subprocess.Popen[bytes] | None = None
    worker: subprocess.Popen[bytes] | None = None
    _started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start_web(self) -> None:
        port = self.address.rsplit(":", 1)[1]
        self.web = self._start("web", f"--port={port}", "--workers=1")
        deadline = time.monotonic() + READY_WITHIN
        while not self._answers():
            assert time.monotonic() < deadline, self.log.read_text()[-4000:]
            assert self.web.poll() is None, self.log.read_text()[-4000:]
            time.sleep(0.05)

    def start_worker(self) -> None:
        self.worker = self._start("worker", "--given-up-after=1")

    def stop(self) -> None:
        for process in self._started:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self._started:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def run(self, *command: str) -> str:
        """A `kezhi` command against this site's database."""
        done = subprocess.run(
            [*KEZHI, *command], env=self.environment, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _start(self, *command: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [*KEZHI, *command], env=self.environment, stdout=log, stderr=log
            )
        self._started.append(process)
        return process

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/sign-in/", timeout=5):
                return True
        except urllib.error.HTTPError as error:
            return error.code < 500
        except OSError:
            return False


@contextmanager
def running(database: str, data: Path) -> Iterator[Site]:
    """Web and worker on a database and a folder of their own; the set-up key is `browser`."""
    address = f"http://127.0.0.1:{free_port()}"
    # Mail servers of tests are on this machine; letters lead to this site.
    own = {"KEZHI_PRIVATE_HOSTS": "127.0.0.1", "KEZHI_ORIGIN": address}
    site = Site(
        address=address,
        environment=environment_of(database, data) | own,
        log=data / "processes.log",
    )
    try:
        site.start_web()
        site.start_worker()
        yield site
    finally:
        site.stop()


@pytest.fixture(scope="module")
def empty_site(
    request: pytest.FixtureRequest,
    clone: Callable[[str], str],
    built_files: Path,
    tmp_path_factory: pytest.TempPathFactory,
    worker_id: str,
) -> Iterator[Site]:
    """An installation before its first run."""
    data = tmp_path_factory.mktemp("site")
    (data / "static").symlink_to(built_files / "static")
    database = clone(f"kezhi_site_{worker_id}_{abs(hash(request.node.nodeid)) % 10**8}")
    with running(database, data) as site:
        yield site


@pytest.fixture(scope="module")
def demo_site(
    demo_copy: DemoCopy, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Iterator[Site]:
    """The demo company, of which each worker looks at a copy."""
    data = tmp_path_factory.mktemp("demo-site") / "data"
    with running(demo_copy(f"kezhi_demo_{worker_id}", data), data) as site:
        yield site


@dataclass
class Visitor:
    """A person at a browser; everything that the console complains about is kept."""

    context: BrowserContext
    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        answer = self.page.goto(self.address + path, wait_until="networkidle")
        assert answer is not None
        assert answer.status == 200, f"{path} answered {answer.status}"
        return self.page

    def sign_in(self, login: str, password: str) -> None:
        self.page.goto(self.address + "/sign-in/")
        self.page.fill("[name=login]", login)
        self.page.fill("[name=password]", password)
        self.page.click("form[action='/sign-in/'] button.primary")
        self.page.wait_for_url(self.address + "/")

    def set_up(self) -> None:
        """The first run of an empty site, in English: one is its owner then."""
        self.page.goto(f"{self.address}/setup/?token=browser")
        for name, entry in (
            ("name", "远航供应链"),
            ("owner_name", "林晓雯"),
            ("login", "linxiaowen"),
            ("password", "longjing-2026-spring"),
        ):
            self.page.fill(f"[name={name}]", entry)
        self.page.click("form[action='/setup/'] button.primary")
        self.page.wait_for_url("**/imports/")
        self.speak("en")

    def speak(self, language: str) -> None:
        """`zh-hans` or `en`, as the person's own choice."""
        self._post("/appearance/", {"language": language})

    def _post(self, path: str, fields: dict[str, str]) -> None:
        token = self.page.locator("meta[name=csrf-token]").get_attribute("content") or ""
        answer = self.page.request.post(
            self.address + path,
            form={**fields, "csrfmiddlewaretoken": token, "next": "/settings/"},
            headers={"Referer": self.address + "/"},
        )
        assert answer.ok, answer.status

    def must_be_accessible(self) -> None:
        """No violation of WCAG 2.0 to 2.2, A and AA, on the page as it stands."""
        from axe_playwright_python.sync_playwright import Axe

        options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
        results = Axe().run(self.page, options=options)
        found = [
            f"{violation['id']}: {violation['nodes'][0]['html'][:160]}"
            for violation in results.response["violations"]
        ]
        assert not found, f"{self.page.url}\n" + "\n".join(found)

    def must_be_titled(self) -> None:
        title = self.page.locator("h1, .crumbs b").first
        assert title.is_visible(), f"{self.page.url} has no title"

    def must_fit(self) -> None:
        over = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert over <= 0, f"{self.page.url} is {over} px too wide"

    def must_have_no_complaints(self) -> None:
        assert self.complaints == []


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Visitor]]:
    """`visit(site, width=390, theme="dark")` opens a browser window of its own."""
    contexts = []

    def open_window(site: Site, *, width: int = 1440, theme: str = "light") -> Visitor:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, locale="zh-CN", has_touch=width < 760
        )
        context.add_cookies([{"name": "kezhi_theme", "value": theme, "url": site.address}])
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        visitor = Visitor(context, context.new_page(), site.address)
        visitor.page.on("console", lambda line: _keep(visitor, line.type, line.text))
        visitor.page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
        return visitor

    yield open_window
    for context in contexts:
        context.close()


def _keep(visitor: Visitor, kind: str, text: str) -> None:
    if kind in {"error", "warning"}:
        visitor.complaints.append(f"{visitor.page.url}: {text}")
