"""Who gets personal data, what left the country, what was assessed beforehand, and what went wrong."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import pgettext_lazy

from kezhi.core.custom import custom_column
from kezhi.core.scoping import OpenQuerySet


class RecipientQuerySet(OpenQuerySet):
    kind = "recipient"


class Recipient(models.Model):
    """Somebody outside who gets personal data: who, what for, which fields, where, under which contract.

    `integration_id` names the account's integration that the data goes through, `webhook_id` its webhook.
    """

    class Sort(models.TextChoices):
        PROCESSOR = "processor", pgettext_lazy("recipient", "Processor")
        INTEGRATION = "integration", pgettext_lazy("recipient", "Connected system")
        WEBHOOK = "webhook", pgettext_lazy("recipient", "Webhook")
        PARTNER = "partner", pgettext_lazy("recipient", "Partner")
        AUTHORITY = "authority", pgettext_lazy("recipient", "Authority")

    name = models.CharField(max_length=150)
    sort = models.CharField(max_length=12, choices=Sort)
    purpose = models.CharField(max_length=300)
    fields_sent = models.CharField(max_length=500)
    country = models.CharField(max_length=2)
    is_sensitive = models.BooleanField(default=False)
    contract = models.CharField(max_length=300)
    contract_on = models.DateField(null=True, blank=True)
    contact = models.CharField(max_length=200, blank=True)
    integration_id = models.BigIntegerField(null=True, blank=True)
    webhook_id = models.BigIntegerField(null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True)
    custom = custom_column()
    version = models.PositiveIntegerField(default=1, db_default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by_id = models.BigIntegerField(null=True)

    objects: ClassVar[Any] = RecipientQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["name", "id"], name="rights_recipient_name"),
            models.Index(fields=["integration_id"], name="rights_recipient_integration"),
        ]

    def __str__(self) -> str:
        return self.name


class Transfer(models.Model):
    """That data of a person went to a recipient abroad in a year, once however often it went."""

    recipient = models.ForeignKey(Recipient, models.PROTECT, related_name="transfers")
    year = models.PositiveSmallIntegerField()
    root = models.CharField(max_length=10)
    root_id = models.BigIntegerField()
    is_sensitive = models.BooleanField(default=False)
    first_on = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["year", "root", "root_id", "recipient", "is_sensitive"],
                name="rights_transfer_once",
            )
        ]
        indexes = [models.Index(fields=["root", "root_id"], name="rights_transfer_person")]

    def __str__(self) -> str:
        return f"{self.year} {self.root} {self.root_id}"


class AssessmentQuerySet(OpenQuerySet):
    kind = "assessment"


class Assessment(models.Model):
    """What was weighed before a risky use of personal data; kept for three years at least."""

    class Occasion(models.TextChoices):
        SENSITIVE = "sensitive", pgettext_lazy("assessment", "Sensitive data")
        AUTOMATED = "automated", pgettext_lazy("assessment", "Automated judgement")
        SHARING = "sharing", pgettext_lazy("assessment", "Entrusting or passing on")
        ABROAD = "abroad", pgettext_lazy("assessment", "Transfer abroad")
        MAJOR = "major", pgettext_lazy("assessment", "Great effect on people")

    title = models.CharField(max_length=150)
    occasion = models.CharField(max_length=10, choices=Occasion)
    necessity = models.TextField()
    effects = models.TextField()
    measures = models.TextField()
    conclusion = models.TextField(blank=True)
    decided_on = models.DateField()
    decided_by = models.CharField(max_length=150)
    review_on = models.DateField(null=True, blank=True)
    custom = custom_column()
    version = models.PositiveIntegerField(default=1, db_default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by_id = models.BigIntegerField(null=True)

    objects: ClassVar[Any] = AssessmentQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["decided_on", "id"], name="rights_assessment_day")]

    def __str__(self) -> str:
        return self.title


class IncidentQuerySet(OpenQuerySet):
    kind = "incident"


class Incident(models.Model):
    """Personal data was seen, lost or changed by somebody who should not: what, when, whose, what was done.

    `accounts` are the people whose access was misused; empty means everybody's.
    """

    class Grade(models.TextChoices):
        GENERAL = "general", pgettext_lazy("incident", "General")
        LARGER = "larger", pgettext_lazy("incident", "Larger")
        MAJOR = "major", pgettext_lazy("incident", "Major")
        EXTREME = "extreme", pgettext_lazy("incident", "Extremely serious")

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("incident", "Open")
        REPORTED = "reported", pgettext_lazy("incident", "Reported")
        CLOSED = "closed", pgettext_lazy("incident", "Closed")

    title = models.CharField(max_length=150)
    what = models.TextField()
    grade = models.CharField(max_length=10, choices=Grade, default=Grade.GENERAL)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    begun_on = models.DateField()
    ended_on = models.DateField()
    found_at = models.DateTimeField()
    in_china = models.BooleanField(default=True)
    in_europe = models.BooleanField(default=False)
    accounts = ArrayField(models.BigIntegerField(), default=list, blank=True)
    effects = models.TextField(blank=True)
    measures = models.TextField(blank=True)
    reported_at = models.DateTimeField(null=True, blank=True)
    told_people_on = models.DateField(null=True, blank=True)
    closed_on = models.DateField(null=True, blank=True)
    lessons = models.TextField(blank=True)
    custom = custom_column()
    version = models.PositiveIntegerField(default=1, db_default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by_id = models.BigIntegerField(null=True)

    objects: ClassVar[Any] = IncidentQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["found_at", "id"], name="rights_incident_found")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ended_on__gte=models.F("begun_on")),
                name="rights_incident_window",
            )
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def clocks(self) -> list[tuple[str, datetime]]:
        """By which moment whom has to be told: names of `rights.breaches.CLOCKS`."""
        found = []
        if self.in_china:
            hours = 4 if self.grade != self.Grade.GENERAL else 24
            found.append(("china", self.found_at + timedelta(hours=hours)))
        if self.in_europe:
            found.append(("europe", self.found_at + timedelta(hours=72)))
        return found
