"""What a person agreed to, in which words, and what they refused. Only a withdrawal changes a row."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.customers.models.belonging import Belonging, BelongingQuerySet
from kezhi.customers.models.contact import Contact


class Purpose(models.TextChoices):
    """What somebody is asked for. Each is asked for by itself; none is bundled with another."""

    MARKETING = "marketing", pgettext_lazy("consent purpose", "Marketing")
    SURVEY = "survey", pgettext_lazy("consent purpose", "Surveys")
    PROFILING = "profiling", pgettext_lazy("consent purpose", "Personal offers by profile")
    SENSITIVE = "sensitive", pgettext_lazy("consent purpose", "Sensitive data")
    SHARING = "sharing", pgettext_lazy("consent purpose", "Passing on to others")
    ABROAD = "abroad", pgettext_lazy("consent purpose", "Transfer abroad")


# Purposes for which somebody is written to or called: they are agreed to by channel.
REACHING = frozenset({Purpose.MARKETING, Purpose.SURVEY})


class ConsentChannel(models.TextChoices):
    NONE = "none", pgettext_lazy("consent channel", "None needed")
    EMAIL = "email", _("E-mail")
    SMS = "sms", pgettext_lazy("consent channel", "Text message")
    CALL = "call", _("Call")
    WECHAT = "wechat", _("WeChat")
    POST = "post", pgettext_lazy("consent channel", "Letter")


class ConsentSource(models.TextChoices):
    FORM = "form", pgettext_lazy("consent source", "Form")
    WRITTEN = "written", pgettext_lazy("consent source", "In writing")
    VERBAL = "verbal", pgettext_lazy("consent source", "By word of mouth")
    IMPORT = "import", pgettext_lazy("consent source", "Import")
    REPLY = "reply", pgettext_lazy("consent source", "Reply to a message")
    LINK = "link", pgettext_lazy("consent source", "Link in a message")


class ConsentText(models.Model):
    """The words that were agreed to, in one version. A version is never changed; `digest` covers both texts."""

    purpose = models.CharField(max_length=10, choices=Purpose)
    version = models.PositiveIntegerField()
    chinese = models.TextField()
    english = models.TextField()
    digest = models.CharField(max_length=64)
    published_on = models.DateField()
    published_by_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["purpose", "version"], name="customers_text_version")
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} {self.version}"


class ConsentQuerySet(BelongingQuerySet):
    kind = "consent"

    def standing(self) -> ConsentQuerySet:
        return self.filter(state=Consent.State.GIVEN)


class Consent(Belonging):
    """One yes, or one no, of a person: of the contact, or of the customer who is a person themselves.

    `given_at` is empty for a refusal that nobody had asked for. What was agreed to never changes; a withdrawal
    is put in once (a trigger sees to it), and a new yes is a new row.
    """

    class State(models.TextChoices):
        GIVEN = "given", pgettext_lazy("consent", "Given")
        WITHDRAWN = "withdrawn", pgettext_lazy("consent", "Withdrawn")
        REFUSED = "refused", pgettext_lazy("consent", "Refused")

    contact = models.ForeignKey(
        Contact, models.CASCADE, null=True, blank=True, related_name="consents"
    )
    purpose = models.CharField(max_length=10, choices=Purpose)
    channel = models.CharField(max_length=8, choices=ConsentChannel, default=ConsentChannel.NONE)
    state = models.CharField(max_length=10, choices=State, default=State.GIVEN)
    text = models.ForeignKey(
        ConsentText, models.PROTECT, null=True, blank=True, related_name="consents"
    )
    text_digest = models.CharField(max_length=64, blank=True)
    source = models.CharField(max_length=8, choices=ConsentSource)
    source_detail = models.CharField(max_length=200, blank=True)
    proof = models.TextField(blank=True)
    given_on = models.DateField(null=True, blank=True)
    given_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.CharField(max_length=8, choices=ConsentSource, blank=True)
    withdrawn_detail = models.CharField(max_length=200, blank=True)

    objects: ClassVar[Any] = ConsentQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["customer", "purpose", "channel"], name="consents_customer"),
            models.Index(fields=["contact", "purpose", "channel"], name="consents_contact"),
            models.Index(fields=["owner_id", "-id"], name="consents_owner"),
            models.Index(fields=["given_on", "id"], name="consents_given"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state="given", withdrawn_at__isnull=True, given_at__isnull=False)
                | models.Q(state="withdrawn", withdrawn_at__isnull=False, given_at__isnull=False)
                | models.Q(state="refused", withdrawn_at__isnull=False, given_at__isnull=True),
                name="customers_consent_state",
            )
        ]

    def __str__(self) -> str:
        if self.channel == ConsentChannel.NONE:
            return str(self.get_purpose_display())
        return f"{self.get_purpose_display()} · {self.get_channel_display()}"

    @property
    def is_standing(self) -> bool:
        return self.state == self.State.GIVEN


class DoNotContact(models.Model):
    """An address whose owner refused: kept as a keyed hash, so that it outlives the record and an import.

    `channel` empty: any. `lifted_at`: the owner agreed anew, by themselves.
    """

    digest = models.CharField(max_length=64)
    channel = models.CharField(max_length=8, blank=True)
    purpose = models.CharField(max_length=10, blank=True)
    since = models.DateTimeField()
    source = models.CharField(max_length=8, choices=ConsentSource)
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["digest"], name="customers_do_not_contact")]

    def __str__(self) -> str:
        return f"{self.digest[:8]} {self.channel}"


class ContactPolicy(models.Model):
    """When people may be written to or called, and how often: one row, the company's."""

    open_from = models.PositiveSmallIntegerField(default=9)
    open_until = models.PositiveSmallIntegerField(default=20)
    most_per_week = models.PositiveSmallIntegerField(default=3)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.open_from}-{self.open_until}"


class Exemption(models.Model):
    """A customer who isn't judged automatically: no score, tier, forecast or offer until it ends."""

    customer = models.ForeignKey("customers.Customer", models.CASCADE, related_name="exemptions")
    since = models.DateField()
    reason = models.CharField(max_length=300)
    channel = models.CharField(max_length=40, blank=True)
    made_by_id = models.BigIntegerField(null=True)
    ended_on = models.DateField(null=True, blank=True)
    end_reason = models.CharField(max_length=300, blank=True)
    ended_by_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["customer"],
                condition=models.Q(ended_on__isnull=True),
                name="customers_exempt_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.since}"
