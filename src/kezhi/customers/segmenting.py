"""Segments made from a filter or a selection, changed and frozen.

A live segment is its filter, asked anew by whoever looks: nobody counts or lists customers by way of it that
they may not see, nor asks for a field that is hidden from them. A frozen one is a list of members.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice

from django.utils.translation import gettext as _

from kezhi.accounts.models import User
from kezhi.audit.recording import audited, note
from kezhi.core import queue
from kezhi.core.actor import Actor, Scope
from kezhi.core.claiming import claim
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.models import Customer, Segment, SegmentMember, SegmentMove
from kezhi.customers.reading_segments import asked_by, members, reached_by, with_names
from kezhi.records import registry
from kezhi.workbench.filtering import Asking, Filter
from kezhi.workbench.filtering.tree import parse, written
from kezhi.workbench.operands import is_one_line

MOST_CHOSEN = 10_000  # members added or removed by one deed
BATCH = 5_000
REACH = {
    Segment.Audience.PRIVATE: Scope.OWN,
    Segment.Audience.TEAM: Scope.TEAM,
    Segment.Audience.EVERYONE: Scope.ALL,
}


@dataclass(frozen=True)
class Wording:
    """What a person types about a segment."""

    name: str
    description: str = ""
    audience: str = Segment.Audience.PRIVATE.value


@audited("segment.created")
def create_segment(
    wording: Wording,
    *,
    actor: Actor,
    on: date,
    asking: Asking,
    conditions: Iterable[str] = (),
    text: str = "",
    chosen: Iterable[int] | None = None,
) -> Segment:
    """A live segment of a filter, or with `chosen` a frozen one of these customers."""
    if not isinstance(actor, User) or not actor.may("create", "segment"):
        raise NotAllowed(_("Your role doesn’t make segments."))
    segment = Segment(owner=actor, is_frozen=chosen is not None)
    if chosen is not None:
        segment.frozen_on = segment.counted_on = on
    else:
        segment.conditions = _checked(conditions, text, asking)
        segment.text = text.strip()
    _word(segment, wording, actor, "create")
    segment.save()
    if chosen is not None:
        segment.size = add_rows(segment, _reachable(chosen, actor), on, is_first=True)
        segment.save(update_fields=["size"])
    else:
        _ask_to_count(segment)
    return segment


@audited("segment.changed")
def change_segment(
    segment: Segment, wording: Wording, *, actor: Actor, version: int | None = None
) -> Segment:
    segment = claim(segment, actor=actor, action="edit", version=version)
    _word(segment, wording, actor, "edit")
    segment.version += 1
    segment.save()
    return segment


@audited("segment.refiltered")
def refilter_segment(
    segment: Segment,
    conditions: Iterable[str],
    *,
    actor: Actor,
    asking: Asking,
    text: str = "",
) -> Segment:
    """Another filter: a live segment from now on, whose history begins anew."""
    segment = claim(segment, actor=actor, action="edit")
    segment.conditions = _checked(conditions, text, asking, segment)
    segment.text, segment.is_frozen, segment.frozen_on = text.strip(), False, None
    segment.size, segment.counted_on = None, None
    segment.version += 1
    segment.save()
    for rows in (segment.members, segment.moves, segment.days):
        rows.all().delete()
    _ask_to_count(segment)
    return segment


@audited("segment.frozen")
def freeze_segment(segment: Segment, *, actor: Actor, on: date, asking: Asking) -> Segment:
    """Keep as members those whom the filter finds now, as the actor sees them; once more if it was frozen."""
    segment = claim(segment, actor=actor, action="edit")
    if not segment.conditions and not segment.text:
        raise Refused(_("This segment was made from a selection; it has no filter to ask again."))
    was_frozen, segment.is_frozen = segment.is_frozen, False
    found = members(segment, replace(asking, actor=actor)).order_by()
    now = found.values_list("pk", flat=True)
    gone = list(segment.members.values_list("customer_id", flat=True).difference(now))
    is_first = not was_frozen and segment.counted_on is None
    remove_rows(segment, gone, on)
    add_rows(segment, now.iterator(BATCH), on, is_first=is_first)
    segment.is_frozen, segment.frozen_on, segment.counted_on = True, on, on
    segment.size = segment.members.count()
    segment.version += 1
    segment.save()
    return segment


@audited("segment.thawed")
def thaw_segment(segment: Segment, *, actor: Actor) -> Segment:
    """Let the filter decide again; who was added by hand leaves with the next count."""
    segment = claim(segment, actor=actor, action="edit")
    if not segment.conditions and not segment.text:
        raise Refused(_("This segment was made from a selection; it has no filter to ask again."))
    segment.is_frozen, segment.frozen_on = False, None
    segment.version += 1
    segment.save()
    _ask_to_count(segment)
    return segment


@audited("segment.joined")
def add_members(segment: Segment, customers: Iterable[int], *, actor: Actor, on: date) -> int:
    """Customers put into a frozen segment by hand; how many were new."""
    segment = _frozen(segment, actor)
    added = add_rows(segment, _reachable(customers, actor), on)
    note(customers=added)
    return _resized(segment, added)


@audited("segment.parted")
def remove_members(segment: Segment, customers: Iterable[int], *, actor: Actor, on: date) -> int:
    segment = _frozen(segment, actor)
    removed = remove_rows(segment, _reachable(customers, actor), on)
    note(customers=removed)
    return _resized(segment, removed)


@audited("segment.deleted")
def delete_segment(segment: Segment, *, actor: Actor) -> None:
    """Unless another segment asks for it."""
    segment = claim(segment, actor=actor, action="delete")
    for other in Segment.objects.exclude(pk=segment.pk).only("pk", "conditions"):
        if segment.pk in asked_by(other.conditions):
            raise Refused(_("Another segment is made from this one, so it can’t be deleted."))
    segment.delete()


def audiences(actor: Actor) -> list[tuple[str, str]]:
    """To whom this person may show a segment."""
    reach = actor.scope("create", "segment")
    return [
        (audience.value, str(audience.label))
        for audience, needed in REACH.items()
        if reach >= needed and (audience != Segment.Audience.TEAM or actor.team_id is not None)
    ]


def _word(segment: Segment, wording: Wording, actor: Actor, action: str) -> None:
    name, description = wording.name.strip(), wording.description.strip()
    if not name:
        raise Refused(_("Give the segment a name."))
    if len(name) > 60 or not is_one_line(name):
        raise Refused(_("A segment’s name has at most 60 characters."))
    if len(description) > 500 or "\x00" in description:
        raise Refused(_("A description has at most 500 characters."))
    if wording.audience not in Segment.Audience.values:
        raise Refused(_("Choose who sees the segment."))
    audience = Segment.Audience(wording.audience)
    if actor.scope(action, "segment") < REACH[audience]:
        raise NotAllowed(_("Your role doesn’t share segments with so many people."))
    if audience is not Segment.Audience.TEAM:
        segment.team_id = None
    elif segment.team_id is None:
        segment.team_id = actor.team_id
        if segment.team_id is None:
            raise Refused(_("You belong to no team that could see it."))
    same = Segment.objects.filter(owner_id=segment.owner_id, name=name)
    if same.exclude(pk=segment.pk).exists():
        raise Refused(_("You have a segment “%(name)s” already.") % {"name": name})
    segment.name, segment.description, segment.audience = name, description, audience.value


def _checked(
    conditions: Iterable[str], text: str, asking: Asking, segment: Segment | None = None
) -> list[str]:
    """The conditions as they are kept: allowed to the actor, "me" by name, and never asking for itself."""
    sources = list(conditions)
    kind = registry["customer"]
    # As it will be read: inside a segment, though it has no number yet.
    inside = replace(asking, within=(segment.pk if segment else 0,), spent=[0])
    checked = Filter.of(kind, inside, conditions=sources, text=text)
    if checked.problems:
        raise Refused(" ".join(checked.problems))
    if checked.is_empty:
        raise Refused(_("A live segment needs at least one filter."))
    if segment is not None and segment.pk in reached_by(sources):
        raise Refused(_("A segment can’t be made from itself."))
    return [written(with_names(kind, parse(source), asking)) for source in sources]


def _reachable(customers: Iterable[int], actor: Actor) -> list[int]:
    chosen = list(islice(dict.fromkeys(customers), MOST_CHOSEN + 1))
    if len(chosen) > MOST_CHOSEN:
        raise Refused(_("At most %(count)d customers at once.") % {"count": MOST_CHOSEN})
    seen = Customer.objects.visible_to(actor).filter(pk__in=chosen)
    return list(seen.values_list("pk", flat=True))


def _frozen(segment: Segment, actor: Actor) -> Segment:
    segment = claim(segment, actor=actor, action="edit")
    if not segment.is_frozen:
        raise Refused(_("The filter decides who is in a live segment. Freeze it first."))
    return segment


def add_rows(
    segment: Segment, customers: Iterable[int], on: date, *, is_first: bool = False
) -> int:
    """How many of these were not members before; a segment's first members entered nothing."""
    added, waiting = 0, iter(customers)
    while batch := list(islice(waiting, BATCH)):
        known = set(
            segment.members.filter(customer_id__in=batch).values_list("customer_id", flat=True)
        )
        new = [pk for pk in batch if pk not in known]
        SegmentMember.objects.bulk_create(
            [SegmentMember(segment=segment, customer_id=pk, since=on) for pk in new]
        )
        if not is_first:
            _note_moves(segment, new, on, is_entry=True)
        added += len(new)
    return added


def remove_rows(segment: Segment, customers: Iterable[int], on: date) -> int:
    removed, waiting = 0, iter(customers)
    while batch := list(islice(waiting, BATCH)):
        rows = segment.members.filter(customer_id__in=batch)
        gone = list(rows.values_list("customer_id", flat=True))
        rows.delete()
        _note_moves(segment, gone, on, is_entry=False)
        removed += len(gone)
    return removed


def _note_moves(segment: Segment, customers: Sequence[int], on: date, *, is_entry: bool) -> None:
    SegmentMove.objects.bulk_create(
        [
            SegmentMove(segment=segment, customer_id=pk, moved_on=on, is_entry=is_entry)
            for pk in customers
        ]
    )


def _resized(segment: Segment, changed: int) -> int:
    segment.size = segment.members.count()
    segment.save(update_fields=["size"])
    return changed


def _ask_to_count(segment: Segment) -> None:
    queue.defer("segments.count", queueing_lock=f"segments.count.{segment.pk}", segment=segment.pk)
