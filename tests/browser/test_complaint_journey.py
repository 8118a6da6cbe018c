"""A complaint by e-mail becomes a closed case with compensation, a survey, a changed risk and a care task.

The customer writes to a real mailbox, gets real letters, and sees every step on the page behind their link.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from email.message import EmailMessage
from pathlib import Path

import pytest
from playwright.sync_api import expect

from kezhi.demo.people import SIGN_INS
from mail_servers import SECRET, Dovecot, SmtpServer, _dovecot, _smtp

__all__ = ["_dovecot", "_smtp"]  # fixtures

pytestmark = pytest.mark.browser

AGENT, OWNER = "he", "lin"
PASSWORD = SIGN_INS[0][1]
PATIENCE = 90
SEEDED = (Path(__file__).parent / "complaint_journey.py").read_text()


@pytest.fixture
def inside(demo_site):
    """Run one of the functions of `complaint_journey.py` where the site's data is."""

    def run(function: str, **about):
        code = f"{SEEDED}\nprint(json.dumps({function}(**json.loads(sys.argv[1]))))"
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code, json.dumps(about)],
            env=demo_site.environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run


def written(sender: str, subject: str, text: str) -> bytes:
    message = EmailMessage()
    message["From"], message["To"] = sender, "service@yuanhang.example"
    message["Subject"], message["Message-ID"] = subject, f"<{time.time_ns()}@customer.example>"
    message["Date"] = "Mon, 23 Nov 2026 09:00:00 +0800"
    message.set_content(text)
    return message.as_bytes()


def letter_to(smtp: SmtpServer, address: str, words: str) -> str:
    """The text of the first letter to this address that has the words."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        for mail in list(smtp.taken):
            body = mail.get_body(("plain",))
            text = body.get_content() if body else ""
            if address in str(mail["To"]) and words in text + str(mail["Subject"]):
                return text
        time.sleep(0.2)
    subjects = [f"{mail['To']}: {mail['Subject']}" for mail in smtp.taken]
    raise AssertionError(f"no letter to {address} with {words!r}: {subjects}")


def path_in(text: str, pattern: str) -> str:
    found = re.search(pattern, text)
    assert found, text
    return found.group(0)


@pytest.mark.slow
def test_from_a_letter_to_a_closed_case_and_what_follows(demo_site, visit, inside, request):
    mailbox: Dovecot = request.getfixturevalue("_dovecot")
    smtp: SmtpServer = request.getfixturevalue("_smtp")
    smtp.postman.__init__()
    about = inside(
        "prepare", imap=mailbox.port, smtp=smtp.port, secret=SECRET, origin=demo_site.address
    )
    agent, owner, customer = (visit(demo_site) for _person in range(3))
    agent.sign_in(AGENT, PASSWORD)
    owner.sign_in(OWNER, PASSWORD)
    for person in (agent, owner):
        person.speak("en")
    calm = inside("risk", customer=about["customer"])

    # The letter becomes a ticket, and the customer gets a number and a link.
    text = "今天到货 46 箱被拒收，车厢温度 11.4 ℃。我们要投诉，请尽快处理。"
    mailbox.put(written(about["email"], "投诉：冷链温度超标", text))
    inside("fetch", account=about["account"])
    confirmation = letter_to(smtp, about["email"], "/case/")
    case = path_in(confirmation, r"/case/[\w.:~-]+/")
    customer.open(case)
    expect(customer.page.locator("h1")).to_contain_text("冷链温度超标")
    ticket = inside("ticket", customer=about["customer"])
    assert ticket["type"] == "complaint"

    # It stands in the queue, says what is at stake, and marks its customer.
    agent.open(f"/tickets/?w=customer.eq.{about['customer']}")
    expect(agent.page.locator("main")).to_contain_text("冷链温度超标")
    agent.open(f"/tickets/{ticket['pk']}/")
    agent.must_fit()
    agent.must_be_accessible()
    owner.open(f"/customers/{about['customer']}/")
    expect(owner.page.locator("main")).to_contain_text("No selling now")
    assert inside("risk", customer=about["customer"])["reasons"] > calm["reasons"]

    # Every step by its form; the compensation is approved by somebody else, and booked.
    def due(person, fill, button="button.primary"):
        person.open(f"/complaints/{ticket['complaint']}/")
        form = person.page.locator("#due form").first
        fill(form)
        with person.page.expect_navigation():
            form.locator(button).first.click()
        assert not person.page.locator("main [role=alert]").count(), person.page.inner_text("main")

    def told(words: str):
        customer.open(case)
        expect(customer.page.locator("main")).to_contain_text(words)

    def put(**entries):
        def fill(form):
            for name, entry in entries.items():
                control = form.locator(f"[name='{name.replace('_', '-')}']")
                kind = control.first.evaluate("e => e.tagName + (e.type || '')")
                if kind.startswith("SELECT"):
                    index = entry if isinstance(entry, int) else None
                    control.select_option(index=index) if index else control.select_option(entry)
                elif kind == "INPUTradio":
                    form.locator(f"[name='{name}'][value='{entry}']").check()
                else:
                    control.fill(str(entry))

        return fill

    due(agent, put(category="transport", loss="38640"))
    told("你的投诉已受理")
    due(agent, put(verdict="justified", words="温度记录属实"))
    told("我们已核查情况")
    due(agent, put(name_0="迅驰冷运", share_0="100", evidence_0=1))
    due(agent, put(cause=1, words="制冷机组故障"))
    told("我们已查明原因")
    due(agent, put(sort_0="money", amount_0="800", words_0="货损", words="赔付 800 元"))
    told("我们已为你拟定方案")
    due(owner, lambda form: None)
    told("我们的方案已确定")
    agent.open(f"/complaints/{ticket['complaint']}/")
    with agent.page.expect_navigation():
        agent.page.locator("form[action*='execution'] button").click()
    told("方案已执行")
    assert inside("booked", customer=about["customer"]) == "800.00"
    due(agent, put(answer="accepted", words="可以接受"))
    due(agent, put(words="客户继续下单"))
    due(agent, put(words="承运商须备用机组"))
    told("你的投诉已办结")
    inside("close", ticket=ticket["pk"])
    told("已关闭")

    # A survey comes, and its answer changes what is known of the risk.
    inside("send_surveys")
    survey = path_in(letter_to(smtp, about["email"], "/s/"), r"/s/[\w.:~-]+/")
    page = customer.open(survey)
    while page.locator("form button").count():
        for group in page.locator("fieldset").all():
            group.locator("input").first.check(force=True)
        page.locator("form button").first.click()
        page.wait_for_load_state()
        if page.url.endswith("thanks") or not page.locator("fieldset").count():
            break
    after = inside("risk", customer=about["customer"])
    assert after["scores"] == calm["scores"] + 1
    assert after["trouble"] == ""

    # And somebody is to ask how they are, which sells nothing.
    task = inside("care", customer=about["customer"])
    assert task["subject"] == "投诉后回访"
    owner.open(f"/customers/{about['customer']}/")
    expect(owner.page.locator("main")).to_contain_text("投诉后回访")
    for person in (agent, owner, customer):
        person.must_have_no_complaints()
