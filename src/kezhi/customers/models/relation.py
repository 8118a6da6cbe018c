from __future__ import annotations

from typing import Any, ClassVar, Self

from django.db import models
from django.utils.translation import pgettext_lazy

from kezhi.core.actor import Actor, Scope
from kezhi.customers.models.belonging import Belonging, BelongingQuerySet
from kezhi.customers.models.customer import Customer


class RelationQuerySet(BelongingQuerySet):
    """Who may not see both ends doesn't see that they are related: the line would name a stranger."""

    kind = "relation"

    def within(self, scope: Scope, actor: Actor, action: str = "read", via: str = "") -> Self:
        rows = super().within(scope, actor, action, via)
        if actor.scope("read", "customer") is Scope.ALL:
            return rows
        known = Customer.objects.visible_to(actor).values("pk")
        return rows.filter(customer__in=known, other__in=known)


class Relation(Belonging):
    """How one party stands to another, read from `customer` to `other`: A supplies B."""

    class Nature(models.TextChoices):
        PARENT = "parent", pgettext_lazy("relation", "is the parent of")
        BUYS_THROUGH = "buys_through", pgettext_lazy("relation", "buys through")
        REFERS = "refers", pgettext_lazy("relation", "refers")
        SUPPLIES = "supplies", pgettext_lazy("relation", "supplies")
        EMPLOYS = "employs", pgettext_lazy("relation", "employs")
        COMPETES = "competes", pgettext_lazy("relation", "competes with")
        ADVISES = "advises", pgettext_lazy("relation", "advises")

    class Strength(models.TextChoices):
        WEAK = "1", pgettext_lazy("strength of a relation", "Weak")
        MIDDLE = "2", pgettext_lazy("strength of a relation", "Middling")
        STRONG = "3", pgettext_lazy("strength of a relation", "Strong")

    other = models.ForeignKey(Customer, models.CASCADE, related_name="relations_from_others")
    nature = models.CharField(max_length=14, choices=Nature)
    strength = models.CharField(max_length=1, choices=Strength, default=Strength.MIDDLE)
    since = models.DateField(null=True, blank=True)
    until = models.DateField(null=True, blank=True)
    remark = models.CharField(max_length=300, blank=True)

    objects: ClassVar[Any] = RelationQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["owner_id", "-id"], name="relations_owner"),
            models.Index(fields=["team_id", "-id"], name="relations_team"),
            models.Index(fields=["department_id", "-id"], name="relations_department"),
            models.Index(fields=["-created_at", "-id"], name="relations_created"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(customer=models.F("other")), name="relations_between_two"
            ),
            models.UniqueConstraint(
                fields=["customer", "other", "nature"], name="relations_said_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer} {self.get_nature_display()} {self.other}"
