# ruff: noqa: E501 - SQL reads better in whole lines
"""The rows: 1 M customers, 400 k contacts, 500 k orders with 1 M lines, 500 k interactions, 200 k follow-ups.

Everything is made by SQL from the row's number, so that two fillings are alike. 294 salespeople in 21 teams
and 6 departments share the customers: each sees about 3,400.
"""

from __future__ import annotations

import time
from typing import Any

from kezhi.core.names import name_key

PASSWORD = "a-bench-of-oak"
SALESPEOPLE, TEAMS, DEPARTMENTS = 294, 21, 6
WORDS = {
    "city": "上海 北京 广州 深圳 杭州 苏州 成都 武汉 南京 天津 重庆 青岛 大连 厦门 宁波 合肥 长沙 郑州 西安 济南",
    "first": "华 远 海 金 恒 瑞 新 东 宏 天 永 安 盛 德 鑫 嘉 泰 丰 凯 众 联 万 中 博 佳 雅 诚 卓 启 明",
    "second": "谊 航 通 达 源 兴 丰 利 和 顺 信 成 隆 康 茂 祥 辉 润 创 泽 洋 邦 腾 强 美 悦 宇 科 力 景 森 贸",
    "trade": "物流 茶业 食品 电子 机械 纺织 建材 化工 贸易 医药 家具 五金 包装 科技 汽配 农业",
    "surname": "张 王 李 刘 陈 杨 赵 黄 周 吴 徐 孙 马 朱 胡 林 郭 何 高 罗 郑 梁 谢 宋 唐 许 邓 冯 韩 曹 曾 单",
    "given": "伟 芳 娜 敏 静 丽 强 磊 军 洋 勇 艳 杰 涛 明 超 秀 霞 平 刚 桂 英 华 玉 兰 文 建 国 志 晓",
}


def _pick(name: str, number: str, key: bool = False) -> str:
    """The element of an array that belongs to a hash of the row's number."""
    array = [name_key(word) if key else word for word in WORDS[name].split()]
    literal = "ARRAY[" + ",".join(f"'{entry}'" for entry in array) + "]"
    return f"({literal})[1 + abs(hashint8(g * 8 + {number}) % {len(array)})]"


def fill(customers: int = 1_000_000) -> dict[str, float]:
    """Fill the migrated database that Django is connected to; seconds by step."""
    from django.db import connection

    seconds: dict[str, float] = {}
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
        cursor.execute("SET maintenance_work_mem = '512MB'")
        # The documents of the search are written once, when all rows are there: `write_documents`.
        cursor.execute("SELECT set_config('kezhi.search_gaps', 'in sets', false)")
        for step, statements in _steps(customers).items():
            began = time.monotonic()
            for statement in statements:
                cursor.execute(statement)
            seconds[step] = round(time.monotonic() - began, 1)
    return seconds


def write_documents() -> dict[str, Any]:
    """All documents of the search, and seconds; nothing when every kind has as many as records."""
    from django.db import connection

    from kezhi.workbench.models import SearchDocument, SearchGap
    from kezhi.workbench.searching import filling
    from kezhi.workbench.searching.subjects import subjects

    missing = [
        each.name
        for each in subjects()
        if SearchDocument.objects.filter(kind=each.name).count() != each.rows.count()
    ]
    if not missing:
        return {}
    began = time.monotonic()
    made = filling.rebuild(missing)
    SearchGap.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE workbench_searchdocument")
    return {"records": made, "seconds": round(time.monotonic() - began, 1)}


def staff() -> dict[str, Any]:
    """The company and its people; `boss` sees all, `seller` (the first salesperson) their own."""
    from datetime import date

    from kezhi.accounts.arranging import create_department, create_team
    from kezhi.accounts.models import Company, Role, User
    from kezhi.accounts.organising import create_person
    from kezhi.core.actor import SYSTEM

    Company.objects.create(name="百万客户", currency="CNY", time_zone="Asia/Shanghai")
    head = create_department("总部", None, actor=SYSTEM)
    departments = [
        create_department(f"第{n + 1}分公司", head, actor=SYSTEM) for n in range(DEPARTMENTS)
    ]
    teams = [
        create_team(f"{n + 1}组", departments[n % DEPARTMENTS], actor=SYSTEM) for n in range(TEAMS)
    ]
    boss = create_person(
        {
            "login": "boss",
            "name": "总经理",
            "roles": ["owner"],
            "password": PASSWORD,
            "department": head,
        },
        actor=SYSTEM,
    )
    sellers = [
        User(
            login=f"seller{n:03d}",
            name=f"业务员{n:03d}",
            name_key=f"ye wu yuan{n:03d}",
            team=teams[n % TEAMS],
            department=teams[n % TEAMS].department,
            password=boss.password,
        )
        for n in range(SALESPEOPLE)
    ]
    User.objects.bulk_create(sellers)
    role = Role.objects.get(key="salesperson")
    User.roles.through.objects.bulk_create(
        User.roles.through(user_id=seller.pk, role_id=role.pk) for seller in sellers
    )
    return {"boss": boss, "seller": sellers[0], "today": date(2026, 11, 22)}


