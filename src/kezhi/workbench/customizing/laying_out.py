"""The layout of a kind: sections and order of its fields, what form and panel show, the first columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.records import Kind, registry
from kezhi.workbench.customizing import definitions
from kezhi.workbench.customizing.building import must_stand, placed
from kezhi.workbench.models import Layout

MOST_SECTIONS = 30
MOST_COLUMNS = 30


@audited("layout.changed")
def change_layout(kind_name: str, given: Mapping[str, Any], *, actor: Actor, on: date) -> Layout:
    """`given`: sections ([{"zh", "en", "fields"}]), not_in_form, not_on_panel, columns; names of fields.

    A field that is required can't be left out of the form.
    """
    kind = _open(kind_name, actor)
    known = set(placed(kind))
    sections = _sections(given.get("sections", ()), known)
    left_out = [name for name in given.get("not_in_form", ()) if name in known]
    needed = [name for name in left_out if name in kind and must_stand(kind, name)]
    if needed:
        raise Refused(
            _("%(field)s is required and must stand in the form.")
            % {"field": kind.field(needed[0]).label}
        )
    columns = list(dict.fromkeys(name for name in given.get("columns", ()) if name in kind))
    if len(columns) > MOST_COLUMNS:
        raise Refused(_("A list has at most %(limit)d columns.") % {"limit": MOST_COLUMNS})
    if columns and kind.title not in columns:
        columns.insert(0, kind.title)
    layout, _is_new = Layout.objects.update_or_create(
        kind=kind_name,
        defaults={
            "sections": sections,
            "not_in_form": left_out,
            "not_on_panel": [name for name in given.get("not_on_panel", ()) if name in known],
            "columns": columns,
        },
    )
    definitions.change()
    note(kind=kind_name, sections=len(sections))
    return layout


@audited("layout.restored")
def restore_layout(kind_name: str, *, actor: Actor, on: date) -> None:
    """Back to the order of the declaration."""
    _open(kind_name, actor)
    Layout.objects.filter(kind=kind_name).delete()
    definitions.change()
    note(kind=kind_name)


def layout_of(kind_name: str) -> Layout:
    """The layout in force; without one, what the declaration says as a layout."""
    known = definitions.current().layouts.get(kind_name)
    if known is not None:
        return known
    kind = registry[kind_name]
    return Layout(kind=kind_name, sections=[], columns=list(kind.columns))


def _open(kind_name: str, actor: Actor) -> Kind:
    if not actor.may("edit", "custom_field"):
        raise NotAllowed(_("Your role doesn’t change fields and layouts."))
    if kind_name not in registry or not registry.declared(kind_name).is_customizable:
        raise Refused(_("This kind of record has no layout of its own."))
    return definitions.unarranged(kind_name)


def _sections(given: Sequence[Mapping[str, Any]], known: set[str]) -> list[dict[str, Any]]:
    if len(given) > MOST_SECTIONS:
        raise Refused(_("A form has at most %(limit)d sections.") % {"limit": MOST_SECTIONS})
    taken: set[str] = set()
    sections = []
    for each in given:
        names = [n for n in dict.fromkeys(each.get("fields", ())) if n in known and n not in taken]
        taken.update(names)
        zh, en = (" ".join(str(each.get(word) or "").split())[:80] for word in ("zh", "en"))
        if names:
            sections.append({"zh": zh, "en": en, "fields": names})
    return sections
