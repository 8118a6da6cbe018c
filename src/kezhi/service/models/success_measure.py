from __future__ import annotations

from django.db import models

from kezhi.service.models.success_plan import SuccessPlan


class SuccessMeasure(models.Model):
    """By what the customer sees that they are there: a figure that goes from `start` to `target`."""

    plan = models.ForeignKey(SuccessPlan, models.CASCADE, related_name="measures")
    name = models.CharField(max_length=120)
    unit = models.CharField(max_length=20, blank=True)
    start = models.DecimalField(max_digits=18, decimal_places=4)
    target = models.DecimalField(max_digits=18, decimal_places=4)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["plan", "name"], name="success_measures_once"),
            models.CheckConstraint(
                condition=~models.Q(target=models.F("start")), name="success_measures_move"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SuccessReading(models.Model):
    """What a measure stood at on a day."""

    measure = models.ForeignKey(SuccessMeasure, models.CASCADE, related_name="readings")
    on = models.DateField()
    figure = models.DecimalField(max_digits=18, decimal_places=4)
    remark = models.CharField(max_length=300, blank=True)
    noted_by_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["measure", "on"], name="success_readings_once_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.on} {self.figure}"
