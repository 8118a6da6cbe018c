from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.customers.models.belonging import Belonging, BelongingQuerySet


class IdentifierQuerySet(BelongingQuerySet):
    kind = "identifier"


class Identifier(Belonging):
    """Under which number another system or register knows a party. One number means one party."""

    class System(models.TextChoices):
        CREDIT_CODE = "credit_code", _("Unified social credit code")
        TAX_ID = "tax_id", _("Tax number")
        DUNS = "duns", _("D-U-N-S number")
        LEI = "lei", _("LEI")
        ERP = "erp", _("Number in the ERP")
        WECOM = "wecom", _("WeCom id")
        OTHER = "other", pgettext_lazy("identifier system", "Other")

    system = models.CharField(max_length=12, choices=System)
    number = models.CharField(max_length=80)  # as people write it
    normal = models.CharField(max_length=80)  # as it is compared
    remark = models.CharField(max_length=200, blank=True)

    objects: ClassVar[Any] = IdentifierQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["owner_id", "-id"], name="identifiers_owner"),
            models.Index(fields=["team_id", "-id"], name="identifiers_team"),
            models.Index(fields=["department_id", "-id"], name="identifiers_department"),
            models.Index(fields=["-created_at", "-id"], name="identifiers_created"),
            models.Index(fields=["normal"], name="identifiers_normal"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["system", "normal"], name="identifiers_one_party")
        ]

    def __str__(self) -> str:
        return self.number
