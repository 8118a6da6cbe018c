from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from kezhi.core.scoping import ScopedQuerySet
from kezhi.customers.models import Customer
from kezhi.insight.models.run import ValueRun


class SnapshotQuerySet(ScopedQuerySet):
    kind = "customer"
    share_path = "customer_id"
    owner_path = "customer__owner_id"
    team_path = "customer__team_id"
    department_path = "customer__department_id"


class Snapshot(models.Model):
    """All that a run measured of a customer. Kept daily for 35 days, then one a month.

    `leaves` are the normalised indices (0 to 1) in the order of the run's index tree; null = not measured.
    `tier` is the one that held; where it was given by hand, `tier_by_score` is the one beneath.
    `segment` is what the customer was in the contests of models, where the rules hold them apart.
    """

    # Written a million at a time: see docs/decisions/snapshots-are-checked-in-sets.md.
    run = models.ForeignKey(
        ValueRun, models.CASCADE, related_name="snapshots", db_index=False, db_constraint=False
    )
    customer = models.ForeignKey(
        Customer, models.CASCADE, related_name="snapshots", db_index=False, db_constraint=False
    )
    as_of = models.DateField()

    tier = models.CharField(max_length=1, blank=True)
    is_by_hand = models.BooleanField(default=False, db_default=False)
    tier_by_score = models.CharField(max_length=1, blank=True, default="", db_default="")
    tier_pending = models.CharField(max_length=1, blank=True)
    loyalty = models.CharField(max_length=12, blank=True)
    stage = models.CharField(max_length=12, blank=True)
    quadrant = models.CharField(max_length=12, blank=True)
    segment = models.CharField(max_length=60, blank=True, default="", db_default="")
    loyalty_index = models.FloatField(null=True)
    influence_index = models.FloatField(null=True)
    score = models.FloatField(null=True)
    leaves = ArrayField(models.FloatField(null=True), default=list)

    first_on = models.DateField(null=True)
    last_on = models.DateField(null=True)
    occasions = models.IntegerField(default=0)
    repeats = models.IntegerField(default=0)
    recency = models.FloatField(null=True)
    age = models.FloatField(null=True)
    tenure_months = models.FloatField(null=True)
    mean_interval_days = models.FloatField(null=True)
    mean_spend = models.FloatField(null=True)
    total = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    return_rate = models.FloatField(null=True)
    rfm = models.CharField(max_length=5, blank=True)

    revenue_12m = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    contribution_12m = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    revenue_trend = models.FloatField(null=True)
    realised_value = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    realised_is_estimate = models.BooleanField(default=False)
    revenue = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    margin_rate = models.FloatField(null=True)
    cost_of_goods = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    cost_to_serve = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    current_value = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    continuation_value = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    growth_value = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    # Of the growth: its interval, and what it is told by (money a year; see `kezhi.value.wallet`).
    growth_low = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    growth_high = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    growth_offers = models.FloatField(null=True)
    wallet = models.FloatField(null=True)
    wallet_gap = models.FloatField(null=True)
    win_probability = models.FloatField(null=True)
    wallet_basis = models.CharField(max_length=8, blank=True, default="", db_default="")
    mean_low = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    mean_high = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    outcome_low = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    outcome_high = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    potential_value = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    value_at_risk = models.DecimalField(max_digits=18, decimal_places=2, null=True)

    p_alive = models.FloatField(null=True)
    p_purchase_12m = models.FloatField(null=True)
    expected_purchases = models.FloatField(null=True)
    expected_spend = models.FloatField(null=True)
    expected_next_on = models.DateField(null=True)
    overdue_ratio = models.FloatField(null=True)

    objects: ClassVar[Any] = SnapshotQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "customer"], name="insight_snapshot_once")
        ]
        indexes = [models.Index(fields=["customer", "-as_of"], name="insight_snapshot_history")]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.as_of:%Y-%m-%d}"


class MoveQuerySet(ScopedQuerySet):
    kind = "customer"
    share_path = "customer_id"
    owner_path = "customer__owner_id"
    team_path = "customer__team_id"
    department_path = "customer__department_id"


class Move(models.Model):
    """A change of class between two runs; kept for ever. `before` is empty at the first measurement."""

    # Without constraints, as the snapshots they are made of.
    customer = models.ForeignKey(
        Customer, models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    run = models.ForeignKey(
        ValueRun, models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    moved_on = models.DateField()
    before = models.CharField(max_length=12, blank=True)
    after = models.CharField(max_length=12)

    objects: ClassVar[Any] = MoveQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.before}→{self.after}"


class TierMove(Move):
    class Meta(Move.Meta):
        abstract = False
        indexes = [
            models.Index(fields=["customer", "-moved_on"], name="insight_tier_customer"),
            models.Index(fields=["-moved_on"], name="insight_tier_day"),
        ]


class StageMove(Move):
    class Meta(Move.Meta):
        abstract = False
        indexes = [
            models.Index(fields=["customer", "-moved_on"], name="insight_stage_customer"),
            models.Index(fields=["-moved_on"], name="insight_stage_day"),
        ]
