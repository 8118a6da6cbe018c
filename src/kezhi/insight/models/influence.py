from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from kezhi.core.scoping import OpenQuerySet
from kezhi.customers.models import Customer
from kezhi.insight.models.history import SnapshotQuerySet
from kezhi.insight.models.run import ValueRun


class InfluenceRulesQuerySet(OpenQuerySet):
    kind = "value_settings"

    def current(self) -> InfluenceRules | None:
        return self.order_by("-id").first()


class InfluenceRules(models.Model):
    """One published version of how influence and information are measured; versions are added, never changed.

    `rules` is what `kezhi.insight.influence_rules.InfluencePolicy` writes and reads.
    """

    rules = models.JSONField()
    reason = models.CharField(max_length=300)
    published_at = models.DateTimeField(auto_now_add=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    objects: ClassVar[Any] = InfluenceRulesQuerySet.as_manager()

    def __str__(self) -> str:
        return f"#{self.pk}"


class Influence(models.Model):
    """What a run measured of a party that is related to others, or told us something; nobody else has a row.

    `worth`: what its coming was worth, where somebody referred it. `brought_1` … `brought_3` is that of those
    it brought itself, of those whom they brought, and of all further generations. `received` and `given` weigh
    the generations: they move value, and both add up to the same. `network_share` distributes the own value of
    the network along its relations. `word_of_mouth` is a minus: what might go with the `heard` who hear its
    warnings. None of these is ever added to the value of the company.
    """

    run = models.ForeignKey(ValueRun, models.CASCADE, related_name="+", db_index=False)
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="+", db_index=False)
    own_value = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    worth = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    referred = models.PositiveIntegerField(default=0)
    brought_1 = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    brought_2 = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    brought_3 = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    received = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    given = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    network_share = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    network_rank = models.PositiveIntegerField(null=True)
    heard = models.PositiveIntegerField(default=0, db_default=0)
    word_of_mouth = models.DecimalField(max_digits=18, decimal_places=2, default=0, db_default=0)
    points = models.FloatField(default=0)
    information = models.DecimalField(max_digits=18, decimal_places=2, null=True)

    objects: ClassVar[Any] = SnapshotQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "customer"], name="insight_influence_once")
        ]
        indexes = [
            models.Index(fields=["customer"], name="insight_influence_customer"),
            models.Index(fields=["run", "-received", "id"], name="insight_influence_received"),
            models.Index(fields=["run", "network_rank"], name="insight_influence_rank"),
            models.Index(fields=["run", "-points", "id"], name="insight_influence_points"),
            models.Index(
                fields=["run", "word_of_mouth", "id"],
                name="insight_influence_word",
                condition=models.Q(heard__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} #{self.run_id}"
