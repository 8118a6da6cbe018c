from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.accounts.models import Department
from kezhi.core.actor import Actor
from kezhi.core.sealing import Unreadable, seal, unseal

SEALED_FOR = "mail account"


class MailAccountQuerySet(models.QuerySet["MailAccount"]):
    def visible_to(self, actor: Actor, action: str = "read") -> MailAccountQuerySet:
        """To read: mailboxes the actor works with. To `edit`: one's own, and the company's for who keeps them.

        A personal mailbox is its owner's alone, whoever asks; an administrator can stop it, not read it.
        """
        own = Q(purpose=MailAccount.Purpose.PERSONAL, owner_id=actor.pk or 0)
        if action != "read":
            if actor.may("edit", "mail_account"):
                return self.all()
            return self.filter(own) if actor.may("create", "mail") else self.none()
        if not actor.may("read", "mail"):
            return self.none()
        shared = Q(purpose=MailAccount.Purpose.SHARED)
        if actor.pk is None:
            return self.filter(shared)
        among = Q(department__isnull=True) | Q(department_id__in=actor.department_ids)
        return self.filter(own | (shared & among))

    def active(self) -> MailAccountQuerySet:
        """Those in use: a personal mailbox stops with its owner."""
        return self.filter(Q(owner__isnull=True) | Q(owner__is_active=True), is_active=True)


class MailAccount(models.Model):
    """A mailbox: how its mail is sent and fetched. Passwords lie sealed and are never shown again."""

    class Purpose(models.TextChoices):
        NOTICES = "notices", _("Notices of the company")
        SHARED = "shared", _("Shared mailbox")
        PERSONAL = "personal", _("Personal mailbox")

    class Security(models.TextChoices):
        TLS = "tls", _("TLS from the start")
        STARTTLS = "starttls", _("STARTTLS")
        PLAIN = "plain", _("No encryption")

    class Timeline(models.TextChoices):
        WHOLE = "whole", _("The whole text")
        SUBJECT = "subject", pgettext_lazy("mail", "Only the subject")

    name = models.CharField(max_length=80)
    address = models.EmailField(max_length=254)
    sender_name = models.CharField(max_length=80, blank=True)
    purpose = models.CharField(max_length=8, choices=Purpose)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+"
    )
    department = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, related_name="+"
    )
    smtp_host = models.CharField(max_length=253, blank=True)
    smtp_port = models.PositiveIntegerField(default=465)
    smtp_security = models.CharField(max_length=8, choices=Security, default=Security.TLS)
    smtp_user = models.CharField(max_length=254, blank=True)
    smtp_sealed = models.TextField(blank=True)
    imap_host = models.CharField(max_length=253, blank=True)
    imap_port = models.PositiveIntegerField(default=993)
    imap_security = models.CharField(max_length=8, choices=Security, default=Security.TLS)
    imap_user = models.CharField(max_length=254, blank=True)
    imap_sealed = models.TextField(blank=True)
    folder = models.CharField(max_length=200, default="INBOX")
    timeline = models.CharField(max_length=8, choices=Timeline, default=Timeline.WHOLE)
    hourly_limit = models.PositiveIntegerField(default=300)
    domain_hourly_limit = models.PositiveIntegerField(default=100)
    is_active = models.BooleanField(default=True)
    # Nothing leaves while it holds; what is queued waits.
    is_paused = models.BooleanField(default=False)
    sending_problem = models.CharField(max_length=40, blank=True)
    sending_said = models.CharField(max_length=300, blank=True)
    # Where fetching stands: what was seen of the folder, and how the last attempts went.
    uid_validity = models.BigIntegerField(null=True)
    last_uid = models.BigIntegerField(default=0)
    fetches_since = models.DateField(null=True)
    waiting_count = models.PositiveIntegerField(default=0)
    fetched_at = models.DateTimeField(null=True)
    fetching_problem = models.CharField(max_length=40, blank=True)
    fetching_said = models.CharField(max_length=300, blank=True)
    failures = models.PositiveIntegerField(default=0)
    next_fetch_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = MailAccountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["purpose"],
                condition=Q(purpose="notices", is_active=True),
                name="mail_account_one_for_notices",
            ),
            models.CheckConstraint(
                condition=Q(purpose="personal", owner__isnull=False)
                | (~Q(purpose="personal") & Q(owner__isnull=True)),
                name="mail_account_personal_has_owner",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def sends(self) -> bool:
        return bool(self.smtp_host)

    @property
    def fetches(self) -> bool:
        return bool(self.imap_host)

    @property
    def smtp_password(self) -> str:
        return unseal(self.smtp_sealed, SEALED_FOR) if self.smtp_sealed else ""

    @smtp_password.setter
    def smtp_password(self, password: str) -> None:
        self.smtp_sealed = seal(password, SEALED_FOR) if password else ""

    @property
    def smtp_secret(self) -> str:
        """To strike it out of what a server says; empty where it can't be opened."""
        return _opened(self.smtp_sealed)

    @property
    def imap_secret(self) -> str:
        return _opened(self.imap_sealed)

    @property
    def imap_password(self) -> str:
        return unseal(self.imap_sealed, SEALED_FOR) if self.imap_sealed else ""

    @imap_password.setter
    def imap_password(self, password: str) -> None:
        self.imap_sealed = seal(password, SEALED_FOR) if password else ""


def _opened(sealed: str) -> str:
    try:
        return unseal(sealed, SEALED_FOR) if sealed else ""
    except Unreadable:
        return ""
