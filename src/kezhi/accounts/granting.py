"""Roles: what people who have them may do, and which fields they see."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.text import slugify
from django.utils.translation import gettext as _

from kezhi.accounts.models import ROWS_A_DAY, Role
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Access, Actor, Scope
from kezhi.core.names import name_key
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.records import registry
from kezhi.records.fields import FIELD_GROUPS

REFERENCE = Path(__file__).parent / "reference" / "roles.csv"
ACTIONS = ("read", "create", "edit", "delete", "assign", "export", "import", "measure")

# Groups of what a kind's pages show beside its fields: the lines of an order carry the cost of goods.
BESIDE_FIELDS = {"order": {"money"}}

Grants = Mapping[str, Mapping[str, str]]


@audited("role.created")
def create_role(name: str, *, actor: Actor, copy_of: Role | None = None) -> Role:
    """A role of that name that may do nothing yet, or what another one may."""
    _only_those_who(actor, "create")
    role = Role(name=_named(name), key=_free_key(name))
    if copy_of is not None:
        if not copy_of.is_covered_by(actor):
            raise NotAllowed(_("This role may do more than you; you can’t copy it."))
        role.grants = {kind: dict(grants) for kind, grants in copy_of.grants.items()}
        role.field_rules = {kind: dict(rules) for kind, rules in copy_of.field_rules.items()}
        role.is_second_factor_required = copy_of.is_second_factor_required
        role.rows_a_day = copy_of.rows_a_day
    role.save()
    return role


@audited("role.changed")
def change_role(role: Role, changes: dict[str, Any], *, actor: Actor) -> Role:
    """Change `name`, `grants`, `field_rules`, `rows_a_day` or `is_second_factor_required`.

    Nobody gives a role more than they have themselves, and the owners' role stays whole.
    """
    _only_those_who(actor, "edit")
    role = Role.objects.select_for_update().get(pk=role.pk)
    before = (role.grants, role.field_rules)
    note(fields=sorted(changes))
    if "name" in changes and changes["name"] != str(role):
        role.name = _named(changes["name"], besides=role)
    if "is_second_factor_required" in changes:
        role.is_second_factor_required = bool(changes["is_second_factor_required"])
    if "rows_a_day" in changes:
        _set_rows(role, int(changes["rows_a_day"]), actor)
    if "grants" in changes:
        role.grants = _fitting_grants(changes["grants"])
    if "field_rules" in changes:
        role.field_rules = _fitting_rules(changes["field_rules"])
    if role.is_owners and (role.grants, role.field_rules) != before:
        raise Refused(
            _("Owners may always do and see everything. Give people another role instead.")
        )
    _no_more_than_own(role, *before, actor)
    role.save()
    return role


@audited("role.deleted")
def delete_role(role: Role, *, actor: Actor) -> None:
    """Only a role that nobody has."""
    _only_those_who(actor, "delete")
    if role.is_owners:
        raise Refused(_("The owners’ role stays."))
    if role.people.exists():
        raise Refused(_("Colleagues still have this role. Give them another one first."))
    role.delete()


@cache
def _reference() -> dict[str, tuple[str, ...]]:
    """By kind, the actions that exist: those that the product gives its owner."""
    with REFERENCE.open(encoding="utf-8", newline="") as file:
        return {
            row["kind"]: tuple(action for action in ACTIONS if row[action])
            for row in csv.DictReader(file)
            if row["role"] == "owner"
        }


def grantable() -> dict[str, tuple[str, ...]]:
    """Everything that permissions speak of, and what can be permitted there; records first."""
    found = {}
    for kind in registry:
        deeds = {"create": kind.create, "edit": kind.edit, "delete": kind.delete}
        declared = ("read", *(name for name, deed in deeds.items() if deed), "export")
        found[kind.name] = _reference().get(kind.name, declared)
    return found | {kind: actions for kind, actions in _reference().items() if kind not in found}


def groups_of(kind: str) -> list[str]:
    """The groups that the fields of a kind lie in."""
    used = {each.group for each in registry[kind].fields} | BESIDE_FIELDS.get(kind, set())
    return [group for group in FIELD_GROUPS if group in used]


def differences(before: Grants, after: Grants) -> Iterator[tuple[str, str, str, str]]:
    """What two roles' grants or field rules don't have in common: kind, action or group, before, after."""
    for kind in sorted({*before, *after}):
        was, became = before.get(kind, {}), after.get(kind, {})
        for part in sorted({*was, *became}):
            if was.get(part) != became.get(part):
                yield kind, part, was.get(part, ""), became.get(part, "")


def _fitting_grants(wanted: Grants) -> dict[str, dict[str, str]]:
    """Without what grants nothing; a kind, action or scope that doesn't exist is refused."""
    known, scopes = grantable(), {scope.name.lower() for scope in Scope}
    fitting: dict[str, dict[str, str]] = {}
    for kind, grants in wanted.items():
        for action, scope in grants.items():
            if action not in known.get(kind, ()) or scope not in scopes:
                raise Refused(_("There is no such permission."))
            if scope != "none":
                fitting.setdefault(kind, {})[action] = scope
    for kind, grants in fitting.items():
        if "read" not in grants and "read" in known[kind]:
            raise Refused(
                _("Who may change or export something must see it: permit seeing, too (%(kind)s).")
                % {"kind": registry[kind].label_plural if kind in registry else kind}
            )
    return fitting


