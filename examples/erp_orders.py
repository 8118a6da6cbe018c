"""An ERP tells Kezhi its orders, and reads back what each customer is worth. Safe to run again and again.

    export KEZHI_URL=https://crm.example.com KEZHI_TOKEN=kz_…
    python erp_orders.py orders.json tiers.csv

`orders.json` is a list such as

    [{"number": "SO-1", "customer": "C-00042", "customer_name": "安徽茶业", "day": "2026-11-02",
      "lines": [{"product": "P-1", "product_name": "龙井", "quantity": 12, "unit_price": "88.00"}]}]

Customers and products that Kezhi doesn't know yet are created by their codes.
"""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from kezhi_client import Kezhi, Problem

AT_ONCE = 500


def main(orders: Path, tiers: Path) -> None:
    kezhi = Kezhi(os.environ["KEZHI_URL"], os.environ["KEZHI_TOKEN"])
    told = json.loads(orders.read_text(encoding="utf-8"))
    make_missing(kezhi, "/customers", {each["customer"]: each["customer_name"] for each in told})
    lines = [line for each in told for line in each["lines"]]
    make_missing(kezhi, "/products", {line["product"]: line["product_name"] for line in lines})
    failed = push(kezhi, told)
    read = write_tiers(kezhi, tiers)
    print(f"{len(told) - failed} orders told, {failed} refused; {read} customers read")
    if failed:
        sys.exit(1)


def make_missing(kezhi: Kezhi, path: str, names: dict[str, str]) -> None:
    """A code that is taken already answers 409, which is what we want."""
    items = [{"op": "create", "fields": {"code": c, "name": name}} for c, name in names.items()]
    for some in chunks(items):
        for item, result in zip(
            some, kezhi.post(f"{path}/bulk", {"items": some})["results"], strict=True
        ):
            if result["status"] not in (201, 409):
                print(item["fields"]["code"], result["problem"], file=sys.stderr)


def push(kezhi: Kezhi, orders: Iterable[dict[str, Any]]) -> int:
    """Each order whole, by its own number: told again, it changes nothing. The number of those refused."""
    items = [
        {
            "op": "put",
            "number": order["number"],
            "fields": {
                "customer": {"key": order["customer"]},
                "ordered_on": order["day"],
                "lines": [
                    {
                        "product": {"key": line["product"]},
                        "quantity": line["quantity"],
                        "unit_price": line["unit_price"],
                    }
                    for line in order["lines"]
                ],
            },
        }
        for order in orders
    ]
    failed = 0
    for some in chunks(items):
        for item, result in zip(
            some, kezhi.post("/orders/bulk", {"items": some})["results"], strict=True
        ):
            if result["status"] >= 400:
                failed += 1
                print(item["number"], result["problem"], file=sys.stderr)
    return failed


def write_tiers(kezhi: Kezhi, file: Path) -> int:
    """Code, tier and value of every customer, and the discount that the tier's policy allows."""
    limits = {
        each["tier"]: (each["policy"] or {}).get("discount_limit", "")
        for each in kezhi.get("/tiers")["items"]
    }
    read = 0
    with file.open("w", newline="", encoding="utf-8") as out:
        table = csv.writer(out)
        table.writerow(["code", "tier", "potential_value", "discount_limit"])
        for row in kezhi.each("/customers", fields="code,tier,potential_value", sort="code"):
            tier = row["tier"] or ""
            table.writerow([row["code"], tier, row["potential_value"], limits.get(tier, "")])
            read += 1
    return read


def chunks(items: Sequence[Any]) -> Iterable[list[Any]]:
    rest = iter(items)
    while some := list(islice(rest, AT_ONCE)):
        yield some


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
    except Problem as problem:
        sys.exit(str(problem))
