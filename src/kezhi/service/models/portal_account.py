"""Who of a customer signs in to the portal, by which link they came, and where they are signed in."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import pgettext_lazy

from kezhi.accounts.models.sign_in_attempt import login_key
from kezhi.customers.models import Contact
from kezhi.customers.models.belonging import Belonging, BelongingQuerySet


class PortalAccountQuerySet(BelongingQuerySet):
    kind = "portal_account"

    def standing(self) -> PortalAccountQuerySet:
        """Not ended, and of somebody who is still with the customer they were invited for."""
        return self.exclude(state=PortalAccount.State.ENDED).filter(
            contact__has_left=False, contact__customer_id=F("customer_id")
        )

    def active(self) -> PortalAccountQuerySet:
        """Those who may sign in."""
        return self.standing().filter(state=PortalAccount.State.ACTIVE)

    def stranded(self) -> PortalAccountQuerySet:
        """Those whose contact left, or works for another customer now."""
        return self.exclude(state=PortalAccount.State.ENDED).filter(
            Q(contact__has_left=True) | ~Q(contact__customer_id=F("customer_id"))
        )

    def named(self, login: str) -> PortalAccountQuerySet:
        return self.filter(login_key=login_key(login))


class PortalAccount(Belonging):
    """One contact's way into the portal. It is no colleague's account and opens no page of the company.

    `login` is the e-mail address to which the invitation went. It is the account's own: what becomes of the
    contact's address later changes neither how they sign in nor where a link to a new password goes.
    """

    class State(models.TextChoices):
        INVITED = "invited", pgettext_lazy("portal account", "Invited")
        ACTIVE = "active", pgettext_lazy("portal account", "Active")
        ENDED = "ended", pgettext_lazy("portal account", "Ended")

    class Reach(models.TextChoices):
        OWN = "own", pgettext_lazy("portal account", "Only their own matters")
        CUSTOMER = "customer", pgettext_lazy("portal account", "All matters of the customer")

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="+")
    login = models.EmailField(max_length=254)
    login_key = models.CharField(max_length=254, editable=False)
    password = models.CharField(max_length=128, blank=True, editable=False)
    state = models.CharField(max_length=8, choices=State, default=State.INVITED)
    reach = models.CharField(max_length=8, choices=Reach, default=Reach.OWN)
    language = models.CharField(max_length=10, blank=True)
    invited_at = models.DateTimeField()
    activated_at = models.DateTimeField(null=True, blank=True)
    signed_in_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=200, blank=True)

    objects: ClassVar[Any] = PortalAccountQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["customer", "-id"], name="portal_accounts_customer"),
            models.Index(fields=["owner_id", "-id"], name="portal_accounts_owner"),
            models.Index(fields=["team_id", "-id"], name="portal_accounts_team"),
            models.Index(fields=["department_id", "-id"], name="portal_accounts_department"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["login_key"],
                condition=~models.Q(state="ended"),
                name="portal_accounts_login_once",
            ),
            models.CheckConstraint(
                condition=models.Q(state="ended") ^ models.Q(ended_at__isnull=True),
                name="portal_accounts_ended_at_a_moment",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="active") | ~models.Q(password=""),
                name="portal_accounts_active_with_a_password",
            ),
        ]

    def __str__(self) -> str:
        return self.contact.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.login_key = login_key(self.login)
        super().save(*args, **kwargs)


class PortalLink(models.Model):
    """Lets one account set its password once. Only the token's digest is kept.

    `state_digest` is of the address and the password when the link was made: whichever changes, the link is
    dead; so it is when the account ends.
    """

    LIFE = timedelta(minutes=60)

    account = models.ForeignKey(PortalAccount, models.CASCADE, related_name="links")
    digest = models.CharField(max_length=64, unique=True)
    state_digest = models.CharField(max_length=64)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.account_id}"


class PortalSessionQuerySet(models.QuerySet["PortalSession"]):
    def living(self, *, at: datetime) -> PortalSessionQuerySet:
        """Signed in, neither too old nor left alone for too long."""
        idle_since = at - timedelta(seconds=settings.SESSION_IDLE_SECONDS)
        return self.filter(seen_at__gt=idle_since, expires_at__gt=at, awaits="")

    def half(self, *, at: datetime) -> PortalSessionQuerySet:
        """Those with a proven password that still wait for the second step."""
        return self.exclude(awaits="").filter(signed_in_at__gt=at - PortalSession.HALF_LIFE)


class PortalSession(models.Model):
    """One browser in which a portal account is signed in. The browser has the key, we its digest.

    `awaits` says what stands between the password and the pages: such a session opens nothing but that step.
    `code_secret` is what an app is about to read, sealed, until its first code proves that it has.
    """

    HALF_LIFE = timedelta(minutes=10)

    class Awaits(models.TextChoices):
        NOTHING = ""
        CODE = "code"
        SET_UP = "set_up"

    account = models.ForeignKey(PortalAccount, models.CASCADE, related_name="sessions")
    digest = models.CharField(max_length=64, unique=True)
    signed_in_at = models.DateTimeField()
    # When the password was typed last: what is sensitive asks for it again after ten minutes.
    confirmed_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    address = models.GenericIPAddressField(null=True)
    agent = models.CharField(max_length=300, blank=True)
    awaits = models.CharField(max_length=6, blank=True, choices=Awaits, default=Awaits.NOTHING)
    code_secret = models.CharField(max_length=200, blank=True)

    objects: ClassVar[Any] = PortalSessionQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["seen_at"], name="portal_sessions_seen")]

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """Names the session on a page without giving its key away."""
        return hashlib.sha256(self.digest.encode()).hexdigest()[:24]
