"""Tags: words that people put on records of any kind.

A taggable kind has a virtual field `tags` (see `tagged`): in list, form, panel, filter and export it is a field
like another, and its entry is the list of the record's tags in the order of their names.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezhi.audit.recording import as_one_batch, audited, note, traced_by
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.names import name_key
from kezhi.core.normal_form import normal_form
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.records import Field, FieldKind, Kind
from kezhi.workbench.models import Tag, Tagging

LONGEST = 60
MOST_ON_A_RECORD = 50
COLOURS = range(7)
FIELD = "tags"
_KEPT = "_kezhi_tags"
_tagged: dict[int, tuple[Kind, Kind]] = {}


# ---- the field ----


def tagged(kind: Kind) -> Kind:
    """The kind with the field `tags`, if it takes any; the same object for the same kind."""
    if not kind.is_taggable or FIELD in kind:
        return kind
    known = _tagged.get(id(kind))
    if known is None:
        # The kind itself is kept beside, so that its id isn't given to another one.
        known = _tagged[id(kind)] = (kind, _with_field(kind))
    return known[1]


def _with_field(kind: Kind) -> Kind:
    tags = Field(
        FIELD,
        gettext_lazy("Tags"),
        FieldKind.TAGS,
        is_editable=kind.edit is not None,
        is_filterable=True,
        reads=lambda record: tags_of(kind.name, record) or None,
    )
    return replace(
        kind,
        fields=(*kind.fields, tags),
        form=(*kind.form, FIELD) if kind.form else (),
        properties=(*kind.properties, FIELD),
        create=kind.create and _creating(kind.name, kind.create),
        edit=kind.edit and _editing(kind.name, kind.edit),
    )


def _creating(kind: str, create: Callable[..., Any]) -> Callable[..., Any]:
    @traced_by("record.tagged")
    def create_tagged(fields: dict[str, Any], *, actor: Actor, on: date, **about: Any) -> Any:
        fields = dict(fields)
        wanted = fields.pop(FIELD, None) or []
        with transaction.atomic():
            record = create(fields, actor=actor, on=on, **about)
            # Of a record that the actor has just created no right to edit is asked for.
            _write(kind, record, _existing(wanted, actor), ())
        return record

    return create_tagged


def _editing(kind: str, edit: Callable[..., Any]) -> Callable[..., Any]:
    @traced_by("record.tagged")
    def edit_tagged(
        record: Any,
        changes: dict[str, Any],
        *,
        actor: Actor,
        on: date,
        version: int | None = None,
        **about: Any,
    ) -> Any:
        changes = dict(changes)
        if FIELD not in changes:
            return edit(record, changes, actor=actor, on=on, version=version, **about)
        wanted = changes.pop(FIELD) or []
        with transaction.atomic():
            if changes:
                record = edit(record, changes, actor=actor, on=on, version=version, **about)
            else:
                record = claim(record, actor=actor, action="edit", version=version)
            wanted = _existing(wanted, actor)
            present = {tag.pk for tag in tags_of(kind, record)}
            asked = {tag.pk for tag in wanted}
            add = [tag for tag in wanted if tag.pk not in present]
            remove = [tag for tag in tags_of(kind, record) if tag.pk not in asked]
            if add or remove:
                tag_record(kind, record, add, remove, actor=actor)
        return record

    return edit_tagged


def _existing(wanted: Iterable[Tag], actor: Actor) -> list[Tag]:
    """Tags that were only typed until now are created."""
    return [tag if tag.pk else create_tag(tag.name, actor=actor) for tag in wanted]


def understood(names: Iterable[str], actor: Actor) -> list[Tag]:
    """The tags of these names; a new one, not saved yet, where the actor may create it, else `Refused`."""
    found: dict[str, Tag] = {}
    for name in list(names)[: MOST_ON_A_RECORD + 1]:
        tag = named(name)
        if tag is None:
            if not actor.may("create", "tag"):
                raise Refused(_("There is no tag “%(name)s”.") % {"name": name[:LONGEST]})
            tag = Tag(name=_fitting(name))
        found[tag.name.lower()] = tag
    return list(found.values())


def tags_of(kind: str, record: Any) -> list[Tag]:
    """The record's tags by name; read once, or for a whole page by `attach`."""
    known: list[Tag] | None = getattr(record, _KEPT, None)
    if known is None:
        attach(kind, [record])
        known = getattr(record, _KEPT)
    return known


def know(record: Any, tags: list[Tag]) -> None:
    """Who has learned the record's tags in another way says so: nobody asks again."""
    setattr(record, _KEPT, tags)


def attach(kind: str, records: Sequence[Any]) -> None:
    """Fetch the tags of all these records at once."""
    by_record: dict[int, list[Tag]] = {record.pk: [] for record in records}
    found = Tagging.objects.filter(kind=kind, object_id__in=list(by_record))
    for tagging in found.select_related("tag").order_by("tag__name_key", "tag_id"):
        by_record[tagging.object_id].append(tagging.tag)
    for record in records:
        know(record, by_record[record.pk])


# ---- finding ----


def suggestions(typed: str, actor: Actor, most: int = 8) -> list[Tag]:
    """Tags that begin like this, as written, in pinyin or by initials; the exact one first."""
    text = clean(typed)
    tags = Tag.objects.visible_to(actor)
    if not text:
        return []
    key = name_key(text)
    letters = key.replace(" ", "")
    starts = Q(name_key__startswith=key) | Q(letters__startswith=letters)
    starts |= Q(initials__startswith=letters)
    exact = named(text)
    found = [exact] if exact is not None and actor.may("read", "tag") else []
    rest = tags.filter(starts).exclude(pk__in=[tag.pk for tag in found])
    return [*found, *rest.order_by("name_key", "pk")[: most - len(found)]]


