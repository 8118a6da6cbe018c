from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from kezhi.service.models.service_mailbox import IntakeQuerySet


class IntakeSettings(models.Model):
    """One row: what holds for everything that comes in."""

    reopen_days = models.PositiveSmallIntegerField(
        _("Days in which an answer opens a solved ticket again"), default=14
    )
    link_days = models.PositiveSmallIntegerField(
        _("Days for which a link to the state of a ticket works"), default=180
    )
    unanswered_hours = models.PositiveSmallIntegerField(
        _("Hours without an answer after which the head of the department is told"), default=24
    )
    confirmations_per_hour = models.PositiveSmallIntegerField(
        _("Confirmations an hour to addresses that nobody knows"), default=20
    )
    text_zh = models.TextField(_("Own words of the confirmation, in Chinese"), blank=True)
    text_en = models.TextField(_("Own words of the confirmation, in English"), blank=True)
    version = models.PositiveIntegerField(default=1)

    objects: ClassVar[Any] = IntakeQuerySet.as_manager()

    def __str__(self) -> str:
        return "intake"

    @classmethod
    def current(cls) -> IntakeSettings:
        """What somebody set, else what is usual."""
        found: IntakeSettings | None = cls.objects.filter(pk=1).first()
        return found or cls(pk=1)
