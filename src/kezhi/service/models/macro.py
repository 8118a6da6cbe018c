from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import pgettext_lazy

from kezhi.core.actor import Actor, Scope
from kezhi.service.models.ticket import Ticket


class MacroQuerySet(models.QuerySet["Macro"]):
    def visible_to(self, actor: Actor, action: str = "read") -> MacroQuerySet:
        """One's own, and those shown to all; to change them one's own, and with the wider scope the shared."""
        scope = actor.scope(action, "macro")
        if scope is Scope.NONE:
            return self.none()
        own = models.Q(owner_id__in=actor.own_ids)
        if action == "read" or scope is Scope.ALL:
            own |= models.Q(is_shared=True)
        return self.filter(own)


class Macro(models.Model):
    """Words and steps that come up often: a text with gaps, and what becomes of the ticket when it is used."""

    class Sort(models.TextChoices):
        REPLY = "reply", pgettext_lazy("macro", "Answer to the customer")
        NOTE = "note", pgettext_lazy("macro", "Internal note")

    name = models.CharField(max_length=80)
    sort = models.CharField(max_length=5, choices=Sort, default=Sort.REPLY)
    text = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=Ticket.State, blank=True)
    priority = models.SmallIntegerField(choices=Ticket.Priority, null=True, blank=True)
    takes = models.BooleanField(default=False)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    tags = ArrayField(models.BigIntegerField(), default=list, blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    is_shared = models.BooleanField(default=False)
    used_count = models.PositiveIntegerField(default=0)
    version = models.PositiveIntegerField(default=1, db_default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = MacroQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="macros_name_of_owner"),
            models.CheckConstraint(
                condition=~models.Q(takes=True) | models.Q(assignee__isnull=True),
                name="macros_one_who_works",
            ),
        ]

    def __str__(self) -> str:
        return self.name
