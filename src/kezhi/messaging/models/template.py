from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from kezhi.core.scoping import OpenQuerySet


class MailTemplateQuerySet(OpenQuerySet):
    kind = "mail_template"


class MailTemplate(models.Model):
    """A letter with gaps: only declared fields are filled in, everything else stays as it is written."""

    name = models.CharField(_("Name"), max_length=80)
    language = models.CharField(_("Language"), max_length=10)
    subject = models.CharField(_("Subject"), max_length=200)
    text = models.TextField(_("Text"), max_length=20_000)
    is_active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)
    created_by_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = MailTemplateQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "language"], name="mail_template_name")
        ]

    def __str__(self) -> str:
        return self.name
