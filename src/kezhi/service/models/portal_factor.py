"""The second factor of a portal account, where it has one: an app's codes, and codes for the day it is lost."""

from __future__ import annotations

from django.db import models

from kezhi.service.models.portal_account import PortalAccount


class PortalCodeApp(models.Model):
    """An app that shows a new code of six digits every 30 seconds. The secret is sealed."""

    account = models.OneToOneField(PortalAccount, models.CASCADE, related_name="code_app")
    secret = models.CharField(max_length=200)
    # The step of time whose code was accepted last: no code of that step or before counts again.
    last_step = models.BigIntegerField(default=0)
    added_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.account_id)


class PortalRecoveryCode(models.Model):
    """One of ten codes that each stand in for the app once; only the hash is kept."""

    account = models.ForeignKey(PortalAccount, models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=200)
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.account_id)
