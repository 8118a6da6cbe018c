"""How fast the pages are that people live in, on a million customers, over HTTP, with permissions on.

1 M customers, 400 k contacts, 500 k orders with 1 M lines, 500 k interactions, 200 k follow-ups on an embedded
PostgreSQL with the product's own settings; two web workers; one client and eight. `seller` sees about
3,400 customers, `boss` all. Beside each figure: the processor milliseconds per call of web and database. The
limit named beside it: Odoo 18.0 on such data on such a machine (list of 80 rows 59 ms, 57 pages/s; customer
with timeline 109 ms; create 58 ms, 38/s; first load 11 MB).

    ./kezhi bench pages [--customers 1000000] [--keep FOLDER] [--calls 400]
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import re
import tempfile
from pathlib import Path
from typing import Any

from million.browsing import Browser, measured
from million.filling import PASSWORD
from million.standing_up import Site, site, sizes

HELD_TO = {
    "list_by_value": {"p50_ms": 25, "per_s with 8 clients": 120, "Odoo 18.0": "59 ms, 57/s"},
    "customer_page": {"p50_ms": 45, "Odoo 18.0": "109 ms"},
    "create": {"p50_ms": 20, "per_s with 8 clients": 100, "Odoo 18.0": "58 ms, 38/s"},
    "first_load_kb": {"at most": 150, "Odoo 18.0": 11_000},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--calls", type=int, default=400)
    parser.add_argument("--keep", type=Path, help="a folder to keep the filled database in")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="kezhi-bench-") as name,
        site(arguments.keep or Path(name), arguments.customers) as running,
    ):
        report = measure(running, arguments.calls)
        report["load_average"] = os.getloadavg()[0]
    print(json.dumps(report, indent=1, ensure_ascii=False))


def measure(running: Site, calls: int) -> dict[str, Any]:
    report: dict[str, Any] = {"held_to": HELD_TO, "fill_s": running.filled}
    people = {
        "seller": Browser(running.port).sign_in("seller000", PASSWORD),
        "boss": Browser(running.port).sign_in("boss", PASSWORD),
    }
    report["first_load_kb"] = first_load(people["boss"])
    for who, person in people.items():
        ids = customers_of(person)
        pages: dict[str, Any] = {
            "list_by_value": lambda b, n: ok(b.get("/customers/")),
            "list_by_value_page_2_on": following(person),
            "list_of_a_tier": lambda b, n: ok(b.get("/customers/?w=tier.in.A,B")),
            "customer_page": lambda b, n, ids=ids: ok(b.get(f"/customers/{ids[n % len(ids)]}/")),
        }
        for page, ask in pages.items():
            report[f"{page}, {who}"] = {
                f"{clients} client{'s' * (clients > 1)}": measured(
                    [person.also() for _ in range(clients)],
                    ask,
                    calls,
                    running.web,
                    running.postgres,
                )
                for clients in (1, 8)
            }
    report["create, seller"] = {
        f"{clients} client{'s' * (clients > 1)}": creating(
            people["seller"], clients, calls, running
        )
        for clients in (1, 8)
    }
    report["sizes_mb"] = sizes()
    return report


def ok(answer: tuple[int, bytes]) -> bytes:
    status, page = answer
    assert status == 200, status
    return page


def customers_of(person: Browser) -> list[str]:
    page = ok(person.get("/customers/")).decode()
    return list(dict.fromkeys(re.findall(r'href="/customers/(\d+)/', page)))


def following(person: Browser) -> Any:
    """The pages after the first, each found in the one before."""
    links, page = [], ok(person.get("/customers/")).decode()
    for _ in range(10):
        found = re.search(r'href="(/customers/\?[^"]*after=[^"]+)"', page)
        if found is None:
            break
        links.append(found[1].replace("&amp;", "&"))
        page = ok(person.get(links[-1])).decode()
    return lambda browser, n: ok(browser.get(links[n % len(links)]))


def creating(person: Browser, clients: int, calls: int, running: Site) -> dict[str, Any]:
    """A new customer by the form, duplicate check included; the form itself was opened before."""
    token = person.token("/customers/new/")
    browsers = [person.also() for _ in range(clients)]
    rng = random.Random(f"{os.getpid()}{clients}")

    def ask(browser: Browser, number: int) -> None:
        from urllib.parse import urlencode

        fields = {
            "csrfmiddlewaretoken": token,
            # Names that are like no other: the duplicate check has nothing to ask about.
            "name": "".join(chr(0x4E00 + rng.randrange(20_000)) for _ in range(6)) + "有限公司",
            "form": "company",
            "phone": f"139{rng.randrange(10**8):08d}",
            "city": "苏州",
        }
        status, page = browser._ask(
            "POST",
            "/customers/new/",
            urlencode(fields),
            {"Content-Type": "application/x-www-form-urlencoded"},
        )
        assert status == 302, (status, page.decode()[:3000])
        # The page that follows would show it; messages that nobody reads would spill into the session.
        browser.cookies.pop("messages", None)

    return measured(browsers, ask, calls, running.web, running.postgres)


def first_load(person: Browser) -> dict[str, float]:
    """What a browser fetches to open the list for the first time, compressed as it asks for it."""
    page = ok(person.get("/customers/", **{"Accept-Encoding": "gzip"}))
    files = re.findall(r'(?:src|href)="(/static/[^"]+)"', gzip.decompress(page).decode())
    sizes_of = {
        path.rsplit("/", 1)[1]: len(ok(person.get(path, **{"Accept-Encoding": "br, gzip"})))
        for path in dict.fromkeys(files)
    }
    total = len(page) + sum(sizes_of.values())
    return {
        "all": round(total / 1024, 1),
        "page": round(len(page) / 1024, 1),
        **{name: round(size / 1024, 1) for name, size in sizes_of.items()},
    }


if __name__ == "__main__":
    main()
