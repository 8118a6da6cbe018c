from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.accounts.models import Department
from kezhi.service.models.service_mailbox import IntakeQuerySet
from kezhi.service.models.ticket import Ticket


def _usual_types() -> list[str]:
    return [Ticket.Type.INQUIRY, Ticket.Type.FAULT, Ticket.Type.COMPLAINT]


class ServiceForm(models.Model):
    """A page on which anybody writes to the company without signing in; `slug` is its address."""

    class Asked(models.TextChoices):
        PHONE = "phone", _("Phone number")
        COMPANY = "company", _("Company")
        ORDER = "order", _("Order number")
        PRODUCT = "product", pgettext_lazy("service form", "Product")

    slug = models.SlugField(_("Address"), max_length=60, unique=True)
    title_zh = models.CharField(_("Title in Chinese"), max_length=120, blank=True)
    title_en = models.CharField(_("Title in English"), max_length=120, blank=True)
    intro_zh = models.TextField(_("Introduction in Chinese"), blank=True)
    intro_en = models.TextField(_("Introduction in English"), blank=True)
    types = ArrayField(models.CharField(max_length=10), default=_usual_types)
    asked = ArrayField(models.CharField(max_length=10), default=list, blank=True)
    required = ArrayField(models.CharField(max_length=10), default=list, blank=True)
    department = models.ForeignKey(
        Department,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("Department that handles them"),
    )
    consent_zh = models.TextField(_("Consent that is asked, in Chinese"), blank=True)
    consent_en = models.TextField(_("Consent that is asked, in English"), blank=True)
    # Whose pages a visitor may be led back to: scheme and host.
    sites = ArrayField(models.CharField(max_length=260), default=list, blank=True)
    takes_files = models.BooleanField(_("Visitors may add files"), default=True)
    is_active = models.BooleanField(_("Open to visitors"), default=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = IntakeQuerySet.as_manager()

    def __str__(self) -> str:
        return self.title_zh or self.title_en or self.slug

    def words(self, name: str, language: str) -> str:
        """`title`, `intro` or `consent` in the language, or in the other one where it's missing."""
        ends = ("zh", "en") if language.startswith("zh") else ("en", "zh")
        return next((text for end in ends if (text := getattr(self, f"{name}_{end}"))), "")
