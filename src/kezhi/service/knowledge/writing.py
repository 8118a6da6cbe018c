"""Articles are written, looked at by somebody else, published, gone over again, and retired.

What readers see changes by a publication only; whoever works on a published article works on a draft beside it.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from kezhi.accounts.models import User
from kezhi.audit.recording import audited, note
from kezhi.catalog.models import Product
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.reaching import home_day
from kezhi.service.knowledge import tokens
from kezhi.service.models import Article, ArticleText, ArticleTopic, ArticleVersion, Ticket
from kezhi.workbench.customizing.entering import put

WORDS = ("title", "body", "title_en", "body_en", "keywords", "audience")
REVIEWED_EVERY = timedelta(days=365)
LONGEST_BODY = 60_000
MOST_PRODUCTS = 50
State = Article.State


@audited("article.created")
def write_article(fields: dict[str, Any], *, actor: Actor, on: date) -> Article:
    """A draft. Whoever writes it keeps it, unless somebody else is named."""
    if not actor.may("create", "article"):
        raise NotAllowed(_("Your role doesn't write articles."))
    article = Article(created_by_id=actor.pk)
    code = str(fields.get("code") or "").strip().upper()
    put("article", article, _entries(fields), actor)
    article.code = code or next_article_code()
    if article.owner_id is None and isinstance(actor, User):
        article.owner = actor
    article.written_by_id = actor.pk
    _check(article)
    article.save()
    return article


@audited("article.edited")
def edit_article(
    article: Article,
    changes: dict[str, Any],
    *,
    actor: Actor,
    on: date,
    version: int | None = None,
) -> Article:
    """Change the words being worked on: they have to be reviewed again before readers see them."""
    article = claim(article, actor=actor, action="edit", version=version)
    before = [getattr(article, name) for name in WORDS]
    note(fields=sorted(changes))
    put("article", article, _entries(changes), actor)
    if [getattr(article, name) for name in WORDS] != before:
        article.state, article.written_by_id = State.DRAFT, actor.pk
    _check(article)
    return _save(article)


@audited("article.deleted")
def delete_article(article: Article, *, actor: Actor, on: date) -> None:
    """A draft that nobody ever read. What was read once is retired, so that its versions stay."""
    article = claim(article, actor=actor, action="delete")
    if article.versions.exists():
        raise Refused(_("This article was published once. Retire it instead of deleting it."))
    article.delete()


@audited("article.submitted")
def submit_article(article: Article, *, actor: Actor, at: datetime) -> Article:
    article = claim(article, actor=actor, action="edit")
    if article.state != State.DRAFT:
        raise Refused(_("Only what is being written can be sent for review."))
    _demand_bodies(article)
    article.state, article.remark = State.REVIEW, ""
    if article.written_by_id is None:
        article.written_by_id = actor.pk
    return _save(article)


@audited("article.sent_back")
def send_back(article: Article, remark: str, *, actor: Actor, at: datetime) -> Article:
    """It isn't ready: `remark` says why."""
    article = claim(article, actor=actor, action="edit")
    if article.state != State.REVIEW:
        raise Refused(_("This article isn't in review."))
    if not remark.strip():
        raise Refused(_("Say what has to be done."))
    article.state, article.remark = State.DRAFT, remark.strip()[:500]
    return _save(article)


@audited("article.published")
def publish_article(article: Article, *, actor: Actor, at: datetime, remark: str = "") -> Article:
    """Readers see these words from now on. Nobody publishes what they wrote themselves."""
    article = claim(article, actor=actor, action="edit")
    if article.state != State.REVIEW:
        raise Refused(_("Send it for review first."))
    if actor.pk is not None and actor.pk == article.written_by_id:
        raise Refused(_("Somebody else has to look at what you wrote before it is published."))
    _demand_bodies(article)
    last = article.versions.order_by("-number").values_list("number", flat=True).first()
    article.live = ArticleVersion.objects.create(
        article=article,
        number=(last or 0) + 1,
        written_by_id=article.written_by_id,
        published_by_id=actor.pk,
        published_at=at,
        remark=remark.strip()[:500],
        **{name: getattr(article, name) for name in WORDS},
    )
    article.state, article.remark = State.PUBLISHED, ""
    on = home_day(at)
    if article.review_due_on is None or article.review_due_on <= on:
        article.review_due_on = on + REVIEWED_EVERY
    _save(article)
    make_texts(article)
    note(version=article.live.number)
    return article


@audited("article.confirmed")
def confirm_article(article: Article, *, actor: Actor, on: date) -> Article:
    """Somebody went over it and it still holds: due again in a year."""
    article = claim(article, actor=actor, action="edit")
    if article.live_id is None:
        raise Refused(_("Only what is published can be confirmed."))
    article.review_due_on = on + REVIEWED_EVERY
    return _save(article)


