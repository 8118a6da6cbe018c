from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import pgettext_lazy

from kezhi.catalog.models import Product
from kezhi.core.models import JobRun
from kezhi.core.scoping import OpenQuerySet
from kezhi.customers.models import Customer, FollowUp
from kezhi.insight.models.history import SnapshotQuerySet
from kezhi.insight.models.run import ValueRun


class OfferRunQuerySet(OpenQuerySet):
    kind = "value_run"

    def current(self) -> OfferRun | None:
        """What pages read."""
        return self.filter(state=OfferRun.State.DONE).order_by("-id").first()

    def under_way(self) -> OfferRun | None:
        return self.filter(state=OfferRun.State.RUNNING).select_related("job_run").first()


class OfferRun(models.Model):
    """One search for what goes together and what to offer; only the last that ended well keeps its findings.

    `figures` says what it rests on: customers, baskets, days of the window, how good the model is.
    """

    class State(models.TextChoices):
        RUNNING = "running", pgettext_lazy("search for offers", "Running")
        DONE = "done", pgettext_lazy("search for offers", "Done")
        FAILED = "failed", pgettext_lazy("search for offers", "Failed")
        CANCELLED = "cancelled", pgettext_lazy("search for offers", "Cancelled")

    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    run = models.ForeignKey(ValueRun, models.CASCADE, related_name="+")
    job_run = models.ForeignKey(JobRun, models.SET_NULL, null=True, related_name="+")
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    figures = models.JSONField(default=dict)
    error = models.CharField(max_length=500, blank=True)

    objects: ClassVar[Any] = OfferRunQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["state", "-id"], name="insight_offer_run_state")]
        constraints = [
            models.UniqueConstraint(
                fields=["state"],
                condition=models.Q(state="running"),
                name="insight_one_offer_run_at_a_time",
            )
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class Offer(models.Model):
    """A product that a customer doesn't have and may buy within the window, with the money to expect.

    `because` is the own product it goes best with, `lift` of the two, `together` customers have both.
    """

    offer_run = models.ForeignKey(OfferRun, models.CASCADE, related_name="+", db_index=False)
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="+", db_index=False)
    product = models.ForeignKey(Product, models.CASCADE, related_name="+", db_index=False)
    because = models.ForeignKey(
        Product, models.CASCADE, null=True, related_name="+", db_index=False
    )
    probability = models.FloatField()
    contribution = models.DecimalField(max_digits=18, decimal_places=2)
    expected = models.DecimalField(max_digits=18, decimal_places=2)
    lift = models.FloatField()
    together = models.PositiveIntegerField()

    objects: ClassVar[Any] = SnapshotQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["offer_run", "customer", "product"], name="insight_offer_once"
            )
        ]
        indexes = [
            models.Index(fields=["offer_run", "-expected", "id"], name="insight_offer_expected"),
            models.Index(
                fields=["offer_run", "product", "-expected"], name="insight_offer_by_product"
            ),
            models.Index(fields=["customer"], name="insight_offer_customer"),
            models.Index(fields=["product"], name="insight_offer_product"),
            models.Index(fields=["because"], name="insight_offer_because"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.product_id}"


class ProductRule(models.Model):
    """Who buys `given` also buys `then`: in the same basket, or as the next new product within the window."""

    class Sort(models.TextChoices):
        TOGETHER = "together", pgettext_lazy("rule of products", "In one basket")
        NEXT = "next", pgettext_lazy("rule of products", "One after the other")

    offer_run = models.ForeignKey(OfferRun, models.CASCADE, related_name="+", db_index=False)
    sort = models.CharField(max_length=8, choices=Sort)
    given = ArrayField(models.BigIntegerField())
    then = models.BigIntegerField()
    count = models.PositiveIntegerField()
    of = models.PositiveIntegerField()
    support = models.FloatField()
    confidence = models.FloatField()
    lift = models.FloatField()
    q_value = models.FloatField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["offer_run", "sort", "-lift", "id"], name="insight_product_rule_lift"
            )
        ]

    def __str__(self) -> str:
        return f"{self.given} → {self.then}"


class LookAlike(models.Model):
    """A customer below the best tiers who resembles those in them; `reasons` are features, strongest first."""

    offer_run = models.ForeignKey(OfferRun, models.CASCADE, related_name="+", db_index=False)
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="+", db_index=False)
    similarity = models.FloatField()
    reasons = ArrayField(models.CharField(max_length=40))

    objects: ClassVar[Any] = SnapshotQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["offer_run", "customer"], name="insight_alike_once")
        ]
        indexes = [
            models.Index(fields=["offer_run", "-similarity", "id"], name="insight_alike_nearest"),
            models.Index(fields=["customer"], name="insight_alike_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.similarity:.2f}"


class OfferAnswer(models.Model):
    """What somebody did with an offer: planned it, or said why it doesn't fit; then it isn't offered again."""

    class State(models.TextChoices):
        PLANNED = "planned", pgettext_lazy("offer", "Planned")
        REJECTED = "rejected", pgettext_lazy("offer", "Doesn't fit")

    class Reason(models.TextChoices):
        NO_NEED = "no_need", pgettext_lazy("offer", "They don't need it")
        HAS_OTHER = "has_other", pgettext_lazy("offer", "They buy it elsewhere")
        PRICE = "price", pgettext_lazy("offer", "Too expensive for them")
        ASKED = "asked", pgettext_lazy("offer", "Asked already")
        WRONG = "wrong", pgettext_lazy("offer", "Not a product for them")

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="+", db_index=False)
    product = models.ForeignKey(Product, models.CASCADE, related_name="+")
    state = models.CharField(max_length=8, choices=State)
    reason = models.CharField(max_length=10, choices=Reason, blank=True)
    remark = models.CharField(max_length=300, blank=True)
    expected = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    follow_up = models.ForeignKey(FollowUp, models.SET_NULL, null=True, related_name="+")
    answered_on = models.DateField()
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    objects: ClassVar[Any] = SnapshotQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "product"], name="insight_offer_answered")
        ]
        indexes = [models.Index(fields=["-answered_on", "-id"], name="insight_offer_answers")]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.product_id}: {self.state}"
