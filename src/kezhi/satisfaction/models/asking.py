"""Who is asked, when and by which way: rules, invitations, open links."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.core.owned import Owned
from kezhi.core.scoping import OpenQuerySet, ScopedQuerySet
from kezhi.customers.models import Contact, Customer, Segment
from kezhi.satisfaction.models.survey import Survey, SurveyVersion


class AskingChannel(models.TextChoices):
    EMAIL = "email", _("E-mail")
    LINK = "link", pgettext_lazy("survey channel", "Open link")
    QR = "qr", pgettext_lazy("survey channel", "QR code")
    PORTAL = "portal", pgettext_lazy("survey channel", "Portal")
    HAND = "hand", pgettext_lazy("survey channel", "Entered by a colleague")
    IMPORT = "import", pgettext_lazy("survey channel", "Import")


class SurveyRuleQuerySet(OpenQuerySet):
    kind = "survey"


class SurveyRule(models.Model):
    """After which event a survey is sent, to whom, how soon, and how often at most.

    `share` of the cases is asked, drawn by `seed`; at most `quota_per_day` letters leave a day; a person gets
    no survey within `cap_days` of another, whichever survey it was. Empty conditions let everyone through.
    """

    survey = models.ForeignKey(Survey, models.CASCADE, related_name="rules")
    name = models.CharField(max_length=80)
    event = models.CharField(max_length=40)
    delay_hours = models.PositiveIntegerField(default=24)
    share = models.DecimalField(max_digits=5, decimal_places=4, default=1)
    seed = models.IntegerField(default=1)
    quota_per_day = models.PositiveIntegerField(null=True, blank=True)
    cap_days = models.PositiveIntegerField(default=30)
    remind_after_days = models.PositiveIntegerField(null=True, blank=True)
    expires_after_days = models.PositiveIntegerField(default=21)
    channel = models.CharField(max_length=8, choices=AskingChannel, default=AskingChannel.EMAIL)
    tiers = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    types = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    segment = models.ForeignKey(Segment, models.SET_NULL, null=True, blank=True, related_name="+")
    is_active = models.BooleanField(default=True)
    looked_until = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1, db_default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = SurveyRuleQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["event"], name="survey_rule_event", condition=Q(is_active=True))
        ]
        constraints = [
            models.CheckConstraint(condition=Q(share__gt=0, share__lte=1), name="survey_rule_share")
        ]

    def __str__(self) -> str:
        return self.name


class SurveyInvitationQuerySet(ScopedQuerySet):
    kind = "survey_response"
    share_path = "customer_id"


class SurveyInvitation(Owned):
    """One person asked once. The link's token is made from `nonce` and the company's key; here lies its digest.

    `planned` waits for its moment; `kept_back` says in `reason` why it was never sent. Of an anonymous survey
    it only tells that it was used, never when nor by which response.
    """

    class State(models.TextChoices):
        PLANNED = "planned", pgettext_lazy("survey invitation", "Planned")
        SENT = "sent", pgettext_lazy("survey invitation", "Sent")
        OPENED = "opened", pgettext_lazy("survey invitation", "Opened")
        ANSWERED = "answered", pgettext_lazy("survey invitation", "Answered")
        EXPIRED = "expired", pgettext_lazy("survey invitation", "Expired")
        KEPT_BACK = "kept_back", pgettext_lazy("survey invitation", "Not sent")
        WITHDRAWN = "withdrawn", pgettext_lazy("survey invitation", "Withdrawn")

    WAITING = (State.SENT, State.OPENED)

    survey = models.ForeignKey(Survey, models.CASCADE, related_name="invitations")
    survey_version = models.ForeignKey(SurveyVersion, models.CASCADE, related_name="invitations")
    rule = models.ForeignKey(
        SurveyRule, models.SET_NULL, null=True, blank=True, related_name="invitations"
    )
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="survey_invitations")
    contact = models.ForeignKey(
        Contact, models.CASCADE, null=True, blank=True, related_name="survey_invitations"
    )
    state = models.CharField(max_length=10, choices=State, default=State.PLANNED)
    reason = models.CharField(max_length=200, blank=True)
    channel = models.CharField(max_length=8, choices=AskingChannel, default=AskingChannel.EMAIL)
    language = models.CharField(max_length=10, blank=True)
    key = models.CharField(max_length=120, unique=True)
    nonce = models.CharField(max_length=32)
    token_digest = models.CharField(max_length=64, unique=True)
    about_kind = models.CharField(max_length=40, blank=True)
    about_id = models.BigIntegerField(null=True, blank=True)
    agent_id = models.BigIntegerField(null=True, blank=True)
    handling_department_id = models.BigIntegerField(null=True, blank=True)
    due_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    outgoing_id = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by_id = models.BigIntegerField(null=True)

    objects: ClassVar[Any] = SurveyInvitationQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["customer", "-sent_at"], name="survey_inv_customer"),
            models.Index(fields=["survey", "-id"], name="survey_inv_survey"),
            models.Index(fields=["about_kind", "about_id"], name="survey_inv_about"),
            models.Index(fields=["-sent_at", "survey"], name="survey_inv_sent"),
            models.Index(
                fields=["due_at", "id"], name="survey_inv_due", condition=Q(state="planned")
            ),
            models.Index(
                fields=["expires_at", "id"],
                name="survey_inv_waiting",
                condition=Q(state__in=("sent", "opened")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.survey_id} {self.state}"

    @property
    def person(self) -> Contact | Customer:
        return self.contact or self.customer


class SurveyLink(models.Model):
    """An open link of a survey, printed as a QR code or put on a page: whoever has it may answer, once each."""

    survey = models.ForeignKey(Survey, models.CASCADE, related_name="links")
    name = models.CharField(max_length=80)
    channel = models.CharField(max_length=8, choices=AskingChannel, default=AskingChannel.QR)
    nonce = models.CharField(max_length=32)
    token_digest = models.CharField(max_length=64, unique=True)
    is_active = models.BooleanField(default=True)
    expires_on = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["survey", "name"], name="survey_link_name")]

    def __str__(self) -> str:
        return self.name
