"""A web process is killed in the middle of work: what it had acknowledged is there afterwards."""

from __future__ import annotations

import os
import signal

import psutil
import psycopg
import pytest
from playwright.sync_api import Error

pytestmark = pytest.mark.browser

ATTEMPTS = 30
KILLED_AFTER = 12


def _kill_whole(process) -> None:
    """As the kernel does when memory runs out: no farewell, children included."""
    victims = [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]
    for victim in victims:
        os.kill(victim.pid, signal.SIGKILL)
    process.wait(10)


def _create(visitor, name: str) -> bool:
    """Whether the server acknowledged the new customer."""
    token = visitor.page.locator("meta[name=csrf-token]").get_attribute("content")
    try:
        answer = visitor.page.request.post(
            f"{visitor.address}/customers/new/",
            form={"name": name, "form": "company", "csrfmiddlewaretoken": token},
            headers={"Referer": f"{visitor.address}/"},
            max_redirects=0,
        )
    except Error:
        return False
    assert answer.status == 302, answer.text()[:3000]
    return True


def _names(site) -> list[str]:
    with psycopg.connect(site.environment["DATABASE_URL"]) as connection:
        rows = connection.execute("SELECT name FROM customers_customer").fetchall()
    return [name for (name,) in rows]


def test_nothing_acknowledged_is_lost_when_the_web_process_is_killed(empty_site, visit):
    visitor = visit(empty_site)
    page = visitor.page
    page.goto(f"{empty_site.address}/setup/?token=browser")
    page.fill("[name=name]", "江南茶业")
    page.fill("[name=owner_name]", "王敏")
    page.fill("[name=login]", "wangmin")
    page.fill("[name=password]", "longjing-2026-spring")
    page.click("form[action='/setup/'] button.primary")
    page.wait_for_url("**/imports/")

    acknowledged = []
    for number in range(ATTEMPTS):
        if number == KILLED_AFTER:
            _kill_whole(empty_site.web)
        if _create(visitor, f"客户 {number}"):
            acknowledged.append(f"客户 {number}")
        if number == KILLED_AFTER + 3:
            empty_site.start_web()

    assert len(acknowledged) >= KILLED_AFTER + 5
    assert len(acknowledged) < ATTEMPTS
    kept = _names(empty_site)
    assert set(acknowledged) <= set(kept)
    assert len(kept) == len(set(kept))
    visitor.open("/customers/")
    assert "客户 0" in page.locator("table").inner_text()
