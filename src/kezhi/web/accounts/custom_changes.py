"""Changes of the company's own fields in the audit log, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from kezhi.audit.models import Change
from kezhi.core.actor import Actor
from kezhi.records import Field, FieldKind, Kind
from kezhi.records.masking import masked
from kezhi.workbench.customizing import linking
from kezhi.workbench.customizing.building import native

K = FieldKind
Named = Mapping[str, Mapping[int, Any]]


def named_in(changes: Iterable[tuple[Change, Kind | None]], reader: Actor) -> Named:
    """What the person and link fields of these changes mean, one query a kind, as far as the reader sees it."""
    wanted: dict[str, set[int]] = {}
    for change, kind in changes:
        for side in (change.before, change.after):
            for key, entry in ((side or {}).get("custom") or {}).items():
                if kind is not None and key in kind and isinstance(entry, int):
                    wanted.setdefault(_other(kind.field(key)), set()).add(entry)
    return {
        other: linking.named(other, ids, reader) for other, ids in wanted.items() if other != ""
    }


def custom_changes(
    kind: Kind, before: Mapping[str, Any], after: Mapping[str, Any], names: Named
) -> Iterator[tuple[str, str, str]]:
    """Label, former and new entry of each field that changed; a field that is gone or hidden is left out."""
    for key in sorted({*before, *after}):
        if before.get(key) != after.get(key) and key in kind:
            field = kind.field(key)
            was, became = (_words(field, side.get(key), names) for side in (before, after))
            yield str(field.label), was, became


def _other(field: Field) -> str:
    if field.kind is K.PERSON:
        return linking.PERSON
    return field.link if field.kind is K.LINK else ""


def _words(field: Field, kept: Any, names: Named) -> str:
    if field.kind in (K.PERSON, K.LINK):
        found = names.get(_other(field), {}).get(kept)
        return str(found) if found is not None else "—"
    entry = native(field.kind, kept)
    if field.kind is K.BOOLEAN:
        return _("yes") if entry else _("no")
    if entry is None:
        return "—"
    if field.is_masked:
        return masked(field, entry)
    labels = {key: str(label) for key, label in field.choices}
    if isinstance(entry, list):
        return ", ".join(labels.get(key, str(key)) for key in entry)
    return labels.get(entry, str(entry)) if field.kind is K.CHOICE else str(entry)
