"""Lists that people keep under a name, for themselves, their team, department or everyone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from kezhi.accounts.models import Department, Team, User
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor, Scope
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.records import Kind, registry
from kezhi.workbench.list_query import LONGEST_QUERY, Shape
from kezhi.workbench.models import SavedView
from kezhi.workbench.operands import is_one_line

MOST_PINNED = 12
MOST_TEAMS = 20
MOST_DEPARTMENTS = 100
# How far a person's permission must reach to show a view to this audience.
REACH = {
    SavedView.Audience.PRIVATE: Scope.OWN,
    SavedView.Audience.TEAM: Scope.TEAM,
    SavedView.Audience.DEPARTMENT: Scope.DEPARTMENT,
    SavedView.Audience.EVERYONE: Scope.ALL,
}
# The column that says which one, of the audiences of which there are several.
COLUMNS: dict[str, str] = {
    SavedView.Audience.TEAM: "team_id",
    SavedView.Audience.DEPARTMENT: "department_id",
}


@audited("view.saved")
def save_view(
    kind: Kind, name: str, shape: Shape, *, actor: Actor, audience: str, is_pinned: bool
) -> SavedView:
    """Keep a list's filter, order and columns under a name that the actor hasn't used for this kind."""
    if not isinstance(actor, User) or not actor.may("create", "view"):
        raise NotAllowed(_("Your role doesn’t save views."))
    view = SavedView(kind=kind.name, owner=actor, query=_fitting(shape))
    return _saved(
        view, {"name": name, "audience": audience, "is_pinned": is_pinned}, actor, "create"
    )


@audited("view.changed")
def change_view(view: SavedView, changes: dict[str, Any], *, actor: Actor) -> SavedView:
    """Change `name`, `audience`, `is_pinned` or, by a `shape`, what the view shows."""
    view = _claimed(view, actor, "edit")
    changes = dict(changes)
    note(fields=sorted(changes))
    if "shape" in changes:
        view.query = _fitting(changes.pop("shape"))
    return _saved(view, changes, actor, "edit")


@audited("view.deleted")
def delete_view(view: SavedView, *, actor: Actor) -> None:
    _claimed(view, actor, "delete").delete()


def audiences(actor: Actor, kept: Any = None) -> list[tuple[str, str]]:
    """To whom this person may show a view; a team or department other than their own by number (`team:5`).

    Who is in no team names one of their department's; who has a department, one below it. What somebody
    else chose for `kept` may stay.
    """
    reach = actor.scope("create", "view")
    found: list[tuple[str, str]] = []
    for audience, needed in REACH.items():
        if reach < needed:
            continue
        if audience == SavedView.Audience.TEAM and actor.team_id is None:
            found += [(f"{audience.value}:{team.pk}", team.name) for team in _teams_below(actor)]
        elif audience != SavedView.Audience.DEPARTMENT:
            found.append((audience.value, str(audience.label)))
        elif actor.department_id is not None:
            found.append((audience.value, str(audience.label)))
            below = _departments_below(actor)
            found += [(f"{audience.value}:{pk}", name) for pk, name in below.items()]
    if kept is not None and (chosen := audience_of(kept, actor)) not in dict(found):
        found.append((chosen, shown_to(kept, actor)))
    return found


def audience_of(kept: Any, actor: Actor) -> str:
    """The one of `audiences` that was chosen for a view, report or dashboard."""
    column = COLUMNS.get(kept.audience, "")
    chosen = getattr(kept, column) if column else None
    is_anothers = column and chosen is not None and chosen != getattr(actor, column)
    return f"{kept.audience}:{chosen}" if is_anothers else str(kept.audience)


def shown_to(kept: Any, actor: Actor) -> str:
    """The audience in words: another's team or department by its name."""
    if ":" not in audience_of(kept, actor):
        return str(SavedView.Audience(kept.audience).label)
    return str(kept.team if kept.audience == SavedView.Audience.TEAM else kept.department)


def meant(audience: str, actor: Actor, kept: Any) -> dict[str, Any]:
    """What one of `audiences` sets: the audience, and the team or department where one was named."""
    if kept.pk is not None and audience == audience_of(kept, actor):
        return {}
    name, _colon, wanted = audience.partition(":")
    column = COLUMNS.get(name, "")
    if not wanted:
        own = getattr(actor, column) if column else None
        return {"audience": audience} | ({column: own} if own is not None else {})
    if name == SavedView.Audience.TEAM:
        allowed = {team.pk for team in _teams_below(actor)}
    elif name == SavedView.Audience.DEPARTMENT:
        allowed = set(actor.department_ids)
    else:
        allowed = set()
    chosen = next((pk for pk in allowed if str(pk) == wanted), None)
    if chosen is None:
        raise Refused(_("Choose who sees it."))
    return {"audience": name, column: chosen}


