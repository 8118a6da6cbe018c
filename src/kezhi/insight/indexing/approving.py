"""From draft to the index system in force: asked for, approved, published on a day."""

from __future__ import annotations

from datetime import date, timedelta

from django.utils.translation import gettext as _

from kezhi.accounts.models import person
from kezhi.audit.recording import audited, note, traced_by
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.insight.indexing import judging, shaping
from kezhi.insight.indexing.checking import check_tree
from kezhi.insight.indexing.drafting import InvalidIndex, judgements_of
from kezhi.insight.indexing.shaping import Plain
from kezhi.insight.models import IndexDraft
from kezhi.insight.ruling import InvalidRules, current_settings, publish_tree

LONGEST_WAIT_DAYS = 366
State = IndexDraft.State


def whole_tree(draft: IndexDraft) -> Plain:
    """The draft's tree with everybody's judgements: what would be published."""
    return judging.with_judgements(draft.tree, judgements_of(draft))


def lacking(tree: Plain) -> list[tuple[str, str]]:
    """What keeps a tree from being published: path of the index and a sentence."""
    found = list(check_tree(tree))
    if not found:
        try:
            shaping.built(tree)
        except ValueError as error:
            found.append(("", str(error)))
    return found


@audited("index_draft.submitted")
def submit_draft(
    draft: IndexDraft, *, actor: Actor, on: date, reason: str, effective_on: date | None = None
) -> IndexDraft:
    """Ask that the draft is published, from `effective_on` (default: today).

    Raises `InvalidIndex`, and `Refused` while something is lacking or nothing is different.
    """
    row: IndexDraft = claim(draft, actor=actor, action="create")
    if not row.is_draft:
        raise Refused(_("This has been decided already."))
    errors = {}
    if not reason.strip():
        errors["reason"] = _("Say why: colleagues will ask when scores change.")
    begins = effective_on or on
    if not on <= begins <= on + timedelta(days=LONGEST_WAIT_DAYS):
        errors["effective_on"] = _("Choose a day from today to twelve months from today.")
    if errors:
        raise InvalidIndex(errors)
    _must_be_publishable(row)
    row.state, row.reason, row.effective_on = State.WAITING, reason.strip()[:300], begins
    row.submitted_on, row.submitted_by, row.decision = on, person(actor), ""
    row.version += 1
    row.save()
    return row


@audited("index_draft.approved")
def approve_draft(draft: IndexDraft, *, actor: Actor, on: date) -> IndexDraft:
    """Publish it: at once, or with the first value run from its day on.

    Where the company wants a second person, nobody approves what they asked for themselves.
    """
    row = _decide(draft, actor=actor)
    if not may_approve(actor, row):
        raise NotAllowed(_("Somebody else has to approve your request."))
    _must_be_publishable(row)
    row.state, row.decided_on, row.decided_by = State.APPROVED, on, person(actor)
    row.effective_on = max(row.effective_on or on, on)
    row.version += 1
    row.save()
    note(effective_on=row.effective_on.isoformat())
    if row.effective_on <= on:
        return _publish(row, actor=actor, on=on)
    return row


@audited("index_draft.returned")
def return_draft(draft: IndexDraft, *, actor: Actor, on: date, reason: str) -> IndexDraft:
    """Back to being a draft: its authors read why."""
    row = _decide(draft, actor=actor)
    if not reason.strip():
        raise InvalidIndex({"decision": _("Say why: whoever asked for it will read it.")})
    return _reopened(row, actor=actor, on=on, decision=reason)


@audited("index_draft.withdrawn")
def withdraw_draft(draft: IndexDraft, *, actor: Actor, on: date) -> IndexDraft:
    """Whoever asked for approval takes it back to go on writing; one that waits for its day goes back, too."""
    row: IndexDraft = claim(draft, actor=actor, action="create")
    if not (row.is_waiting or row.is_approved):
        raise Refused(_("This has been decided already."))
    if row.is_approved and not actor.may("edit", "index_draft"):
        raise NotAllowed(_("Your role doesn't approve the index system."))
    return _reopened(row, actor=actor, on=on)


@traced_by("index_draft.published")
def publish_due(*, actor: Actor, on: date) -> int:
    """Publish what was approved for today or earlier, in the order of its days; returns how many."""
    count = 0
    for draft in IndexDraft.objects.due(on).order_by("effective_on", "pk"):
        publish_approved(draft, actor=actor, on=on)
        count += 1
    return count


@audited("index_draft.published")
def publish_approved(draft: IndexDraft, *, actor: Actor, on: date) -> IndexDraft:
    """Its day has come. What can't be published any more goes back to its authors with the reason."""
    row: IndexDraft = claim(draft, actor=actor, action="edit")
    if not row.is_approved:
        return row
    try:
        return _publish(row, actor=actor, on=on)
    except Refused as refusal:
        return _reopened(row, actor=actor, on=on, decision=str(refusal))


def may_approve(actor: Actor, draft: IndexDraft) -> bool:
    """Of those whose role approves: not one's own, where the company wants a second person."""
    if not actor.may("edit", "index_draft"):
        return False
    is_own = draft.submitted_by_id is not None and draft.submitted_by_id == actor.pk
    return not (is_own and current_settings().needs_second_person)


# ---- steps ----


def _decide(draft: IndexDraft, *, actor: Actor) -> IndexDraft:
    if not actor.may("edit", "index_draft"):
        raise NotAllowed(_("Your role doesn't approve the index system."))
    row: IndexDraft = claim(draft, actor=actor, action="edit")
    if not row.is_waiting:
        raise Refused(_("This has been decided already."))
    return row


def _must_be_publishable(draft: IndexDraft) -> None:
    tree = whole_tree(draft)
    wrong = lacking(tree)
    if wrong:
        raise Refused(wrong[0][1])
    if shaping.same(tree, current_settings().rules["tree"]):
        raise Refused(_("Nothing is different from the index system in force."))


def _publish(draft: IndexDraft, *, actor: Actor, on: date) -> IndexDraft:
    try:
        settings = publish_tree(
            whole_tree(draft), actor=actor, on=on, reason=draft.reason, person=draft.decided_by
        )
    except InvalidRules as invalid:
        raise Refused(str(invalid)) from invalid
    draft.state, draft.published_as = State.PUBLISHED, settings
    draft.effective_on = on
    draft.save()
    return draft


def _reopened(draft: IndexDraft, *, actor: Actor, on: date, decision: str = "") -> IndexDraft:
    draft.state, draft.decision = State.DRAFT, decision.strip()[:300]
    draft.decided_on, draft.decided_by = on, person(actor)
    draft.version += 1
    draft.save()
    return draft
