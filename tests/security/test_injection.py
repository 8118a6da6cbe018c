"""Whatever is typed into an address, a form or a kept view stays text: no fault, no word of the database's.

A slice of a few hundred cases; `./kezhi bench security_injection` makes ten thousand of them. Each case follows
from the seed and its number alone.
"""

from __future__ import annotations

import json
import os
import random
import re
import time
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.test import Client

from addresses import undone
from cast import PASSWORD
from exploring import Found, explore
from hostile import ERRORS, NAMES, OPERATORS, SQL
from settled import settle
from world import build
from writes import written

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
CASES = int(os.environ.get("KEZHI_SECURITY_CASES", "300"))
FIRST = int(os.environ.get("KEZHI_SECURITY_FROM", "0"))
SEED = int(os.environ.get("KEZHI_SECURITY_SEED", "20261122"))
TOO_LONG = 2.0  # seconds, where the same question takes a fiftieth of that
ERROR = re.compile(ERRORS, re.IGNORECASE)
START = ("/", "/customers/", "/settings/", "/search/?q=a", "/value/")
# What a search and a look at a record leave behind.
QUIET = {"workbench_recent", "audit_entry"}
# Where customers and visitors come to, what a look there leaves behind, and addresses with a word in them.
OUTSIDE = ("/portal/", "/portal/tickets/new/", "/portal/sign-in/", "/portal/sign-in/forgotten/",
           "/help/zh/", "/help/en/?q=a")  # fmt: skip
SEEN = QUIET | {"service_portalsession", "accounts_visitorbucket", "service_articlequestion"}
WORDS = ("/help/zh/?q={}", "/help/{}/", "/help/en/suggestions/?q={}", "/help/zh/{}/", "/s/{}/",
         "/ask/{}/", "/case/{}/", "/portal/link/{}/", "/portal/ideas/?show={}",
         "/portal/tickets/?state={}&q={}")  # fmt: skip
PARTS = ("", "totals/", "tabs/", "columns/", "sorting/", "filter/", "filters/", "filters/matches/",
         "options/", "matches/", "views/new/")  # fmt: skip
BESIDE = ("edit", "find", "customer", "owner", "compare", "as_of", "show", "into", "next", "kind")
HEADERS = ("HTTP_ACCEPT_LANGUAGE", "HTTP_USER_AGENT", "HTTP_REFERER", "HTTP_HX_CURRENT_URL",
           "HTTP_HX_TARGET", "HTTP_X_FORWARDED_FOR")  # fmt: skip
COOKIES = ("kezhi_language", "kezhi_theme", "kezhi_density", "messages", "csrftoken", "sessionid")


