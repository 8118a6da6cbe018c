from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from kezhi.accounts.models import Department
from kezhi.core.scoping import OpenQuerySet
from kezhi.messaging.models import MailAccount
from kezhi.service.models.ticket import Ticket

LANGUAGES = (("zh-hans", "中文"), ("en", "English"))


class IntakeQuerySet(OpenQuerySet):
    """How tickets come in is a matter of the settings of intake."""

    kind = "intake"


class ServiceMailbox(models.Model):
    """A shared mailbox whose letters become tickets, from `since` on."""

    account = models.OneToOneField(MailAccount, models.CASCADE, related_name="+")
    department = models.ForeignKey(
        Department,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("Department that handles them"),
    )
    type = models.CharField(
        _("Type of its tickets"),
        max_length=10,
        choices=Ticket.Type,
        default=Ticket.Type.INQUIRY,
    )
    language = models.CharField(
        _("Language where a letter doesn’t tell it"),
        max_length=10,
        choices=LANGUAGES,
        default="zh-hans",
    )
    is_confirming = models.BooleanField(_("Confirm each new ticket by mail"), default=True)
    is_active = models.BooleanField(default=True)
    since = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    objects: ClassVar[Any] = IntakeQuerySet.as_manager()

    def __str__(self) -> str:
        return str(self.account)
