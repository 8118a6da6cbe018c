"""The questionnaires that are ready to use, and with them the bank from which questions are taken.

The instruments are those of the literature: NPS (Reichheld 2003), CES (Dixon et al. 2010), SERVQUAL
(Parasuraman, Zeithaml, Berry 1988), Kano (1984), an index after Fornell et al. (1996). The words are our own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from kezhi.satisfaction.models import Survey, SurveyQuestion

Instrument = Survey.Instrument
Sort = SurveyQuestion.Sort


def _ends(low: int, low_zh: str, low_en: str, high: int, high_zh: str, high_en: str) -> list[Any]:
    return [
        {"at": str(low), "zh": low_zh, "en": low_en},
        {"at": str(high), "zh": high_zh, "en": high_en},
    ]


CONTENT = _ends(1, "很不满意", "Very dissatisfied", 5, "很满意", "Very satisfied")
LIKELY = _ends(0, "绝不会", "Not at all likely", 10, "非常愿意", "Extremely likely")
AGREE = _ends(1, "完全不同意", "Strongly disagree", 7, "完全同意", "Strongly agree")
TEN = _ends(1, "很低", "Very low", 10, "很高", "Very high")
KANO = [
    {"at": "1", "zh": "很喜欢", "en": "I like it"},
    {"at": "2", "zh": "理应如此", "en": "I expect it"},
    {"at": "3", "zh": "无所谓", "en": "I am neutral"},
    {"at": "4", "zh": "勉强接受", "en": "I can live with it"},
    {"at": "5", "zh": "不喜欢", "en": "I dislike it"},
]
COMMENT: dict[str, Any] = {
    "code": "comment",
    "text_zh": "还有什么想告诉我们的？",
    "text_en": "Is there anything else that you would like to tell us?",
    "sort": Sort.TEXT,
    "weight": 0,
    "is_required": False,
}

# Five dimensions, 22 matters: what an excellent supplier does (expectation), and what we do (perception).
SERVQUAL = (
    ("tangibles", "设备和车辆先进好用", "up-to-date equipment and vehicles"),
    ("tangibles", "仓库和办公场所整洁", "tidy warehouses and offices"),
    ("tangibles", "员工着装得体、标识清楚", "staff who are neatly dressed and easy to recognise"),
    ("tangibles", "包装、单据和资料清楚美观", "packaging, papers and documents that are clear"),
    ("reliability", "答应的时间就能做到", "keeping to the times that were promised"),
    ("reliability", "客户有问题时真心去解决", "a sincere interest in solving a customer’s problem"),
    ("reliability", "第一次就把事情做对", "getting things right the first time"),
    ("reliability", "在约定的时间交付", "delivering at the time that was agreed"),
    ("reliability", "单据和账目准确无误", "papers and accounts without mistakes"),
    ("responsiveness", "准确告知什么时候办好", "saying exactly when something will be done"),
    ("responsiveness", "员工处理得及时", "staff who attend to matters promptly"),
    ("responsiveness", "员工总是愿意帮忙", "staff who are always willing to help"),
    ("responsiveness", "再忙也会回应客户", "an answer even when everybody is busy"),
    ("assurance", "员工的言行让客户放心", "staff whose conduct inspires confidence"),
    ("assurance", "与其往来让客户觉得安全", "dealings in which customers feel safe"),
    ("assurance", "员工始终有礼貌", "staff who are always courteous"),
    ("assurance", "员工懂行，能回答问题", "staff who know enough to answer questions"),
    ("empathy", "关注每一个客户", "attention to each single customer"),
    ("empathy", "服务时间对客户方便", "service hours that suit customers"),
    ("empathy", "有专人对接客户", "a person of one’s own to turn to"),
    ("empathy", "把客户的利益放在心上", "having the customer’s interest at heart"),
    ("empathy", "了解客户的具体需要", "understanding what a customer in particular needs"),
)  # fmt: skip
# An index of six dimensions; what counts for the score is said by the dimensions' weights.
INDEX = (
    ("expectation", "合作之前，你对我们整体质量的期望", "Before dealing with us, the quality you expected"),
    ("expectation", "合作之前，你认为我们能满足你需要的程度", "Before dealing with us, the care you expected"),
    ("perceived_quality", "我们的产品质量", "The quality of our products"),
    ("perceived_quality", "我们的服务质量", "The quality of our service"),
    ("perceived_quality", "我们的可靠程度：很少出差错", "Our reliability: how rarely things go wrong"),
    ("perceived_value", "按这样的价格，质量如何", "The quality, given the prices you pay"),
    ("perceived_value", "按这样的质量，价格如何", "The prices, given the quality you get"),
    ("satisfaction", "总的来说，你对我们的满意程度", "All in all, how satisfied you are with us"),
    ("satisfaction", "与你的期望相比，我们做得如何", "How we do against what you expected"),
    ("satisfaction", "与你心目中的理想供应商相比，我们离得有多近", "How close we are to your ideal supplier"),
    ("complaint", "你提出意见时，我们处理得如何", "How well we deal with what you complain of"),
    ("loyalty", "今后继续向我们采购的可能性", "How likely you are to go on buying from us"),
    ("loyalty", "如果价格小幅上涨，仍与我们合作的可能性", "How likely you are to stay if prices rose a little"),
)  # fmt: skip
INDEX_WEIGHTS = {
    "expectation": 0.10,
    "perceived_quality": 0.25,
    "perceived_value": 0.20,
    "satisfaction": 0.30,
    "complaint": 0.05,
    "loyalty": 0.10,
}
FEATURES = (
    ("track", "送货途中可以随时查看位置", "you can see where a delivery is at any time"),
    ("hours24", "下单后 24 小时内送达", "orders arrive within 24 hours"),
    ("invoice", "电子发票自动发到邮箱", "invoices reach your mailbox by themselves"),
    ("expert", "有专业顾问上门指导", "an expert comes to advise you on site"),
)


@dataclass(frozen=True)
class Ready:
    """A questionnaire to begin with."""

    title_zh: str
    title_en: str
    purpose_zh: str
    purpose_en: str
    questions: tuple[Mapping[str, Any], ...]
    dimension_weights: Mapping[str, float] = field(default_factory=dict)


def _servqual() -> Iterator[dict[str, Any]]:
    for sort, letter, zh, en in (
        (Sort.EXPECTATION, "E", "优秀的供应商应当：%s", "An excellent supplier offers %s"),
        (Sort.PERCEPTION, "P", "我们做到了：%s", "We offer %s"),
    ):
        for place, (dimension, text_zh, text_en) in enumerate(SERVQUAL, start=1):
            yield {
                "code": f"{letter}{place:02d}",
                "text_zh": zh % text_zh,
                "text_en": en % text_en,
                "sort": sort,
                "low": 1,
                "high": 7,
                "labels": AGREE,
                "dimension": dimension,
                "weight": 1 if sort == Sort.PERCEPTION else 0,
            }


def _kano() -> Iterator[dict[str, Any]]:
    for code, zh, en in FEATURES:
        for sort, end, text_zh, text_en in (
            (Sort.KANO_FUNCTIONAL, "yes", "如果%s，你觉得怎么样？", "How do you feel if %s?"),
            (
                Sort.KANO_DYSFUNCTIONAL,
                "no",
                "如果没有“%s”，你觉得怎么样？",
                "And how do you feel if it is not the case that %s?",
            ),
        ):
            yield {
                "code": f"{code}_{end}",
                "text_zh": text_zh % zh,
                "text_en": text_en % en,
                "sort": sort,
                "low": 1,
                "high": 5,
                "labels": KANO,
                "weight": 0,
            }


def _index() -> Iterator[dict[str, Any]]:
    for place, (dimension, zh, en) in enumerate(INDEX, start=1):
        yield {
            "code": f"A{place:02d}",
            "text_zh": zh,
            "text_en": en,
            "sort": Sort.SCALE,
            "low": 1,
            "high": 10,
            "labels": TEN,
            "dimension": dimension,
            "is_required": dimension != "complaint",
        }


READY: dict[str, Ready] = {
    Instrument.CSAT: Ready(
        "服务满意度",
        "How did we do?",
        "三个问题，一分钟。你的回答帮助我们把下一次做得更好。",
        "Three questions, one minute. Your answer helps us to do better next time.",
        (
            {
                "code": "overall",
                "text_zh": "这次服务你满意吗？",
                "text_en": "How satisfied are you with how we handled this?",
                "sort": Sort.SCALE,
                "low": 1,
                "high": 5,
                "labels": CONTENT,
                "dimension": "satisfaction",
            },
            {
                "code": "reason",
                "text_zh": "哪里没有做好？",
                "text_en": "What went wrong?",
                "sort": Sort.MULTI,
                "labels": [
                    {"at": "slow", "zh": "太慢", "en": "It took too long"},
                    {"at": "unsolved", "zh": "问题没解决", "en": "It wasn’t solved"},
                    {"at": "manner", "zh": "态度不好", "en": "The manner"},
                    {"at": "unclear", "zh": "说得不清楚", "en": "It wasn’t clear"},
                ],
                "weight": 0,
                "is_required": False,
                "condition": {"question": "overall", "is": "at_most", "than": 3},
            },
            COMMENT,
        ),
    ),
    Instrument.NPS: Ready(
        "你愿意推荐我们吗",
        "Would you recommend us?",
        "两个问题，不到一分钟。",
        "Two questions, less than a minute.",
        (
            {
                "code": "recommend",
                "text_zh": "你有多愿意把我们推荐给同行或朋友？",
                "text_en": "How likely are you to recommend us to a colleague or friend?",
                "sort": Sort.NPS,
                "low": 0,
                "high": 10,
                "labels": LIKELY,
                "dimension": "loyalty",
            },
            {
                **COMMENT,
                "text_zh": "这样打分，主要是因为什么？",
                "text_en": "What is the main reason for your score?",
            },
        ),
    ),
    Instrument.CES: Ready(
        "办这件事容易吗",
        "Was it easy?",
        "两个问题，不到一分钟。",
        "Two questions, less than a minute.",
        (
            {
                "code": "ease",
                "text_zh": "办成这件事很容易",
                "text_en": "It was easy to get this done",
                "sort": Sort.SCALE,
                "low": 1,
                "high": 7,
                "labels": AGREE,
                "dimension": "effort",
            },
            {
                **COMMENT,
                "text_zh": "哪一步最费劲？",
                "text_en": "Which step took the most effort?",
            },
        ),
    ),
    Instrument.SERVQUAL: Ready(
        "服务质量调查",
        "The quality of our service",
        "前一半请说一家优秀的供应商应当做到什么，后一半请说我们做到了什么。大约五分钟。",
        "First what an excellent supplier should do, then what we do. About five minutes.",
        (*_servqual(), COMMENT),
    ),
    Instrument.KANO: Ready(
        "哪些服务对你重要",
        "What matters to you",
        "每项服务问两次：有它怎样，没有它怎样。大约两分钟。",
        "Each service is asked about twice: with it and without it. About two minutes.",
        (*_kano(), COMMENT),
    ),
    Instrument.ACSI: Ready(
        "年度客户满意度",
        "Yearly customer satisfaction",
        "十三个问题，大约三分钟，每年一次。",
        "Thirteen questions, about three minutes, once a year.",
        (*_index(), COMMENT),
        INDEX_WEIGHTS,
    ),
    Instrument.OWN: Ready("", "", "", "", ()),
}
THANKS_ZH = "谢谢。你的回答会由负责你的同事阅读；如果有没做好的地方，我们会联系你。"
THANKS_EN = (
    "Thank you. The colleagues who look after you will read it;"
    " if something went wrong, we will be in touch."
)
THANKS_ANONYMOUS_ZH = "谢谢。你的回答是匿名的，我们只看所有回答的汇总。"
THANKS_ANONYMOUS_EN = "Thank you. Your answer is anonymous: we only look at all answers together."


def bank() -> dict[str, list[Mapping[str, Any]]]:
    """The questions that can be taken into any survey, by the instrument they come from."""
    return {name: list(ready.questions) for name, ready in READY.items() if ready.questions}


def made(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A question of the bank as the columns of a question."""
    columns = dict(entry)
    columns["weight"] = Decimal(str(columns.get("weight", 1)))
    return columns
