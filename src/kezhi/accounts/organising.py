"""Departments, teams and people: who works here and where."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kezhi.accounts.models import Department, Role, Team, User
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.refusal import NotAllowed, Refused


@audited("department.created")
def create_department(name: str, parent: Department | None, *, actor: Actor) -> Department:
    _only_those_who(actor, "create")
    department = Department.objects.create(name=name.strip(), parent=parent)
    department.path = [*(parent.path if parent else []), department.pk]
    department.save(update_fields=["path"])
    return department


@audited("team.created")
def create_team(name: str, department: Department, *, actor: Actor) -> Team:
    _only_those_who(actor, "create")
    return Team.objects.create(name=name.strip(), department=department)


@audited("person.created")
def create_person(fields: dict[str, Any], *, actor: Actor) -> User:
    """A colleague: `login`, `name`, `roles` (keys), `password`; optional `email`, `title`, `team` …"""
    _only_those_who(actor, "create")
    fields = dict(fields)
    password, roles = fields.pop("password"), _roles(fields.pop("roles"))
    if User.objects.filter(login__iexact=fields["login"]).exists():
        raise Refused(_("The sign-in name %(login)s is taken.") % {"login": fields["login"]})
    person = _placed(User(**fields))
    check_password(password, person)
    person.set_password(password)
    person.save()
    person.roles.set(roles)
    return person


@audited("person.changed")
def change_person(person: User, changes: dict[str, Any], *, actor: Actor) -> User:
    """Change name, e-mail, place, roles or whether the person may sign in. The last owner stays one."""
    _only_those_who(actor, "edit")
    changes = dict(changes)
    roles = changes.pop("roles", None)
    note(fields=sorted([*changes, *(["roles"] if roles is not None else [])]))
    for name, new in changes.items():
        setattr(person, name, new)
    _placed(person).save()
    if roles is not None:
        person.roles.set(_roles(roles))
    if not User.objects.active().filter(roles__key="owner").exists():
        raise Refused(_("The company needs at least one owner who can sign in."))
    return User.objects.get(pk=person.pk)


@audited("password.set")
def set_password(person: User, password: str, *, actor: Actor) -> None:
    """One's own, or another's by those who may edit people. All other sessions of the person end."""
    if actor.pk != person.pk:
        _only_those_who(actor, "edit")
    check_password(password, person)
    person.set_password(password)
    person.save(update_fields=["password", "name_key"])


def check_password(password: str, person: User) -> None:
    try:
        validate_password(password, person)
    except ValidationError as error:
        raise Refused(" ".join(error.messages)) from error


def _only_those_who(actor: Actor, action: str) -> None:
    if not actor.may(action, "user"):
        raise NotAllowed(_("Only an owner manages people and departments."))


def _roles(keys: list[str]) -> list[Role]:
    roles = list(Role.objects.filter(key__in=keys))
    if not roles or len(roles) != len(set(keys)):
        raise Refused(_("Choose at least one role."))
    return roles


def _placed(person: User) -> User:
    """A team lies in a department: naming the team is enough."""
    if person.team is not None:
        person.department = person.team.department
    return person


@audited("profile.changed")
def change_profile(person: User, *, actor: Actor, name: str, email: str) -> None:
    """One's own name and e-mail."""
    if actor.pk != person.pk:
        raise NotAllowed(_("People change their own profile."))
    person.name, person.email = name.strip(), email
    person.save(update_fields=["name", "name_key", "email"])


@audited("preferences.changed")
def set_preferences(person: User, *, actor: Actor, language: str, theme: str, density: str) -> None:
    """How the person likes the screen: language, theme (empty = as the device), density."""
    person.language, person.theme, person.density = language, theme, density
    person.save(update_fields=["language", "theme", "density"])
