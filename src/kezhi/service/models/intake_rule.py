from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from kezhi.accounts.models import Department
from kezhi.service.models.service_mailbox import IntakeQuerySet
from kezhi.service.models.ticket import Ticket


class IntakeRule(models.Model):
    """Words in what comes in, and what a ticket with one of them is: the first rule that fits counts."""

    position = models.PositiveIntegerField(default=0)
    words = ArrayField(models.CharField(max_length=60), verbose_name=_("Words"))
    type = models.CharField(_("Type"), max_length=10, choices=Ticket.Type, blank=True)
    priority = models.SmallIntegerField(
        _("Priority"), choices=Ticket.Priority, null=True, blank=True
    )
    department = models.ForeignKey(
        Department,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("Department"),
    )
    version = models.PositiveIntegerField(default=1)

    objects: ClassVar[Any] = IntakeQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["position", "pk"]

    def __str__(self) -> str:
        return ", ".join(self.words)[:80]
