"""One method decides what an actor may see, for pages, search, export, segments and value views alike."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.db import models

from kezhi.core.actor import Actor, Scope


class ScopedQuerySet(models.QuerySet[Any]):
    """Rows that carry their owner, team and department (denormalised onto child records).

    `kind` is the record kind whose permission counts; the three paths name the columns.
    """

    kind: ClassVar[str] = ""
    owner_path: ClassVar[str] = "owner_id"
    team_path: ClassVar[str] = "team_id"
    department_path: ClassVar[str] = "department_id"

    def visible_to(self, actor: Actor, action: str = "read") -> Self:
        """Only rows on which the actor may do `action`; a stranger's row does not exist for them."""
        return self.within(actor.scope(action, self.kind), actor)

    def within(self, scope: Scope, actor: Actor) -> Self:
        own = models.Q(**{self.owner_path: actor.pk})
        if scope is Scope.ALL:
            return self.all()
        if scope is Scope.DEPARTMENT and actor.department_ids:
            return self.filter(
                own | models.Q(**{f"{self.department_path}__in": actor.department_ids})
            )
        if scope >= Scope.TEAM and actor.team_id is not None:
            return self.filter(own | models.Q(**{self.team_path: actor.team_id}))
        if scope >= Scope.OWN and actor.pk is not None:
            return self.filter(own)
        return self.none()


class OpenQuerySet(models.QuerySet[Any]):
    """Rows without an owner (products, runs): the role sees all of them or none."""

    kind: ClassVar[str] = ""

    def visible_to(self, actor: Actor, action: str = "read") -> Self:
        return self.all() if actor.may(action, self.kind) else self.none()
