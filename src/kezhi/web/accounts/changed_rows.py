"""What a change in the audit log was to its rows, in people's words: which fields, from what to what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from kezhi.accounts.granting import differences
from kezhi.accounts.models import Department, Team, User
from kezhi.audit.models import Change
from kezhi.catalog.models import Product
from kezhi.core.actor import Actor
from kezhi.customers.models import Contact
from kezhi.records import Field, FieldKind, Kind, registry
from kezhi.records.fields import FIELD_GROUPS
from kezhi.records.masking import masked
from kezhi.web import numbers
from kezhi.web.accounts.custom_changes import Named, custom_changes, named_in
from kezhi.web.accounts.permissions import ACCESS_LABELS, ACTION_LABELS, SCOPE_LABELS, kind_labels
from kezhi.workbench.customizing import linking
from kezhi.workbench.filtering.meaning import enumerated

OPERATIONS = {
    "insert": pgettext_lazy("change of a row", "new"),
    "update": pgettext_lazy("change of a row", "changed"),
    "delete": pgettext_lazy("change of a row", "deleted"),
}
# Bookkeeping of the database that tells a reader nothing.
SILENT = {
    "version",
    "updated_at",
    "created_at",
    "name_key",
    "path",
    "subject_key",
    "normal",
    "remind_on",
    # A party that the reader may not know.
    "other_id",
}


@dataclass(frozen=True, slots=True)
class ChangedField:
    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ChangedRow:
    operation: str
    what: str
    fields: tuple[ChangedField, ...]


def changed_rows(changes: Iterable[Change], reader: Actor) -> dict[str, list[ChangedRow]]:
    """By deed key, what the database kept, as far as the reader may know it.

    Ids of people and places become their names; a field that the reader sees in part is masked here, too.
    """
    changes = list(changes)
    # Of rows that came or went no field is told.
    told = [change for change in changes if change.operation == "update"]
    names = _names(told, reader)
    kinds = [(change, _kind_of(change.table_name)) for change in told]
    linked = named_in(kinds, reader)
    rows: dict[str, list[ChangedRow]] = {}
    for change in changes:
        rows.setdefault(change.deed_key, []).append(_row(change, names, reader, linked))
    return rows


def _row(
    change: Change, names: dict[str, dict[int, str]], reader: Actor, linked: Named
) -> ChangedRow:
    declared = _kind_of(change.table_name)
    kind = declared.seen_by(reader) if declared is not None else None
    if change.table_name == "accounts_role":
        return ChangedRow(str(OPERATIONS[change.operation]), _("Role"), tuple(_permissions(change)))
    fields: list[ChangedField] = []
    if change.operation == "update":
        for column, after in (change.after or {}).items():
            if column == "custom" and kind is not None:
                before = (change.before or {}).get(column) or {}
                told = custom_changes(kind, before, after or {}, linked)
                fields.extend(ChangedField(*each) for each in told)
                continue
            label = _label(kind, column)
            if label and not _is_hidden(declared, kind, column):
                before = (change.before or {}).get(column)
                fields.append(
                    ChangedField(
                        label,
                        _shown(kind, column, before, names),
                        _shown(kind, column, after, names),
                    )
                )
    what = str(kind.label) if kind else _thing(change.table_name)
    return ChangedRow(str(OPERATIONS[change.operation]), what, tuple(fields))


def _kind_of(table: str) -> Kind | None:
    return next((kind for kind in registry if kind.model._meta.db_table == table), None)


def _thing(table: str) -> str:
    """A word for rows that are no records of their own."""
    words = {
        "accounts_user": _("Colleague"),
        "accounts_user_roles": _("Role of a colleague"),
        "accounts_role": _("Role"),
        "accounts_department": _("Department"),
        "accounts_team": _("Team"),
        "accounts_company": _("Company"),
        "accounts_share": _("Share"),
        "accounts_delegation": _("Standing in"),
        "customers_handover": _("Hand-over"),
        "catalog_category": _("Product category"),
        "ledger_orderline": _("Order line"),
        "insight_valuesettings": _("Value rules"),
        "insight_influencerules": _("Rules of influence"),
        "insight_offeranswer": _("Answer to an offer"),
        "workbench_customfield": _("Field"),
        "workbench_layout": _("Layout"),
    }
    return words.get(table, table)


def _field_of(kind: Kind | None, column: str) -> Field | None:
    name = column.removesuffix("_id")
    return kind.field(name) if kind is not None and name in kind else None


def _is_hidden(declared: Kind | None, seen: Kind | None, column: str) -> bool:
    return _field_of(declared, column) is not None and _field_of(seen, column) is None


def _permissions(change: Change) -> Iterable[ChangedField]:
    """What a change of a role permits and shows more or less than before."""
    before, after = change.before or {}, change.after or {}
    labels = kind_labels()
    if "name" in after and change.operation == "update":
        yield ChangedField(_("Name"), str(before.get("name", "")), str(after["name"]))
    if "grants" in before or "grants" in after:
        for kind, action, was, became in differences(
            before.get("grants") or {}, after.get("grants") or {}
        ):
            what = f"{labels.get(kind, kind)} · {ACTION_LABELS[action]}"
            yield ChangedField(what, _scope(was), _scope(became))
    if "field_rules" in before or "field_rules" in after:
        for kind, group, was, became in differences(
            before.get("field_rules") or {}, after.get("field_rules") or {}
        ):
            what = f"{labels.get(kind, kind)} · {FIELD_GROUPS.get(group, group)}"
            yield ChangedField(
                what, str(ACCESS_LABELS[was or "edit"]), str(ACCESS_LABELS[became or "edit"])
            )
    if "is_second_factor_required" in after and change.operation == "update":
        required = bool(after["is_second_factor_required"])
        words = {True: _("yes"), False: _("no")}
        yield ChangedField(_("Second factor required"), words[not required], words[required])


def _scope(name: str) -> str:
    return str(SCOPE_LABELS[name]) if name else "—"


def _label(kind: Kind | None, column: str) -> str:
    if column in SILENT:
        return ""
    known = _field_of(kind, column)
    if known is not None:
        return str(known.label)
    if kind is not None and column == "parent_id":
        return ""  # a record’s, not a department’s
    words = {
        "team_id": _("Team"),
        "department_id": _("Department"),
        "owner_id": _("Owner"),
        "name": _("Name"),
        "email": _("E-mail"),
        "login": _("Sign-in name"),
        "title": _("Position"),
        "is_active": _("May sign in"),
        "language": _("Language"),
        "time_zone": _("Time zone"),
        "done_by_id": _("Done by"),
        "skills": _("Skills"),
        "head_id": _("Head"),
        "lead_id": _("Lead"),
        "parent_id": _("Below"),
        "until": _("Until"),
        "may_edit": _("May work on it"),
    }
    return words.get(column, "")


PEOPLE = {
    "head_id",
    "lead_id",
    "owner_id",
    "assignee_id",
    "author_id",
    "done_by_id",
    "made_by_id",
    "settled_by_id",
    "handler_id",
}
SOURCES: dict[str, Any] = {
    "team_id": Team,
    "department_id": Department,
    "parent_id": Department,
    "handling_department_id": Department,
    "contact_id": Contact,
    "product_id": Product,
}


NAMED_BY_COLUMN = PEOPLE | set(SOURCES) | {"customer_id", "order_id"}


def _names(changes: list[Change], reader: Actor) -> dict[str, dict[int, str]]:
    """Names for the ids that occur, one query a kind of id."""
    asked: dict[str, set[int]] = {}
    for change in changes:
        for side in (change.before or {}, change.after or {}):
            for column in (*PEOPLE, *SOURCES, "customer_id", "order_id"):
                if isinstance(side.get(column), int):
                    asked.setdefault("person" if column in PEOPLE else column, set()).add(
                        side[column]
                    )
    customer = apps.get_model("customers", "Customer")
    named = _named_by_path(changes) | _named_by_link(changes, reader)
    models = {"person": User, "customer_id": customer, **SOURCES}
    orders = linking.named("order", asked.pop("order_id", set()), reader)
    names = {
        source: dict(models[source]._default_manager.filter(pk__in=ids).values_list("pk", "name"))
        for source, ids in asked.items()
    }
    return names | named | {"order_id": {pk: str(order) for pk, order in orders.items()}}


def _named_by_path(changes: list[Change]) -> dict[str, dict[int, str]]:
    """Names of what else a record points at, where its page names it by the name over there."""
    asked: dict[str, tuple[Any, set[int]]] = {}
    for change in changes:
        kind = _kind_of(change.table_name)
        for column in change.after or {}:
            if kind is None or not _is_named_by_path(kind, column):
                continue
            target = kind.model._meta.get_field(column.removesuffix("_id")).related_model
            ids = asked.setdefault(f"{kind.name}.{column}", (target, set()))[1]
            for side in (change.before or {}, change.after or {}):
                if isinstance(side.get(column), int):
                    ids.add(side[column])
    return {
        source: dict(target._default_manager.filter(pk__in=ids).values_list("pk", "name"))
        for source, (target, ids) in asked.items()
    }


def _named_by_link(changes: list[Change], reader: Actor) -> dict[str, dict[int, str]]:
    """What the records are called that a record's links lead to, as far as the reader sees them."""
    asked: dict[str, tuple[str, set[int]]] = {}
    for change in changes:
        kind = _kind_of(change.table_name)
        for column in change.after or {}:
            known = _field_of(kind, column)
            if kind is None or known is None or known.kind is not FieldKind.LINK:
                continue
            if (
                not column.endswith("_id")
                or column in NAMED_BY_COLUMN
                or known.link not in registry
            ):
                continue
            ids = asked.setdefault(f"{kind.name}.{column}", (known.link, set()))[1]
            for side in (change.before or {}, change.after or {}):
                if isinstance(side.get(column), int):
                    ids.add(side[column])
    return {
        source: {pk: str(row) for pk, row in linking.named(link, ids, reader).items()}
        for source, (link, ids) in asked.items()
    }


