"""Eight months of tickets at the demo company: what customers asked and reported, and who answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np
from numpy.random import Generator

from kezhi.accounts.models import User
from kezhi.catalog.models import Product
from kezhi.core.actor import SYSTEM
from kezhi.customers.models import Contact, Customer
from kezhi.demo.talking import ZONE
from kezhi.ledger.models import Order
from kezhi.service.clocks.keeping import read_once
from kezhi.service.models import Ticket
from kezhi.service.tickets.answering import answer, receive
from kezhi.service.tickets.changing import set_state
from kezhi.service.tickets.costing import book_service_time
from kezhi.service.tickets.macros import add_macro
from kezhi.service.tickets.noting import note_on_ticket
from kezhi.service.tickets.opening import open_ticket
from kezhi.service.tickets.parting import make_part
from kezhi.service.tickets.snoozing import snooze_ticket

SEED = 47
SETTLED, OPEN = 84, 42
FIRST_DAYS, LAST_DAYS = 240, 6  # how long ago the settled ones came
SKILLS = {
    "he": ["冷链", "城配", "仓储"],
    "daniel": ["English", "集装箱", "报关"],
    "wang": ["整车", "零担"],
}


@dataclass(frozen=True)
class Matter:
    """What customers come with: their words, what was answered, and what helped."""

    type: str
    subject: str
    said: str
    answered: str
    solution: str
    product: str = ""  # part of a product's name
    priority: int = 2


MATTERS = (
    Matter(
        "inquiry",
        "本月对账单缺 3 笔运费明细",
        "你好，{month}对账单里有三票找不到运费明细，麻烦补一份，我们这边要付款。",
        "三票明细已补在对账单第二页，合计金额没有变化，请核对。",
        "补发明细后客户确认付款",
    ),
    Matter(
        "inquiry",
        "想了解冷链干线到华南的时效",
        "我们准备往广州发一批冷冻点心，请问从合肥走冷链干线几天能到？能否控在 -18 ℃？",
        "合肥到广州冷链干线 38 小时，全程 -18 ℃ ± 2 ℃，附温度记录。报价另发。",
        "已发时效表和报价",
        "冷",
    ),
    Matter(
        "inquiry",
        "发票抬头要改成新公司名称",
        "我们公司更名了，下月起发票请开新抬头，税号没变。",
        "新抬头已更新，本月 25 日起的发票按新名称开具。",
        "更新开票资料",
    ),
    Matter(
        "inquiry",
        "能否提供近半年的签收回单扫描件",
        "审计要用，请提供今年上半年的签收回单扫描件。",
        "已整理上半年 214 份回单，下载链接发到你的邮箱。",
        "打包发送回单",
    ),
    Matter(
        "inquiry",
        "仓储费从哪天开始计",
        "货 3 号进仓 5 号才上架，仓储费从哪天开始算？",
        "按上架日起计，3 号到 5 号不收费，账单已按此更正。",
        "解释计费规则并更正账单",
        "仓",
    ),
    Matter(
        "fault",
        "车辆定位 2 小时没有更新",
        "皖A·6K281 的位置停在芜湖服务区两个多小时了，联系不上司机，请查一下。",
        "车载终端掉线，已电话联系司机，车辆 16:40 已过铜陵，预计 19:30 到达。",
        "终端重启后恢复，已报修",
        "整车",
        3,
    ),
    Matter(
        "fault",
        "冷藏车温度超过 8 ℃",
        "刚收到报警，车厢温度 9.6 ℃，要求 2～8 ℃，请马上处理。",
        "已通知司机就近检查机组，20 分钟后回落到 5.1 ℃，温度曲线稍后发你。",
        "机组门封更换，温度恢复",
        "冷",
        4,
    ),
    Matter(
        "fault",
        "到货少 4 箱",
        "今天到的这票少了 4 箱，装车单是 60 箱，请核实。",
        "核查后 4 箱留在中转仓，今晚补送，明早 9 点前到。",
        "补送完成，客户已签收",
        "零担",
        3,
    ),
    Matter(
        "fault",
        "系统里查不到运单号",
        "你们给的运单号在网站上查不到，客户一直在催。",
        "单号录入时少了一位，已更正，现在可以查询。",
        "更正单号",
        priority=2,
    ),
    Matter(
        "fault",
        "外箱淋雨受潮 11 箱",
        "卸货时下雨没有遮盖，11 箱外箱受潮，里面的货要开箱检查。",
        "现场同事已拍照，安排明天协助开箱，更换外箱的费用由我们承担。",
        "换箱 11 只，货物无损",
        "装卸",
        3,
    ),
    Matter(
        "fault",
        "Customs entry shows the wrong HS code",
        (
            "The entry for shipment 8841 lists HS 3923.21 instead of "
            "3923.29. Please correct it before release."
        ),
        (
            "Thank you for spotting it. The broker has filed the amendment; "
            "release is expected tomorrow noon."
        ),
        "Amendment filed and accepted",
        "集装箱",
        3,
    ),
    Matter(
        "need",
        "希望周六也能送货",
        "我们周六也上班，仓库可以收货，能不能安排周六配送？",
        "你所在的区域下月起增加周六班次，已把你加进试运行名单。",
        "加入周六班次",
        "城配",
    ),
    Matter(
        "need",
        "需要小批量恒温包装",
        "有没有 15～25 ℃ 的小批量恒温箱？每次 20 箱左右。",
        "恒温箱有 40 升和 60 升两种，本周三可以送样。",
        "已送样，转商务报价",
        "冷",
    ),
    Matter(
        "need",
        "要求每车附电子温度记录",
        "集团新规，每车都要有电子温度记录，能不能自动发到我们邮箱？",
        "可以，温度记录会在签收后 10 分钟内自动发送，已为你开通。",
        "开通自动发送",
        "冷",
    ),
    Matter(
        "internal",
        "华东仓需要 20 个周转托盘",
        "下周有大客户进仓，托盘不够，请总部调 20 个。",
        "明天随车带去 20 个，请签收。",
        "调拨完成",
        "仓",
    ),
    Matter(
        "internal",
        "请财务确认账期延长是否可行",
        "客户希望账期从 30 天延到 45 天，请财务给意见。",
        "近一年无逾期，同意延到 45 天，额度不变。",
        "财务同意",
    ),
)
COMPLAINTS = (
    Matter(
        "complaint",
        "冷链车温度超标，46 箱乳制品被拒收",
        (
            "今天到货车厢温度 11.4 ℃，要求是 2～8 ℃，46 箱已拒收。同一家承运商两个月内第三次了，"
            "今天必须给说法。"
        ),
        "已收到，正在调取车载温控数据，今天 20:00 前给你初步结论，46 箱明天补发。",
        "",
        "冷",
        4,
    ),
    Matter(
        "complaint",
        "司机态度恶劣，拒绝卸货上楼",
        "合同写明送货上楼，司机到了就说不管卸，还和我们仓管吵起来。",
        "非常抱歉，已安排两名装卸工一小时内到达，司机由调度约谈。",
        "",
        "城配",
        3,
    ),
    Matter(
        "complaint",
        "连续三次晚到，产线停了半天",
        "这个月第三次晚到，产线等料停了半天，损失要怎么算？",
        "已收到，正在核对三次的到达记录，今天下班前给你书面说明。",
        "",
        "整车",
        4,
    ),
    Matter(
        "complaint",
        "账单与合同单价不符",
        "合同是每吨 480，账单按 520 开的，三个月都这样。",
        "已转商务核对，明天中午前给你结果。",
        "",
        "零担",
        3,
    ),
)
MACROS = (
    (
        "已收到，正在核实",
        "reply",
        (
            "{{contact.name}}你好：\n{{ticket.subject}}（{{ticket.number}}）已收到，"
            "正在核实，今天下班前给你答复。\n{{sender.name}}"
        ),
        "open",
        True,
    ),
    (
        "请补充照片和单号",
        "reply",
        "{{contact.name}}你好：\n为了尽快处理，请回复运单号和现场照片。\n{{sender.name}}",
        "waiting",
        False,
    ),
    (
        "已补发，请查收",
        "reply",
        "{{contact.name}}你好：\n缺少的部分已补发，签收后请告诉我们一声。\n{{sender.name}}",
        "waiting",
        False,
    ),
    ("转承运商核查", "note", "已转承运商核查，要求 2 小时内回复车载记录。", "", True),
)


def serve_tickets(owner: User, *, today: date) -> None:
    """Settled ones over months, and what is open this morning, in every state."""
    desk = _Desk(today)
    desk.furnish(owner)
    if not desk.customers:  # a small company that wasn't measured
        return
    with read_once():
        for number in range(SETTLED):
            desk.settled(number)
        for number in range(OPEN):
            desk.still_open(number)
        desk.in_parts()
    book_service_time(actor=SYSTEM, on=today)


class _Desk:
    """Who answers, for whom, and by which chance."""

    def __init__(self, today: date) -> None:
        self.today = today
        self.rng: Generator = np.random.default_rng(SEED)
        self.people = {each.login: each for each in User.objects.prefetch_related("roles")}
        self.agents = [self.people["he"], self.people["he"], self.people["daniel"]]
        best = Customer.objects.filter(owner__isnull=False, standing__tier__in=["S", "A", "B", "C"])
        rows = best.order_by("-standing__potential_value", "pk").select_related("owner")
        self.customers = list(rows[:90])
        self.contacts: dict[int, Contact] = {}
        known = Contact.objects.filter(customer__in=self.customers, has_left=False)
        for contact in known.order_by("-is_primary", "pk"):
            self.contacts.setdefault(contact.customer_id, contact)
        self.products = list(Product.objects.order_by("code"))

    def furnish(self, owner: User) -> None:
        for login, skills in SKILLS.items():
            User.objects.filter(login=login, skills=[]).update(skills=skills)
        for name, sort, text, state, takes in MACROS:
            entries = {"name": name, "sort": sort, "text": text, "state": state, "takes": takes}
            add_macro({**entries, "is_shared": True}, actor=owner)

    def settled(self, number: int) -> None:
        matter = MATTERS[number % len(MATTERS)]
        span = FIRST_DAYS - LAST_DAYS
        at = self._at(FIRST_DAYS - number * span // SETTLED)
        ticket, agent = self._opened(matter, at)
        at += timedelta(minutes=int(self.rng.integers(8, 150)))
        answer(
            ticket, matter.answered, actor=agent, at=at, channel="phone", minutes=self._minutes()
        )
        at += timedelta(hours=int(self.rng.integers(1, 40)))
        state = "closed" if number % 3 else "solved"
        set_state(ticket, state, actor=agent, at=at, solution=matter.solution)

    def still_open(self, number: int) -> None:
        every = (*COMPLAINTS, *MATTERS)
        matter = every[number % len(every)]
        ticket, agent = self._opened(matter, self._at(number % 5))
        if number % 7 == 3:
            return  # nobody has looked yet
        at = ticket.opened_at + timedelta(minutes=int(self.rng.integers(6, 90)))
        now = self._now()
        if at >= now:
            return
        state = "waiting" if number % 4 == 1 and matter.type != "internal" else ""
        answer(
            ticket,
            matter.answered,
            actor=agent,
            at=at,
            channel="phone",
            state=state,
            minutes=self._minutes(),
        )
        at = min(at + timedelta(minutes=35), now)
        if number % 5 == 0:
            words = (
                "补发已收到。赔付口径今天必须明确，请给书面方案。"
                if matter.type == "complaint"
                else "好的，等你们消息。"
            )
            receive(ticket, words, actor=SYSTEM, at=at, channel="phone")
        if number % 6 == 0 and matter.type != "internal":
            words = f"@{self.people['zhou'].name} 客户很着急，请给个意见。"
            note_on_ticket(ticket, words, actor=agent, at=at, minutes=5)
        if number % 11 == 10:
            snooze_ticket(ticket, now + timedelta(days=2), actor=agent, at=at)

    def in_parts(self) -> None:
        """The first complaint has two parts: the goods sent again, and the carrier's answer."""
        whole = Ticket.objects.open().filter(type="complaint").order_by("pk").first()
        if whole is None:
            return
        at = self._now()
        he = self.people["he"]
        for subject in ("补发 46 箱乳制品", "承运商出具温控故障说明"):
            fields = {"customer": whole.customer, "subject": subject, "type": "inquiry"}
            part = open_ticket({**fields, "assignee": he}, actor=he, at=at)
            make_part(part, whole, actor=he, at=at)

    def _opened(self, matter: Matter, at: datetime) -> tuple[Ticket, User]:
        customer = self.customers[int(self.rng.integers(0, len(self.customers)))]
        agent = self.agents[int(self.rng.integers(0, len(self.agents)))]
        opener = customer.owner if matter.type == "internal" else agent
        product = next((each for each in self.products if matter.product in each.name), None)
        fields = {
            "customer": customer,
            "contact": self.contacts.get(customer.pk),
            "type": matter.type,
            "subject": matter.subject,
            "priority": matter.priority,
            "channel": "colleague" if matter.type == "internal" else "phone",
            "product": product if matter.product else None,
        }
        if matter.type == "internal":
            fields["contact"] = None
        if matter.type == "fault":
            fields["order"] = last_order(customer, at.date())
        if self.rng.random() < 0.85:
            fields["assignee"] = agent
        text = matter.said.replace("{month}", f"{at.month} 月")
        ticket = open_ticket(fields, actor=opener, at=at, text=text, minutes=self._minutes())
        return ticket, agent

    def _at(self, days_ago: int) -> datetime:
        clock = time(int(self.rng.integers(8, 17)), int(self.rng.integers(0, 60)))
        at = datetime.combine(self.today - timedelta(days=days_ago), clock, ZONE)
        early = datetime.combine(self.today, time(7, int(self.rng.integers(10, 50))), ZONE)
        return at if days_ago else early

    def _now(self) -> datetime:
        return datetime.combine(self.today, time(8, 20), ZONE)

    def _minutes(self) -> int:
        return int(self.rng.choice([3, 5, 8, 12, 20, 35]))


def last_order(customer: Customer, on: date) -> Order | None:
    """What a customer complains of when something is wrong with a delivery."""
    rows = Order.objects.filter(customer=customer, ordered_on__lte=on, promised_on__isnull=False)
    return rows.order_by("-ordered_on", "-pk").first()
