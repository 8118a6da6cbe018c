"""Who works at 远航供应链, where, and how to sign in as them. No Django here: the launcher reads it."""

from __future__ import annotations

from dataclasses import dataclass

COMPANY = "远航供应链"
PASSWORD = "yuanhang-demo"  # noqa: S105 - it is printed at every start

HEAD = "总部"
EAST, SOUTH, NORTH, WEST = "华东区", "华南区", "华北区", "中西部"
TEAMS = {
    "华东一组": EAST,
    "华东二组": EAST,
    "华南组": SOUTH,
    "华北组": NORTH,
    "中西部组": WEST,
}


@dataclass(frozen=True)
class Person:
    """`team` places a person; those without one work at `department`."""

    login: str
    name: str
    role: str
    title: str
    department: str = HEAD
    team: str = ""
    language: str = "zh-hans"


PEOPLE = (
    Person("lin", "林晓雯", "owner", "总经理"),
    Person("zhou", "周启明", "manager", "华东区经理", EAST),
    Person("liang", "梁志强", "manager", "华南区经理", SOUTH),
    Person("wang", "王浩然", "salesperson", "客户经理", EAST, "华东一组"),
    Person("zhao", "赵一鸣", "salesperson", "客户经理", EAST, "华东一组"),
    Person("li", "李思远", "salesperson", "客户经理", EAST, "华东二组"),
    Person(
        "emma",
        "Emma Clarke",
        "salesperson",
        "International key accounts",
        EAST,
        "华东二组",
        "en",
    ),
    Person("chen", "陈嘉怡", "salesperson", "客户经理", SOUTH, "华南组"),
    Person("huang", "黄俊杰", "salesperson", "客户经理", SOUTH, "华南组"),
    Person("liu", "刘洋", "salesperson", "客户经理", NORTH, "华北组"),
    Person("wu", "吴倩", "salesperson", "客户经理", WEST, "中西部组"),
    Person("he", "何静", "service_agent", "客服主管"),
    Person("daniel", "Daniel Tan", "service_agent", "Customer service", language="en"),
    Person("shen", "沈安", "analyst", "经营分析"),
)
OWNER = PEOPLE[0]
ABROAD = "emma"  # looks after the customers outside China

# What the launcher prints: sign-in name, password, who that is.
SIGN_INS = tuple(
    (login, PASSWORD, who)
    for login, who in (
        ("lin", "林晓雯，所有者 owner"),
        ("zhou", "周启明，经理 manager"),
        ("wang", "王浩然，销售 salesperson"),
        ("emma", "Emma Clarke, salesperson, in English"),
        ("he", "何静，客服 service agent"),
        ("shen", "沈安，分析 analyst"),
    )
)
# Customers who sign in to the portal; the launcher prints them, which reads this file without a database.
PORTAL_SIGN_INS = (
    ("meng@portal.example", PASSWORD, "孟佳，客户 customer, at /portal/"),
    ("klein@portal.example", PASSWORD, "Laura Klein, customer, at /portal/, in English"),
)
