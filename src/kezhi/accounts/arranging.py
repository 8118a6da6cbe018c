"""The tree of departments and the teams in it: created, renamed, moved, led, taken away."""

from __future__ import annotations

from typing import Any

from django.db import connection, models
from django.utils.translation import gettext as _

from kezhi.accounts.models import Company, Department, Team, User
from kezhi.accounts.organising import only_those_who, people_moved
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor, Scope
from kezhi.core.refusal import NotAllowed, Refused

DEEPEST = 60


@audited("department.created")
def create_department(name: str, parent: Department | None, *, actor: Actor) -> Department:
    _only_within(actor, "create", parent)
    _lock_tree()
    above = Department.objects.get(pk=parent.pk).path if parent else []
    _not_too_deep(len(above) + 1)
    department = Department(name=_named(name), parent=parent)
    _unique(department)
    department.save()
    department.path = [*above, department.pk]
    department.save(update_fields=["path"])
    return department


@audited("department.changed")
def change_department(
    department: Department, changes: dict[str, Any], *, actor: Actor
) -> Department:
    """Change `name`, `head`, or `parent`: everything below moves along."""
    _only_within(actor, "edit", department)
    note(fields=sorted(changes))
    _lock_tree()
    department = Department.objects.get(pk=department.pk)
    if "name" in changes:
        department.name = _named(changes["name"])
    if "head" in changes:
        department.head = _at_work(changes["head"])
    if "parent" in changes:
        _move(department, changes["parent"], actor)
    _unique(department)
    department.save()
    return department


@audited("department.deleted")
def delete_department(department: Department, *, actor: Actor) -> None:
    """Only an empty one: without departments, teams or people in it, and without customers."""
    _only_within(actor, "delete", department)
    if department.children.exists() or department.teams.exists() or department.people.exists():
        raise Refused(
            _("%(name)s isn’t empty. Move its departments, teams and people elsewhere first.")
            % {"name": department.name}
        )
    _gone(department)


@audited("team.created")
def create_team(name: str, department: Department, *, actor: Actor) -> Team:
    _only_within(actor, "create", department)
    team = Team(name=_named(name), department=department)
    _unique(team)
    team.save()
    return team


@audited("team.changed")
def change_team(team: Team, changes: dict[str, Any], *, actor: Actor) -> Team:
    """Change `name`, `lead` or `department`: its people and their customers move along."""
    _only_within(actor, "edit", team.department)
    note(fields=sorted(changes))
    team = Team.objects.select_for_update().get(pk=team.pk)
    if "name" in changes:
        team.name = _named(changes["name"])
    if "lead" in changes:
        team.lead = _at_work(changes["lead"])
    moves = "department" in changes and changes["department"].pk != team.department_id
    if moves:
        _only_within(actor, "edit", changes["department"])
        team.department = changes["department"]
    _unique(team)
    team.save()
    if moves:
        members = list(User.objects.filter(team=team).values_list("pk", flat=True))
        User.objects.filter(team=team).update(department=team.department)
        people_moved(members, actor)
    return team


@audited("team.deleted")
def delete_team(team: Team, *, actor: Actor) -> None:
    """Only an empty one."""
    _only_within(actor, "delete", team.department)
    if team.people.exists():
        raise Refused(
            _("%(name)s isn’t empty. Move its people elsewhere first.") % {"name": team.name}
        )
    _gone(team)


def _move(department: Department, parent: Department | None, actor: Actor) -> None:
    """Put the department, and with it all below, under another one or at the root."""
    _only_within(actor, "edit", parent)
    above = Department.objects.get(pk=parent.pk).path if parent else []
    if department.pk in above:
        raise Refused(
            _("%(name)s can’t lie below itself. Choose a department outside of it.")
            % {"name": department.name}
        )
    own = len(department.path)
    deepest = Department.objects.within(department.pk).aggregate(
        most=models.Max(models.F("path__len"))
    )["most"]
    _not_too_deep(len(above) + deepest - own + 1)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_department SET path = %s::bigint[] || path[%s:]"
            " WHERE path @> ARRAY[%s]::bigint[]",
            [above, own, department.pk],
        )
    department.parent = parent
    department.path = [*above, department.pk]


def _lock_tree() -> None:
    """Two moves at once could make a circle: one waits for the other."""
    Company.objects.select_for_update().filter(pk=1).first()


def _only_within(actor: Actor, action: str, department: Department | None) -> None:
    """Who manages a department arranges what lies in it; the tree as a whole needs the whole company."""
    only_those_who(actor, action)
    if actor.scope(action, "user") is Scope.ALL:
        return
    if department is None or department.pk not in actor.department_ids:
        raise NotAllowed(_("Your role doesn’t arrange that part of the company."))


def _not_too_deep(depth: int) -> None:
    if depth > DEEPEST:
        raise Refused(_("A tree of departments has at most %(most)d levels.") % {"most": DEEPEST})


def _named(name: str) -> str:
    name = name.strip()
    if not name or len(name) > 80:
        raise Refused(_("A name has 1 to 80 characters."))
    return name


def _at_work(person: User | None) -> User | None:
    if person is not None and not person.is_active:
        raise Refused(_("Choose a colleague who works here."))
    return person


def _unique(node: Department | Team) -> None:
    """Two of one name side by side couldn’t be told apart."""
    beside: Any
    if isinstance(node, Department):
        beside = Department.objects.filter(name=node.name, parent=node.parent)
    else:
        beside = Team.objects.filter(name=node.name, department=node.department)
    if beside.exclude(pk=node.pk).exists():
        raise Refused(_("There is a “%(name)s” in this place already.") % {"name": node.name})


def _gone(node: Department | Team) -> None:
    try:
        node.delete()
    except models.ProtectedError as error:
        raise Refused(
            _("Customers still belong to %(name)s. Give them to a colleague elsewhere first.")
            % {"name": node.name}
        ) from error
