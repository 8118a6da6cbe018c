"""What the demo company asks its customers: five surveys, several hundred answers, and what it did about them.

Moods follow what the first value run says: who is likely to leave was served worse and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.random import Generator

from kezhi.accounts.models import User
from kezhi.customers.models import Contact, Standing
from kezhi.demo.talking import ZONE
from kezhi.satisfaction import designing, improving, ruling
from kezhi.satisfaction.answering import Answers, in_a_line, keep_replies
from kezhi.satisfaction.linking import seal
from kezhi.satisfaction.models import (
    AskingChannel,
    Improvement,
    Survey,
    SurveyInvitation,
    SurveyQuestion,
    SurveyResponse,
    SurveyVersion,
)
from kezhi.satisfaction.scoring import score_of
from kezhi.satisfaction.sending import invitation_for

SEED = 31
ASKED = 320
BETTER_SINCE = 75  # days ago the second shift of the hotline began
GLAD = (
    "响应很快，问题当天就解决了",
    "司机态度好，单据齐全",
    "客服一直跟到底，放心",
    "和往常一样可靠",
    "Very smooth, thank you",
)
CROSS = (
    "打了三次电话才有人接",
    "答应周二到，周四才到，没人通知",
    "箱子破了两个，赔付拖了半个月",
    "对账单又错了，要我们自己核对",
    "换了几个人都说不清楚",
)
SO_SO = ("还可以，希望能提前通知到货时间", "价格稍高，服务还行", "发票能不能快一点")
# Of each dimension of SERVQUAL how far we stay behind what is expected.
GAPS = {
    "tangibles": -0.1, "reliability": 0.9, "responsiveness": 1.1, "assurance": 0.2, "empathy": 0.5,
}  # fmt: skip
# How customers feel with and without each feature: (with, without) and how many feel so.
FEELINGS = {
    "track": ((1, 5, 0.45), (2, 5, 0.25), (1, 3, 0.20), (3, 3, 0.10)),
    "hours24": ((2, 5, 0.50), (1, 5, 0.30), (3, 5, 0.10), (3, 3, 0.10)),
    "invoice": ((2, 5, 0.60), (2, 4, 0.20), (3, 5, 0.10), (1, 5, 0.10)),
    "expert": ((1, 3, 0.45), (1, 4, 0.20), (3, 3, 0.30), (5, 3, 0.05)),
}


@dataclass(frozen=True)
class Person:
    """Who answers: where they belong, and their mood, 0 for the usual one."""

    contact: Contact
    mood: float


@dataclass
class _Rows:
    """Filled by `answer`, written at once."""

    responses: list[SurveyResponse] = field(default_factory=list)
    given: list[Answers] = field(default_factory=list)


def ask_customers(owner: User, *, today: date) -> None:
    """Surveys, rules, a printed code, answers of a year, and three improvements."""
    rng = np.random.default_rng([SEED, today.toordinal()])
    people = _people(rng)
    if not people:
        return
    agents = list(User.objects.filter(roles__key="service_agent").order_by("pk")) or [owner]
    at = datetime.combine(today - timedelta(days=400), time(9), ZONE)
    surveys = {
        name: _survey(name, code, owner, at, **more)
        for name, code, more in (
            ("csat", "SERVICE", {"low_below": 50, "case_type": "complaint", "case_days": 2}),
            ("nps", "NPS", {"low_below": 40, "case_type": "follow_up", "case_days": 3}),
            ("acsi", "YEARLY", {}),
            ("servqual", "SERVQUAL", {}),
            ("kano", "FEATURES", {"is_anonymous": True}),
        )
    }
    csat, nps = surveys["csat"], surveys["nps"]
    _answer(csat, people, rng, today, 280, 360, _contented, agents)
    _answer(nps, people, rng, today, 460, 700, _contented)
    for wave, days in enumerate((380, 20)):
        some = people[wave * 60 : wave * 60 + 130]
        _answer(surveys["acsi"], some, rng, today - timedelta(days=days), 115, 14, _contented)
    _answer(surveys["servqual"], people[40:], rng, today - timedelta(days=40), 90, 20, _expecting)
    _answer(surveys["kano"], people[90:], rng, today - timedelta(days=60), 110, 28, _feeling)
    _rules(csat, nps, owner, today)
    _waiting(csat, people[-14:], owner, today)
    _improve(csat, nps, owner, today)


def _people(rng: Generator) -> list[Person]:
    contacts = Contact.objects.filter(has_left=False).exclude(email="")
    some = contacts.select_related("customer").order_by("customer_id", "-is_primary", "pk")
    chosen = list(some.distinct("customer_id")[:ASKED])
    staying: dict[int, float | None] = dict(
        Standing.objects.filter(customer_id__in=[c.customer_id for c in chosen]).values_list(
            "customer_id", "p_alive"
        )
    )
    found = []
    for contact in chosen:
        stays = staying.get(contact.customer_id)
        likely = 0.6 if stays is None else float(stays)
        found.append(Person(contact, 1.6 * (likely - 0.6) + float(rng.normal(0, 0.45))))
    return found


def _survey(name: str, code: str, owner: User, at: datetime, **more: object) -> Survey:
    fields = {"code": code, "instrument": name, **more}
    survey = designing.create_survey(fields, actor=owner, on=at.date())
    designing.publish_survey(survey, actor=owner, at=at)
    return survey


Replying = Callable[[SurveyQuestion, float, Generator], int]


def _answer(
    survey: Survey,
    people: Sequence[Person],
    rng: Generator,
    until: date,
    count: int,
    days: int,
    reply: Replying,
    agents: Sequence[User] = (),
) -> None:
    version = survey.published
    assert version is not None
    if not people:
        return
    questions = list(version.questions.order_by("position"))
    rows = _Rows()
    for number in range(count):
        person = people[int(rng.integers(len(people)))]
        on = until - timedelta(days=int(rng.integers(1, days)))
        mood = person.mood + float(rng.normal(0, 0.35))
        agent = agents[int(rng.integers(len(agents)))] if agents else None
        if agents and (until - on).days < BETTER_SINCE:
            mood += 0.55
        answers = _one(questions, mood, reply, rng)
        rows.given.append(answers)
        rows.responses.append(
            _response(survey, version, person, answers, questions, on, number, agent, rng)
        )
    if not survey.is_anonymous:
        _invite(survey, version, people, rows.responses, rng)
    SurveyResponse.objects.bulk_create(rows.responses)
    for response, answers in zip(rows.responses, rows.given, strict=True):
        keep_replies(response, questions, answers)


def _invite(
    survey: Survey,
    version: SurveyVersion,
    people: Sequence[Person],
    responses: Sequence[SurveyResponse],
    rng: Generator,
) -> None:
    """The letters behind the answers, and those that nobody answered: two of three."""
    State = SurveyInvitation.State
    asked = []
    for response in responses:
        row = _letter(survey, version, response.contact, response.answered_at, rng)
        row.key, row.state, row.answered_at = response.key, State.ANSWERED, response.answered_at
        row.opened_at = response.answered_at
        row.agent_id = response.agent_id
        asked.append(row)
    for number in range(2 * len(responses)):
        response = responses[int(rng.integers(len(responses)))]
        person = people[int(rng.integers(len(people)))]
        row = _letter(survey, version, person.contact, response.answered_at, rng)
        row.key = f"demo:{survey.code}:{response.answered_on.isoformat()}:unanswered:{number}"
        row.state = State.EXPIRED
        asked.append(row)
    kept = SurveyInvitation.objects.bulk_create(asked, batch_size=1_000)
    for response, row in zip(responses, kept, strict=False):
        response.invitation = row


def _letter(
    survey: Survey, version: SurveyVersion, contact: Contact | None, at: datetime, rng: Generator
) -> SurveyInvitation:
    assert contact is not None
    sent = at - timedelta(hours=int(rng.integers(2, 90)))
    row = SurveyInvitation(
        survey=survey,
        survey_version=version,
        customer=contact.customer,
        contact=contact,
        language="zh-hans",
        due_at=sent,
        sent_at=sent,
        expires_at=sent + timedelta(days=21),
        **contact.customer.place,
    )
    seal(row)
    return row


def _one(
    questions: Sequence[SurveyQuestion], mood: float, reply: Replying, rng: Generator
) -> Answers:
    answers = Answers()
    shared: dict[str, tuple[int, int]] = {}
    for question in questions:
        if question.sort == SurveyQuestion.Sort.TEXT:
            if rng.random() < 0.3:
                words = CROSS if mood < -0.5 else GLAD if mood > 0.3 else SO_SO
                answers.texts[question.code] = words[int(rng.integers(len(words)))]
        elif question.sort in SurveyQuestion.CHOICES:
            if answers.numbers.get("overall", Decimal(5)) <= 3:
                keys = [row["at"] for row in question.labels]
                answers.choices[question.code] = (keys[int(rng.integers(len(keys)))],)
        elif question.sort in SurveyQuestion.KANO:
            name, _bar, end = question.code.rpartition("_")
            if name not in shared:
                kinds = FEELINGS[name]
                pick = int(rng.choice(len(kinds), p=[share for *_both, share in kinds]))
                shared[name] = kinds[pick][:2]
            answers.numbers[question.code] = Decimal(shared[name][0 if end == "yes" else 1])
        else:
            answers.numbers[question.code] = Decimal(reply(question, mood, rng))
    return answers


def _contented(question: SurveyQuestion, mood: float, rng: Generator) -> int:
    """Most are rather content; expectations hardly follow the mood."""
    width = question.high - question.low
    share = 0.35 if question.dimension == "expectation" else 1.0
    place = 0.74 + 0.17 * share * mood + float(rng.normal(0, 0.09))
    return int(np.clip(round(question.low + width * place), question.low, question.high))


def _expecting(question: SurveyQuestion, mood: float, rng: Generator) -> int:
    if question.sort == SurveyQuestion.Sort.EXPECTATION:
        return int(np.clip(round(6.2 + float(rng.normal(0, 0.6))), 1, 7))
    middle = 6.1 - GAPS[question.dimension] + 0.6 * mood
    return int(np.clip(round(middle + float(rng.normal(0, 0.7))), 1, 7))


def _feeling(question: SurveyQuestion, mood: float, rng: Generator) -> int:
    raise ValueError(question.code)  # the features are answered in pairs


def _response(
    survey: Survey,
    version: SurveyVersion,
    person: Person,
    answers: Answers,
    questions: Sequence[SurveyQuestion],
    on: date,
    number: int,
    agent: User | None,
    rng: Generator,
) -> SurveyResponse:
    scored = [(q, answers.numbers[q.code]) for q in questions if q.code in answers.numbers]
    hour = time(int(rng.integers(9, 20)), int(rng.integers(0, 60)))
    response = SurveyResponse(
        survey=survey,
        survey_version=version,
        key=f"demo:{survey.code}:{on.isoformat()}:{number}",
        score=score_of(scored, version.dimension_weights),
        comment=next(iter(answers.texts.values()), ""),
        answers=in_a_line(questions, answers),
        channel=AskingChannel.EMAIL,
        language="zh-hans",
    )
    if survey.is_anonymous:
        monday = on - timedelta(days=on.weekday())
        response.answered_on = monday
        response.answered_at = datetime.combine(monday, time(), ZONE)
        return response
    response.answered_on, response.answered_at = on, datetime.combine(on, hour, ZONE)
    response.seconds = int(rng.integers(18, 40)) + 6 * len(scored)
    response.customer, response.contact = person.contact.customer, person.contact
    for name, entry in person.contact.customer.place.items():
        setattr(response, name, entry)
    if agent is not None:
        response.agent_id, response.handling_department_id = agent.pk, agent.department_id
    return response


def _rules(csat: Survey, nps: Survey, owner: User, today: date) -> None:
    at = datetime.combine(today, time(8), ZONE)
    solved = {
        "name": "工单解决后", "event": "ticket.solved", "delay_hours": 24, "cap_days": 30,
        "remind_after_days": 5, "quota_per_day": 60,
    }  # fmt: skip
    ruling.create_rule(csat, solved, actor=owner, at=at)
    closed = {"name": "投诉结案后", "event": "complaint.closed", "delay_hours": 48, "cap_days": 14}
    ruling.create_rule(csat, closed, actor=owner, at=at)
    delivered = {
        "name": "交货后抽样", "event": "order.delivered", "delay_hours": 72, "cap_days": 90,
        "share": Decimal("0.2"), "remind_after_days": 7, "seed": 7,
    }  # fmt: skip
    ruling.create_rule(nps, delivered, actor=owner, at=at)
    ruling.create_link(csat, "送货单背面", actor=owner, on=today)


def _waiting(survey: Survey, people: Sequence[Person], owner: User, today: date) -> None:
    """Letters of the last days that wait for an answer, and some that could not be sent."""
    version, rule = survey.published, survey.rules.earliest("pk")
    assert version is not None
    State = SurveyInvitation.State
    for place, person in enumerate(people):
        sent = datetime.combine(today - timedelta(days=1 + place % 6), time(10, place), ZONE)
        row = invitation_for(rule, version, person.contact.customer, person.contact, sent)
        row.key = f"demo:{survey.code}:{person.contact.pk}"
        if place % 4 == 3:
            row.state, row.reason = State.KEPT_BACK, "没有针对这一目的和渠道的同意。"
        else:
            row.state, row.sent_at = State.SENT, sent
            row.expires_at = sent + timedelta(days=21)
            if place % 4 == 1:
                row.state, row.opened_at = State.OPENED, sent + timedelta(hours=2)
        row.save()


def _improve(csat: Survey, nps: Survey, owner: User, today: date) -> None:
    leader = User.objects.filter(roles__key="manager").order_by("pk").first() or owner
    began = today - timedelta(days=BETTER_SINCE)
    by: dict[str, Any] = {"actor": owner, "on": today}
    hotline = improving.create_improvement(
        {
            "title": "客服热线增开晚班，两小时内回电",
            "owner": leader,
            "due_on": today + timedelta(days=10),
            "measure": Improvement.Measure.SCORE,
            "survey": csat,
            "target": Decimal(80),
            "before_from": began - timedelta(days=180),
            "before_until": began - timedelta(days=1),
            "after_from": began,
            "plan": "低分意见里“打不通电话”最多。增开 18 点到 21 点晚班，未接来电两小时内回电。",
        },
        **by,
    )
    hotline = improving.move_improvement(hotline, "do", **by)
    words = "晚班两人，已运行；未接来电自动生成工单。"
    improving.move_improvement(hotline, "check", words=words, **by)
    improving.create_improvement(
        {
            "title": "到货前一天短信通知时间",
            "owner": leader,
            "due_on": today - timedelta(days=6),
            "measure": Improvement.Measure.NPS,
            "survey": nps,
            "target": Decimal(30),
            "plan": "先在合肥试行，由调度在前一天 16 点前发出。",
        },
        **by,
    )
    invoices = improving.create_improvement(
        {
            "title": "对账单改为系统自动核对",
            "owner": owner,
            "due_on": today + timedelta(days=45),
            "measure": Improvement.Measure.SCORE,
            "survey": nps,
            "plan": "财务与仓储共用一份签收数据，差异当天提示。",
        },
        **by,
    )
    improving.move_improvement(invoices, "do", **by)