def settle_audience(kept: Any, actor: Actor, action: str) -> None:
    """Nobody shows more people a view, report or dashboard than their role lets them; without a team or
    department there is none to show it to."""
    audience = SavedView.Audience(kept.audience)
    if actor.scope(action, "view") < REACH[audience]:
        raise NotAllowed(_("Your role doesn’t share views with so many people."))
    for shared, column in COLUMNS.items():
        if audience != shared:
            setattr(kept, column, None)
        elif getattr(kept, column) is None:
            setattr(kept, column, getattr(actor, column))
    if audience == SavedView.Audience.TEAM and kept.team_id is None:
        raise Refused(_("You belong to no team that could see it."))
    if audience == SavedView.Audience.DEPARTMENT and kept.department_id is None:
        raise Refused(_("You belong to no department that could see it."))


def _teams_below(actor: Actor) -> list[Team]:
    if actor.team_id is not None or not actor.department_ids:
        return []
    rows = Team.objects.filter(department__in=actor.department_ids)
    return list(rows.order_by("name", "pk")[:MOST_TEAMS])


def _departments_below(actor: Actor) -> dict[int, str]:
    """Below the actor's own, each with the names that lead to it, as the tree stands."""
    rows = Department.objects.filter(pk__in=actor.department_ids).order_by("path")
    found = list(rows[: MOST_DEPARTMENTS + 1])
    names = {each.pk: each.name for each in found if each.pk != actor.department_id}
    return {
        each.pk: " / ".join(names[pk] for pk in each.path if pk in names)
        for each in found
        if each.pk in names
    }


def views_beside(kind: Kind | None, actor: Actor) -> list[SavedView]:
    """The views that a page shows: those of its list, and the pinned ones of every list."""
    shown = Q(is_pinned=True) | Q(kind=kind.name) if kind else Q(is_pinned=True)
    return list(SavedView.objects.visible_to(actor).filter(shown).order_by("pk"))


def views_of(kind: Kind, actor: Actor, known: Iterable[SavedView] | None = None) -> list[SavedView]:
    """The saved views of a list that the actor sees, own ones first; `known` are views fetched before."""
    found = views_beside(kind, actor) if known is None else known
    mine = [view for view in found if view.kind == kind.name]
    return sorted(mine, key=lambda view: view.owner_id != actor.pk)


def pinned_views(
    actor: Actor, known: Iterable[SavedView] | None = None
) -> list[tuple[SavedView, str]]:
    """Views for the navigation with the address of each, of the kinds that the actor may read."""
    found = views_beside(None, actor) if known is None else known
    pinned = [view for view in found if view.is_pinned][:MOST_PINNED]
    return [
        (view, f"/{registry[view.kind].address}/?view={view.pk}")
        for view in pinned
        if view.kind in registry and actor.may("read", view.kind)
    ]


def _claimed(view: SavedView, actor: Actor, action: str) -> SavedView:
    row: SavedView | None = (
        SavedView.objects.visible_to(actor, action).select_for_update().filter(pk=view.pk).first()
    )
    if row is None:
        raise NotAllowed(_("This view belongs to somebody else."))
    return row


def _saved(view: SavedView, fields: dict[str, Any], actor: Actor, action: str) -> SavedView:
    fields = dict(fields)
    if "audience" in fields:
        fields |= meant(fields.pop("audience"), actor, view)
    for name, new in fields.items():
        setattr(view, name, new)
    view.name = view.name.strip()
    if not view.name:
        raise Refused(_("Give the view a name."))
    if len(view.name) > 60 or not is_one_line(view.name):
        raise Refused(_("A view’s name has at most 60 characters."))
    if view.audience not in SavedView.Audience.values:
        raise Refused(_("Choose who sees the view."))
    settle_audience(view, actor, action)
    same = SavedView.objects.filter(owner_id=view.owner_id, kind=view.kind, name=view.name)
    if same.exclude(pk=view.pk).exists():
        raise Refused(_("You have a view “%(name)s” already.") % {"name": view.name})
    view.save()
    return view


def _fitting(shape: Shape) -> str:
    query = shape.query()
    if len(query) > LONGEST_QUERY:
        raise Refused(_("These are too many filters for one view."))
    return query
