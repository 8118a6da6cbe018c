from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from kezhi.core.scoping import OpenQuerySet


class AcquisitionCostQuerySet(OpenQuerySet):
    kind = "acquisition_cost"


class AcquisitionCost(models.Model):
    """What winning customers from a source cost over a time: advertising, a fair, a campaign, a commission.

    `source` is written as the source of the customers is. It belongs to no customer: nobody knows yet whom
    it brings.
    """

    source = models.CharField(max_length=60)
    campaign = models.CharField(max_length=120, blank=True)
    begins_on = models.DateField()
    ends_on = models.DateField()
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    remark = models.CharField(max_length=200, blank=True)
    entry_key = models.CharField(max_length=64, unique=True)
    version = models.PositiveIntegerField(default=1, db_default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = AcquisitionCostQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["-begins_on", "id"], name="acquisition_cost_begins"),
            models.Index(fields=["source", "-begins_on"], name="acquisition_cost_source"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(source=""), name="acquisition_cost_source_given"
            ),
            models.CheckConstraint(
                condition=models.Q(ends_on__gte=models.F("begins_on")),
                name="acquisition_cost_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return self.campaign or self.source
