"""Hostile markup put into a company through every entrance that it has: each form, files, a vCard, headers.

python -m storing FIRST COUNT    (within the environment of a site; prints what to look at as JSON)
"""

from __future__ import annotations

import json
import os
import re
import sys
from itertools import count
from typing import Any

import django

IN_FULL = "KEZHI_SECURITY_CASES" in os.environ
NUMBER = re.compile(r"[-+]?[\d.,]+ ?%?")
PASSWORD = "longjing-2026-spring"
LOGIN = "lin"
# Deeds that would end the visit, or take away what others are to look at.
LEFT_ALONE = ("removal", "deactivation", "reactivation", "sign-", "setup", "appearance", "hand-over",
              "sessions", "demo", "undo", "cancel", "second-step", "merge", "security",
              "imports", "cards", "attachments", "delegations", "order", "default", "bulk",
              "draft")  # fmt: skip
START = ("/", "/customers/", "/settings/", "/search/?q=a", "/value/")


def main(first: int, many: int) -> None:
    django.setup()
    from django.test import Client

    from exploring import explore, forms_of
    from hostile import markup

    company()
    numbers = (first + at % many for at in count())
    client = Client(SERVER_NAME="127.0.0.1", raise_request_exception=False)
    signed_in(client, markup, numbers)
    found = explore(lambda address: page(client, address), START)
    kept, made = 0, set()
    for (method, route), form in sorted(found.forms.items()):
        if method == "post" and not any(word in route for word in LEFT_ALONE) and form.typed:
            fresh = form
            if "version" in form.entries:  # as it stands now: what came before may have changed it
                fresh = forms_of(form.page, page(client, form.page)[1]).get((method, route), form)
            stored, place = fill(client, fresh, markup, numbers)
            kept += stored
            made.add(place)
    kept += files(client, markup, numbers, made)
    # What came to be, and where it leads; the rest is known already.
    begun = (*START, *sorted(place for place in made if place))
    again = explore(lambda address: page(client, address), begun, 600, found.pages)
    addresses = sorted({*found.pages.values(), *again.pages.values(), *begun})
    reflected = [f"/search/?q={quoted(markup(first + at))}" for at in range(3)]
    reflected += [
        f"/customers/?w={quoted('name.contains.' + markup(first + at))}" for at in range(3)
    ]
    reflected += [f"/customers/?sort={quoted(markup(first + 4))}", f"/x/{quoted(markup(first))}"]
    session = client.cookies["sessionid"].value
    print(json.dumps({"kept": kept, "pages": addresses + reflected, "session": session}))


def company() -> None:
    """The world of the access tests, and an owner who signs in."""
    from kezhi.accounts.models import Company
    from kezhi.accounts.organising import create_person
    from kezhi.core.actor import SYSTEM

    if Company.objects.exists():
        return
    from settled import settle
    from world import build

    settle(build())
    given = {"login": LOGIN, "name": "林晓雯", "roles": ["owner"], "password": PASSWORD}
    create_person(given, actor=SYSTEM)


def page(client: Any, address: str) -> tuple[int, str]:
    answer = client.get(address)
    assert answer.status_code < 500, address
    is_page = answer.headers.get("Content-Type", "").startswith("text/html")
    return answer.status_code, answer.content.decode() if is_page else ""


def quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")


def signed_in(client: Any, markup: Any, numbers: Any) -> None:
    """The browser's name and a wrong sign-in name are shown to people, too."""
    from kezhi.accounts.models import User

    client.post("/sign-in/", {"login": markup(next(numbers)), "password": "wrong"})
    agent = markup(next(numbers)).encode().decode("latin-1")
    # Whatever the forms called her since.
    owners = User.objects.filter(roles__key="owner", is_active=True)
    owner = next(person for person in owners if person.check_password(PASSWORD))
    told = {"login": owner.login, "password": PASSWORD}
    answer = client.post("/sign-in/", told, HTTP_USER_AGENT=agent, HTTP_REFERER=agent)
    assert answer.status_code == 302, answer.content.decode()[:2000]


def fill(client: Any, form: Any, markup: Any, numbers: Any) -> tuple[int, str]:
    """All free entries at once; if that isn't taken, one after the other. How many were kept, and where.

    Passwords are never shown, and another one would end the visit. In a slice entries that hold a number now
    are sent with the others only: forms of value have a hundred of them, and none takes a text.
    """
    names = [name for name in form.typed if "password" not in name]
    sent = form.entries | {name: markup(next(numbers)) for name in names}
    answer = client.post(form.action, sent)
    if is_kept(answer):
        return len(names), answer.headers.get("Location", "")
    stored, place = 0, ""
    texts = [name for name in names if not NUMBER.fullmatch(form.entries[name][0])]
    for name in (names if IN_FULL else texts) if len(names) > 1 else ():
        answer = client.post(form.action, form.entries | {name: markup(next(numbers))})
        if is_kept(answer):
            stored, place = stored + 1, answer.headers.get("Location", "")
    return stored, place


def is_kept(answer: Any) -> bool:
    assert answer.status_code < 500, answer
    assert not answer.headers.get("Location", "").startswith("/sign-in/"), answer
    return answer.status_code == 302 or bool(answer.headers.get("HX-Trigger"))


def files(client: Any, markup: Any, numbers: Any, made: set[str]) -> int:
    """Cells, headings and the name of an imported file; a file's name; a vCard."""
    from django.core.files.uploadedfile import SimpleUploadedFile

    from kezhi.customers.models import CardBatch, Customer

    def file(content: str) -> Any:
        upload = SimpleUploadedFile("x", content.encode())
        upload.name = f"{markup(next(numbers))}.csv"
        return upload

    rows = "\n".join(
        f'"{cell(markup(next(numbers)))}","{cell(markup(next(numbers)))}"' for _ in "1234567"
    )
    heading = f'客户名称,"{cell(markup(next(numbers)))}"'
    answer = client.post("/imports/", {"kind": "customer", "file": file(f"{heading}\n{rows}\n")})
    made.add(answer.headers.get("Location", ""))
    customer = Customer.objects.order_by("pk").first()
    client.post(f"/attachments/customer/{customer.pk}/", {"file": file("x")})
    client.post("/cards/", {"event": markup(next(numbers)), "place": markup(next(numbers))})
    batch = CardBatch.objects.order_by("-pk").first()
    if batch is None:
        return 18
    lines = (
        f"{name}:{markup(next(numbers))}" for name in ("FN", "ORG", "TITLE", "NOTE", "ADR", "URL")
    )
    card = "\n".join(("BEGIN:VCARD", *lines, "TEL:13812345679", "END:VCARD", ""))
    upload = SimpleUploadedFile("x.vcf", card.encode())
    client.post(f"/cards/{batch.pk}/intake/", {"files": upload})
    made.add(f"/cards/{batch.pk}/")
    return 26


def cell(text: str) -> str:
    return text.replace('"', '""')


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