def _steps(n: int) -> dict[str, list[str]]:
    """SQL by step; `s` numbers the salespeople by their ids."""
    name = " || ".join(
        [_pick("city", "1"), _pick("first", "2"), _pick("second", "3"), _pick("trade", "4")]
    )
    key = " || ' ' || ".join(
        [
            _pick("city", "1", True),
            _pick("first", "2", True),
            _pick("second", "3", True),
            _pick("trade", "4", True),
        ]
    )
    person = " || ".join([_pick("surname", "5"), _pick("given", "6"), _pick("given", "7")])
    person_key = " || ' ' || ".join(
        [_pick("surname", "5", True), _pick("given", "6", True), _pick("given", "7", True)]
    )
    phone = "'13' || lpad((abs(hashint8(g * 31 + 7)) % 1000000000)::text, 9, '0')"
    place = (
        "CROSS JOIN LATERAL (SELECT id, team_id, department_id FROM sellers"
        f" WHERE number = (g * 7 + g / 1000) % {SALESPEOPLE}) s"
    )
    score = "abs(hashint8(g * 17 + 3)) % 100000"
    of_customer = f"JOIN customers_customer c ON c.id = 1 + (abs(hashint8(g * 13 + 5)) % {n})"
    return {
        "customers": [
            "CREATE TEMP TABLE sellers AS SELECT row_number() OVER (ORDER BY id) - 1 AS number, id,"
            " team_id, department_id FROM accounts_user WHERE login LIKE 'seller%'",
            "CREATE INDEX ON sellers (number)",
            "INSERT INTO customers_customer (id, code, name, name_key, form, credit_code, tax_id, phone,"
            " email, wechat, website, industry, region, city, address, source, remark, owner_id, team_id,"
            " department_id, version, created_at, updated_at)"
            f" SELECT g, 'C-' || lpad(g::text, 7, '0'), {name} || '有限公司', {key} || ' you xian gong si',"
            " 'company', '', CASE WHEN g % 3 = 0 THEN '9131' || lpad((g * 7919 % 10000000000)::text, 11, '0')"
            " ELSE '' END,"
            f" {phone}, 'info' || g || '@c' || g % 50000 || '.example', '', '', {_pick('trade', '4')}, '',"
            f" {_pick('city', '1')}, '', '', '', s.id, s.team_id, s.department_id, 1,"
            " now() - (g % 1000) * interval '1 day', now()"
            f" FROM generate_series(1::bigint, {n}) g {place}",
            f"SELECT setval('customers_customer_id_seq', {n})",
            f"SELECT setval('customers_code_seq', {n})",
        ],
        "standing": [
            "INSERT INTO customers_standing (customer_id, owner_id, team_id, department_id, run_id, measured_on,"
            " tier, previous_tier, loyalty, stage, score, occasions, revenue_12m, contribution_12m, revenue_trend,"
            " realised_value, current_value, potential_value, value_at_risk, p_alive, p_purchase_12m,"
            " last_order_on, first_order_on, realised_is_estimate, quadrant)"
            " SELECT c.id, c.owner_id, c.team_id, c.department_id, 1, '2026-11-21',"
            f" (ARRAY['D','D','D','D','D','C','C','C','B','A'])[1 + {score} / 10000], '', 'regular', 'stable',"
            f" ({score}) / 1000.0, g % 20, ({score}) * 3.1, ({score}) * 1.1, (g % 200 - 100) / 100.0,"
            f" ({score}) * 2.3, ({score}) * 0.9, power({score}, 1.5) / 10, ({score}) * 0.2, (g % 100) / 100.0,"
            " (g % 90) / 100.0, date '2026-11-20' - (g % 700)::int, date '2023-01-01' + (g % 700)::int, false, 'keep'"
            " FROM (SELECT c.*, c.id AS g FROM customers_customer c) c"
        ],
        "contacts": [
            "INSERT INTO customers_contact (customer_id, name, name_key, title, decision_role, phone, email,"
            " wechat, is_primary, remark, owner_id, team_id, department_id, version, created_at, updated_at)"
            f" SELECT c.id, {person}, {person_key}, '采购经理', 'decider', {phone},"
            " 'p' || g || '@c' || g % 50000 || '.example', '', true, '', c.owner_id, c.team_id, c.department_id, 1,"
            " now(), now()"
            f" FROM generate_series(1::bigint, {n * 4 // 10}) g {of_customer}"
        ],
        "orders": [
            "INSERT INTO ledger_order (id, number, customer_id, ordered_on, channel, currency, amount, lines_count,"
            " remark, owner_id, team_id, department_id, version, created_at)"
            " SELECT g, 'SO' || lpad(g::text, 8, '0'), c.id, date '2026-11-20' - (g % 1000)::int, '经销', 'CNY',"
            " (g % 5000) * 3.5, 2, '', c.owner_id, c.team_id, c.department_id, 1, now()"
            f" FROM generate_series(1::bigint, {n // 2}) g {of_customer}",
            f"SELECT setval('ledger_order_id_seq', {n // 2})",
            "INSERT INTO ledger_orderline (order_id, customer_id, ordered_on, line_key, quantity, amount)"
            " SELECT o.id, o.customer_id, o.ordered_on, md5(o.id || '.' || l), 1, o.amount / 2"
            " FROM ledger_order o, generate_series(1, 2) l",
        ],
        "interactions": [
            "INSERT INTO customers_interaction (customer_id, channel, text, at, owner_id, team_id, department_id,"
            " created_at, author_id)"
            " SELECT c.id, (ARRAY['call','visit','wechat','email','note'])[1 + g % 5],"
            " '第' || g || '次沟通：确认交期与价格，客户希望月底前到货。', now() - (g % 700) * interval '1 day',"
            " c.owner_id, c.team_id, c.department_id, now(), c.owner_id"
            f" FROM generate_series(1::bigint, {n // 2}) g {of_customer}"
        ],
        "follow_ups": [
            "INSERT INTO customers_followup (customer_id, subject, due_on, assignee_id, outcome, team_id,"
            " department_id, version, created_at)"
            " SELECT c.id, '回访并确认订单 ' || g, date '2026-11-22' + (g % 60 - 30)::int, c.owner_id, '',"
            " c.team_id, c.department_id, 1, now()"
            f" FROM generate_series(1::bigint, {n // 5}) g {of_customer}"
        ],
        "statistics": ["VACUUM ANALYZE"],
    }
