from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Company(models.Model):
    """The company that uses this installation: one row."""

    name = models.CharField(_("Company name"), max_length=120)
    currency = models.CharField(_("Currency"), max_length=3, default="CNY")
    time_zone = models.CharField(_("Time zone"), max_length=60, default="Asia/Shanghai")
    language = models.CharField(_("Language"), max_length=10, default="zh-hans")
    # Counts up with every change of custom fields and layouts, so that all processes agree on them.
    definitions_version = models.PositiveIntegerField(default=1)
    # Whether the roles that ask for a second factor get it; the first run switches it on.
    is_second_factor_enforced = models.BooleanField(default=False)
    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="accounts_company_only_one")
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: object, **kwargs: object) -> None:
        self.pk = 1
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    @classmethod
    def current(cls) -> Company | None:
        """The company, or None before the guided first run."""
        return cls.objects.filter(pk=1).first()

    @classmethod
    def home(cls) -> Company:
        """The company; before the guided first run, one with what is usual."""
        return cls.current() or cls()

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def today(self, at: datetime | None = None) -> date:
        """The date at the company's place."""
        return (at or timezone.now()).astimezone(self.zone).date()
