from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models

PERSON = settings.AUTH_USER_MODEL


class CodeApp(models.Model):
    """An app that shows a new code of six digits every 30 seconds. The secret is sealed."""

    person = models.OneToOneField(PERSON, models.CASCADE, related_name="code_app")
    secret = models.CharField(max_length=200)
    # The step of time whose code was accepted last: no code of that step or before counts again.
    last_step = models.BigIntegerField(default=0)
    added_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.person_id)


class PasskeyQuerySet(models.QuerySet["Passkey"]):
    def of(self, person_id: int) -> PasskeyQuerySet:
        return self.filter(person_id=person_id).order_by("added_at")


class Passkey(models.Model):
    """A key pair kept by a device, a phone or a stick; here is only its public half."""

    person = models.ForeignKey(PERSON, models.CASCADE, related_name="passkeys")
    name = models.CharField(max_length=60)
    credential_id = models.BinaryField(max_length=1023, unique=True)
    # What the device calls the person by: random, the same for all passkeys of one person.
    handle = models.BinaryField(max_length=64)
    public_data = models.BinaryField()
    uses = models.BigIntegerField(default=0)
    added_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    objects: ClassVar[Any] = PasskeyQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class RecoveryCode(models.Model):
    """The way in when the device is lost: hashed like a password, good for one time."""

    person = models.ForeignKey(PERSON, models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=200)
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.person_id)
