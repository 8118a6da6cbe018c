from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy

from kezhi.core.scoping import ScopedQuerySet
from kezhi.customers.models import Customer
from kezhi.customers.models.standing import Tier


class TierOverrideQuerySet(ScopedQuerySet):
    kind = "tier_override"
    share_path = "customer_id"
    owner_path = "customer__owner_id"
    team_path = "customer__team_id"
    department_path = "customer__department_id"

    def waiting(self) -> TierOverrideQuerySet:
        return self.filter(state=TierOverride.State.WAITING)

    def in_force(self) -> TierOverrideQuerySet:
        return self.filter(state=TierOverride.State.IN_FORCE)

    def open(self) -> TierOverrideQuerySet:
        return self.filter(state__in=(TierOverride.State.WAITING, TierOverride.State.IN_FORCE))

    def held_on(self, day: date) -> TierOverrideQuerySet:
        """Those that held on a day of the past, as far as it is known today."""
        began = self.filter(approved_on__lte=day, until__gte=day)
        return began.filter(Q(ended_on=None) | Q(ended_on__gt=day))


class TierOverride(models.Model):
    """A tier that somebody wants a customer to have, or gave it, by hand, through the day `until`.

    `tier_before` is the tier the customer stood in when it was asked for. `decision` is what the one who
    rejected or withdrew it said.
    """

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("tier by hand", "Waiting for approval")
        IN_FORCE = "in_force", pgettext_lazy("tier by hand", "In force")
        REJECTED = "rejected", pgettext_lazy("tier by hand", "Rejected")
        WITHDRAWN = "withdrawn", pgettext_lazy("tier by hand", "Withdrawn")
        REPLACED = "replaced", pgettext_lazy("tier by hand", "Replaced by another")
        EXPIRED = "expired", pgettext_lazy("tier by hand", "Run out")

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="+", db_index=False)
    tier = models.CharField(max_length=1, choices=Tier)
    tier_before = models.CharField(max_length=1, choices=Tier, blank=True)
    until = models.DateField()
    reason = models.CharField(max_length=300)
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    requested_on = models.DateField()
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    approved_on = models.DateField(null=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    ended_on = models.DateField(null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    decision = models.CharField(max_length=300, blank=True)

    objects: ClassVar[Any] = TierOverrideQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["customer"],
                condition=Q(state="waiting"),
                name="insight_override_one_waiting",
            ),
            models.UniqueConstraint(
                fields=["customer"],
                condition=Q(state="in_force"),
                name="insight_override_one_in_force",
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "-id"], name="insight_override_customer"),
            models.Index(fields=["state", "-id"], name="insight_override_state"),
        ]

    def __str__(self) -> str:
        return f"{self.customer.name}: {self.tier_before or '–'} → {self.tier}"

    @property
    def is_waiting(self) -> bool:
        return self.state == self.State.WAITING

    @property
    def is_in_force(self) -> bool:
        return self.state == self.State.IN_FORCE
