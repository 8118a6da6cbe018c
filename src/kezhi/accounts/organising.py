"""Departments, teams and people: who works here and where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kezhi.accounts.models import Role, User
from kezhi.accounts.sessions import end_at_once, renew_keys
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.refusal import NotAllowed, Refused

MOST_SKILLS, LONGEST_SKILL = 30, 40

# Names that the address of a colleague's page can't hold, or that lead elsewhere.
ADDRESSES = frozenset({"", ".", "..", "new"})
# Upper apps whose rows repeat where a person works register here, in their `ready`: f(ids, actor=…).
on_people_moved: list[Callable[..., None]] = []


@audited("person.created")
def create_person(fields: dict[str, Any], *, actor: Actor) -> User:
    """A colleague: `login`, `name`, `roles` (keys), `password`; optional `email`, `title`, `team` …

    Without a password (None or empty) the person is invited: a one-time link lets them set one.
    """
    only_those_who(actor, "create")
    fields = dict(fields)
    password, roles = fields.pop("password"), _roles(fields.pop("roles"))
    check_login(fields["login"], User.objects.all())
    _grant_no_more(actor, roles)
    person = _placed(User(**{**fields, "skills": skills(fields.get("skills", ()))}))
    _only_where_one_may(actor, "create", person)
    if password:
        check_password(password, person)
    person.set_password(password or None)
    person.save()
    person.roles.set(roles)
    return person


@audited("person.changed")
def change_person(person: User, changes: dict[str, Any], *, actor: Actor) -> User:
    """Change name, e-mail, place, skills, roles or whether the person may sign in. The last owner stays one.

    Their customers follow them to another team or department, many of them in the background.
    """
    only_those_who(actor, "edit")
    _only_over(person, actor)
    changes = dict(changes)
    roles = changes.pop("roles", None)
    before = {role.key for role in person.roles.all()}
    note(fields=sorted([*changes, *(["roles"] if roles is not None else [])]))
    where = (person.team_id, person.department_id)
    if changes.get("login", person.login) != person.login:
        check_login(changes["login"], User.objects.exclude(pk=person.pk))
    if "skills" in changes:
        changes["skills"] = skills(changes["skills"])
    for name, new in changes.items():
        setattr(person, name, new)
    _placed(person)
    _only_where_one_may(actor, "edit", person)
    person.save()
    if roles is not None:
        wanted = _roles(roles)
        _grant_no_more(actor, [role for role in wanted if role.key not in before])
        note(roles_before=sorted(before), roles_after=sorted(role.key for role in wanted))
        person.roles.set(wanted)
        if before != {role.key for role in wanted}:
            renew_keys(person)
    if not person.is_active:
        end_at_once(person)
    if roles is not None or "is_active" in changes:
        demand_an_owner()
    if (person.team_id, person.department_id) != where:
        people_moved([person.pk], actor)
    return User.objects.get(pk=person.pk)


@audited("person.deactivated")
def deactivate_person(person: User, *, actor: Actor, reason: str = "") -> User:
    """The person can't sign in any more, and their sessions end; what they did stays theirs."""
    only_those_who(actor, "edit")
    _only_over(person, actor)
    if person.pk == actor.pk:
        raise Refused(_("You can’t deactivate yourself. Ask another owner."))
    User.objects.filter(pk=person.pk).update(is_active=False)
    end_at_once(person)
    demand_an_owner()
    person.is_active = False
    return person


@audited("person.reactivated")
def reactivate_person(person: User, *, actor: Actor, reason: str = "") -> User:
    """The person may sign in again, with the roles and the place they had."""
    only_those_who(actor, "edit")
    _only_over(person, actor)
    User.objects.filter(pk=person.pk).update(is_active=True)
    person.is_active = True
    return person


@audited("password.set")
def set_password(person: User, password: str, *, actor: Actor) -> None:
    """One's own, or another's by those who may edit people. All other sessions of the person end."""
    if actor.pk != person.pk:
        only_those_who(actor, "edit")
        _only_over(person, actor)
    check_password(password, person)
    person.set_password(password)
    person.save(update_fields=["password", "name_key"])


