from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from kezhi.accounts.models.organisation import Department, Team
from kezhi.accounts.models.role import Role
from kezhi.accounts.models.sharing import lent_to
from kezhi.accounts.models.sign_in_attempt import login_key
from kezhi.core.actor import Access, Actor, Principal, Program, Scope
from kezhi.core.names import name_key


class UserQuerySet(models.QuerySet["User"]):
    def active(self) -> UserQuerySet:
        return self.filter(is_active=True)

    def visible_to(self, actor: Actor, action: str = "read") -> UserQuerySet:
        """Colleagues: everyone may see who works here; changing them needs the permission."""
        scope = Scope.ALL if action == "read" else actor.scope(action, "user")
        if scope is Scope.ALL:
            return self.all()
        if scope is Scope.DEPARTMENT:
            return self.filter(department_id__in=actor.department_ids)
        if scope is Scope.TEAM and actor.team_id is not None:
            return self.filter(team_id=actor.team_id)
        return self.filter(pk=actor.pk) if scope > Scope.NONE else self.none()

    def found_by(self, text: str) -> UserQuerySet:
        """Whose name (in characters or pinyin), sign-in name, position or skill holds the words."""
        key = name_key(text)
        return self.filter(
            Q(name__icontains=text)
            | Q(name_key__contains=key)
            | Q(login__icontains=text)
            | Q(title__icontains=text)
            | Q(skills__contains=[text])
        )


class UserManager(BaseUserManager["User"].from_queryset(UserQuerySet)):  # type: ignore[misc]
    def get_by_natural_key(self, username: str | None) -> User:
        """By sign-in name, whatever its case. The database's idea of case is wider than ours: what only it
        finds alike (a long s, a dotless i) is somebody else."""
        person: User = self.get(login__iexact=username or "")
        if login_key(person.login) != login_key(username or ""):
            raise self.model.DoesNotExist
        return person


class User(AbstractBaseUser):
    """A person who works with Kezhi; an `Actor`."""

    login = models.CharField(_("Sign-in name"), max_length=150, unique=True)
    name = models.CharField(_("Name"), max_length=150)
    name_key = models.CharField(max_length=200, db_index=True)
    email = models.EmailField(_("E-mail"), blank=True)
    title = models.CharField(_("Position"), max_length=80, blank=True)
    is_active = models.BooleanField(default=True)
    department = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, related_name="people"
    )
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="people")
    skills = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    roles = models.ManyToManyField(Role, related_name="people")
    language = models.CharField(max_length=10, blank=True)
    theme = models.CharField(max_length=6, blank=True)
    density = models.CharField(max_length=12, blank=True)
    # "off": single letters do nothing (WCAG 2.1.4); empty is on.
    keys = models.CharField(max_length=3, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # The program that acts for the person in this request; set by `integrating.actor_of_token` alone.
    program: Program | None = None

    objects: ClassVar[Any] = UserManager()

    USERNAME_FIELD = "login"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        constraints = [models.UniqueConstraint(Lower("login"), name="accounts_user_login_ci")]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.name_key = name_key(self.name)
        super().save(*args, **kwargs)

    @cached_property
    def _roles(self) -> list[Role]:
        return list(self.roles.all())

    @cached_property
    def department_ids(self) -> tuple[int, ...]:
        """The person's department and all below it."""
        if self.department_id is None:
            return ()
        return tuple(Department.objects.within(self.department_id).values_list("pk", flat=True))

    @property
    def principals(self) -> tuple[Principal, ...]:
        """Those for whom the person stands in today."""
        return self._lent[0]

    @property
    def own_ids(self) -> tuple[int, ...]:
        """The person, and those for whom they stand in today."""
        return (self.pk, *(principal.pk for principal in self.principals))

    @property
    def stands_in_for(self) -> tuple[Principal, ...]:
        """As `principals`, for the shell of every page: nobody's, when the person reaches everything anyway."""
        everything = self.scope("read", "customer") in (Scope.NONE, Scope.ALL)
        return () if everything else self.principals

    @cached_property
    def _lent(self) -> tuple[tuple[Principal, ...], tuple[tuple[int, bool], ...]]:
        return lent_to(self.pk, self.team_id)

    def shared_ids(self, action: str) -> tuple[int, ...]:
        """Customers that were shared with the person or their team, for reading or for working on them.

        A share never lets anyone delete, export or give away.
        """
        if action == "read":
            return tuple(customer for customer, _may_edit in self._lent[1])
        if action in ("edit", "create"):
            return tuple(customer for customer, may_edit in self._lent[1] if may_edit)
        return ()

    def access(self, kind: str, group: str) -> Access:
        """The widest access that any of the person's roles gives which read the kind."""
        if not self.is_active:
            return Access.HIDDEN
        levels = (
            role.access(kind, group)
            for role in self._roles
            if role.scope("read", kind) > Scope.NONE
        )
        widest = max(levels, default=Access.HIDDEN)
        return widest if self.program is None else min(widest, self.program.access(kind, group))

    def sees(self, kind: str, group: str) -> bool:
        """Whether the person may read a group of fields in full: what is masked is not seen."""
        return self.access(kind, group) >= Access.READ

    def acts_for(self, owner_id: int | None) -> Principal | None:
        """Whom the person stands in for on a record of that owner.

        Who reaches every customer anyway acts in their own right.
        """
        if owner_id is None or owner_id == self.pk:
            return None
        return next((each for each in self.stands_in_for if each.pk == owner_id), None)

    @property
    def managers(self) -> list[User]:
        """From the nearest up: the team's lead, then the heads of the department and of those above."""
        found = [self.team.lead] if self.team is not None else []
        if self.department is not None:
            above = Department.objects.filter(pk__in=self.department.path).select_related("head")
            heads = {department.pk: department.head for department in above}
            found += [heads.get(pk) for pk in reversed(self.department.path)]
        known: dict[int, User] = {}
        for person in found:
            if person is not None and person.pk != self.pk and person.is_active:
                known.setdefault(person.pk, person)
        return list(known.values())

    @property
    def is_owner(self) -> bool:
        """What only owners may do themselves, no program does for them."""
        return self.program is None and any(role.key == "owner" for role in self._roles)

    def scope(self, action: str, kind: str) -> Scope:
        """The widest scope that any of the person's roles grants."""
        if not self.is_active:
            return Scope.NONE
        if self.program is not None and not self.program.allows(action, kind):
            return Scope.NONE
        return max((role.scope(action, kind) for role in self._roles), default=Scope.NONE)

    def may(self, action: str, kind: str) -> bool:
        return self.scope(action, kind) > Scope.NONE


def person(actor: Actor) -> User | None:
    """Who acts, where a row names a person: nobody where the system itself does."""
    return actor if isinstance(actor, User) else None
