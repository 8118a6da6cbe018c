"""Lists that people keep."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.accounts.models import Department, Team
from kezhi.core.actor import Actor, Scope


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, actor: Actor, action: str = "read") -> Self:
        """One's own, those of one's team, of one's department or of one above it, and everyone's.

        Changing needs ownership; who may do so for all may also change what everyone sees.
        """
        own = Q(owner_id=actor.pk)
        if action != "read":
            if actor.scope(action, "view") is Scope.ALL:
                own |= ~Q(audience=SavedView.Audience.PRIVATE)
            return self.filter(own)
        shared = Q(audience=SavedView.Audience.EVERYONE)
        if actor.team_id is not None:
            shared |= Q(audience=SavedView.Audience.TEAM, team_id=actor.team_id)
        if actor.department_id is not None:
            above = Department.objects.ids_above(actor.department_id)
            shared |= Q(audience=SavedView.Audience.DEPARTMENT, department_id__in=above)
        return self.filter(own | shared)


class SavedView(models.Model):
    """Filter, sort and columns of a list under a name; `query` is the list's query string."""

    class Audience(models.TextChoices):
        PRIVATE = "private", _("Only me")
        TEAM = "team", _("My team")
        DEPARTMENT = "department", _("My department and those below it")
        EVERYONE = "everyone", pgettext_lazy("audience", "Everyone")

    kind = models.CharField(max_length=40)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=8000, blank=True)
    audience = models.CharField(max_length=10, choices=Audience, default=Audience.PRIVATE)
    is_pinned = models.BooleanField(default=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True, related_name="+")
    department = models.ForeignKey(
        Department, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = SavedViewQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "kind", "name"], name="workbench_saved_view_name"
            )
        ]

    def __str__(self) -> str:
        return self.name