def check_login(login: str, others: Any) -> None:
    """Refuse what one of the others has, or what can't stand in the address of a colleague's page."""
    if "/" in login or login.strip().lower() in ADDRESSES:
        raise Refused(_("A sign-in name has no slash, and isn’t “new” or dots only."))
    if others.filter(login__iexact=login).exists():
        raise Refused(_("The sign-in name %(login)s is taken.") % {"login": login})


def check_password(password: str, person: User) -> None:
    try:
        validate_password(password, person)
    except ValidationError as error:
        raise Refused(" ".join(error.messages)) from error


@audited("profile.changed")
def change_profile(person: User, *, actor: Actor, name: str, email: str) -> None:
    """One's own name and e-mail."""
    if actor.pk != person.pk:
        raise NotAllowed(_("People change their own profile."))
    person.name, person.email = name.strip(), email
    person.save(update_fields=["name", "name_key", "email"])


@audited("preferences.changed")
def set_preferences(
    person: User, *, actor: Actor, language: str, theme: str, density: str, keys: str = ""
) -> None:
    """How the person likes the screen: language, theme (empty = as the device), density, single keys."""
    person.language, person.theme, person.density = language, theme, density
    person.keys = keys
    person.save(update_fields=["language", "theme", "density", "keys"])


def only_those_who(actor: Actor, action: str) -> None:
    if not actor.may(action, "user"):
        raise NotAllowed(_("Your role doesn’t manage people and departments."))


def demand_an_owner() -> None:
    """Within a deed that changed people: somebody must still be able to manage the company."""
    if not User.objects.active().filter(roles__key="owner").exists():
        raise Refused(_("The company needs at least one owner who can sign in."))


def people_moved(people: Sequence[int], actor: Actor) -> None:
    """Tell the apps above that these people work elsewhere now."""
    for follow in on_people_moved:
        follow(people, actor=actor)


def skills(typed: Sequence[str]) -> list[str]:
    """Each once, in the order typed."""
    found = list(dict.fromkeys(word.strip() for word in typed if word.strip()))
    if len(found) > MOST_SKILLS or any(len(word) > LONGEST_SKILL for word in found):
        raise Refused(
            _("At most %(most)d skills of at most %(length)d characters each.")
            % {"most": MOST_SKILLS, "length": LONGEST_SKILL}
        )
    return found


def _only_over(person: User, actor: Actor) -> None:
    """Nobody changes somebody who may do more than they may: that would be a way to take their rights."""
    if actor.pk == person.pk:
        return
    if not User.objects.visible_to(actor, "edit").filter(pk=person.pk).exists():
        raise NotAllowed(_("Your role doesn’t manage this colleague."))
    if any(not role.is_covered_by(actor) for role in person.roles.all()):
        raise NotAllowed(
            _("%(name)s may do more than you. Only who may as much manages this colleague.")
            % {"name": person.name}
        )


def _only_where_one_may(actor: Actor, action: str, person: User) -> None:
    """Who manages a department places people in it, not elsewhere."""
    from_everywhere = actor.scope(action, "user")
    if from_everywhere is from_everywhere.ALL:
        return
    if person.department_id not in actor.department_ids:
        raise NotAllowed(_("Your role doesn’t place people in that department."))


def _grant_no_more(actor: Actor, roles: Sequence[Role]) -> None:
    for role in roles:
        if not role.is_covered_by(actor):
            raise NotAllowed(
                _("The role %(role)s may do more than you; you can’t give it.") % {"role": role}
            )


def _roles(keys: Sequence[str]) -> list[Role]:
    roles = list(Role.objects.filter(key__in=keys))
    if not roles or len(roles) != len(set(keys)):
        raise Refused(_("Choose at least one role."))
    return roles


def _placed(person: User) -> User:
    """A team lies in a department: naming the team is enough."""
    if person.team is not None:
        person.department = person.team.department
    return person