def _is_named_by_path(kind: Kind, column: str) -> bool:
    name = column.removesuffix("_id")
    known = _field_of(kind, column)
    return name != column and known is not None and known.path == f"{name}__name"


def _shown(kind: Kind | None, column: str, cell: Any, names: dict[str, dict[int, str]]) -> str:
    if cell is None or cell == "":
        return "—"
    if column in PEOPLE or column in SOURCES or column == "customer_id":
        return names.get("person" if column in PEOPLE else column, {}).get(cell, _("(gone)"))
    if column == "order_id":
        return names["order_id"].get(cell, _("An order that you don’t see."))
    if kind is not None and f"{kind.name}.{column}" in names:
        return names[f"{kind.name}.{column}"].get(cell, _("(gone)"))
    known = _field_of(kind, column)
    if isinstance(cell, bool):
        return _("yes") if cell else _("no")
    if known is not None and known.is_masked:
        return masked(known, cell)
    if known is not None and known.kind in {FieldKind.CHOICE, FieldKind.TIER}:
        return str(dict(known.choices).get(str(cell), cell))
    if known is not None and known.kind is FieldKind.MOMENT:
        return numbers.instant(datetime.fromisoformat(cell), plain=True)
    if isinstance(cell, list):
        words = dict(known.choices) if known is not None else {}
        return enumerated([str(words.get(each, each)) for each in cell])
    return str(cell)
