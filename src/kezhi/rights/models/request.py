from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.core.custom import custom_column
from kezhi.core.models import JobRun
from kezhi.core.scoping import OpenQuerySet
from kezhi.customers.models import Contact, Customer


class DataRequestQuerySet(OpenQuerySet):
    kind = "data_request"

    def open(self) -> DataRequestQuerySet:
        return self.exclude(state__in=DataRequest.CLOSED)


class DataRequest(models.Model):
    """What a person asks of their data. Nothing is given out or deleted before it is known who asks.

    `person_name` is what the request says; after an erasure it is the pseudonym.
    """

    class Sort(models.TextChoices):
        ACCESS = "access", pgettext_lazy("data request", "Access")
        EXPORT = "export", pgettext_lazy("data request", "Copy to take along")
        CORRECT = "correct", pgettext_lazy("data request", "Correction")
        DELETE = "delete", pgettext_lazy("data request", "Deletion")
        RESTRICT = "restrict", pgettext_lazy("data request", "Restriction")
        OBJECT = "object", pgettext_lazy("data request", "Objection to automated judgement")
        EXPLAIN = "explain", pgettext_lazy("data request", "Explanation of a judgement")

    class State(models.TextChoices):
        RECEIVED = "received", pgettext_lazy("data request", "Received")
        VERIFIED = "verified", pgettext_lazy("data request", "Identity checked")
        PROPOSED = "proposed", pgettext_lazy("data request", "Awaits a second person")
        WORKING = "working", pgettext_lazy("data request", "Being carried out")
        DONE = "done", pgettext_lazy("data request", "Done")
        REFUSED = "refused", pgettext_lazy("data request", "Refused")

    class Law(models.TextChoices):
        PIPL = "pipl", _("PIPL (China)")
        GDPR = "gdpr", _("GDPR (European Union)")

    class Channel(models.TextChoices):
        EMAIL = "email", _("E-mail")
        CALL = "call", _("Call")
        LETTER = "letter", pgettext_lazy("consent channel", "Letter")
        WECHAT = "wechat", _("WeChat")
        IN_PERSON = "in_person", pgettext_lazy("request channel", "In person")
        FORM = "form", pgettext_lazy("consent source", "Form")
        PORTAL = "portal", pgettext_lazy("request channel", "Portal, signed in")

    class Check(models.TextChoices):
        DOCUMENT = "document", pgettext_lazy("identity check", "Identity document seen")
        CALL_BACK = "call_back", pgettext_lazy("identity check", "Called back on the known number")
        KNOWN_ADDRESS = (
            "address",
            pgettext_lazy("identity check", "Answered from the known address"),
        )
        IN_PERSON = "in_person", pgettext_lazy("identity check", "Known in person")

    CLOSED = (State.DONE, State.REFUSED)

    sort = models.CharField(max_length=10, choices=Sort)
    law = models.CharField(max_length=4, choices=Law, default=Law.PIPL)
    person_name = models.CharField(max_length=150)
    customer = models.ForeignKey(Customer, models.SET_NULL, null=True, blank=True, related_name="+")
    contact = models.ForeignKey(Contact, models.SET_NULL, null=True, blank=True, related_name="+")
    channel = models.CharField(max_length=10, choices=Channel)
    wish = models.TextField(blank=True)
    received_on = models.DateField()
    due_on = models.DateField()
    state = models.CharField(max_length=10, choices=State, default=State.RECEIVED)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    checked_how = models.CharField(max_length=10, choices=Check, blank=True)
    checked_evidence = models.CharField(max_length=300, blank=True)
    checked_by_id = models.BigIntegerField(null=True)
    checked_on = models.DateField(null=True, blank=True)
    proposed_by_id = models.BigIntegerField(null=True)
    approved_by_id = models.BigIntegerField(null=True)
    outcome = models.CharField(max_length=500, blank=True)
    closed_on = models.DateField(null=True, blank=True)
    alerted = models.PositiveSmallIntegerField(default=0)  # the last of 50, 80, 100 per cent told
    job_run = models.ForeignKey(JobRun, models.SET_NULL, null=True, related_name="+")
    custom = custom_column()
    version = models.PositiveIntegerField(default=1, db_default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by_id = models.BigIntegerField(null=True)

    objects: ClassVar[Any] = DataRequestQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["due_on", "id"], name="rights_request_due"),
            models.Index(fields=["state", "due_on"], name="rights_request_state"),
            models.Index(fields=["customer"], name="rights_request_customer"),
            models.Index(fields=["contact"], name="rights_request_contact"),
        ]

    def __str__(self) -> str:
        return f"{self.get_sort_display()}: {self.person_name}"

    @property
    def is_open(self) -> bool:
        return self.state not in self.CLOSED

    @property
    def is_checked(self) -> bool:
        return self.checked_on is not None

    @property
    def person(self) -> Customer | Contact | None:
        """Whom it concerns: the contact where one is named, else the customer."""
        return self.contact or self.customer


class RequestStep(models.Model):
    """What happened to a request, in order; never changed."""

    request = models.ForeignKey(DataRequest, models.CASCADE, related_name="steps")
    at = models.DateTimeField()
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=150)
    what = models.CharField(max_length=20)
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.what


class Package(models.Model):
    """All that concerns a person as a file to hand over; it goes when it expires."""

    request = models.ForeignKey(DataRequest, models.CASCADE, related_name="packages")
    stored_as = models.UUIDField(unique=True)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    counts = models.JSONField(default=dict)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    fetched_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.request_id} {self.made_at:%Y-%m-%d}"
