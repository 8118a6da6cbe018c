from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import pgettext_lazy

from kezhi.core.models import JobRun
from kezhi.core.scoping import OpenQuerySet, ScopedQuerySet
from kezhi.customers.models import Customer


class StudyQuerySet(OpenQuerySet):
    kind = "survey_answer"

    def newest(self, subject: str) -> Study | None:
        """The one that holds: the last that came to its end."""
        done = self.filter(subject=subject, state=Study.State.DONE)
        return done.order_by("-id").first()

    def under_way(self, subject: str) -> Study | None:
        running = self.filter(subject=subject, state=Study.State.RUNNING)
        return running.select_related("job_run").first()


class Study(models.Model):
    """What the answers given until a day say; worked out once by a job and kept.

    `figures` is of the whole company, as the module of its subject (`kezhi.insight.delivering`, `driving`,
    `experiencing`, `travelling`) writes and reads it; what it says of single customers stands in
    `CustomerReading`.
    """

    class Subject(models.TextChoices):
        DELIVERED = "delivered", pgettext_lazy("study", "Delivered value")
        DRIVERS = "drivers", pgettext_lazy("study", "What drives loyalty")
        EXPERIENCE = "experience", pgettext_lazy("study", "Satisfaction")
        JOURNEY = "journey", pgettext_lazy("study", "Promises and journey")

    class State(models.TextChoices):
        RUNNING = "running", pgettext_lazy("study", "Running")
        DONE = "done", pgettext_lazy("study", "Done")
        FAILED = "failed", pgettext_lazy("study", "Failed")
        CANCELLED = "cancelled", pgettext_lazy("study", "Cancelled")

    subject = models.CharField(max_length=10, choices=Subject)
    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    as_of = models.DateField()
    job_run = models.ForeignKey(JobRun, models.SET_NULL, null=True, related_name="+")
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    respondents = models.IntegerField(default=0)
    customers = models.IntegerField(default=0)
    figures = models.JSONField(default=dict)
    error = models.CharField(max_length=500, blank=True)

    objects: ClassVar[Any] = StudyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject"],
                condition=models.Q(state="running"),
                name="insight_one_study_at_a_time",
            )
        ]
        indexes = [models.Index(fields=["subject", "state", "-id"], name="insight_study_newest")]

    def __str__(self) -> str:
        return f"{self.subject} {self.as_of:%Y-%m-%d}"


class CustomerReadingQuerySet(ScopedQuerySet):
    kind = "survey_answer"
    share_path = "customer_id"
    owner_path = "customer__owner_id"
    team_path = "customer__team_id"
    department_path = "customer__department_id"


class CustomerReading(models.Model):
    """What a study says of one customer: `score` is the delivered value, or the intention to buy again.

    `low` and `high` are its interval, None with one respondent; `probability` is of buying again.
    """

    study = models.ForeignKey(Study, models.CASCADE, related_name="readings", db_index=False)
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="+")
    respondents = models.IntegerField()
    score = models.FloatField(null=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    probability = models.FloatField(null=True)
    figures = models.JSONField(default=dict)

    objects: ClassVar[Any] = CustomerReadingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["study", "customer"], name="insight_reading_once")
        ]
        indexes = [models.Index(fields=["study", "score", "id"], name="insight_reading_score")]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.score}"


class DeliveredRulesQuerySet(OpenQuerySet):
    kind = "value_settings"

    def current(self) -> DeliveredRules | None:
        return self.order_by("-id").first()


class DeliveredRules(models.Model):
    """One published version of how much each part of delivered value weighs, and what an hour costs.

    `weights` go by attribute of `kezhi.value.delivered`; versions are added, never changed.
    """

    weights = models.JSONField()
    wage = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    reason = models.CharField(max_length=300)
    published_at = models.DateTimeField(auto_now_add=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    objects: ClassVar[Any] = DeliveredRulesQuerySet.as_manager()

    def __str__(self) -> str:
        return f"#{self.pk}"
