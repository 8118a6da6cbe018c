"""Ten months of complaints at the demo company: of all four categories, settled with and without money."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.random import Generator

from kezhi.accounts.models import Department, User
from kezhi.catalog.models import Product
from kezhi.customers.models import Customer
from kezhi.demo.talking import ZONE
from kezhi.demo.ticketing import last_order
from kezhi.service.complaints import (
    apportioning,
    compensating,
    concluding,
    feeding_back,
    judging,
    proposing,
    recording,
)
from kezhi.service.complaints.apportioning import Part
from kezhi.service.complaints.proposing import Given
from kezhi.service.models import Complaint, ComplaintCause
from kezhi.service.tickets.answering import answer
from kezhi.service.tickets.changing import set_state
from kezhi.service.tickets.opening import open_ticket

SEED = 53
COUNT, OPEN = 60, 9
FIRST_DAYS, LAST_DAYS = 300, 12
LANES = ("合肥 – 苏州", "上海 – 广州", "合肥 – 武汉", "宁波 – 成都", "芜湖 – 南京")


@dataclass(frozen=True)
class Grievance:
    """What customers complain of: their words, what was found, who was responsible, what settled it.

    `parts`: (who, share, finding), who being a partner, a department (by part of its name) or the customer.
    `loss` is the middle of the loss; `given` what is given of it: (sort, share of the loss, words).
    """

    category: str
    cause: str
    subject: str
    said: str
    wanted: str
    verdict: str
    reason: str
    how: str
    parts: tuple[tuple[str, str, str], ...]
    loss: int
    given: tuple[tuple[str, str, str], ...]
    proposal: str
    answered: str
    learned: str


GRIEVANCES = (
    Grievance(
        "transport",
        "温控失效",
        "冷链车温度超标，46 箱乳制品被拒收",
        "今天到货车厢温度 11.4 ℃，要求是 2～8 ℃，46 箱已拒收。温度记录发你们了，请今天给说法。",
        "全额赔付并更换承运商",
        "justified",
        "车载记录显示 13:40 起制冷失效，与收货单一致",
        "车载制冷机组故障，无备机，司机未报警",
        (
            ("partner", "0.7", "温控失效后未报警"),
            ("department", "0.2", "出库未复核车厢预冷"),
            ("department", "0.1", "答复时间未设提醒"),
        ),
        38600,
        (
            ("money", "1", "按收货单赔付货损"),
            ("service", "0.06", "免两次干线运费"),
            ("apology", "0", "书面致歉"),
        ),
        "全额赔付货损，免两次运费，次日补发，今后双机组车辆承运",
        "赔付和补发都收到了，请保证不再用这家车队。",
        "冷链线路要求双机组或备机，出库须拍预冷温度",
    ),
    Grievance(
        "transport",
        "货物损坏",
        "外箱压塌，12 箱罐装饮料渗漏",
        "托盘上层压塌了，12 箱渗漏，客户门店拒收，麻烦尽快处理。",
        "补发并承担门店扣款",
        "justified",
        "照片与签收单批注一致，属装载过高",
        "混装时重货压轻货，没有加隔板",
        (("department", "0.6", "装载未按重量分层"), ("partner", "0.4", "途中急刹未加固")),
        4200,
        (("replace", "0.8", "补发 12 箱"), ("apology", "0", "电话致歉")),
        "当日补发 12 箱，门店扣款凭单据报销",
        "补发到了，可以。",
        "混装必须分层加隔板，装车拍照留档",
    ),
    Grievance(
        "transport",
        "送达延误",
        "承诺周三到货，周五才送达",
        "生产线停了一天半，你们的物流信息也没更新。",
        "减免运费并说明原因",
        "partly",
        "暴雨封路属实，但延误后没有通知客户",
        "高速封闭绕行，调度没有按规定通知客户",
        (("partner", "0.5", "绕行未报备"), ("department", "0.5", "未通知客户改期")),
        9800,
        (("discount", "0.15", "本票运费减免"),),
        "减免本票运费，今后延误两小时内必须通知",
        "理解天气原因，但下次一定要提前说。",
        "延误预警改为系统自动通知客户",
    ),
    Grievance(
        "transport",
        "丢失或短少",
        "到货清点少两托盘配件",
        "单子写 18 托，实收 16 托，司机说不清楚。",
        "查找或赔偿",
        "justified",
        "中转仓监控显示漏装两托",
        "中转分拨时漏扫，装车未二次清点",
        (("department", "0.8", "漏扫未二次清点"), ("partner", "0.2", "发车未核单")),
        15600,
        (("replace", "0.3", "专车补送两托"),),
        "专车当日补送，运费由我方承担",
        "已收到，数量对了。",
        "中转装车增加扫码清点",
    ),
    Grievance(
        "quality",
        "包装破损",
        "纸箱强度不够，堆码三层就变形",
        "这批周转箱堆到三层就塌了，以前没有这个问题。",
        "换货",
        "justified",
        "抽检边压强度低于合同要求",
        "供应商换了原纸克重，入库抽检漏检",
        (("partner", "0.7", "原纸克重不足"), ("department", "0.3", "入库抽检漏检")),
        6800,
        (("replace", "0.9", "全部换货"),),
        "整批换货，并对供应商索赔",
        "换来的箱子没有问题。",
        "换料必须重新送检，抽检比例提高到 5%",
    ),
    Grievance(
        "quality",
        "批次缺陷",
        "同一批缠绕膜粘不住",
        "整批缠绕膜粘性不够，货在车上散了。",
        "换货并赔人工",
        "justified",
        "同批留样复测粘性不合格",
        "供应商配方调整未告知",
        (("partner", "1", "配方调整未告知"),),
        3900,
        (("replace", "0.7", "换货"), ("money", "0.2", "人工补贴")),
        "换货并补贴返工人工",
        "可以接受，谢谢处理及时。",
        "供应商变更须事先书面通知",
    ),
    Grievance(
        "quality",
        "性能不达标",
        "冷藏箱 24 小时后温度回升",
        "说好保温 48 小时，24 小时就升到 12 ℃ 了。",
        "退货",
        "unjustified",
        "客户未按说明预冷冰排，复测合格",
        "冰排未预冷",
        (),
        5200,
        (),
        "复测报告发客户，并上门培训一次使用方法",
        "知道了，是我们没预冷。",
        "交付时附一页图示说明",
    ),
    Grievance(
        "contract",
        "发票或账单错误",
        "账单多计了三票附加费",
        "合同里没有节假日附加费，这个月多收了三票。",
        "退回多收的钱",
        "justified",
        "合同附件二约定不收节假日附加费",
        "计费规则没有按客户合同更新",
        (("department", "1", "计费规则未更新"),),
        1860,
        (("money", "1", "退回多收费用"), ("apology", "0", "书面说明")),
        "退回多收费用，更正账单并重开发票",
        "退款收到，账单对了。",
        "合同生效时同步计费规则，双人复核",
    ),
    Grievance(
        "contract",
        "交期未履行",
        "旺季加车承诺没有兑现",
        "签合同时说旺季保证每天三车，这周只来了一车。",
        "按合同承担违约金",
        "partly",
        "合同约定提前 48 小时下单，两天未按时下单",
        "运力预留不足，客户下单也晚于约定",
        (("department", "0.6", "未预留旺季运力"), ("customer", "0.4", "下单晚于约定时间")),
        22000,
        (("discount", "0.2", "本月运费折让"),),
        "补足运力，本月运费折让，旺季前一起排产",
        "同意，希望旺季前先排计划。",
        "旺季前一个月与大客户共排运力计划",
    ),
    Grievance(
        "service",
        "响应太慢",
        "打了四次电话没有人回",
        "从上周五开始打了四次客服电话，都说会回，没有人回。",
        "有人负责跟进",
        "justified",
        "通话记录显示四次均未转出",
        "转接后没有建工单，责任不清",
        (("department", "1", "来电未建工单"),),
        0,
        (("apology", "0", "主管致电致歉"),),
        "指定专人跟进，主管致电致歉",
        "现在有专人了，可以。",
        "来电必须当场建工单",
    ),
    Grievance(
        "service",
        "维修不彻底",
        "叉车修了三次还漏油",
        "同一个地方修了三次，还是漏油，耽误装卸。",
        "换人彻底修好，免维修费",
        "justified",
        "三次更换的密封件型号不对",
        "备件型号用错，维修后没有试压",
        (("department", "0.8", "未试压验收"), ("partner", "0.2", "备件型号发错")),
        2600,
        (("service", "1", "免三次维修费"),),
        "高级技师上门，免收三次维修费",
        "这次修好了。",
        "维修完成须试压并由客户签字",
    ),
    Grievance(
        "service",
        "承诺未兑现",
        "答应的月度报告两个月没有收到",
        "当初说每月给运营报告，已经两个月没有了。",
        "补报告",
        "justified",
        "承诺记录里有，交接时遗漏",
        "换了客户经理，承诺没有交接",
        (("department", "1", "交接遗漏"),),
        0,
        (("service", "0", "补两期报告并上门讲解"),),
        "一周内补齐两期报告并上门讲解",
        "报告收到了，内容不错。",
        "交接清单增加未兑现的承诺",
    ),
)


def complain(owner: User, *, today: date) -> None:
    """Tickets of type complaint with their steps, as far as each has come by today."""
    rng = np.random.default_rng(SEED)
    people = _People(owner)
    customers = list(
        Customer.objects.filter(
            standing__occasions__gt=2, roles__contains=["customer"], owner__isnull=False
        )
        .select_related("standing")
        .order_by("-standing__revenue_12m", "pk")[: 4 * COUNT]
    )
    if not customers:  # a small company that wasn't measured
        return
    products = list(Product.objects.order_by("pk")[:12])
    chosen = rng.choice(len(customers), size=COUNT, replace=True)
    days = np.sort(rng.integers(LAST_DAYS, FIRST_DAYS, size=COUNT - OPEN))[::-1].tolist()
    # The last ones lie within a week: what stands on the pages as open, and a surge of one cause.
    ages = [*days, 9, 7, 5, 5, 4, 3, 3, 2, 1]
    for number, age in enumerate(ages):
        which = int(rng.integers(len(GRIEVANCES))) if number < COUNT - 4 else 0
        story = _Story(
            GRIEVANCES[which],
            customers[int(chosen[number])],
            products[int(rng.integers(len(products)))] if products else None,
            datetime.combine(today - timedelta(days=int(age)), time(9), ZONE)
            + timedelta(minutes=int(rng.integers(480))),
        )
        _tell(story, people, rng, until=datetime.combine(today, time(8), ZONE))


class _People:
    """Who works on complaints at the demo company."""

    def __init__(self, owner: User) -> None:
        self.owner = owner
        self.agent = User.objects.get(login="he")
        self.departments = list(Department.objects.exclude(parent=None).order_by("pk"))
        suppliers = Customer.objects.filter(roles__contains=["supplier"]).order_by("pk")
        self.partners = list(suppliers[:4])


@dataclass
class _Story:
    grievance: Grievance
    customer: Customer
    product: Product | None
    at: datetime


def _tell(story: _Story, people: _People, rng: Generator, until: datetime) -> None:
    """Step by step with some hours between; what would lie after `until` hasn't happened yet."""
    grievance, agent, at = story.grievance, people.agent, story.at
    fields = {
        "type": "complaint",
        "subject": grievance.subject,
        "customer": story.customer,
        "channel": str(rng.choice(["phone", "email", "portal"])),
        "priority": 4 if grievance.loss > 20_000 else 3,
        "assignee": agent,
    }
    if grievance.category in ("quality", "transport"):
        fields["order"] = last_order(story.customer, at.date())
    if grievance.category == "quality" and story.product is not None:
        fields["product"] = story.product
    ticket = open_ticket(fields, actor=agent, at=at, text=grievance.said)
    complaint = Complaint.objects.get(ticket=ticket)

    def later(low: int, high: int) -> bool:
        nonlocal at
        at += timedelta(minutes=int(rng.integers(low, high)))
        return at < until

    if not later(10, 60 * 40):
        return
    answer(
        ticket,
        "已收到你的投诉，正在核查，今天内给你初步结论。",
        actor=agent,
        at=at,
        channel="phone",
    )
    loss = Decimal(grievance.loss) * Decimal(str(round(float(rng.uniform(0.6, 1.5)), 2)))
    said = {"category": grievance.category, "wanted": grievance.wanted, "loss": round(loss, 2)}
    if grievance.category == "transport":
        said["lane"] = str(rng.choice(LANES))
    complaint = recording.record_complaint(complaint, said, actor=agent, at=at)
    if not later(60, 60 * 30):
        return
    complaint = judging.judge(
        complaint, grievance.verdict, actor=agent, at=at, reason=grievance.reason
    )
    if grievance.verdict != "unjustified":
        if not later(60, 60 * 40):
            return
        parts = _parts(complaint, grievance, people, rng)
        complaint = apportioning.apportion(complaint, parts, actor=agent, at=at)
        cause = ComplaintCause.objects.get(category=grievance.category, name=grievance.cause)
        complaint = judging.name_cause(complaint, cause, actor=agent, at=at, words=grievance.how)
    if not later(60, 60 * 40):
        return
    complaint = _propose(complaint, grievance, people.agent, at)
    if complaint.step == Complaint.Step.APPROVE:
        if not later(60, 60 * 30):
            return
        complaint = proposing.approve(complaint, actor=people.owner, at=at, remark="同意")
    if complaint.step == Complaint.Step.ACT:
        if not later(60, 60 * 30):
            return
        for given in complaint.compensations.order_by("pk"):
            compensating.carry_out(given, actor=agent, at=at, on=at.date())
        complaint.refresh_from_db()
    if not later(60 * 12, 60 * 72):
        return
    _hear(complaint, grievance, agent, at, rng)
    set_state(ticket, "closed", actor=agent, at=at, solution=grievance.proposal)
    if not later(60 * 24 * 20, 60 * 24 * 40):
        return
    complaint.refresh_from_db()
    complaint = concluding.review(complaint, actor=agent, at=at, words="按方案执行，客户反馈已记录")
    concluding.summarise(complaint, actor=agent, at=at, words=grievance.learned)


