from __future__ import annotations

from django.db import models


class PortalSettings(models.Model):
    """The company's portal: whether it is open, what it says and what customers find there. One row."""

    is_open = models.BooleanField(default=False)
    title = models.CharField(max_length=60, blank=True)
    welcome_zh = models.TextField(blank=True)
    welcome_en = models.TextField(blank=True)
    shows_orders = models.BooleanField(default=True)
    shows_amounts = models.BooleanField(default=True)
    shows_knowledge = models.BooleanField(default=True)
    shows_surveys = models.BooleanField(default=True)
    shows_ideas = models.BooleanField(default=True)
    asks_second_factor = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)

    def __str__(self) -> str:
        return self.title

    @classmethod
    def current(cls) -> PortalSettings:
        return cls.objects.first() or cls()
