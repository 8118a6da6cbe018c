"""The bulk comes in as it does at a real company: files through the import, the rest by COPY in one batch."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection, models

from kezhi.accounts.models import User
from kezhi.audit.recording import as_one_batch, audited, note
from kezhi.catalog.models import Category
from kezhi.core.actor import Actor
from kezhi.customers.models import Contact, Customer, FollowUp, Interaction
from kezhi.dataio.importing import import_rows
from kezhi.dataio.models import ImportBatch
from kezhi.dataio.uploading import upload
from kezhi.demo import talking
from kezhi.demo.buying import Story
from kezhi.demo.contracting import contracts
from kezhi.demo.goods import CATEGORIES, GOODS
from kezhi.demo.people import PEOPLE
from kezhi.demo.settling import NEVER
from kezhi.demo.winning import acquisition_costs, stated_demand
from kezhi.demo.world import World

Row = Sequence[Any]
_NAMES = {person.login: person.name for person in PEOPLE}


@dataclass(frozen=True)
class Places:
    """Ids of what is in the database, by position in the world or by sign-in name."""

    customer: list[int]
    owner: list[tuple[int | None, int | None, int | None]]  # owner, team, department
    person: dict[str, int]


def import_files(world: World, importer: User, *, on: date, at: datetime) -> list[ImportBatch]:
    """All kinds that come in files, each from a CSV file by the import's own deeds; every row must go in."""
    files = (
        ("product", "产品目录.csv", _products()),
        ("customer", "客户档案.csv", _customers(world)),
        ("order", "订单明细.csv", _orders(world)),
        ("contact", "联系人.csv", _contacts(world)),
        ("cost", "服务成本.csv", _costs(world)),
        ("acquisition_cost", "获客成本.csv", acquisition_costs(world)),
        ("contract", "合同台账.csv", contracts(world)),
    )
    return [import_file(kind, name, rows, importer, on, at) for kind, name, rows in files]


def import_file(
    kind: str, name: str, rows: Iterable[Row], actor: Actor, on: date, at: datetime
) -> ImportBatch:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    batch = upload(kind, name, [text.getvalue().encode("utf-8-sig")], actor=actor, on=on)
    batch = import_rows(batch, actor=actor, on=on, at=at)
    if batch.bad:
        raise RuntimeError(f"{batch.bad} rows of {name} were refused: {batch.causes}")
    return batch


def _products() -> Iterable[Row]:
    yield "产品编码", "产品名称", "产品类别", "单位", "标价", "单位成本"
    for good in GOODS:
        yield good.code, good.name, good.category, good.unit, good.price, good.cost


def _customers(world: World) -> Iterable[Row]:
    yield (
        *(
            "客户编号",
            "客户名称",
            "客户类型",
            "统一社会信用代码",
            "税号",
            "联系电话",
            "邮箱",
            "网址",
        ),
        *("行业", "省份", "城市", "地址", "来源", "账期", "负责人", "年需求额"),
    )
    for who, demand in zip(world.customers, stated_demand(world), strict=True):
        form = "个人" if who.form == "person" else "企业"
        yield (
            *(who.code, who.name, form, who.credit_code, who.tax_id, who.phone, who.email),
            *(who.website, who.industry.name, who.region, who.city, who.address, who.source),
            *(who.payment_days, _NAMES.get(who.owner, ""), demand),
        )


def _orders(world: World) -> Iterable[Row]:
    yield (
        *("订单号", "行号", "客户编号", "订单日期", "产品编码", "数量", "金额", "成本", "渠道"),
        *("到期日", "付款日期", "承诺交期", "交货日期"),
    )
    sales = world.sales
    codes = [customer.code for customer in world.customers]
    days = _days(world.story, sales.order_day)
    told = (
        *(world.payments.due, world.payments.paid),
        *(world.deliveries.promised, world.deliveries.delivered),
    )
    due, paid, promised, delivered = (_known_days(world.story, each) for each in told)
    line_of: dict[int, int] = {}
    lines = (sales.order, sales.good, sales.quantity, sales.amount, sales.cost)
    for order, good, quantity, amount, cost in zip(*(line.tolist() for line in lines), strict=True):
        number = line_of[order] = line_of.get(order, 0) + 1
        yield (
            *(sales.order_number[order], number, codes[sales.order_customer[order]], days[order]),
            *(GOODS[good].code, f"{quantity:g}", f"{amount:.2f}", f"{cost:.2f}"),
            *(
                sales.order_channel[order],
                due[order],
                paid[order],
                promised[order],
                delivered[order],
            ),
        )


def _contacts(world: World) -> Iterable[Row]:
    yield "客户编号", "姓名", "职务", "决策角色", "手机", "邮箱", "微信", "主要联系人"
    for who in world.contacts:
        yield (
            *(world.customers[who.customer].code, who.name, who.title, who.decision_role),
            *(who.phone, who.email, who.wechat, "是" if who.is_primary else "否"),
        )


