"""Whose a record is, as a question of every kind that has an owner: owner, team, department."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import pgettext, pgettext_lazy

from kezhi.accounts.models import Department, Team, User
from kezhi.core.actor import Actor
from kezhi.core.ids import record_id
from kezhi.core.scoping import ScopedQuerySet
from kezhi.records import Condition, FieldKind, Kind
from kezhi.records.fields import Label
from kezhi.workbench.filtering.questions import Answer, Question
from kezhi.workbench.operands import Unusable

if TYPE_CHECKING:
    from kezhi.workbench.filtering.meaning import Asking

MOST_CHOICES = 50
COMPARISONS = ("in", "ne", "empty", "filled")
LABELS: dict[str, Label] = {
    "owner": pgettext_lazy("record", "Owner"),
    "team": pgettext_lazy("record", "Team"),
    "department": pgettext_lazy("record", "Department"),
}
MODELS: dict[str, Any] = {"owner": User, "team": Team, "department": Department}
_known: dict[str, tuple[Any, list[Question]]] = {}


def ownership_of(kind: Kind) -> list[Question]:
    """The questions; none for a field that the kind declares itself, or for a kind without owner."""
    known = _known.get(kind.name)
    if known is None or known[0] is not kind.model:
        known = _known[kind.name] = (kind.model, _made(kind))
    return [each for each in known[1] if each.name not in kind]


def _made(kind: Kind) -> list[Question]:
    rows: Any = type(kind.model._default_manager.all())
    if not issubclass(rows, ScopedQuerySet):
        return []
    paths = {
        "owner": rows.owner_path,
        "team": rows.team_path,
        "department": rows.department_path,
    }
    people = {each.path for each in kind.fields if each.kind is FieldKind.PERSON}
    return [
        Question(
            name=name,
            label=LABELS[name],
            kind=FieldKind.PERSON if name == "owner" else FieldKind.CHOICE,
            path=path,
            is_filterable=True,
            comparisons=COMPARISONS,
            means=partial(_means, name, path),
            options=partial(_options, name),
        )
        for name, path in paths.items()
        if path.removesuffix("_id") not in people
    ]


def named(name: str, keys: Any) -> dict[int, str]:
    """What owners, teams or departments are called; everyone may know who works here."""
    return dict(MODELS[name].objects.filter(pk__in=keys).values_list("pk", "name"))


def _options(name: str, actor: Actor) -> list[tuple[str, Label]]:
    rows = MODELS[name].objects
    rows = rows.active().order_by("name_key") if name == "owner" else rows.order_by("name")
    return [(str(pk), label) for pk, label in rows.values_list("pk", "name")[:300]]


def _means(name: str, path: str, condition: Condition, asking: Asking) -> Answer:
    if condition.op in ("empty", "filled"):
        nothing = Q(**{f"{path}__isnull": True})
        word = pgettext("filter", "is empty") if condition.op == "empty" else ""
        predicate = nothing if condition.op == "empty" else ~nothing
        return predicate, word or pgettext("filter", "is filled in"), ()
    parts = [part.strip() for part in condition.operand.split(",") if part.strip()]
    keys = [asking.actor.pk if part == "me" else record_id(part) for part in parts]
    if not keys or len(keys) > MOST_CHOICES:
        raise Unusable(_("Choose at least one."))
    names = named(name, [key for key in keys if key is not None])
    if any(key not in names for key in keys):
        raise Unusable(_("Choose one of the entries."))
    same = Q(**{f"{path}__in": keys})
    shown = pgettext("between the entries of a list", ", ").join(names[key] for key in keys if key)
    return (~same if condition.op == "ne" else same), shown, ()
