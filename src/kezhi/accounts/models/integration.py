from __future__ import annotations

import ipaddress
from datetime import date, datetime
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from kezhi.core.actor import Access, Actor, Program, Scope

PERSON = settings.AUTH_USER_MODEL
# What a program reads or a person exports in a day without being given more.
ROWS_A_DAY = 5_000


class IntegrationQuerySet(models.QuerySet["Integration"]):
    def visible_to(self, actor: Actor, action: str = "read") -> IntegrationQuerySet:
        """All of them, or those that act for oneself."""
        scope = actor.scope(action, "integration")
        if scope is Scope.ALL:
            return self.all()
        return self.filter(owner_id=actor.pk) if scope > Scope.NONE else self.none()

    def in_use(self, *, on: date) -> IntegrationQuerySet:
        current = Q(expires_on=None) | Q(expires_on__gte=on)
        return self.filter(current, revoked_at=None, owner__is_active=True)


class Integration(models.Model):
    """A program outside that acts for its owner, with what it was given of the owner's rights.

    `grants` are kinds with their actions (`{"customer": ["read", "edit"]}`), `field_rules` narrow groups of
    fields for all kinds (`{"reach": "masked"}`). What the owner may not do, or no longer, it may not either.
    """

    name = models.CharField(max_length=80)
    purpose = models.CharField(max_length=300)
    owner = models.ForeignKey(PERSON, models.CASCADE, related_name="integrations")
    grants = models.JSONField(default=dict)
    field_rules = models.JSONField(default=dict, blank=True)
    networks = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    rows_a_day = models.PositiveIntegerField(default=ROWS_A_DAY)
    expires_on = models.DateField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(PERSON, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = IntegrationQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name

    @property
    def program(self) -> Program:
        """What it may do, as its owner's rights are cut down to."""
        return Program(
            pk=self.pk,
            name=self.name,
            grants={kind: frozenset(actions) for kind, actions in self.grants.items()},
            levels={group: Access.named(level) for group, level in self.field_rules.items()},
            rows_a_day=self.rows_a_day,
        )

    def is_in_use(self, *, on: date) -> bool:
        is_current = self.expires_on is None or self.expires_on >= on
        return is_current and self.revoked_at is None and self.owner.is_active

    def is_allowed_from(self, address: str) -> bool:
        """Whether a request from that address counts; without networks, from everywhere."""
        if not self.networks:
            return True
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
            found = found.ipv4_mapped
        return any(found in ipaddress.ip_network(network) for network in self.networks)


class TokenQuerySet(models.QuerySet["Token"]):
    def living(self, *, at: datetime) -> TokenQuerySet:
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=at), revoked_at=None)


class Token(models.Model):
    """A secret by which an integration proves itself. Only its digest is kept; `prefix` is to recognise it."""

    integration = models.ForeignKey(Integration, models.CASCADE, related_name="tokens")
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    created_by = models.ForeignKey(PERSON, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    last_used_from = models.GenericIPAddressField(null=True)

    objects: ClassVar[Any] = TokenQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.prefix}…"

    def is_living(self, *, at: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > at)
