from __future__ import annotations

from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy

from kezhi.core.actor import Actor, Scope
from kezhi.core.models import JobRun


class HandOverQuerySet(models.QuerySet["HandOver"]):
    def visible_to(self, actor: Actor, action: str = "read") -> Self:
        """Who prepared it, who may give away every customer, and, once it happened, who took something over."""
        if actor.scope("assign", "customer") is Scope.ALL:
            return self.all()
        mine = Q(created_by_id=actor.pk) if actor.may("assign", "customer") else Q(pk__in=())
        if action == "read":
            taken = HandOverItem.objects.filter(successor_id=actor.pk).values("hand_over_id")
            mine |= Q(state=HandOver.State.DONE, pk__in=taken)
        return self.filter(mine)


class HandOver(models.Model):
    """All that a colleague holds going to others in one step: prepared, carried out, perhaps taken back."""

    class State(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("hand-over", "Being prepared")
        UNDER_WAY = "under_way", pgettext_lazy("hand-over", "Under way")
        DONE = "done", pgettext_lazy("hand-over", "Handed over")
        TAKEN_BACK = "taken_back", pgettext_lazy("hand-over", "Taken back")

    class Rule(models.TextChoices):
        ONE = "one", pgettext_lazy("hand-over", "Everything to one colleague")
        BY_FIELD = "by_field", pgettext_lazy("hand-over", "By region, industry or tier")
        EVENLY = "evenly", pgettext_lazy("hand-over", "Evenly, by customer value")

    leaver = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    # Takes what belongs to no customer, and the customers that the rule names nobody for.
    main_successor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+"
    )
    rule = models.CharField(max_length=8, choices=Rule, default=Rule.ONE)
    # By field: {"field": "region", "to": {"华东": 12}}; evenly: {"among": [12, 15]}.
    plan = models.JSONField(default=dict, blank=True)
    message = models.TextField(blank=True)
    deactivates = models.BooleanField(default=True)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    job_run = models.ForeignKey(JobRun, models.SET_NULL, null=True, related_name="+")
    counts = models.JSONField(default=dict, blank=True)
    created_by_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    done_on = models.DateField(null=True)

    objects: ClassVar[Any] = HandOverQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["leaver", "-id"], name="customers_hand_over_leaver")]

    def __str__(self) -> str:
        return str(self.leaver)


class HandOverItem(models.Model):
    """One record that went to a successor; `kind` is the name of a holding."""

    hand_over = models.ForeignKey(HandOver, models.CASCADE, related_name="items", db_index=False)
    kind = models.CharField(max_length=40)
    object_id = models.BigIntegerField()
    successor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False
    )
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["hand_over", "kind", "object_id"], name="customers_hand_over_item_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["successor", "hand_over"],
                name="customers_hand_over_unread",
                condition=Q(kind="customer", read_at__isnull=True),
            ),
            models.Index(fields=["successor", "hand_over", "kind"], name="customers_hand_over_to"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"
