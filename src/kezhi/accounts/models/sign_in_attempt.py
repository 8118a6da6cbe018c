from __future__ import annotations

import ipaddress
from datetime import timedelta
from typing import Any, ClassVar

from django.db import models

from kezhi.core.normal_form import normal_form

WINDOW = timedelta(minutes=15)
HOUR = timedelta(hours=1)
FROM_ONE_PLACE = 10  # wrong guesses at one person from one network, in the window
ON_ONE_PERSON = 50  # from everywhere together, in an hour
BY_ONE_PLACE = 100  # at whomever, in the window


def login_key(login: str) -> str:
    """How a sign-in name is counted and compared: letters that look or sound alike to a computer are one."""
    return normal_form("NFKC", login.strip()).casefold()[:150]


def network_of(address: str | None) -> str:
    """Who owns one address owns its neighbours: a /24 of IPv4, a /64 of IPv6."""
    if not address:
        return ""
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    bits = 24 if found.version == 4 else 64
    return str(ipaddress.ip_network(f"{found}/{bits}", strict=False))


class AttemptStep(models.TextChoices):
    """What was guessed at; each is counted by itself."""

    PASSWORD = "password"  # noqa: S105 (the name of a step)
    CODE = "code"
    PORTAL = "portal"  # a customer's sign-in to the portal
    PORTAL_CODE = "portalcode"  # the second step of a customer's sign-in
    LETTER = "letter"  # a link to a new password, asked for by a customer


class SignInAttemptQuerySet(models.QuerySet["SignInAttempt"]):
    def too_many(self, attempt: SignInAttempt) -> bool:
        """Whether this attempt, which is counted already, is one more than may be made."""
        at = attempt.failed_at
        alike = self.filter(step=attempt.step, failed_at__lte=at)
        recent = alike.filter(failed_at__gt=at - WINDOW)
        place = recent.filter(network=attempt.network)
        return (
            place.filter(login=attempt.login).count() > FROM_ONE_PLACE
            or alike.filter(login=attempt.login, failed_at__gt=at - HOUR).count() > ON_ONE_PERSON
            or (bool(attempt.network) and place.count() > BY_ONE_PLACE)
        )


class SignInAttempt(models.Model):
    """A failed sign-in, kept to slow down guessing; kept in the database so all processes count together."""

    login = models.CharField(max_length=150)
    step = models.CharField(max_length=10, choices=AttemptStep, default=AttemptStep.PASSWORD)
    address = models.GenericIPAddressField(null=True)
    network = models.CharField(max_length=50, blank=True)
    failed_at = models.DateTimeField()

    objects: ClassVar[Any] = SignInAttemptQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["login", "failed_at"], name="accounts_attempt_login"),
            models.Index(fields=["network", "failed_at"], name="accounts_attempt_network"),
        ]

    def __str__(self) -> str:
        return self.login
