from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from kezhi.accounts.models.organisation import Team
from kezhi.accounts.models.role import Role


class IdentityProviderQuerySet(models.QuerySet["IdentityProvider"]):
    def in_use(self) -> IdentityProviderQuerySet:
        return self.filter(is_active=True).order_by("name")


class IdentityProvider(models.Model):
    """A company's own sign-in (OpenID Connect). The client secret is sealed and never shown again."""

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(_("Name on the button"), max_length=60)
    issuer = models.URLField(_("Issuer address"), max_length=300)
    client_id = models.CharField(_("Client id"), max_length=200)
    client_secret = models.CharField(max_length=800, blank=True)
    allowed_domains = ArrayField(models.CharField(max_length=120), default=list, blank=True)
    creates_people = models.BooleanField(default=False)
    default_role = models.ForeignKey(Role, models.PROTECT, null=True, related_name="+")
    default_team = models.ForeignKey(Team, models.SET_NULL, null=True, related_name="+")
    is_second_factor_trusted = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)

    objects: ClassVar[Any] = IdentityProviderQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class ExternalIdentity(models.Model):
    """Who a person is elsewhere: the issuer and its subject, never the e-mail, say so."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="external_identities"
    )
    issuer = models.URLField(max_length=300)
    subject = models.CharField(max_length=255)
    shown_as = models.CharField(max_length=254, blank=True)
    linked_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="accounts_identity_once")
        ]

    def __str__(self) -> str:
        return self.shown_as or self.subject
