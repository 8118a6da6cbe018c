from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import pgettext_lazy

from kezhi.core.custom import custom_column
from kezhi.core.scoping import OpenQuerySet


class SurveyItemQuerySet(OpenQuerySet):
    kind = "survey_item"


class SurveyItem(models.Model):
    """A question of a survey: what it tells of, on which scale it is answered, and where answers come from.

    `low` to `high` is the scale; it says nothing where the answer is money or hours. `is_reversed`: a high
    answer means little of the factor. With a `source` other than `asked` nobody is asked: the item is
    counted for every customer.
    """

    class Factor(models.TextChoices):
        PRODUCT = "product", pgettext_lazy("survey factor", "Product value")
        PERSONNEL = "personnel", pgettext_lazy("survey factor", "Personnel value")
        IMAGE = "image", pgettext_lazy("survey factor", "Image value")
        SERVICE = "service", pgettext_lazy("survey factor", "Service value")
        MONEY = "money", pgettext_lazy("survey factor", "Monetary cost")
        TIME = "time", pgettext_lazy("survey factor", "Time cost")
        MENTAL = "mental", pgettext_lazy("survey factor", "Mental cost")
        PHYSICAL = "physical", pgettext_lazy("survey factor", "Physical cost")
        PERCEIVED_VALUE = "perceived_value", pgettext_lazy("survey factor", "Perceived value")
        SWITCHING_COST = "switching_cost", pgettext_lazy("survey factor", "Switching cost")
        SATISFACTION = "satisfaction", pgettext_lazy("survey factor", "Satisfaction")
        INTENTION = "intention", pgettext_lazy("survey factor", "Repurchase intention")

    class Unit(models.TextChoices):
        SCALE = "scale", pgettext_lazy("survey unit", "Points of a scale")
        MONEY = "money", pgettext_lazy("survey unit", "Money")
        HOURS = "hours", pgettext_lazy("survey unit", "Hours")

    class Source(models.TextChoices):
        ASKED = "asked", pgettext_lazy("survey source", "Asked")
        VISITS = "visits", pgettext_lazy("survey source", "Counted: visits in 12 months")
        SERVICE_CALLS = (
            "calls",
            pgettext_lazy("survey source", "Counted: service jobs in 12 months"),
        )
        PAID = "paid", pgettext_lazy("survey source", "Counted: paid per order in 12 months")
        WAITED = "waited", pgettext_lazy("survey source", "Counted: hours waited in 12 months")

    COUNTED = (Source.VISITS, Source.SERVICE_CALLS, Source.PAID, Source.WAITED)
    # What a source counts may tell of, and in which units it counts.
    TELLS = {
        Source.VISITS: (None, (Unit.SCALE,)),
        Source.SERVICE_CALLS: (None, (Unit.SCALE,)),
        Source.PAID: (Factor.MONEY, (Unit.MONEY,)),
        Source.WAITED: (Factor.TIME, (Unit.SCALE, Unit.HOURS)),
    }

    code = models.CharField(max_length=40, unique=True)
    text = models.CharField(max_length=300)
    factor = models.CharField(max_length=16, choices=Factor)
    unit = models.CharField(max_length=6, choices=Unit, default=Unit.SCALE)
    low = models.IntegerField(default=1)
    high = models.IntegerField(default=10)
    is_reversed = models.BooleanField(default=False)
    source = models.CharField(max_length=8, choices=Source, default=Source.ASKED)
    is_active = models.BooleanField(default=True)
    custom = custom_column()
    version = models.PositiveIntegerField(default=1, db_default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[Any] = SurveyItemQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(low__lt=models.F("high")), name="survey_item_scale_rises"
            )
        ]

    def __str__(self) -> str:
        return self.text
