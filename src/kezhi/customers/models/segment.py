"""Segments: customers under a name, by a filter that lives or a list that stands still."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.accounts.models import Team
from kezhi.core.actor import Actor, Scope
from kezhi.core.scoping import ScopedQuerySet
from kezhi.customers.models.customer import Customer


class SegmentQuerySet(models.QuerySet["Segment"]):
    def visible_to(self, actor: Actor, action: str = "read") -> Self:
        """One's own, those of one's team, and everyone's.

        Changing needs ownership; who may do so for all may also change what others share.
        """
        scope = actor.scope(action, "segment")
        if scope is Scope.NONE:
            return self.none()
        shared = Q(audience=Segment.Audience.EVERYONE)
        if actor.pk is None:
            return self.all()
        if action != "read":
            own = Q(owner_id=actor.pk)
            if scope is Scope.ALL:
                own |= shared | Q(audience=Segment.Audience.TEAM)
            return self.filter(own)
        if actor.team_id is not None:
            shared |= Q(audience=Segment.Audience.TEAM, team_id=actor.team_id)
        return self.filter(Q(owner_id=actor.pk) | shared)


class Segment(models.Model):
    """`conditions` and `text` say who belongs to it, in the language of a list's address.

    A frozen segment keeps its members, which people may add and remove; of a live one they are kept every
    night, so that its movement is known. `size`, `counted_on`: all members in the company when last kept.
    """

    class Audience(models.TextChoices):
        PRIVATE = "private", _("Only me")
        TEAM = "team", _("My team")
        EVERYONE = "everyone", pgettext_lazy("audience", "Everyone")

    name = models.CharField(max_length=60)
    description = models.CharField(max_length=500, blank=True)
    conditions = ArrayField(models.TextField(), default=list)
    text = models.CharField(max_length=200, blank=True)
    is_frozen = models.BooleanField(default=False)
    frozen_on = models.DateField(null=True)
    audience = models.CharField(max_length=8, choices=Audience, default=Audience.PRIVATE)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True, related_name="+")
    size = models.PositiveIntegerField(null=True)
    counted_on = models.DateField(null=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = SegmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="customers_segment_name"),
            models.CheckConstraint(condition=~Q(name=""), name="customers_segment_named"),
        ]

    def __str__(self) -> str:
        return self.name


class OfCustomersQuerySet(ScopedQuerySet):
    kind = "customer"
    share_path = "customer_id"
    owner_path = "customer__owner_id"
    team_path = "customer__team_id"
    department_path = "customer__department_id"


class SegmentMember(models.Model):
    """A customer in a segment: of a frozen one now, of a live one when it was last kept."""

    segment = models.ForeignKey(Segment, models.CASCADE, related_name="members", db_index=False)
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="+", db_index=False)
    since = models.DateField()

    objects: ClassVar[Any] = OfCustomersQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["segment", "customer"], name="customers_member_once")
        ]
        indexes = [models.Index(fields=["customer", "segment"], name="customers_member_customer")]

    def __str__(self) -> str:
        return f"{self.segment_id}: {self.customer_id}"


class SegmentMove(models.Model):
    """A customer that entered a segment or left it; the first members of a segment entered nothing."""

    segment = models.ForeignKey(Segment, models.CASCADE, related_name="moves", db_index=False)
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="+", db_index=False)
    moved_on = models.DateField()
    is_entry = models.BooleanField()

    objects: ClassVar[Any] = OfCustomersQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["segment", "-moved_on"], name="customers_segment_moves"),
            models.Index(fields=["customer", "-moved_on"], name="customers_moves_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.segment_id}: {'+' if self.is_entry else '-'}{self.customer_id}"


class SegmentDay(models.Model):
    """What a segment was on a day, over the whole company, in the company's currency."""

    segment = models.ForeignKey(Segment, models.CASCADE, related_name="days", db_index=False)
    on = models.DateField()
    size = models.PositiveIntegerField()
    entered = models.PositiveIntegerField(default=0)
    left = models.PositiveIntegerField(default=0)
    realised_value = models.DecimalField(max_digits=20, decimal_places=2, null=True)
    potential_value = models.DecimalField(max_digits=20, decimal_places=2, null=True)
    value_at_risk = models.DecimalField(max_digits=20, decimal_places=2, null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["segment", "on"], name="customers_segment_day")
        ]

    def __str__(self) -> str:
        return f"{self.segment_id}: {self.on:%Y-%m-%d}"
