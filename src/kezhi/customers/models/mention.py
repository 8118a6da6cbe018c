from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from kezhi.core.actor import Actor
from kezhi.customers.models.interaction import Interaction


class MentionQuerySet(models.QuerySet["Mention"]):
    def of(self, actor: Actor) -> MentionQuerySet:
        """Those that call this person to something they may see now; what was taken from them is gone."""
        seen = Interaction.objects.visible_to(actor).values("pk")
        return self.filter(person_id=actor.pk, interaction__in=seen)

    def unread(self) -> MentionQuerySet:
        return self.filter(read_at__isnull=True)


class Mention(models.Model):
    """A colleague called by `@name` in an entry of the timeline."""

    interaction = models.ForeignKey(Interaction, models.CASCADE, related_name="mentions")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False
    )
    read_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = MentionQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["person", "-created_at"], name="mentions_person"),
            models.Index(
                fields=["person", "-id"],
                name="mentions_unread",
                condition=models.Q(read_at__isnull=True),
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["interaction", "person"], name="mentions_once")
        ]

    def __str__(self) -> str:
        return f"@{self.person}"
