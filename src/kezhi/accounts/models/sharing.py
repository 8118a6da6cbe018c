from __future__ import annotations

from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now, TruncDate

from kezhi.accounts.models.organisation import Team
from kezhi.core.actor import Principal


class _Dated(models.QuerySet[Any]):
    def current(self) -> Self:
        """In force on the database's day."""
        today = TruncDate(Now())
        return self.filter(Q(until__isnull=True) | Q(until__gte=today), since__lte=today)


class ShareQuerySet(_Dated):
    def reaching(self, person: int | None, team: int | None) -> Self:
        mine = Q(person_id=person)
        return self.filter(mine | Q(team_id=team) if team is not None else mine)


class Share(models.Model):
    """A customer that one colleague or one team may see, or work on, though it isn't theirs.

    The customer's id has no foreign key: customers are above accounts, and take their shares with them.
    """

    customer_id = models.BigIntegerField(db_index=True)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+"
    )
    team = models.ForeignKey(Team, models.CASCADE, null=True, blank=True, related_name="+")
    may_edit = models.BooleanField(default=False)
    since = models.DateField()
    until = models.DateField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = ShareQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(person__isnull=True) ^ Q(team__isnull=True),
                name="accounts_share_one_side",
            ),
            models.UniqueConstraint(
                fields=["customer_id", "person", "team"],
                name="accounts_share_once",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return str(self.person or self.team)


class DelegationQuerySet(_Dated):
    def principals_of(self, person: int | None) -> list[Principal]:
        rows = self.filter(delegate_id=person, principal__is_active=True).order_by("principal_id")
        names = rows.values_list("principal_id", "principal__name").distinct()
        return [Principal(*row) for row in names]


class Delegation(models.Model):
    """While it lasts, the delegate has the principal's own customers as if they were theirs."""

    principal = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    delegate = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    since = models.DateField()
    until = models.DateField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = DelegationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(principal=models.F("delegate")), name="accounts_delegation_to_another"
            )
        ]
        indexes = [models.Index(fields=["delegate", "since"], name="accounts_delegation_delegate")]

    def __str__(self) -> str:
        return f"{self.principal} → {self.delegate}"
