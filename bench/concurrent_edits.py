"""Sixty-four people save one customer at the same moment, round after round: no change is lost silently.

Each round everybody opens the form (the same version) and sends another city. One is first; every other one
gets 409 with both versions and what they typed. Afterwards the version, the audit log and the last winner's
city must agree with the answers.

    ./kezhi bench concurrent_edits [--clients 64] [--rounds 200]
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
import threading
from pathlib import Path
from urllib.parse import urlencode

from million.browsing import Browser
from million.filling import PASSWORD
from million.standing_up import site

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
INPUT = re.compile(r'<input[^>]*\bname="([^"]+)"[^>]*\bvalue="([^"]*)"')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=200)
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="kezhi-bench-") as name,
        site(Path(name), 2_000) as running,
    ):
        first = Browser(running.port).sign_in("boss", PASSWORD)
        browsers = [first.also() for _ in range(arguments.clients)]
        report = fight(browsers, arguments.rounds)
    print(json.dumps(report, indent=1))
    if report["lost_silently"] or report["unexpected"]:
        raise SystemExit(1)


def fight(browsers: list[Browser], rounds: int) -> dict[str, object]:
    address = "/customers/1000/edit/"
    winners: list[str] = []
    losers = unexpected = kept_typed = 0
    for number in range(rounds):
        page = browsers[0].get(address)[1].decode()
        fields = dict(INPUT.findall(page)) | {"name": "并发客户有限公司", "form": "company"}
        answers = together(browsers, address, fields, number)
        first = [place for place, (status, _page) in answers.items() if status == 302]
        winners += [f"城{number}-{place}" for place in first]
        for place, (status, page) in answers.items():
            losers += status == 409
            kept_typed += status == 409 and f"城{number}-{place}" in page
            unexpected += status not in (302, 409)
        unexpected += len(first) != 1
    return outcome(winners, losers, kept_typed, unexpected)


def together(
    browsers: list[Browser], address: str, fields: dict[str, str], number: int
) -> dict[int, tuple[int, str]]:
    """Everybody sends a city of their own at once; status and page by place."""
    answers: dict[int, tuple[int, str]] = {}

    def send(place: int) -> None:
        body = urlencode({**fields, "city": f"城{number}-{place}"})
        status, page = browsers[place]._ask("POST", address, body, FORM)
        answers[place] = (status, page.decode())

    threads = [threading.Thread(target=send, args=[place]) for place in range(len(browsers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def outcome(winners: list[str], losers: int, kept_typed: int, unexpected: int) -> dict[str, object]:
    from kezhi.audit.models import Change
    from kezhi.customers.models import Customer

    customer = Customer.objects.get(pk=1000)
    kept = Change.objects.filter(
        table_name="customers_customer", row_id=1000, operation="update", after__has_key="city"
    ).count()
    return {
        "saved": len(winners),
        "told_of_the_conflict": losers,
        "with_what_they_typed": kept_typed,
        "unexpected": unexpected,
        "changes_in_the_audit": kept,
        "version": customer.version,
        "lost_silently": int(
            kept != len(winners) or customer.city != winners[-1] or kept_typed != losers
        ),
    }


if __name__ == "__main__":
    main()