def _fitting_rules(wanted: Grants) -> dict[str, dict[str, str]]:
    levels = {level.name.lower() for level in Access}
    fitting: dict[str, dict[str, str]] = {}
    for kind, rules in wanted.items():
        for group, level in rules.items():
            if kind not in registry or group not in groups_of(kind) or level not in levels:
                raise Refused(_("There is no such group of fields."))
            if level != "edit":
                fitting.setdefault(kind, {})[group] = level
    return fitting


def _no_more_than_own(role: Role, grants: Grants, rules: Grants, actor: Actor) -> None:
    earlier = Role(key=role.key, grants=grants, field_rules=rules)
    for kind, action, _before, after in differences(grants, role.grants):
        wanted = Scope.named(after or "none")
        if wanted > earlier.scope(action, kind) and wanted > actor.scope(action, kind):
            raise NotAllowed(_("You can’t permit more than you may do yourself."))
    for kind, group, _before, after in differences(rules, role.field_rules):
        level = Access.named(after or "edit")
        if level > earlier.access(kind, group) and level > actor.access(kind, group):
            raise NotAllowed(_("You can’t show fields that you don’t see yourself."))


def _set_rows(role: Role, rows: int, actor: Actor) -> None:
    """More rows a day than everybody exports is an owner's decision."""
    if not 0 < rows < 2**31:
        raise Refused(_("Choose a number of rows from 1 to 2 billion."))
    is_owner = getattr(actor, "is_owner", actor.pk is None)
    if rows > max(role.rows_a_day, ROWS_A_DAY) and not is_owner:
        raise NotAllowed(_("Only an owner of the company lets people export more."))
    role.rows_a_day = rows


def _only_those_who(actor: Actor, action: str) -> None:
    if actor.scope(action, "role") is not Scope.ALL:
        raise NotAllowed(_("Your role doesn’t manage roles."))


def _named(name: str, besides: Role | None = None) -> str:
    name = name.strip()
    if not name or len(name) > 80:
        raise Refused(_("A name has 1 to 80 characters."))
    if any(
        str(role) == name or role.name == name for role in Role.objects.all() if role != besides
    ):
        raise Refused(_("There is a role “%(name)s” already.") % {"name": name})
    return name


def _free_key(name: str) -> str:
    stem = slugify(name_key(name))[:34].strip("-") or "role"
    taken = set(Role.objects.filter(key__startswith=stem).values_list("key", flat=True))
    return next(
        key for n in range(1, 10_000) if (key := stem if n == 1 else f"{stem}-{n}") not in taken
    )