def _costs(world: World) -> Iterable[Row]:
    yield "客户编号", "费用类型", "日期", "金额", "备注"
    service = world.service
    codes = [customer.code for customer in world.customers]
    for customer, day, activity, amount, remark in zip(
        service.customer.tolist(),
        _days(world.story, service.day),
        service.activity,
        service.amount.tolist(),
        service.remark,
        strict=True,
    ):
        yield codes[customer], activity, day, f"{amount:.2f}", remark


def _known_days(story: Story, days: np.ndarray) -> list[str]:
    told = _days(story, days)
    return ["" if day == NEVER else text for day, text in zip(days.tolist(), told, strict=True)]


def _days(story: Story, days: np.ndarray) -> list[str]:
    return [str(day) for day in np.datetime64(story.first, "D") + days]


@audited("demo.built")
def fill(
    world: World,
    interactions: Sequence[talking.Interaction],
    follow_ups: Sequence[talking.FollowUp],
    *,
    actor: Actor,
    on: date,
) -> Places:
    """The talk of the past and what was planned: one batch, told once in the audit log."""
    with as_one_batch():
        places = find_places(world)
        _date_customers(world, places)
        _set_margins(world)
        _copy_interactions(interactions, places, find_contacts(world, places))
        _copy_follow_ups(follow_ups, places)
    note(interactions=len(interactions), follow_ups=len(follow_ups))
    return places


def find_places(world: World) -> Places:
    rows = {
        code: (pk, place)
        for code, pk, *place in Customer.objects.values_list(
            "code", "pk", "owner_id", "team_id", "department_id"
        )
    }
    found = [rows[customer.code] for customer in world.customers]
    return Places(
        [pk for pk, _place in found],
        [tuple(place) for _pk, place in found],  # type: ignore[misc]
        dict(User.objects.values_list("login", "pk")),
    )


def find_contacts(world: World, places: Places) -> list[int]:
    """Ids by position in the world: within a customer, no two contacts have one name."""
    rows = {
        (of, name): pk for pk, of, name in Contact.objects.values_list("pk", "customer", "name")
    }
    return [rows[places.customer[who.customer], who.name] for who in world.contacts]


def _date_customers(world: World, places: Places) -> None:
    """The file doesn't say since when a customer is known; the first order or talk does."""
    known: dict[int, datetime] = {}
    for interaction in reversed(world.interactions):
        known[interaction.customer] = interaction.at
    rows = [(places.customer[customer], at) for customer, at in known.items()]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE customers_customer c SET created_at = known.at"
            " FROM unnest(%s::bigint[], %s::timestamptz[]) AS known(id, at) WHERE known.id = c.id",
            [[pk for pk, _at in rows], [at for _pk, at in rows]],
        )


def _set_margins(world: World) -> None:
    """What stands in where a line has no cost of goods: the category's margin so far."""
    sales = world.sales
    category = np.array([CATEGORIES.index(good.category) for good in GOODS])[sales.good]
    revenue = np.bincount(category, sales.amount, minlength=len(CATEGORIES))
    cost = np.bincount(category, sales.cost, minlength=len(CATEGORIES))
    for name, margin in zip(CATEGORIES, 1 - cost / revenue, strict=True):
        Category.objects.filter(name=name).update(margin_rate=round(float(margin), 4))


def _copy_interactions(
    interactions: Sequence[talking.Interaction], places: Places, contacts: list[int]
) -> None:
    _copy(
        Interaction,
        "customer_id contact_id channel text at author_id owner_id team_id department_id created_at",
        [
            (
                *(places.customer[each.customer], contacts[each.contact], each.channel, each.text),
                *(each.at, places.person[each.author], *places.owner[each.customer], each.at),
            )
            for each in interactions
        ],
    )


def _copy_follow_ups(follow_ups: Sequence[talking.FollowUp], places: Places) -> None:
    _copy(
        FollowUp,
        "customer_id subject due_on assignee_id done_at done_by_id outcome team_id department_id version"
        " created_at created_by_id",
        [
            (
                *(places.customer[each.customer], each.subject, each.due_on),
                *(places.person[each.assignee], each.done_at),
                *(places.person[each.assignee] if each.done_at else None, each.outcome),
                *(*places.owner[each.customer][1:], 2 if each.done_at else 1),
                datetime.combine(
                    each.due_on - timedelta(days=6), datetime.min.time(), talking.ZONE
                ),
                places.person[each.assignee],
            )
            for each in follow_ups
        ],
    )


def _copy(model: type[models.Model], columns: str, rows: Sequence[Row]) -> list[int]:
    """COPY rows into the model's table; returns their ids in the order of the rows."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [table, len(rows)],
        )
        ids = [pk for (pk,) in cursor.fetchall()]
        names = ", ".join(["id", *columns.split()])
        with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for pk, row in zip(ids, rows, strict=True):
                copy.write_row((pk, *row))
    return ids
