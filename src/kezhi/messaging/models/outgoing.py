from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.core.owned import Owned
from kezhi.core.scoping import ScopedQuerySet
from kezhi.messaging.models.mail_account import MailAccount


class OutgoingQuerySet(ScopedQuerySet):
    kind = "mail"

    def due(self, at: datetime) -> OutgoingQuerySet:
        return self.filter(state=Outgoing.State.WAITING, next_try_at__lte=at)

    def abandoned(self, at: datetime) -> OutgoingQuerySet:
        """Taken up by a worker that is gone."""
        return self.filter(state=Outgoing.State.SENDING, lease_until__lt=at)


class Outgoing(Owned):
    """A mail that is to leave: written in the transaction that causes it, sent by a job.

    Owner, team and department are those of who wrote it, or for notices of who gets it. `maker` names what
    writes the text when it is sent (a digest, a report), so that it says what the person may see then.
    """

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("outgoing mail", "Waiting")
        SENDING = "sending", pgettext_lazy("outgoing mail", "On its way")
        SENT = "sent", pgettext_lazy("outgoing mail", "Sent")
        UNCERTAIN = "uncertain", pgettext_lazy("outgoing mail", "Uncertain")
        FAILED = "failed", pgettext_lazy("outgoing mail", "Failed")
        DROPPED = "dropped", pgettext_lazy("outgoing mail", "Not sent")

    class Purpose(models.TextChoices):
        LETTER = "letter", pgettext_lazy("mail", "Letter")
        NOTICE = "notice", pgettext_lazy("mail", "Notice")
        DIGEST = "digest", pgettext_lazy("mail", "Digest")
        REPORT = "report", pgettext_lazy("mail", "Report")

    account = models.ForeignKey(MailAccount, models.PROTECT, null=True, related_name="+")
    purpose = models.CharField(max_length=8, choices=Purpose)
    message_id = models.CharField(max_length=200, unique=True)
    key = models.CharField(max_length=120, null=True, unique=True)  # noqa: DJ001 (many have none)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    to = models.JSONField(default=list)
    cc = models.JSONField(default=list)
    domain = models.CharField(max_length=253, blank=True)
    subject = models.CharField(max_length=300, blank=True)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    language = models.CharField(max_length=10, blank=True)
    maker = models.CharField(max_length=60, blank=True)
    details = models.JSONField(default=dict)
    in_reply_to = models.CharField(max_length=998, blank=True)
    references = models.JSONField(default=list)
    is_automatic = models.BooleanField(default=False)
    about_kind = models.CharField(max_length=40, blank=True)
    about_id = models.BigIntegerField(null=True)
    customer_id = models.BigIntegerField(null=True)
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    problem = models.CharField(max_length=40, blank=True)
    said = models.CharField(max_length=300, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    claim = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    # Set just before the text itself goes over the line: from then on only the answer tells what became of it.
    handed_over_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    objects: ClassVar[Any] = OutgoingQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["-id"], name="outgoing_newest"),
            models.Index(fields=["state", "-id"], name="outgoing_state"),
            models.Index(fields=["owner_id", "-id"], name="outgoing_owner"),
            models.Index(fields=["department_id", "-id"], name="outgoing_department"),
            models.Index(fields=["next_try_at"], name="outgoing_due", condition=Q(state="waiting")),
            models.Index(
                fields=["lease_until"], name="outgoing_lease", condition=Q(state="sending")
            ),
            models.Index(
                fields=["account", "sent_at"],
                name="outgoing_sent",
                condition=Q(sent_at__isnull=False),
            ),
            models.Index(fields=["about_kind", "about_id"], name="outgoing_about"),
        ]

    def __str__(self) -> str:
        return self.subject


class OutgoingFile(models.Model):
    """A file that goes with a mail."""

    outgoing = models.ForeignKey(Outgoing, models.CASCADE, related_name="files")
    name = models.CharField(max_length=150)
    media_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    stored_as = models.UUIDField(default=uuid.uuid4, unique=True)

    def __str__(self) -> str:
        return self.name


class Sender(models.Model):
    """What a person's own letters end with."""

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+"
    )
    signature = models.TextField(_("Signature"), max_length=1000, blank=True)

    def __str__(self) -> str:
        return self.signature[:60]