def named(name: str) -> Tag | None:
    """The tag of that name, whatever the case of its letters."""
    same: Tag | None = (
        Tag.objects.annotate(lower_name=models.functions.Lower("name"))
        .filter(lower_name=clean(name).lower())
        .first()
    )
    return same


def clean(name: str) -> str:
    """A tag's name in one spelling: full-width letters, doubled and outer spaces are evened out."""
    plain = normal_form("NFKC", name)
    # Not `isprintable`: the joiners inside emoji and right-to-left marks belong to the text.
    return " ".join("".join(c if unicodedata.category(c) != "Cc" else " " for c in plain).split())


# ---- deeds ----


@audited("tag.created")
def create_tag(name: str, *, actor: Actor, colour: int = 0) -> Tag:
    """A new tag; the existing one when there is one of that name."""
    if not actor.may("create", "tag"):
        raise NotAllowed(_("Your role doesn’t create tags."))
    known = named(name)
    if known is not None:
        return known
    tag = Tag(name=_fitting(name), colour=_colour(colour))
    tag.save()
    return tag


@audited("tag.changed")
def change_tag(tag: Tag, *, name: str, colour: int, actor: Actor) -> Tag:
    """Another name or colour, on every record at once."""
    tag = _claimed(tag, actor, "edit")
    other = named(name)
    if other is not None and other.pk != tag.pk:
        raise Refused(
            _("There is a tag “%(name)s” already. Merge the two instead.") % {"name": other.name}
        )
    tag.name, tag.colour = _fitting(name), _colour(colour)
    tag.save()
    return tag


@audited("tag.merged")
def merge_tags(tag: Tag, into: Tag, *, actor: Actor) -> Tag:
    """`tag` is gone; what carried it carries `into`."""
    if tag.pk == into.pk:
        raise Refused(_("Choose another tag to merge with."))
    # The one with the smaller id first, so that two people who merge crosswise wait instead of blocking.
    for one in sorted((tag, into), key=lambda each: each.pk):
        _claimed(one, actor, "delete" if one.pk == tag.pk else "edit")
    note(tag=tag.name, into=into.name)
    carried = Tagging.objects.filter(tag=tag)
    note(records=carried.count())
    twice = Tagging.objects.filter(
        tag=into, kind=models.OuterRef("kind"), object_id=models.OuterRef("object_id")
    )
    with as_one_batch():
        carried.filter(models.Exists(twice)).delete()
        carried.update(tag=into)
    tag.delete()
    return into


@audited("tag.deleted")
def delete_tag(tag: Tag, *, actor: Actor) -> None:
    """The tag is taken off every record."""
    tag = _claimed(tag, actor, "delete")
    carried = Tagging.objects.filter(tag=tag)
    note(tag=tag.name, records=carried.count())
    with as_one_batch():
        carried.delete()
    tag.delete()


@audited("record.tagged")
def tag_record(
    kind: str, record: models.Model, add: Iterable[Tag], remove: Iterable[Tag], *, actor: Actor
) -> None:
    """Put tags on a record that the actor may edit, and take others off."""
    record = claim(record, actor=actor, action="edit")
    add, remove = list(add), list(remove)
    known = {tag.pk for tag in Tag.objects.visible_to(actor).filter(pk__in=[t.pk for t in add])}
    if any(tag.pk not in known for tag in add):
        raise Refused(_("One of the tags doesn’t exist any more."))
    _write(kind, record, add, remove)
    note(added=[tag.name for tag in add], removed=[tag.name for tag in remove])


def _write(kind: str, record: models.Model, add: Iterable[Tag], remove: Iterable[Tag]) -> None:
    Tagging.objects.filter(kind=kind, object_id=record.pk, tag__in=list(remove)).delete()
    Tagging.objects.bulk_create(
        [Tagging(kind=kind, object_id=record.pk, tag=tag) for tag in add], ignore_conflicts=True
    )
    if Tagging.objects.filter(kind=kind, object_id=record.pk).count() > MOST_ON_A_RECORD:
        raise Refused(_("At most %(count)d tags fit on a record.") % {"count": MOST_ON_A_RECORD})
    if hasattr(record, _KEPT):
        delattr(record, _KEPT)


def _claimed(tag: Tag, actor: Actor, action: str) -> Tag:
    if not actor.may(action, "tag"):
        raise NotAllowed(_("Your role doesn’t change tags."))
    row: Tag | None = Tag.objects.select_for_update().filter(pk=tag.pk).first()
    if row is None:
        raise Refused(_("One of the tags doesn’t exist any more."))
    return row


def _fitting(name: str) -> str:
    cleaned = clean(name)
    if not cleaned:
        raise Refused(_("Give the tag a name."))
    # Between commas or semicolons several tags stand in one cell of a file.
    if len(cleaned) > LONGEST or "," in cleaned or ";" in cleaned:
        raise Refused(_("A tag’s name has at most 60 characters, no comma and no semicolon."))
    return cleaned


def _colour(colour: int) -> int:
    if colour not in COLOURS:
        raise Refused(_("Choose one of the colours."))
    return colour
