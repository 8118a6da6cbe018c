"""The tree of topics."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from kezhi.audit.recording import audited
from kezhi.core.actor import Actor
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.service.models import ArticleTopic

MOST_TOPICS = 500


@dataclass(frozen=True)
class Branch:
    """A topic in its place in the tree, with everything below it."""

    topic: ArticleTopic
    depth: int
    below: tuple[int, ...]  # its own id first


def tree() -> list[Branch]:
    """All topics, each after the one above it."""
    rows = list(ArticleTopic.objects.order_by("position", "pk")[:MOST_TOPICS])
    children: dict[int | None, list[ArticleTopic]] = {}
    for row in rows:
        children.setdefault(row.parent_id, []).append(row)

    def walk(parent: int | None, depth: int) -> Iterable[Branch]:
        for topic in children.get(parent, ()):
            inner = list(walk(topic.pk, depth + 1))
            yield Branch(topic, depth, (topic.pk, *(each.topic.pk for each in inner)))
            yield from inner

    return list(walk(None, 0))


@audited("article_topic.created")
def add_topic(
    name: str, name_en: str, parent: ArticleTopic | None, *, actor: Actor, on: date
) -> ArticleTopic:
    _demand(actor)
    topic = ArticleTopic(created_by_id=actor.pk)
    topic.position = ArticleTopic.objects.filter(parent=parent).count()
    return _keep(topic, name, name_en, parent)


@audited("article_topic.edited")
def change_topic(
    topic: ArticleTopic,
    name: str,
    name_en: str,
    parent: ArticleTopic | None,
    *,
    actor: Actor,
    on: date,
) -> ArticleTopic:
    """Another name, or another place in the tree."""
    _demand(actor)
    if parent is not None and any(
        parent.pk in branch.below for branch in tree() if branch.topic.pk == topic.pk
    ):
        raise Refused(_("A topic can't stand below itself."))
    return _keep(topic, name, name_en, parent)


@audited("article_topic.deleted")
def delete_topic(topic: ArticleTopic, *, actor: Actor, on: date) -> None:
    """An empty one: articles are moved elsewhere first."""
    _demand(actor)
    if topic.children.exists() or topic.articles.exists():
        raise Refused(_("There are articles or topics below it. Move them first."))
    topic.delete()


def _keep(
    topic: ArticleTopic, name: str, name_en: str, parent: ArticleTopic | None
) -> ArticleTopic:
    topic.name, topic.name_en, topic.parent = name.strip()[:80], name_en.strip()[:80], parent
    if not topic.name:
        raise Refused(_("Give the topic a name."))
    above, depth = parent, 1
    while above is not None:
        above, depth = above.parent, depth + 1
    if depth > ArticleTopic.DEEPEST:
        raise Refused(_("Topics stand at most four deep."))
    try:
        with transaction.atomic():
            topic.save()
    except IntegrityError:
        raise Refused(_("There is a topic of this name already.")) from None
    return topic


def _demand(actor: Actor) -> None:
    if not actor.may("create", "article"):
        raise NotAllowed(_("Your role doesn't arrange topics."))
