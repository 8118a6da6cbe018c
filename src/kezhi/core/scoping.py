"""One method decides what an actor may see, for pages, search, export, segments and value views alike."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.db import models

from kezhi.core.actor import Actor, Scope


class ScopedQuerySet(models.QuerySet[Any]):
    """Rows that carry their owner, team and department (denormalised onto child records).

    `kind` is the record kind whose permission counts; the paths name the columns. `share_path` is the column
    that holds the customer's id: who was given a share of the customer sees what belongs to it, too.
    """

    kind: ClassVar[str] = ""
    owner_path: ClassVar[str] = "owner_id"
    team_path: ClassVar[str] = "team_id"
    department_path: ClassVar[str] = "department_id"
    share_path: ClassVar[str] = ""

    def visible_to(self, actor: Actor, action: str = "read", via: str = "") -> Self:
        """Only rows on which the actor may do `action`; a stranger's row does not exist for them.

        `via` names a one-to-one row that repeats owner, team and department (`Kind.certain`): a list sorted by
        its columns asks for the scope there, so that one index holds scope and order (0.2 ms against 160).
        """
        return self.within(actor.scope(action, self.kind), actor, action, via)

    def within(self, scope: Scope, actor: Actor, action: str = "read", via: str = "") -> Self:
        """The rows that a scope reaches, with the customers that were shared for this action."""
        at = f"{via}__" if via else ""
        if scope is Scope.ALL:
            return self.all()
        if scope is Scope.NONE or actor.pk is None:
            return self.none()
        reached = self._own(actor, at)
        if scope is Scope.DEPARTMENT and actor.department_ids:
            reached |= models.Q(**{f"{at}{self.department_path}__in": actor.department_ids})
        elif scope >= Scope.TEAM and actor.team_id is not None:
            reached |= models.Q(**{f"{at}{self.team_path}": actor.team_id})
        if self.share_path and (shared := actor.shared_ids(action)):
            reached |= models.Q(**{f"{at}{self.share_path}__in": shared})
        return self.filter(reached)

    def _own(self, actor: Actor, at: str) -> models.Q:
        if len(actor.own_ids) == 1:
            return models.Q(**{f"{at}{self.owner_path}": actor.own_ids[0]})
        return models.Q(**{f"{at}{self.owner_path}__in": actor.own_ids})


class OpenQuerySet(models.QuerySet[Any]):
    """Rows without an owner (products, runs): the role sees all of them or none."""

    kind: ClassVar[str] = ""

    def visible_to(self, actor: Actor, action: str = "read") -> Self:
        return self.all() if actor.may(action, self.kind) else self.none()