def _parts(
    complaint: Complaint, grievance: Grievance, people: _People, rng: Generator
) -> list[Part]:
    entry = complaint.ticket.entries.order_by("pk").first()
    found = []
    for number, (who, share, finding) in enumerate(grievance.parts):
        part: dict[str, Any] = {"share": Decimal(share), "finding": finding, "entry": entry}
        if who == "partner" and people.partners:
            which = (
                0 if grievance.category == "transport" else int(rng.integers(len(people.partners)))
            )
            found.append(Part("partner", party=people.partners[which], **part))
        elif who == "customer":
            found.append(Part("customer", **part))
        elif who == "partner":
            found.append(Part("partner", name="迅驰冷运", **part))
        else:
            department = people.departments[number % len(people.departments)]
            found.append(Part("department", department=department, **part))
    return found


def _propose(complaint: Complaint, grievance: Grievance, agent: User, at: datetime) -> Complaint:
    loss = complaint.loss or Decimal(0)
    given = [
        Given(sort, round(loss * Decimal(share), 2), words)
        for sort, share, words in grievance.given
        if sort in ("apology", "service", "replace") or loss * Decimal(share) > 0
    ]
    risk = complaint.customer.standing.value_at_risk if complaint.customer else None
    keeps = round(risk * Decimal("0.6"), -2) if risk and given else None
    return proposing.propose(
        complaint, given, actor=agent, at=at, words=grievance.proposal, expected_to_keep=keeps
    )


def _hear(
    complaint: Complaint, grievance: Grievance, agent: User, at: datetime, rng: Generator
) -> None:
    """Most customers answer; some can't be reached in two attempts."""
    if rng.random() < 0.08:
        for days, channel in ((2, "phone"), (0, "email")):
            tried = max(at - timedelta(days=days), complaint.step_since)
            feeding_back.note_attempt(
                complaint, channel, actor=agent, at=at, tried_at=tried, words="没有回应"
            )
        if feeding_back.may_give_up(complaint):
            feeding_back.note_answer(complaint, "silent", actor=agent, at=at, words="")
            return
    said = str(rng.choice(["accepted", "accepted", "accepted", "partly", "refused"]))
    words = {"partly": "部分同意，希望今后改进。", "refused": "不满意，但先这样。"}
    feeding_back.note_answer(
        complaint, said, actor=agent, at=at, words=words.get(said, grievance.answered)
    )
