from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from kezhi.core.scoping import OpenQuerySet, ScopedQuerySet
from kezhi.customers.models import Customer
from kezhi.customers.models.loss_cause import LossCause


class OfCustomerQuerySet(ScopedQuerySet):
    """Seen by whoever sees the customer."""

    kind = "customer"
    share_path = "customer_id"
    owner_path = "customer__owner_id"
    team_path = "customer__team_id"
    department_path = "customer__department_id"


class Loss(models.Model):
    """Why a customer was lost, as people know it. It counts until the customer buys again."""

    Cause = LossCause

    customer = models.OneToOneField(Customer, models.CASCADE, related_name="+")
    cause = models.CharField(max_length=12, choices=Cause)
    remark = models.CharField(max_length=300, blank=True)
    noted_on = models.DateField()
    noted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    objects: ClassVar[Any] = OfCustomerQuerySet.as_manager()

    def __str__(self) -> str:
        return str(self.get_cause_display())


class LostCustomer(models.Model):
    """A customer in the stage "lost" at the last run: whether winning it back is worth it.

    `second_value` is what it would bring over the horizon if it came back, `chance` that an attempt succeeds,
    `gain` what an attempt brings on average, `verdict` one of `kezhi.value.lifetime.win_back.REASONS`.
    """

    customer = models.OneToOneField(
        Customer,
        models.CASCADE,
        primary_key=True,
        related_name="lost_customer",
        db_constraint=False,
    )
    last_on = models.DateField()
    cause = models.CharField(max_length=12, choices=Loss.Cause, blank=True)
    second_value = models.DecimalField(max_digits=18, decimal_places=2)
    chance = models.FloatField()
    gain = models.DecimalField(max_digits=18, decimal_places=2)
    verdict = models.CharField(max_length=20)

    objects: ClassVar[Any] = OfCustomerQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["verdict", "-gain", "customer"], name="insight_lost_gain"),
            models.Index(fields=["-second_value", "customer"], name="insight_lost_value"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.verdict}"

    @property
    def is_worth_it(self) -> bool:
        return self.verdict == "worth_it"


class WinBackRulesQuerySet(OpenQuerySet):
    kind = "value_settings"

    def current(self) -> WinBackRules | None:
        return self.order_by("-id").first()


class WinBackRules(models.Model):
    """A published version of how attempts to win customers back are judged; versions are added, never changed.

    `rules` are the fields of `kezhi.value.lifetime.win_back.WinBackSettings`.
    """

    rules = models.JSONField()
    reason = models.CharField(max_length=300)
    published_at = models.DateTimeField(auto_now_add=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    objects: ClassVar[Any] = WinBackRulesQuerySet.as_manager()

    def __str__(self) -> str:
        return f"#{self.pk}"