class Attacker:
    """Thinks up what to send; the same for the same seed."""

    def __init__(self, dice: random.Random) -> None:
        from kezhi.records import registry

        self.dice = dice
        self.kinds = [kind.address for kind in registry]
        self.fields = sorted({field.name for kind in registry for field in kind.fields})

    def text(self) -> str:
        dice = self.dice
        ways = (
            lambda: dice.choice(SQL),
            lambda: dice.choice(NAMES),
            lambda: dice.choice(("a", "1", "茶", "2026-01-01")) + dice.choice(SQL),
            lambda: dice.choice(SQL)[:40] + dice.choice(SQL)[:40],
            lambda: "".join(
                chr(dice.choice((*range(128), 0xFF07, 0x202E, 0x1F600))) for _ in "abcdefg"
            ),
        )
        return dice.choice(ways)()

    def name(self) -> str:
        return self.dice.choice(
            (self.dice.choice(self.fields), self.dice.choice(NAMES), self.text())
        )

    def condition(self) -> str:
        plain = ".".join((self.name(), self.dice.choice((*OPERATORS, self.text())), self.text()))
        return self.dice.choice((plain, plain, json.dumps(self.tree(3), ensure_ascii=False)))

    def tree(self, depth: int) -> Any:
        dice = self.dice
        if not depth or dice.random() < 0.2:
            return dice.choice(
                (self.text(), None, 7, True, ".".join((self.name(), "eq", self.text())))
            )
        if dice.random() < 0.3:
            return [self.tree(depth - 1) for _ in range(dice.randrange(4))]
        if dice.random() < 0.5:
            return {
                "has": dice.choice(("contacts", "orders", self.text())),
                dice.choice(("where", "count", "sum", self.text())): self.tree(depth - 1),
            }
        key = dice.choice(("all", "any", "not", "hasnt", self.text()))
        return {
            key: dice.choice((self.tree(depth - 1), [self.tree(depth - 1), self.tree(depth - 1)]))
        }

    def query(self) -> dict[str, Any]:
        """The parameters of a list, a few of them."""
        dice = self.dice
        said: dict[str, Any] = {
            "w": [self.condition() for _ in range(dice.randrange(3))],
            "sort": dice.choice(("", "-", "--")) + self.name(),
            "columns": ",".join(self.name() for _ in range(2)),
        }
        for name in ("q", "view", "after", "before", "page", "op", "chosen", "customer_search"):
            said[name] = self.text()
        said["field"] = self.name()
        kept = dice.sample(sorted(said), dice.randrange(1, 5))
        return {name: said[name] for name in kept}

    def spoilt(self, entries: dict[str, list[str]]) -> dict[str, Any]:
        """What a page would send, with one to three entries replaced, and at times one more."""
        dice = self.dice
        sent: dict[str, Any] = dict(entries)
        for name in dice.sample(sorted(sent), min(len(sent), dice.randrange(1, 4))):
            sent[name] = self.text()
        if dice.random() < 0.4:
            sent[dice.choice((*BESIDE, *NAMES, self.text()))] = self.text()
        return {_sendable(name): _sendable(entry) for name, entry in sent.items()}


class Site:
    """A browser, the owner's or a customer's, and the check of every answer."""

    def __init__(self, client: Client, start: tuple[str, ...], quiet: set[str]) -> None:
        self.client, self.quiet = client, quiet
        self.found: Found = explore(self._page, start)
        self.faults: list[str] = []
        self.outside: Site | None = None

    def _page(self, address: str) -> tuple[int, str]:
        answer = self.client.get(address)
        is_page = answer.headers.get("Content-Type", "").startswith("text/html")
        return answer.status_code, answer.content.decode() if is_page else ""

    def ask(self, method: str, address: str, data: dict[str, Any], **headers: str) -> None:
        """The answer tells and does nothing that it shouldn't, and comes soon."""
        took, answer, text, changed = self._timed(method, address, data, headers)
        if took > TOO_LONG:  # once more: the machine may be busy, a planted wait comes again
            took = min(took, self._timed(method, address, data, headers)[0])
        about = f"{method.upper()} {address} {data or headers!r}"
        told = ERROR.search(text)
        if answer.status_code >= 500:
            self.faults.append(f"{answer.status_code}: {about}")
        elif told and told[0].lower() not in about.lower():
            self.faults.append(f"says {told[0]!r}: {about}")
        if took > TOO_LONG:
            self.faults.append(f"takes {took:.1f} s: {about}")
        if method == "get" and not changed <= self.quiet:
            self.faults.append(f"writes {changed} by GET: {about}")

    def _timed(
        self, method: str, address: str, data: dict[str, Any], headers: dict[str, str]
    ) -> tuple[float, Any, str, set[str]]:
        from kezhi.workbench.customizing import definitions

        cookies = self.client.cookies.output().replace("Set-Cookie: ", "")
        before = written()
        with undone():
            began = time.monotonic()
            answer = getattr(self.client, method)(address, data, **headers)
            body = b"".join(answer.streaming_content) if answer.streaming else answer.content
            took = time.monotonic() - began
        # What was taken back is counted all the same.
        after = written()
        self.client.cookies.clear()
        self.client.cookies.load(cookies)
        if method == "post":
            definitions.forget()
        changed = {table for table in after if after[table] != before.get(table, 0)}
        return took, answer, body.decode(errors="replace"), changed


