from __future__ import annotations

from datetime import date, timedelta
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import pgettext_lazy

from kezhi.customers.models.belonging import Belonging, BelongingQuerySet
from kezhi.customers.models.contact import Contact


class ImportantDateQuerySet(BelongingQuerySet):
    kind = "important_date"

    def to_remember(self, on: date) -> ImportantDateQuerySet:
        """Those whose reminder has begun and whose day isn't over."""
        return self.filter(remind_on__lte=on, next_on__gte=on)


class ImportantDate(Belonging):
    """A day worth remembering with a customer, once or every year.

    `next_on` and `remind_on` are derived; a job rolls them forward when the day is over.
    """

    class Occasion(models.TextChoices):
        BIRTHDAY = "birthday", pgettext_lazy("occasion", "Birthday")
        FOUNDING = "founding", pgettext_lazy("occasion", "Founding day")
        CONTRACT = "contract", pgettext_lazy("occasion", "Contract anniversary")
        FESTIVAL = "festival", pgettext_lazy("occasion", "Festival")
        OTHER = "other", pgettext_lazy("occasion", "Other")

    contact = models.ForeignKey(
        Contact, models.CASCADE, null=True, blank=True, related_name="important_dates"
    )
    occasion = models.CharField(max_length=10, choices=Occasion)
    name = models.CharField(max_length=120)
    day = models.DateField()
    is_yearly = models.BooleanField(default=True)
    remind_days = models.PositiveSmallIntegerField(default=7)
    next_on = models.DateField(null=True)
    remind_on = models.DateField(null=True)
    remark = models.CharField(max_length=300, blank=True)

    objects: ClassVar[Any] = ImportantDateQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["owner_id", "next_on"], name="important_dates_owner"),
            models.Index(fields=["team_id", "next_on"], name="important_dates_team"),
            models.Index(fields=["department_id", "next_on"], name="important_dates_department"),
            models.Index(fields=["next_on", "id"], name="important_dates_next"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["contact"],
                condition=models.Q(occasion="birthday"),
                name="important_dates_one_birthday",
            ),
            models.CheckConstraint(
                condition=models.Q(remind_days__lte=90), name="important_dates_remind_days"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def roll(self, on: date) -> None:
        """Set the next day it comes round, seen from `on`."""
        self.next_on = next_round(self.day, on) if self.is_yearly else self.day
        self.remind_on = self.next_on - timedelta(days=self.remind_days)


def next_round(day: date, on: date) -> date:
    """The same day of the year, on or after `on`; 29 February falls on the 28th in other years."""
    if day >= on:
        return day
    this_year = _in_year(day, on.year)
    return this_year if this_year >= on else _in_year(day, on.year + 1)


def _in_year(day: date, year: int) -> date:
    try:
        return day.replace(year=year)
    except ValueError:
        return day.replace(year=year, day=28)