@audited("article.retired")
def retire_article(article: Article, *, actor: Actor, at: datetime, reason: str = "") -> Article:
    """Readers find it no more; its versions stay."""
    article = claim(article, actor=actor, action="edit")
    if article.live_id is None:
        raise Refused(_("Nobody reads this article yet."))
    article.state, article.live, article.review_due_on = State.RETIRED, None, None
    article.texts.all().delete()
    return _save(article)


@audited("article.taken_back")
def take_version_back(article: Article, number: int, *, actor: Actor, at: datetime) -> Article:
    """The words of an earlier version become the draft, to be reviewed like any other."""
    article = claim(article, actor=actor, action="edit")
    version = article.versions.filter(number=number).first()
    if version is None:
        raise Refused(_("There is no such version."))
    for name in WORDS:
        setattr(article, name, getattr(version, name))
    article.state, article.written_by_id = State.DRAFT, actor.pk
    note(version=number)
    return _save(article)


@audited("article.placed")
def place_article(
    article: Article,
    topic: ArticleTopic | None,
    products: list[Product],
    *,
    actor: Actor,
    on: date,
) -> Article:
    """Under which topic it stands and which products it is about."""
    article = claim(article, actor=actor, action="edit")
    article.topic = topic
    article.products.set(products[:MOST_PRODUCTS])
    return _save(article)


@audited("article.drafted")
def draft_from_ticket(ticket: Ticket, *, actor: Actor, on: date) -> Article:
    """What solved a case, as the beginning of an article. The customer's words don't go into it."""
    if ticket.state not in (Ticket.State.SOLVED, Ticket.State.CLOSED):
        raise Refused(_("Solve the ticket first: an article says what helped."))
    known = Article.objects.filter(ticket=ticket).first()
    if known is not None:
        raise Refused(_("%(code)s was written from this ticket.") % {"code": known.code})
    answer = ticket.solution or (
        ticket.entries.filter(sort="sent").order_by("-at").values_list("text", flat=True).first()
        or ""
    )
    ending = "_en" if ticket.language.startswith("en") else ""
    body = "\n\n".join(
        part
        for part in (
            f"## {_('Cause')}\n\n{ticket.cause}" if ticket.cause else "",
            f"## {_('What helps')}\n\n{answer}" if answer else "",
        )
        if part
    )
    fields = {f"title{ending}": ticket.subject[:200], f"body{ending}": body, "ticket": ticket}
    article = write_article(fields, actor=actor, on=on)
    if ticket.product_id:
        article.products.add(ticket.product_id)
    return article


def make_texts(article: Article) -> None:
    """What readers find, from the live version."""
    live = article.live
    article.texts.all().delete()
    if live is None:
        return
    parts = (("zh", live.title, live.body), ("en", live.title_en, live.body_en))
    ArticleText.objects.bulk_create(
        ArticleText(
            article=article,
            language=language,
            audience=live.audience,
            title=title,
            body=body,
            helpfulness=article.helpfulness,
            tokens=tokens.vector(title, body, live.keywords),
        )
        for language, title, body in parts
        if title
    )


def next_article_code() -> str:
    """`KB-0042`: from a sequence, skipping codes that a file brought."""
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT nextval('service_article_code_seq')")
            code = f"KB-{cursor.fetchone()[0]:04d}"
            if not Article.objects.filter(code=code).exists():
                return code


def _entries(fields: dict[str, Any]) -> dict[str, Any]:
    """As the columns hold them; the number is none that people change."""
    entries = {name: entry for name, entry in fields.items() if name != "code"}
    if "audience" in entries:
        entries["audience"] = int(entries["audience"] or Article.Audience.INTERNAL)
        if entries["audience"] not in Article.Audience.values:
            raise Refused(_("Choose who may read it."))
    return entries


def _save(article: Article) -> Article:
    article.version += 1
    article.save()
    return article


def _check(article: Article) -> None:
    article.title, article.title_en = article.title.strip(), article.title_en.strip()
    if not article.name:
        raise Refused(_("Give the article a title, in Chinese or in English."))
    if max(len(article.body), len(article.body_en)) > LONGEST_BODY:
        raise Refused(_("This text is too long for one article. Split it."))
    if article.owner_id is None:
        raise Refused(_("Say who keeps this article up to date."))


def _demand_bodies(article: Article) -> None:
    """Each title needs its text: half a translation helps nobody."""
    for title, body in ((article.title, article.body), (article.title_en, article.body_en)):
        if bool(title) != bool(body.strip()):
            raise Refused(_("Each language needs both a title and a text."))
