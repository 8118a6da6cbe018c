"""The demo company's knowledge base, what readers made of it, and how its cases are reviewed."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import numpy as np

from kezhi.accounts.models import User
from kezhi.catalog.models import Product
from kezhi.core.actor import SYSTEM
from kezhi.demo.articles import ARTICLES, INTERNAL, PUBLIC, TOPICS, Text
from kezhi.demo.talking import ZONE
from kezhi.service.knowledge import reading, writing
from kezhi.service.knowledge.arranging import add_topic
from kezhi.service.models import (
    Article,
    ArticleRating,
    ArticleTopic,
    ArticleViews,
    CaseReview,
    Course,
    HelpVisit,
)
from kezhi.service.quality.counting import keep_months
from kezhi.service.quality.reviewing import answer_review, ask_second_review, review_case
from kezhi.service.quality.sampling import draw_round, solved_cases
from kezhi.service.quality.standards import publish_scorecard, seven_rights
from kezhi.service.quality.teaching import keep_course, note_training, set_skill

SEED = 47
WRITTEN_AGO = 300  # days, the first article; a new one about every ten days
VISITS, VISITS_DAYS = 420, 90
REASONS = ("other_question", "unclear", "wrong", "tried")
MISSED = ("没有写周末怎么办", "步骤三看不懂", "电话打不通", "价格和合同上的不一样", "")
SKILLS = (
    ("he", "投诉处理", 4, "客户服务管理师 三级", 400),
    ("he", "冷链", 3, "", None),
    ("daniel", "英语", 4, "", None),
    ("daniel", "国际货代", 3, "货代从业证", 25),
    ("daniel", "投诉处理", 2, "", None),
    ("wang", "冷链", 2, "", None),
    ("emma", "英语", 4, "", None),
)
COURSES = (
    ("投诉处理与补偿口径", "Complaints and compensation", "投诉处理", 12, True),
    ("冷链温控基础", "Cold chain basics", "冷链", 24, True),
    ("个人信息保护", "Protecting personal data", "", 12, True),
    ("电话沟通", "On the telephone", "", 0, False),
)
ATTENDED = (
    ("投诉处理与补偿口径", ("he",), 120, "passed"),
    ("投诉处理与补偿口径", ("daniel",), 410, "passed"),
    ("冷链温控基础", ("he",), 200, "passed"),
    ("冷链温控基础", ("wang",), 60, "failed"),
    ("个人信息保护", ("he", "daniel", "wang", "zhou"), 90, "passed"),
    ("电话沟通", ("daniel",), 30, "attended"),
)
PRAISE = (
    "先复述了客户的要求再给方案，好。",
    "方案对，但晚了半天才告诉客户进展。",
    "补偿讲得清楚，有依据。",
    "转给仓库后没有跟到底，客户又问了一次。",
    "语气得体，时间给得具体。",
)


def explain(owner: User, *, today: date) -> None:
    """Articles with their readers; scorecards, reviews, skills and figures."""
    people = {person.login: person for person in User.objects.active()}
    rng = np.random.default_rng(SEED)
    topics: dict[str, ArticleTopic] = {}
    for name, name_en, above in TOPICS:
        topics[name] = add_topic(name, name_en, topics.get(above), actor=owner, on=today)
    goods = {product.code: product for product in Product.objects.all()}
    articles = [
        _write(text, number, topics, goods, people, owner, today)
        for number, text in enumerate(ARTICLES)
    ]
    _still_to_do(articles, people, today)
    _read(articles, rng, today)
    _visit([each for each in articles if each.audience == PUBLIC], rng, today)
    reading.sum_views()
    _teach(owner, people, today)
    _review(owner, people, rng, today)


def _write(
    text: Text,
    number: int,
    topics: dict[str, ArticleTopic],
    goods: dict[str, Product],
    people: dict[str, User],
    owner: User,
    today: date,
) -> Article:
    """Written by one of the two in service, published by the head of the company."""
    day = today - timedelta(days=WRITTEN_AGO - 10 * number)
    at = datetime.combine(day, time(14, 20), ZONE)
    writer = people["daniel" if text.title_en and number % 2 else "he"]
    fields = {
        "title": text.title,
        "body": text.body,
        "title_en": text.title_en,
        "body_en": text.body_en,
        "keywords": text.keywords,
        "audience": text.audience,
        "owner": writer,
    }
    article = writing.write_article(fields, actor=writer, on=day)
    products = [goods[code] for code in text.products if code in goods]
    writing.place_article(article, topics[text.topic], products, actor=writer, on=day)
    writing.submit_article(article, actor=writer, at=at)
    return writing.publish_article(article, actor=owner, at=at + timedelta(hours=3), remark="首版")


def _still_to_do(articles: list[Article], people: dict[str, User], today: date) -> None:
    """One was revised, one waits for review, one is being written, two have to be gone over."""
    at = datetime.combine(today - timedelta(days=20), time(10, 5), ZONE)
    revised = articles[10]
    body = revised.body.replace("7 个工作日内付款", "5 个工作日内付款")
    writing.edit_article(revised, {"body": body}, actor=people["he"], on=at.date())
    writing.submit_article(revised, actor=people["he"], at=at)
    writing.publish_article(revised, actor=people["zhou"], at=at, remark="付款从 7 天缩短到 5 天")
    waiting = articles[17]
    more = f"{waiting.body}\n- 电梯上楼：每件 2 元"
    writing.edit_article(waiting, {"body": more}, actor=people["daniel"], on=today)
    writing.submit_article(waiting, actor=people["daniel"], at=at)
    writing.write_article(
        {
            "title": "春节前后的停运安排",
            "body": "- 停收日期：待定\n- 最后一班干线：待定",
            "audience": 2,
        },
        actor=people["he"],
        on=today,
    )
    due = [articles[3].pk, articles[16].pk]
    Article.objects.filter(pk__in=due).update(review_due_on=today - timedelta(days=6))


def _read(articles: list[Article], rng: np.random.Generator, today: date) -> None:
    """How often each was opened over three months, and what readers said."""
    views, ratings = [], []
    for article, text in zip(articles, ARTICLES, strict=True):
        often = 0.2 + (text.helped + text.not_helped) / 25
        faces = ("agent",) if text.audience == INTERNAL else ("agent", "public")
        for face in faces:
            counts = rng.poisson(often * (2 if face == "public" else 0.6), size=90)
            views += [
                ArticleViews(article=article, on=today - timedelta(days=back), face=face, views=n)
                for back, n in enumerate(counts.tolist(), start=1)
                if n
            ]
        face = "agent" if text.audience == INTERNAL else "public"
        for place in range(text.helped + text.not_helped):
            at = datetime.combine(
                today - timedelta(days=int(rng.integers(1, 90))),
                time(int(rng.integers(8, 20))),
                ZONE,
            )
            is_helpful = place < text.helped
            ratings.append(
                ArticleRating(
                    article=article,
                    number=1,
                    is_helpful=is_helpful,
                    reason="" if is_helpful else REASONS[place % len(REASONS)],
                    words="" if is_helpful else MISSED[place % len(MISSED)],
                    face=face,
                    language="zh",
                    at=at,
                )
            )
        Article.objects.filter(pk=article.pk).update(helped=text.helped, not_helped=text.not_helped)
        article.refresh_from_db()
        article.texts.update(helpfulness=article.helpfulness)
    ArticleViews.objects.bulk_create(views)
    ArticleRating.objects.bulk_create(ratings)


def _visit(articles: list[Article], rng: np.random.Generator, today: date) -> None:
    """Customers who looked for help: most read something, some needed nobody after it."""
    visits = []
    for _each in range(VISITS):
        began = datetime.combine(
            today - timedelta(days=int(rng.integers(0, VISITS_DAYS)) + 1),
            time(int(rng.integers(7, 22)), int(rng.integers(0, 60))),
            ZONE,
        )
        visit = HelpVisit(face="public", began_at=began, shown_at=began)
        if rng.random() < 0.62:
            article = articles[int(rng.integers(len(articles)))]
            visit.opened_at, visit.opened = began + timedelta(minutes=1), article
            if rng.random() < 0.48:
                visit.solved_at, visit.solved_by = began + timedelta(minutes=4), article
        if rng.random() < (0.07 if visit.solved_at else 0.35):
            visit.ticket_at = began + timedelta(hours=float(rng.integers(1, 60)))
        visits.append(visit)
    HelpVisit.objects.bulk_create(visits)


def _teach(owner: User, people: dict[str, User], today: date) -> None:
    for login, skill, level, certificate, days in SKILLS:
        until = today + timedelta(days=days) if days else None
        set_skill(
            people[login],
            skill,
            level,
            actor=owner,
            on=today,
            certificate=certificate,
            expires_on=until,
        )
    courses: dict[str, Course] = {}
    for name, name_en, skill, months, is_required in COURSES:
        courses[name] = keep_course(
            None,
            name,
            name_en,
            skill=skill,
            valid_months=months,
            is_required=is_required,
            actor=owner,
            on=today,
        )
    for name, logins, ago, result in ATTENDED:
        day = today - timedelta(days=ago)
        attended = [people[login] for login in logins]
        note_training(courses[name], attended, result, day=day, actor=owner, on=today)


def _review(owner: User, people: dict[str, User], rng: np.random.Generator, today: date) -> None:
    """A sample of each of the last two months: the first reviewed and answered, the second under way."""
    at = datetime.combine(today, time(7, 30), ZONE)
    card = publish_scorecard(
        "七个对", "Seven rights", seven_rights(), actor=owner, at=at - timedelta(days=70)
    )
    reviewers = [people["he"], people["zhou"]]
    for months, finished in ((1, 0.95), (0, 0.4)):
        ends_on = today - timedelta(days=30 * months)
        span = {"begins_on": ends_on - timedelta(days=30), "ends_on": ends_on}
        if not _solved(owner, **span):
            continue
        made = draw_round(
            card,
            reviewers,
            **span,
            per_agent=6,
            seed=SEED + months,
            actor=owner,
            at=at - timedelta(days=25 * months + 2),
        )
        for place, review in enumerate(made.reviews.order_by("pk")):
            if rng.random() < finished:
                _judge(review, rng, at - timedelta(days=20 * months), place)
    done = CaseReview.objects.exclude(state=CaseReview.State.OPEN).exclude(agent=owner)
    first = done.order_by("pk").first()
    if first is not None:
        second = ask_second_review(first, owner, actor=owner, at=at)
        _judge(second, rng, at, 2)
        answer = "周末值班只有我一人，之后改为先发短信告知进展。"
        answer_review(first, answer, actor=first.agent, at=at)
    keep_months(actor=SYSTEM, at=at)


def _solved(owner: User, *, begins_on: date, ends_on: date) -> bool:
    return bool(solved_cases(begins_on, ends_on, owner))


def _judge(review: CaseReview, rng: np.random.Generator, at: datetime, place: int) -> None:
    marks: dict[str, int | None] = {
        each["key"]: int(rng.choice([2, 3, 4, 5], p=[0.08, 0.2, 0.4, 0.32]))
        for each in review.scorecard.criteria
    }
    if place % 3 == 0:
        marks["price"] = None
    words = PRAISE[place % len(PRAISE)]
    review_case(review, marks, {"time": words}, words, actor=review.reviewer, at=at)
