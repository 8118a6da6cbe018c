"""What makes two customers look like one: their match keys, the pairs found, and what the company tells."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.core.actor import Actor, Scope
from kezhi.customers.models.customer import Customer


class MatchKey(models.Model):
    """One normalised mark of a customer: a phone, a tax number, the sound of its name (`customers.matching`).

    `source` is the kind of record from which it was taken. Kept by `customers.matching_keeping` alone. The
    database doesn't check the reference row by row: an import writes a million of them, and who reads keys
    joins the customers anyway.
    """

    pk = models.CompositePrimaryKey("key", "customer_id", "source")
    key = models.CharField(max_length=120, db_collation="C")
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="+", db_constraint=False)
    source = models.CharField(max_length=12, db_collation="C")

    def __str__(self) -> str:
        return self.key


class PairState(models.TextChoices):
    OPEN = "open", pgettext_lazy("pair of duplicates", "To review")
    DISMISSED = "dismissed", _("Not the same")


class DuplicatePairQuerySet(models.QuerySet["DuplicatePair"]):
    def open(self) -> DuplicatePairQuerySet:
        return self.filter(state=PairState.OPEN)

    def visible_to(self, actor: Actor, action: str = "read") -> DuplicatePairQuerySet:
        """Pairs of which the actor may see both customers, as far as their role reviews duplicates."""
        scope = min(actor.scope(action, "merge"), actor.scope("read", "customer"))
        if scope is Scope.ALL:
            return self.all()
        reached = Customer.objects.within(scope, actor).values("pk")
        return self.filter(first_id__in=reached, second_id__in=reached)


class DuplicatePair(models.Model):
    """Two customers that may be the same; `first` is the older one. Dismissed pairs are never found again.

    `stake` is the value that the two stand for together, in the company's currency. `group` is the lowest
    customer id of all that hang together.
    """

    first = models.ForeignKey(Customer, models.CASCADE, related_name="+", db_index=False)
    second = models.ForeignKey(Customer, models.CASCADE, related_name="+")
    score = models.PositiveSmallIntegerField()
    reasons = models.JSONField(default=list)
    stake = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    group = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=PairState, default=PairState.OPEN)
    batch_id = models.BigIntegerField(null=True)  # the import that brought one of the two
    found_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True)
    decided_by_id = models.BigIntegerField(null=True)
    reason = models.CharField(max_length=300, blank=True)

    objects: ClassVar[Any] = DuplicatePairQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="customers_pair_once"),
            models.CheckConstraint(
                condition=Q(first__lt=F("second")), name="customers_pair_in_order"
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-stake", "-score", "-id"], name="customers_pair_work"),
            models.Index(fields=["group"], name="customers_pair_group"),
            models.Index(
                fields=["batch_id"],
                name="customers_pair_batch",
                condition=Q(batch_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_id} = {self.second_id}"


class DuplicateRules(models.Model):
    """What people learn about colleagues' customers that they may not see: one row."""

    class Telling(models.TextChoices):
        WHOM = "whom", _("That it exists, and whom to ask")
        EXISTS = "exists", _("That it exists")
        NOTHING = "nothing", pgettext_lazy("what is told", "Nothing")

    telling = models.CharField(max_length=8, choices=Telling, default=Telling.WHOM)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="customers_duplicate_rules_one")
        ]

    def __str__(self) -> str:
        return self.telling

    @classmethod
    def current(cls) -> DuplicateRules:
        return cls.objects.filter(pk=1).first() or cls(pk=1)
