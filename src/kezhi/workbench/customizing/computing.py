"""Computed fields of a record: from its other fields when it is written, and over again by a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.utils.translation import gettext as _

from kezhi.records import Field, FieldKind, Kind
from kezhi.workbench.customizing import definitions
from kezhi.workbench.customizing.building import native
from kezhi.workbench.customizing.entries import NotAnEntry, number
from kezhi.workbench.customizing.formula import (
    WORDS,
    BadFormula,
    Formula,
    Known,
    Type,
    names_in,
    understood,
)
from kezhi.workbench.models import CustomField

K = FieldKind
TYPES: dict[FieldKind, Type] = {
    **{kind: Type.NUMBER for kind in FieldKind if kind.is_number},
    **dict.fromkeys((K.TEXT, K.LONG_TEXT, K.CODE, K.CHOICE, K.TIER, K.URL), Type.TEXT),
    **dict.fromkeys((K.PHONE, K.EMAIL, K.TAX_ID), Type.TEXT),
    K.DATE: Type.DATE,
    K.BOOLEAN: Type.TRUTH,
}
# What a formula of that type may be kept as.
OUTCOMES: dict[Type, tuple[FieldKind, ...]] = {
    Type.NUMBER: (K.QUANTITY, K.INTEGER, K.MONEY, K.SHARE),
    Type.TEXT: (K.TEXT,),
    Type.DATE: (K.DATE,),
    Type.TRUTH: (K.BOOLEAN,),
}


@dataclass(frozen=True)
class Computed:
    """A computed field and its formula."""

    field: Field
    formula: Formula


def readable(kind: Kind) -> dict[str, Known]:
    """The fields of a kind that formulas may name.

    Those that people or the value engine write, and custom ones; not what the database itself keeps (when a
    record was created), because that isn't known yet when a record is written for the first time.
    """
    return {
        each.name: Known(TYPES[each.kind], tuple(key for key, _label in each.choices))
        for each in kind.fields
        if each.kind in TYPES and (each.is_custom or _is_written(kind, each))
    }


def _is_written(kind: Kind, each: Field) -> bool:
    if each.expression is not None:
        return False
    if "__" in each.path:
        return each.path.split("__")[0] in kind.certain and each.path.count("__") == 1
    return each.is_editable


def plan(kind: Kind) -> list[Computed]:
    """The computed fields in use, each after those that it reads; known once per version."""
    plans = definitions.current().plans
    if kind.name not in plans:
        plans[kind.name] = _plan(kind)
    return plans[kind.name]


def _plan(kind: Kind) -> list[Computed]:
    known = readable(kind)
    waiting: dict[str, Computed] = {}
    for definition in definitions.current().fields.get(kind.name, ()):
        if definition.formula and definition.is_in_use:
            try:
                formula = understood(definition.formula, known)
            except BadFormula:
                continue  # it reads a field that was taken out of use: it stays as it is
            waiting[definition.key] = Computed(kind.field(definition.key), formula)
    ordered: list[Computed] = []
    while waiting:
        ready = [name for name, each in waiting.items() if not each.formula.reads & set(waiting)]
        if not ready:
            break
        ordered += [waiting.pop(name) for name in ready]
    return ordered


def demand_no_circle(kind: str, key: str, reads: frozenset[str]) -> None:
    """Refuses a formula that would read itself, at however many removes."""
    others = {
        each.key: each.formula
        for each in CustomField.objects.filter(kind=kind).exclude(formula="").exclude(key=key)
    }
    ahead = list(reads)
    seen: set[str] = set()
    while ahead:
        name = ahead.pop()
        if name == key:
            raise BadFormula(
                _("This formula would need its own outcome, by way of %(fields)s.")
                % {"fields": ", ".join(sorted(seen)) or key}
            )
        if name in others and name not in seen:
            seen.add(name)
            ahead += names_in(others[name])


def compute(kind: Kind, record: Any, custom: dict[str, Any]) -> None:
    """Put the outcomes of all formulas into `custom`, for the record as it is now."""
    steps = plan(kind)
    if not steps:
        return
    entries = _entries(
        kind, record, custom, {name for each in steps for name in each.formula.reads}
    )
    for each in steps:
        outcome = kept(each.field, each.formula(entries))
        if outcome is None:
            custom.pop(each.field.name, None)
        else:
            custom[each.field.name] = outcome
        entries[each.field.name] = native(each.field.kind, outcome)


def kept(field: Field, outcome: Any) -> Any:
    """An outcome as `custom` keeps it: rounded to the field's decimals, cut to its length."""
    if outcome is None:
        return None
    if isinstance(outcome, Decimal):
        if field.kind is K.INTEGER:
            outcome = outcome.quantize(Decimal(1), rounding="ROUND_HALF_UP")
        try:
            return number(field, outcome)
        except NotAnEntry:
            return None
    if isinstance(outcome, bool):
        return outcome
    if isinstance(outcome, date):
        return outcome.isoformat() if 1900 <= outcome.year <= 2199 else None
    return str(outcome)[: field.max_length]


def _entries(kind: Kind, record: Any, custom: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    entries: dict[str, Any] = {}
    for name in names:
        each = kind.field(name)
        if each.is_custom:
            entry = native(each.kind, custom.get(name))
            entries[name] = bool(entry) if each.kind is K.BOOLEAN else entry
        else:
            entries[name] = _plain(each, _at(record, each.path))
    return entries


def _at(record: Any, path: str) -> Any:
    relation, _sep, column = path.rpartition("__")
    if not relation:
        return getattr(record, path)
    try:
        row = getattr(record, relation)
    except ObjectDoesNotExist:
        # A record on its way: the other row is made with it and begins with these.
        row = type(record)._meta.get_field(relation).related_model()
    return getattr(row, column)


def _plain(field: Field, entry: Any) -> Any:
    """An entry of the record as formulas compute with it."""
    if entry is None or entry == "":
        return None
    if field.is_number:
        exact = entry if isinstance(entry, Decimal) else Decimal(repr(entry))
        return exact if exact.is_finite() else None
    return entry.date() if isinstance(entry, datetime) else entry


def formula_for(kind: Kind, key: str, field_kind: FieldKind, source: str) -> Formula:
    """The formula of a field about to be defined; raises `BadFormula` when it can't be that field's."""
    known = {name: each for name, each in readable(kind).items() if name != key}
    formula = understood(source, known)
    if field_kind not in OUTCOMES.get(formula.type, ()):
        raise BadFormula(
            _("The formula gives %(type)s; choose a kind of field that holds this.")
            % {"type": WORDS[formula.type]}
        )
    demand_no_circle(kind.name, key, formula.reads)
    return formula
