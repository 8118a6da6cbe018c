"""Fields of the company's own: defined, changed, taken out of use, brought back, deleted with their entries."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override, pgettext_lazy

from kezhi.audit.recording import audited, note, traced_by
from kezhi.core import queue
from kezhi.core.actor import Actor
from kezhi.core.models import JobRun
from kezhi.core.names import name_key
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.core.saying import Told
from kezhi.records import DataClass, FieldKind, Kind, registry
from kezhi.records.fields import FIELD_GROUPS, Label
from kezhi.workbench.customizing import definitions
from kezhi.workbench.customizing.building import NUMBERS, SEARCHABLE, SORTABLE, in_language
from kezhi.workbench.customizing.computing import formula_for, readable
from kezhi.workbench.customizing.entries import CUSTOM_KINDS
from kezhi.workbench.customizing.formula import in_names, names_in
from kezhi.workbench.models import CustomField, SavedView
from kezhi.workbench.searching.filling import note_kind

K = FieldKind
MOST_FIELDS = 600
MOST_CHOICES = 200
MOST_DECIMALS = 4
KIND_LABELS: dict[FieldKind, Label] = {
    K.TEXT: pgettext_lazy("kind of field", "Text"),
    K.LONG_TEXT: pgettext_lazy("kind of field", "Long text"),
    K.INTEGER: pgettext_lazy("kind of field", "Whole number"),
    K.QUANTITY: pgettext_lazy("kind of field", "Number"),
    K.MONEY: pgettext_lazy("kind of field", "Money"),
    K.SHARE: pgettext_lazy("kind of field", "Per cent"),
    K.DATE: pgettext_lazy("kind of field", "Date"),
    K.CHOICE: pgettext_lazy("kind of field", "Choice"),
    K.MULTI_CHOICE: pgettext_lazy("kind of field", "Several choices"),
    K.BOOLEAN: pgettext_lazy("kind of field", "Yes or no"),
    K.PERSON: pgettext_lazy("kind of field", "Colleague"),
    K.LINK: pgettext_lazy("kind of field", "Link to a record"),
    K.PHONE: pgettext_lazy("kind of field", "Phone"),
    K.EMAIL: pgettext_lazy("kind of field", "E-mail"),
    K.URL: pgettext_lazy("kind of field", "Web address"),
}
CHANGEABLE = (
    "label_zh", "label_en", "help_zh", "help_en", "choices", "formula", "unit", "decimals", "purpose",
    "data_class", "group", "is_required", "is_searchable", "is_sortable",
)  # fmt: skip


def customizable() -> list[Kind]:
    """The kinds that may get fields and layouts, as they are completed now."""
    return [kind for kind in registry if kind.is_customizable]


@audited("custom_field.defined")
def define_field(
    kind_name: str, given: Mapping[str, Any], *, actor: Actor, on: date
) -> CustomField:
    """A new field of a kind; `given` has the columns of `CustomField` without key and position.

    The key is made of the English label, else of the Chinese one's pinyin, and never changes.
    """
    _demand(actor, "create")
    kind = _customizable(kind_name)
    unknown = set(given) - {*CHANGEABLE, "field_kind", "link"}
    if unknown:
        raise Refused(_("A field doesn’t have %(names)s.") % {"names": ", ".join(sorted(unknown))})
    known = CustomField.objects.filter(kind=kind_name)
    if known.count() >= MOST_FIELDS:
        raise Refused(
            _("A kind of record has at most %(limit)d fields of your own.") % {"limit": MOST_FIELDS}
        )
    field = CustomField(kind=kind_name, field_kind=str(given.get("field_kind", "")))
    field.link = str(given.get("link", ""))
    if field.field_kind not in {each.value for each in CUSTOM_KINDS}:
        raise Refused(_("Choose what kind of field it is."))
    _take(field, given)
    field.key = _free_key(kind, field)
    _check(kind, field)
    field.position = (known.aggregate(last=Max("position"))["last"] or 0) + 1
    field.save()
    definitions.change()
    _follow_up(field, actor, is_new=True)
    note(kind=kind_name, field=field.key)
    return field


@audited("custom_field.changed")
def change_field(
    field: CustomField, changes: Mapping[str, Any], *, actor: Actor, on: date
) -> CustomField:
    """Labels, choices, purpose and the like; what kind of field it is and its key stay for ever.

    Choices may be added, renamed and put in order, but none goes away: records hold them.
    """
    field = _claim(field, actor, "edit")
    fixed = set(changes) - set(CHANGEABLE)
    if fixed:
        raise Refused(_("The kind of a field and its key never change. Define another field."))
    before = {name: getattr(field, name) for name in CHANGEABLE}
    _take(field, {**before, **changes})
    if bool(field.formula) != bool(before["formula"]):
        raise Refused(_("A field is computed or written by people for ever. Define another field."))
    missing = {each["key"] for each in before["choices"]} - {e["key"] for e in field.choices}
    if missing:
        raise Refused(_("Choices that records may hold can’t go away; rename them instead."))
    _check(_customizable(field.kind), field)
    field.save()
    definitions.change()
    differing = {name for name in CHANGEABLE if before[name] != getattr(field, name)}
    note(kind=field.kind, field=field.key, fields=sorted(differing))
    if differing & {"formula", "decimals"}:
        _follow_up(field, actor, is_new=False)
    if differing & {"is_sortable", "is_searchable"}:
        queue_index(field, actor=actor)
    if "is_searchable" in differing:
        note_kind(field.kind)
    return field


@audited("custom_field.retired")
def retire_field(field: CustomField, *, actor: Actor, on: date) -> CustomField:
    """Take a field out of use: it vanishes everywhere, its entries stay and come back with it."""
    field = _claim(field, actor, "edit")
    readers = read_by(field)
    if readers:
        raise Refused(
            _("%(fields)s are computed from it. Change or retire those first.")
            % {"fields": ", ".join(label(each) for each in readers)}
        )
    field.is_in_use = False
    field.save(update_fields=["is_in_use", "updated_at"])
    definitions.change()
    if field.is_searchable:
        note_kind(field.kind)
    note(kind=field.kind, field=field.key)
    return field


@audited("custom_field.restored")
def restore_field(field: CustomField, *, actor: Actor, on: date) -> CustomField:
    field = _claim(field, actor, "edit")
    if field.formula:
        formula_for(_customizable(field.kind), field.key, K(field.field_kind), field.formula)
    field.is_in_use = True
    field.save(update_fields=["is_in_use", "updated_at"])
    definitions.change()
    if field.is_searchable:
        note_kind(field.kind)
    _follow_up(field, actor, is_new=False)
    note(kind=field.kind, field=field.key)
    return field


@audited("custom_field.ordered")
def order_fields(kind_name: str, keys: Sequence[str], *, actor: Actor, on: date) -> None:
    """The order in which fields stand where no layout says another."""
    _demand(actor, "edit")
    known = {each.key: each for each in CustomField.objects.filter(kind=kind_name)}
    for place, key in enumerate(keys, start=1):
        if key in known:
            CustomField.objects.filter(pk=known[key].pk).update(position=place)
    definitions.change()
    note(kind=kind_name, fields=list(keys)[:50])


@traced_by("custom_field.deleted")
def queue_deletion(field: CustomField, *, actor: Actor) -> JobRun:
    """Delete a retired field with all its entries, in the background."""
    field = _claim_lightly(field, actor, "delete")
    if field.is_in_use:
        raise Refused(_("Take the field out of use first. Its entries stay until you delete it."))
    title = Told(gettext_lazy("Delete the field %(name)s"), name=label(field))
    return queue.start("customizing.delete", title, actor=actor, field=field.pk)


@traced_by("custom_field.defined")
def queue_index(field: CustomField, *, actor: Actor) -> JobRun:
    """Make the index that lists are sorted and filtered by, or drop the one that is no longer wanted."""
    title = Told(gettext_lazy("Index of the field %(name)s"), name=label(field))
    return queue.start("customizing.index", title, actor=actor, field=field.pk)


def label(field: CustomField) -> str:
    return str(in_language(field.label_zh, field.label_en))


def read_by(field: CustomField) -> list[CustomField]:
    """The computed fields in use that read this one."""
    others = CustomField.objects.filter(kind=field.kind, is_in_use=True).exclude(formula="")
    return [each for each in others if field.key in names_in(each.formula)]


def viewed_by(field: CustomField) -> int:
    """How many saved views speak of the field."""
    return SavedView.objects.filter(kind=field.kind, query__contains=field.key).count()


def labels_of(kind: Kind) -> dict[str, str]:
    """What may stand in a formula instead of a field's name: its label in either language, where clear."""
    found: dict[str, set[str]] = {}
    for name in readable(kind):
        for language in ("zh-hans", "en"):
            with override(language):
                found.setdefault(str(kind.field(name).label), set()).add(name)
    return {
        words: names.pop()
        for words, names in found.items()
        if len(names) == 1 and words.isidentifier() and words not in kind
    }