@pytest.fixture
def site(db: None) -> Site:
    world = build()
    settle(world)
    client = Client(raise_request_exception=False)
    client.force_login(world.people["owner"])
    site = Site(client, START, QUIET)
    visitor = Client(raise_request_exception=False)
    entered = visitor.post("/portal/sign-in/", {"login": "zhang@tea.example", "password": PASSWORD})
    assert entered.status_code == 302
    site.outside = Site(visitor, OUTSIDE, SEEN)
    site.outside.faults = site.faults
    return site


def test_whatever_is_typed_stays_text(site):
    assert len(site.found.pages) > 100  # what isn't found isn't tried
    assert sum(1 for method, _route in site.found.forms if method == "post") > 60
    assert len(site.outside.found.pages) > 12
    assert len(site.outside.found.forms) > 6
    for number in range(FIRST, FIRST + CASES):
        attacker = Attacker(random.Random(f"{SEED} {number}"))
        before = len(site.faults)
        FAMILIES[number % len(FAMILIES)](site, attacker)
        site.faults[before:] = [f"case {number}: {fault}" for fault in site.faults[before:]]
    assert not site.faults, "\n".join(fault[:600] for fault in site.faults[:25])


def lists(site: Site, attacker: Attacker) -> None:
    address = f"/{attacker.dice.choice(attacker.kinds)}/{attacker.dice.choice(PARTS)}"
    site.ask("get", address, attacker.query())


def forms(site: Site, attacker: Attacker) -> None:
    form = attacker.dice.choice(list(site.found.forms.values()))
    site.ask(form.method, form.action, attacker.spoilt(form.entries))


def outside(site: Site, attacker: Attacker) -> None:
    """The pages of customers and visitors: their addresses and forms, by a customer who has signed in."""
    theirs, dice = site.outside, attacker.dice
    assert theirs is not None
    if dice.random() < 0.5:
        text = quote(_sendable(attacker.text()), safe="")
        theirs.ask("get", dice.choice(WORDS).replace("{}", text), {})
    else:
        forms(theirs, attacker)


def kept(site: Site, attacker: Attacker) -> None:
    """A view and a segment whose filters were planted past the deeds, then opened (second order)."""
    from kezhi.customers.models import Segment
    from kezhi.workbench.models import SavedView

    query = attacker.query() | {"w": [attacker.condition()]}
    texts = [_stored(text) for text in query.pop("w")]
    pairs = [("w", text) for text in texts] + [(n, _stored(e)) for n, e in query.items()]
    with undone():
        SavedView.objects.update(query=urlencode(pairs)[:8000])
        Segment.objects.update(conditions=texts, text=_stored(query.get("q", ""))[:200])
        view, segment = SavedView.objects.get(), Segment.objects.get()
        address = attacker.dice.choice(
            (
                f"/customers/?view={view.pk}",
                "/views/pinned/",
                f"/segments/{segment.pk}/",
                f"/customers/?w=segment.in.{segment.pk}",
            )
        )
        site.ask("get", address, {})


def headers(site: Site, attacker: Attacker) -> None:
    text = _sendable(attacker.text()).encode().decode("latin-1").translate({10: "", 13: "", 0: ""})
    address = attacker.dice.choice(sorted(site.found.pages.values()))
    if attacker.dice.random() < 0.5:
        site.ask(
            "get", address, {}, **{attacker.dice.choice(HEADERS): text, "HTTP_HX_REQUEST": "true"}
        )
        return
    site.client.cookies[attacker.dice.choice(COOKIES[:-1])] = text
    with undone():
        answer = site.client.get(address)
    if answer.status_code >= 500:
        site.faults.append(f"{answer.status_code}: GET {address} with the cookies {text!r}")
    for name in COOKIES[:-1]:
        site.client.cookies.pop(name, None)


FAMILIES = (lists, forms, lists, forms, outside, kept, forms, lists, headers, lists)


def _stored(text: str) -> str:
    """As the database can hold it."""
    return _sendable(text).replace("\x00", "")


def _sendable(entry: Any) -> Any:
    return entry.encode("utf-8", "replace").decode() if isinstance(entry, str) else entry
