"""How fast customers come in complete with the duplicate check, and how many planted duplicates are found.

A file of customers with phones, e-mails and credit codes; three in a hundred are a near-duplicate of an earlier
row: another legal form, the place in brackets, traditional characters, a character of the same sound, the same
phone or e-mail written otherwise, or full-width letters. It goes through the import as the command and the
browser run it, match keys, pairs for review and undo included, on an embedded PostgreSQL with the product's own
settings. Then the whole base is searched for duplicates as the job does.

Promised: >= 3,000 customers/s on two cores.

    ./kezhi bench import_customers [--rows 300000]
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from million.importing import cpu_seconds, database, import_once, peak_megabytes

ROWS_PER_SECOND = 3_000
HEADINGS = ["客户编号", "客户名称", "统一社会信用代码", "联系电话", "邮箱", "城市"]
PLACES = ("合肥 上海 宁波 南京 杭州 苏州 广州 深圳 成都 武汉 青岛 厦门 西安 郑州 长沙 无锡").split()  # noqa: SIM905 - as one reads it
TRADES = [
    "茶叶",
    "物流",
    "国际货运代理",
    "食品",
    "电子科技",
    "机械设备",
    "国际贸易",
    "供应链管理",
    "建材",
    "服饰",
    "医疗器械",
    "包装材料",
]
FORMS = ("有限公司", "有限责任公司", "股份有限公司", "集团有限公司")
HANZI = "安鑫华远中恒盛德茗源达洋泰通顺和嘉润宏博天海金龙飞腾瑞祥永利康美信诚佳乐丰裕卓越启明光辉"
SAME_SOUND = {
    "茗": "铭",
    "源": "元",
    "鑫": "新",
    "达": "答",
    "华": "骅",
    "远": "苑",
    "恒": "衡",
    "嘉": "佳",
}
TRADITIONAL = {
    "华": "華",
    "龙": "龍",
    "飞": "飛",
    "达": "達",
    "顺": "順",
    "诚": "誠",
    "丰": "豐",
    "辉": "輝",
}
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
FACTORS = [pow(3, place, 31) for place in range(17)]

Row = list[str]


def credit_code(rng: random.Random) -> str:
    body = "91340100" + "".join(rng.choice(ALPHABET) for _ in range(9))
    total = sum(ALPHABET.index(c) * factor for c, factor in zip(body, FACTORS, strict=True))
    return body + ALPHABET[(31 - total % 31) % 31]


def customer(rng: random.Random, number: int) -> Row:
    place, trade = rng.choice(PLACES), rng.choice(TRADES)
    brand = "".join(rng.sample(HANZI, 3))
    name = f"{place}{brand}{trade}{rng.choice(FORMS)}"
    phone = f"1{rng.choice('3578')}{rng.randrange(10**9):09d}" if rng.random() < 0.8 else ""
    mail = f"k{number}@m{number % 9973}.cn" if rng.random() < 0.6 else ""
    return [
        f"B{number:07d}",
        name,
        credit_code(rng) if rng.random() < 0.5 else "",
        phone,
        mail,
        place,
    ]


def form_changed(row: Row, rng: random.Random) -> Row:
    for form in FORMS:
        if row[1].endswith(form):
            other = rng.choice([each for each in FORMS if each != form])
            return [row[0], row[1].removesuffix(form) + other, "", "", "", row[5]]
    return row


def place_in_brackets(row: Row, rng: random.Random) -> Row:
    return [row[0], f"{row[1][2:4]}{row[1][4:]}（{row[5]}）", "", "", "", row[5]]


def by_a_table(table: dict[str, str]) -> Callable[[Row, random.Random], Row]:
    def written(row: Row, rng: random.Random) -> Row:
        name = "".join(table.get(c, c) for c in row[1])
        return form_changed(row, rng) if name == row[1] else [row[0], name, "", "", "", row[5]]

    return written


def same_phone(row: Row, rng: random.Random) -> Row:
    phone = row[3] or "13912345678"
    shown = f"+86 {phone[:3]}-{phone[3:7]}-{phone[7:]}"
    return [
        row[0],
        f"{rng.choice(PLACES)}{''.join(rng.sample(HANZI, 3))}商行",
        "",
        shown,
        "",
        row[5],
    ]


def same_mail(row: Row, rng: random.Random) -> Row:
    return [row[0], f"{''.join(rng.sample(HANZI, 4))}经营部", "", "", row[4].upper(), row[5]]


WAYS = {
    "legal form": form_changed,
    "place in brackets": place_in_brackets,
    "same sound": by_a_table(SAME_SOUND),
    "traditional": by_a_table(TRADITIONAL),
    "phone written otherwise": same_phone,
    "e-mail in capitals": same_mail,
}


def write_customers(path: Path, rows: int) -> dict[tuple[str, str], str]:
    """The file, and what was planted in it: (code, code of the near-duplicate) and in which way."""
    rng = random.Random(20261122)
    planted: dict[tuple[str, str], str] = {}
    originals: list[Row] = []
    names: set[str] = set()
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(HEADINGS)
        for number in range(rows):
            row = None
            if number % 100 in (33, 66, 99) and originals:
                way = rng.choice(list(WAYS))
                original = rng.choice(originals)
                if (way != "e-mail in capitals" or original[4]) and (
                    way != "phone written otherwise" or original[3]
                ):
                    row = WAYS[way](original, rng)
                    row[0] = f"B{number:07d}"
                    planted[original[0], row[0]] = way
            if row is None or row[1] in names:
                if row is not None:
                    planted.pop((original[0], row[0]), None)
                row = customer(rng, number)
                while row[1] in names:
                    row = customer(rng, number)
                if len(originals) < 50_000:
                    originals.append(row)
            names.add(row[1])
            out.writerow(row)
    return planted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=300_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kezhi-bench-") as name:
        path = Path(name) / "customers.csv"
        planted = write_customers(path, arguments.rows)
        with database(Path(name)) as server:
            report = measure(path, arguments.rows, planted, server)
        print(json.dumps(report, indent=2, ensure_ascii=False))


def measure(
    path: Path, rows: int, planted: dict[tuple[str, str], str], server: int
) -> dict[str, object]:
    from kezhi.core.actor import SYSTEM
    from kezhi.customers.deduplicating_scan import find_duplicates

    cpu = cpu_seconds(server)
    seconds, stages, batch = import_once("customer", path)
    cpu = {name: round(spent - cpu[name], 1) for name, spent in cpu_seconds(server).items()}
    imported = peak_megabytes()
    by_import = recall(planted)
    scan_cpu = cpu_seconds(server)
    began = time.monotonic()
    result = find_duplicates(actor=SYSTEM)
    scan = time.monotonic() - began
    scan_cpu = {n: round(s - scan_cpu[n], 1) for n, s in cpu_seconds(server).items()}
    assert (batch.created, batch.bad) == (rows, 0), batch.causes
    return {
        "rows": rows,
        "planted": len(planted),
        "import_s": round(seconds, 1),
        "rows_per_s": round(rows / seconds),
        "stages_s": stages,
        "cpu_s": cpu,
        "load_average": round(os.getloadavg()[0], 1),
        "details": batch.details,
        "found_by_import": by_import,
        "peak_process_mb": round(imported),
        "scan_s": round(scan, 1),
        "scan_cpu_s": scan_cpu,
        "scan": result,
        "found_by_scan": recall(planted),
        "peak_process_mb_after_scan": round(peak_megabytes()),
        "sizes_mb": sizes(),
        "promised": {"rows_per_s": ROWS_PER_SECOND},
        "holds": rows / seconds >= ROWS_PER_SECOND,
    }


def recall(planted: dict[tuple[str, str], str]) -> dict[str, object]:
    """How many of the planted pairs are listed, and how many others are."""
    from kezhi.customers.models import DuplicatePair

    listed = {
        tuple(sorted(pair))
        for pair in DuplicatePair.objects.values_list("first__code", "second__code").iterator()
    }
    wanted = {tuple(sorted(pair)): way for pair, way in planted.items()}
    missed = Counter(way for pair, way in wanted.items() if pair not in listed)
    return {
        "planted_found": len(listed & wanted.keys()),
        "share": round(len(listed & wanted.keys()) / max(1, len(wanted)), 4),
        "listed": len(listed),
        "missed": dict(missed),
    }


def sizes() -> dict[str, float]:
    from django.db import connection

    names = ("customers_customer", "customers_matchkey", "customers_duplicatepair")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n, round(pg_total_relation_size(n::regclass) / 1048576.0, 1)::float"
            " FROM unnest(%s::text[]) AS n",
            [list(names)],
        )
        return dict(cursor.fetchall())


if __name__ == "__main__":
    main()