# ---- what a definition must be ----


def _take(field: CustomField, given: Mapping[str, Any]) -> None:
    for name in CHANGEABLE:
        if name in given:
            setattr(field, name, given[name])
    for name in ("label_zh", "label_en", "help_zh", "help_en", "unit", "purpose", "formula"):
        setattr(field, name, " ".join(str(getattr(field, name) or "").split()))
    field.choices = _choices(field.choices or [])


def _choices(given: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Each with a key that stays; new ones get one from their English or Chinese words."""
    chosen: list[dict[str, str]] = []
    taken = {str(each["key"]) for each in given if each.get("key")}
    for each in given:
        zh, en = (" ".join(str(each.get(name) or "").split())[:80] for name in ("zh", "en"))
        if not (zh or en):
            continue
        key = str(each.get("key") or "") or _free(_slug(en or name_key(zh)) or "entry", taken, 40)
        taken.add(key)
        chosen.append({"key": key, "zh": zh, "en": en})
    return chosen


def _check(kind: Kind, field: CustomField) -> None:
    field_kind = K(field.field_kind)
    if not (field.label_zh or field.label_en):
        raise Refused(_("Give the field a name in at least one language."))
    if max(len(field.label_zh), len(field.label_en)) > 80 or len(field.unit) > 20:
        raise Refused(_("The name is too long; 80 characters fit, 20 of a unit."))
    if not field.purpose:
        raise Refused(_("Say what the field is for. Whoever reads the record has a right to know."))
    if max(len(field.purpose), len(field.help_zh), len(field.help_en)) > 200:
        raise Refused(_("Purpose and explanation have at most 200 characters."))
    if field.data_class not in {each.value for each in DataClass}:
        raise Refused(_("Say whether the field holds personal data."))
    if field.group not in FIELD_GROUPS:
        raise Refused(_("Choose the group by which roles see or hide the field."))
    if field_kind in (K.CHOICE, K.MULTI_CHOICE) and not field.formula:
        if not field.choices:
            raise Refused(_("Write at least one entry to choose from."))
        if len(field.choices) > MOST_CHOICES:
            raise Refused(_("At most %(limit)d entries can be offered.") % {"limit": MOST_CHOICES})
    else:
        field.choices = []
    if field_kind is K.LINK:
        if field.link not in registry:
            raise Refused(_("Choose which kind of record the field points to."))
    else:
        field.link = ""
    if field.decimals is not None and not 0 <= field.decimals <= MOST_DECIMALS:
        raise Refused(_("At most %(limit)d decimals are kept.") % {"limit": MOST_DECIMALS})
    if field_kind not in NUMBERS:
        field.decimals, field.unit = None, ""
    field.is_sortable = field.is_sortable and field_kind in SORTABLE
    field.is_searchable = field.is_searchable and field_kind in SEARCHABLE
    _check_formula(kind, field)


def _check_formula(kind: Kind, field: CustomField) -> None:
    if not field.formula:
        is_asked = field.is_required and field.field_kind != K.BOOLEAN
        field.is_required = bool(is_asked and kind.create is not None)
        return
    field.is_required = False
    field.formula = in_names(field.formula, labels_of(kind))
    formula_for(kind, field.key, K(field.field_kind), field.formula)


def _free_key(kind: Kind, field: CustomField) -> str:
    wanted = _slug(field.label_en) or _slug(name_key(field.label_zh)) or "field"
    taken = set(CustomField.objects.filter(kind=kind.name).values_list("key", flat=True))
    taken |= {each.name for each in kind.fields}
    return _free(f"c_{wanted}"[:36], taken, 40)


def _slug(words: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")[:34].strip("_")


def _free(wanted: str, taken: set[str], longest: int) -> str:
    key, number = wanted[:longest], 1
    while key in taken:
        number += 1
        key = f"{wanted[: longest - 4]}_{number}"
    return key


def _follow_up(field: CustomField, actor: Actor, *, is_new: bool) -> None:
    """What a definition sets going: its index, and its entries where they are computed."""
    if is_new and (field.is_sortable or field.is_searchable):
        queue_index(field, actor=actor)
    if field.formula:
        queue.start(
            "customizing.recompute",
            Told(gettext_lazy("Compute %(name)s"), name=label(field)),
            actor=actor,
            kind=field.kind,
        )


def _customizable(name: str) -> Kind:
    if name not in registry or not registry.declared(name).is_customizable:
        raise Refused(_("This kind of record can’t have fields of your own."))
    return registry[name]


def _demand(actor: Actor, action: str) -> None:
    if not actor.may(action, "custom_field"):
        raise NotAllowed(_("Your role doesn’t change fields and layouts."))


def _claim_lightly(field: CustomField, actor: Actor, action: str) -> CustomField:
    _demand(actor, action)
    found = CustomField.objects.filter(pk=field.pk).first()
    if found is None:
        raise Refused(_("This field doesn’t exist any more."))
    return found


def _claim(field: CustomField, actor: Actor, action: str) -> CustomField:
    _demand(actor, action)
    found = CustomField.objects.select_for_update().filter(pk=field.pk).first()
    if found is None:
        raise Refused(_("This field doesn’t exist any more."))
    return found
