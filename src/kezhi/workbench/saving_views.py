"""Lists that people keep under a name, for themselves, their team or everyone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from kezhi.accounts.models import Team, User
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor, Scope
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.records import Kind, registry
from kezhi.workbench.list_query import LONGEST_QUERY, Shape
from kezhi.workbench.models import SavedView
from kezhi.workbench.operands import is_one_line

MOST_PINNED = 12
MOST_TEAMS = 20
# How far a person's permission must reach to show a view to this audience.
REACH = {
    SavedView.Audience.PRIVATE: Scope.OWN,
    SavedView.Audience.TEAM: Scope.TEAM,
    SavedView.Audience.EVERYONE: Scope.ALL,
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


def audiences(actor: Actor) -> list[tuple[str, str]]:
    """To whom this person may show a view; who is in no team names one of their department's (`team:5`)."""
    reach = actor.scope("create", "view")
    found: list[tuple[str, str]] = []
    for audience, needed in REACH.items():
        if reach < needed:
            continue
        if audience != SavedView.Audience.TEAM or actor.team_id is not None:
            found.append((audience.value, str(audience.label)))
        else:
            found += [(f"{audience.value}:{team.pk}", team.name) for team in _teams_below(actor)]
    return found


def audience_of(kept: Any, actor: Actor) -> str:
    """The one of `audiences` that was chosen for a view, report or dashboard."""
    is_anothers = kept.audience == SavedView.Audience.TEAM and kept.team_id != actor.team_id
    return f"{kept.audience}:{kept.team_id}" if is_anothers else str(kept.audience)


def meant(audience: str, actor: Actor) -> dict[str, Any]:
    """What one of `audiences` sets: the audience, and the team where one was named."""
    name, _colon, wanted = audience.partition(":")
    if not wanted:
        return {"audience": audience}
    team = next((each for each in _teams_below(actor) if str(each.pk) == wanted), None)
    if name != SavedView.Audience.TEAM or team is None:
        raise Refused(_("Choose who sees it."))
    return {"audience": name, "team_id": team.pk}


def _teams_below(actor: Actor) -> list[Team]:
    if actor.team_id is not None or not actor.department_ids:
        return []
    rows = Team.objects.filter(department__in=actor.department_ids)
    return list(rows.order_by("name", "pk")[:MOST_TEAMS])


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
    named = meant(fields["audience"], actor) if "audience" in fields else {}
    for name, new in (fields | named).items():
        setattr(view, name, new)
    view.name = view.name.strip()
    if not view.name:
        raise Refused(_("Give the view a name."))
    if len(view.name) > 60 or not is_one_line(view.name):
        raise Refused(_("A view’s name has at most 60 characters."))
    if view.audience not in SavedView.Audience.values:
        raise Refused(_("Choose who sees the view."))
    if actor.scope(action, "view") < REACH[SavedView.Audience(view.audience)]:
        raise NotAllowed(_("Your role doesn’t share views with so many people."))
    if view.audience != SavedView.Audience.TEAM:
        view.team_id = None
    elif view.team_id is None:
        view.team_id = actor.team_id
    if view.audience == SavedView.Audience.TEAM and view.team_id is None:
        raise Refused(_("You belong to no team that could see it."))
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
