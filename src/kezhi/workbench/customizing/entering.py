"""The one place through which deeds write what people entered: columns and custom fields alike."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.translation import gettext as _

from kezhi.core.actor import Access, Actor
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.records import Field, Kind, registry
from kezhi.workbench.customizing.building import native
from kezhi.workbench.customizing.computing import compute
from kezhi.workbench.customizing.entries import stored

# Asked before an entry is put into a custom field: a higher app refuses what may not be kept
# (`guard(record, field)` raises `Refused`).
guards: list[Callable[[Any, Field], None]] = []


def put(kind_name: str, record: Any, entries: Mapping[str, Any], actor: Actor) -> None:
    """Set fields of the record, which the caller saves: columns as given, custom fields checked.

    Whatever is neither a column nor a custom field in use is refused, and so is a required custom field left
    empty. Computed fields follow; nobody writes them.
    """
    kind = registry[kind_name]
    custom = dict(record.custom or {})
    # Columns first: a guard asks whose record it is.
    for name, entry in sorted(entries.items(), key=lambda each: _is_custom(kind, each[0])):
        if _is_custom(kind, name):
            _put(kind, custom, name, entry, actor)
            if custom.get(name) not in (None, record.custom.get(name) if record.custom else None):
                for guard in guards:
                    guard(record, kind.field(name))
        elif _is_column(record, name):
            setattr(record, name, entry)
        else:
            raise Refused(
                _("%(kind)s has no field “%(name)s”.") % {"kind": kind.label, "name": name[:60]}
            )
    _demand_required(kind, record, custom, entries)
    compute(kind, record, custom)
    record.custom = custom


def _is_custom(kind: Kind, name: str) -> bool:
    return name in kind and kind.field(name).is_custom


def settle(kind_name: str, record: Any) -> None:
    """Bring the computed fields of a record up to date that a deed has put in order; the caller saves it."""
    custom = dict(record.custom or {})
    compute(registry[kind_name], record, custom)
    record.custom = custom


def columns_of(model: type[models.Model]) -> frozenset[str]:
    """The names by which its own columns are set: `customer` as well as `customer_id`."""
    return frozenset(
        name for each in model._meta.concrete_fields for name in (each.name, each.attname)
    )


def demand_only(
    allowed: Collection[str], entries: Iterable[str], model: type[models.Model]
) -> None:
    """Refuses entries for other columns than these; the company's own fields aren't asked about."""
    own = columns_of(model)
    kept = sorted(name for name in entries if name in own and name not in allowed)
    if kept:
        raise Refused(_("These can’t be changed by hand: %(names)s.") % {"names": ", ".join(kept)})


def changed(kind_name: str, record: Any, entries: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the entries that differ from what the record holds."""
    kind = registry[kind_name]
    found = {}
    for name, entry in entries.items():
        field = kind.field(name) if name in kind else None
        if field is not None and field.is_custom:
            before = native(field.kind, record.custom.get(name))
            after = entry.pk if isinstance(entry, models.Model) else entry
            if before != (None if after == "" else after):
                found[name] = entry
        elif not hasattr(record, name) or getattr(record, name) != entry:
            found[name] = entry
    return found


def _put(kind: Kind, custom: dict[str, Any], name: str, entry: Any, actor: Actor) -> None:
    field = kind.field(name)
    if not field.is_editable:
        raise Refused(_("%(field)s is computed and can’t be written.") % {"field": field.label})
    if actor.access(kind.name, field.group) is not Access.EDIT:
        raise NotAllowed(_("Your role doesn’t change %(field)s.") % {"field": field.label})
    kept = stored(field, entry, actor)
    if kept is None:
        custom.pop(name, None)
    else:
        custom[name] = kept


def _is_column(record: Any, name: str) -> bool:
    if name in ("custom", "id", "pk", "version"):
        return False
    try:
        column = record._meta.get_field(name)
    except FieldDoesNotExist:
        return any(each.attname == name for each in record._meta.concrete_fields)
    return bool(column.concrete)


def _demand_required(
    kind: Kind, record: Any, custom: Mapping[str, Any], entries: Mapping[str, Any]
) -> None:
    is_new = record._state.adding
    for field in kind.fields:
        is_asked = field.is_custom and field.is_required and field.is_editable
        if is_asked and (is_new or field.name in entries) and not custom.get(field.name):
            raise Refused(_("%(field)s: Fill this in.") % {"field": field.label})
