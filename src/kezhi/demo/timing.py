"""What the demo company promises by when, who gets what, and half a year of departments asking each other."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import numpy as np

from kezhi.accounts.models import Department, User
from kezhi.core.actor import SYSTEM
from kezhi.core.progress import silent
from kezhi.demo.people import EAST, HEAD, NORTH, SOUTH, WEST
from kezhi.demo.talking import ZONE
from kezhi.service.clocks import escalating, recomputing
from kezhi.service.clocks.business_time import Hours, later, next_opening
from kezhi.service.clocks.calendars import Entries, save_calendar
from kezhi.service.clocks.counting import count_months
from kezhi.service.clocks.promising import Promises, publish_service_levels
from kezhi.service.models import InternalRequest
from kezhi.service.needs.finding import save_rule
from kezhi.service.needs.requesting import rate_request, request_internally, save_level
from kezhi.service.tickets.answering import answer

SEED = 47
MONTHS = 7
SINCE = timedelta(days=400)
HALF_A_YEAR = timedelta(days=180)
OFFICE = ((9 * 60, 12 * 60), (13 * 60, 18 * 60))
SATURDAY = ((9 * 60, 12 * 60),)
HEADQUARTERS = Hours("Asia/Shanghai", (OFFICE,) * 5 + ((), ()), "CN")
SOUTHERN = Hours("Asia/Shanghai", (OFFICE,) * 5 + (SATURDAY, ()), "CN")
EUROPE = Hours("Europe/Berlin", (((8 * 60, 17 * 60),),) * 5 + ((), ()), "DE", "HH")
HEADS = {EAST: "zhou", SOUTH: "liang", HEAD: "lin"}
# Hours to a proposal and a solution, from the best tier to every other.
FAULTS = {"S": (4, 16), "A": (8, 40), "B": (16, 56), "": (24, 80)}
COMPLAINTS = {"S": (8, 24), "A": (16, 40), "B": (24, 64), "": (32, 96)}
NEEDS = {"S": 24, "A": 40, "": 72}
ASKED = (
    ("lin", EAST, "请核对华东大客户的账期", "季度例会前要用，按客户列出超期金额"),
    ("wang", HEAD, "要冷链报价的最新版本", "客户周五开会，需要盖章版"),
    ("zhao", HEAD, "样品寄送两套", "寄给安徽的两家门店，旺季前试用"),
    ("chen", HEAD, "合同条款请法务看一眼", "客户要求把赔付上限写进合同"),
    ("liu", EAST, "借用一台温度记录仪", "华北客户现场验证三天"),
    ("wu", SOUTH, "请教冷库装卸流程", "中西部新仓照着做"),
    ("he", EAST, "投诉客户的发货记录", "客户说外箱破损，需要装车照片"),
    ("he", SOUTH, "退货入库确认", "三单退货已到仓，请确认数量"),
    ("huang", HEAD, "发票抬头更正", "客户更名，上月两张票需要重开"),
    ("emma", HEAD, "英文版产品资料", "海外客户下周来访"),
    ("shen", SOUTH, "补上月客户走访记录", "经营分析缺这一块"),
    ("liang", HEAD, "培训教室预订", "新人培训两天，二十人"),
)


def agree_on_service(owner: User, *, today: date) -> None:
    """Calendars, promises, rules and agreements, before the first ticket comes."""
    at = datetime.combine(today - SINCE, time(9), ZONE)
    places = {each.name if each.parent_id else HEAD: each for each in Department.objects.all()}
    people = {each.login: each for each in User.objects.all()}
    for name, head in HEADS.items():
        if places[name].head is None:
            places[name].head = people[head]
            places[name].save(update_fields=["head"])
    calendars = (
        ("总部办公时间", HEADQUARTERS, (), "全公司的办公时间，含法定节假日与调休"),
        ("华南周六值班", SOUTHERN, (places[SOUTH].pk,), "华南仓周六上午有人值班"),
        ("欧洲客户时间", EUROPE, (), "欧洲客户按汉堡办公时间答复"),
    )
    for name, hours, departments, reason in calendars:
        entries = Entries(name, hours, {}, departments, is_default=name == calendars[0][0])
        save_calendar(None, entries, actor=owner, at=at, reason=reason)
    publish_service_levels(
        _promises(),
        actor=owner,
        at=at,
        reason="按客户层级约定方案与解决时限，首次答复随层级政策",
        step_minutes=120,
        last_resort=owner,
    )
    _rules(owner, places, people)
    _agreements(owner, places)


def ask_each_other(owner: User, *, today: date) -> None:
    """Half a year of requests, most of them answered in time; then the counts of the report."""
    chance = np.random.default_rng(SEED)
    people = {each.login: each for each in User.objects.select_related("department")}
    places = {each.name if each.parent_id else HEAD: each for each in Department.objects.all()}
    begun = today - HALF_A_YEAR
    for number in range(4 * len(ASKED)):
        login, place, subject, text = ASKED[number % len(ASKED)]
        day = begun + timedelta(days=round(number * 179 / (4 * len(ASKED))))
        moment = datetime.combine(day, time(9), ZONE) + timedelta(minutes=int(chance.integers(420)))
        opened = next_opening(HEADQUARTERS, moment)
        if opened.astimezone(ZONE).date() >= today:
            continue
        made = request_internally(places[place], subject, text, actor=people[login], at=opened)
        _answered(made, people[login], opened, today, chance)
    _look_back(today)


def _answered(
    made: InternalRequest, asker: User, opened: datetime, today: date, chance: np.random.Generator
) -> None:
    first = later(HEADQUARTERS, opened, timedelta(minutes=int(chance.gamma(2, 80))))
    solved = later(HEADQUARTERS, first, timedelta(minutes=int(chance.gamma(2, 500))))
    worker = made.ticket.assignee or asker
    if first.astimezone(ZONE).date() >= today:
        return
    answer(made.ticket, "收到，正在处理", actor=worker, at=first, channel="colleague", minutes=5)
    if solved.astimezone(ZONE).date() >= today:
        return
    answer(made.ticket, "已办好，请查收", actor=worker, at=solved, channel="colleague",
           minutes=int(chance.integers(10, 90)), state="solved")  # fmt: skip
    if chance.random() < 0.7:
        rating = int(chance.choice([3, 4, 5, 5]))
        comment = "比约定的晚" if rating == 3 else ""
        at = next_opening(HEADQUARTERS, solved + timedelta(hours=3))
        rate_request(made, rating, actor=asker, at=at, comment=comment)


def _places() -> dict[str, Department]:
    """Departments by name; the whole company is the head office."""
    rows = Department.objects.all()
    return {HEAD if each.parent_id is None else each.name: each for each in rows}


def _look_back(today: date) -> None:
    now = datetime.combine(today, time(8, 30), ZONE)
    recomputing.recompute_all(actor=SYSTEM, at=now, progress=silent)
    escalating.attend(now)
    count_months(today, MONTHS)


def _promises() -> Promises:
    minutes: dict[tuple[str, str, str], int] = {}
    for kind, table in (("fault", FAULTS), ("complaint", COMPLAINTS)):
        for tier, (proposal, solution) in table.items():
            minutes[kind, tier, "proposal"] = proposal * 60
            minutes[kind, tier, "solution"] = solution * 60
    for tier, hours in NEEDS.items():
        minutes["need", tier, "solution"] = hours * 60
    minutes["internal", "", "first_answer"] = 4 * 60
    minutes["internal", "", "solution"] = 24 * 60
    return Promises(minutes, {})


def _rules(owner: User, places: dict[str, Department], people: dict[str, User]) -> None:
    rules = (
        {"name": "投诉归客服主管", "position": 10, "types": ["complaint"], "person": people["he"]},
        {"name": "发票与账期归经营分析", "position": 20, "types": ["need", "internal"],
         "words": ["发票", "账期", "对账"], "person": people["shen"]},
        {"name": "冷链与温度归华东", "position": 30, "types": ["need"], "words": ["冷链", "温度", "冷库"],
         "department": places[EAST], "person": people["zhou"]},
        {"name": "海外客户的需求", "position": 40, "types": ["need"], "words": ["overseas", "export", "出口"],
         "person": people["emma"]},
    )  # fmt: skip
    for rule in rules:
        save_rule(None, dict(rule), actor=owner)


def _agreements(owner: User, places: dict[str, Department]) -> None:
    agreed = (
        (HEAD, None, 4, 16, "总部对各区：半天内回复，两个工作日内办结"),
        (EAST, HEAD, 2, 8, "华东对总部：两小时内回复，当天办结"),
        (SOUTH, WEST, 8, 40, "华南对中西部：一天内回复，一周内办结"),
        (EAST, NORTH, 8, 24, "华东对华北：一天内回复，三天内办结"),
    )
    for providing, requesting, first, solution, words in agreed:
        entries = {
            "providing": places[providing],
            "requesting": places[requesting] if requesting else None,
            "first_answer_minutes": first * 60,
            "solution_minutes": solution * 60,
            "measure": "business",
            "agreement": words,
        }
        save_level(None, entries, actor=owner)
