"""How fast contacts come in for customers who are there: found by code, told apart by name, one main contact.

The customers come first, by an import of their own, in the same database and without waiting for its
statistics: the planner believes what it believed of empty tables. There are three contacts to two customers;
the first of a customer is the main one, and a second file names another. Promised: >= 3,000 contacts/s.

    ./kezhi bench import_contacts [--customers 60000]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
from pathlib import Path

from import_customers import HEADINGS, customer
from million.importing import cpu_seconds, database, import_once, peak_megabytes

CONTACTS_PER_SECOND = 3_000
CONTACT_HEADINGS = ["客户编号", "姓名", "职务", "决策角色", "手机", "邮箱", "主要联系人"]
SURNAMES, GIVEN = "张王李刘陈杨赵黄周吴", "伟芳娜敏静丽强磊军洋勇艳杰涛明"


def write_customers(path: Path, customers: int, rng: random.Random) -> None:
    rows = [HEADINGS, *(customer(rng, number) for number in range(customers))]
    path.write_text("\n".join(",".join(row) for row in rows) + "\n", encoding="utf-8")


def write_contacts(path: Path, customers: int, main: int, rng: random.Random) -> int:
    """Two contacts for every customer with an even number, else one; which of them is the main one."""
    lines = [",".join(CONTACT_HEADINGS)]
    for number in range(customers):
        for place in range(2 - number % 2):
            name = f"{rng.choice(SURNAMES)}{rng.choice(GIVEN)}{rng.choice(GIVEN)}{place}"
            lines.append(
                f"B{number:07d},{name},经理,采购,139{rng.randrange(10**8):08d},"
                f"p{number}.{place}@c{number}.cn,{'是' if place == main else '否'}"
            )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(lines) - 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--customers", type=int, default=60_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kezhi-bench-") as name:
        folder = Path(name)
        write_customers(folder / "customers.csv", arguments.customers, random.Random(20261122))
        rows = [
            write_contacts(
                folder / f"contacts-{main}.csv", arguments.customers, main, random.Random(7)
            )
            for main in (0, 1)
        ]
        with database(folder) as server:
            report = measure(folder, rows[0], server)
        print(json.dumps(report, indent=2, ensure_ascii=False))


def measure(folder: Path, rows: int, server: int) -> dict[str, object]:
    import_once("customer", folder / "customers.csv")
    cpu = cpu_seconds(server)
    seconds, stages, first = import_once("contact", folder / "contacts-0.csv")
    cpu = {name: round(spent - cpu[name], 1) for name, spent in cpu_seconds(server).items()}
    changed, changed_stages, second = import_once("contact", folder / "contacts-1.csv")
    again, _stages, third = import_once("contact", folder / "contacts-1.csv")
    assert (first.created, first.bad) == (rows, 0), first.causes
    assert (second.created, second.bad) == (0, 0), second.causes
    assert (third.created, third.updated, third.unchanged) == (0, 0, rows)
    return {
        "contacts": rows,
        "import_s": round(seconds, 1),
        "contacts_per_s": round(rows / seconds),
        "stages_s": stages,
        "cpu_s": cpu,
        "changed": second.updated,
        "changing_s": round(changed, 1),
        "changing_stages_s": changed_stages,
        "same_file_again_s": round(again, 1),
        "load_average": round(os.getloadavg()[0], 1),
        "peak_process_mb": round(peak_megabytes()),
        "promised": {"contacts_per_s": CONTACTS_PER_SECOND},
        "holds": rows / seconds >= CONTACTS_PER_SECOND,
    }


if __name__ == "__main__":
    main()
