from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import pgettext_lazy

from kezhi.catalog.models import Product
from kezhi.core.owned import Edited
from kezhi.core.scoping import OpenQuerySet
from kezhi.customers.models import Segment
from kezhi.customers.models.standing import Tier
from kezhi.messaging.models import MailAccount


class CarePlanQuerySet(OpenQuerySet):
    kind = "care_plan"


class CarePlan(Edited):
    """What is done for whom, when something happens: a task for a colleague, or a letter.

    `days` is how long after the occasion (before it, where negative); of a long silence, how many days without
    a word make one (0: as many as the tier's policy has between two contacts); of maintenance, `months` after
    the last purchase of the product. `rest_days`: nobody gets the same care again within them. Of
    `control_share` per cent of the customers, drawn by chance and for good, nothing is done: the effect is the
    difference in who buys again within `window_days`.
    """

    class Moment(models.TextChoices):
        BEFORE = "before", pgettext_lazy("care moment", "Before the purchase")
        DURING = "during", pgettext_lazy("care moment", "During the purchase")
        AFTER = "after", pgettext_lazy("care moment", "After the purchase")

    class Attribute(models.TextChoices):
        SEARCH = "search", pgettext_lazy("care attribute", "Search: can be judged beforehand")
        EXPERIENCE = "experience", pgettext_lazy("care attribute", "Experience: judged in use")
        CREDENCE = "credence", pgettext_lazy("care attribute", "Credence: hard to judge ever")

    class Occasion(models.TextChoices):
        FIRST_ORDER = "first_order", pgettext_lazy("care occasion", "First order")
        DELIVERY = "delivery", pgettext_lazy("care occasion", "Delivery")
        REPAIR = "repair", pgettext_lazy("care occasion", "Fault repaired")
        COMPLAINT = "complaint", pgettext_lazy("care occasion", "Complaint closed")
        ANNIVERSARY = (
            "anniversary",
            pgettext_lazy("care occasion", "Anniversary of the first order"),
        )
        IMPORTANT_DATE = (
            "date",
            pgettext_lazy("care occasion", "Birthday or another important date"),
        )
        MAINTENANCE = "maintenance", pgettext_lazy("care occasion", "Maintenance due")
        FESTIVAL = "festival", pgettext_lazy("care occasion", "Festival")
        SILENCE = "silence", pgettext_lazy("care occasion", "Long silence")

    class Festival(models.TextChoices):
        NEW_YEAR = "new_year", pgettext_lazy("festival", "New Year")
        SPRING = "spring", pgettext_lazy("festival", "Spring Festival")
        DRAGON_BOAT = "dragon_boat", pgettext_lazy("festival", "Dragon Boat Festival")
        MID_AUTUMN = "mid_autumn", pgettext_lazy("festival", "Mid-Autumn Festival")
        NATIONAL_DAY = "national_day", pgettext_lazy("festival", "National Day")
        CHRISTMAS = "christmas", pgettext_lazy("festival", "Christmas")

    class Way(models.TextChoices):
        TASK = "task", pgettext_lazy("care way", "A task for the customer’s owner")
        LETTER = "letter", pgettext_lazy("care way", "A letter to the main contact")

    name = models.CharField(max_length=120, unique=True)
    moment = models.CharField(max_length=6, choices=Moment, default=Moment.AFTER)
    attribute = models.CharField(max_length=10, choices=Attribute, blank=True)
    occasion = models.CharField(max_length=12, choices=Occasion)
    festival = models.CharField(max_length=12, choices=Festival, blank=True)
    product = models.ForeignKey(Product, models.PROTECT, null=True, blank=True, related_name="+")
    months = models.PositiveSmallIntegerField(null=True, blank=True)
    days = models.SmallIntegerField(default=0)
    tiers = ArrayField(models.CharField(max_length=1, choices=Tier), default=list, blank=True)
    segment = models.ForeignKey(Segment, models.PROTECT, null=True, blank=True, related_name="+")
    way = models.CharField(max_length=6, choices=Way, default=Way.TASK)
    subject = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    subject_en = models.CharField(max_length=200, blank=True)
    text_en = models.TextField(blank=True)
    account = models.ForeignKey(
        MailAccount, models.PROTECT, null=True, blank=True, related_name="+"
    )
    within_days = models.PositiveSmallIntegerField(default=3)
    rest_days = models.PositiveSmallIntegerField(default=30)
    control_share = models.PositiveSmallIntegerField(default=10)
    window_days = models.PositiveSmallIntegerField(default=90)
    is_active = models.BooleanField(default=True)
    begun_on = models.DateField()

    objects: ClassVar[Any] = CarePlanQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(control_share__lte=50), name="care_plans_control_share"
            ),
            models.CheckConstraint(
                condition=models.Q(window_days__gte=7, window_days__lte=730),
                name="care_plans_window",
            ),
        ]

    def __str__(self) -> str:
        return self.name
