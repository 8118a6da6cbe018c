"""Ideas of customers: submitted in the portal, looked at by colleagues, published, voted for, answered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from kezhi.accounts.models import person
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.refusal import Refused
from kezhi.customers.models import Need
from kezhi.service.models import Idea, IdeaComment, IdeaVote
from kezhi.service.portal.actors import PortalActor
from kezhi.workbench.customizing.entering import demand_only, put

State = Idea.State
MOST_A_DAY = 10
LONGEST_TEXT = 5_000
MODERATED = frozenset({"state", "answer", "is_published", "need"})


def ideas_for(actor: PortalActor) -> QuerySet[Idea]:
    """Published ones, and their own: with `is_mine` and `is_voted`."""
    mine = Q(account=actor.account)
    voted = IdeaVote.objects.filter(idea=OuterRef("pk"), account=actor.account)
    rows: QuerySet[Idea] = Idea.objects.filter(Q(is_published=True) | mine)
    return rows.annotate(is_voted=Exists(voted))


@audited("idea.submitted")
def submit(title: str, text: str, *, actor: PortalActor, at: datetime, on: date) -> Idea:
    """A new idea; colleagues look at it before others see it."""
    title = " ".join(title.split())[:150]
    if not title:
        raise Refused(_("Give your idea a title."))
    recent = Idea.objects.filter(account=actor.account, created_at__gt=at - timedelta(days=1))
    text = text.strip()[:LONGEST_TEXT]
    if (known := recent.filter(title=title, text=text).first()) is not None:
        return known  # the button was pressed twice
    if recent[:MOST_A_DAY].count() >= MOST_A_DAY:
        raise Refused(_("You have written a great deal today. Please go on tomorrow, or call us."))
    idea = Idea(
        customer=actor.customer,
        contact=actor.contact,
        account=actor.account,
        title=title,
        text=text,
        submitted_on=on,
        **actor.customer.place,
    )
    idea.save()
    return idea


@audited("idea.voted")
def vote(idea: Idea, *, actor: PortalActor, at: datetime) -> Idea:
    """One vote an account, for a published idea; voting twice changes nothing."""
    idea = _published(idea)
    IdeaVote.objects.get_or_create(idea=idea, account=actor.account, defaults={"at": at})
    idea.refresh_from_db(fields=["votes_count"])
    return idea


@audited("idea.vote_taken_back")
def take_vote_back(idea: Idea, *, actor: PortalActor) -> Idea:
    idea = _published(idea)
    IdeaVote.objects.filter(idea=idea, account=actor.account).delete()
    idea.refresh_from_db(fields=["votes_count"])
    return idea


@audited("idea.moderated")
def moderate(
    idea: Idea,
    changes: Mapping[str, Any],
    *,
    actor: Actor,
    on: date,
    version: int | None = None,
) -> Idea:
    """State, answer, whether others read it, and the need it became. The words stay the customer's."""
    idea = claim(idea, actor=actor, action="edit", version=version)
    demand_only(MODERATED, changes, Idea)
    answered, published = idea.answer, idea.is_published
    note(fields=sorted(changes))
    put("idea", idea, changes, actor)
    if idea.state not in State.values:
        raise Refused(_("Choose the state from the list."))
    idea.answer = idea.answer.strip()[:LONGEST_TEXT]
    if idea.state == State.DECLINED and not idea.answer:
        raise Refused(_("Say why: whoever had the idea reads the answer."))
    if idea.need is not None and not _may_link(idea.need, idea, actor):
        raise Refused(_("Choose a need of this customer."))
    if idea.answer != answered:
        idea.answered_on = on if idea.answer else None
    if idea.is_published and not published:
        idea.published_on = on
    idea.version += 1
    idea.save()
    return idea


@audited("idea.deleted")
def delete_idea(idea: Idea, *, actor: Actor, on: date) -> None:
    claim(idea, actor=actor, action="delete").delete()


@audited("idea.commented")
def comment(idea: Idea, text: str, *, actor: Actor, at: datetime) -> IdeaComment:
    """A word of the company, for everybody who reads the idea."""
    idea = claim(idea, actor=actor, action="edit")
    if not text.strip():
        raise Refused(_("Write the comment before you send it."))
    return IdeaComment.objects.create(
        idea=idea, author=person(actor), text=text.strip()[:LONGEST_TEXT], at=at
    )


@audited("idea.comment_removed")
def remove_comment(comment: IdeaComment, *, actor: Actor) -> None:
    claim(comment.idea, actor=actor, action="edit")
    comment.delete()


def _published(idea: Idea) -> Idea:
    found = Idea.objects.published().select_for_update(of=("self",)).filter(pk=idea.pk).first()
    if found is None:
        raise Refused(_("This idea isn’t there any more."))
    return found  # type: ignore[no-any-return]


def _may_link(need: Need, idea: Idea, actor: Actor) -> bool:
    seen = Need.objects.visible_to(actor).filter(pk=need.pk, customer_id=idea.customer_id)
    return bool(seen.exists())
