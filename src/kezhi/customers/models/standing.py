from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.core.owned import Owned
from kezhi.core.scoping import ScopedQuerySet
from kezhi.customers.models.customer import Customer


class Tier(models.TextChoices):
    """The value pyramid; depth of colour shows the same order."""

    S = "S", _("S Platinum")
    A = "A", _("A Gold")
    B = "B", _("B Silver")
    C = "C", _("C Bronze")
    D = "D", _("D Basic")


class Loyalty(models.TextChoices):
    POTENTIAL = "potential", pgettext_lazy("loyalty class", "Potential")
    NEW = "new", pgettext_lazy("loyalty class", "New")
    REGULAR = "regular", pgettext_lazy("loyalty class", "Regular")
    OLD = "old", pgettext_lazy("loyalty class", "Old")
    LOYAL = "loyal", pgettext_lazy("loyalty class", "Loyal")


class Stage(models.TextChoices):
    """The lifecycle stage of the relationship."""

    EXPLORATION = "exploration", _("Exploration")
    BUILD_UP = "build_up", _("Build-up")
    STABLE = "stable", pgettext_lazy("lifecycle stage", "Stable")
    DECLINE = "decline", _("Decline")
    LOST = "lost", pgettext_lazy("lifecycle stage", "Lost")


class StandingQuerySet(ScopedQuerySet):
    kind = "customer"
    share_path = "customer_id"

    def of_customers(self) -> StandingQuerySet:
        """Without the parties that only supply, compete or advise, unless they were measured as buyers."""
        roles = [role for role in Customer.Role.values if role != Customer.Role.CUSTOMER]
        # Said so that the index of those who are anything but customers serves.
        others = Customer.objects.filter(~models.Q(roles=["customer"]), roles__overlap=roles)
        others = others.exclude(roles__contains=["customer"])
        return self.exclude(run_id__isnull=True, customer_id__in=others.values("pk"))


class Standing(Owned):
    """Where a customer stands today: one row from birth, written only by `insight`.

    Owner, team and department lie here too, so that a salesperson's list by value is one index scan. Money is
    in the company's currency. A number that nobody has measured is null, never 0.
    """

    customer = models.OneToOneField(
        Customer, models.CASCADE, primary_key=True, related_name="standing"
    )

    run_id = models.BigIntegerField(null=True)
    measured_on = models.DateField(null=True)
    tier = models.CharField(max_length=1, choices=Tier, blank=True)
    previous_tier = models.CharField(max_length=1, choices=Tier, blank=True)
    tier_since = models.DateField(null=True)
    loyalty = models.CharField(max_length=12, choices=Loyalty, blank=True)
    stage = models.CharField(max_length=12, choices=Stage, blank=True)
    stage_since = models.DateField(null=True)
    score = models.FloatField(null=True)
    score_change = models.FloatField(null=True)

    first_order_on = models.DateField(null=True)
    last_order_on = models.DateField(null=True)
    occasions = models.IntegerField(default=0)
    revenue_12m = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    contribution_12m = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    revenue_trend = models.FloatField(null=True)

    realised_value = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    realised_is_estimate = models.BooleanField(default=False)
    current_value = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    potential_value = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    growth_value = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    potential_low = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    potential_high = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    value_at_risk = models.DecimalField(max_digits=18, decimal_places=2, null=True)

    p_alive = models.FloatField(null=True)
    p_alive_before = models.FloatField(null=True)
    p_purchase_12m = models.FloatField(null=True)
    expected_next_on = models.DateField(null=True)
    overdue_ratio = models.FloatField(null=True)
    quadrant = models.CharField(max_length=12, blank=True)
    loyalty_index = models.FloatField(null=True)
    influence_index = models.FloatField(null=True)
    # 1 to 5, 5 is the best fifth of the customers who bought; null: never bought.
    recency_score = models.PositiveSmallIntegerField(null=True)
    frequency_score = models.PositiveSmallIntegerField(null=True)
    monetary_score = models.PositiveSmallIntegerField(null=True)

    objects: ClassVar[Any] = StandingQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                models.F("owner_id"),
                models.F("potential_value").desc(nulls_last=True),
                models.F("customer_id"),
                name="standing_owner_potential",
            ),
            models.Index(
                models.F("team_id"),
                models.F("potential_value").desc(nulls_last=True),
                models.F("customer_id"),
                name="standing_team_potential",
            ),
            models.Index(
                models.F("department_id"),
                models.F("potential_value").desc(nulls_last=True),
                models.F("customer_id"),
                name="standing_dept_potential",
            ),
            models.Index(
                models.F("potential_value").desc(nulls_last=True),
                models.F("customer_id"),
                name="standing_potential",
            ),
            models.Index(fields=["tier", "-score"], name="standing_tier_score"),
            models.Index(models.F("value_at_risk").desc(nulls_last=True), name="standing_at_risk"),
            # Whoever sees everything sorts a million by these; a smaller scope is sorted in memory.
            models.Index(
                models.Case(
                    *(
                        models.When(tier=tier, then=models.Value(place))
                        for place, tier in enumerate(Tier.values)
                    ),
                    output_field=models.IntegerField(null=True),
                ),
                models.F("customer_id"),
                name="standing_tier_rank",
            ),
            models.Index(
                models.F("score").desc(nulls_last=True),
                models.F("customer_id"),
                name="standing_score",
            ),
            models.Index(
                models.F("revenue_12m").desc(nulls_last=True),
                models.F("customer_id"),
                name="standing_revenue",
            ),
            models.Index(
                models.F("last_order_on").desc(nulls_last=True),
                models.F("customer_id"),
                name="standing_last_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tier or '–'} {self.customer_id}"

    @property
    def is_measured(self) -> bool:
        return self.run_id is not None
